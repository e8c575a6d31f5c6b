//! What a sweep is made of: keys with their values, those that move together, and how both are written.

use super::shapes;
use super::swept::{swept, swept_keys};
use cloze_foundation::{Fault, Key, Origin, Result};
use cloze_options::{Kind, Member, Node, OptionType, Range, Table, Value, Written};

/// The table of an arm's options, as a sweep names it.
pub(crate) const OPTIONS: &str = "options";

/// More runs than any plan needs: a slip of the pen in a grid should not fill the memory.
pub(crate) const MOST_RUNS: usize = 100_000;

/// A key and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SweptKey {
    /// Key path, as in `encoder.width` or `options.rate`.
    pub(crate) path: String,
    /// Where the key stands.
    pub(crate) key: Origin,
    /// At least one.
    pub(crate) values: Vec<Node>,
}

/// Axes of one length that move together. Dimensions are crossed with each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dimension {
    /// At least one axis.
    pub(crate) axes: Vec<SweptKey>,
}

impl Dimension {
    pub(crate) fn length(&self) -> usize {
        self.axes[0].values.len()
    }
}

/// A dimension for each axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Crossed(pub(crate) Vec<Dimension>);

/// One dimension, if any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Zipped(pub(crate) Option<Dimension>);

/// What a table of lists is, for documentation and schema.
fn lists() -> Kind {
    Kind::Other {
        said: "\"key.path\" = [values]".into(),
        schema: shapes::shared(shapes::LISTS),
        fields: Vec::new(),
    }
}

impl OptionType for Crossed {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let crossed = axes(written)?.into_iter().map(|axis| Dimension { axes: vec![axis] });
        Ok(Self(crossed.collect()))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        lists()
    }
}

impl OptionType for Zipped {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let axes = axes(written)?;
        if let Some(odd) = axes.iter().find(|axis| axis.values.len() != axes[0].values.len()) {
            let (length, first) = (axes[0].values.len(), &axes[0].path);
            let what = format!(
                "`{}` has {} values and `{first}` has {length}",
                odd.path,
                odd.values.len()
            );
            return Err(Fault::usage(what)
                .at(odd.key.of(written.key()))
                .remedy("lists in a zip move together: give them the same length"));
        }
        Ok(Self((!axes.is_empty()).then_some(Dimension { axes })))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        lists()
    }
}

/// Members with their full key paths. `"encoder.width" = ..` and `encoder.width = ..` mean the same; `is_value` tells a
/// table that is a value from one that only leads on.
pub(crate) fn flatten<'a>(
    table: &'a Table,
    prefix: &str,
    is_value: &dyn Fn(&str, &Node) -> bool,
) -> Vec<(String, &'a Member)> {
    let mut found = Vec::new();
    for (key, member) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match member.node.table() {
            Some(inner) if !is_value(&path, &member.node) => found.extend(flatten(inner, &path, is_value)),
            _ => found.push((path, member)),
        }
    }
    // File order, which the parser does not keep.
    found.sort_by(|left, right| left.1.key.cmp(&right.1.key));
    found
}

/// Reads a table of lists.
fn axes(written: &Written<'_>) -> Result<Vec<SweptKey>> {
    let Value::Table(table) = written.value() else {
        return Err(written.wrong_kind("a table"));
    };
    let axis = |(path, member): (String, &Member)| {
        let values = Written::new(&member.node, written.key().joined(&Key::from(path.as_str())));
        match &member.node.value {
            Value::List(list) if list.is_empty() => Err(values.fault(format!("`{path}` has no values"))),
            Value::List(list) => Ok(SweptKey {
                path,
                key: member.key.clone(),
                values: list.clone(),
            }),
            _ => Err(values.wrong_kind("a list of values")),
        }
    };
    flatten(table, "", &|_, _| false).into_iter().map(axis).collect()
}

/// Refuses what no table of the experiment has.
pub(crate) fn check_path(path: &str, key: &Origin) -> Result<()> {
    let known = swept_keys();
    if path.strip_prefix(OPTIONS).is_some_and(|rest| rest.starts_with('.')) || known.iter().any(|known| known == path) {
        return Ok(());
    }
    let table = path.split('.').next().unwrap_or_default();
    let inside = |key: &&String| key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
    let mut near: Vec<String> = known.iter().filter(inside).cloned().collect();
    if near.is_empty() {
        near = swept()
            .iter()
            .map(|(table, _)| *table)
            .chain([OPTIONS])
            .map(|table| format!("{table}.*"))
            .collect();
    }
    Err(Fault::usage(format!("there is no key `{path}` to change"))
        .at(key.of(path))
        .allowed(near)
        .nearest(path, known))
}
