//! What is learnt when: the judgement from which on an arm is above chance on a part of a task.

use crate::compare::ALPHA;
use crate::curves::{BySeed, CONFIDENCE, judgements};
use crate::escape::csv::word;
use crate::ground::Field;
use crate::score::{LEAST_SEEDS, Score};
use crate::study::{Scored, Study};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::{Axis, ChartKind};
use cloze_stats::{Summary, holm, summarise};

/// An arm on a part at one judgement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    /// Mean over seeds of the tokens seen by then.
    pub tokens: f64,
    /// The same of steps.
    pub steps: f64,
    pub found: Summary,
    /// p against chance; after [`along`] with Holm's correction. None of fewer than three seeds.
    pub p: Option<f64>,
    /// Whether it is established to be above chance.
    pub is_above: bool,
}

/// An arm on each of some parts at every judgement, at each with Holm's correction over the parts.
///
/// At the end answers were kept item by item where an evaluation has items, and resampling of seeds and items decides as elsewhere.
/// Before it they were not, and the t test has the variance of as many items added.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn along(view: &View, parts: &[Score], arm: usize) -> Result<Vec<Vec<Judgement>>> {
    let mut all = Vec::new();
    for part in parts {
        let curves = view.curves(part).get(arm).cloned().unwrap_or_default();
        let finals = view.final_of(part, arm)?;
        let judged = judgements(&curves);
        let mut of_part = Vec::new();
        for (place, points) in judged.iter().enumerate() {
            let values: Vec<f64> = points.iter().map(|point| point.value).collect();
            let mean = |axis: Axis| points.iter().map(|point| point.spent[axis]).sum::<f64>() / points.len() as f64;
            let found = summarise(&values, CONFIDENCE)?;
            let is_last = place + 1 == judged.len();
            of_part.push(Judgement {
                tokens: mean(Axis::Tokens),
                steps: mean(Axis::Steps),
                p: p(view, part, arm, &finals, &found, is_last)?,
                found,
                is_above: false,
            });
        }
        all.push(of_part);
    }
    // They correspond from the end.
    let longest = all.iter().map(Vec::len).max().unwrap_or_default();
    for from_end in 0..longest {
        let of_judgement = || all.iter().filter_map(|of_part| of_part.iter().rev().nth(from_end)?.p);
        let mut adjusted = holm(&of_judgement().collect::<Vec<f64>>())?.into_iter();
        for (part, of_part) in parts.iter().zip(&mut all) {
            let Some(one) = of_part.iter_mut().rev().nth(from_end).filter(|one| one.p.is_some()) else {
                continue;
            };
            one.p = adjusted.next();
            let is_more = part.chance().is_some_and(|chance| one.found.mean > chance);
            one.is_above = is_more && one.p.is_some_and(|p| p < ALPHA);
        }
    }
    Ok(all)
}

fn p(view: &View, part: &Score, arm: usize, finals: &BySeed, found: &Summary, is_last: bool) -> Result<Option<f64>> {
    let Some(chance) = part.chance().filter(|_| found.n >= LEAST_SEEDS) else {
        return Ok(None);
    };
    if is_last && let Some(items) = view.against_level(part, arm, finals, chance)? {
        return Ok(Some(items.p));
    }
    let first = finals.keys().next();
    match first.and_then(|seed| view.answers.count(part, arm, *seed)) {
        Some(items) => found.p_over_items(chance, items),
        None => found.p(chance),
    }
}

/// The first judgement from which on all are above chance; none where the last one is not.
pub(crate) fn first(judgements: &[Judgement]) -> Option<&Judgement> {
    judgements.iter().rev().take_while(|one| one.is_above).last()
}

/// Whether the report tells of it: where its chart is asked for.
pub(crate) fn is_told(study: &Study) -> bool {
    study
        .view
        .plan
        .report
        .charts
        .contains(&ChartKind::PhenomenaAlongTraining)
}

/// The arms of a field that were judged on the parts of a score more than once, and the parts, the easiest first.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn asked(study: &Study, scored: &Scored, field: &Field) -> Result<(Vec<Score>, Vec<usize>)> {
    judged_often(study, scored, study.shown_of(field))
}

fn judged_often(study: &Study, scored: &Scored, mut arms: Vec<usize>) -> Result<(Vec<Score>, Vec<usize>)> {
    let parts = study.by_difficulty(&scored.score, &arms)?;
    arms.retain(|arm| {
        let curves = parts.iter().filter_map(|part| study.view.curves(part).get(*arm));
        curves.flat_map(|curves| curves.values()).any(|points| points.len() > 1)
    });
    Ok((parts, arms))
}

/// `learnt.csv`: a line for every part and arm; none where the chart is not asked for or there is nothing to say.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn csv(study: &Study) -> Result<Option<String>> {
    let head = "task,metric,arm,chance,seeds,judgements,above_chance,first_tokens,first_steps,first_mean,ever_above\n";
    let mut text = head.to_owned();
    for scored in study.scores.iter().filter(|_| is_told(study)) {
        for field in &scored.fields {
            let (parts, arms) = judged_often(study, scored, field.arms.clone())?;
            for arm in arms {
                for (part, found) in parts.iter().zip(along(study.view, &parts, arm)?) {
                    let (Some(chance), Some(last)) = (part.chance(), found.last()) else {
                        continue;
                    };
                    let first = first(&found);
                    let number = |of: fn(&Judgement) -> f64| first.map(|one| of(one).to_string()).unwrap_or_default();
                    // Of too few seeds it is not known.
                    let is_known = found.iter().any(|one| one.p.is_some());
                    let said = |is_so: bool| if is_known { is_so.to_string() } else { String::new() };
                    let cells = [
                        word(&part.task),
                        word(&part.metric),
                        word(study.name(arm)),
                        chance.to_string(),
                        last.found.n.to_string(),
                        found.len().to_string(),
                        said(first.is_some()),
                        number(|one| one.tokens),
                        number(|one| one.steps),
                        number(|one| one.found.mean),
                        said(found.iter().any(|one| one.is_above)),
                    ];
                    text += &(cells.join(",") + "\n");
                }
            }
        }
    }
    Ok((text != head).then_some(text))
}
