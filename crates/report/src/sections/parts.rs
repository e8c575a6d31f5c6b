//! The parts of a task, arms side by side.

use crate::document::{Cell, Section, Table, Topic};
use crate::score::{HALF_WIDTH, Score, readable};
use crate::view::{View, over_seeds};
use cloze_foundation::Result;
use std::cmp::Ordering;

pub(super) fn section(view: &View, whole: &Score) -> Result<Option<Section>> {
    let parts = view.parts(whole);
    if parts.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let mut above = vec![0_usize; view.arms.len()];
    for part in &parts {
        let mut row = vec![Cell::plain(readable(part.part().unwrap_or_default()))];
        for (values, above) in view.finals(part)?.iter().zip(&mut above) {
            let found = over_seeds(values)?;
            let side = found.as_ref().and_then(|found| part.side_of_chance(found));
            *above += usize::from(side == Some(Ordering::Greater));
            let arrow = match side {
                Some(Ordering::Greater) => "↑",
                Some(_) => "↓",
                None => "",
            };
            row.push(Cell::optional(found.map(|found| part.half_width(&found) + arrow)));
        }
        rows.push(row);
    }
    let mut lead = vec![HALF_WIDTH.to_owned()];
    if whole.chance().is_some() {
        let counts = above
            .iter()
            .map(|count| Cell::plain(format!("{count} of {}", parts.len())));
        rows.push([Cell::plain("above chance")].into_iter().chain(counts).collect());
        lead.push(
            "↑ the interval lies above chance, ↓ below it (each phenomenon by itself, without correction).".to_owned(),
        );
    }
    let columns = ["phenomenon"]
        .into_iter()
        .chain(view.arms.iter().map(|arm| arm.name.as_str()));
    let chance = whole.chance().map(|chance| format!("; chance {}", whole.text(chance)));
    let caption = format!("{}{}", whole.label(), chance.unwrap_or_default());
    Ok(Some(Section {
        lead,
        table: Some(Table::new(caption, columns, rows)),
        topic: Some(Topic::Parts),
        ..Section::new(format!("{} by phenomenon", whole.title()))
    }))
}
