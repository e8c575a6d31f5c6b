//! What is held out: stretches of text that are spread over the corpus, near the share that was asked for, and whole units
//! (documents, where there are documents).

use cloze_foundation::Draw;
use std::ops::Range;

/// On which side of the split a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// For training.
    Train,
    /// For validation.
    HeldOut,
}

/// Sizes are kept for so many items; where there are more units, an item is several units in a row.
const MOST_ITEMS: usize = 1 << 20;
/// Held-out text comes from so many places at most.
const PLACES: usize = 64;
/// And from so few that each has this many bytes, where units are smaller: a stretch shorter than windows are is of no use.
const LEAST_BYTES: f64 = 2048.0;
/// A share is near the one that was asked for if it differs from it by no more than this part of it.
const NEAR: f64 = 0.25;

/// How much text each unit of a corpus has, in order.
#[derive(Clone, Debug)]
pub struct Weights {
    items: Vec<u64>,
    units: u64,
    /// Units in an item.
    grain: u64,
    most: usize,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            units: 0,
            grain: 1,
            most: MOST_ITEMS,
        }
    }
}

impl Weights {
    /// Adds the next unit.
    pub fn push(&mut self, bytes: u64) {
        let starts = self.units.is_multiple_of(self.grain);
        if starts && self.items.len() == self.most {
            self.items = self.items.chunks(2).map(|pair| pair.iter().sum()).collect();
            self.grain *= 2;
        }
        match self.items.last_mut() {
            Some(last) if !self.units.is_multiple_of(self.grain) => *last += bytes,
            _ => self.items.push(bytes),
        }
        self.units += 1;
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.units
    }
}

/// The units that are held out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// Their numbers, ascending.
    ranges: Vec<Range<u64>>,
    /// Of the text.
    share: f64,
}

impl HeldOut {
    /// Chooses about `share` of the text; `None` where there are fewer than two units. Which units is decided by their sizes
    /// and places alone.
    ///
    /// The text is cut into strata of equal size. In each, a stretch of units is held out that begins at a random place and
    /// brings what is held out so far as near as possible to its share of the text so far. A unit that would overshoot is
    /// passed over, so that one large document cannot be most of what is held out.
    pub fn choose(weights: &Weights, share: f64) -> Option<Self> {
        let items = &weights.items;
        if items.len() < 2 {
            return None;
        }
        let total = items.iter().sum::<u64>().max(1) as f64;
        let wanted = share * total;
        let most = (items.len() as f64 * share).min(wanted / LEAST_BYTES) as usize;
        let strata = most.clamp(1, PLACES);
        let mut chosen = vec![false; items.len()];
        let (mut held, mut first, mut seen) = (0.0, 0, 0.0);
        for stratum in 0..strata {
            let end = (stratum + 1) as f64 / strata as f64;
            let from = first;
            while first < items.len() && (stratum + 1 == strata || seen < end * total) {
                seen += items[first] as f64;
                first += 1;
            }
            let mut draw = Draw::new(0, "held out").example(stratum as u64).stream();
            let length = first - from;
            // So early that the stretch has room before the stratum ends.
            let start = draw.below((length as f64 * (1.0 - share)) as usize + 1);
            let mut has_begun = false;
            for place in (0..length).map(|step| from + (start + step) % length) {
                let weight = items[place] as f64;
                let fits = weight < 2.0 * (end * wanted - held);
                if fits {
                    chosen[place] = true;
                    held += weight;
                } else if has_begun {
                    break;
                }
                has_begun |= fits;
            }
        }
        // Of a large share, strata may have left some that none after them had room for.
        for place in 0..items.len() {
            let weight = items[place] as f64;
            if !chosen[place] && weight < 2.0 * (wanted - held) {
                chosen[place] = true;
                held += weight;
            }
        }
        let smallest = |among: bool| {
            let of_these = (0..items.len()).filter(|place| chosen[*place] == among);
            of_these.min_by_key(|place| items[*place])
        };
        // Neither side may be without a text.
        if let Some(place) = if chosen.iter().all(|held| *held) {
            smallest(true)
        } else {
            None
        } {
            chosen[place] = false;
        } else if let Some(place) = if chosen.iter().any(|held| *held) {
            None
        } else {
            smallest(false)
        } {
            chosen[place] = true;
        }
        let held: u64 = items
            .iter()
            .zip(&chosen)
            .filter(|(_, held)| **held)
            .map(|(bytes, _)| bytes)
            .sum();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for place in (0..items.len()).filter(|place| chosen[*place]) {
            let (from, to) = (place as u64 * weights.grain, (place as u64 + 1) * weights.grain);
            match ranges.last_mut() {
                Some(last) if last.end == from => last.end = to.min(weights.units),
                _ => ranges.push(from..to.min(weights.units)),
            }
        }
        Some(Self {
            ranges,
            share: held as f64 / total,
        })
    }

    /// The side of the unit with this number.
    pub fn side(&self, number: u64) -> Part {
        let after = self.ranges.partition_point(|range| range.end <= number);
        match self.ranges.get(after) {
            Some(range) if range.contains(&number) => Part::HeldOut,
            _ => Part::Train,
        }
    }

    /// How many units are held out.
    pub fn units(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    /// From how many places of the text they are.
    pub fn places(&self) -> usize {
        self.ranges.len()
    }

    /// The share of the text that is held out.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// How far from the share that was asked for, as a part of it.
    pub fn miss(&self, asked: f64) -> f64 {
        (self.share - asked).abs() / asked
    }

    /// Whether that is near.
    pub fn is_near(&self, asked: f64) -> bool {
        self.miss(asked) <= NEAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights(items: impl IntoIterator<Item = u64>, most: usize) -> Weights {
        let mut weights = Weights {
            most,
            ..Weights::default()
        };
        items.into_iter().for_each(|bytes| weights.push(bytes));
        weights
    }

    fn choose(items: &[u64], share: f64) -> HeldOut {
        HeldOut::choose(&weights(items.iter().copied(), MOST_ITEMS), share).unwrap()
    }

    #[test]
    fn the_share_is_one_of_text_and_not_of_units() {
        // A large file and a small one: the large one is never held out whole.
        let held = choose(&[1_000_000, 4_000], 0.05);
        assert_eq!(
            (held.side(0), held.side(1), held.units()),
            (Part::Train, Part::HeldOut, 1)
        );
        assert!(!held.is_near(0.05));
        // Ninety-nine novels of 400 to 900 kB.
        let novels: Vec<u64> = (0..99).map(|number| 400_000 + number * 104_729 % 500_000).collect();
        let held = choose(&novels, 0.05);
        assert!(held.is_near(0.05) && (3..8).contains(&held.units()), "{held:?}");
        assert!(held.places() > 2, "{held:?}");
    }

    #[test]
    fn what_is_held_out_is_spread_and_in_stretches() {
        let held = choose(&vec![60; 200_000], 0.05);
        assert!((held.share() - 0.05).abs() < 1e-4, "{}", held.share());
        assert_eq!(held.places(), PLACES);
        // Something of every sixteenth of the text.
        for part in 0..16 {
            let within = |number: &u64| held.side(*number) == Part::HeldOut;
            assert!(
                (part * 12_500..(part + 1) * 12_500).any(|number| within(&number)),
                "{part}"
            );
        }
        // Short units are held out in stretches that are long enough for windows.
        let short = choose(&vec![60; 2_000], 0.05);
        assert!((2..=3).contains(&short.places()), "{short:?}");
    }

    #[test]
    fn many_units_are_kept_as_items_of_several() {
        let many = weights(std::iter::repeat_n(10, 1_000), 64);
        assert_eq!((many.units(), many.grain), (1_000, 16));
        assert_eq!(many.items.iter().sum::<u64>(), 10_000);
        let held = HeldOut::choose(&many, 0.1).unwrap();
        assert!(
            held.is_near(0.1) && held.ranges.iter().all(|range| range.end <= 1_000),
            "{held:?}"
        );
    }

    proptest! {
        #[test]
        fn both_sides_have_text_and_the_share_is_as_near_as_units_let_it(
            items in prop::collection::vec(1u64..100_000, 2..300),
            share in 0.01f64..0.99,
            most in 4usize..400,
        ) {
            let weights = weights(items.iter().copied(), most);
            let held = HeldOut::choose(&weights, share).unwrap();
            let bytes: u64 = (0..items.len()).filter(|unit| held.side(*unit as u64) == Part::HeldOut).map(|unit| items[unit]).sum();
            let total: u64 = items.iter().sum();
            prop_assert!(held.units() > 0 && held.units() < items.len() as u64);
            prop_assert!((held.share() - bytes as f64 / total as f64).abs() < 1e-9);
            // No nearer than half the largest item, or the smallest one where that is all there can be.
            let (largest, smallest) = (weights.items.iter().max().unwrap(), weights.items.iter().min().unwrap());
            let miss = (bytes as f64 - share * total as f64).abs();
            prop_assert!(miss <= (*largest as f64).max(*smallest as f64) + 1.0, "{miss} of {total}");
        }
    }
}
