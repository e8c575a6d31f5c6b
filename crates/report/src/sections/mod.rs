//! The sections of a report, each in a file of its own, in their fixed order.

mod budgets;
mod claims;
mod comparisons;
mod coverage;
mod notes;
mod others;
mod own_losses;
mod parts;
mod scores;

use crate::document::Document;
use crate::view::View;
use cloze_foundation::Result;

/// Everything that the report says about `view`.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn document(view: &View) -> Result<Document> {
    let mut sections = vec![coverage::section(view)];
    sections.extend(claims::section(view)?);
    for score in view.headlines() {
        sections.push(scores::section(view, &score)?);
        sections.extend(comparisons::section(view, &score)?);
        sections.extend(parts::section(view, &score)?);
    }
    if let Some(score) = view.aggregate() {
        sections.push(scores::section(view, &score)?);
        sections.extend(comparisons::section(view, &score)?);
    }
    sections.extend(others::section(view)?);
    sections.push(budgets::section(view)?);
    sections.extend(own_losses::section(view)?);
    sections.push(notes::section(view));
    Ok(Document {
        title: view.plan.experiment.clone(),
        question: view.plan.question.clone(),
        cites: view.plan.cites.clone(),
        sections,
    })
}
