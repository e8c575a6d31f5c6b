//! Distances between positions as rows of a table: exact for near ones, in buckets that grow with the logarithm for far ones
//! (He et al. 2023, DeBERTaV3; microsoft/DeBERTa, `deberta/da_utils.py`: `make_log_bucket_dict`).

use crate::Positions;
use burn::tensor::Tensor;

/// Which row of a table of relative positions says how far a query stands behind a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative {
    /// S: the table has 2 S rows, of which S is that of no distance. Distances up to S / 2 have rows of their own.
    pub buckets: usize,
    /// The distance beyond which all are alike; at least S / 2 + 2, if there are any farther than S / 2.
    pub farthest: usize,
    /// Where each row of the batch stands.
    pub positions: Positions,
}

/// Relative positions as attention reads them: a table of theirs, and which of its rows is whose.
#[derive(Clone, Debug)]
pub struct Disentangled {
    /// `[2 S, 2 D]`, columns `[q | k]`, each split into heads: what positions ask of keys, and what they answer to queries.
    pub table: Tensor<2>,
    /// Which row is for which distance.
    pub relative: Relative,
}

impl Relative {
    /// Rows of the table.
    pub fn rows(&self) -> usize {
        2 * self.buckets
    }

    /// The row for a query that stands `distance` behind a key; below 0 it stands before it.
    pub fn row(&self, distance: i64) -> usize {
        let most = self.rows().saturating_sub(1) as i64;
        (self.bucket(distance) + self.buckets as i64).clamp(0, most) as usize
    }

    /// In 32-bit floats, as `make_log_bucket_position` of transformers (`modeling_deberta_v2.py`).
    fn bucket(&self, distance: i64) -> i64 {
        let (middle, far) = (self.buckets / 2, distance.unsigned_abs());
        if far <= middle as u64 {
            return distance;
        }
        let whole = (self.farthest.saturating_sub(1) as f64 / middle as f64) as f32;
        let part = (far as f32 / middle as f32).ln() / whole.ln();
        let steps = (part * middle.saturating_sub(1) as f32).ceil();
        // What is not a number, of a farthest distance that is not far, is 0.
        (steps as i64)
            .saturating_add(middle as i64)
            .saturating_mul(distance.signum())
    }

    /// The rows for distances within a window of `length` positions.
    pub fn within(&self, length: usize) -> std::ops::Range<usize> {
        let most = length.saturating_sub(1) as i64;
        self.row(-most)..self.row(most) + 1
    }

    /// Positions that a window may have, from 0 on.
    pub(crate) fn reach(&self) -> usize {
        match &self.positions {
            Positions::Counted(length) => *length,
            Positions::Given(positions) => positions.iter().max().map_or(0, |most| *most as usize + 1),
        }
    }

    /// How far the query in one row of the batch stands behind the key in another.
    pub(crate) fn distance(&self, query: usize, key: usize) -> i64 {
        let place = |row: usize| match &self.positions {
            Positions::Counted(length) => (row % length.max(&1)) as i64,
            Positions::Given(positions) => i64::from(positions[row]),
        };
        place(query) - place(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(buckets: usize, farthest: usize) -> Relative {
        let positions = Positions::Counted(farthest);
        Relative {
            buckets,
            farthest,
            positions,
        }
    }

    #[test]
    fn near_distances_are_exact_and_far_ones_share_buckets() {
        // `make_log_bucket_position(torch.arange(-16, 17), 8, 16)` of transformers 5.24.0.
        let wanted = [
            -8, -7, -7, -7, -7, -7, -7, -6, -6, -6, -5, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7,
            7, 7, 8,
        ];
        let known = relative(8, 16);
        let found: Vec<i64> = (-16..=16).map(|distance| known.bucket(distance)).collect();
        assert_eq!(found, wanted);
        // The table has no row 16: `torch.clamp(.., 0, 2 * 8 - 1)`.
        assert_eq!(
            [-16, -15, 0, 15, 16, 99].map(|distance| known.row(distance)),
            [0, 1, 8, 15, 15, 15]
        );
        assert_eq!(known.within(16), 1..16);
        assert_eq!(known.within(3), 6..11);
    }

    #[test]
    fn the_published_buckets_are_those_of_their_code() {
        // Sums of bucket times distance over the distances from 0 to 511, by the same function.
        for (buckets, farthest, sum) in SUMS {
            let known = relative(buckets, farthest);
            let found: i64 = (0..512).map(|distance| known.bucket(distance) * distance).sum();
            assert_eq!(found, sum, "{buckets} {farthest}");
            assert!((0..512).all(|distance| known.bucket(-distance) == -known.bucket(distance)));
        }
    }

    const SUMS: [(usize, usize, i64); 5] = [
        (256, 512, 27_457_213),
        (128, 512, 14_684_880),
        (32, 64, 6_401_679),
        (64, 128, 10_933_490),
        (16, 100, 2_446_972),
    ];

    #[test]
    fn nothing_is_no_distance() {
        let none = relative(4, 1);
        assert_eq!((none.within(0), none.within(1)), (4..5, 4..5));
        // Refused by who makes encoders; here it does not fail.
        assert!(none.row(i64::MAX) < 8 && none.row(i64::MIN) < 8);
        assert_eq!(relative(0, 0).row(3), 0);
    }
}
