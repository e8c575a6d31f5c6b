//! Typed reading of one table: each wrong key or value is a fault with its place.

use super::amount::Unit;
use super::node::{Entry, Node, Place, Table, Value};
use cloze_foundation::{Fault, Result};

/// A table that is being read.
pub(crate) struct Section<'a> {
    table: Option<&'a Table>,
    path: String,
    place: Place,
}

impl<'a> Section<'a> {
    /// Opens the table `name` of `parent`; an absent one is empty.
    ///
    /// # Errors
    /// Something other than a table; a key that is not in `allowed`.
    pub(crate) fn open(parent: &'a Node, name: &str, allowed: &[&str]) -> Result<Self> {
        match parent.find(name) {
            Some(entry) => Self::of(&entry.node, name, allowed),
            None => Ok(Self {
                table: None,
                path: name.to_owned(),
                place: parent.place.clone(),
            }),
        }
    }

    /// Reads `node`, found at key path `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn of(node: &'a Node, path: &str, allowed: &[&str]) -> Result<Self> {
        let section = Self {
            table: node.table(),
            path: path.to_owned(),
            place: node.place.clone(),
        };
        let Some(table) = section.table else {
            return Err(wrong_kind(node, path, "a table"));
        };
        for (key, entry) in table {
            if !allowed.contains(&key.as_str()) {
                let table = if path.is_empty() {
                    String::new()
                } else {
                    format!(" in `{path}`")
                };
                return Err(Fault::usage(format!("unknown key `{key}`{table}"))
                    .at(entry.key.of(&section.path_of(key)))
                    .allowed(allowed)
                    .nearest(key, allowed));
            }
        }
        Ok(section)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Entry> {
        self.table?.get(key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Where a key's value stands, or the table if the key is absent.
    pub(crate) fn place_of(&self, key: &str) -> String {
        self.get(key)
            .map_or(&self.place, |entry| &entry.node.place)
            .of(&self.path_of(key))
    }

    /// A fault about the value of a key.
    pub(crate) fn fault(&self, key: &str, what: impl Into<String>) -> Fault {
        Fault::usage(what).at(self.place_of(key))
    }

    fn typed<T>(&self, key: &str, wanted: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let Some(entry) = self.get(key) else { return Ok(None) };
        read(&entry.node.value)
            .map(Some)
            .ok_or_else(|| wrong_kind(&entry.node, &self.path_of(key), wanted))
    }

    /// A string that is not blank.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        let text = self.typed(key, "a string", |value| {
            if let Value::Text(text) = value {
                Some(text.as_str())
            } else {
                None
            }
        })?;
        match text {
            Some(text) if text.trim().is_empty() => Err(self.fault(key, format!("`{}` is blank", self.path_of(key)))),
            text => Ok(text),
        }
    }

    /// A string that has to be there.
    pub(crate) fn required_text(&self, key: &str, remedy: &str) -> Result<&'a str> {
        let missing = || {
            let path = self.path_of(key);
            Fault::usage(format!("`{path}` is missing"))
                .at(self.place.of(&path))
                .remedy(remedy)
        };
        self.text(key)?.ok_or_else(missing)
    }

    /// One of some words.
    pub(crate) fn word(&self, key: &str, words: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(given) = self.text(key)? else { return Ok(None) };
        words
            .iter()
            .copied()
            .find(|word| *word == given)
            .map(Some)
            .ok_or_else(|| {
                self.fault(key, format!("unknown {key} `{given}`"))
                    .allowed(words)
                    .nearest(given, words)
            })
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn whole(&self, key: &str, least: i64, most: i64) -> Result<Option<usize>> {
        let read = |value: &Value| {
            if let Value::Integer(integer) = value {
                Some(*integer)
            } else {
                None
            }
        };
        match self.typed(key, "a whole number", read)? {
            Some(integer) if !(least..=most).contains(&integer) => Err(self
                .fault(key, format!("{key} = {integer} is out of range"))
                .allowed([format!("{least} to {most}")])),
            integer => Ok(integer.and_then(|integer| usize::try_from(integer).ok())),
        }
    }

    /// A number that `fits`, which `allowed` says in words.
    pub(crate) fn number(&self, key: &str, fits: impl Fn(f64) -> bool, allowed: &str) -> Result<Option<f64>> {
        let read = |value: &Value| match value {
            Value::Float(float) => Some(*float),
            Value::Integer(integer) => Some(*integer as f64),
            _ => None,
        };
        match self.typed(key, "a number", read)? {
            Some(number) if !fits(number) => Err(self
                .fault(key, format!("{key} = {number} is out of range"))
                .allowed([allowed])),
            number => Ok(number),
        }
    }

    /// An amount of something, always above 0.
    pub(crate) fn amount(&self, key: &str, unit: Unit) -> Result<Option<f64>> {
        let Some(Entry { node, .. }) = self.get(key) else {
            return Ok(None);
        };
        let read = match &node.value {
            Value::Text(text) => unit.read(text),
            Value::Integer(integer) => Some(*integer as f64).filter(|amount| *amount > 0.0),
            Value::Float(float) => Some(*float).filter(|amount| *amount > 0.0),
            _ => None,
        };
        read.map(Some).ok_or_else(|| {
            self.fault(key, format!("{key} = {} is not an amount", node.to_toml()))
                .allowed([unit.allowed()])
        })
    }

    /// A list.
    pub(crate) fn list(&self, key: &str) -> Result<Option<&'a [Node]>> {
        self.typed(key, "a list", |value| {
            if let Value::List(list) = value {
                Some(list.as_slice())
            } else {
                None
            }
        })
    }
}

/// A value of another kind than the key takes.
pub(crate) fn wrong_kind(node: &Node, path: &str, wanted: &str) -> Fault {
    Fault::usage(format!("`{path}` is {} and has to be {wanted}", node.kind()))
        .at(node.place.of(path))
        .allowed([wanted])
}

/// A fault from a registry, which knows the option but not where it was written: its place becomes that of the option
/// in `options`, or of the table where the option is absent.
pub(crate) fn locate(mut fault: Fault, options: &Node, path: &str) -> Fault {
    let option = fault.place.take().unwrap_or_default();
    let key = option.split([' ', ':']).next().unwrap_or_default();
    // The longest part of the key path that was written: `rate` for a fault about `rate.shape` when rate is a number.
    let written = std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(head, _)| head))
        .find_map(|key| options.find(key));
    let place = written.map_or(&options.place, |entry| &entry.node.place);
    fault.at(place.of(&join(path, key)))
}

fn join(path: &str, key: &str) -> String {
    [path, key]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(".")
}
