//! A comparison of folders in words and tables.

use super::pair::{ArmPair, Orders, Pair, ScorePair};
use crate::document::{Cell, Document, Section, Table};
use crate::markdown;
use crate::names::some;
use crate::number;
use crate::score::LEAST_SEEDS;
use crate::study::{MIXED, Study};
use cloze_stats::Interval;

/// Everything as Markdown.
pub(super) fn whole(names: &[String], pairs: &[Pair], studies: &[Study]) -> String {
    let mut sections = Vec::new();
    for pair in pairs {
        let studies = [0, 1].map(|side| {
            names
                .iter()
                .position(|name| *name == pair.folders[side])
                .map(|place| &studies[place])
        });
        let mut all: Vec<Section> = pair.scores.iter().map(|score| section(pair, score, studies)).collect();
        all.extend(refused(pair));
        sections.extend(all);
    }
    markdown::whole(&Document {
        title: names.join(" and "),
        question: "Do the arms that these results share differ, and do they stand in one order?".to_owned(),
        cites: None,
        verdict: pairs.iter().flat_map(verdict).collect(),
        facts: Vec::new(),
        sections,
    })
}

/// What is found, in a sentence for each score.
fn verdict(pair: &Pair) -> Vec<String> {
    let [first, second] = &pair.folders;
    let mut told = Vec::new();
    if !pair.settings.is_empty() {
        told.push(format!(
            "From {first} to {second}: {}.",
            some(pair.settings.iter().cloned())
        ));
    }
    for one in &pair.scores {
        let score = &one.score;
        let established = one.arms.iter().filter(|arm| arm.established);
        let named = |arm: &ArmPair| format!("{} ({})", arm.arm, score.difference(arm.delta));
        let established: Vec<String> = established.map(named).collect();
        let title = score.label();
        told.push(
            match (one.arms.iter().all(|arm| arm.same_runs), established.is_empty()) {
                (true, _) => format!("{title}: both hold the same runs, and nothing is compared."),
                (_, true) => format!("{title}: no arm is established to differ between {first} and {second}."),
                _ => format!("{title}: established, {second} less {first}: {}.", some(established)),
            },
        );
        told.extend(one.agreement.as_ref().map(order));
    }
    told
}

/// Whether the orders agree.
fn order(orders: &Orders) -> String {
    let Some(tau) = orders.tau else {
        return "The means of one side are all equal, so that there is no order.".to_owned();
    };
    let count = orders.first.len();
    let interval = orders
        .low
        .zip(orders.high)
        .map(|(low, high)| format!(", 95 % interval [{low:.2}, {high:.2}]"));
    let interval = interval.unwrap_or_else(|| format!(", no interval from fewer than {LEAST_SEEDS} seeds"));
    let same = orders.same.map(|same| {
        format!(
            "; the seeds leave one order in both with a probability of {}",
            number::share(same)
        )
    });
    let is_one = orders.first == orders.second;
    let which = if is_one {
        format!("in one order ({})", orders.first.join(", then "))
    } else {
        format!(
            "in two orders ({}; {})",
            orders.first.join(", then "),
            orders.second.join(", then ")
        )
    };
    format!(
        "Their {count} arms stand {which}: Kendall's tau {tau:.2}{interval}{}.",
        same.unwrap_or_default()
    )
}

fn section(pair: &Pair, one: &ScorePair, studies: [Option<&Study>; 2]) -> Section {
    let (score, [first, second]) = (&one.score, &pair.folders);
    let mark = |arm: &ArmPair| if arm.mixed { MIXED } else { "" };
    let rows = one.arms.iter().map(|arm| {
        let interval = arm
            .low
            .zip(arm.high)
            .map(|(low, high)| score.interval(Interval { low, high }));
        let pairs = match (arm.same_runs, arm.paired) {
            (true, _) => "the same runs",
            (_, true) => "paired",
            _ => "unpaired",
        };
        vec![
            Cell::plain(format!("{}{}", arm.arm, mark(arm))),
            Cell::plain(format!("{} and {}", arm.seeds[0], arm.seeds[1])),
            Cell::plain(pairs),
            Cell::plain(score.text(arm.means[0])),
            Cell::plain(score.text(arm.means[1])),
            Cell::bold(score.difference(arm.delta), arm.established),
            Cell::optional(interval),
            Cell::optional(arm.p_exact.map(number::p)),
            Cell::optional(arm.p_t_holm.map(number::p)),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let columns = [
        "arm".to_owned(),
        "seeds".to_owned(),
        "seeds are".to_owned(),
        first.clone(),
        second.clone(),
        "Δ".to_owned(),
        "95 % interval".to_owned(),
        "p exact".to_owned(),
        "p t, Holm".to_owned(),
    ];
    let mut lead = vec![format!(
        "Seeds are paired where both read the same text in the same order. Bold: established by the t test after Holm's \
         correction over the arms, from {LEAST_SEEDS} seeds on."
    )];
    if pair.on_trust {
        lead.push(
            "Of which data some of these runs were made is not written down: equal configurations are taken for equal data."
                .to_owned(),
        );
    }
    lead.extend(one.agreement.as_ref().map(order));
    for (side, study) in studies.iter().enumerate() {
        let mixed = study.and_then(|study| study.mixtures(one.arms.iter().map(|arm| arm.places[side])));
        lead.extend(mixed.map(|mixed| format!("{}: {mixed}", pair.folders[side])));
    }
    let caption = format!("{}: {second} less {first}", score.label());
    Section {
        lead,
        table: Some(Table::new("across", caption, columns, rows)),
        ..Section::new(format!("{}: {first} and {second}", score.title()))
    }
}

/// What is not compared, and why.
fn refused(pair: &Pair) -> Option<Section> {
    let [first, second] = &pair.folders;
    (!pair.refused.is_empty()).then(|| Section {
        points: pair
            .refused
            .iter()
            .map(|one| format!("{}: {}.", one.what, one.why))
            .collect(),
        ..Section::new(format!("Not compared between {first} and {second}"))
    })
}
