//! What the runs used, on every axis.

use crate::curves::{BySeed, over_seeds};
use crate::document::{Cell, Section, Table};
use crate::number;
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::{AXES, Axis};

pub(super) fn section(study: &Study) -> Result<Section> {
    let view = study.view;
    let mut rows = Vec::new();
    for place in &study.told {
        let arm = &view.arms[*place];
        let mut row = vec![
            Cell::plain(study.marked(*place)),
            Cell::plain(arm.spent.len().to_string()),
        ];
        for facts in AXES {
            let used: BySeed = arm
                .spent
                .iter()
                .map(|(seed, spent)| (*seed, spent[facts.axis]))
                .collect();
            row.push(Cell::optional(
                over_seeds(&used)?.map(|found| number::large(found.mean)),
            ));
        }
        rows.push(row);
    }
    let columns = ["arm", "seeds"]
        .into_iter()
        .chain(AXES.iter().map(|facts| facts.heading));
    let caption = "What a run used: mean over finished seeds (k = 10^3, M = 10^6, G = 10^9, T = 10^12, P = 10^15)";
    let mut lead = vec![format!(
        "{} Seconds are those of training and compare only within one machine.",
        view.equalised()
    )];
    let is_clock = view
        .arms
        .iter()
        .any(|arm| arm.settings.named.budget.equalise == Axis::Seconds);
    lead.extend(view.company(is_clock));
    lead.extend(study.of_told());
    Ok(Section {
        lead,
        table: Some(Table::new("budgets", caption, columns, rows).spare(&["seeds", "steps"])),
        ..Section::new("Budgets")
    })
}
