//! A TOML document in which every key and value knows where it was written, in the file or on the command line.

use super::amount::settle;
use cloze_foundation::{Fault, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Nowhere in particular of this file.
    File(Arc<str>),
    /// Lines and columns count from 1, columns in characters.
    Line(Arc<str>, usize, usize),
    /// A `--set` argument.
    Argument(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Line(file, line, column) => write!(f, "{file}:{line}:{column}"),
            Self::Argument(argument) => write!(f, "--set {argument}"),
        }
    }
}

impl Place {
    /// The place with the key path that was read there.
    pub(crate) fn of(&self, path: &str) -> String {
        if path.is_empty() {
            self.to_string()
        } else {
            format!("{self} ({path})")
        }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What TOML can say, dates left out: no key takes one.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
}

/// Entries by key.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A value under a key, with the place of the key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Place,
    pub(crate) node: Node,
}

impl Node {
    /// What kind of value this is, for errors.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value {
            Some(table)
        } else {
            None
        }
    }

    /// The entry at a key path.
    pub(crate) fn find(&self, path: &str) -> Option<&Entry> {
        let (head, rest) = path
            .split_once('.')
            .map_or((path, None), |(head, rest)| (head, Some(rest)));
        let entry = self.table()?.get(head)?;
        rest.map_or(Some(entry), |rest| entry.node.find(rest))
    }

    /// Puts an entry at a key path, making tables on the way; numbers lead into lists.
    ///
    /// # Errors
    /// A path through something that is neither a table nor a list that long.
    pub(crate) fn put(&mut self, path: &[String], entry: Entry) -> Result<()> {
        let Some((head, rest)) = path.split_first() else {
            self.value = entry.node.value;
            self.place = entry.node.place;
            return Ok(());
        };
        match &mut self.value {
            Value::Table(table) => {
                let inner = table.entry(head.clone()).or_insert_with(|| Entry {
                    key: entry.key.clone(),
                    node: Node {
                        value: Value::Table(Table::new()),
                        place: entry.key.clone(),
                    },
                });
                if rest.is_empty() {
                    inner.key = entry.key.clone();
                }
                inner.node.put(rest, entry)
            }
            Value::List(list) => {
                let length = list.len();
                match head.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                    Some(inner) => inner.put(rest, entry),
                    None => Err(Fault::usage(format!("`{head}` is not a place in a list of {length}"))
                        .at(entry.key.to_string())
                        .allowed([format!("0 to {}", length.saturating_sub(1))])),
                }
            }
            _ => Err(
                Fault::usage(format!("`{head}` would be a key of {}, which has none", self.kind()))
                    .at(entry.key.to_string()),
            ),
        }
    }

    /// The value without its places.
    pub(crate) fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::Text(text) => toml::Value::String(text.clone()),
            Value::Integer(integer) => toml::Value::Integer(*integer),
            Value::Float(float) => toml::Value::Float(*float),
            Value::Boolean(boolean) => toml::Value::Boolean(*boolean),
            Value::List(list) => toml::Value::Array(list.iter().map(Self::to_toml).collect()),
            Value::Table(table) => toml::Value::Table(to_toml(table)),
        }
    }

    /// Reads a parsed value; `place` says where a byte range lies.
    ///
    /// # Errors
    /// A date, a number beyond 64 bits, an infinite number or none at all (nan).
    pub(crate) fn read(value: &DeValue<'_>, at: Range<usize>, place: &dyn Fn(Range<usize>) -> Place) -> Result<Self> {
        let here = place(at);
        let refuse = |what: String| Fault::usage(what).at(here.to_string());
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => Value::Integer(
                i64::from_str_radix(integer.as_str(), integer.radix())
                    .map_err(|_| refuse(format!("{integer} does not fit in 64 bits")))?,
            ),
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(settle(number)),
                _ => return Err(refuse(format!("{float} is not a finite number"))),
            },
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(date) => {
                return Err(refuse(format!("{date} is a date, and no key takes one"))
                    .remedy("put it in quotes if text is meant"));
            }
            DeValue::Array(list) => Value::List(
                list.iter()
                    .map(|node| Self::read(node.get_ref(), node.span(), place))
                    .collect::<Result<_>>()?,
            ),
            DeValue::Table(table) => Value::Table(read_table(table, place)?),
        };
        Ok(Self { value, place: here })
    }
}

/// A table without its places.
pub(crate) fn to_toml(table: &Table) -> toml::Table {
    table
        .iter()
        .map(|(key, entry)| (key.clone(), entry.node.to_toml()))
        .collect()
}

fn read_table(table: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Result<Table> {
    table
        .iter()
        .map(|(key, value)| {
            let node = Node::read(value.get_ref(), value.span(), place)?;
            Ok((
                key.get_ref().to_string(),
                Entry {
                    key: place(key.span()),
                    node,
                },
            ))
        })
        .collect()
}

/// Parses a whole file.
///
/// # Errors
/// What is not TOML, with line and column, and what [`Node::read`] refuses.
pub(crate) fn parse(file: &str, text: &str) -> Result<Node> {
    let file: Arc<str> = file.into();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let place = |range: Range<usize>| {
        let line = starts.partition_point(|start| *start <= range.start);
        let before = text.get(starts[line - 1]..range.start).unwrap_or_default();
        Place::Line(file.clone(), line, before.chars().count() + 1)
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or_else(|| Place::File(file.clone()), place);
        Fault::usage(format!("not valid TOML: {}", error.message().replace('\n', ", "))).at(at.to_string())
    })?;
    Ok(Node {
        value: Value::Table(read_table(table.get_ref(), &place)?),
        place: Place::File(file.clone()),
    })
}
