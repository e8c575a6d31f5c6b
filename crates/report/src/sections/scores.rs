//! A score of every arm.

use crate::compare::not_distinguishable_from_best;
use crate::document::{Cell, Section, Table, Topic};
use crate::score::Score;
use crate::view::{BySeed, View, over_seeds};
use cloze_foundation::Result;

pub(super) fn section(view: &View, score: &Score) -> Result<Section> {
    let finals = view.finals(score)?;
    let bold = not_distinguishable_from_best(&finals, score)?;
    let mut rows = Vec::new();
    let mut lone = false;
    for ((arm, values), bold) in view.arms.iter().zip(&finals).zip(bold) {
        let found = over_seeds(values)?;
        lone |= found.is_some_and(|found| found.n == 1);
        let mean = Cell::optional(found.map(|found| score.text(found.mean)));
        rows.push(vec![
            Cell::plain(&arm.name),
            Cell::plain(values.len().to_string()),
            Cell { bold, ..mean },
            Cell::optional(found.and_then(|found| found.sd).map(|sd| score.text(sd))),
            Cell::optional(
                found
                    .and_then(|found| found.interval)
                    .map(|found| score.interval(found)),
            ),
        ]);
    }
    let direction = if score.higher_is_better() {
        "higher is better"
    } else {
        "lower is better"
    };
    let chance = score.chance().map(|chance| format!(", chance {}", score.text(chance)));
    let caption = format!("{}; {direction}{}", score.label(), chance.unwrap_or_default());
    let mut lead = Vec::new();
    if finals.iter().all(BySeed::is_empty) {
        lead.push("No finished run has this score.".to_owned());
    }
    if lone {
        lead.push("An arm with one seed has no standard deviation and no interval.".to_owned());
    }
    Ok(Section {
        lead,
        table: Some(Table::new(
            caption,
            ["arm", "seeds", "mean", "SD", "95 % interval"],
            rows,
        )),
        brief: true,
        topic: Some(Topic::Score),
        ..Section::new(score.title())
    })
}
