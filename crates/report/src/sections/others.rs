//! Scores that nothing is led by: further scoring rules, other answerers, ties. One table for each unit.

use super::of_many;
use crate::curves::over_seeds;
use crate::document::{Cell, Section, Table};
use crate::score::HALF_WIDTH;
use crate::study::Study;
use cloze_foundation::Result;

pub(super) fn sections(study: &Study) -> Result<Vec<Section>> {
    let mut units: Vec<(&'static str, Vec<Vec<Cell>>)> = Vec::new();
    for score in study.view.others() {
        let finals = study.view.finals(&score)?;
        if study.shown.iter().all(|arm| finals[*arm].is_empty()) {
            continue;
        }
        let mut row = vec![Cell::plain(score.title())];
        for arm in &study.shown {
            row.push(Cell::optional(
                over_seeds(&finals[*arm])?.map(|found| score.half_width(&found)),
            ));
        }
        match units.iter_mut().find(|(unit, _)| *unit == score.unit()) {
            Some((_, rows)) => rows.push(row),
            None => units.push((score.unit(), vec![row])),
        }
    }
    let table = |(unit, rows): (&'static str, Vec<Vec<Cell>>)| {
        let columns = ["score"]
            .into_iter()
            .chain(study.shown.iter().map(|arm| study.name(*arm)));
        let caption = format!("Further scoring rules, answerers and ties ({unit})");
        let mut lead = vec![
            HALF_WIDTH.to_owned(),
            "What is in brackets answered in place of the judged encoder itself; nothing here is compared or tested."
                .to_owned(),
        ];
        lead.extend(of_many(study));
        Section {
            lead,
            table: Some(Table::new(&format!("others {unit}"), caption, columns, rows)),
            ..Section::new(format!("Other scores ({unit})"))
        }
    };
    Ok(units.into_iter().map(table).collect())
}
