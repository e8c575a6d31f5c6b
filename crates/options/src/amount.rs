//! Amounts as people write them: `2000000`, `"2M"`, `"90s"`.

/// What may follow the number of a count.
const COUNTS: &[(&str, f64)] = &[("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)];
/// What may follow the number of a time.
const TIMES: &[(&str, f64)] = &[("s", 1.0), ("min", 60.0), ("h", 3600.0)];

/// What an amount measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Of things: with k, M, G, T or P.
    Count,
    /// Of time, in seconds: with s, min or h.
    Time,
}

impl Quantity {
    /// What is allowed, in words.
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Count => "a number above 0, or such a number with k, M, G, T or P as in \"2M\"",
            Self::Time => "a number of seconds above 0, or a number with s, min or h as in \"90s\"",
        }
    }

    /// Reads an amount, `None` if it is none of this unit or not above 0.
    pub fn read(self, text: &str) -> Option<f64> {
        let suffixes = if self == Self::Count { COUNTS } else { TIMES };
        let (digits, factor) = suffixes
            .iter()
            .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))
            .unwrap_or((text, 1.0));
        let digits = digits.trim();
        // `f64` also reads "inf", "nan" and a sign.
        let plain = digits.starts_with(|first: char| first.is_ascii_digit());
        let amount = settle(digits.replace('_', "").parse::<f64>().ok()? * factor);
        (plain && amount.is_finite() && amount > 0.0).then_some(amount)
    }
}

/// An amount as it was written, whose quantity is known only where another option has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// Of the quantity's unit.
    Number(f64),
    /// With what follows the number.
    Text(String),
}

impl Amount {
    /// The amount in the quantity's unit; `None` if it is none, or not above 0.
    pub fn of(&self, quantity: Quantity) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number).filter(|number| number.is_finite() && *number > 0.0),
            Self::Text(text) => quantity.read(text),
        }
    }
}

impl std::fmt::Display for Amount {
    /// As in TOML.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
        }
    }
}

/// A whole number of things: `1500000` or `"1.5M"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u64);

/// A count as people write it: `1k`, `1.5M`.
pub(crate) fn short(number: f64) -> String {
    let fits = |(suffix, factor): &&(&str, f64)| *suffix != "K" && number >= *factor;
    match COUNTS.iter().rev().find(fits) {
        Some((suffix, factor)) => format!("{}{suffix}", settle(number / factor)),
        None => number.to_string(),
    }
}

/// Fifteen significant digits: `"2.3M"` is then 2300000 and not 2299999.9999999995, and what is written to plan.json is
/// read back to the bit, by any reader.
pub(crate) fn settle(number: f64) -> f64 {
    digits(number, 15)
}

/// So many significant digits of a number, at least one.
pub fn digits(number: f64, digits: usize) -> f64 {
    let decimals = digits.saturating_sub(1);
    format!("{number:.decimals$e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::{Quantity, short};

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, amount) in [
            ("2M", 2e6),
            ("2.3M", 2.3e6),
            ("1.5G", 1.5e9),
            ("500k", 5e5),
            ("1_000", 1e3),
            ("3 M", 3e6),
            ("2e15", 2e15),
        ] {
            assert_eq!(Quantity::Count.read(text), Some(amount), "{text}");
        }
        for (text, amount) in [("90s", 90.0), ("10min", 600.0), ("2h", 7200.0), ("45", 45.0)] {
            assert_eq!(Quantity::Time.read(text), Some(amount), "{text}");
        }
        for text in ["", "M", "-2M", "0", "infM", "nan", "2MM", "2 m", "90s", "1e999"] {
            assert_eq!(Quantity::Count.read(text), None, "{text}");
        }
        assert_eq!(Quantity::Time.read("2M"), None);
    }

    #[test]
    fn a_count_is_written_as_it_is_read() {
        for (number, text) in [
            (64.0, "64"),
            (1e3, "1k"),
            (1.5e6, "1.5M"),
            (1e12, "1T"),
            (2_097_152.0, "2.097152M"),
        ] {
            assert_eq!(short(number), text);
            assert_eq!(Quantity::Count.read(text), Some(number));
        }
    }
}
