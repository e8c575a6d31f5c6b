//! From when on an arm is above chance on each part of a task, the easiest part first.

use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::learnt::{along, asked, first, is_told};
use crate::number;
use crate::score::{LEAST_SEEDS, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;

/// What stands where no judgement is above chance.
const NEVER: &str = "not reached";
/// What stands where some were, and the last one is not.
const LOST: &str = "not at the end";

pub(super) fn section(study: &Study, scored: &Scored, field: &Field) -> Result<Option<Section>> {
    let whole = &scored.score;
    let (parts, arms) = asked(study, scored, field)?;
    if !is_told(study) || parts.is_empty() || arms.is_empty() || whole.chance().is_none() {
        return Ok(None);
    }
    let mut rows: Vec<Vec<Cell>> = parts
        .iter()
        .map(|part| vec![Cell::plain(readable(part.part().unwrap_or_default()))])
        .collect();
    for arm in &arms {
        for (row, found) in rows.iter_mut().zip(along(study.view, &parts, *arm)?) {
            let is_known = found.iter().any(|one| one.p.is_some());
            let never = match found.iter().any(|one| one.is_above) {
                true => LOST,
                false => NEVER,
            };
            let said = first(&found).map_or_else(|| never.to_owned(), |one| number::large(one.tokens));
            row.push(Cell::optional(is_known.then_some(said)));
        }
    }
    let mut lead = vec![format!(
        "Tokens seen at the first judgement from which on an arm is above chance, at it and at every later one, after Holm's correction over \
         the phenomena of an arm; it was learnt at some time between the judgement before and this one. \u{201c}{NEVER}\u{201d}: no \
         judgement is above chance; \u{201c}{LOST}\u{201d}: some are, and the last one is not. Nothing is said of fewer than {LEAST_SEEDS} \
         seeds."
    )];
    lead.push(match study.view.answers.has(whole) {
        true => "Seeds and items are counted: at the end by resampling, before it by a t test whose variance is that of the seeds and \
                 that of as many items, since answers are kept item by item at the end alone."
            .to_owned(),
        false => "A t test over seeds decides, since answers were not kept item by item.".to_owned(),
    });
    lead.extend(study.of_shown());
    let columns = ["phenomenon".to_owned()]
        .into_iter()
        .chain(arms.iter().map(|arm| study.marked(*arm)));
    let caption = field.titled(&format!("{}: first above chance, in tokens", whole.title()));
    let name = field.titled(&format!("{} {} first above chance", whole.task, whole.metric));
    Ok(Some(Section {
        lead,
        table: Some(Table::new(&name, caption, columns, rows)),
        topic: Some(Topic::Learnt),
        ..Section::new(field.titled(&format!("{} by phenomenon: what is learnt when", whole.title())))
    }))
}
