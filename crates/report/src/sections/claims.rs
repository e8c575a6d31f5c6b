//! What was claimed before the first run, and what became of it.

use crate::claims::answer;
use crate::document::{Cell, Section, Table};
use crate::score::LEAST_SEEDS;
use crate::view::View;
use cloze_foundation::Result;

pub(super) fn section(view: &View) -> Result<Option<Section>> {
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for claim in &view.plan.claims {
        let found = answer(view, &claim.check)?;
        let words = found.answer.words();
        rows.push(vec![
            Cell::plain(&claim.says),
            Cell::plain(claim.check.to_string()),
            Cell::plain(words),
        ]);
        points.push(format!("“{}” {words}: {}.", claim.says, found.why));
    }
    let lead = format!(
        "Written down before the first run, so no claim is corrected for the others. Tests are two-sided at 5 %; two arms \
         differ where the paired t test or the exact test says so. Nothing is said from fewer than {LEAST_SEEDS} seeds, and a \
         claim does not hold only where a test speaks against it."
    );
    Ok((!rows.is_empty()).then(|| Section {
        lead: vec![lead],
        table: Some(Table::new(
            "What was claimed before the first run",
            ["claim", "check", "answer"],
            rows,
        )),
        points,
        brief: true,
        ..Section::new("Claims")
    }))
}
