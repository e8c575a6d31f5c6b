//! Which documents are held out: whole ones, chosen by a keyed hash, so that the choice looks at nothing but names.

use cloze_foundation::{Draw, Fault, Result};
use std::collections::HashSet;

/// On which side of the split a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// For training.
    Train,
    /// For validation.
    HeldOut,
}

/// Which of `names` are held out: the `share` with the smallest hashes, at least one and never all.
///
/// # Errors
/// Fewer than two names.
pub fn choose<'a>(names: impl ExactSizeIterator<Item = &'a str>, share: f64, of_what: &str) -> Result<HashSet<u64>> {
    let hash = |name: &str| {
        let bytes = blake3::hash(name.as_bytes());
        let seed = u64::from_le_bytes(bytes.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
        Draw::new(seed, "held out").seed()
    };
    smallest(names.map(hash), share, of_what)
}

/// As [`choose`], for `count` documents that have no name but their place in the corpus.
///
/// # Errors
/// Fewer than two documents.
pub fn choose_numbered(count: u64, share: f64, of_what: &str) -> Result<HashSet<u64>> {
    let draw = Draw::new(0, "held out");
    smallest(
        (0..count as usize).map(|index| draw.example(index as u64).seed()),
        share,
        of_what,
    )
}

fn smallest(hashes: impl ExactSizeIterator<Item = u64>, share: f64, of_what: &str) -> Result<HashSet<u64>> {
    let count = hashes.len();
    if count < 2 {
        return Err(Fault::usage(format!(
            "the corpus has {count} {of_what}, and some must be held out while others train"
        ))
        .at("corpus.source")
        .remedy("give several files, JSONL, or one text file whose documents are separated by blank lines"));
    }
    let held_out = ((count as f64 * share).round() as usize).clamp(1, count - 1);
    let mut ranked: Vec<(u64, u64)> = hashes.zip(0..).collect();
    ranked.select_nth_unstable(held_out - 1);
    Ok(ranked[..held_out].iter().map(|(_, index)| *index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_kept_and_neither_side_is_empty() {
        for (count, share, expected) in [(99, 0.05, 5), (2, 0.01, 1), (2, 0.99, 1), (1000, 0.1, 100)] {
            assert_eq!(choose_numbered(count, share, "documents").unwrap().len(), expected);
        }
        assert!(
            choose_numbered(1, 0.5, "documents")
                .unwrap_err()
                .what
                .contains("1 documents")
        );
    }

    #[test]
    fn a_file_is_chosen_by_its_name_and_not_by_its_place() {
        let names: Vec<String> = (0..50).map(|index| format!("novel{index}.txt")).collect();
        let chosen = |names: &[String]| -> HashSet<String> {
            let places = choose(names.iter().map(String::as_str), 0.2, "files").unwrap();
            places.into_iter().map(|place| names[place as usize].clone()).collect()
        };
        let reversed: Vec<String> = names.iter().rev().cloned().collect();
        assert_eq!(chosen(&names), chosen(&reversed));
        assert_ne!(chosen(&names), names[..10].iter().cloned().collect());
    }
}
