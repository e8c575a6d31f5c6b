//! A TOML document in which every key and value knows where it was written, in the file or on the command line.

use crate::amount::settle;
use cloze_foundation::{Fault, Key, Line, Origin, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A value, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// What TOML can say, dates left out: no key takes one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A number; a finite one if it was parsed.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key.
    Table(Table),
}

/// Members by key.
pub type Table = BTreeMap<String, Member>;

/// A value under a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Where the key was written.
    pub key: Origin,
    /// The value.
    pub node: Node,
}

impl Value {
    /// What kind of value this is, for errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// The value without its places.
    pub fn to_toml(&self) -> toml::Value {
        match self {
            Self::Text(text) => toml::Value::String(text.clone()),
            Self::Integer(integer) => toml::Value::Integer(*integer),
            Self::Float(float) => toml::Value::Float(*float),
            Self::Boolean(boolean) => toml::Value::Boolean(*boolean),
            Self::List(list) => toml::Value::Array(list.iter().map(Node::to_toml).collect()),
            Self::Table(table) => toml::Value::Table(to_toml(table)),
        }
    }
}

impl Node {
    /// The members, if it is a table.
    pub fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value {
            Some(table)
        } else {
            None
        }
    }

    /// The member at a key path; numbers lead into lists, and are no members themselves.
    pub fn find(&self, path: &str) -> Option<&Member> {
        let (head, rest) = path
            .split_once('.')
            .map_or((path, None), |(head, rest)| (head, Some(rest)));
        if let Value::List(list) = &self.value {
            return list.get(head.parse::<usize>().ok()?)?.find(rest?);
        }
        let member = self.table()?.get(head)?;
        rest.map_or(Some(member), |rest| member.node.find(rest))
    }

    /// Puts a member at a key path, making tables on the way; numbers lead into lists.
    ///
    /// # Errors
    /// A path through something that is neither a table nor a list that long.
    pub fn put(&mut self, path: &[String], member: Member) -> Result<()> {
        let Some((head, rest)) = path.split_first() else {
            self.value = member.node.value;
            self.origin = member.node.origin;
            return Ok(());
        };
        match &mut self.value {
            Value::Table(table) => {
                let inner = table.entry(head.clone()).or_insert_with(|| Member {
                    key: member.key.clone(),
                    node: Node {
                        value: Value::Table(Table::new()),
                        origin: member.key.clone(),
                    },
                });
                if rest.is_empty() {
                    inner.key = member.key.clone();
                }
                inner.node.put(rest, member)
            }
            Value::List(list) => {
                let length = list.len();
                match head.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                    Some(inner) => inner.put(rest, member),
                    None => Err(Fault::usage(format!("`{head}` is not a place in a list of {length}"))
                        .at(&member.key)
                        .allowed([format!("0 to {}", length.saturating_sub(1))])),
                }
            }
            _ => Err(Fault::usage(format!(
                "`{head}` would be a key of {}, which has none",
                self.value.kind()
            ))
            .at(&member.key)
            .remedy(format!(
                "give the whole value, as in {{ {head} = .. }}, if it may be a table"
            ))),
        }
    }

    /// The value without its places.
    pub fn to_toml(&self) -> toml::Value {
        self.value.to_toml()
    }

    /// A value that nobody wrote, such as one of a frozen configuration.
    pub fn from_toml(value: &toml::Value) -> Self {
        let value = match value {
            toml::Value::String(text) => Value::Text(text.clone()),
            toml::Value::Integer(integer) => Value::Integer(*integer),
            toml::Value::Float(float) => Value::Float(*float),
            toml::Value::Boolean(boolean) => Value::Boolean(*boolean),
            // No option takes a date; as text it is refused where it stands.
            toml::Value::Datetime(date) => Value::Text(date.to_string()),
            toml::Value::Array(list) => Value::List(list.iter().map(Self::from_toml).collect()),
            toml::Value::Table(table) => Value::Table(from_toml(table)),
        };
        Self {
            value,
            origin: Origin::Unknown,
        }
    }

    /// Reads a parsed value; `origin` says where a byte range lies.
    ///
    /// # Errors
    /// A date, a number beyond 64 bits, an infinite number or none at all (nan).
    pub fn read(value: &DeValue<'_>, at: Range<usize>, origin: &dyn Fn(Range<usize>) -> Origin) -> Result<Self> {
        let here = origin(at);
        let refuse = |what: String| Fault::usage(what).at(&here);
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
                    .enumerate()
                    .map(|(index, node)| {
                        let read = Self::read(node.get_ref(), node.span(), origin);
                        read.map_err(|fault| within(&Key::default().index(index), fault))
                    })
                    .collect::<Result<_>>()?,
            ),
            DeValue::Table(table) => Value::Table(read_table(table, origin)?),
        };
        Ok(Self { value, origin: here })
    }
}

/// A table without its places.
pub fn to_toml(table: &Table) -> toml::Table {
    table
        .iter()
        .map(|(key, member)| (key.clone(), member.node.to_toml()))
        .collect()
}

fn from_toml(table: &toml::Table) -> Table {
    let member = |value| Member {
        key: Origin::Unknown,
        node: Node::from_toml(value),
    };
    table.iter().map(|(key, value)| (key.clone(), member(value))).collect()
}

impl From<&toml::Table> for Node {
    fn from(table: &toml::Table) -> Self {
        Self {
            value: Value::Table(from_toml(table)),
            origin: Origin::Unknown,
        }
    }
}

/// The fault of an inner value, at its key in the one around it.
fn within(key: &Key, mut fault: Fault) -> Fault {
    if let Some(place) = fault.places.first_mut() {
        place.key = key.joined(&place.key);
    }
    fault
}

fn read_table(table: &DeTable<'_>, origin: &dyn Fn(Range<usize>) -> Origin) -> Result<Table> {
    table
        .iter()
        .map(|(key, value)| {
            let read = Node::read(value.get_ref(), value.span(), origin);
            let node = read.map_err(|fault| within(&Key::default().join(key.get_ref()), fault))?;
            Ok((
                key.get_ref().to_string(),
                Member {
                    key: origin(key.span()),
                    node,
                },
            ))
        })
        .collect()
}

/// How many characters stand before a byte of a text: counted once in steps, since a file may be one long line of values.
struct Characters<'a> {
    text: &'a str,
    /// Before every [`STEP`](Self::STEP)th byte.
    counts: Vec<usize>,
}

impl<'a> Characters<'a> {
    const STEP: usize = 64;

    fn of(text: &'a str) -> Self {
        let mut counts = vec![0];
        for bytes in text.as_bytes().chunks(Self::STEP) {
            counts.push(counts[counts.len() - 1] + Self::begun(bytes));
        }
        Self { text, counts }
    }

    /// Characters that begin in these bytes.
    fn begun(bytes: &[u8]) -> usize {
        bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count()
    }

    fn before(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let step = byte / Self::STEP;
        self.counts[step] + Self::begun(&self.text.as_bytes()[step * Self::STEP..byte])
    }
}

/// Parses a whole file.
///
/// # Errors
/// What is not TOML, with line and column, and what [`Node::read`] refuses.
pub fn parse(file: &str, text: &str) -> Result<Node> {
    let file: Arc<str> = file.into();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    // Every value of a line shares its text: a file may be one long line.
    let lines: Vec<Arc<str>> = text
        .split('\n')
        .map(|line| line.trim_end_matches('\r').into())
        .collect();
    let counted = Characters::of(text);
    let origin = |range: Range<usize>| {
        let line = starts.partition_point(|start| *start <= range.start);
        let characters = |range: Range<usize>| counted.before(range.end).saturating_sub(counted.before(range.start));
        let end = starts[line - 1] + lines[line - 1].len();
        Origin::Line(Line {
            file: file.clone(),
            line,
            column: characters(starts[line - 1]..range.start) + 1,
            width: characters(range.start..range.end.min(end)).max(1),
            text: lines[line - 1].clone(),
        })
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or_else(|| Origin::File(file.clone()), origin);
        Fault::usage(format!("not valid TOML: {}", error.message().replace('\n', ", "))).at(at)
    })?;
    Ok(Node {
        value: Value::Table(read_table(table.get_ref(), &origin)?),
        origin: Origin::File(file.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::Characters;

    #[test]
    fn characters_are_counted_from_any_byte() {
        let text = "é[1, 2]ß ".repeat(40);
        let counted = Characters::of(&text);
        for byte in (0..=text.len()).filter(|byte| text.is_char_boundary(*byte)) {
            assert_eq!(counted.before(byte), text[..byte].chars().count());
        }
    }
}
