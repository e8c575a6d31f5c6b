//! Numbers as people read them.

/// What stands where there is no number.
pub(crate) const NONE: &str = "–";

/// So many of what a word names.
pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// A p value.
pub(crate) fn p(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else if (p - 0.05).abs() < 0.0005 {
        // Which side of it this is shall be seen.
        format!("{p:.5}")
    } else {
        format!("{p:.3}")
    }
}

/// A p value in a sentence: `p = 0.250`, `p < 0.001`.
pub(crate) fn p_is(value: f64) -> String {
    let text = p(value);
    match text.strip_prefix('<') {
        Some(bound) => format!("p < {bound}"),
        None => format!("p = {text}"),
    }
}

/// A share between 0 and 1.
pub(crate) fn share(share: f64) -> String {
    unsigned_zero(format!("{share:.2}"))
}

/// Three digits and a prefix: `2.00M`, `31.4T`, `950`.
pub(crate) fn large(number: f64) -> String {
    let (scaled, prefix) = prefixed(number);
    let decimals = match scaled.abs() {
        _ if prefix.is_empty() && scaled.fract() == 0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$}{prefix}")
}

/// A tick on a budget axis: no more digits than needed.
pub(crate) fn tick(number: f64) -> String {
    let (scaled, prefix) = prefixed(number);
    // Six decimals and no trailing zeros: 0.1 + 0.2 is 0.3 here.
    let text = format!("{scaled:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{prefix}", unsigned_zero(text.to_owned()))
}

fn prefixed(number: f64) -> (f64, &'static str) {
    let prefixes = [
        (1e18, "E"),
        (1e15, "P"),
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
    ];
    // 999,600 is 1.00M, not 1000k.
    match prefixes.iter().find(|(size, _)| number.abs() >= size * 0.9995) {
        Some((size, prefix)) => (number / size, prefix),
        None => (number, ""),
    }
}

/// `-0.0` is `0.0`.
pub(crate) fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|letter| matches!(letter, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_at_the_level_is_written_so_that_its_side_is_seen() {
        assert_eq!([0.2, 0.0493, 0.0001].map(p), ["0.200", "0.049", "<0.001"]);
        assert_eq!([0.050_126, 0.049_96].map(p), ["0.05013", "0.04996"]);
    }

    #[test]
    fn numbers_are_short_and_have_honest_signs() {
        assert_eq!(
            [
                large(2e6),
                large(999_600.0),
                large(31.44e12),
                large(950.0),
                large(12.3456)
            ],
            ["2.00M", "1.00M", "31.4T", "950", "12.3"]
        );
        assert_eq!(
            [tick(0.0), tick(500e3), tick(1.5e6), tick(0.1 + 0.2)],
            ["0", "500k", "1.5M", "0.3"]
        );
        assert_eq!([p(0.0004), p(0.25)], ["<0.001", "0.250"]);
        assert_eq!([p_is(0.0004), p_is(0.25)], ["p < 0.001", "p = 0.250"]);
    }
}
