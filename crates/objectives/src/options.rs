//! Option tables to typed options and back, the same way for every objective.

use cloze_foundation::{Fault, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The typed options of an objective. The type must have `#[serde(default, deny_unknown_fields)]`, so that every key
/// may be left out and no other key may be given.
pub trait Options: Serialize + DeserializeOwned + Default {
    /// Checks what types cannot say: ranges.
    ///
    /// # Errors
    /// A usage fault whose place is the key.
    fn check(&self) -> Result<()>;
}

/// Reads and checks an option table.
///
/// # Errors
/// An unknown key or word, a value of the wrong type or outside its range; the place is the key.
pub fn read<O: Options>(table: &toml::Table) -> Result<O> {
    // Every key alone first: a fault of one key is then known to be that key's.
    for (key, value) in table {
        let alone = toml::Table::from_iter([(key.clone(), value.clone())]);
        alone.try_into::<O>().map_err(|error| explain(key, error.message()))?;
    }
    let options: O = table
        .clone()
        .try_into()
        .map_err(|error| Fault::usage(error.message()))?;
    options.check()?;
    Ok(options)
}

/// The options as a table, every default filled in.
pub fn write<O: Options>(options: &O) -> toml::Table {
    toml::Table::try_from(options).expect("options are structs of numbers, words and such structs")
}

/// A fault for a number that must lie in an interval.
///
/// # Errors
/// When `within` is false.
pub fn within(key: &str, value: f64, within: bool, allowed: &str) -> Result<()> {
    if within {
        return Ok(());
    }
    Err(Fault::usage(format!("{value} is out of range"))
        .at(key)
        .allowed([allowed]))
}

/// Turns serde's message about `key` into a fault. serde quotes the unknown word first and then the known ones.
fn explain(key: &str, message: &str) -> Fault {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (field, variant) = (
        message.starts_with("unknown field"),
        message.starts_with("unknown variant"),
    );
    match quoted.next() {
        Some(word) if field || variant => {
            let known: Vec<&str> = quoted.collect();
            let what = if field { "key" } else { "value" };
            let place = if field && word != key {
                format!("{key}.{word}")
            } else {
                key.to_owned()
            };
            Fault::usage(format!("unknown {what} `{word}`"))
                .at(place)
                .allowed(&known)
                .nearest(word, &known)
        }
        _ => Fault::usage(message.lines().next().unwrap_or_default()).at(key),
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::configure;

    fn fault(objective: &str, options: &str) -> cloze_foundation::Fault {
        let table = options.parse().unwrap();
        configure(objective, &table)
            .err()
            .unwrap_or_else(|| panic!("{options} was accepted"))
    }

    #[test]
    fn a_misspelt_key_names_its_place_and_the_nearest_one() {
        let found = fault("mlm", "raet = 0.2");
        assert_eq!(
            (found.place.as_deref(), found.nearest.as_deref()),
            (Some("raet"), Some("rate"))
        );
        assert_eq!(found.allowed.as_deref(), Some("mode, rate, replace"));
        let nested = fault("mlm", "rate = { frm = 0.3, to = 0.15 }");
        assert_eq!(
            (nested.place.as_deref(), nested.nearest.as_deref()),
            (Some("rate.frm"), Some("from"))
        );
    }

    #[test]
    fn a_misspelt_word_names_the_allowed_ones() {
        let found = fault("mlm", "mode = \"referense\"");
        assert_eq!(
            (found.place.as_deref(), found.nearest.as_deref()),
            (Some("mode"), Some("reference"))
        );
        let shape = fault("span", "rate = { from = 0.3, to = 0.15, shape = \"cosinus\" }");
        assert_eq!(
            (shape.place.as_deref(), shape.nearest.as_deref()),
            (Some("rate"), Some("cosine"))
        );
    }

    #[test]
    fn a_value_out_of_range_or_of_another_type_names_its_key() {
        for (objective, options, place) in [
            ("mlm", "rate = 1.5", "rate"),
            ("mlm", "rate = 0", "rate"),
            ("mlm", "rate = nan", "rate"),
            ("mlm", "rate = \"much\"", "rate"),
            ("mlm", "rate = { from = 0.3 }", "rate"),
            ("mlm", "rate = { from = 0.3, to = 2.0 }", "rate.to"),
            ("whole-word", "replace = { mask = 0.95, random = 0.1 }", "replace"),
            ("span", "span_stop = 0.0", "span_stop"),
            ("span", "span_words = 0", "span_words"),
            ("electra", "generator_width = 0", "generator_width"),
            ("electra", "discriminator_weight = -1", "discriminator_weight"),
        ] {
            let found = fault(objective, options);
            assert_eq!(found.place.as_deref(), Some(place), "{options}: {found}");
            assert_eq!(found.exit_status(), 2);
        }
    }
}
