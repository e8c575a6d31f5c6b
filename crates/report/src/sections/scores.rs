//! A score of every arm of a field.

use super::models;
use crate::curves::over_seeds;
use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::read::Settings;
use crate::score::{PER_TOKEN, Score};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_schema::metric::CEILING;
use cloze_stats::Interval;
use std::cmp::Ordering;

/// The highest learning rates of an arm: the one that everything has, then those of an optimizer that moves a part of it.
fn peak_rates(settings: &Settings) -> Option<String> {
    let named = |(path, rate): (String, String)| {
        let whose = path.strip_prefix("optimizer.")?.strip_suffix("peak_lr")?;
        Some(match whose.trim_end_matches('.') {
            "" => rate,
            whose => format!("{whose} {rate}"),
        })
    };
    let mut rates: Vec<String> = settings.leaves("optimizer").into_iter().filter_map(named).collect();
    rates.sort_by_key(|rate| rate.contains(' '));
    (!rates.is_empty()).then(|| rates.join(", "))
}

pub(super) fn section(study: &Study, scored: &Scored, field: &Field) -> Result<Option<Section>> {
    let (view, score) = (study.view, &scored.score);
    let any = field.arms.iter().any(|arm| scored.means[*arm].is_some());
    if !any && scored.fields.len() > 1 {
        return Ok(None);
    }
    // All of a few in the order of the plan; of many the best first.
    let arms = if study.is_many() {
        scored.ranked(field)
    } else {
        field.arms.clone()
    };
    let sides = study.against_chance(score)?;
    let side = |arm: usize| sides.get(&arm);
    let held = view.levels(&score.task, &field.arms);
    let knowable = held
        .unigram
        .zip(held.best)
        .filter(|(unigram, best)| score.unit() == Score::NATS && unigram > best);
    let has_items = view.answers.has(score);
    let per_token = study.per_token(score).map(|each| view.finals(&each)).transpose()?;
    let is_scored = study.is_scored(score) && arms.iter().any(|arm| study.rule(*arm).is_some());
    let (mut rows, mut lone, mut points) = (Vec::new(), false, Vec::new());
    for arm in &arms {
        let values = &scored.finals[*arm];
        let found = over_seeds(values)?;
        lone |= found.is_some_and(|found| found.n == 1);
        let arrow = arrow(side(*arm).and_then(|one| one.side));
        let mut row = vec![Cell::plain(study.marked(*arm))];
        if is_scored {
            row.push(Cell::optional(study.rule(*arm)));
        }
        row.push(Cell::optional(peak_rates(&view.arms[*arm].settings)));
        let survivors = view.survivors(score, *arm);
        row.push(Cell::plain(match &survivors {
            Some(_) => format!("{} of {}", values.len(), view.arms[*arm].seeds.len()),
            None => values.len().to_string(),
        }));
        if let (Some(why), true) = (survivors, study.is_told(*arm) && found.is_some()) {
            points.push(format!(
                "{}: the mean is over the {} seeds that are left, since {why}. It says nothing of how the others would have done.",
                study.name(*arm),
                values.len()
            ));
        }
        points.extend(mixture(study, scored, *arm)?.filter(|_| study.is_told(*arm)));
        let mean = Cell::optional(found.map(|found| score.text(found.mean) + arrow));
        row.push(Cell {
            bold: scored.bold.contains(arm),
            ..mean
        });
        if let Some(per_token) = &per_token {
            let found = over_seeds(&per_token[*arm])?;
            row.push(Cell::optional(found.map(|found| score.text(found.mean))));
        }
        row.push(Cell::optional(
            found.and_then(|found| found.sd).map(|sd| score.text(sd)),
        ));
        let interval = found.and_then(|found| found.interval);
        row.push(Cell::optional(interval.map(|found| score.interval_of_mean(found))));
        if has_items {
            let items = side(*arm).and_then(|one| one.items);
            row.push(Cell::optional(items.map(|items| {
                let (low, high) = (items.lo, items.hi);
                score.interval_of_mean(Interval { low, high })
            })));
        }
        if let Some((unigram, best)) = knowable {
            let share = found.map(|found| format!("{:.1}", 100.0 * (unigram - found.mean) / (unigram - best)));
            row.push(Cell::optional(share));
        }
        rows.push(row);
    }
    let columns: Vec<&str> = ["arm"]
        .into_iter()
        .chain(is_scored.then_some("scored by"))
        .chain(["peak lr", "seeds", "mean"])
        .chain(per_token.map(|_| PER_TOKEN))
        .chain(["SD", INTERVAL])
        .chain(has_items.then_some(OVER_ITEMS))
        .chain(knowable.map(|_| KNOWN))
        .collect();
    rows.extend(levels(study, scored, field, &columns));
    let of_others = models::rows(study, score, field, &columns);
    points.extend((!of_others.is_empty()).then(models::mark));
    rows.extend(of_others);
    points.splice(0..0, study.policy(score, &arms));
    let mut lead = Vec::new();
    if !any {
        lead.push("No finished run has this score.".to_owned());
    }
    if lone {
        lead.push("An arm with one seed has no standard deviation and no interval.".to_owned());
    }
    if field
        .arms
        .iter()
        .filter_map(|arm| side(*arm))
        .any(|one| one.side.is_some())
    {
        lead.push(format!(
            "↑ above chance, ↓ below it, after Holm's correction over the arms; {}.",
            by(has_items)
        ));
    }
    if study.is_many() {
        lead.push("All arms that have it, best first.".to_owned());
    }
    lead.extend(study.of_told());
    let table = Table::new(
        &field.titled(&format!("{} {}", score.task, score.metric)),
        field.titled(&caption(score)),
        columns,
        rows,
    );
    Ok(Some(Section {
        lead,
        table: Some(table.spare(&["peak lr", "scored by", OVER_ITEMS, KNOWN, PER_TOKEN])),
        points,
        brief: true,
        topic: Some(Topic::Score),
        ..Section::new(field.titled(&score.title()))
    }))
}

/// The interval over seeds alone, and the one over seeds and items.
const INTERVAL: &str = "95 % interval";
const OVER_ITEMS: &str = "over seeds and items";
/// (unigram - loss) / (unigram - best possible): how much of what can be known beyond word frequencies the mean knows.
const KNOWN: &str = "of the knowable (%)";

/// That an arm's mean and interval are over two kinds of seeds, and what each has.
fn mixture(study: &Study, scored: &Scored, arm: usize) -> Result<Option<String>> {
    let Some(onset) = study.onsets.get(&arm).filter(|onset| onset.is_mixed()) else {
        return Ok(None);
    };
    let mean = |left: bool| -> Result<Option<String>> {
        let is_here = |(seed, _): &(&u64, &f64)| onset.seeds.get(seed).is_some_and(|seed| seed.left == left);
        let values = scored.finals[arm].iter().filter(is_here);
        let found = over_seeds(&values.map(|(seed, value)| (*seed, *value)).collect())?;
        Ok(found.map(|found| scored.score.text(found.mean)))
    };
    let (Some(left), Some(stayed)) = (mean(true)?, mean(false)?) else {
        return Ok(None);
    };
    Ok(Some(format!(
        "{}: {} seeds have left the plateau of word frequencies, and the interval is over a mixture: those that left have {left}, the \
         others {stayed}.",
        study.name(arm),
        onset.share()
    )))
}

/// What decides that an arm is above or below chance.
pub(super) fn by(has_items: bool) -> &'static str {
    if has_items {
        "resampling of seeds and items decides"
    } else {
        "a t test over seeds decides, since answers were not kept item by item"
    }
}

/// The mark of a side of chance.
pub(super) fn arrow(side: Option<Ordering>) -> &'static str {
    match side {
        Some(Ordering::Greater) => "↑",
        Some(_) => "↓",
        None => "",
    }
}

fn caption(score: &Score) -> String {
    let direction = if score.higher_is_better() {
        "higher is better"
    } else {
        "lower is better"
    };
    let chance = score.chance().map(|chance| format!(", chance {}", score.text(chance)));
    format!("{}; {direction}{}", score.label(), chance.unwrap_or_default())
}

/// Rows for what a score is held against: a loss, or one whose ceiling is known.
fn levels(study: &Study, scored: &Scored, field: &Field, columns: &[&str]) -> Vec<Vec<Cell>> {
    let levels = study.view.levels(&scored.score.task, &field.arms);
    let is_loss = scored.score.unit() == Score::NATS;
    let ceiling = study.view.ceiling(&scored.score, &field.arms);
    let row = |(name, level): (&str, f64)| {
        let cell = |column: &&str| match *column {
            "arm" => Cell::plain(name),
            "mean" => Cell::plain(scored.score.text(level)),
            _ => Cell::plain(crate::number::NONE),
        };
        columns.iter().map(cell).collect()
    };
    let levels = levels.named().filter(|_| is_loss);
    levels
        .chain(ceiling.map(|ceiling| (CEILING, ceiling)))
        .map(row)
        .collect()
}
