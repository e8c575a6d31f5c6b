//! What became of the plan since it was frozen first: a plan is a pre-registration, and a changed one says so.

use crate::view::View;
use cloze_schema::Claim;
use std::collections::BTreeSet;

/// That the plan was changed, and what the present one leaves out.
pub(crate) fn changes(view: &View) -> Vec<String> {
    let mut told = Vec::new();
    for (place, frozen) in view.history.iter().enumerate().skip(1) {
        let then = match frozen.ended {
            Some(0) => "before any run had ended".to_owned(),
            Some(1) => "after 1 run had ended".to_owned(),
            Some(ended) => format!("after {ended} runs had ended"),
            None => "at a time that was not written down".to_owned(),
        };
        let before = &view.history[place - 1].plan;
        let mut what = Vec::new();
        let ids = |runs: &[cloze_schema::PlannedRun<_>]| -> BTreeSet<String> {
            runs.iter().map(|run| run.id.clone()).collect()
        };
        let (old, new) = (ids(&before.runs), ids(&frozen.plan.runs));
        for (count, words) in [
            (new.difference(&old).count(), "added"),
            (old.difference(&new).count(), "dropped"),
        ] {
            if count > 0 {
                what.push(format!("{count} runs {words}"));
            }
        }
        if before.claims != frozen.plan.claims {
            what.push("claims changed".to_owned());
        }
        if before.report != frozen.plan.report {
            what.push("the report's wishes changed".to_owned());
        }
        let what = if what.is_empty() {
            "runs or data changed".to_owned()
        } else {
            what.join(", ")
        };
        told.push(format!("The plan changed {then}: {what}."));
    }
    let present: BTreeSet<&str> = view.plan.runs.iter().map(|run| run.id.as_str()).collect();
    let earlier = view.history.iter().flat_map(|frozen| &frozen.plan.runs);
    let outside: BTreeSet<&str> = earlier
        .map(|run| run.id.as_str())
        .filter(|id| !present.contains(id))
        .collect();
    if !outside.is_empty() {
        told.push(format!(
            "{} runs of earlier plans are outside the present plan, and nothing here is about them.",
            outside.len()
        ));
    }
    told
}

/// The claims of all plans.
pub(crate) struct Claims<'a> {
    /// In the first plan and in the present one.
    pub before: Vec<&'a Claim>,
    /// In the present one alone.
    pub later: Vec<&'a Claim>,
    /// In an earlier one, and not in the present one.
    pub dropped: Vec<&'a Claim>,
}

/// Which claims stand in which plans.
pub(crate) fn claims(view: &View) -> Claims<'_> {
    let first = view
        .history
        .first()
        .map(|frozen| frozen.plan.claims.as_slice())
        .unwrap_or_default();
    let (before, later) = view.plan.claims.iter().partition(|claim| first.contains(claim));
    let mut dropped: Vec<&Claim> = Vec::new();
    for claim in view.history.iter().flat_map(|frozen| &frozen.plan.claims) {
        if !view.plan.claims.contains(claim) && !dropped.contains(&claim) {
            dropped.push(claim);
        }
    }
    Claims { before, later, dropped }
}
