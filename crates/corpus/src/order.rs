//! Batch order: a keyed permutation with random access, so that nothing about the position in the data is saved.

use cloze_foundation::{Draw, draw::mix};

/// Rounds of the Feistel network. Four give a pseudo-random permutation of a large domain (Luby & Rackoff 1988); small
/// domains need more.
const ROUNDS: u64 = 10;

/// The order in which a run sees the windows of a shard: for each epoch a permutation keyed by (seed, epoch).
/// Every arm with the same seed sees the same text in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOrder {
    /// The run's seed.
    pub seed: u64,
    /// Windows in the shard; at least 1.
    pub windows: u64,
}

impl BatchOrder {
    /// The window seen at `position`, counted from 0 over all epochs.
    ///
    /// A balanced Feistel network permutes the smallest power of four that holds all windows; a value beyond the last
    /// window is sent through again until it is one (cycle walking: Black & Rogaway 2002, "Ciphers with Arbitrary
    /// Finite Domains"), on average fewer than four times.
    ///
    /// # Panics
    /// If there is no window.
    pub fn window(&self, position: u64) -> u64 {
        assert!(self.windows > 0, "a batch order over no windows");
        let epoch = Draw::new(self.seed, "batch order").step(self.epoch(position));
        let keys: [u64; ROUNDS as usize] = std::array::from_fn(|round| epoch.example(round as u64).seed());
        let bits = u64::BITS - (self.windows - 1).leading_zeros();
        let half = bits.div_ceil(2).max(1);
        let mut window = position % self.windows;
        loop {
            window = feistel(window, half, &keys);
            if window < self.windows {
                return window;
            }
        }
    }

    /// The epoch of a position, counted from 0.
    ///
    /// # Panics
    /// If there is no window.
    pub fn epoch(&self, position: u64) -> u64 {
        position / self.windows
    }
}

/// A bijection on the numbers of `2 * half` bits.
fn feistel(value: u64, half: u32, keys: &[u64]) -> u64 {
    let low_bits = (1u64 << half) - 1;
    let (mut left, mut right) = (value >> half, value & low_bits);
    for key in keys {
        // The high bits of the mixed number are as good as any; a half is at most 32 bits.
        (left, right) = (right, left ^ (mix(right ^ key) >> (u64::BITS - half)));
    }
    left << half | right
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn every_epoch_shows_every_window_once(seed: u64, windows in 1u64..400, epoch in 0u64..1000) {
            let order = BatchOrder { seed, windows };
            let seen: BTreeSet<u64> = (0..windows).map(|place| order.window(epoch * windows + place)).collect();
            prop_assert_eq!(seen, (0..windows).collect::<BTreeSet<_>>());
        }

        #[test]
        fn no_shard_is_too_large(seed: u64, windows in 1u64.., position: u64) {
            let window = BatchOrder { seed, windows }.window(position);
            prop_assert!(window < windows);
        }
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let epoch = |seed, epoch: u64| -> Vec<u64> {
            let order = BatchOrder { seed, windows: 100 };
            (0..100).map(|place| order.window(epoch * 100 + place)).collect()
        };
        assert_eq!(epoch(1, 0), epoch(1, 0));
        assert_ne!(epoch(1, 0), epoch(1, 1));
        assert_ne!(epoch(1, 0), epoch(2, 0));
        assert_ne!(epoch(1, 0), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_window_is_uniform_over_seeds() {
        // Chi-square with 10 degrees of freedom: 29.6 is its 0.1 % point.
        let windows = 11;
        let draws = 11_000u64;
        let mut counts = vec![0f64; windows as usize];
        for seed in 0..draws {
            counts[BatchOrder { seed, windows }.window(0) as usize] += 1.0;
        }
        let expected = draws as f64 / windows as f64;
        let statistic: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
        assert!(statistic < 29.6, "{statistic}: {counts:?}");
    }

    #[test]
    fn neighbours_in_the_text_are_not_neighbours_in_the_order() {
        let order = BatchOrder {
            seed: 3,
            windows: 10_000,
        };
        let adjacent = (1..10_000u64)
            .filter(|place| order.window(*place) == order.window(place - 1) + 1)
            .count();
        // One is expected by chance.
        assert!(adjacent < 8, "{adjacent}");
    }
}
