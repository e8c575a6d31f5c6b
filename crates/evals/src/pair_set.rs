//! A set of minimal pairs as it is judged: in tokens, within the window, and against the text that was trained on.

use crate::pair_report::{Groups, Score, Verdict};
use crate::{Counter, Evaluation, Ground, Judgement, Subject, WINDOW};
use cloze_corpus::occurrences::stand_in;
use cloze_corpus::{Encoded, MinimalPair, Vocabulary};
use cloze_foundation::{Fault, Result};
use cloze_objectives::scoring::{brackets, scored_tokens};
use cloze_schema::MeanOver;
use std::collections::HashMap;

/// Pairs that are ready to be scored.
pub(crate) struct PairSet {
    task: String,
    window: usize,
    vocabulary: Vocabulary,
    /// Every sentence once, so that equal ones tie exactly.
    sentences: Vec<Encoded>,
    /// The good and the bad sentence of every pair.
    pairs: Vec<[usize; 2]>,
    /// Whether a sentence of the pair stands in the training text.
    seen: Vec<bool>,
    /// How many pairs have a sentence that the window cuts.
    cut: usize,
    /// Whether a sentence of the pair has an unknown token, as far as the window reads it. Such a token is not scored, so that the
    /// sentence is likely to gain by it.
    unknown: Vec<bool>,
    groups: Groups,
    /// What a person should know beside what is seen here.
    notes: Vec<String>,
}

impl PairSet {
    /// Reads pairs as the corpus' tokenizer does; `together` neighbours of a paradigm were made together.
    ///
    /// # Errors
    /// A pair whose sentences differ behind the end of the window, by its place; a set none of whose pairs differs in known tokens.
    pub(crate) fn open(pairs: &[MinimalPair], ground: &Ground, unit: MeanOver, together: u32) -> Result<Self> {
        let tokenizer = &ground.corpus.tokenizer;
        let texts = pairs.iter().flat_map(|pair| [pair.good.as_str(), pair.bad.as_str()]);
        let mut sentences = tokenizer.sentences_with_words(texts).into_iter();
        let mut whole: Vec<[Encoded; 2]> = Vec::with_capacity(pairs.len());
        while let (Some(good), Some(bad)) = (sentences.next(), sentences.next()) {
            whole.push([good, bad]);
        }
        check_contrasts(pairs, &whole, ground.window)?;
        let seen = seen(&whole, ground);
        let mut set = Self {
            task: ground.task.to_owned(),
            window: ground.window,
            vocabulary: tokenizer.vocabulary().clone(),
            sentences: Vec::new(),
            pairs: Vec::new(),
            seen,
            cut: 0,
            unknown: Vec::new(),
            groups: Groups::new(pairs, unit, together),
            notes: Vec::new(),
        };
        let mut known: HashMap<Encoded, usize> = HashMap::new();
        let mut is_told = false;
        let unknown = tokenizer.vocabulary().special.unknown;
        let is_unknown = |id: &u32| *id == unknown;
        for pair in whole {
            let contrast = Contrast::of(&pair);
            is_told |= !contrast.is_none() && !contrast.tokens(&pair).any(is_unknown);
            let cut = contrast.within(ground.window);
            set.cut += usize::from(cut.iter().zip(&pair).any(|(cut, whole)| *cut < whole.ids.len()));
            let read = pair.iter().zip(cut).map(|(whole, cut)| &whole.ids[..cut]);
            let has_unknown = read.flatten().any(is_unknown);
            set.unknown.push(has_unknown);
            let mut kept = pair.into_iter().zip(cut).map(|(mut sentence, cut)| {
                sentence.truncate(cut);
                *known.entry(sentence).or_insert_with_key(|sentence| {
                    set.sentences.push(sentence.clone());
                    set.sentences.len() - 1
                })
            });
            if let (Some(good), Some(bad)) = (kept.next(), kept.next()) {
                set.pairs.push([good, bad]);
            }
        }
        let remedy = "the words in which they differ are unknown to it: judge by pairs of the corpus' own language";
        if (0..set.pairs.len()).all(|pair| set.is_alike(pair)) {
            return Err(Fault::usage(format!(
                "no pair of `{}` can be told apart: to the tokenizer both sentences are the same",
                set.task
            ))
            .remedy(remedy));
        }
        if !is_told {
            return Err(Fault::usage(format!(
                "no pair of `{}` differs in tokens that the tokenizer knows: an unknown one is not scored, so that whoever has it gains",
                set.task
            ))
            .remedy(remedy));
        }
        Ok(set)
    }

    /// The same, with something to be told behind the name of the task.
    pub(crate) fn noting(mut self, note: Option<String>) -> Self {
        self.notes.extend(note.map(|note| format!("{}: {note}", self.task)));
        self
    }

    /// Whether both sentences of a pair are the same tokens.
    fn is_alike(&self, pair: usize) -> bool {
        let [good, bad] = self.pairs[pair].map(|index| &self.sentences[index].ids);
        good == bad
    }

    /// The share of the pairs.
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.pairs.len() as f64
    }
}

impl Evaluation for PairSet {
    fn warnings(&self) -> Vec<String> {
        let (task, all) = (&self.task, self.pairs.len());
        let alike = (0..all).filter(|pair| self.is_alike(*pair)).count();
        let unknown = self.unknown.iter().filter(|has| **has).count();
        let mut told = Vec::new();
        if self.cut > 0 {
            told.push(format!(
                "{task}: {} of {all} pairs have a sentence that is longer than encoder.window = {} and is scored without its end",
                self.cut, self.window
            ));
        }
        if alike > 0 {
            told.push(format!(
                "{task}: {alike} of {all} pairs are the same tokens twice, and ties whatever a model knows"
            ));
        }
        if unknown > 0 {
            told.push(format!(
                "{task}: {unknown} of {all} pairs ({:.1} %) have a token that the tokenizer does not know; it is not scored, so that its \
                 sentence is likely to win",
                100.0 * self.share(unknown)
            ));
        }
        told.extend(self.notes.iter().cloned());
        told
    }

    /// By every scoring rule of the model, the headline rule's measures without brackets.
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let rules = subject.model.rules();
        let counter = Counter::new(subject.told, rules.len() * self.sentences.len(), "sentences");
        let mut judgement = Judgement::default();
        let scored = |more| counter.add(more);
        let scores = subject
            .model
            .scores_told(rules, &self.sentences, &self.vocabulary, &scored)?;
        for (sums, brackets) in scores.iter().zip(brackets(rules)) {
            let score = |index: usize| Score {
                sum: sums[index],
                tokens: scored_tokens(&self.sentences[index].ids, &self.vocabulary),
            };
            let verdicts: Vec<Verdict> = self
                .pairs
                .iter()
                .zip(&self.seen)
                .map(|(pair, seen)| Verdict::of(pair.map(score), *seen))
                .collect();
            judgement
                .findings
                .extend(self.groups.findings(&self.task, &brackets, &verdicts));
            judgement
                .items
                .extend(self.groups.items(&self.task, &brackets, &verdicts));
        }
        judgement.findings.extend(
            self.groups
                .of_the_set(&self.task, &self.seen, &self.unknown, self.share(self.cut)),
        );
        Ok(judgement)
    }
}

/// Where two sentences differ.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Contrast {
    /// Where the difference ends in each; 0 in equal sentences.
    ends: [usize; 2],
    /// The equal tokens before it.
    before: usize,
    /// The equal tokens behind it.
    after: usize,
}

impl Contrast {
    fn of(pair: &[Encoded; 2]) -> Self {
        let [good, bad] = [&pair[0].ids, &pair[1].ids];
        if good == bad {
            return Self {
                ends: [0, 0],
                before: 0,
                after: good.len(),
            };
        }
        let before = good.iter().zip(bad).take_while(|(a, b)| a == b).count();
        let behind = good.iter().rev().zip(bad.iter().rev()).take_while(|(a, b)| a == b);
        let after = behind.count().min(good.len().min(bad.len()) - before);
        Self {
            ends: [good.len() - after, bad.len() - after],
            before,
            after,
        }
    }

    /// Whether there is no difference.
    fn is_none(self) -> bool {
        self.ends == [0, 0]
    }

    /// The tokens in which they differ, of both.
    fn tokens(self, pair: &[Encoded; 2]) -> impl Iterator<Item = &u32> {
        pair.iter()
            .zip(self.ends)
            .flat_map(move |(sentence, end)| &sentence.ids[self.before..end])
    }

    /// How much of each is scored within a window: all, or as much of what both end with as there is room for in both.
    fn within(self, window: usize) -> [usize; 2] {
        let kept = self.ends.map(|end| window.saturating_sub(end).min(self.after));
        self.ends.map(|end| end + kept[0].min(kept[1]))
    }
}

/// Refuses pairs whose sentences differ, even in part, behind the end of the window.
fn check_contrasts(pairs: &[MinimalPair], whole: &[[Encoded; 2]], window: usize) -> Result<()> {
    let mut out = Vec::new();
    for (pair, sentences) in pairs.iter().zip(whole) {
        let [good, bad] = Contrast::of(sentences).ends;
        let end = good.max(bad);
        if end > window {
            out.push((pair, end));
        }
    }
    let Some((first, _)) = out.first() else { return Ok(()) };
    let needed = out.iter().map(|(_, end)| *end).max().unwrap_or(window);
    let place = first
        .place
        .clone()
        .unwrap_or_else(|| format!("{}/{}", first.phenomenon, first.paradigm));
    Err(Fault::usage(format!(
        "the sentences of {} of {} pairs differ behind the end of the window; this is the first",
        out.len(),
        pairs.len()
    ))
    .at(place)
    .at(WINDOW)
    .allowed([format!(
        "sentences that differ within the {window} positions of encoder.window"
    )])
    .remedy(format!(
        "make encoder.window {needed} or more, or leave these pairs out"
    )))
}

/// Whether the tokens of one of a pair's sentences stand in the training text.
fn seen(whole: &[[Encoded; 2]], ground: &Ground) -> Vec<bool> {
    let inner = |ids: &'_ [u32]| -> Vec<u32> { ids.get(1..ids.len() - 1).unwrap_or_default().to_vec() };
    let sequences: Vec<Vec<u32>> = whole.iter().flatten().map(|sentence| inner(&sentence.ids)).collect();
    let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let stand = stand_in(ground.corpus.train.ids(), &sequences);
    stand.chunks_exact(2).map(|pair| pair[0] || pair[1]).collect()
}

#[cfg(test)]
#[path = "pair_set_tests.rs"]
mod tests;
