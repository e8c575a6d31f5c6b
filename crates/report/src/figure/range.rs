//! The numbers that an axis holds.

/// The numbers on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
    /// Whether equal ways along it are equal ratios; both ends are then above 0.
    pub is_log: bool,
}

impl Range {
    /// The range of `values` and a margin, never empty.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return Self::between(0.0, 1.0);
        }
        let margin = if high > low {
            0.06 * (high - low)
        } else {
            (0.1 * high.abs()).max(1e-3)
        };
        Self::between(low - margin, high + margin)
    }

    /// From nothing to a little more than the largest of `values`.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let high = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self::between(0.0, if high > 0.0 { 1.05 * high } else { 1.0 })
    }

    /// The range of those of `values` that are above 0, and a margin, on a log scale.
    pub(super) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let logs = values.into_iter().filter(|value| *value > 0.0).map(f64::ln);
        let Self { low, high, .. } = Self::around(logs);
        Self {
            is_log: true,
            ..Self::between(low.exp().max(f64::MIN_POSITIVE), high.exp().min(f64::MAX))
        }
    }

    /// From one number to another; the first one may be the larger.
    pub(super) fn between(low: f64, high: f64) -> Self {
        let is_log = false;
        Self { low, high, is_log }
    }

    /// How far along it a number is: 0 at its low end, 1 at its high one.
    pub(super) fn along(&self, value: f64) -> f64 {
        match self.is_log {
            true => (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            false => (value - self.low) / (self.high - self.low),
        }
    }

    /// Round numbers inside the range, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.is_log {
            return self.log_ticks(wanted);
        }
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

impl Range {
    /// Powers of ten, all or some, and as much between them as is wanted.
    fn log_ticks(&self, wanted: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let ticks = |sizes: &[f64]| -> Vec<f64> {
            let apart = usize::try_from((last - first) / 8).unwrap_or_default() + 1;
            let all = (first..=last)
                .step_by(apart)
                .flat_map(|power| sizes.iter().map(move |size| size * 10f64.powi(power)));
            all.filter(|tick| (self.low..=self.high).contains(tick)).collect()
        };
        let few = [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0]].map(ticks);
        let enough = few.iter().find(|ticks| ticks.len() >= wanted.min(3));
        enough
            .cloned()
            .unwrap_or_else(|| Self::between(self.low, self.high).ticks(wanted))
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
        assert_eq!(Range::between(0.0, 105.0).ticks(4), [0.0, 50.0, 100.0]);
    }

    #[test]
    fn equal_ratios_are_equal_ways_on_a_log_scale() {
        let range = Range::log([0.0, 1e3, 8e3, 64e3]);
        let way = |from: f64, to: f64| range.along(to) - range.along(from);
        assert!((way(1e3, 8e3) - way(8e3, 64e3)).abs() < 1e-12 && range.along(1e3) > 0.0 && range.along(64e3) < 1.0);
        assert_eq!(range.ticks(4), [1e3, 3e3, 1e4, 3e4]);
        assert_eq!(Range::log([1e3, 1e6]).ticks(4), [1e3, 1e4, 1e5, 1e6]);
        for values in [vec![], vec![0.0], vec![5.0], vec![100.0, 101.0], vec![1e-300, 1e300]] {
            let range = Range::log(values);
            let ticks = range.ticks(4);
            assert!(range.low < range.high && !ticks.is_empty(), "{range:?}");
            assert!(
                ticks.iter().all(|tick| (0.0..=1.001).contains(&range.along(*tick))),
                "{range:?} {ticks:?}"
            );
        }
    }
}
