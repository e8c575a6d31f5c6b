//! The leading score of every task against the masking rate: a curve for each series of arms that differ in it only.

use crate::figure::{Estimate, Figure, Panel, Scale, look};
use crate::sweep::series;
use crate::view::{View, over_seeds};
use cloze_foundation::Result;
use cloze_schema::chart::RATE;

pub(super) fn draw(view: &View) -> Result<Option<Figure>> {
    let (series, scores) = (series(&view.arms, RATE), view.headlines());
    let mut rates: Vec<f64> = series
        .iter()
        .flat_map(|series| &series.arms)
        .map(|(rate, _)| percent(*rate))
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    if rates.is_empty() || scores.is_empty() {
        return Ok(None);
    }
    let mut figure = Figure::new("Score against the masking rate", 2, 280.0).one_x();
    if series.len() > 1 {
        figure = figure.legend(series.iter().map(|series| series.name.as_str()));
    }
    for score in &scores {
        let (finals, scale) = (view.finals(score)?, score.scale());
        let x = Scale::around("masking rate (% of tokens)").ticks(rates.clone());
        let mut panel = Panel::new(score.title(), x, Scale::around(score.label()));
        panel.chance(score.chance().map(|chance| chance * scale));
        let mut curves = Vec::new();
        for series in &series {
            let mut estimates = Vec::new();
            for (rate, arm) in &series.arms {
                let shown = finals[*arm]
                    .iter()
                    .map(|(seed, value)| (*seed, value * scale))
                    .collect();
                estimates.extend(over_seeds(&shown)?.map(|found| Estimate::new(percent(*rate), &found)));
            }
            curves.push(estimates);
        }
        curves
            .iter()
            .enumerate()
            .for_each(|(place, estimates)| panel.band(look(place), estimates));
        for (place, (series, estimates)) in series.iter().zip(&curves).enumerate() {
            panel.means(look(place), estimates);
            let at = |(rate, arm): &(f64, usize)| {
                let rate = percent(*rate);
                finals[*arm].values().map(move |value| (rate, value * scale))
            };
            panel.seeds(look(place), series.arms.iter().flat_map(at).collect());
        }
        figure.panel(panel);
    }
    figure.say(
        "Line with symbols: mean over seeds. Band: Student's t 95 % interval of the mean. Open circles, a little to the right \
         of their rate: single seeds.",
    );
    if scores.iter().any(|score| score.chance().is_some()) {
        figure.say("Dotted line: chance.");
    }
    Ok(Some(figure))
}

/// Percent, without the rounding error of 0.07 * 100.
fn percent(rate: f64) -> f64 {
    (rate * 1e8).round() / 1e6
}
