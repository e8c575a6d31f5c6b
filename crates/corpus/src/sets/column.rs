//! Which column of a table is meant.

use cloze_foundation::Result;
use cloze_options::range::from;
use cloze_options::{Kind, OptionType, Range, Value, Written};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest number of a column.
const MOST: i64 = 10_000;

/// A column by its name in the header, or by its number: from 1, or from the end if it is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// By name.
    Name(String),
    /// By number, never 0.
    Number(i64),
}

impl Column {
    /// Where it is in a row of so many columns, from 0, if it is a number that the row has.
    pub(super) fn place(&self, columns: usize) -> Option<usize> {
        let place = match self {
            Self::Name(_) => None,
            Self::Number(number) if *number > 0 => usize::try_from(number - 1).ok(),
            Self::Number(number) => usize::try_from(-number).ok().and_then(|back| columns.checked_sub(back)),
        };
        place.filter(|place| *place < columns)
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl OptionType for Column {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        match written.value() {
            Value::Integer(number) if *number != 0 && number.abs() <= MOST => Ok(Self::Number(*number)),
            Value::Integer(number) => Err(written
                .fault(format!("there is no column {number}"))
                .allowed(["1 is the first column, -1 the last one"])),
            Value::Text(_) => written.text().map(Self::from),
            _ => Err(written.wrong_kind("the name of a column or its number")),
        }
    }

    fn write(&self) -> Option<cloze_options::toml::Value> {
        Some(match self {
            Self::Name(name) => name.as_str().into(),
            Self::Number(number) => (*number).into(),
        })
    }

    fn kind(_range: Range) -> Kind {
        Kind::Either(vec![Kind::Text, Kind::Whole(from(-MOST as f64).to(MOST as f64))])
    }
}
