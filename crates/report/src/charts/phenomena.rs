//! The leading score by phenomenon and arm: a row for each phenomenon, the easiest first, in it every arm with its interval.

use super::profile::shown;
use crate::chance::{Against, against};
use crate::figure::{Dot, Figure, Panel, Scale, look};
use crate::ground::Field;
use crate::score::{LEAST_SEEDS, Score, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_stats::Interval;

/// So high are the rows together, and so many there are at least: of more phenomena some are drawn.
const MOST_PIXELS: f64 = 1_200.0;
const LEAST_ROWS: usize = 4;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let mut scores = study.scores.iter();
    let has_phenomena = |scored: &&Scored| {
        study
            .view
            .parts(&scored.score)
            .iter()
            .any(|part| part.layer().is_none())
    };
    let Some(scored) = scores.find(has_phenomena) else {
        return Ok(Err("no evaluation of this experiment has parts".to_owned()));
    };
    let whole = &scored.score;
    let title = format!("{} by phenomenon", whole.title());
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new(title, 1, 0.0).legend(names);
    let mut left_out = false;
    for field in &scored.fields {
        let (drawn, cut) = panel(study, scored, field)?;
        drawn.into_iter().for_each(|panel| figure.panel(panel));
        left_out |= cut;
    }
    let bar = if study.view.answers.has(whole) {
        "Bar: the interval over seeds and items."
    } else {
        "Bar: the t interval over seeds, from three seeds on."
    };
    figure.say(format!(
        "Large symbol: mean over seeds, filled where it is established to be above or below chance (Holm's correction over \
         the phenomena of an arm), open where it is not. {bar} Small circles: single seeds. The easiest phenomenon is on top."
    ));
    if study.view.ceiling(whole, &study.shown).is_some() {
        figure.say("Line across a row: its ceiling, the best possible score.");
    }
    if left_out {
        figure.say("Not every phenomenon has room here: some are drawn, spread from the easiest to the hardest; all are in the table.");
    }
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}

/// The panel of a field, and whether something was left out.
fn panel(study: &Study, scored: &Scored, field: &Field) -> Result<(Option<Panel>, bool)> {
    let whole = &scored.score;
    let arms = study.shown_of(field);
    let all = study.by_difficulty(whole, &arms)?;
    if all.is_empty() {
        return Ok((None, false));
    }
    let room = (MOST_PIXELS / Panel::row_height(arms.len())) as usize;
    let parts: Vec<Score> = spread(&all, room.max(LEAST_ROWS)).cloned().collect();
    let names = parts
        .iter()
        .map(|part| readable(part.part().unwrap_or_default()))
        .collect();
    let title = field.name.clone().unwrap_or_default();
    let mut panel = Panel::rows(title, names, arms.len(), Scale::around(whole.label()));
    panel.chance(whole.chance().map(|chance| chance * whole.scale()));
    for (row, part) in parts.iter().enumerate() {
        let ceiling = study.view.ceiling(part, &arms);
        ceiling
            .into_iter()
            .for_each(|ceiling| panel.level(row, ceiling * whole.scale()));
    }
    for (slot, arm) in arms.iter().enumerate() {
        let asked: Vec<(&Score, usize)> = parts.iter().map(|part| (part, *arm)).collect();
        for (row, one) in against(study.view, &asked, 0)?.into_iter().enumerate() {
            let Some(one) = one else { continue };
            let values = study.view.final_of(&parts[row], *arm)?;
            let dot = Dot {
                value: one.found.mean * whole.scale(),
                is_filled: one.side.is_some() || whole.chance().is_none(),
                intervals: interval(&one)
                    .map(|interval| shown(whole, interval))
                    .into_iter()
                    .collect(),
                seeds: values.values().map(|value| value * whole.scale()).collect(),
            };
            panel.dots(look(study.place(*arm)), (row, slot), &dot);
        }
    }
    Ok((Some(panel), parts.len() < all.len()))
}

/// At most so many of some things, spread over all, the first and the last among them.
pub(super) fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = all.len().min(most);
    (0..count).map(move |place| &all[place * (all.len() - 1) / (count.max(2) - 1)])
}

/// Over seeds and items where these are there.
fn interval(one: &Against) -> Option<Interval> {
    let over_items = one.items.map(|items| Interval {
        low: items.lo,
        high: items.hi,
    });
    over_items.or(one.found.interval.filter(|_| one.found.n >= LEAST_SEEDS))
}
