//! The parts of a task, arms side by side, the easiest part first.

use super::of_many;
use super::scores::{arrow, by};
use crate::chance::against;
use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::score::{HALF_WIDTH, Score, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use std::cmp::Ordering;

pub(super) fn section(study: &Study, scored: &Scored, field: &Field) -> Result<Option<Section>> {
    let (whole, arms) = (&scored.score, study.shown_of(field));
    let parts = study.by_difficulty(whole, &arms)?;
    if parts.is_empty() || arms.is_empty() {
        return Ok(None);
    }
    let mut rows: Vec<Vec<Cell>> = parts
        .iter()
        .map(|part| vec![Cell::plain(readable(part.part().unwrap_or_default()))])
        .collect();
    let mut totals = vec![Cell::plain("above chance")];
    for arm in &arms {
        let asked: Vec<(&Score, usize)> = parts.iter().map(|part| (part, *arm)).collect();
        let sides = against(study.view, &asked, 0)?;
        let above = sides.iter().flatten().filter(|one| one.side == Some(Ordering::Greater));
        totals.push(Cell::plain(format!("{} of {}", above.count(), parts.len())));
        for ((row, part), one) in rows.iter_mut().zip(&parts).zip(sides) {
            row.push(Cell::optional(
                one.map(|one| part.half_width(&one.found) + arrow(one.side)),
            ));
        }
    }
    let mut lead = vec![HALF_WIDTH.to_owned()];
    if whole.chance().is_some() {
        rows.push(totals);
        lead.push(format!(
            "↑ above chance, ↓ below it, after Holm's correction over the phenomena of an arm; {}.",
            by(study.view.answers.has(whole))
        ));
    }
    lead.extend(of_many(study));
    let columns = ["phenomenon".to_owned()]
        .into_iter()
        .chain(arms.iter().map(|arm| study.marked(*arm)));
    let chance = whole.chance().map(|chance| format!("; chance {}", whole.text(chance)));
    let caption = field.titled(&whole.label()) + &chance.unwrap_or_default();
    let name = field.titled(&format!("{} {} by phenomenon", whole.task, whole.metric));
    Ok(Some(Section {
        lead,
        table: Some(Table::new(&name, caption, columns, rows)),
        topic: Some(Topic::Parts),
        ..Section::new(field.titled(&format!("{} by phenomenon", whole.title())))
    }))
}
