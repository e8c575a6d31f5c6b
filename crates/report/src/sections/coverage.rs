//! Which runs there are.

use crate::arm::Ending;
use crate::document::{Cell, Section, Table};
use crate::view::View;

pub(super) fn section(view: &View) -> Section {
    let planned: usize = view.arms.iter().map(|arm| arm.seeds.len()).sum();
    let counts = Ending::ALL.map(|(ending, word)| {
        let count: usize = view.arms.iter().map(|arm| arm.count(ending)).sum();
        format!("{count} {word}")
    });
    let rows = view.arms.iter().map(|arm| {
        let numbers = Ending::ALL.map(|(ending, _)| arm.count(ending).to_string());
        let done = arm.seeds.iter().filter(|(_, ended)| *ended == Ending::Done);
        let done: Vec<String> = done.map(|(seed, _)| seed.to_string()).collect();
        let mut row = vec![Cell::plain(&arm.name), Cell::plain(arm.seeds.len().to_string())];
        row.extend(numbers.map(Cell::plain));
        row.push(Cell::optional((!done.is_empty()).then(|| done.join(" "))));
        row
    });
    let columns = ["arm", "planned"]
        .into_iter()
        .chain(Ending::ALL.map(|(_, word)| word))
        .chain(["seeds done"]);
    Section {
        lead: vec![format!("{planned} runs planned: {}.", counts.join(", "))],
        table: Some(Table::new("Runs per arm", columns, rows.collect())),
        brief: true,
        ..Section::new("Coverage")
    }
}
