//! Types of option values, and structs of options.

use crate::amount::{Amount, Count, Quantity, short};
use crate::field::{Field, Kind, Word};
use crate::range::{Range, any};
use crate::tree::{Node, Value};
use crate::written::Written;
use cloze_foundation::{Fault, Result};
use std::path::PathBuf;

/// The type of an option's value.
pub trait OptionType: Sized {
    /// Reads a value whose numbers lie in `range`.
    ///
    /// # Errors
    /// A usage fault at the innermost key that is wrong.
    fn read(written: &Written<'_>, range: Range) -> Result<Self>;

    /// The value as it is frozen; `None` leaves the key out.
    fn write(&self) -> Option<toml::Value>;

    /// What may be written, for documentation and schema.
    fn kind(range: Range) -> Kind;

    /// The value of a key that is not written, if there is one without a default.
    fn absent() -> Option<Self> {
        None
    }
}

/// A struct of options; [`options!`](crate::options!) makes it one.
pub trait Options: Sized {
    /// Every option, in the order of the declaration.
    fn fields() -> Vec<Field>;

    /// Their keys.
    fn names() -> Vec<&'static str>;

    /// Reads and checks a table.
    ///
    /// # Errors
    /// An unknown key, one that is missing, a value of the wrong kind or outside its range, options that do not go
    /// together: a usage fault with its place.
    fn read(written: &Written<'_>) -> Result<Self> {
        written.table(&Self::names())?;
        Self::read_among(written)
    }

    /// The same of a table that has keys beside its own, which are not looked at.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_among(written: &Written<'_>) -> Result<Self>;

    /// The options as a table, every default filled in.
    fn write(&self) -> toml::Table;

    /// Reads a table that nobody wrote: places are keys alone.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn from_toml(table: &toml::Table) -> Result<Self> {
        Self::read(&Written::new(&table.into(), ""))
    }

    /// Checks options that were not read.
    ///
    /// # Errors
    /// As [`read`](Self::read); places are keys alone.
    fn check(&self) -> Result<()> {
        Self::from_toml(&self.write()).map(drop)
    }
}

/// An enum of words; [`words!`](crate::words!) makes it one.
pub trait Words: Copy + 'static {
    /// Every value, in the order of the declaration.
    const ALL: &'static [Self];

    /// The word for it.
    fn name(self) -> &'static str;

    /// What it means.
    fn meaning(self) -> String;

    /// Every word.
    fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|word| word.name()).collect()
    }

    /// The value of a word.
    ///
    /// # Errors
    /// An unknown word, with the words that exist and the nearest one; `what` says in a word what it would be.
    fn parse(what: &str, word: &str) -> Result<Self> {
        let unknown = || {
            Fault::usage(format!("unknown {what} `{word}`"))
                .allowed(Self::names())
                .nearest(word, Self::names())
        };
        let found = Self::ALL.iter().copied().find(|known| known.name() == word);
        found.ok_or_else(unknown)
    }
}

/// Reads a member of a table, or what it is when it is not written.
///
/// # Errors
/// What [`OptionType::read`] refuses; a key that has to be written and is not, with `remedy`.
pub fn read_member<T: OptionType>(
    table: &Written<'_>,
    name: &str,
    range: Range,
    default: Option<T>,
    remedy: &str,
) -> Result<T> {
    match table.get(name) {
        Some(written) => T::read(&written, range),
        None => default.or_else(T::absent).ok_or_else(|| table.missing(name, remedy)),
    }
}

/// A number outside its range.
fn out_of_range(written: &Written<'_>, allowed: String) -> Fault {
    let (key, value) = (written.key().last(), written.value().to_toml());
    written
        .fault(format!("{key} = {value} is out of range"))
        .allowed([allowed])
}

impl OptionType for f64 {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let number = match written.value() {
            Value::Float(float) => *float,
            Value::Integer(integer) => *integer as f64,
            _ => return Err(written.wrong_kind("a number")),
        };
        if range.contains(number) {
            Ok(number)
        } else {
            Err(out_of_range(written, range.to_string()))
        }
    }

    fn write(&self) -> Option<toml::Value> {
        Some((*self).into())
    }

    fn kind(range: Range) -> Kind {
        Kind::Number(range)
    }
}

impl OptionType for u64 {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let range = range.or_from(0.0);
        match written.value() {
            Value::Integer(integer) => Self::try_from(*integer)
                .ok()
                .filter(|number| range.contains(*number as f64))
                .ok_or_else(|| out_of_range(written, range.to_string())),
            _ => Err(written.wrong_kind("a whole number")),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        // No range reaches that far, so what does not fit is refused.
        Some(i64::try_from(*self).unwrap_or(i64::MAX).into())
    }

    fn kind(range: Range) -> Kind {
        Kind::Whole(range.or_from(0.0))
    }
}

impl OptionType for usize {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let number = u64::read(written, range)?;
        Self::try_from(number).map_err(|_| out_of_range(written, range.to_string()))
    }

    fn write(&self) -> Option<toml::Value> {
        (*self as u64).write()
    }

    fn kind(range: Range) -> Kind {
        u64::kind(range)
    }
}

impl OptionType for bool {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        match written.value() {
            Value::Boolean(boolean) => Ok(*boolean),
            _ => Err(written.wrong_kind("true or false")),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        Some((*self).into())
    }

    fn kind(_range: Range) -> Kind {
        Kind::Boolean
    }
}

impl OptionType for String {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        written.text().map(str::to_owned)
    }

    fn write(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }

    fn kind(_range: Range) -> Kind {
        Kind::Text
    }
}

impl OptionType for PathBuf {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        written.text().map(Self::from)
    }

    fn write(&self) -> Option<toml::Value> {
        Some(self.to_string_lossy().into_owned().into())
    }

    fn kind(_range: Range) -> Kind {
        Kind::Text
    }
}

impl<T: OptionType> OptionType for Option<T> {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        T::read(written, range).map(Some)
    }

    fn write(&self) -> Option<toml::Value> {
        self.as_ref().and_then(T::write)
    }

    fn kind(range: Range) -> Kind {
        T::kind(range)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: OptionType> OptionType for Vec<T> {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        written.list()?.iter().map(|item| T::read(item, range)).collect()
    }

    fn write(&self) -> Option<toml::Value> {
        Some(toml::Value::Array(self.iter().filter_map(T::write).collect()))
    }

    fn kind(range: Range) -> Kind {
        Kind::List(Box::new(T::kind(range)))
    }
}

impl OptionType for Amount {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        match written.value() {
            Value::Integer(integer) => Ok(Self::Number(*integer as f64)),
            Value::Float(float) => Ok(Self::Number(*float)),
            Value::Text(text) => Ok(Self::Text(text.clone())),
            _ => Err(written.wrong_kind("a number, or a string of a number and what it counts")),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        Some(match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        })
    }

    fn kind(_range: Range) -> Kind {
        Kind::Either(vec![
            Kind::Amount(Quantity::Count, any()),
            Kind::Amount(Quantity::Time, any()),
        ])
    }
}

impl OptionType for Count {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let (key, value) = (written.key().last(), written.value().to_toml());
        let none = || {
            written
                .fault(format!("{key} = {value} is not an amount"))
                .allowed([Quantity::Count.allowed()])
        };
        let amount = match written.value() {
            Value::Integer(integer) => Some(*integer as f64),
            _ => Amount::read(written, range)
                .ok()
                .and_then(|amount| amount.of(Quantity::Count)),
        };
        let amount = amount.ok_or_else(none)?;
        if amount.fract() != 0.0 {
            return Err(written.fault(format!("{key} = {value} is not a whole number")));
        }
        if range.contains(amount) {
            Ok(Self(amount as u64))
        } else {
            Err(out_of_range(written, range.words(short)))
        }
    }

    fn write(&self) -> Option<toml::Value> {
        self.0.write()
    }

    fn kind(range: Range) -> Kind {
        Kind::Amount(Quantity::Count, range)
    }
}

impl<T: Options> OptionType for T {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        <T as Options>::read(written)
    }

    fn write(&self) -> Option<toml::Value> {
        Some(toml::Value::Table(Options::write(self)))
    }

    fn kind(_range: Range) -> Kind {
        Kind::Table(T::fields())
    }
}

impl Kind {
    /// The words of an enum, for its [`OptionType`].
    pub fn words<T: Words>() -> Self {
        let word = |word: &T| Word {
            name: word.name(),
            meaning: word.meaning(),
        };
        Self::Words(T::ALL.iter().map(word).collect())
    }
}

impl Node {
    /// As [`Written::new`] at the top of a document.
    pub fn top(&self) -> Written<'_> {
        Written::new(self, "")
    }
}
