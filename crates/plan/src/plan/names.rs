//! What arms and points are called. Ids do not hold names, so this may change.

use crate::experiment::Experiment;
use crate::experiment::arms::Arm;
use crate::experiment::dimension::{Dimension, SweptKey};
use crate::experiment::swept::swept;
use crate::sweep::combinations;
use cloze_options::{Field, Node, Table, Usual, Value, rows};
use std::collections::{BTreeMap, BTreeSet};

/// Keys whose values are paths.
const PATHS: [&str; 2] = ["corpus.source", "corpus.tokenizer.path"];

/// What each arm is called without what is swept: its name or its objective; and, where arms without a name would be called
/// alike, the options and overrides in which they differ.
pub(super) fn bases(experiment: &Experiment) -> Vec<String> {
    let arms = &experiment.arms;
    let mut names: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
    let stems: Vec<BTreeSet<String>> = arms.iter().map(|arm| stems(experiment, arm)).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for stem in stems.iter().flatten() {
        *times.entry(stem).or_default() += 1;
    }
    let mut told = BTreeSet::new();
    for (arm, stems) in arms.iter().zip(&stems) {
        if stems.iter().all(|stem| times[stem.as_str()] == 1) || !told.insert(&arm.name) {
            continue;
        }
        let group: Vec<usize> = (0..arms.len()).filter(|other| arms[*other].name == arm.name).collect();
        for (key, values) in differences(experiment, &group) {
            for (place, value) in group.iter().zip(values) {
                let is_swept = |axis: &SweptKey| axis.path == key;
                let swept = arms[*place]
                    .dimensions
                    .iter()
                    .flat_map(|dimension| &dimension.axes)
                    .any(is_swept);
                if !arms[*place].named && !swept {
                    names[*place] += &format!(" {}={value}", last(&key));
                }
            }
        }
    }
    names
}

/// The names of an arm's own points.
fn stems(experiment: &Experiment, arm: &Arm) -> BTreeSet<String> {
    let dimensions = experiment.sweep.dimensions_of(arm);
    let labels = Labels::of(&dimensions);
    let lengths: Vec<usize> = arm.dimensions.iter().map(Dimension::length).collect();
    let name = |indices: Vec<usize>| {
        indices
            .iter()
            .enumerate()
            .fold(arm.name.clone(), |name, (place, index)| {
                name + &labels.at(place, *index)
            })
    };
    combinations(&lengths).map(name).collect()
}

/// The keys in which some arms differ, in the order in which they are written, each with what every arm has there.
fn differences(experiment: &Experiment, group: &[usize]) -> Vec<(String, Vec<String>)> {
    let arms = || group.iter().map(|place| &experiment.arms[*place]);
    let mut keys: Vec<String> = Vec::new();
    for arm in arms() {
        let mut written: Vec<_> = arm.options.table().into_iter().flatten().collect();
        written.sort_by(|left, right| left.1.key.cmp(&right.1.key));
        let options = written.into_iter().map(|(key, _)| format!("options.{key}"));
        for key in options.chain(arm.set.iter().map(|(path, _)| path.clone())) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let values = |key: String| {
        let values: Vec<Option<Node>> = arms().map(|arm| value(experiment, arm, &key)).collect();
        let known: Vec<&Node> = values.iter().flatten().collect();
        let mut shown = shown(&key, &known).into_iter();
        let values: Vec<String> = values
            .iter()
            .map(|value| {
                value
                    .as_ref()
                    .and_then(|_| shown.next())
                    .unwrap_or_else(|| "usual".to_owned())
            })
            .collect();
        values.iter().any(|value| *value != values[0]).then_some((key, values))
    };
    keys.into_iter().filter_map(values).collect()
}

/// What an arm has for a key, whether it is written or not; `None` where it is a default that depends on other keys.
fn value(experiment: &Experiment, arm: &Arm, key: &str) -> Option<Node> {
    let usual = |fields: &[Field], path: &str| {
        let (_, field) = rows("", fields).into_iter().find(|(known, _)| known == path)?;
        match &field.usual {
            Usual::Value(value) => Some(Node::from_toml(value)),
            Usual::Words("none") => Some(Node::from_toml(&"none".into())),
            _ => None,
        }
    };
    if let Some(option) = key.strip_prefix("options.") {
        let written = arm.options.find(option).map(|member| member.node.clone());
        return written.or_else(|| usual(&arm.declared(), option));
    }
    let set = arm.set.iter().find(|(path, _)| path == key).map(|(_, member)| member);
    let written = set
        .or_else(|| experiment.settings.find(key))
        .map(|member| member.node.clone());
    written.or_else(|| {
        let (table, path) = key.split_once('.')?;
        let (_, fields) = swept().into_iter().find(|(name, _)| *name == table)?;
        usual(&fields, path)
    })
}

/// How the values of every dimension are written in names: ` width=64`.
pub(super) struct Labels(Vec<Vec<String>>);

impl Labels {
    pub(super) fn of(dimensions: &[Dimension]) -> Self {
        let axes: Vec<&SweptKey> = dimensions.iter().flat_map(|dimension| &dimension.axes).collect();
        let of_dimension = |dimension: &Dimension| {
            let mut labels = vec![String::new(); dimension.length()];
            for axis in &dimension.axes {
                let key = label(axis, &axes);
                let values = shown(&axis.path, &axis.values.iter().collect::<Vec<_>>());
                for (label, value) in labels.iter_mut().zip(values) {
                    *label += &format!(" {key}={value}");
                }
            }
            labels
        };
        Self(dimensions.iter().map(of_dimension).collect())
    }

    /// The label of a value of a dimension.
    pub(super) fn at(&self, dimension: usize, index: usize) -> String {
        self.0[dimension][index].clone()
    }
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

/// The last part of an axis' key path, or all of it where another axis ends in the same.
fn label<'a>(axis: &'a SweptKey, axes: &[&SweptKey]) -> &'a str {
    let label = last(&axis.path);
    let shared = axes.iter().filter(|other| last(&other.path) == label).count() > 1;
    let whole = axis.path.strip_prefix("options.").unwrap_or(&axis.path);
    if shared { whole } else { label }
}

/// The values of a key as they stand in names.
fn shown(key: &str, values: &[&Node]) -> Vec<String> {
    let texts: Option<Vec<&str>> = values
        .iter()
        .map(|node| match &node.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    match texts {
        Some(texts) if PATHS.contains(&key) => tails(&texts),
        _ => values.iter().map(|node| short(node)).collect(),
    }
}

/// Paths by their last parts: as few of them as tell all paths apart.
fn tails(paths: &[&str]) -> Vec<String> {
    let tail = |path: &str, parts: usize| {
        let mut last: Vec<&str> = path.rsplit('/').filter(|part| !part.is_empty()).take(parts).collect();
        last.reverse();
        last.join("/")
    };
    let different: BTreeSet<&str> = paths.iter().copied().collect();
    let most = paths.iter().map(|path| path.split('/').count()).max().unwrap_or(1);
    let tells = |parts: &usize| {
        different
            .iter()
            .map(|path| tail(path, *parts))
            .collect::<BTreeSet<_>>()
            .len()
            == different.len()
    };
    match (1..=most).find(tells) {
        Some(parts) => paths.iter().map(|path| tail(path, parts)).collect(),
        None => paths.iter().map(|path| (*path).to_owned()).collect(),
    }
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

#[cfg(test)]
mod tests {
    use super::tails;

    #[test]
    fn paths_are_shown_by_as_little_as_tells_them_apart() {
        assert_eq!(tails(&["/data/novels/a.txt", "fragment"]), ["a.txt", "fragment"]);
        assert_eq!(
            tails(&["x/a/*.txt", "x/b/*.txt", "x/b/*.txt"]),
            ["a/*.txt", "b/*.txt", "b/*.txt"]
        );
        assert_eq!(tails(&["novels/", "/novels"]), ["novels/", "/novels"]);
        assert_eq!(tails(&["/"]), [""]);
    }
}
