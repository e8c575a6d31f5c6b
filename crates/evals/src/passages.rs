//! Questions and the texts that they are about, in windows of tokens; and the answers that scores of their ends are.

use crate::finetune::Exercise;
use cloze_corpus::Tokenizer;
use cloze_corpus::sets::Question;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Tokens that an answer may have (`max_answer_length` of google-research/bert, `run_squad.py`).
const LONGEST_ANSWER: usize = 30;

/// The bytes that each token of a text stands for.
type Places = Arc<[Range<usize>]>;

/// Of every question the windows in which its text is read, one after the other.
pub(crate) struct Passages {
    passages: Vec<Passage>,
    /// How many questions are longer than half of the window, and lose their end.
    pub(crate) cut: usize,
}

struct Passage {
    places: Places,
    /// The tokens of the text that each window has.
    windows: Vec<Range<usize>>,
}

impl Passages {
    /// Questions as exercises: `[CLS] question [SEP] text [SEP]`, of a long text a part every `stride` tokens. What is read are the
    /// positions of the text and the first one, which stands for an answer that is not in this part.
    pub(crate) fn of(
        questions: &[Question],
        tokenizer: &Tokenizer,
        window: usize,
        stride: usize,
    ) -> (Self, Vec<Exercise>) {
        let special = tokenizer.vocabulary().special;
        let mut texts = Texts {
            tokenizer,
            words: HashMap::new(),
            known: HashMap::new(),
        };
        let (mut passages, mut exercises, mut cut) = (Vec::new(), Vec::new(), 0);
        for question in questions {
            let (ids, places) = texts.read(&question.context);
            let mut asked = tokenizer.encode(&question.question).ids;
            // At least half of the window is the text's.
            let most = (window / 2).saturating_sub(2);
            cut += usize::from(asked.len() > most);
            asked.truncate(most);
            let room = window.saturating_sub(asked.len() + 3).max(1);
            let answer = question.answers.first().map(|answer| {
                let bytes = answer.start..answer.start + answer.text.len();
                tokens_of(&places, &bytes)
            });
            let windows = parts(ids.len(), room, stride);
            for part in &windows {
                let mut input = vec![special.start];
                input.extend(&asked);
                input.push(special.end);
                let begins = input.len();
                input.extend(&ids[part.clone()]);
                input.push(special.end);
                let here = |token: usize| (begins + token - part.start) as u32;
                let inside = answer
                    .clone()
                    .filter(|tokens| !tokens.is_empty() && part.start <= tokens.start && tokens.end <= part.end);
                exercises.push(Exercise {
                    second: Some(begins),
                    read: std::iter::once(0).chain(part.clone().map(here)).collect(),
                    targets: match inside {
                        Some(tokens) => vec![here(tokens.start), here(tokens.end - 1)],
                        None => vec![0, 0],
                    },
                    ids: input,
                });
            }
            passages.push(Passage { places, windows });
        }
        (Self { passages, cut }, exercises)
    }
}

/// Tokens of texts, each text once.
struct Texts<'t> {
    tokenizer: &'t Tokenizer,
    words: HashMap<String, Vec<(u32, Range<usize>)>>,
    known: HashMap<Arc<str>, (Arc<[u32]>, Places)>,
}

impl Texts<'_> {
    fn read(&mut self, text: &Arc<str>) -> (Arc<[u32]>, Places) {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let (mut ids, mut places) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            let tokens = self
                .words
                .entry(word.to_owned())
                .or_insert_with(|| self.tokenizer.encode_word(word));
            for (id, bytes) in tokens {
                ids.push(*id);
                places.push(at + bytes.start..at + bytes.end);
            }
        }
        let read: (Arc<[u32]>, Places) = (ids.into(), places.into());
        self.known.insert(text.clone(), read.clone());
        read
    }
}

/// The tokens that stand for some bytes.
fn tokens_of(places: &[Range<usize>], bytes: &Range<usize>) -> Range<usize> {
    let first = places.iter().position(|place| place.end > bytes.start);
    let last = places.iter().rposition(|place| place.start < bytes.end);
    match (first, last) {
        (Some(first), Some(last)) if first <= last => first..last + 1,
        _ => 0..0,
    }
}

/// The parts of so many tokens that windows have room for: one every `stride` tokens, until all is in one of them.
fn parts(tokens: usize, room: usize, stride: usize) -> Vec<Range<usize>> {
    let stride = stride.clamp(1, room);
    let mut parts = Vec::new();
    for from in (0..tokens.max(1)).step_by(stride) {
        let to = (from + room).min(tokens);
        parts.push(from..to);
        if to == tokens {
            break;
        }
    }
    parts
}

/// The bytes of each question's text that are its answer, by the scores of the two ends at every position that is read: those of the
/// pair whose scores add up to most, over all windows, in this order and not too far from each other.
///
/// # Shapes
/// - `scores`: of every exercise rows of two, the first row being that of no answer
pub(crate) fn answer(passages: &Passages, scores: &[Vec<f32>]) -> Vec<Range<usize>> {
    let mut scores = scores.iter();
    let of = |passage: &Passage| {
        let (mut best, mut found) = (f32::NEG_INFINITY, 0..0);
        for (part, scores) in passage.windows.iter().zip(scores.by_ref().take(passage.windows.len())) {
            let rows: Vec<&[f32]> = scores.chunks_exact(2).skip(1).collect();
            for (from, first) in rows.iter().enumerate() {
                for (more, last) in rows[from..].iter().take(LONGEST_ANSWER).enumerate() {
                    if first[0] + last[1] > best {
                        best = first[0] + last[1];
                        let [start, end] = [from, from + more].map(|token| &passage.places[part.start + token]);
                        found = start.start..end.end;
                    }
                }
            }
        }
        found
    };
    passages.passages.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_read_whole_in_parts_that_overlap() {
        assert_eq!(parts(5, 8, 3), std::slice::from_ref(&(0..5)));
        assert_eq!(parts(0, 8, 3), std::slice::from_ref(&(0..0)));
        assert_eq!(parts(10, 4, 3), [0..4, 3..7, 6..10]);
        assert_eq!(parts(10, 4, 100), [0..4, 4..8, 8..10]);
        for tokens in 1..40 {
            for room in 1..10 {
                for stride in 1..12 {
                    let parts = parts(tokens, room, stride);
                    let seen: std::collections::BTreeSet<usize> = parts.iter().cloned().flatten().collect();
                    assert_eq!(seen.len(), tokens);
                    assert!(parts.iter().all(|part| part.len() <= room));
                }
            }
        }
    }

    #[test]
    fn the_answer_is_the_best_pair_of_ends_of_all_windows() {
        let places: Places = (0..6).map(|token| 2 * token..2 * token + 1).collect();
        let passages = Passages {
            passages: vec![Passage {
                places,
                windows: vec![0..4, 2..6],
            }],
            cut: 0,
        };
        // Rows: no answer, then the tokens of the window. An end before its beginning does not count.
        let first = vec![9.0, 9.0, 0.0, 5.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0];
        let second = vec![9.0, 9.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0];
        // Token 0 alone has 0 + 5, tokens 3 to 5 have 1 + 2 in the second window.
        assert_eq!(
            answer(&passages, &[first.clone(), second.clone()]),
            std::slice::from_ref(&(0..1))
        );
        let later: Vec<f32> = second.iter().map(|score| score * 3.0).collect();
        assert_eq!(answer(&passages, &[first, later]), std::slice::from_ref(&(6..11)));
    }
}
