//! The points of a sweep: one arm with one value for every swept key.

use super::names::Labels;
use crate::experiment::Experiment;
use crate::experiment::arms::Arm;
use crate::experiment::dimension::{Dimension, OPTIONS};
use crate::sweep::combinations;
use cloze_foundation::{Fault, Origin, Result};
use cloze_options::{Member, Node, Value};

/// One combination of swept values for one arm.
pub(super) struct Point {
    pub(super) name: String,
    /// The name without what the whole experiment sweeps.
    pub(super) stem: String,
    pub(super) factors: toml::Table,
    pub(super) settings: Node,
}

/// Every point of an arm, which is called `name` without what is swept, in order.
///
/// # Errors
/// Two changes of one key.
pub(super) fn points(experiment: &Experiment, arm: &Arm, name: &str) -> Result<Vec<Point>> {
    let dimensions = experiment.sweep.dimensions_of(arm);
    let tuned = experiment.tune.iter().flat_map(|tune| tune.dimensions_of(arm));
    check_conflicts(&dimensions.iter().cloned().chain(tuned).collect::<Vec<_>>(), arm)?;
    let labels = Labels::of(&dimensions);
    let mut base = experiment.settings.clone();
    if let Value::Table(table) = &mut base.value {
        table.insert(
            OPTIONS.into(),
            Member {
                key: arm.origin.clone(),
                node: arm.options.clone(),
            },
        );
    }
    for (path, member) in &arm.set {
        base.put(&segments(path), member.clone())?;
    }
    let lengths: Vec<usize> = dimensions.iter().map(Dimension::length).collect();
    let point = |indices: Vec<usize>| {
        let mut point = Point {
            name: name.to_owned(),
            stem: name.to_owned(),
            factors: toml::Table::new(),
            settings: base.clone(),
        };
        for (place, (dimension, index)) in dimensions.iter().zip(indices).enumerate() {
            for axis in &dimension.axes {
                let node = &axis.values[index];
                point.settings.put(
                    &segments(&axis.path),
                    Member {
                        key: axis.key.clone(),
                        node: node.clone(),
                    },
                )?;
                point.factors.insert(axis.path.clone(), node.to_toml());
            }
            point.name += &labels.at(place, index);
            if place + 1 == arm.dimensions.len() {
                point.stem.clone_from(&point.name);
            }
        }
        Ok(point)
    };
    combinations(&lengths).map(point).collect()
}

pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

/// Refuses two axes, or an axis and what the arm itself says, that change the same key.
fn check_conflicts(dimensions: &[Dimension], arm: &Arm) -> Result<()> {
    let overlap = |left: &str, right: &str| {
        let within = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        within(left, right) || within(right, left)
    };
    // Into a list a sweep may go by numbers; that it changes what is given there was looked for when the arm was read.
    let is_whole = |(_, member): &(&String, &Member)| !matches!(member.node.value, Value::List(_));
    let given = arm.options.table().into_iter().flatten().filter(is_whole);
    let given = given.map(|(option, member)| (format!("{OPTIONS}.{option}"), &member.key));
    let set = arm.set.iter().map(|(path, member)| (path.clone(), &member.key));
    let axes = dimensions.iter().flat_map(|dimension| &dimension.axes);
    let changes: Vec<(String, &Origin)> = axes
        .map(|axis| (axis.path.clone(), &axis.key))
        .chain(given)
        .chain(set)
        .collect();
    for (index, (path, key)) in changes.iter().enumerate() {
        if let Some((other, place)) = changes[..index].iter().find(|(other, _)| overlap(path, other)) {
            return Err(Fault::usage(format!("`{path}` and `{other}` change the same key"))
                .at(key.of(path.as_str()))
                .at(arm.key.to_string())
                .remedy(format!("remove this or {place}")));
        }
    }
    Ok(())
}
