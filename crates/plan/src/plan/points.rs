//! The points of a sweep: one arm with one value for every swept key, and the name that it gets.

use crate::experiment::Experiment;
use crate::experiment::arms::Arm;
use crate::sweep::{Dimension, SweptKey, combinations};
use cloze_foundation::{Fault, Result};
use cloze_options::{Member, Node, Table, Value};

/// One combination of swept values for one arm.
pub(super) struct Point {
    pub(super) name: String,
    /// The name without what the whole experiment sweeps.
    pub(super) stem: String,
    pub(super) factors: toml::Table,
    pub(super) settings: Node,
}

/// Every point of an arm, in order.
///
/// # Errors
/// Two changes of one key.
pub(super) fn points(experiment: &Experiment, arm: &Arm) -> Result<Vec<Point>> {
    let dimensions: Vec<&Dimension> = arm.dimensions.iter().chain(experiment.sweep.dimensions()).collect();
    check_conflicts(&dimensions, arm)?;
    let axes: Vec<&SweptKey> = dimensions.iter().flat_map(|dimension| &dimension.axes).collect();
    let labels: Vec<&str> = axes.iter().map(|axis| label(axis, &axes)).collect();
    let mut base = experiment.settings.clone();
    if let Value::Table(table) = &mut base.value {
        table.insert(
            "options".into(),
            Member {
                key: arm.origin.clone(),
                node: arm.options.clone(),
            },
        );
    }
    for (path, member) in &arm.set {
        base.put(&segments(path), member.clone())?;
    }
    let lengths: Vec<usize> = dimensions.iter().map(|dimension| dimension.length()).collect();
    let point = |indices: Vec<usize>| {
        let mut point = Point {
            name: arm.name.clone(),
            stem: arm.name.clone(),
            factors: toml::Table::new(),
            settings: base.clone(),
        };
        let mut label = labels.iter();
        for (place, (dimension, index)) in dimensions.iter().zip(indices).enumerate() {
            for (axis, label) in dimension.axes.iter().zip(&mut label) {
                let node = &axis.values[index];
                point.settings.put(
                    &segments(&axis.path),
                    Member {
                        key: axis.key.clone(),
                        node: node.clone(),
                    },
                )?;
                point.name += &format!(" {label}={}", short(node));
                point.factors.insert(axis.path.clone(), node.to_toml());
            }
            if place + 1 == arm.dimensions.len() {
                point.stem.clone_from(&point.name);
            }
        }
        Ok(point)
    };
    combinations(&lengths).map(point).collect()
}

fn segments(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

/// Refuses two axes, or an axis and an override, that change the same key.
fn check_conflicts(dimensions: &[&Dimension], arm: &Arm) -> Result<()> {
    let overlap = |left: &str, right: &str| {
        let within = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        within(left, right) || within(right, left)
    };
    let axes = dimensions
        .iter()
        .flat_map(|dimension| &dimension.axes)
        .map(|axis| (axis.path.as_str(), &axis.key));
    let changes: Vec<_> = axes
        .chain(arm.set.iter().map(|(path, member)| (path.as_str(), &member.key)))
        .collect();
    for (index, (path, key)) in changes.iter().enumerate() {
        if let Some((other, place)) = changes[..index].iter().find(|(other, _)| overlap(path, other)) {
            return Err(Fault::usage(format!("`{path}` and `{other}` change the same key"))
                .at(key.of(*path))
                .at(arm.key.to_string())
                .remedy(format!("remove this or {place}")));
        }
    }
    Ok(())
}

/// The last part of an axis' key path, or all of it where another axis ends in the same.
fn label<'a>(axis: &'a SweptKey, axes: &[&SweptKey]) -> &'a str {
    let last = |path: &'a str| path.rsplit_once('.').map_or(path, |(_, last)| last);
    let label = last(&axis.path);
    let shared = axes
        .iter()
        .filter(|other| other.path.rsplit('.').next() == Some(label))
        .count()
        > 1;
    if shared { &axis.path } else { label }
}

/// A value as it stands in an arm's name.
fn short(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) if float.abs() < 1e-4 && *float != 0.0 => format!("{float:e}"),
        Value::Float(float) => float.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::List(list) => format!("[{}]", list.iter().map(short).collect::<Vec<_>>().join(",")),
        Value::Table(table) => format!("{{{}}}", short_members(table)),
    }
}

fn short_members(table: &Table) -> String {
    table
        .iter()
        .map(|(key, member)| format!("{key}={}", short(&member.node)))
        .collect::<Vec<_>>()
        .join(",")
}
