//! What the runs used, on every axis.

use crate::document::{Cell, Section, Table};
use crate::number;
use crate::view::{BySeed, View, over_seeds};
use cloze_foundation::Result;
use cloze_schema::AXES;

pub(super) fn section(view: &View) -> Result<Section> {
    let mut rows = Vec::new();
    for arm in &view.arms {
        let mut row = vec![Cell::plain(&arm.name), Cell::plain(arm.spent.len().to_string())];
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
    let lead = format!(
        "Equal for every arm: {}. Seconds are those of training and compare only within one machine.",
        view.equalised()
    );
    Ok(Section {
        lead: vec![lead],
        table: Some(Table::new(caption, columns, rows)),
        ..Section::new("Budgets")
    })
}
