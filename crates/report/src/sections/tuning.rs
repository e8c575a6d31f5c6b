//! What every arm was tuned to, how sure that is of being enough, and whether the order of arms hangs on it.

use super::MOST_TUNED;
use crate::document::{Cell, Section, Table};
use crate::names::some;
use crate::number;
use crate::study::Study;
use crate::tuned::{Sensitivity, Tuned, keys, words};
use cloze_foundation::Result;
use cloze_schema::Choice;

/// The sections: points that were taken, the best of so many trials, learning rates beside.
///
/// # Errors
/// Scores that statistics refuse.
pub(super) fn sections(study: &Study) -> Result<Vec<Section>> {
    let Some(tuned) = &study.view.tuned else {
        return Ok(Vec::new());
    };
    let mut sections = vec![taken(tuned)];
    sections.extend(by_trials(tuned)?);
    sections.extend(tuned.sensitivity()?.map(|found| beside(tuned, &found)));
    Ok(sections)
}

/// Which point every arm took, and what one setting for all would have cost.
fn taken(tuned: &Tuned) -> Section {
    let Tuned {
        design, score, choices, ..
    } = tuned;
    let shared = tuned.shared();
    let rows = design.arms.iter().enumerate().take(MOST_TUNED).map(|(arm, held)| {
        let point = match choices[arm] {
            Choice::Point(place) => held.points.get(place),
            _ => None,
        };
        let edges = point.and_then(|point| tuned.edges(held, &point.at));
        let edges = edges.map(|edges| match edges.is_empty() {
            true => "no".to_owned(),
            false => edges.join(", "),
        });
        let at_shared = shared
            .as_ref()
            .and_then(|shared| Some((shared.scores[arm]?, shared.regrets[arm]?)));
        vec![
            Cell::plain(&held.arm),
            Cell::plain(held.points.len().to_string()),
            Cell::optional(point.map(|point| words(&point.at))),
            Cell::optional(tuned.best(arm).map(|best| score.text(best))),
            Cell::optional(edges),
            Cell::optional(at_shared.map(|(value, _)| score.text(value))),
            Cell::optional(at_shared.map(|(_, regret)| score.text(regret))),
        ]
    });
    // The last two columns are about a setting for all arms.
    let columns = [
        "arm",
        "points",
        "taken",
        "its score",
        "at the edge",
        "with one for all",
        "regret",
    ];
    let kept = columns.len() - if design.compares_arms() { 0 } else { 2 };
    let rows: Vec<Vec<Cell>> = rows.map(|cells| cells.into_iter().take(kept).collect()).collect();
    let mut lead = vec![how(tuned)];
    lead.extend(unequal(tuned));
    if let Some(shared) = shared.filter(|shared| !shared.at.is_empty()) {
        lead.push(format!(
            "One setting for all arms{} would have been {}: that with the least regret on average. The regret of an arm is what it \
             loses by it, in trials.",
            match shared.regrets.contains(&None) {
                true => " that have a point",
                false => "",
            },
            words(&shared.at)
        ));
    }
    if design.arms.len() > MOST_TUNED {
        lead.push(format!(
            "Shown are the first {MOST_TUNED} of {} arms.",
            design.arms.len()
        ));
    }
    let caption = format!("Trials by {}", score.label());
    Section {
        lead,
        table: Some(
            Table::new("tuning", caption, columns.into_iter().take(kept), rows).spare(&["with one for all", "points"]),
        ),
        brief: true,
        ..Section::new("Tuning")
    }
}

/// The design in words.
fn how(tuned: &Tuned) -> String {
    let design = &tuned.design;
    let space: Vec<String> = design
        .space
        .iter()
        .map(|tried| format!("{} ({} values)", tried.path, tried.values.len()))
        .collect();
    let what = match (space.is_empty(), design.drawn) {
        (true, _) => "Every arm was tried as it is written".to_owned(),
        (false, None) => format!("Every arm was tried at every point of {}", some(space)),
        (false, Some(drawn)) => format!(
            "Every arm was tried at {drawn} points of {}, drawn at random, the same for arms with the same keys",
            some(space)
        ),
    };
    format!(
        "{what}: runs of their own at {} of the budget, with their whole schedule and on seeds that no run of the comparison has. \
         They are judged by {}. An arm takes the point with the best mean, the first of several; one with a trial that diverged is not taken.",
        percent(design.share),
        match design.compares_arms() {
            true => format!("{}, which judges nothing else here", tuned.score.label()),
            false => "the loss of each arm's own objective on the held-out text, which is compared between points of one arm and never \
                      between arms; where this report shows held-out losses, these are what chose, at other seeds"
                .to_owned(),
        }
    )
}

/// Which arms had fewer points than others, and why.
fn unequal(tuned: &Tuned) -> Option<String> {
    let arms = &tuned.design.arms;
    let most = arms.iter().map(|arm| arm.points.len()).max()?;
    let fewer = arms.iter().filter(|arm| arm.points.len() < most);
    let named = |arm: &cloze_schema::tuning::TunedArm| format!("{} {}", arm.arm, arm.points.len());
    let fewer: Vec<String> = fewer.map(named).collect();
    match fewer.is_empty() {
        false => Some(format!(
            "Not every arm had as many trials: others {most}, {}, since what was tried is no option of theirs.",
            some(fewer)
        )),
        true if arms.iter().any(|arm| keys(arm) != keys(&arms[0])) => {
            Some("Every arm had as many points; those without one of the options had them along the others.".to_owned())
        }
        true => None,
    }
}

/// The expected best of so many trials.
fn by_trials(tuned: &Tuned) -> Result<Option<Section>> {
    let arms = &tuned.design.arms;
    let most = arms.iter().map(|arm| arm.points.len()).max().unwrap_or_default();
    if most < 2 || (0..arms.len()).all(|arm| tuned.best(arm).is_none()) {
        return Ok(None);
    }
    let mut counts: Vec<usize> = std::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|count| *count < most)
        .collect();
    counts.push(most);
    let mut rows = Vec::new();
    for (arm, held) in arms.iter().enumerate().take(MOST_TUNED) {
        let mut cells = vec![Cell::plain(&held.arm)];
        for count in &counts {
            cells.push(Cell::optional(
                tuned.expected(arm, *count)?.map(|value| tuned.score.text(value)),
            ));
        }
        rows.push(cells);
    }
    let columns = std::iter::once("arm".to_owned()).chain(counts.iter().map(usize::to_string));
    let caption = format!("Expected best of so many points, by {}", tuned.score.label());
    Ok(Some(Section {
        lead: vec![
            "What the best of so many of an arm's points comes to on average (Dodge et al. 2019, expected validation performance; \
             without repetition, as Tang et al. 2020 have it). Where a row still gets better, more trials may help. A point that was \
             lost counts as the worst of the others."
                .to_owned(),
            match tuned.design.compares_arms() {
                true => "Where two arms change places along a row, which of them is better hangs on how much they were tuned.",
                false => "Rows are losses of each arm's own objective, and stand each for itself.",
            }
            .to_owned(),
        ],
        table: Some(Table::new("tuning by trials", caption, columns, rows)),
        ..Section::new("Tuning: the best of so many trials")
    }))
}

/// What arms came to beside their learning rates.
fn beside(tuned: &Tuned, found: &Sensitivity) -> Section {
    let factors = &tuned.design.factors;
    let rows = tuned
        .design
        .arms
        .iter()
        .enumerate()
        .filter(|(arm, _)| tuned.best(*arm).is_some())
        .take(MOST_TUNED)
        .map(|(arm, held)| {
            let of_factor = |scores: &Vec<Option<f64>>| match scores[arm] {
                Some(score) => Cell::plain(tuned.score.text(score)),
                None => Cell::plain("lost"),
            };
            let name = std::iter::once(Cell::plain(&held.arm));
            name.chain(found.scores.iter().map(of_factor)).collect()
        });
    let columns = std::iter::once("arm".to_owned()).chain(factors.iter().map(|factor| format!("x{factor}")));
    let caption = format!("Learning rates times so much, by {}", tuned.score.label());
    Section {
        lead: vec![
            told(tuned, found).unwrap_or_else(|| "No two arms can be held against each other at another factor, so that nothing is said of their order.".to_owned()),
            "Trials like the others, with all learning rates of the point that an arm took multiplied. The order holds where every \
             pair of arms stands at every other factor as at 1; it mostly holds where at least 80 % of these pairs do. A tie counts \
             one half, and an arm that diverged stands below all that did not."
                .to_owned(),
        ],
        table: Some(Table::new("learning rates", caption, columns, rows.collect())),
        brief: true,
        ..Section::new("Tuning: other learning rates")
    }
}

/// The grade of the sensitivity as a sentence.
fn told(tuned: &Tuned, found: &Sensitivity) -> Option<String> {
    let grade = found.grade()?;
    let others = || tuned.design.factors.iter().copied().filter(|factor| *factor != 1.0);
    let low = others().fold(f64::INFINITY, f64::min);
    let high = others().fold(f64::NEG_INFINITY, f64::max);
    Some(format!(
        "The order of the arms {grade} at other learning rates, {low} to {high} times those of their trials: {} of {} pairs.",
        number::tick(found.kept.kept),
        found.kept.pairs
    ))
}

/// For the verdict: what arms were tuned to, who is at an edge, and whether the order hangs on it.
///
/// # Errors
/// Scores that statistics refuse.
pub(crate) fn sentences(study: &Study) -> Result<Vec<String>> {
    let Some(tuned) = &study.view.tuned else {
        return Ok(Vec::new());
    };
    let mut sentences = Vec::new();
    let (ended, all) = tuned.ended();
    if ended < all {
        sentences.push(format!(
            "{ended} of {all} trials have ended; what arms are trained with is known after theirs."
        ));
    }
    let hopeless: Vec<String> = tuned.hopeless().map(str::to_owned).collect();
    if !hopeless.is_empty() {
        sentences.push(format!(
            "Not trained, since every point that was tried diverged or gave no number: {}.",
            some(hopeless)
        ));
    }
    let arms = tuned.design.arms.iter().zip(&tuned.choices);
    let points = arms.filter_map(|(arm, choice)| match choice {
        Choice::Point(place) => Some((arm, &arm.points[*place].at)),
        _ => None,
    });
    let points: Vec<_> = points.filter(|(_, at)| !at.is_empty()).collect();
    if !points.is_empty() {
        let each = points.iter().map(|(arm, at)| format!("{} {}", arm.arm, words(at)));
        sentences.push(format!(
            "Tuned at {} of the budget, on other seeds and by {}: {}.",
            percent(tuned.design.share),
            match tuned.design.compares_arms() {
                true => "another judge",
                false => "the held-out loss of each arm's own objective",
            },
            some(each)
        ));
        let with_ends = points
            .iter()
            .filter_map(|(arm, at)| Some((&arm.arm, tuned.edges(arm, at)?)));
        let with_ends: Vec<_> = with_ends.collect();
        let is_inside = !with_ends.is_empty() && with_ends.iter().all(|(_, edges)| edges.is_empty());
        let at_edges = with_ends.iter().filter(|(_, edges)| !edges.is_empty());
        let at_edges: Vec<String> = at_edges
            .map(|(arm, edges)| format!("{arm} ({})", edges.join(", ")))
            .collect();
        if is_inside {
            sentences.push("Every point that was taken lies inside of what was tried.".to_owned());
        }
        if !at_edges.is_empty() {
            sentences.push(format!(
                "AT THE EDGE of what was tried: {}. Beyond it an arm may be better, so that it may be undertuned.",
                some(at_edges)
            ));
        }
    }
    if let Some(found) = tuned.sensitivity()? {
        sentences.extend(told(tuned, &found));
    }
    Ok(sentences)
}

fn percent(share: f64) -> String {
    format!("{} %", number::tick((share * 1e8).round() / 1e6))
}
