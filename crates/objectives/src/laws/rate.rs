//! The share of tokens that is hidden, fixed or changing along training.

use crate::options::within;
use cloze_foundation::Result;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;

/// A share in (0, 1): a number, or `{ from, to, shape }` over the budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Rate {
    /// The same all along.
    Fixed(f64),
    /// Changing (Ankner et al. 2023, Dynamic Masking Rate Schedules for MLM Pretraining).
    Changing(Schedule),
}

/// A rate that goes from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// At the start of the budget.
    pub from: f64,
    /// At its end.
    pub to: f64,
    /// On which way.
    #[serde(default)]
    pub shape: Shape,
}

/// The way of a [`Schedule`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A straight line.
    #[default]
    Linear,
    /// Half a cosine: slow at both ends.
    Cosine,
    /// One jump at half of the budget.
    Step,
}

impl Rate {
    /// The rate when `progress` of the budget, in [0, 1], is used.
    pub fn at(&self, progress: f64) -> f64 {
        let Schedule { from, to, shape } = match self {
            Self::Fixed(rate) => return *rate,
            Self::Changing(schedule) => *schedule,
        };
        let progress = progress.clamp(0.0, 1.0);
        let way = match shape {
            Shape::Linear => progress,
            Shape::Cosine => (1.0 - (PI * progress).cos()) / 2.0,
            Shape::Step => f64::from(progress >= 0.5),
        };
        from + (to - from) * way
    }

    /// Checks that every value lies strictly between 0 and 1.
    ///
    /// # Errors
    /// A usage fault at `key`, or at its `from` or `to`.
    pub fn check(&self, key: &str) -> Result<()> {
        self.check_in(key, |rate| rate > 0.0 && rate < 1.0, "above 0 and below 1")
    }

    /// Checks that every value is allowed, for numbers that are no rates but change like one.
    ///
    /// # Errors
    /// A usage fault at `key`, or at its `from` or `to`, that says what is `allowed`.
    pub fn check_in(&self, key: &str, good: impl Fn(f64) -> bool, allowed: &str) -> Result<()> {
        let check = |key: &str, value: f64| within(key, value, good(value), allowed);
        match self {
            Self::Fixed(rate) => check(key, *rate),
            Self::Changing(Schedule { from, to, .. }) => {
                check(&format!("{key}.from"), *from)?;
                check(&format!("{key}.to"), *to)
            }
        }
    }
}

// By hand, because serde's untagged enums forget which key was wrong.
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrSchedule)
    }
}

type Read<T, E> = std::result::Result<T, E>;

struct NumberOrSchedule;

impl<'de> Visitor<'de> for NumberOrSchedule {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number between 0 and 1, or { from, to, shape }")
    }

    fn visit_f64<E>(self, rate: f64) -> Read<Rate, E> {
        Ok(Rate::Fixed(rate))
    }

    fn visit_i64<E>(self, rate: i64) -> Read<Rate, E> {
        Ok(Rate::Fixed(rate as f64))
    }

    fn visit_u64<E>(self, rate: u64) -> Read<Rate, E> {
        Ok(Rate::Fixed(rate as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Read<Rate, A::Error> {
        Schedule::deserialize(MapAccessDeserializer::new(map)).map(Rate::Changing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(from: f64, to: f64, shape: Shape) -> Rate {
        Rate::Changing(Schedule { from, to, shape })
    }

    #[test]
    fn shapes_pass_through_known_points() {
        let points = |shape| [0.0, 0.25, 0.5, 1.0].map(|progress| rate(0.3, 0.1, shape).at(progress));
        let close =
            |found: [f64; 4], expected: [f64; 4]| found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12);
        assert!(close(points(Shape::Linear), [0.3, 0.25, 0.2, 0.1]));
        assert!(close(
            points(Shape::Cosine),
            [0.3, 0.3 - 0.2 * (1.0 - 0.5f64.sqrt()) / 2.0, 0.2, 0.1]
        ));
        assert!(close(points(Shape::Step), [0.3, 0.3, 0.1, 0.1]));
    }

    proptest! {
        #[test]
        fn a_rate_stays_between_its_ends(from in 0.01..0.99, to in 0.01..0.99, progress in -1.0..2.0) {
            for shape in [Shape::Linear, Shape::Cosine, Shape::Step] {
                let now = rate(from, to, shape).at(progress);
                prop_assert!(now >= f64::min(from, to) - 1e-12 && now <= f64::max(from, to) + 1e-12);
            }
        }
    }
}
