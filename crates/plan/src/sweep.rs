//! The sweep: which keys take which values together, and the points that this makes.

mod random;

use crate::experiment::keys::{SWEPT, swept_keys};
use crate::experiment::node::{Entry, Node, Place, Table, Value};
use crate::experiment::section::{Section, wrong_kind};
use cloze_foundation::{Fault, Result};

/// More runs than any plan needs: a slip of the pen in a grid should not fill the memory.
pub const MOST_RUNS: usize = 100_000;

/// A key and the values that it takes.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Key path, as in `encoder.width` or `options.rate`.
    pub(crate) path: String,
    /// Where the key stands.
    pub(crate) key: Place,
    /// At least one.
    pub(crate) values: Vec<Node>,
}

/// Axes of one length that move together. Dimensions are crossed with each other.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    /// At least one axis.
    pub(crate) axes: Vec<Axis>,
}

impl Dimension {
    pub(crate) fn length(&self) -> usize {
        self.axes[0].values.len()
    }
}

/// The `[sweep]` table.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    /// Seeds of every arm.
    pub(crate) seeds: Vec<u64>,
    /// In file order: grid, then zip, then random.
    pub(crate) dimensions: Vec<Dimension>,
}

impl Sweep {
    /// Reads and validates the table of a document.
    ///
    /// # Errors
    /// What is not a list of values, lists of different length in a zip, unknown key paths, duplicate seeds.
    pub(crate) fn read(document: &Node) -> Result<Self> {
        let section = Section::open(document, "sweep", &crate::experiment::keys::keys_of("sweep"))?;
        let mut dimensions = Vec::new();
        if let Some(entry) = section.get("grid") {
            dimensions.extend(
                axes(&entry.node, "sweep.grid")?
                    .into_iter()
                    .map(|axis| Dimension { axes: vec![axis] }),
            );
        }
        if let Some(entry) = section.get("zip") {
            let axes = axes(&entry.node, "sweep.zip")?;
            if let Some(odd) = axes.iter().find(|axis| axis.values.len() != axes[0].values.len()) {
                let (length, first) = (axes[0].values.len(), &axes[0].path);
                return Err(Fault::usage(format!(
                    "`{}` has {} values and `{first}` has {length}",
                    odd.path,
                    odd.values.len()
                ))
                .at(odd.key.of("sweep.zip"))
                .remedy("lists in a zip move together: give them the same length"));
            }
            dimensions.extend((!axes.is_empty()).then_some(Dimension { axes }));
        }
        if let Some(entry) = section.get("random") {
            dimensions.push(random::read(&entry.node)?);
        }
        for axis in dimensions.iter().flat_map(|dimension| &dimension.axes) {
            check_path(&axis.path, &axis.key)?;
        }
        Ok(Self {
            seeds: seeds(&section)?,
            dimensions,
        })
    }
}

fn seeds(section: &Section<'_>) -> Result<Vec<u64>> {
    let Some(list) = section.list("seeds")? else {
        return Ok(vec![1, 2, 3]);
    };
    let mut seeds = Vec::new();
    for node in list {
        let seed = match node.value {
            Value::Integer(integer) => u64::try_from(integer).ok(),
            _ => None,
        };
        let refuse = |what: String| {
            Fault::usage(what)
                .at(node.place.of("sweep.seeds"))
                .allowed(["different whole numbers from 0 up"])
        };
        let seed = seed.ok_or_else(|| refuse(format!("{} is not a seed", node.to_toml())))?;
        if seeds.contains(&seed) {
            return Err(refuse(format!("seed {seed} is given twice")));
        }
        seeds.push(seed);
    }
    if seeds.is_empty() {
        return Err(section
            .fault("seeds", "there are no seeds")
            .allowed(["at least one whole number, as in [1, 2, 3]"]));
    }
    Ok(seeds)
}

/// Entries with their full key paths. `"encoder.width" = ..` and `encoder.width = ..` mean the same; `is_value` tells a
/// table that is a value from one that only leads on.
pub(crate) fn flatten<'a>(
    table: &'a Table,
    prefix: &str,
    is_value: &dyn Fn(&str, &Node) -> bool,
) -> Vec<(String, &'a Entry)> {
    let mut found = Vec::new();
    for (key, entry) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match entry.node.table() {
            Some(inner) if !is_value(&path, &entry.node) => found.extend(flatten(inner, &path, is_value)),
            _ => found.push((path, entry)),
        }
    }
    // File order, which the parser does not keep.
    found.sort_by(|left, right| left.1.key.cmp(&right.1.key));
    found
}

/// Reads a table of lists.
pub(crate) fn axes(node: &Node, name: &str) -> Result<Vec<Axis>> {
    let table = node.table().ok_or_else(|| wrong_kind(node, name, "a table"))?;
    flatten(table, "", &|_, _| false)
        .into_iter()
        .map(|(path, entry)| match &entry.node.value {
            Value::List(values) if values.is_empty() => {
                Err(Fault::usage(format!("`{path}` has no values")).at(entry.node.place.of(&format!("{name}.{path}"))))
            }
            Value::List(values) => Ok(Axis {
                path,
                key: entry.key.clone(),
                values: values.clone(),
            }),
            _ => Err(wrong_kind(&entry.node, &format!("{name}.{path}"), "a list of values")),
        })
        .collect()
}

/// Refuses what no table of the experiment has.
pub(crate) fn check_path(path: &str, key: &Place) -> Result<()> {
    let inner = path.starts_with("options.") || path.starts_with("corpus.tokenizer.");
    if inner || swept_keys().any(|known| known == path) {
        return Ok(());
    }
    let known: Vec<&str> = swept_keys().collect();
    let table = path.split('.').next().unwrap_or_default();
    let near: Vec<String> = match SWEPT.iter().find(|known| **known == table) {
        Some(table) => known
            .iter()
            .filter(|key| key.starts_with(&format!("{table}.")))
            .map(|key| (*key).to_owned())
            .collect(),
        None => SWEPT.iter().map(|table| format!("{table}.*")).collect(),
    };
    Err(Fault::usage(format!("there is no key `{path}` to change"))
        .at(key.of(path))
        .allowed(near)
        .nearest(path, known))
}

/// Every combination of one index per dimension, the last one moving fastest.
pub(crate) fn combinations(lengths: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..lengths.iter().product()).map(move |mut index: usize| {
        let mut indices = vec![0; lengths.len()];
        for (place, length) in indices.iter_mut().zip(lengths).rev() {
            *place = index % length;
            index /= length;
        }
        indices
    })
}
