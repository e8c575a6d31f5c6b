//! What was claimed, before the first run or later, and what became of it.

use crate::claims::answer;
use crate::document::{Cell, Section, Table};
use crate::history::{self, Claims};
use crate::score::LEAST_SEEDS;
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::Claim;

pub(super) fn sections(study: &Study) -> Result<Vec<Section>> {
    let Claims { before, later, dropped } = history::claims(study.view);
    let tests = match &study.view.decisions {
        None => {
            ", so no claim is corrected for the others. Tests are two-sided at 5 %; two arms differ where the t test or the exact test \
             says so, and where items were kept resampling of seeds and items too."
        }
        Some(_) => {
            ". Arms were trained until they were decided: two of them differ where t has reached its boundary at a look, of which \
             every comparison that was planned has its share of the 5 %, and where items were kept resampling of seeds and items says \
             so too. Tests against chance are two-sided at 5 %, each by itself."
        }
    };
    let lead = format!(
        "Written down before the first run{tests} Nothing is said from fewer than {LEAST_SEEDS} seeds, and a claim does not hold only \
         where a test speaks against it."
    );
    let history = &study.view.history;
    let why = match history.plans.first().and_then(|first| first.ended) {
        _ if !history.knows_the_first() => {
            "The first plan is lost, so nobody can say that these stood in it".to_owned()
        }
        None => "When the first plan was frozen is not known".to_owned(),
        Some(0) => "These were not in the first plan".to_owned(),
        Some(ended) => format!("The first plan was frozen after {ended} of its runs had ended"),
    };
    let after = format!(
        "{why}: they may have been made in the knowledge of results, and what they say is then no test of them."
    );
    let mut found = Vec::new();
    found.extend(section(
        study,
        "Claims",
        "What was claimed before the first run",
        lead,
        &before,
    )?);
    found.extend(section(
        study,
        "Claims that were added",
        "What was claimed after the first plan",
        after,
        &later,
    )?);
    let gone =
        "An earlier plan has these and the present one has not. They are answered all the same: a claim that is taken \
                back when results are known is not undone by that."
            .to_owned();
    found.extend(section(
        study,
        "Claims that were dropped",
        "What was claimed and is not any more",
        gone,
        &dropped,
    )?);
    Ok(found)
}

fn section(study: &Study, heading: &str, caption: &str, lead: String, claims: &[&Claim]) -> Result<Option<Section>> {
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for claim in claims {
        let found = answer(study.view, &claim.check)?;
        let words = found.answer.words();
        rows.push(vec![
            Cell::plain(&claim.says),
            Cell::plain(claim.check.to_string()),
            Cell::plain(words),
        ]);
        points.push(format!("“{}” {words}: {}.", claim.says, found.why));
    }
    Ok((!rows.is_empty()).then(|| Section {
        lead: vec![lead],
        table: Some(Table::new(heading, caption, ["claim", "check", "answer"], rows).spare(&["check"])),
        points,
        brief: true,
        ..Section::new(heading)
    }))
}
