//! Held-out losses, which are no ranking.

use crate::document::{Cell, Section, Table, Topic};
use crate::view::{View, last, over_seeds};
use cloze_foundation::Result;

pub(super) fn section(view: &View) -> Result<Option<Section>> {
    let mut rows = Vec::new();
    for (arm, curves) in view.arms.iter().zip(&view.own_loss) {
        let Some(found) = over_seeds(&last(curves))? else {
            continue;
        };
        let digits = |value: f64| format!("{value:.3}");
        rows.push(vec![
            Cell::plain(&arm.name),
            Cell::plain(&arm.settings.named.objective),
            Cell::plain(found.n.to_string()),
            Cell::plain(digits(found.mean)),
            Cell::optional(found.sd.map(digits)),
        ]);
    }
    let lead = "Not a ranking: objectives differ in targets, masks and conditioning, so their losses are different \
                quantities. Use this to see whether a run has converged and how much seeds differ.";
    let columns = ["arm", "objective", "seeds", "mean", "SD"];
    Ok((!rows.is_empty()).then(|| Section {
        lead: vec![lead.to_owned()],
        table: Some(Table::new("Held-out loss under the arm's own objective", columns, rows)),
        topic: Some(Topic::OwnLoss),
        ..Section::new("Held-out losses")
    }))
}
