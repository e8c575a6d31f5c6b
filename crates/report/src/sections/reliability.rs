//! Which measure tells arms apart best, beside what seeds do to it.

use crate::curves::{BySeed, CONFIDENCE};
use crate::document::{Cell, Section, Table};
use crate::number::NONE;
use crate::score::{LEAST_SEEDS, Score};
use crate::study::Study;
use crate::sweep::by_place;
use cloze_foundation::Result;
use cloze_schema::metric::{Better, MARGIN, UNTRAINED};
use cloze_stats::{Reliability, reliability};
use std::collections::BTreeSet;

/// Arms below which nothing is said of what tells arms apart.
const LEAST_ARMS: usize = 3;

/// A measure and how reliable it is over some arms.
struct Measured {
    title: String,
    arms: usize,
    seeds: usize,
    found: Option<Reliability>,
}

pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let mut all = Vec::new();
    let scores = study.view.headlines().into_iter().chain(study.view.others());
    // An encoder that nothing has trained says nothing of how arms were.
    let untrained = format!("[{UNTRAINED}]");
    let is_of_arms = |score: &Score| score.better() != Better::Neither && !score.metric.ends_with(&untrained);
    for score in scores.filter(is_of_arms) {
        for field in study.view.fields(&score) {
            let title = field.titled(&score.title());
            for (place, arms) in places(study, &field.arms) {
                let title = place.map_or_else(|| title.clone(), |place| format!("{title}, {place}"));
                for arms in of_one_scale(study, &score, &arms) {
                    all.extend(measured(study, &score, &title, &arms)?);
                }
            }
        }
    }
    let single = |one: &Measured| one.found.map_or(f64::NEG_INFINITY, |found| found.single);
    all.sort_by(|a, b| single(b).total_cmp(&single(a)));
    let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
    let columns = [
        "measure",
        "arms",
        "seeds",
        "one seed",
        "95 % interval",
        "all seeds",
        "order repeats (%)",
    ];
    Ok((!rows.is_empty()).then(|| Section {
        lead: vec![
            "Of the spread of a measure, the share that is between arms and not between seeds: ICC(3,1) of Shrout and Fleiss \
             (1979) for one seed, ICC(3,k) for the mean of all. Order repeats: how often two such arms would stand in the same \
             order with as many other seeds; 50 is a coin."
                .to_owned(),
            "Measures that are chosen here and tested on the same seeds are chosen by their result: use other seeds to choose."
                .to_owned(),
        ],
        table: Some(
            Table::new("reliability", "How well each measure tells arms apart", columns, rows).spare(&["arms", "seeds"]),
        ),
        ..Section::new("Reliability of the measures")
    }))
}

/// The arms of a field, apart by what the whole experiment sweeps where enough of them stand at each place: a budget would else
/// be taken for what arms differ in.
fn places(study: &Study, arms: &[usize]) -> Vec<(Option<String>, Vec<usize>)> {
    let places = by_place(&study.view.arms, arms);
    let is_enough = places.len() > 1 && places.iter().all(|(_, arms)| arms.len() >= LEAST_ARMS);
    if is_enough { places } else { vec![(None, arms.to_vec())] }
}

/// The arms whose numbers are of one scale: margins are in the nats of a scoring rule.
fn of_one_scale(study: &Study, score: &Score, arms: &[usize]) -> Vec<Vec<usize>> {
    if !score.metric.starts_with(MARGIN) {
        return vec![arms.to_vec()];
    }
    let rules: BTreeSet<Option<String>> = arms.iter().map(|arm| study.rule(*arm)).collect();
    let of = |rule: Option<String>| arms.iter().copied().filter(|arm| study.rule(*arm) == rule).collect();
    rules.into_iter().map(of).collect()
}

fn measured(study: &Study, score: &Score, title: &str, arms: &[usize]) -> Result<Option<Measured>> {
    let finals = study.view.finals(score)?;
    let held: Vec<&BySeed> = arms
        .iter()
        .map(|arm| &finals[*arm])
        .filter(|of| !of.is_empty())
        .collect();
    let Some(first) = held.first().filter(|_| held.len() >= LEAST_ARMS) else {
        return Ok(None);
    };
    let seeds: Vec<u64> = first
        .keys()
        .copied()
        .filter(|seed| held.iter().all(|of| of.contains_key(seed)))
        .collect();
    if seeds.len() < LEAST_SEEDS {
        return Ok(None);
    }
    let table: Vec<Vec<f64>> = held
        .iter()
        .map(|of| seeds.iter().map(|seed| of[seed]).collect())
        .collect();
    Ok(Some(Measured {
        title: title.to_owned(),
        arms: held.len(),
        seeds: seeds.len(),
        found: reliability(&table, CONFIDENCE)?,
    }))
}

fn row(one: &Measured) -> Vec<Cell> {
    let number = |of: fn(&Reliability) -> f64, decimals: usize| {
        Cell::plain(
            one.found
                .as_ref()
                .map_or_else(|| NONE.to_owned(), |found| format!("{:.decimals$}", of(found))),
        )
    };
    let interval = one
        .found
        .map(|found| format!("[{:.2}, {:.2}]", found.interval.low, found.interval.high));
    vec![
        Cell::plain(&one.title),
        Cell::plain(one.arms.to_string()),
        Cell::plain(one.seeds.to_string()),
        number(|found| found.single, 2),
        Cell::optional(interval),
        // Below 0 it has no bound, and says no more than that of one seed.
        match one.found {
            Some(found) if found.mean < 0.0 => Cell::plain("below 0"),
            _ => number(|found| found.mean, 2),
        },
        number(|found| 100.0 * found.order_repeats(), 0),
    ]
}
