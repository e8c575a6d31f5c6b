//! One arm along training: mean and interval over seeds at every judgement.

use super::Axis;
use super::panel::Panel;
use super::scene::{Scene, Spot};
use super::style::Look;
use crate::view::{CONFIDENCE, Curves};
use cloze_foundation::Result;
use cloze_stats::{Summary, summarise};

/// The k-th judgement of an arm. Runs are judged at equal shares of their budget, so judgements correspond by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Mean over seeds of the budget axis.
    pub x: f64,
    /// In shown units.
    pub found: Summary,
}

/// Every judgement of an arm.
pub(crate) fn profile(curves: &Curves, axis: Axis, scale: f64) -> Result<Vec<Step>> {
    let longest = curves.values().map(Vec::len).max().unwrap_or_default();
    let mut steps = Vec::with_capacity(longest);
    for k in 0..longest {
        let points: Vec<_> = curves.values().filter_map(|points| points.get(k)).collect();
        let values: Vec<f64> = points.iter().map(|point| point.value * scale).collect();
        let x = points.iter().map(|point| (axis.take)(&point.spent)).sum::<f64>() / points.len() as f64;
        steps.push(Step {
            x,
            found: summarise(&values, CONFIDENCE)?,
        });
    }
    Ok(steps)
}

/// Everything that a chart of `steps` must have room for.
pub(crate) fn heights(steps: &[Step]) -> impl Iterator<Item = f64> {
    steps.iter().flat_map(|step| {
        let ends = step
            .found
            .interval
            .map_or([step.found.mean; 2], |interval| [interval.low, interval.high]);
        [step.found.mean, ends[0], ends[1]]
    })
}

/// The interval as an area, where there is one.
pub(crate) fn band(scene: &mut Scene, panel: &Panel, steps: &[Step], look: Look) {
    let within: Vec<_> = steps
        .iter()
        .filter_map(|step| Some((step.x, step.found.interval?)))
        .collect();
    let mut outline: Vec<Spot> = within.iter().map(|(x, interval)| panel.at(*x, interval.high)).collect();
    outline.extend(within.iter().rev().map(|(x, interval)| panel.at(*x, interval.low)));
    scene.area(outline, look.colour, 0.18);
    let edges: [Vec<Spot>; 2] = [
        within.iter().map(|(x, interval)| panel.at(*x, interval.high)).collect(),
        within.iter().map(|(x, interval)| panel.at(*x, interval.low)).collect(),
    ];
    edges
        .into_iter()
        .for_each(|edge| scene.line(edge, look.colour, 0.25, None));
}

/// The mean as a line with a symbol at every judgement.
pub(crate) fn mean(scene: &mut Scene, panel: &Panel, steps: &[Step], look: Look) {
    let spots: Vec<Spot> = steps.iter().map(|step| panel.at(step.x, step.found.mean)).collect();
    scene.line(spots.clone(), look.colour, 2.2, look.dash);
    spots
        .into_iter()
        .for_each(|spot| scene.symbol(spot, look.shape, 4.0, look.colour, true));
}
