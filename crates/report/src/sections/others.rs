//! Scores that nothing is led by: further scoring rules, ties.

use crate::document::{Cell, Section, Table};
use crate::score::HALF_WIDTH;
use crate::view::{View, over_seeds};
use cloze_foundation::Result;

pub(super) fn section(view: &View) -> Result<Option<Section>> {
    let mut rows = Vec::new();
    for score in view.others() {
        let mut row = vec![Cell::plain(score.label())];
        for values in view.finals(&score)? {
            row.push(Cell::optional(
                over_seeds(&values)?.map(|found| score.half_width(&found)),
            ));
        }
        rows.push(row);
    }
    let columns = ["score"]
        .into_iter()
        .chain(view.arms.iter().map(|arm| arm.name.as_str()));
    Ok((!rows.is_empty()).then(|| Section {
        lead: vec![HALF_WIDTH.to_owned()],
        table: Some(Table::new("Further scoring rules and ties", columns, rows)),
        ..Section::new("Other scores")
    }))
}
