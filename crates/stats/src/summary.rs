//! Mean, standard deviation and Student's t interval over seeds.

use crate::{check, student};
use cloze_foundation::Result;

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// What is known of the mean over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many seeds the numbers are over.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation with n - 1; one seed has none.
    pub sd: Option<f64>,
    /// Student's t interval of the mean; one seed has none.
    pub interval: Option<Interval>,
}

impl Summary {
    /// Two-sided p of the t test that the mean is `level`; none for one seed, nor where seeds do not differ: their spread is
    /// then not known to be nothing, it is not known.
    ///
    /// # Errors
    /// A level that is not finite.
    pub fn p(&self, level: f64) -> Result<Option<f64>> {
        check::finite("level", &[level])?;
        let spread = self.sd.filter(|sd| *sd > 8.0 * f64::EPSILON * self.mean.abs());
        let t = |sd: f64| (self.mean - level) / (sd / (self.n as f64).sqrt());
        spread.map(|sd| student::two_sided_p(self.n - 1, t(sd))).transpose()
    }

    /// The same where each value is the share of the same `items` that were right, so that the items are a sample as well. At `level`
    /// the mean over items has at most the variance `level (1 - level) / items`, which is added to that of the mean over seeds; the
    /// degrees of freedom are those of Satterthwaite (1946), with infinitely many for the added part. What seeds differ by holds some of
    /// it already: p is rather too large. None for one seed.
    ///
    /// # Errors
    /// A level outside (0, 1), or no items.
    pub fn p_over_items(&self, level: f64, items: usize) -> Result<Option<f64>> {
        check::share("level", level)?;
        check::finite("1 / items", &[1.0 / items as f64])?;
        let Some(sd) = self.sd else { return Ok(None) };
        let of_seeds = sd.powi(2) / self.n as f64;
        let variance = of_seeds + level * (1.0 - level) / items as f64;
        let degrees = (self.n - 1) as f64 * (variance / of_seeds.max(f64::MIN_POSITIVE)).powi(2);
        student::p(degrees.min(MOST_DEGREES), (self.mean - level) / variance.sqrt()).map(Some)
    }
}

/// So many degrees of freedom are as good as infinitely many.
const MOST_DEGREES: f64 = 1e6;

/// Summarises the values of one arm. The t interval holds its level with 3 seeds, where a percentile bootstrap that
/// says 95 % covers 74 %.
///
/// # Errors
/// An empty slice or a value that is not finite.
pub fn summarise(values: &[f64], confidence: f64) -> Result<Summary> {
    check::finite("values", values)?;
    check::share("confidence", confidence)?;
    let n = values.len();
    let mean = mean(values);
    if n == 1 {
        return Ok(Summary {
            n,
            mean,
            sd: None,
            interval: None,
        });
    }
    let sd = standard_deviation(values, mean);
    let half = student::two_sided_quantile(n - 1, confidence)? * sd / (n as f64).sqrt();
    Ok(Summary {
        n,
        mean,
        sd: Some(sd),
        interval: Some(Interval {
            low: mean - half,
            high: mean + half,
        }),
    })
}

/// Pearson's correlation; none for fewer than two pairs or where one side does not vary.
///
/// # Errors
/// Lengths that differ, or a value that is not finite.
pub fn correlation(first: &[f64], second: &[f64]) -> Result<Option<f64>> {
    check::pairs(first, second)?;
    let (mean_first, mean_second) = (mean(first), mean(second));
    let products: f64 = first
        .iter()
        .zip(second)
        .map(|(a, b)| (a - mean_first) * (b - mean_second))
        .sum();
    let spread = standard_deviation(first, mean_first) * standard_deviation(second, mean_second);
    if first.len() < 2 || spread == 0.0 {
        return Ok(None);
    }
    Ok(Some((products / spread / (first.len() - 1) as f64).clamp(-1.0, 1.0)))
}

/// The mean as an offset from the first value, so that equal values give exactly that value.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values[0] + values.iter().map(|value| value - values[0]).sum::<f64>() / values.len() as f64
}

/// With n - 1; 0 for a single value.
pub(crate) fn standard_deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len().max(2) - 1) as f64).sqrt()
}
