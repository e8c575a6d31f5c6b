//! Scores of series of arms over what they differ in.

use super::profile::{hold, shown};
use crate::curves::over_seeds;
use crate::figure::{Estimate, Panel, look};
use crate::ground::Field;
use crate::study::{Scored, Study};
use crate::sweep::Series;
use cloze_foundation::Result;

/// Pixels between the bars of two series at one place.
const ASIDE: f64 = 6.0;

/// What the marks mean.
pub(super) const MARKS: &str = "Line with symbols: mean over seeds. Bar: Student's t 95 % interval of the mean, from three seeds on. \
    Where arms share their seeds the bars are not independent, and the comparisons are paired. Open circles, a little to the right of \
    their place: single seeds. Dotted lines: chance and the ceiling, or the loss of word frequencies and the best possible one.";

/// The panel with every series in it; `at` is where on the x axis a value stands, and each series comes with the place of its look.
pub(super) fn over(
    study: &Study,
    scored: &Scored,
    mut panel: Panel,
    field: &Field,
    series: &[(usize, &Series)],
    at: fn(f64) -> f64,
) -> Result<Panel> {
    let (score, scale) = (&scored.score, scored.score.scale());
    hold(&mut panel, study, score, &field.arms);
    for (place, (look_of, series)) in series.iter().enumerate() {
        let look = look(*look_of);
        let mut estimates = Vec::new();
        for (value, arm) in &series.arms {
            if let Some(found) = over_seeds(&scored.finals[*arm])? {
                let mut estimate = Estimate::new(at(*value), &found);
                estimate.mean *= scale;
                estimate.interval = estimate.interval.map(|interval| shown(score, interval));
                estimates.push(estimate);
            }
        }
        panel.bars(look, &estimates, ASIDE * place as f64);
        panel.means(look, &estimates);
        let of_arm = |(value, arm): &(f64, usize)| {
            let x = at(*value);
            scored.finals[*arm].values().map(move |value| (x, value * scale))
        };
        panel.seeds(look, series.arms.iter().flat_map(of_arm).collect());
    }
    Ok(panel)
}
