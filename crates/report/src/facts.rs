//! What stands over a report: what was compared, on what, by what.

use crate::arm::Arm;
use crate::origins;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// So many values of a key are listed.
const MOST_VALUES: usize = 6;

/// A word and what it is, each.
pub(crate) fn facts(view: &View) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    for table in ["corpus", "encoder", "budget", "optimizer"] {
        let said = table_of(&view.arms, table);
        if !said.is_empty() {
            facts.push((table, said));
        }
    }
    let data: BTreeSet<String> = view
        .arms
        .iter()
        .filter_map(|arm| {
            arm.data
                .as_ref()
                .map(|data| data.short())
                .or_else(|| arm.measured.clone())
        })
        .collect();
    let some: Vec<&str> = data.iter().take(MOST_VALUES).map(String::as_str).collect();
    facts.push((
        "data",
        if some.is_empty() {
            "not written down: equal configurations are taken for equal data".to_owned()
        } else {
            some.join(", ")
        },
    ));
    facts.extend(origins::facts(&view.origins));
    facts.push(("command", format!("cloze run {}.toml", view.plan.experiment)));
    facts
}

/// A table of the configurations: what all arms have, and the values of what differs.
fn table_of(arms: &[Arm], table: &str) -> String {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arm in arms {
        for (path, value) in arm.settings.leaves(table) {
            let known = values.entry(path).or_default();
            if !known.contains(&value) && known.len() <= MOST_VALUES {
                known.push(value);
            }
        }
    }
    let said = |(path, values): (&String, &Vec<String>)| {
        let key = path.strip_prefix(&format!("{table}.")).unwrap_or(path);
        let some: Vec<&str> = values.iter().take(MOST_VALUES).map(String::as_str).collect();
        let more = if values.len() > some.len() { ", ..." } else { "" };
        match some[..] {
            [one] => format!("{key} {one}"),
            _ => format!("{key} {}{more} (differs)", some.join(" | ")),
        }
    };
    values.iter().map(said).collect::<Vec<_>>().join("; ")
}
