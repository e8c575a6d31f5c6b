//! One arm along training, and what its scores are held against.

use crate::curves::{CONFIDENCE, Curves, Point, judgements};
use crate::figure::{Estimate, Figure, Panel};
use crate::score::Score;
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::Axis;
use cloze_schema::metric::CEILING;
use cloze_stats::{Interval, summarise};

/// Mean and interval over seeds at every judgement; x is the mean over seeds of what was used.
///
/// # Errors
/// Values that are not finite; a view holds none.
pub(super) fn profile(curves: &Curves, axis: Axis, scale: f64) -> Result<Vec<Estimate>> {
    let mut estimates = Vec::new();
    for points in judgements(curves) {
        let values: Vec<f64> = points.iter().map(|point| point.value * scale).collect();
        let x = points.iter().map(|point| point.spent[axis]).sum::<f64>() / points.len() as f64;
        estimates.push(Estimate::new(x, &summarise(&values, CONFIDENCE)?));
    }
    Ok(estimates)
}

/// A judgement as a point of a chart.
pub(super) fn spot(point: &Point, axis: Axis, scale: f64) -> (f64, f64) {
    (point.spent[axis], point.value * scale)
}

/// `mlm (3 seeds)`, with spaces that do not break.
pub(super) fn with_seeds(name: &str, curves: &Curves) -> String {
    let seeds = if curves.len() == 1 {
        "1\u{a0}seed, no\u{a0}interval".to_owned()
    } else {
        format!("{}\u{a0}seeds", curves.len())
    };
    format!("{name} ({seeds})")
}

/// Draws what a score is held against: chance and the best possible score, or for a loss that of word frequencies and the best
/// possible one.
pub(super) fn hold(panel: &mut Panel, study: &Study, score: &Score, arms: &[usize]) {
    panel.chance(score.chance().map(|chance| chance * score.scale()));
    let ceiling = study.view.ceiling(score, arms);
    ceiling
        .into_iter()
        .for_each(|ceiling| panel.reference(CEILING, ceiling * score.scale()));
    if score.unit() == Score::NATS {
        levels(panel, study, &score.task, arms);
    }
}

/// The two levels of a loss.
pub(super) fn levels(panel: &mut Panel, study: &Study, task: &str, arms: &[usize]) {
    let levels = study.view.levels(task, arms);
    for (name, level) in [("word frequencies", levels.unigram), ("best possible", levels.best)] {
        level.into_iter().for_each(|level| panel.reference(name, level));
    }
}

/// Says what the dotted lines are.
pub(super) fn say_held(figure: &mut Figure, study: &Study, score: &Score) {
    if study.view.ceiling(score, &study.shown).is_some() {
        figure.say("Dotted lines: chance, and the ceiling, which is the best possible score.");
    } else if score.chance().is_some() {
        figure.say("Dotted line: chance.");
    } else if score.unit() == Score::NATS {
        figure.say("Dotted lines, where they are known: the loss of word frequencies, and the best possible one.");
    }
}

/// An interval in the unit that is shown, within what a share can be.
pub(super) fn shown(score: &Score, interval: Interval) -> Interval {
    let scale = score.scale();
    let (low, high) = (interval.low * scale, interval.high * scale);
    if score.unit() == "%" {
        Interval {
            low: low.max(0.0),
            high: high.min(100.0),
        }
    } else {
        Interval { low, high }
    }
}
