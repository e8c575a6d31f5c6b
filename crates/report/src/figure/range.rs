//! The numbers that an axis holds.

/// The numbers on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// The range of `values` and a margin, never empty.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let margin = if high > low {
            0.06 * (high - low)
        } else {
            (0.1 * high.abs()).max(1e-3)
        };
        Self {
            low: low - margin,
            high: high + margin,
        }
    }

    /// From nothing to a little more than the largest of `values`.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let high = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self {
            low: 0.0,
            high: if high > 0.0 { 1.05 * high } else { 1.0 },
        }
    }

    /// Round numbers inside the range, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .map(|size| size * power)
            .into_iter()
            .find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = (
            (self.low / step).ceil() as i64,
            (self.high / step + 1e-9).floor() as i64,
        );
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_never_empty_and_its_ticks_are_round_and_inside() {
        for values in [
            vec![],
            vec![0.0],
            vec![3.0, 3.0],
            vec![-1e-9, 1e12],
            vec![f64::NAN, 2.0, 7.0],
        ] {
            for range in [Range::around(values.clone()), Range::from_zero(values)] {
                assert!(range.low < range.high, "{range:?}");
                let ticks = range.ticks(4);
                assert!(
                    !ticks.is_empty()
                        && ticks
                            .iter()
                            .all(|tick| range.low <= *tick && *tick <= range.high * 1.001)
                );
            }
        }
        assert_eq!(Range { low: 0.0, high: 105.0 }.ticks(4), [0.0, 50.0, 100.0]);
    }
}
