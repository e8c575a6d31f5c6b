//! What stands over a report: what was compared, on what, by what.

use crate::arm::Arm;
use crate::origins;
use crate::view::View;
use cloze_schema::BUILT_IN;
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
    if facts.iter().all(|(word, _)| *word != origins::COMMAND) {
        // Older runs do not say it.
        facts.push((origins::COMMAND, format!("cloze run {}.toml", view.plan.experiment)));
    }
    facts
}

/// A table of the configurations: what all arms have, and the values of what differs. An arm that does not say a key differs
/// from those that do.
fn table_of(arms: &[Arm], table: &str) -> String {
    let leaves = |arm: &Arm| {
        let mut leaves = arm.settings.leaves(table);
        // A frozen corpus says how many words are generated even where none are.
        if leaves.get("corpus.source").is_some_and(|source| source != BUILT_IN) {
            leaves.remove("corpus.words");
        }
        leaves
    };
    let leaves: Vec<BTreeMap<String, String>> = arms.iter().map(leaves).collect();
    let paths: BTreeSet<&String> = leaves.iter().flat_map(BTreeMap::keys).collect();
    let said = |path: &String| {
        let mut values: Vec<&str> = Vec::new();
        for arm in &leaves {
            let value = arm.get(path).map_or(UNSET, String::as_str);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let key = path.strip_prefix(&format!("{table}.")).unwrap_or(path);
        let some = &values[..values.len().min(MOST_VALUES)];
        let more = if values.len() > some.len() { ", ..." } else { "" };
        match some {
            [one] => format!("{key} {one}"),
            _ => format!("{key} {}{more} (differs)", some.join(" or ")),
        }
    };
    paths.into_iter().map(said).collect::<Vec<_>>().join("; ")
}

/// What is said of a key that an arm does not have: it goes on as if the option did not exist.
const UNSET: &str = "unset";
