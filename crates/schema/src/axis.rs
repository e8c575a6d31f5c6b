//! The axes of a budget: what a run uses up. Everything that is said or done about an axis comes from its line here.

use cloze_options::{Quantity, Words, word_options};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Index, IndexMut};

macro_rules! axes {
    ($($(#[doc = $meaning:literal])+ $name:ident { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// Something that a run uses up. The experiment names the one that is equal for every arm.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Axis {
            $($(#[doc = $meaning])+ $name,)+
        }

        /// Every axis, in the order of the columns.
        pub const AXES: &[Facts] = &[$(Facts {
            axis: Axis::$name,
            meaning: concat!($($meaning),+).trim_ascii(),
            $($field: $value),+
        }),+];

        impl Words for Axis {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            fn name(self) -> &'static str {
                self.facts().word
            }

            fn meaning(self) -> String {
                self.facts().meaning.trim().to_owned()
            }
        }

        word_options!(Axis);
    };
}

axes! {
    /// Optimizer steps.
    Steps { word: "steps", key: "steps", column: "step", heading: "steps", label: "optimizer steps", is_count: true, quantity: Quantity::Count }
    /// Tokens that the encoder reads.
    Tokens { word: "tokens", key: "tokens_seen", column: "tokens_seen", heading: "tokens seen", label: "tokens seen", is_count: true, quantity: Quantity::Count }
    /// Tokens that are predicted from the vocabulary.
    Predictions {
        word: "predictions", key: "tokens_predicted", column: "tokens_predicted", heading: "predictions",
        label: "tokens predicted", is_count: true, quantity: Quantity::Count }
    /// Training FLOPs, heads and helpers included.
    Flops { word: "flops", key: "flops", column: "flops", heading: "FLOPs", label: "training FLOPs", is_count: false, quantity: Quantity::Count }
    /// Seconds of training, evaluation excluded.
    Seconds { word: "seconds", key: "seconds", column: "seconds", heading: "seconds", label: "training time (s)", is_count: false, quantity: Quantity::Time }
}

/// What is known of an axis.
#[derive(Debug)]
pub struct Facts {
    /// Which one.
    pub axis: Axis,
    /// What it measures, for documentation.
    pub meaning: &'static str,
    /// In an experiment: `equalise = "tokens"`.
    pub word: &'static str,
    /// In checkpoints and markers.
    pub key: &'static str,
    /// In metrics files.
    pub column: &'static str,
    /// Over a column of a table.
    pub heading: &'static str,
    /// Along an axis of a chart, with its unit.
    pub label: &'static str,
    /// Whether it is a whole number of something.
    pub is_count: bool,
    /// How an amount of it is written.
    pub quantity: Quantity,
}

impl Axis {
    /// Its line of [`AXES`].
    pub fn facts(self) -> &'static Facts {
        &AXES[self as usize]
    }
}

/// What a run has used, on every axis. Every metric row carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent([f64; AXES.len()]);

impl Index<Axis> for Spent {
    type Output = f64;

    fn index(&self, axis: Axis) -> &f64 {
        &self.0[axis as usize]
    }
}

impl IndexMut<Axis> for Spent {
    fn index_mut(&mut self, axis: Axis) -> &mut f64 {
        &mut self.0[axis as usize]
    }
}

impl Spent {
    /// Optimizer steps; a whole number, exact up to 2^53 as all counts are.
    pub fn steps(&self) -> u64 {
        self[Axis::Steps] as u64
    }

    /// What was used since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|axis| self.0[axis] - earlier.0[axis]))
    }

    /// With what something else used on top.
    pub fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|axis| self.0[axis] + other.0[axis]))
    }

    /// As many times as much of everything.
    pub fn times(&self, factor: f64) -> Self {
        Self(self.0.map(|used| used * factor))
    }
}

impl Serialize for Spent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(AXES.len()))?;
        for facts in AXES {
            let used = self[facts.axis];
            if facts.is_count {
                map.serialize_entry(facts.key, &(used as u64))?;
            } else {
                map.serialize_entry(facts.key, &used)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Spent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByKey)
    }
}

struct ByKey;

impl<'de> Visitor<'de> for ByKey {
    type Value = Spent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what a run has used, by axis")
    }

    /// An axis that a file does not know yet was not counted then: it is 0.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spent, A::Error> {
        let mut spent = Spent::default();
        while let Some(key) = map.next_key::<String>()? {
            let facts = AXES.iter().find(|facts| facts.key == key);
            let facts = facts.ok_or_else(|| A::Error::custom(format!("unknown axis `{key}`")))?;
            spent[facts.axis] = if facts.is_count {
                map.next_value::<u64>()? as f64
            } else {
                map.next_value()?
            };
        }
        Ok(spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_axis_has_words_of_its_own_and_its_own_counter() {
        let mut spent = Spent::default();
        for (facts, amount) in AXES.iter().zip(1..) {
            assert_eq!(facts.axis.facts().axis, facts.axis);
            let word: Axis = serde_json::from_value(facts.word.into()).unwrap();
            assert_eq!(word, facts.axis);
            spent[facts.axis] = f64::from(amount);
        }
        let used: Vec<f64> = AXES.iter().map(|facts| spent[facts.axis]).collect();
        let counted: Vec<f64> = (1..=AXES.len()).map(|amount| amount as f64).collect();
        assert_eq!(used, counted);
        let names: [fn(&Facts) -> &'static str; 4] = [
            |facts| facts.word,
            |facts| facts.key,
            |facts| facts.column,
            |facts| facts.label,
        ];
        for of in names {
            let words: BTreeSet<&str> = AXES.iter().map(of).collect();
            assert_eq!(words.len(), AXES.len());
        }
    }

    #[test]
    fn spent_is_written_as_before_and_an_older_file_without_an_axis_is_read() {
        let text = r#"{"steps":1,"tokens_seen":2,"tokens_predicted":3,"flops":4.5,"seconds":0.1}"#;
        let spent: Spent = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&spent).unwrap(), text);
        assert_eq!((spent.steps(), spent[Axis::Flops]), (1, 4.5));
        let older: Spent = toml::from_str("steps = 7\nflops = 1e300").unwrap();
        assert_eq!(
            (older.steps(), older[Axis::Tokens], older[Axis::Flops]),
            (7, 0.0, 1e300)
        );
        assert_eq!(
            toml::from_str::<Spent>(&toml::to_string(&spent).unwrap()).unwrap(),
            spent
        );
        for foreign in ["steps = -1", "steps = 1.5", "pages = 3", "flops = \"many\""] {
            assert!(toml::from_str::<Spent>(foreign).is_err(), "{foreign}");
        }
    }
}
