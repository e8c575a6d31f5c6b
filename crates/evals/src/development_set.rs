//! Which of the pairs that there are reports are about, and which are left to choose by.

use cloze_corpus::MinimalPair;
use cloze_foundation::{Fault, Place, Result};
use cloze_options::words;
use std::collections::{HashMap, HashSet};

words! {
    /// Which pairs.
    pub(crate) enum Set {
        /// Those that reports are about.
        Test = "test",
        /// Others, which share no sentence with those: to choose by.
        Development = "development",
    }
}

/// A test set is apart from nothing.
///
/// # Errors
/// `apart_from` without a development set.
pub(crate) fn check_apart(set: Set, apart_from: Option<usize>) -> Result<()> {
    if apart_from.is_some() && set != Set::Development {
        return Err(Fault::usage("`apart_from` is about a development set")
            .at(Place::key("apart_from"))
            .remedy("say set = \"development\", or leave it out"));
    }
    Ok(())
}

/// Of pairs in the order of their files, the first `count` of each paradigm that share no sentence, good or bad, with the first `apart`
/// of any.
///
/// # Errors
/// A paradigm of which none is left.
pub(crate) fn of(pairs: Vec<MinimalPair>, count: usize, apart: usize) -> Result<Vec<MinimalPair>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let is_late: Vec<bool> = pairs
        .iter()
        .map(|pair| {
            let place = places.entry(pair.paradigm.clone()).or_default();
            *place += 1;
            *place > apart
        })
        .collect();
    let tested: HashSet<String> = pairs
        .iter()
        .zip(&is_late)
        .filter(|(_, is_late)| !**is_late)
        .flat_map(|(pair, _)| [pair.good.clone(), pair.bad.clone()])
        .collect();
    let mut kept: HashMap<String, usize> = places.keys().map(|paradigm| (paradigm.clone(), 0)).collect();
    let mut found = pairs;
    found.retain(|pair| {
        let is_new = !tested.contains(&pair.good) && !tested.contains(&pair.bad);
        let kept = kept.entry(pair.paradigm.clone()).or_default();
        let is_kept = is_new && *kept < count;
        *kept += usize::from(is_kept);
        is_kept
    });
    match kept
        .iter()
        .filter(|(_, kept)| **kept == 0)
        .map(|(paradigm, _)| paradigm)
        .min()
    {
        Some(paradigm) => Err(Fault::usage(format!(
            "`{paradigm}` has no pair that shares no sentence with the first {apart} of each paradigm"
        ))
        .remedy("judge runs by fewer pairs, so that some are left to choose by")),
        None => Ok(found),
    }
}

/// That some paradigms have fewer than `count` pairs left, if it is so.
pub(crate) fn short(pairs: &[MinimalPair], count: usize) -> Option<String> {
    let mut kept: HashMap<&str, usize> = HashMap::new();
    for pair in pairs {
        *kept.entry(&pair.paradigm).or_default() += 1;
    }
    let least = kept.values().copied().min().filter(|least| *least < count)?;
    let few = kept.values().filter(|kept| **kept < count).count();
    Some(format!(
        "{few} of {} paradigms have fewer pairs left than the {count} that are asked for, one of them {least}",
        kept.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(paradigm: &str, good: &str, bad: &str) -> MinimalPair {
        MinimalPair {
            phenomenon: "p".to_owned(),
            paradigm: paradigm.to_owned(),
            good: good.to_owned(),
            bad: bad.to_owned(),
            place: None,
        }
    }

    #[test]
    fn later_pairs_are_kept_that_share_no_sentence_with_the_first_of_any_paradigm() {
        let pairs = vec![
            pair("a", "1", "2"),
            pair("a", "3", "1"), // Its bad sentence is the good one of the first.
            pair("a", "4", "5"),
            pair("a", "6", "7"),
            pair("a", "8", "9"),
            pair("b", "4", "x"), // Tested, and so the third of `a` goes.
            pair("b", "y", "z"),
        ];
        let of = |count, apart| of(pairs.clone(), count, apart);
        let goods = |found: Vec<MinimalPair>| found.into_iter().map(|pair| pair.good).collect::<Vec<String>>();
        assert_eq!(goods(of(10, 1).unwrap()), ["6", "8", "y"]);
        assert_eq!(goods(of(1, 1).unwrap()), ["6", "y"]);
        assert_eq!(short(&of(1, 1).unwrap(), 1), None);
        let told = short(&of(10, 1).unwrap(), 2).unwrap();
        assert!(
            told.starts_with("1 of 2 paradigms") && told.ends_with("one of them 1"),
            "{told}"
        );
        let fault = of(1, 2).unwrap_err().to_string();
        assert!(fault.contains("`b` has no pair"), "{fault}");
    }
}
