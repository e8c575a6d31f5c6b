//! Which sequences of tokens stand somewhere in a text.

use std::collections::HashMap;

/// Tokens at the end of a sequence by which it is looked up.
const TAIL: usize = 4;
/// Tokens of the text that are held at a time, beside the longest sequence.
const HELD: usize = 1 << 16;

/// For each sequence, whether all its tokens stand in the text, one after the other. An empty one stands nowhere.
///
/// One pass, whatever the number of sequences: at every place those that end in the last few tokens are compared.
pub fn stand_in(text: impl IntoIterator<Item = u32>, sequences: &[&[u32]]) -> Vec<bool> {
    let longest = sequences.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
    let mut by_tail: [HashMap<&[u32], Vec<usize>>; TAIL] = Default::default();
    for (index, sequence) in sequences
        .iter()
        .enumerate()
        .filter(|(_, sequence)| !sequence.is_empty())
    {
        let tail = sequence.len().min(TAIL);
        by_tail[tail - 1]
            .entry(&sequence[sequence.len() - tail..])
            .or_default()
            .push(index);
    }
    let mut found = vec![false; sequences.len()];
    let mut held: Vec<u32> = Vec::with_capacity(HELD + longest);
    for id in text {
        if held.len() == held.capacity() {
            held.drain(..held.len() - longest);
        }
        held.push(id);
        for (tail, sequences_by_tail) in (1..=TAIL.min(held.len())).zip(&by_tail) {
            let Some(members) = sequences_by_tail.get(&held[held.len() - tail..]) else {
                continue;
            };
            for index in members {
                found[*index] = found[*index] || held.ends_with(sequences[*index]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_is_searched_across_the_ends_of_what_is_held() {
        let length = 3 * HELD as u32 + 5;
        let sequences: Vec<Vec<u32>> = (1..200u32)
            .map(|n| {
                let first = n * length / 200;
                (first..first + 2 + n % 7).collect()
            })
            .chain([vec![4, 6], vec![length - 1, length], Vec::new(), vec![length - 1]])
            .collect();
        let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let found = stand_in(0..length, &sequences);
        assert!(found[..199].iter().all(|stands| *stands));
        assert_eq!(found[199..], [false, false, false, true]);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_search_at_every_place_finds(
            text in prop::collection::vec(0u32..3, 0..60),
            sequences in prop::collection::vec(prop::collection::vec(0u32..3, 0..8), 0..20),
        ) {
            let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
            let expected: Vec<bool> = sequences
                .iter()
                .map(|sequence| !sequence.is_empty() && text.windows(sequence.len()).any(|part| part == *sequence))
                .collect();
            prop_assert_eq!(stand_in(text.iter().copied(), &sequences), expected);
        }
    }
}
