//! Ranges of numbers, which check, say themselves and give the bounds of a JSON Schema.

use serde_json::{Map, Value};
use std::fmt;

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Open,
    /// The number itself is inside.
    Closed(f64),
    /// The number itself is outside.
    Beyond(f64),
}

/// Which numbers are allowed. Begin with [`above`], [`from`] or [`any`], go on with the methods:
///
/// ```
/// use cloze_options::range::{above, from};
/// assert!(above(0).below(1).contains(0.5) && !above(0).below(1).contains(1.0));
/// assert_eq!(from(1).to(1000).to_string(), "1 to 1000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: End,
    high: End,
}

/// Every finite number.
pub fn any() -> Range {
    Range {
        low: End::Open,
        high: End::Open,
    }
}

/// The numbers greater than this one.
pub fn above(low: impl Into<f64>) -> Range {
    Range {
        low: End::Beyond(low.into()),
        ..any()
    }
}

/// This number and the greater ones.
pub fn from(low: impl Into<f64>) -> Range {
    Range {
        low: End::Closed(low.into()),
        ..any()
    }
}

impl Range {
    /// Only what is less than this number.
    #[must_use]
    pub fn below(self, high: impl Into<f64>) -> Self {
        Self {
            high: End::Beyond(high.into()),
            ..self
        }
    }

    /// Only what is not more than this number.
    #[must_use]
    pub fn to(self, high: impl Into<f64>) -> Self {
        Self {
            high: End::Closed(high.into()),
            ..self
        }
    }

    /// The range, or from this number on where it has no lower end.
    pub(crate) fn or_from(self, low: f64) -> Self {
        match self.low {
            End::Open => Self {
                low: End::Closed(low),
                ..self
            },
            _ => self,
        }
    }

    /// Whether a number is inside. Infinite numbers and nan never are.
    pub fn contains(&self, number: f64) -> bool {
        let low = match self.low {
            End::Open => true,
            End::Closed(low) => number >= low,
            End::Beyond(low) => number > low,
        };
        let high = match self.high {
            End::Open => true,
            End::Closed(high) => number <= high,
            End::Beyond(high) => number < high,
        };
        number.is_finite() && low && high
    }

    /// Whether it excludes no number.
    pub fn is_any(&self) -> bool {
        (self.low, self.high) == (End::Open, End::Open)
    }

    /// The range in words, numbers written by `write`.
    pub(crate) fn words(&self, write: impl Fn(f64) -> String) -> String {
        let [low, high] = [self.low, self.high].map(|end| match end {
            End::Open => String::new(),
            End::Closed(number) | End::Beyond(number) => write(number),
        });
        match (self.low, self.high) {
            (End::Open, End::Open) => "any number".to_owned(),
            (End::Open, End::Closed(_)) => format!("at most {high}"),
            (End::Open, End::Beyond(_)) => format!("below {high}"),
            (End::Closed(_), End::Open) => format!("{low} or more"),
            (End::Closed(_), End::Closed(_)) => format!("{low} to {high}"),
            (End::Closed(_), End::Beyond(_)) => format!("from {low} to below {high}"),
            (End::Beyond(_), End::Open) => format!("above {low}"),
            (End::Beyond(_), End::Closed(_)) => format!("above {low} and at most {high}"),
            (End::Beyond(_), End::Beyond(_)) => format!("above {low} and below {high}"),
        }
    }

    /// Adds `minimum` and the like to a schema.
    pub(crate) fn bound(&self, schema: &mut Map<String, Value>) {
        // Whole numbers are written as such.
        let number = |number: f64| match number as i64 {
            whole if whole as f64 == number => Value::from(whole),
            _ => Value::from(number),
        };
        for (end, closed, beyond) in [
            (self.low, "minimum", "exclusiveMinimum"),
            (self.high, "maximum", "exclusiveMaximum"),
        ] {
            match end {
                End::Open => {}
                End::Closed(end) => _ = schema.insert(closed.to_owned(), number(end)),
                End::Beyond(end) => _ = schema.insert(beyond.to_owned(), number(end)),
            }
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(|number| number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_what_it_says() {
        for (range, words, inside, outside) in [
            (above(0).below(1), "above 0 and below 1", [0.1, 0.9], [0.0, 1.0]),
            (from(0).to(1), "0 to 1", [0.0, 1.0], [-0.1, 1.1]),
            (above(0).to(1), "above 0 and at most 1", [0.1, 1.0], [0.0, 1.1]),
            (from(0).below(1), "from 0 to below 1", [0.0, 0.9], [-0.1, 1.0]),
            (from(0), "0 or more", [0.0, 1e300], [-1.0, f64::INFINITY]),
            (above(0), "above 0", [1e-300, 1e300], [0.0, f64::NAN]),
            (any().below(3), "below 3", [-1e300, 2.9], [3.0, 4.0]),
            (any().to(2.5), "at most 2.5", [-1.0, 2.5], [2.6, f64::NAN]),
            (any(), "any number", [-1.0, 1.0], [f64::NAN, f64::NEG_INFINITY]),
        ] {
            assert_eq!(range.to_string(), words);
            assert!(inside.iter().all(|number| range.contains(*number)), "{words}");
            assert!(!outside.iter().any(|number| range.contains(*number)), "{words}");
        }
    }

    #[test]
    fn a_schema_has_the_same_bounds() {
        let bounds = |range: Range| {
            let mut schema = Map::new();
            range.bound(&mut schema);
            Value::Object(schema).to_string()
        };
        assert_eq!(
            bounds(above(0).below(0.5)),
            r#"{"exclusiveMaximum":0.5,"exclusiveMinimum":0}"#
        );
        assert_eq!(bounds(from(1).to(1000)), r#"{"maximum":1000,"minimum":1}"#);
        assert_eq!(bounds(any()), "{}");
    }
}
