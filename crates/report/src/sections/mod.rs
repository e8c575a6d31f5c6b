//! The sections of a report, each in a file of its own, in their fixed order.

pub(crate) mod best;
mod budgets;
mod claims;
mod comparisons;
mod coverage;
pub(crate) mod decisions;
mod ladder;
mod learnt;
pub(crate) mod models;
mod notes;
pub(crate) mod onset;
pub(crate) mod order;
mod others;
mod own_losses;
mod parts;
mod reliability;
mod samples;
mod scores;
pub(crate) mod tuning;

use crate::document::{Document, Section};
use crate::study::Study;
use crate::{facts, verdict};
use cloze_foundation::Result;
use std::collections::BTreeSet;

/// So many arms are listed with what they were tuned to.
const MOST_TUNED: usize = 40;

/// Everything that the report says; `undrawn`: which charts cannot be drawn, and why.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn document(study: &Study, undrawn: &[String]) -> Result<Document> {
    let view = study.view;
    let mut sections = vec![coverage::section(study, undrawn)];
    sections.extend(tuning::sections(study)?);
    sections.extend(decisions::section(study));
    sections.extend(claims::sections(study)?);
    for scored in &study.scores {
        for field in &scored.fields {
            sections.extend(scores::section(study, scored, field)?);
        }
        sections.extend(order::section(study, scored));
        sections.extend(best::section(study, scored)?);
        sections.extend(ladder::sections(study, scored)?);
        sections.extend(comparisons::section(study, scored)?);
        for field in &scored.fields {
            sections.extend(parts::sections(study, scored, field)?);
            sections.extend(learnt::section(study, scored, field)?);
        }
    }
    sections.extend(models::section(study));
    sections.extend(others::sections(study)?);
    sections.extend(reliability::section(study)?);
    sections.push(budgets::section(study)?);
    sections.extend(own_losses::section(study)?);
    sections.extend(onset::sections(study)?);
    sections.extend(samples::sections(study));
    sections.push(notes::section(study));
    name_apart(&mut sections);
    Ok(Document {
        title: view.plan.experiment.clone(),
        question: view.plan.question.clone(),
        cites: view.plan.cites.clone(),
        verdict: verdict::verdict(study)?,
        facts: facts::facts(view),
        sections,
    })
}

/// Gives tables of one name numbers, so that each has a file and a label.
fn name_apart(sections: &mut [Section]) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for table in sections.iter_mut().filter_map(|section| section.table.as_mut()) {
        let name = table.name.clone();
        let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
        table.name = names.find(|name| seen.insert(name.clone())).unwrap_or(name);
    }
}
