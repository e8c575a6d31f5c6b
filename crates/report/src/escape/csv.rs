//! Fields of a CSV file.

/// A field that is text, by RFC 4180. A spreadsheet computes a cell that begins like a formula, so such a one begins with an
/// apostrophe, which spreadsheets take for "this is text" (OWASP, CSV Injection). So does one that begins with an apostrophe of its
/// own, or two would be one.
pub(crate) fn word(text: &str) -> String {
    let mut safe: String = super::shown(text).collect();
    let formula = |text: &str| {
        text.trim_start()
            .starts_with(['\'', '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
    };
    if formula(&safe) {
        safe.insert(0, '\'');
    }
    if safe.contains([',', '"']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// A field that is a number, in full; empty without one.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
