//! Which arm every arm is compared with.

use crate::ReportConfig;
use std::collections::BTreeMap;
use toml::Table;

/// An arm as far as that depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Stand<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its name without what the whole experiment sweeps; older plans do not say it.
    pub stem: Option<&'a str>,
    /// What varies over the sweep, by key path.
    pub factors: &'a Table,
}

/// The baseline of every arm: what the arm itself names, or the report. That is the arm with this name; or, of the arms with that
/// stem, the one that has the same place in what the whole experiment sweeps. Where neither names one, the first arm.
pub fn baselines(arms: &[Stand], report: &ReportConfig) -> Vec<Option<usize>> {
    let mut known: BTreeMap<&str, Vec<Option<usize>>> = BTreeMap::new();
    let found = arms
        .iter()
        .enumerate()
        .map(|(place, arm)| match report.wanted(arm.name) {
            None => Some(0),
            Some(wanted) => known.entry(wanted).or_insert_with(|| of(arms, wanted))[place],
        });
    found.collect()
}

/// The arm that every arm would be compared with if all wanted the same.
fn of(arms: &[Stand], wanted: &str) -> Vec<Option<usize>> {
    if let Some(place) = arms.iter().position(|arm| arm.name == wanted) {
        return vec![Some(place); arms.len()];
    }
    let of_stem: Vec<usize> = (0..arms.len())
        .filter(|place| arms[*place].stem == Some(wanted))
        .collect();
    let Some(first) = of_stem.first() else {
        return vec![None; arms.len()];
    };
    // Arms of one stem differ in nothing but what the whole experiment sweeps.
    let varies = |key: &&String| {
        of_stem
            .iter()
            .any(|place| arms[*place].factors.get(*key) != arms[*first].factors.get(*key))
    };
    let swept: Vec<&String> = arms[*first].factors.keys().filter(varies).collect();
    let stands_at = |factors: &Table| swept.iter().map(|key| factors.get(*key).cloned()).collect::<Vec<_>>();
    arms.iter()
        .map(|arm| {
            let here = stands_at(arm.factors);
            of_stem
                .iter()
                .copied()
                .find(|place| stands_at(arms[*place].factors) == here)
        })
        .collect()
}
