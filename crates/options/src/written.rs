//! A written value with its key path: what options are read from.

use crate::tree::{Member, Node, Table, Value};
use cloze_foundation::{Fault, Key, Origin, Place, Result};

static NOTHING: Value = Value::Table(Table::new());

/// A value under its key path. Every fault about it has its place.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    value: &'a Value,
    origin: &'a Origin,
    key: Key,
}

impl<'a> Written<'a> {
    /// What stands at a key path.
    pub fn new(node: &'a Node, key: impl Into<Key>) -> Self {
        Self {
            value: &node.value,
            origin: &node.origin,
            key: key.into(),
        }
    }

    /// The value.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The key path.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Where the value stands.
    pub fn place(&self) -> Place {
        self.origin.of(&self.key)
    }

    /// A fault about the value.
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::usage(what).at(self.place())
    }

    /// A fault for a value of another kind than is wanted.
    pub fn wrong_kind(&self, wanted: &str) -> Fault {
        self.fault(format!(
            "`{}` is {} and has to be {wanted}",
            self.key,
            self.value.kind()
        ))
        .allowed([wanted])
    }

    /// The member of a table with this key.
    pub fn get(&self, name: &str) -> Option<Self> {
        let node = &self.members()?.get(name)?.node;
        Some(Self::new(node, self.key.join(name)))
    }

    /// The table under this key; one that was not written is empty and stands where this one does.
    pub fn open(&self, name: &str) -> Self {
        self.get(name).unwrap_or(Self {
            value: &NOTHING,
            origin: self.origin,
            key: self.key.join(name),
        })
    }

    /// A fault for a key that has to be there.
    pub fn missing(&self, name: &str, remedy: &str) -> Fault {
        let key = self.key.join(name);
        Fault::usage(format!("`{key}` is missing"))
            .at(self.origin.of(key))
            .remedy(remedy)
    }

    /// A fault of a check, whose place is a key in this table, with the place where that was written. One that has its
    /// place already keeps it.
    pub fn locate(&self, mut fault: Fault) -> Fault {
        let Some(inner) = fault.places.first() else {
            return fault.at(self.place());
        };
        if !inner.is_unlocated() {
            return fault;
        }
        let inner = fault.places.remove(0).key;
        let mut found = self.clone();
        for segment in inner.segments() {
            // Of a key that was not written, the innermost table that was.
            found = found.get(segment).or_else(|| found.item(segment)).unwrap_or(found);
        }
        fault.at(found.origin.of(self.key.joined(&inner)))
    }

    /// The item of a list by its segment of a key path, as in `[2]`.
    fn item(&self, segment: &str) -> Option<Self> {
        let index: usize = segment.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
        self.list().ok()?.into_iter().nth(index)
    }

    fn members(&self) -> Option<&'a Table> {
        match self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The members, none of which has another key than these.
    ///
    /// # Errors
    /// What is no table; an unknown key, with the nearest known one.
    pub fn table(&self, known: &[&str]) -> Result<&'a Table> {
        let table = self.members().ok_or_else(|| self.wrong_kind("a table"))?;
        match table.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((name, Member { key, .. })) => {
                let inside = if self.key.is_empty() {
                    String::new()
                } else {
                    format!(" in `{}`", self.key)
                };
                Err(Fault::usage(format!("unknown key `{name}`{inside}"))
                    .at(key.of(self.key.join(name)))
                    .allowed(known)
                    .nearest(name, known))
            }
            None => Ok(table),
        }
    }

    /// A string that is not blank.
    ///
    /// # Errors
    /// Another kind of value, or a blank one.
    pub fn text(&self) -> Result<&'a str> {
        match self.value {
            Value::Text(text) if text.trim().is_empty() => Err(self.fault(format!("`{}` is blank", self.key))),
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong_kind("a string")),
        }
    }

    /// The place of a word among known ones.
    ///
    /// # Errors
    /// Another kind of value, or an unknown word, with the nearest known one.
    pub fn word(&self, known: &[&str]) -> Result<usize> {
        let given = self.text()?;
        let unknown = || {
            self.fault(format!("unknown {} `{given}`", self.key.last()))
                .allowed(known)
                .nearest(given, known)
        };
        known.iter().position(|word| *word == given).ok_or_else(unknown)
    }

    /// The items of a list.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn list(&self) -> Result<Vec<Self>> {
        match self.value {
            Value::List(list) => {
                let item = |(index, node)| Self::new(node, self.key.index(index));
                Ok(list.iter().enumerate().map(item).collect())
            }
            _ => Err(self.wrong_kind("a list")),
        }
    }

    /// The table with these keys, and the table with all the others.
    ///
    /// # Errors
    /// What is no table.
    pub fn split(&self, own: &[&str]) -> Result<(Node, Node)> {
        let table = self.members().ok_or_else(|| self.wrong_kind("a table"))?.clone();
        let (own, rest) = table.into_iter().partition(|(key, _)| own.contains(&key.as_str()));
        let node = |table| Node {
            value: Value::Table(table),
            origin: self.origin.clone(),
        };
        Ok((node(own), node(rest)))
    }
}
