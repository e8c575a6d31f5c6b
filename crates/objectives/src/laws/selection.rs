//! Which positions are selected: single tokens, or whole words under a token budget.

use crate::laws::Mode;
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Stream;
use cloze_options::words;
use std::ops::Range;

words! {
    /// How a share of tokens, words or other units is selected.
    pub enum Selection {
        /// An exact number of tokens in every window, from google-research/bert.
        Exact = "exact",
        /// A coin for each token or word, as in transformers' `data_collator.py` and in LTG-BERT: the number varies and may be 0.
        Bernoulli = "bernoulli",
    }
}

/// Whether the token `id` may be hidden. `corrected` hides no special token; the published implementations do hide
/// `[UNK]` (google-research/bert, `create_pretraining_data.py`: every token but `[CLS]` and `[SEP]` is a candidate).
pub fn maskable(id: u32, vocabulary: &Vocabulary, mode: Mode) -> bool {
    !vocabulary.is_special(id) || (mode == Mode::Reference && id == vocabulary.special.unknown)
}

/// The number of tokens to select: `rate` of `candidates`, rounded half away from zero, at least 1 where there is one.
pub fn budget(rate: f64, candidates: usize) -> usize {
    ((rate * candidates as f64).round() as usize).max(1).min(candidates)
}

/// Puts a random one of `items[slot..]` at `slot`: one step of Fisher and Yates's shuffle, for whoever needs only the
/// first few items in random order.
pub fn deal<T>(items: &mut [T], slot: usize, stream: &mut Stream) {
    let rest = items.len() - slot;
    items.swap(slot, slot + stream.below(rest));
}

/// `count` of the candidates, uniformly without replacement, in ascending order.
pub fn choose(mut candidates: Vec<u32>, count: usize, stream: &mut Stream) -> Vec<u32> {
    let count = count.min(candidates.len());
    for slot in 0..count {
        deal(&mut candidates, slot, stream);
    }
    candidates.truncate(count);
    candidates.sort_unstable();
    candidates
}

/// Each of the units with this probability, in their order.
pub fn toss<T>(units: impl IntoIterator<Item = T>, probability: f64, stream: &mut Stream) -> Vec<T> {
    units.into_iter().filter(|_| stream.chance(probability)).collect()
}

/// The words as ranges of positions, from left to right; what may not be hidden belongs to no word. The rest of a word
/// that was cut by the window's beginning counts as a word.
pub fn words(window: &Window, vocabulary: &Vocabulary, mode: Mode) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::with_capacity(window.ids.len());
    for (position, (id, starts)) in window.ids.iter().zip(&window.word_starts).enumerate() {
        if !maskable(*id, vocabulary, mode) {
            continue;
        }
        match words.last_mut() {
            Some(word) if !starts && word.end == position => word.end += 1,
            _ => words.push(position..position + 1),
        }
    }
    words
}

/// Words in random order until `budget` tokens are selected; a word that would overshoot is skipped and the search goes
/// on (google-research/bert, `create_pretraining_data.py`). Ascending.
pub fn words_within(mut words: Vec<Range<usize>>, budget: usize, stream: &mut Stream) -> Vec<Range<usize>> {
    let mut left = budget;
    let mut chosen = Vec::new();
    for slot in 0..words.len() {
        if left == 0 {
            break;
        }
        deal(&mut words, slot, stream);
        let word = words[slot].clone();
        if word.len() <= left {
            left -= word.len();
            chosen.push(word);
        }
    }
    chosen.sort_unstable_by_key(|word| word.start);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_foundation::Draw;
    use proptest::prelude::*;

    #[test]
    fn a_budget_is_rounded_and_never_empty() {
        assert_eq!(
            [budget(0.15, 126), budget(0.15, 1), budget(0.9, 0), budget(0.5, 5)],
            [19, 1, 0, 3]
        );
    }

    proptest! {
        #[test]
        fn a_choice_is_exact_ascending_and_from_the_candidates(count in 0usize..80, seed: u64) {
            let candidates: Vec<u32> = (0..60).map(|index| index * 3).collect();
            let chosen = choose(candidates.clone(), count, &mut Draw::new(seed, "choice").stream());
            prop_assert_eq!(chosen.len(), count.min(60));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(chosen.iter().all(|position| candidates.contains(position)));
        }

        #[test]
        fn chosen_words_keep_the_budget_and_no_other_word_would_fit(
            lengths in prop::collection::vec(1usize..6, 1..60), budget in 0usize..80, seed: u64,
        ) {
            let mut end = 0;
            let words: Vec<Range<usize>> = lengths.iter().map(|length| { end += length; end - length..end }).collect();
            let chosen = words_within(words.clone(), budget, &mut Draw::new(seed, "words").stream());
            let taken: usize = chosen.iter().map(ExactSizeIterator::len).sum();
            prop_assert!(taken <= budget);
            prop_assert!(words.iter().all(|word| chosen.contains(word) || word.len() > budget - taken));
        }
    }
}
