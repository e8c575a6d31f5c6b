//! Every arm against its baseline on one score.

use crate::compare::{ALPHA, Comparison, POWER, against_baselines, sentence};
use crate::document::{Cell, Section, Table};
use crate::number;
use crate::score::Score;
use crate::view::View;
use cloze_foundation::Result;
use cloze_stats::{detectable_effect, seeds_for_sign_flip, smallest_sign_flip_p};

const COLUMNS: [&str; 10] = [
    "arm",
    "pairs",
    "Δ",
    "95 % interval",
    "Δ/SD",
    "p exact",
    "p exact, Holm",
    "p t, Holm",
    "P(better)",
    "r",
];

pub(super) fn section(view: &View, score: &Score) -> Result<Option<Section>> {
    let found = against_baselines(view, score)?;
    if found.is_empty() {
        return Ok(None);
    }
    let several = found.iter().any(|one| one.baseline != found[0].baseline);
    let rows = found.iter().map(|one| {
        let (name, baseline) = (&view.arms[one.arm].name, &view.arms[one.baseline].name);
        let tested = |p: f64| (one.paired.n > 1).then(|| number::p(p));
        vec![
            Cell::plain(if several {
                format!("{name} against {baseline}")
            } else {
                name.clone()
            }),
            Cell::plain(one.paired.n.to_string()),
            Cell::plain(score.difference(one.paired.delta)),
            Cell::optional(one.paired.interval.map(|found| score.interval(found))),
            Cell::optional(one.paired.effect.map(|effect| format!("{effect:.2}"))),
            Cell::optional(tested(one.flip)),
            Cell::optional(tested(one.flip_holm)),
            Cell::optional(one.t_holm.map(number::p)),
            Cell::plain(number::share(one.wins)),
            Cell::optional(one.paired.correlation.map(number::share)),
        ]
    });
    let against = if several {
        "its baseline"
    } else {
        &view.arms[found[0].baseline].name
    };
    let caption = format!("{}: paired differences by seed, arm minus {against}", score.label());
    let mut lead = power(&found)?;
    if view.plan.report.baseline.is_none() {
        lead.push(format!(
            "The experiment names no baseline: its first arm, {against}, is taken."
        ));
    }
    Ok(Some(Section {
        lead,
        table: Some(Table::new(caption, COLUMNS, rows.collect())),
        points: found.iter().map(|one| sentence(view, score, one)).collect(),
        brief: true,
        ..Section::new(format!("{} against {against}", score.title()))
    }))
}

/// What the number of seeds can show at all.
fn power(found: &[Comparison]) -> Result<Vec<String>> {
    let pairs = found.iter().map(|one| one.paired.n).max().unwrap_or_default();
    let needed = seeds_for_sign_flip(ALPHA, found.len())?;
    let mut lead = Vec::new();
    if pairs < needed {
        let (of, seeds) = (plural(found.len(), "comparison"), plural(pairs, "common seed"));
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

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}
