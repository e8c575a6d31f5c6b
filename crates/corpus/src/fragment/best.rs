//! The best that anybody can do with the tokens of a text in the language: what the grammar itself would predict.

use super::language::{LANGUAGE, SENTENCES};
use super::latent::Evidence;
use super::lexicon::WordId;
use super::truth::hidden_word;
use crate::Tokenizer;
use std::collections::HashMap;
use std::ops::Range;

/// The document's tokens that are predicted: one at a time with everything else known, or each from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// All other tokens of the document, where its words and sentences begin, and the grammar.
    Everything,
    /// The tokens of the document before it, and the grammar.
    WhatPrecedes,
}

/// The pieces of every word, and which words a piece could belong to.
pub struct Pieces {
    /// By place (first in its sentence or not) and word.
    forms: [Vec<Vec<u32>>; 2],
    /// By place and pieces.
    words: [HashMap<Vec<u32>, WordId>; 2],
    /// By place and pieces, one of which is hidden: the words that it could be.
    candidates: [HashMap<Vec<u32>, Vec<WordId>>; 2],
}

/// Stands for the hidden piece.
const HIDDEN: u32 = u32::MAX;

impl Pieces {
    /// Of all words of the language.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        let pieces = |text: &str| tokenizer.encode(text).ids;
        // A full stop follows a word without a space.
        let stop = pieces("a.").split_off(pieces("a").len());
        let words = &LANGUAGE.lexicon.words;
        let forms = [true, false].map(|first| {
            let form = |word: usize| {
                if words[word].text == "." {
                    return stop.clone();
                }
                let mut text = String::new();
                if first {
                    LANGUAGE.write(&[word as WordId], &mut text);
                } else {
                    text.clone_from(&words[word].text);
                }
                pieces(&text)
            };
            (0..words.len()).map(form).collect::<Vec<_>>()
        });
        let (mut known, mut candidates) = ([HashMap::new(), HashMap::new()], [HashMap::new(), HashMap::new()]);
        for (place, forms) in forms.iter().enumerate() {
            for (word, pieces) in forms.iter().enumerate() {
                known[place].insert(pieces.clone(), word as WordId);
                for hidden in 0..pieces.len() {
                    let others = without(pieces, hidden);
                    let could_be: &mut Vec<WordId> = candidates[place].entry(others).or_default();
                    could_be.push(word as WordId);
                }
            }
        }
        Self {
            forms,
            words: known,
            candidates,
        }
    }
}

fn without(pieces: &[u32], hidden: usize) -> Vec<u32> {
    let mut others = pieces.to_vec();
    others[hidden] = HIDDEN;
    others
}

/// A document as the grammar reads it.
struct Document {
    sentences: Vec<Vec<WordId>>,
    /// Where each word's tokens are, sentence by sentence.
    tokens: Vec<Vec<Range<usize>>>,
}

impl Document {
    /// `None` if it is not a text of the language in pieces of its words.
    fn read(ids: &[u32], starts: &[bool], pieces: &Pieces) -> Option<Self> {
        let stop = LANGUAGE.lexicon.id(".")?;
        let mut found = Self {
            sentences: Vec::new(),
            tokens: Vec::new(),
        };
        let mut begins = true;
        let mut at = 0;
        while at < ids.len() {
            let rest = starts[at + 1..].iter().take_while(|start| !**start).count();
            let tokens = at..at + 1 + rest;
            let word = *pieces.words[usize::from(!begins)].get(&ids[tokens.clone()])?;
            if begins {
                found.sentences.push(Vec::new());
                found.tokens.push(Vec::new());
            }
            found.sentences.last_mut()?.push(word);
            found.tokens.last_mut()?.push(tokens.clone());
            begins = word == stop;
            at = tokens.end;
        }
        begins.then_some(found)
    }

    fn evidence(&self) -> Evidence<'static> {
        let lexeme = |word: &WordId| LANGUAGE.lexicon.words[*word as usize].lexeme;
        Evidence::new(&LANGUAGE, self.sentences.iter().flatten().filter_map(lexeme))
    }

    /// The loss of each wanted token with everything else known.
    fn hidden(&self, pieces: &Pieces, wanted: &dyn Fn(usize) -> bool, losses: &mut Vec<f64>) -> Option<()> {
        let evidence = self.evidence();
        for (sentence, tokens) in self.sentences.iter().zip(&self.tokens) {
            if !tokens.iter().cloned().flatten().any(wanted) {
                continue;
            }
            let hidden = LANGUAGE.chart(sentence).hidden();
            for (at, (word, tokens)) in sentence.iter().zip(tokens).enumerate() {
                if !tokens.clone().any(wanted) {
                    continue;
                }
                let lexeme = LANGUAGE.lexicon.words[*word as usize].lexeme;
                let others = lexeme.map_or_else(|| evidence.clone(), |lexeme| evidence.without(lexeme));
                let distribution = hidden_word(&LANGUAGE, &hidden[at], &others);
                let place = usize::from(at > 0);
                for (piece, _) in tokens.clone().enumerate().filter(|(_, token)| wanted(*token)) {
                    let visible = without(&pieces.forms[place][*word as usize], piece);
                    let could_be = pieces.candidates[place].get(&visible)?;
                    let total: f64 = could_be.iter().map(|word| distribution[*word as usize]).sum();
                    losses.push((total / distribution[*word as usize]).ln());
                }
            }
        }
        Some(())
    }

    /// The loss of all its tokens together, each known from those before it. That the document ends where it does is
    /// the loss of the token that ends it, and not among them.
    fn in_order(&self) -> f64 {
        let count = self.sentences.len();
        let numbers = SENTENCES.count() as f64;
        let goes_on = numbers.ln() - ((SENTENCES.end() + 1).saturating_sub(count).max(1) as f64).ln();
        let structure = self
            .sentences
            .iter()
            .map(|sentence| -LANGUAGE.chart(sentence).probability().ln());
        goes_on - self.evidence().log_probability() + structure.sum::<f64>()
    }
}

/// The mean loss in nats, over tokens of a stream of documents, of whoever knows the grammar and what `known` says: no
/// model's loss on such tokens can be expected to be lower. `None` if a document with a wanted token is not a text of the
/// language cut into pieces of its words, or no token is wanted. [`Known::WhatPrecedes`] takes all tokens of every
/// document that has a wanted one.
///
/// # Shapes
/// - `ids`, `starts`: N, every document's end being the id `end`; `wanted` is asked about `0..N` without the ends
pub fn best_loss(
    (ids, starts): (&[u32], &[bool]),
    end: u32,
    tokenizer: &Tokenizer,
    known: Known,
    wanted: &dyn Fn(usize) -> bool,
) -> Option<f64> {
    let pieces = Pieces::new(tokenizer);
    let (mut losses, mut tokens) = (Vec::new(), 0);
    let mut first = 0;
    for document in ids.split_inclusive(|id| *id == end) {
        let length = document.strip_suffix(&[end]).unwrap_or(document).len();
        let here = first..first + length;
        first += document.len();
        if !here.clone().any(wanted) {
            continue;
        }
        let found = Document::read(&ids[here.clone()], &starts[here.clone()], &pieces)?;
        match known {
            Known::Everything => {
                found.hidden(&pieces, &|token| wanted(here.start + token), &mut losses)?;
                tokens = losses.len();
            }
            Known::WhatPrecedes => {
                losses.push(found.in_order());
                tokens += length;
            }
        }
    }
    let mean = losses.iter().sum::<f64>() / tokens as f64;
    (tokens > 0 && mean.is_finite()).then_some(mean)
}
