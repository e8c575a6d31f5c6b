//! What the arms wrote, to be looked at: a table for each kind of sample.

use crate::document::{Cell, Section, Table};
use crate::items::Written;
use crate::score::readable;
use crate::study::Study;
use std::collections::BTreeMap;

/// Samples of a kind that are shown.
const MOST: usize = 12;

pub(super) fn sections(study: &Study) -> Vec<Section> {
    let mut kinds: BTreeMap<(&str, &str), Vec<&Written>> = BTreeMap::new();
    for ((task, kind, _), arms) in study.view.answers.samples() {
        kinds.entry((task.as_str(), kind.as_str())).or_default().push(arms);
    }
    kinds
        .into_iter()
        .map(|((task, kind), samples)| section(study, (task, kind), &samples))
        .collect()
}

fn section(study: &Study, (task, kind): (&str, &str), samples: &[&Written]) -> Section {
    let split = |text: &str| match text.split_once('\n') {
        Some((given, answer)) => (given.to_owned(), answer.to_owned()),
        None => (String::new(), text.to_owned()),
    };
    let wrote = |arm: &&usize| samples.iter().any(|arms| arms.contains_key(*arm));
    let arms: Vec<usize> = study.shown.iter().filter(wrote).copied().collect();
    let mut rows = Vec::new();
    for arms_of in samples.iter().take(MOST) {
        // Arms of other texts were given something else: a row for each.
        let mut given: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
        for (place, arm) in arms.iter().enumerate() {
            let Some((_, text)) = arms_of.get(arm) else { continue };
            let (what, answer) = split(text);
            let row = given
                .entry(what)
                .or_insert_with(|| arms.iter().map(|_| Cell::plain("")).collect());
            row[place] = Cell::plain(answer);
        }
        rows.extend(
            given
                .into_iter()
                .map(|(what, cells)| [vec![Cell::plain(what)], cells].concat()),
        );
    }
    let columns = ["given".to_owned()]
        .into_iter()
        .chain(arms.iter().map(|arm| study.marked(*arm)));
    let mut lead = vec![
        "What each arm wrote at the end of its run with its first seed. It is to be looked at, and judges nobody."
            .to_owned(),
    ];
    lead.extend(study.of_shown());
    Section {
        lead,
        table: Some(Table::new(&format!("{task} {kind}"), readable(kind), columns, rows)),
        ..Section::new(format!("Samples: {}", readable(kind)))
    }
}
