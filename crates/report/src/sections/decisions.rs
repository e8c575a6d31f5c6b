//! Seeds until it is sure: what was decided at which look, and what that saved.

use crate::arm::Ending;
use crate::decisions::{Decisions, bound};
use crate::document::{Cell, Section, Table};
use crate::number;
use crate::study::Study;
use crate::view::View;
use cloze_schema::Sequential;
use cloze_stats::End;
use std::collections::BTreeSet;

pub(super) fn section(study: &Study) -> Option<Section> {
    let view = study.view;
    let Decisions {
        design,
        looks,
        comparisons,
        stage,
    } = view.decisions.as_ref()?;
    let several = comparisons.iter().any(|[_, baseline]| *baseline != comparisons[0][1]);
    let rows = comparisons.iter().zip(&stage.standings).take(MOST_ROWS);
    let rows = rows.map(|([arm, baseline], standing)| {
        let boundary = standing.looks.checked_sub(1).and_then(|last| looks.get(last));
        let decision = match standing.end {
            Some(End::Different) => "different",
            Some(End::Equivalent) => "equivalent",
            Some(End::Most) => "not decided",
            Some(End::Never) => "never: one is not trained",
            None => "open",
        };
        let name = match several {
            true => format!("{} against {}", study.name(*arm), study.name(*baseline)),
            false => study.name(*arm).to_owned(),
        };
        vec![
            Cell::plain(name),
            Cell::plain(decision),
            Cell::optional((standing.seeds > 0).then(|| standing.seeds.to_string())),
            Cell::optional(standing.t.map(|t| format!("{:.2}", t.abs()))),
            Cell::optional(boundary.map(|boundary| bound(boundary.different))),
            Cell::optional(standing.within.map(|t| format!("{t:.2}"))),
            Cell::optional(boundary.map(|boundary| bound(boundary.equivalent))),
        ]
    });
    let columns = [
        "arm",
        "decision",
        "seeds",
        "|t|",
        "different from",
        "t of the margin",
        "equivalent from",
    ];
    let caption = match comparisons.first() {
        Some([_, baseline]) if !several => format!("Decided by {}, against {}", design.task, study.name(*baseline)),
        _ => format!("Decided by {}", design.task),
    };
    let mut lead = vec![how(design)];
    lead.extend(saved(view));
    if stage.standings.iter().any(|standing| standing.lost) {
        lead.push(
            "A comparison with a seed that diverged or gave no number is not decided before the last look: the seeds that are left \
             are no sample of what there would be."
                .to_owned(),
        );
    }
    if comparisons.len() > MOST_ROWS {
        lead.push(format!(
            "Shown are the first {MOST_ROWS} of {} comparisons.",
            comparisons.len()
        ));
    }
    Some(Section {
        lead,
        table: Some(
            Table::new("decisions", caption, columns, rows.collect()).spare(&["t of the margin", "equivalent from"]),
        ),
        brief: true,
        ..Section::new("Seeds until decided")
    })
}

/// So many comparisons are listed.
const MOST_ROWS: usize = 40;

/// The design in words.
fn how(design: &Sequential) -> String {
    let looks: Vec<String> = design.looks.iter().map(usize::to_string).collect();
    format!(
        "Arms were trained until {} {} decided them, or the most seeds were reached: looks after {} seeds, as the \
         plan has them; {:.0} % for all {} comparisons together, spent as Lan and DeMets do after O'Brien and Fleming; {}.",
        design.task,
        design.metric,
        looks.join(", "),
        100.0 * design.level,
        design.comparisons.len(),
        match design.margin_in_words() {
            Some(margin) => format!("equivalent: a difference below {margin}, on both sides"),
            None =>
                "what is equivalent this plan says in standard deviations, as older ones did, and nothing is called so"
                    .to_owned(),
        }
    )
}

/// What was not trained because arms were decided before; none where seeds were given.
pub(crate) fn saved(view: &View) -> Option<String> {
    let decisions = view.decisions.as_ref()?;
    let standings = &decisions.stage.standings;
    let count = |is: &dyn Fn(Option<End>) -> bool| standings.iter().filter(|standing| is(standing.end)).count();
    let decided = count(&|end| matches!(end, Some(End::Different | End::Equivalent)));
    // What has nothing to be decided by was not saved by a decision.
    let arms = view.arms.iter().zip(&decisions.stage.is_alone);
    let spared: BTreeSet<(&str, u64)> = arms
        .filter(|(_, is_alone)| !**is_alone)
        .flat_map(|(arm, _)| arm.seeds.iter().map(move |(seed, ending)| (arm, *seed, *ending)))
        .filter(|(_, _, ending)| *ending == Ending::NotNeeded)
        .map(|(arm, seed, _)| (arm.name.as_str(), seed))
        .collect();
    let runs = view.plan.runs.iter();
    let flops: f64 = runs
        .filter(|run| spared.contains(&(run.arm.as_str(), run.config.named.seed)))
        .map(|run| run.flops)
        .sum();
    let all = decisions.comparisons.len();
    let open = match count(&|end| end.is_none()) {
        0 => String::new(),
        open => format!(", and {open} open"),
    };
    let never = match count(&|end| end == Some(End::Never)) {
        0 => String::new(),
        never => format!("; {never} never will be, since an arm of theirs takes no point and is not trained"),
    };
    let mut told = format!(
        "Decided within {} seeds: {decided} of {all} comparisons{open}{never}.",
        decisions.most(),
    );
    if !spared.is_empty() {
        told += &format!(
            " That saved {} runs, {} training FLOPs.",
            spared.len(),
            number::large(flops)
        );
    }
    Some(told)
}
