//! Texts and words as exercises: in tokens, within the window.

use super::Exercise;
use cloze_corpus::sets::Labelled;
use cloze_corpus::{SpecialTokens, Tokenizer};
use std::collections::HashMap;

/// Labelled texts or pairs, `[CLS] text [SEP]` or `[CLS] text [SEP] pair [SEP]`, with the class of each; and how many the window
/// cuts. Of a pair that is too long the longer text loses its last token until it fits (`_truncate_seq_pair` of
/// google-research/bert, `run_classifier.py`).
pub(crate) fn of_texts(
    rows: &[Labelled],
    class: impl Fn(&str) -> u32,
    tokenizer: &Tokenizer,
    window: usize,
) -> (Vec<Exercise>, usize) {
    let texts = rows.iter().map(|row| row.text.as_str());
    let firsts = tokenizer.sentences(texts);
    let mut pairs = tokenizer
        .sentences(rows.iter().filter_map(|row| row.pair.as_deref()))
        .into_iter();
    let mut cut = 0;
    let exercise = |(row, mut ids): (&Labelled, Vec<u32>)| {
        let pair = row.pair.as_ref().and_then(|_| pairs.next());
        // Both without what stands around them.
        let end = ids.pop();
        let mut other = pair.map(|pair| pair[1..pair.len() - 1].to_vec());
        let specials = if other.is_some() { 3 } else { 2 };
        let room = window.saturating_sub(specials);
        let first = ids.len() - 1;
        let second = other.as_ref().map_or(0, Vec::len);
        let (first_kept, second_kept) = fitting(first, second, room);
        cut += usize::from(first_kept + second_kept < first + second);
        ids.truncate(1 + first_kept);
        ids.extend(end);
        let begins = ids.len();
        if let Some(other) = &mut other {
            other.truncate(second_kept);
            ids.append(other);
            ids.extend(end);
        }
        Exercise {
            second: row.pair.as_ref().map(|_| begins),
            read: (0..ids.len() as u32).collect(),
            targets: vec![class(&row.label)],
            ids,
        }
    };
    (rows.iter().zip(firsts).map(exercise).collect(), cut)
}

/// How many tokens of two texts are kept where there is room for so many.
fn fitting(first: usize, second: usize, room: usize) -> (usize, usize) {
    let over = (first + second).saturating_sub(room);
    // Until both are as long as each other only the longer one loses; then they take turns, the first one first.
    let alone = over.min(first.abs_diff(second));
    let (mut kept, rest) = ((first, second), over - alone);
    match first > second {
        true => kept.0 -= alone,
        false => kept.1 -= alone,
    }
    let each = (rest / 2, rest.div_ceil(2));
    (kept.0.saturating_sub(each.0), kept.1.saturating_sub(each.1))
}

/// The tokens of words, each by itself and remembered: what cannot be encoded is one unknown token.
pub(crate) struct Words<'t> {
    tokenizer: &'t Tokenizer,
    known: HashMap<String, Vec<u32>>,
}

impl<'t> Words<'t> {
    pub(crate) fn new(tokenizer: &'t Tokenizer) -> Self {
        Self {
            tokenizer,
            known: HashMap::new(),
        }
    }

    fn special(&self) -> SpecialTokens {
        self.tokenizer.vocabulary().special
    }

    fn encode(&mut self, word: &str) -> Vec<u32> {
        if let Some(ids) = self.known.get(word) {
            return ids.clone();
        }
        let mut ids = self.tokenizer.encode(word).ids;
        if ids.is_empty() {
            ids.push(self.special().unknown);
        }
        self.known.insert(word.to_owned(), ids.clone());
        ids
    }

    /// A sentence in words with the class of each as one exercise, or several where it is longer than the window. A word's class is
    /// read at its last token: an encoder that only looks back has read all of the word there.
    pub(crate) fn exercises(&mut self, words: &[String], classes: &[u32], window: usize) -> Vec<Exercise> {
        let SpecialTokens { start, end, .. } = self.special();
        let room = window.saturating_sub(2).max(1);
        let empty = || Exercise {
            ids: vec![start],
            second: None,
            read: Vec::new(),
            targets: Vec::new(),
        };
        let (mut done, mut open) = (Vec::new(), empty());
        let close = |mut exercise: Exercise| {
            exercise.ids.push(end);
            exercise
        };
        for (word, class) in words.iter().zip(classes) {
            let mut ids = self.encode(word);
            ids.truncate(room);
            if open.ids.len() - 1 + ids.len() > room {
                done.push(close(std::mem::replace(&mut open, empty())));
            }
            open.ids.append(&mut ids);
            open.read.push(open.ids.len() as u32 - 1);
            open.targets.push(*class);
        }
        if !open.read.is_empty() {
            done.push(close(open));
        }
        done
    }
}

/// The class with the highest score in each row, the first of equal ones.
///
/// # Shapes
/// - `scores`: rows of `outputs`
pub(crate) fn best(scores: &[f32], outputs: usize) -> impl Iterator<Item = u32> {
    scores.chunks(outputs.max(1)).map(|row| {
        let mut best = 0;
        for (place, score) in row.iter().enumerate() {
            if *score > row[best] {
                best = place;
            }
        }
        best as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_texts_the_longer_one_is_cut_first() {
        // What the published loop does, a token at a time.
        let by_turns = |mut first: usize, mut second: usize, room: usize| {
            while first + second > room {
                match first > second {
                    true => first -= 1,
                    false => second -= 1,
                }
            }
            (first, second)
        };
        for first in 0..12 {
            for second in 0..12 {
                for room in 0..14 {
                    let expected = by_turns(first, second, room);
                    assert_eq!(fitting(first, second, room), expected, "{first} {second} {room}");
                }
            }
        }
    }

    #[test]
    fn the_best_class_is_the_first_of_equal_ones() {
        let scores = [0.0, 2.0, 2.0, -1.0, -2.0, -3.0];
        assert_eq!(best(&scores, 3).collect::<Vec<_>>(), [1, 0]);
    }
}
