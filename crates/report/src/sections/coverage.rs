//! Which runs there are.

use crate::arm::{Arm, Ending};
use crate::document::{Cell, Section, Table};
use crate::history;
use crate::names::some;
use crate::study::Study;

/// `undrawn`: which of the charts that were asked for cannot be drawn, and why.
pub(super) fn section(study: &Study, undrawn: &[String]) -> Section {
    let view = study.view;
    let planned: usize = view.arms.iter().map(|arm| arm.seeds.len()).sum();
    let count = |ending: Ending| -> usize { view.arms.iter().map(|arm| arm.count(ending)).sum() };
    // They are rare, and a column of zeros says nothing.
    let rare = [Ending::Ungathered, Ending::Early, Ending::NotNeeded];
    let endings = Ending::ALL
        .iter()
        .filter(|(ending, _)| !rare.contains(ending) || count(*ending) > 0);
    let endings: Vec<(Ending, &str)> = endings.copied().collect();
    let counts = endings
        .iter()
        .map(|(ending, word)| format!("{} {word}", count(*ending)));
    let counts: Vec<String> = counts.collect();
    // All of a few; of many those that lack something, the first of them.
    let lacks =
        |arm: &&Arm| !study.is_many() || arm.count(Ending::Done) + arm.count(Ending::NotNeeded) < arm.seeds.len();
    let rows = view.arms.iter().filter(lacks).take(MOST_ROWS).map(|arm| {
        let numbers = endings.iter().map(|(ending, _)| arm.count(*ending).to_string());
        let done = arm.seeds.iter().filter(|(_, ended)| *ended == Ending::Done);
        let done: Vec<String> = done.map(|(seed, _)| seed.to_string()).collect();
        let mut row = vec![Cell::plain(&arm.name), Cell::plain(arm.seeds.len().to_string())];
        row.extend(numbers.map(Cell::plain));
        row.push(Cell::optional((!done.is_empty()).then(|| done.join(" "))));
        row
    });
    let columns = ["arm", "planned"]
        .into_iter()
        .chain(endings.iter().map(|(_, word)| *word))
        .chain(["seeds done"]);
    let rows: Vec<Vec<Cell>> = rows.collect();
    let mut lead = vec![format!("{planned} runs planned: {}.", counts.join(", "))];
    if !view.models.is_empty() {
        let judged = view.models.iter().filter(|model| model.is_judged).count();
        let planned = view.models.len();
        lead.push(format!("Models that others trained: {planned}, judged: {judged}."));
    }
    for task in &view.plan.without {
        // Whoever was judged by it afterwards has some number of it.
        let is_judged = |arm: &usize| {
            view.curves
                .iter()
                .any(|(score, curves)| score.task == *task && !curves[*arm].is_empty())
        };
        let has_done = |arm: &usize| view.arms[*arm].count(Ending::Done) > 0;
        let arms: Vec<usize> = (0..view.arms.len()).filter(has_done).collect();
        let lacking: Vec<String> = arms
            .iter()
            .filter(|arm| !is_judged(arm))
            .map(|arm| view.arms[*arm].name.clone())
            .collect();
        if !lacking.is_empty() {
            let whose = if lacking.len() == arms.len() {
                "all arms".to_owned()
            } else {
                some(lacking)
            };
            lead.push(format!(
                "Not judged by \u{201c}{task}\u{201d}, whose data could not be read when the runs were planned: {whose}. `cloze eval` judges by it."
            ));
        }
    }
    lead.extend(view.outside.iter().cloned());
    lead.extend(history::gaps(view));
    lead.extend(history::changes(view));
    lead.extend(history::afterwards(view));
    let caption = match study.is_many() {
        true => "Arms that lack runs, the first of them",
        false => "Runs per arm",
    };
    Section {
        lead,
        table: (!rows.is_empty()).then(|| Table::new("coverage", caption, columns, rows).spare(&["seeds done"])),
        points: undrawn.to_vec(),
        brief: true,
        ..Section::new("Coverage")
    }
}

/// So many arms that lack runs are listed.
const MOST_ROWS: usize = 40;
