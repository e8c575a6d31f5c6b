//! The sections of a report, in their fixed order: coverage, scores, comparisons and verdicts, parts of the tasks,
//! budgets, what must not be compared, notes.

use crate::compare::{self, ALPHA, against_baselines, baselines, not_distinguishable_from_best};
use crate::document::{Cell, Document, Section, Table};
use crate::measure::{Measure, readable};
use crate::number::{self, NONE};
use crate::view::{BySeed, Status, View, last, summary};
use cloze_foundation::Result;
use cloze_stats::{Interval, Summary, detectable_effect, seeds_for_sign_flip, smallest_sign_flip_p};

/// Everything that the report says about `view`.
pub(crate) fn document(view: &View) -> Result<Document> {
    let mut sections = vec![coverage(view)];
    for measure in view.headlines() {
        sections.push(scores(view, &measure)?);
        sections.extend(comparisons(view, &measure)?);
        sections.extend(parts(view, &measure)?);
    }
    if let Some(measure) = view.aggregate() {
        sections.push(scores(view, &measure)?);
        sections.extend(comparisons(view, &measure)?);
    }
    sections.extend(others(view)?);
    sections.push(budgets(view)?);
    sections.extend(own_losses(view)?);
    sections.push(notes(view));
    Ok(Document {
        title: view.plan.experiment.clone(),
        question: view.plan.question.clone(),
        cites: view.plan.cites.clone(),
        sections,
    })
}

fn section(heading: impl Into<String>) -> Section {
    let heading = heading.into();
    Section {
        heading,
        lead: Vec::new(),
        table: None,
        points: Vec::new(),
        brief: false,
        charts: Vec::new(),
    }
}

fn words(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

fn coverage(view: &View) -> Section {
    let counts = |status| view.arms.iter().map(|arm| arm.count(status)).sum::<usize>();
    let planned: usize = view.arms.iter().map(|arm| arm.seeds.len()).sum();
    let rows = view.arms.iter().map(|arm| {
        let numbers = [Status::Done, Status::Diverged, Status::Failed, Status::Missing].map(|status| arm.count(status));
        let numbers = std::iter::once(arm.seeds.len())
            .chain(numbers)
            .map(|number| Cell::plain(number.to_string()));
        let seeds = |status| {
            arm.seeds
                .iter()
                .filter(move |(_, ended)| *ended == status)
                .map(|(seed, _)| seed.to_string())
        };
        let done = seeds(Status::Done).collect::<Vec<_>>().join(" ");
        let done = if done.is_empty() { NONE.to_owned() } else { done };
        std::iter::once(Cell::plain(&arm.name))
            .chain(numbers)
            .chain([Cell::plain(done)])
            .collect()
    });
    let columns = words(&["arm", "planned", "done", "diverged", "failed", "missing", "seeds done"]);
    let lead = format!(
        "{planned} runs planned: {} done, {} diverged, {} failed, {} missing.",
        counts(Status::Done),
        counts(Status::Diverged),
        counts(Status::Failed),
        counts(Status::Missing)
    );
    let table = Table {
        caption: "Runs per arm".to_owned(),
        columns,
        rows: rows.collect(),
    };
    Section {
        lead: vec![lead],
        table: Some(table),
        brief: true,
        ..section("Coverage")
    }
}

fn interval(measure: &Measure, interval: Option<Interval>) -> String {
    let shown = |value| number::value(measure, value);
    interval.map_or_else(
        || NONE.to_owned(),
        |found| format!("[{}, {}]", shown(found.low), shown(found.high)),
    )
}

fn scores(view: &View, measure: &Measure) -> Result<Section> {
    let finals = view.finals(measure)?;
    let bold = not_distinguishable_from_best(&finals, measure)?;
    let mut rows = Vec::new();
    let mut lone = false;
    for ((arm, values), bold) in view.arms.iter().zip(&finals).zip(&bold) {
        let found = summary(values)?;
        lone |= found.is_some_and(|found| found.n == 1);
        let text = |pick: &dyn Fn(&Summary) -> Option<String>| {
            found.as_ref().and_then(pick).unwrap_or_else(|| NONE.to_owned())
        };
        rows.push(vec![
            Cell::plain(&arm.name),
            Cell::plain(values.len().to_string()),
            Cell::bold(text(&|found| Some(number::value(measure, found.mean))), *bold),
            Cell::plain(text(&|found| found.sd.map(|sd| number::value(measure, sd)))),
            Cell::plain(text(&|found| {
                found.interval.map(|found| interval(measure, Some(found)))
            })),
        ]);
    }
    let direction = if measure.higher_is_better() {
        "higher is better"
    } else {
        "lower is better"
    };
    let chance = measure
        .chance()
        .map(|chance| format!(", chance {}", number::value(measure, chance)));
    let caption = format!("{}; {direction}{}", measure.label(), chance.unwrap_or_default());
    let table = Table {
        caption,
        columns: words(&["arm", "seeds", "mean", "SD", "95 % interval"]),
        rows,
    };
    let mut lead = Vec::new();
    if finals.iter().all(BySeed::is_empty) {
        lead.push("No finished run has this score.".to_owned());
    }
    if lone {
        lead.push("An arm with one seed has no standard deviation and no interval.".to_owned());
    }
    let charts = vec!["learning-curves", "ratio", "budgets"];
    let first = view.headlines().first() == Some(measure);
    Ok(Section {
        lead,
        table: Some(table),
        brief: true,
        charts: if first { charts } else { Vec::new() },
        ..section(measure.title())
    })
}

fn comparisons(view: &View, measure: &Measure) -> Result<Option<Section>> {
    let found = against_baselines(view, measure)?;
    if found.is_empty() {
        return Ok(None);
    }
    let several = found.iter().any(|one| one.baseline != found[0].baseline);
    let rows = found.iter().map(|one| {
        let optional = |text: Option<String>| Cell::plain(text.unwrap_or_else(|| NONE.to_owned()));
        let name = &view.arms[one.arm].name;
        let baseline = &view.arms[one.baseline].name;
        vec![
            Cell::plain(if several {
                format!("{name} against {baseline}")
            } else {
                name.clone()
            }),
            Cell::plain(one.paired.n.to_string()),
            Cell::plain(number::difference(measure, one.paired.delta)),
            Cell::plain(interval(measure, one.paired.interval)),
            optional(one.paired.effect.map(|effect| format!("{effect:.2}"))),
            optional((one.paired.n > 1).then(|| number::p(one.flip))),
            optional((one.paired.n > 1).then(|| number::p(one.flip_holm))),
            optional(one.t_holm.map(number::p)),
            Cell::plain(number::share(one.wins)),
            optional(one.paired.correlation.map(number::share)),
        ]
    });
    let against = if several {
        "its baseline".to_owned()
    } else {
        view.arms[found[0].baseline].name.clone()
    };
    let columns = words(&[
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
    ]);
    let caption = format!("{}: paired differences by seed, arm minus {against}", measure.label());
    let table = Table {
        caption,
        columns,
        rows: rows.collect(),
    };
    let mut lead = power(&found)?;
    if view.plan.report.baseline.is_none() {
        lead.push(format!(
            "The experiment names no baseline: its first arm, {against}, is taken."
        ));
    }
    let points = found.iter().map(|one| compare::sentence(view, measure, one)).collect();
    let heading = format!("{} against {against}", measure.title());
    Ok(Some(Section {
        lead,
        table: Some(table),
        points,
        brief: true,
        ..section(heading)
    }))
}

/// What the number of seeds can show at all.
fn power(found: &[compare::Comparison]) -> Result<Vec<String>> {
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
    if let Some(effect) = detectable_effect(pairs, 0.8, ALPHA)? {
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

/// How a cell with several numbers reads.
const HALF_WIDTH: &str = "Mean over seeds ± half the width of the 95 % interval.";

fn parts(view: &View, whole: &Measure) -> Result<Option<Section>> {
    let parts = view.parts(whole);
    if parts.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let mut above = vec![0_usize; view.arms.len()];
    for part in &parts {
        let mut row = vec![Cell::plain(readable(part.part().unwrap_or_default()))];
        for (values, above) in view.finals(part)?.iter().zip(&mut above) {
            let found = summary(values)?;
            let side = found
                .as_ref()
                .and_then(|found| clear_of_chance(part, found))
                .unwrap_or("");
            *above += usize::from(side == "↑");
            row.push(Cell::plain(
                found.map_or_else(|| NONE.to_owned(), |found| part_text(part, &found) + side),
            ));
        }
        rows.push(row);
    }
    let mut lead = vec![HALF_WIDTH.to_owned()];
    if whole.chance().is_some() {
        let mut row = vec![Cell::plain("above chance")];
        row.extend(
            above
                .iter()
                .map(|count| Cell::plain(format!("{count} of {}", parts.len()))),
        );
        rows.push(row);
        lead.push(
            "↑ the interval lies above chance, ↓ below it (each phenomenon by itself, without correction).".to_owned(),
        );
    }
    let columns = std::iter::once("phenomenon".to_owned())
        .chain(view.arms.iter().map(|arm| arm.name.clone()))
        .collect();
    let chance = whole
        .chance()
        .map(|chance| format!("; chance {}", number::value(whole, chance)));
    let table = Table {
        caption: format!("{}{}", whole.label(), chance.unwrap_or_default()),
        columns,
        rows,
    };
    let heading = format!("{} by phenomenon", whole.title());
    Ok(Some(Section {
        lead,
        table: Some(table),
        charts: vec!["phenomena"],
        ..section(heading)
    }))
}

fn part_text(measure: &Measure, found: &Summary) -> String {
    let mean = number::value(measure, found.mean);
    found.interval.map_or(mean.clone(), |interval| {
        format!("{mean} ± {}", number::value(measure, interval.half_width()))
    })
}

/// The side of chance on which the whole interval lies.
pub(crate) fn clear_of_chance(measure: &Measure, found: &Summary) -> Option<&'static str> {
    let (chance, interval) = (measure.chance()?, found.interval?);
    match () {
        () if interval.low > chance => Some("↑"),
        () if interval.high < chance => Some("↓"),
        () => None,
    }
}

fn others(view: &View) -> Result<Option<Section>> {
    let mut rows = Vec::new();
    for measure in view.others() {
        let mut row = vec![Cell::plain(measure.label())];
        for values in view.finals(&measure)? {
            let found = summary(&values)?;
            row.push(Cell::plain(
                found.map_or_else(|| NONE.to_owned(), |found| part_text(&measure, &found)),
            ));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = std::iter::once("score".to_owned())
        .chain(view.arms.iter().map(|arm| arm.name.clone()))
        .collect();
    let table = Table {
        caption: "Further scoring rules and ties".to_owned(),
        columns,
        rows,
    };
    let lead = vec![HALF_WIDTH.to_owned()];
    Ok(Some(Section {
        lead,
        table: Some(table),
        ..section("Other scores")
    }))
}

fn budgets(view: &View) -> Result<Section> {
    let mut rows = Vec::new();
    for arm in &view.arms {
        let mut row = vec![Cell::plain(&arm.name), Cell::plain(arm.spent.len().to_string())];
        for axis in crate::charts::AXES {
            let values: BySeed = arm
                .spent
                .iter()
                .map(|(seed, spent)| (*seed, (axis.take)(spent)))
                .collect();
            row.push(Cell::plain(
                summary(&values)?.map_or_else(|| NONE.to_owned(), |found| number::large(found.mean)),
            ));
        }
        rows.push(row);
    }
    let columns = ["arm", "seeds"]
        .into_iter()
        .map(str::to_owned)
        .chain(crate::charts::AXES.map(|axis| axis.column.to_owned()));
    let caption = "What a run used: mean over finished seeds (k = 10^3, M = 10^6, G = 10^9, T = 10^12, P = 10^15)";
    let table = Table {
        caption: caption.to_owned(),
        columns: columns.collect(),
        rows,
    };
    let lead = format!(
        "Equal for every arm: {}. Seconds are those of training and compare only within one machine.",
        view.equalised()
    );
    Ok(Section {
        lead: vec![lead],
        table: Some(table),
        ..section("Budgets")
    })
}

fn own_losses(view: &View) -> Result<Option<Section>> {
    let mut rows = Vec::new();
    for (arm, curves) in view.arms.iter().zip(&view.own_loss) {
        let Some(found) = summary(&last(curves))? else { continue };
        let digits = |value: f64| format!("{value:.3}");
        rows.push(vec![
            Cell::plain(&arm.name),
            Cell::plain(&arm.objective),
            Cell::plain(found.n.to_string()),
            Cell::plain(digits(found.mean)),
            Cell::plain(found.sd.map_or_else(|| NONE.to_owned(), digits)),
        ]);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = words(&["arm", "objective", "seeds", "mean", "SD"]);
    let table = Table {
        caption: "Held-out loss under the arm's own objective".to_owned(),
        columns,
        rows,
    };
    let lead = "Not a ranking: objectives differ in targets, masks and conditioning, so their losses are different \
                quantities. Use this to see whether a run has converged and how much seeds differ.";
    Ok(Some(Section {
        lead: vec![lead.to_owned()],
        table: Some(table),
        charts: vec!["held-out-loss"],
        ..section("Held-out losses")
    }))
}

fn notes(view: &View) -> Section {
    let best = "Bold: the best mean and every arm that a paired t test against it (Holm over the arms, 5 %) does not tell apart.";
    let mut points = vec![
        "The unit of replication is the pretraining seed; arms with the same seed see the same text in the same order and are paired.".to_owned(),
        "Intervals: Student's t over seeds, 95 %. SD: with n - 1.".to_owned(),
        "p exact: two-sided sign-flip test on the paired differences, all 2^n patterns up to 16 seeds, beyond that 65,535 drawn from a fixed seed. Holm: over the arms of one score.".to_owned(),
        "P(better): share of all pairs of seeds that the arm wins, ties one half. r: correlation of the two arms over seeds.".to_owned(),
        best.to_owned(),
        "Better or worse: the exact test with Holm's correction is below 5 %. Ahead or behind: only the paired t test is.".to_owned(),
        format!("Made by cloze {}.", env!("CARGO_PKG_VERSION")),
    ];
    if baselines(view).contains(&None) {
        points.push("Arms without a baseline at their place in the sweep are not compared.".to_owned());
    }
    if view.arms.iter().any(|arm| arm.count(Status::Diverged) > 0) {
        points.push("Diverged runs are counted above and have no place in means.".to_owned());
    }
    points.extend(view.notes.iter().cloned());
    Section {
        points,
        ..section("Notes")
    }
}
