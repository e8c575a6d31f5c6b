//! Every arm against its baseline on one score.

use crate::compare::{ALPHA, Comparison, POWER};
use crate::decisions::{Decisions, bound};
use crate::document::{Cell, Section, Table};
use crate::number;
use crate::score::Score;
use crate::sentence::sentence;
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_stats::{Interval, detectable_effect, seeds_for_sign_flip, smallest_sign_flip_p};

/// A column: its heading, and its cell.
type Column<'a> = (&'static str, Box<dyn Fn(&Comparison) -> Option<String> + 'a>);

const OVER_ITEMS: &str = "over seeds and items";
const ITEMS_HOLM: &str = "p items, Holm";

pub(super) fn section(study: &Study, scored: &Scored) -> Result<Option<Section>> {
    let (view, score, found) = (study.view, &scored.score, &scored.compared);
    let told: Vec<&Comparison> = found.iter().filter(|one| study.is_told(one.arm)).collect();
    if told.is_empty() {
        return Ok(None);
    }
    let several = scored.has_several_baselines();
    let tested = |one: &Comparison, p: f64| (one.by.n > 1).then(|| number::p(p));
    let over_items = |one: &Comparison| {
        let items = one.items?;
        let (low, high) = (items.lo, items.hi);
        Some(score.interval(Interval { low, high }))
    };
    let mut columns: Vec<Column> = vec![
        (
            "arm",
            Box::new(|one| {
                let (name, baseline) = (study.marked(one.arm), study.marked(one.baseline));
                Some(if several {
                    format!("{name} against {baseline}")
                } else {
                    name.to_owned()
                })
            }),
        ),
        (
            "pairs",
            Box::new(|one| {
                let unpaired = if one.is_paired { "" } else { ", unpaired" };
                Some(format!("{}{unpaired}", one.by.n))
            }),
        ),
        ("Δ", Box::new(|one| Some(score.difference(one.by.delta)))),
        (
            "95 % interval",
            Box::new(|one| one.by.interval.map(|found| score.interval(found))),
        ),
        (OVER_ITEMS, Box::new(over_items)),
        (
            "Δ/SD",
            Box::new(|one| one.by.effect.map(|effect| format!("{effect:.2}"))),
        ),
        ("p exact", Box::new(|one| tested(one, one.exact))),
        ("p exact, Holm", Box::new(|one| tested(one, one.exact_holm))),
        ("p t, Holm", Box::new(|one| one.t_holm.map(number::p))),
        (ITEMS_HOLM, Box::new(|one| one.items_holm.map(number::p))),
        ("P(better)", Box::new(|one| Some(number::share(one.wins)))),
        ("r", Box::new(|one| one.by.correlation.map(number::share))),
    ];
    if told.iter().any(|one| one.look.is_some()) {
        // Those p are of a number of seeds that is fixed.
        columns.retain(|(heading, _)| !heading.starts_with("p exact") && !heading.starts_with("p t"));
        columns.push((
            "|t|",
            Box::new(|one| Some(format!("{:.2}", one.look?.standing.t?.abs()))),
        ));
        columns.push((
            "different from",
            Box::new(|one| Some(bound(one.look?.boundary?.different))),
        ));
        if told
            .iter()
            .any(|one| one.look.is_some_and(|look| look.standing.within.is_some()))
        {
            columns.push((
                "t of the margin",
                Box::new(|one| Some(format!("{:.2}", one.look?.standing.within?))),
            ));
            columns.push((
                "equivalent from",
                Box::new(|one| Some(bound(one.look?.boundary?.equivalent))),
            ));
        }
    }
    if told.iter().all(|one| one.items.is_none()) {
        columns.retain(|(heading, _)| ![OVER_ITEMS, ITEMS_HOLM].contains(heading));
    }
    let rows = told
        .iter()
        .map(|one| columns.iter().map(|(_, cell)| Cell::optional(cell(one))).collect());
    let against = if several {
        "its baseline"
    } else {
        study.name(told[0].baseline)
    };
    let pairs = if told.iter().all(|one| one.is_paired) {
        "paired differences by seed"
    } else {
        "differences"
    };
    let caption = format!("{}: {pairs}, arm minus {against}", score.label());
    let mut lead = match &view.decisions {
        Some(decisions) => vec![at_looks(decisions, score)],
        None => power(found)?,
    };
    let names_none = |one: &&Comparison| view.plan.report.wanted(study.name(one.arm)).is_none();
    if told.iter().any(names_none) {
        let whose = match view.plan.report.baselines.is_empty() {
            true => "",
            false => " for arms that name none",
        };
        let elsewhere = match scored.fields.len() > 1 {
            true => ", and among arms of other texts what stands there in its place",
            false => "",
        };
        lead.push(format!(
            "The experiment names no baseline{whose}: its first arm, {}, is taken{elsewhere}.",
            study.name(0)
        ));
    }
    lead.extend(study.mixtures(told.iter().flat_map(|one| [one.arm, one.baseline])));
    lead.extend(study.of_told());
    let name = format!("{} {} against {against}", score.task, score.metric);
    let table = Table::new(
        &name,
        caption,
        columns.iter().map(|(heading, _)| *heading),
        rows.collect(),
    );
    let mut points = Vec::new();
    for one in told {
        points.push(sentence(study, score, one, found.len())?);
    }
    Ok(Some(Section {
        lead,
        table: Some(table.spare(&[
            "r",
            "P(better)",
            "p exact",
            "Δ/SD",
            ITEMS_HOLM,
            "p exact, Holm",
            OVER_ITEMS,
        ])),
        points,
        brief: true,
        ..Section::new(format!("{} against {against}", score.title()))
    }))
}

/// How to read tests of arms that were trained until they were decided.
fn at_looks(decisions: &Decisions, score: &Score) -> String {
    let of = if (&score.task, &score.metric) == (&decisions.design.task, &decisions.design.metric) {
        "It decided when to stop."
    } else {
        "When to stop was decided by another score, so that a difference here may have had too few seeds."
    };
    format!(
        "{of} t is held against the boundaries of its last look, and the interval is the one that holds at all looks and for all \
         comparisons together."
    )
}

/// What the number of seeds can show at all.
fn power(found: &[Comparison]) -> Result<Vec<String>> {
    let paired = found.iter().filter(|one| one.is_paired);
    let pairs = paired.map(|one| one.by.n).max().unwrap_or_default();
    let needed = seeds_for_sign_flip(ALPHA, found.len())?;
    let mut lead = Vec::new();
    if pairs > 0 && pairs < needed {
        let (of, seeds) = (
            number::counted(found.len(), "comparison"),
            number::counted(pairs, "common seed"),
        );
        lead.push(format!(
            "With {seeds} the exact sign-flip test cannot give less than {}, so with {of} it can never be below 5 % \
             after Holm's correction: that takes {needed} seeds.",
            number::p_is(smallest_sign_flip_p(pairs))
        ));
    }
    if let Some(effect) = detectable_effect(pairs, POWER, ALPHA)? {
        lead.push(format!(
            "A single paired t test over {pairs} seeds finds a true difference of {effect:.1} standard deviations of the \
             differences with 80 % power."
        ));
    }
    Ok(lead)
}
