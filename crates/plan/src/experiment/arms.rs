//! `[[arm]]`: an objective, its options, and what this arm sweeps or sets by itself.

use super::keys::keys_of;
use super::node::{Entry, Node, Place, Table, Value};
use super::section::{Section, wrong_kind};
use crate::sweep::{Axis, Dimension, axes, check_path, flatten};
use cloze_foundation::{Fault, Result};

/// One `[[arm]]` table.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// Key path in the file, for faults: `arm[0]`.
    pub(crate) path: String,
    /// Where the table stands.
    pub(crate) place: Place,
    /// Given, or the objective's.
    pub(crate) name: String,
    /// A name in the registry.
    pub(crate) objective: String,
    /// The objective's options as written.
    pub(crate) options: Node,
    /// What `grid` sweeps, one dimension for each option.
    pub(crate) dimensions: Vec<Dimension>,
    /// What `set` overrides, by key path.
    pub(crate) set: Vec<(String, Entry)>,
}

/// Reads every arm of a document.
///
/// # Errors
/// No arm, an arm without an objective or with an unknown one, an option both given and swept.
pub(crate) fn read(document: &Node) -> Result<Vec<Arm>> {
    let missing = || {
        Fault::usage("an experiment needs at least one arm")
            .at(document.place.to_string())
            .remedy("add [[arm]] with objective = \"mlm\"")
    };
    let entry = document.find("arm").ok_or_else(missing)?;
    let Value::List(list) = &entry.node.value else {
        return Err(wrong_kind(&entry.node, "arm", "a list of tables, each headed [[arm]]"));
    };
    if list.is_empty() {
        return Err(missing());
    }
    list.iter()
        .enumerate()
        .map(|(index, node)| read_arm(node, format!("arm[{index}]")))
        .collect()
}

fn read_arm(node: &Node, path: String) -> Result<Arm> {
    let own = keys_of("arm");
    let mut keys = own.clone();
    match written_objective(node).and_then(|name| cloze_objectives::find(name).ok()) {
        Some(entry) => keys.extend(entry.options.iter().map(|(key, _)| *key)),
        // Without an objective no other key can be judged, and that it is missing is said first.
        None => keys.extend(node.table().into_iter().flat_map(Table::keys).map(String::as_str)),
    }
    let section = Section::of(node, &path, &keys)?;
    let objective = section
        .required_text("objective", "`cloze explain` lists the objectives")?
        .to_owned();
    cloze_objectives::find(&objective).map_err(|fault| fault.at(section.place_of("objective")))?;
    let name = section.text("name")?.unwrap_or(&objective).trim().to_owned();
    if name.chars().any(char::is_control) {
        return Err(section.fault("name", "an arm's name holds control characters"));
    }
    let mut options = node.clone();
    if let Value::Table(options) = &mut options.value {
        options.retain(|key, _| !own.contains(&key.as_str()));
    }
    let dimensions = grid(&section, &options)?;
    let set = overrides(&section)?;
    Ok(Arm {
        place: node.place.clone(),
        path,
        name,
        objective,
        options,
        dimensions,
        set,
    })
}

fn written_objective(node: &Node) -> Option<&str> {
    match &node.find("objective")?.node.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}

fn grid(section: &Section<'_>, options: &Node) -> Result<Vec<Dimension>> {
    let Some(entry) = section.get("grid") else {
        return Ok(Vec::new());
    };
    let mut dimensions = Vec::new();
    for Axis { path, key, values } in axes(&entry.node, &section.path_of("grid"))? {
        if options.find(&path).is_some() {
            return Err(Fault::usage(format!("`{path}` is both given and swept in this arm"))
                .at(key.of(&section.path_of(&format!("grid.{path}"))))
                .remedy("keep one of the two"));
        }
        dimensions.push(Dimension {
            axes: vec![Axis {
                path: format!("options.{path}"),
                key,
                values,
            }],
        });
    }
    Ok(dimensions)
}

fn overrides(section: &Section<'_>) -> Result<Vec<(String, Entry)>> {
    let Some(entry) = section.get("set") else {
        return Ok(Vec::new());
    };
    let table = entry
        .node
        .table()
        .ok_or_else(|| wrong_kind(&entry.node, &section.path_of("set"), "a table"))?;
    // A table below `section.key` is a value: `set."corpus.tokenizer" = { kind = "bpe", vocab = 4096 }`.
    let set = flatten(table, "", &|path, _| path.contains('.'));
    set.into_iter()
        .map(|(path, entry)| {
            check_path(&path, &entry.key)?;
            Ok((path, entry.clone()))
        })
        .collect()
}
