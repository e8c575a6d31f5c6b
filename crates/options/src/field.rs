//! What is known of an option beside its type: what `cloze explain`, the tables in docs and the schema are made from.

use crate::amount::{Quantity, short};
use crate::range::Range;
use std::fmt;

/// A declared option.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it means: its doc comment.
    pub meaning: String,
    /// What may be written.
    pub kind: Kind,
    /// What it is when it is not written.
    pub usual: Usual,
    /// The version that it came with, if tables were frozen before: at its default it is left out of them.
    pub since: Option<&'static str>,
}

/// What an option is when it is not written.
#[derive(Clone, Debug, PartialEq)]
pub enum Usual {
    /// This value.
    Value(toml::Value),
    /// What these words say; it depends on other options, or is written more clearly so.
    Words(&'static str),
    /// Nothing: it has to be written.
    Required,
}

/// A word that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word itself.
    pub name: &'static str,
    /// What it means.
    pub meaning: String,
}

/// What may be written.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A number.
    Number(Range),
    /// A whole number.
    Whole(Range),
    /// A number with or without what it counts.
    Amount(Quantity, Range),
    /// True or false.
    Boolean,
    /// A string.
    Text,
    /// One of some words.
    Words(Vec<Word>),
    /// A list of this.
    List(Box<Kind>),
    /// A table of these.
    Table(Vec<Field>),
    /// One of several kinds.
    Either(Vec<Kind>),
    /// What has a schema and a description of its own.
    Other {
        /// In words.
        said: String,
        /// As JSON Schema.
        schema: serde_json::Value,
        /// The options of tables in it.
        fields: Vec<Field>,
    },
}

/// `a`, `a or b`, `a, b or c`.
fn either(parts: &[String], or: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{}{or}{last}", first.join(", ")),
    }
}

impl fmt::Display for Kind {
    /// In words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |f: &mut fmt::Formatter<'_>, what: &str, range: &Range| {
            if range.is_any() {
                write!(f, "{what}")
            } else {
                write!(f, "{what}: {range}")
            }
        };
        match self {
            Self::Number(range) => number(f, "a number", range),
            Self::Whole(range) => number(f, "a whole number", range),
            Self::Amount(quantity, range) if range.is_any() => f.write_str(quantity.allowed()),
            Self::Amount(_, range) => write!(f, "an amount: {}", range.words(short)),
            Self::Boolean => f.write_str("true or false"),
            Self::Text => f.write_str("a string"),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.name)).collect();
                f.write_str(&either(&words, " or "))
            }
            Self::List(kind) => write!(f, "a list, each {kind}"),
            Self::Table(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                write!(f, "{{ {} }}", names.join(", "))
            }
            Self::Either(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(Self::to_string).collect();
                f.write_str(&either(&kinds, ", or "))
            }
            Self::Other { said, .. } => f.write_str(said),
        }
    }
}

impl fmt::Display for Usual {
    /// In words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Words(words) => f.write_str(words),
            Self::Required => f.write_str("required"),
        }
    }
}

impl Kind {
    /// The options of tables in it.
    pub fn inner(&self) -> Vec<&Field> {
        match self {
            Self::Table(fields) | Self::Other { fields, .. } => fields.iter().collect(),
            Self::List(kind) => kind.inner(),
            // A key of several tables is told once.
            Self::Either(kinds) => {
                let mut fields: Vec<&Field> = Vec::new();
                for field in kinds.iter().flat_map(Self::inner) {
                    if fields.iter().all(|known| known.name != field.name) {
                        fields.push(field);
                    }
                }
                fields
            }
            _ => Vec::new(),
        }
    }
}

/// As [`rows`] has them, but tables that mean the same are opened once, where the first of them stands.
pub fn told_once<'a>(prefix: &str, fields: impl IntoIterator<Item = &'a Field>) -> Vec<(String, &'a Field)> {
    let mut opened: Vec<Vec<&str>> = Vec::new();
    let mut closed: Vec<String> = Vec::new();
    let mut found = rows(prefix, fields);
    found.retain(|(path, field)| {
        if closed.iter().any(|above| path.starts_with(above)) {
            return false;
        }
        let meanings: Vec<&str> = field.kind.inner().iter().map(|inner| inner.meaning.as_str()).collect();
        match opened.contains(&meanings) {
            true => closed.push(format!("{path}.")),
            false if !meanings.is_empty() => opened.push(meanings),
            false => {}
        }
        true
    });
    found
}

/// Every option with its key path under `prefix`, those in tables after the table's own.
pub fn rows<'a>(prefix: &str, fields: impl IntoIterator<Item = &'a Field>) -> Vec<(String, &'a Field)> {
    let mut found = Vec::new();
    for field in fields {
        let path = if prefix.is_empty() {
            field.name.to_owned()
        } else {
            format!("{prefix}.{}", field.name)
        };
        let inner = rows(&path, field.kind.inner());
        found.push((path, field));
        found.extend(inner);
    }
    found
}
