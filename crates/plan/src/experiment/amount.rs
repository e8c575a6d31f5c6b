//! Amounts as people write them: `2000000`, `"2M"`, `"90s"`.

/// What may follow the number of a count.
const COUNTS: &[(&str, f64)] = &[("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)];
/// What may follow the number of a time.
const TIMES: &[(&str, f64)] = &[("s", 1.0), ("min", 60.0), ("h", 3600.0)];

/// What an amount measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Time,
}

impl Unit {
    /// What is allowed, in words.
    pub(crate) fn allowed(self) -> &'static str {
        match self {
            Self::Count => "a number above 0, or such a number with k, M, G, T or P as in \"2M\"",
            Self::Time => "a number of seconds above 0, or a number with s, min or h as in \"90s\"",
        }
    }

    /// Reads an amount, `None` if it is none of this unit or not above 0.
    pub(crate) fn read(self, text: &str) -> Option<f64> {
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

/// Fifteen significant digits: `"2.3M"` is then 2300000 and not 2299999.9999999995, and what is written to plan.json is
/// read back to the bit, by any reader.
pub(crate) fn settle(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::Unit;

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
            assert_eq!(Unit::Count.read(text), Some(amount), "{text}");
        }
        for (text, amount) in [("90s", 90.0), ("10min", 600.0), ("2h", 7200.0), ("45", 45.0)] {
            assert_eq!(Unit::Time.read(text), Some(amount), "{text}");
        }
        for text in ["", "M", "-2M", "0", "infM", "nan", "2MM", "2 m", "90s", "1e999"] {
            assert_eq!(Unit::Count.read(text), None, "{text}");
        }
        assert_eq!(Unit::Time.read("2M"), None);
    }
}
