//! The leading score of every task against the masking rate.

use super::panel::{Panel, Range, grid};
use super::profile::{Step, band, heights, mean};
use super::scene::{Scene, Shape};
use super::style::{begin, finish, legend, look};
use crate::measure::Measure;
use crate::view::{BySeed, View, summary};
use cloze_foundation::Result;

/// One curve: arms that differ in their rate only.
struct Series {
    name: String,
    /// Rate in percent and the arm at it, by rate.
    arms: Vec<(f64, usize)>,
}

/// One panel per task; none without at least two rates of one series.
pub(crate) fn scene(view: &View) -> Result<Option<Scene>> {
    let series = series(view);
    let measures = view.headlines();
    if series.is_empty() || measures.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
    let (mut scene, mut top) = begin("Score against the masking rate");
    if names.len() > 1 {
        top += legend(&mut scene, top, &names);
    }
    let columns = measures.len().min(2);
    let height = 280.0;
    let (places, bottom) = grid(measures.len(), columns, top, height);
    let mut rates: Vec<f64> = series
        .iter()
        .flat_map(|series| series.arms.iter().map(|(rate, _)| *rate))
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    for (measure, (left, top, wide)) in measures.iter().zip(places) {
        let finals = view.finals(measure)?;
        let curves = series
            .iter()
            .map(|series| steps(series, &finals, measure))
            .collect::<Result<Vec<_>>>()?;
        let chance = measure.chance().map(|chance| chance * measure.scale());
        let spread = series.iter().flat_map(|series| dots(series, &finals, measure));
        let y = Range::around(
            curves
                .iter()
                .flat_map(|steps| heights(steps))
                .chain(spread.map(|dot| dot.1))
                .chain(chance),
        );
        let mut x = Range::around(rates.iter().copied());
        x.low -= 0.1 * (x.high - x.low); // room for the word at the line of chance
        let panel = Panel {
            left,
            top,
            right: left + wide,
            bottom: top + height,
            x,
            y,
        };
        panel.frame(
            &mut scene,
            &measure.title(),
            "masking rate (% of tokens)",
            &measure.label(),
            &rates,
        );
        panel.chance(&mut scene, chance, rates[0]);
        for (place, steps) in curves.iter().enumerate() {
            band(&mut scene, &panel, steps, look(place));
        }
        for (place, (series, steps)) in series.iter().zip(&curves).enumerate() {
            mean(&mut scene, &panel, steps, look(place));
            for (rate, value) in dots(series, &finals, measure) {
                // Beside the mean's symbol, so that neither hides the other.
                let (x, y) = panel.at(rate, value);
                scene.symbol((x + 8.0, y), Shape::Circle, 2.6, look(place).colour, false);
            }
        }
    }
    let caption = "Line with symbols: mean over seeds. Band: Student's t 95 % interval of the mean. Open circles, a little to \
                   the right of their rate: single seeds. Dotted line: chance.";
    Ok(Some(finish(scene, bottom, caption.to_owned())))
}

fn series(view: &View) -> Vec<Series> {
    let mut found: Vec<Series> = Vec::new();
    for (place, arm) in view.arms.iter().enumerate() {
        let Some(rate) = arm.rate else { continue };
        // Percent, without the rounding error of 0.07 * 100.
        let point = ((rate * 1e8).round() / 1e6, place);
        match found.iter_mut().find(|series| series.name == arm.series) {
            Some(series) => series.arms.push(point),
            None => found.push(Series {
                name: arm.series.clone(),
                arms: vec![point],
            }),
        }
    }
    found
        .iter_mut()
        .for_each(|series| series.arms.sort_by(|a, b| a.0.total_cmp(&b.0)));
    found.retain(|series| series.arms.len() > 1);
    found
}

fn steps(series: &Series, finals: &[BySeed], measure: &Measure) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for (rate, arm) in &series.arms {
        let shown: BySeed = finals[*arm]
            .iter()
            .map(|(seed, value)| (*seed, value * measure.scale()))
            .collect();
        if let Some(found) = summary(&shown)? {
            steps.push(Step { x: *rate, found });
        }
    }
    Ok(steps)
}

fn dots<'a>(series: &'a Series, finals: &'a [BySeed], measure: &Measure) -> impl Iterator<Item = (f64, f64)> + 'a {
    let scale = measure.scale();
    series
        .arms
        .iter()
        .flat_map(move |(rate, arm)| finals[*arm].values().map(move |value| (*rate, value * scale)))
}
