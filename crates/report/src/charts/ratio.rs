//! The leading score of every task against the masking rate: a curve for each series of arms that differ in it only.

use super::series::{MARKS, over};
use crate::figure::{Figure, Panel, Scale};
use crate::study::Study;
use crate::sweep::{Series, series};
use cloze_foundation::Result;
use cloze_schema::chart::RATE;

/// So many series are drawn.
const MOST_SERIES: usize = 12;
/// So many rates of a series are drawn.
const MOST_RATES: usize = 60;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let arms = &study.view.arms;
    let all = series(arms, RATE);
    let drawn: Vec<Series> = all.iter().take(MOST_SERIES).map(thinned).collect();
    let mut rates: Vec<f64> = drawn
        .iter()
        .flat_map(|series| &series.arms)
        .map(|(rate, _)| percent(*rate))
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    // A rate that changes along training is no number on this axis.
    let scheduled = arms
        .iter()
        .filter(|arm| arm.settings.at(RATE).is_some_and(|rate| rate.is_object()));
    let scheduled: Vec<&str> = scheduled.map(|arm| arm.name.as_str()).collect();
    let scheduled = (!scheduled.is_empty()).then(|| {
        let some = scheduled[..scheduled.len().min(6)].join(", ");
        let more = scheduled.len().saturating_sub(6);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("{some}{more}: their rate changes along training and has no place on this axis")
    });
    if rates.is_empty() || study.scores.is_empty() {
        let why = scheduled.unwrap_or_else(|| format!("no two arms with a score differ in a number at {RATE} only"));
        return Ok(Err(why));
    }
    let mut figure = Figure::new("Score against the masking rate", 1, 240.0).one_x();
    if drawn.len() > 1 {
        figure = figure.legend(drawn.iter().map(|series| series.name.as_str()));
    }
    for scored in &study.scores {
        for field in &scored.fields {
            let here: Vec<(usize, &Series)> = drawn
                .iter()
                .enumerate()
                .filter(|(_, series)| field.arms.contains(&series.arms[0].1))
                .collect();
            if !here.is_empty() {
                let title = field.titled(&scored.score.title());
                let x = Scale::around("masking rate (% of tokens)").ticks(rates.clone());
                figure.panel(over(
                    study,
                    scored,
                    Panel::new(title, x, Scale::around(scored.score.label())),
                    field,
                    &here,
                    percent,
                )?);
            }
        }
    }
    figure.say(MARKS);
    if all.len() > drawn.len() {
        figure.say(format!("{} more series are in table.csv.", all.len() - drawn.len()));
    }
    if drawn
        .iter()
        .zip(&all)
        .any(|(drawn, all)| drawn.arms.len() < all.arms.len())
    {
        figure.say(format!(
            "Of more than {MOST_RATES} rates some are drawn, spread over all; the others are in table.csv."
        ));
    }
    figure.say(
        scheduled
            .map(|scheduled| format!("Not drawn: {scheduled}."))
            .unwrap_or_default(),
    );
    Ok(Ok(figure))
}

/// A series with no more rates than can be told apart, the first and the last among them.
fn thinned(series: &Series) -> Series {
    let mut series = series.clone();
    let count = series.arms.len();
    if count > MOST_RATES {
        let spread = (0..MOST_RATES).map(|place| series.arms[place * (count - 1) / (MOST_RATES - 1)]);
        series.arms = spread.collect();
    }
    series
}

/// Percent, without the rounding error of 0.07 * 100.
fn percent(rate: f64) -> f64 {
    (rate * 1e8).round() / 1e6
}
