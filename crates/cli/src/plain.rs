//! How foreign text is made fit for a terminal.

use cloze_foundation::{Fault, Result};
use serde::Serialize;
use std::borrow::Cow;

/// Characters of a line of words that are shown.
const LONGEST: usize = 2000;
/// Characters of a name that are shown in a line.
const LONGEST_NAME: usize = 120;

/// Whether a character steers the terminal in place of being shown: control characters, and those that turn the direction
/// of what follows.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text with everything that steers a terminal made visible, as in `\u{1b}`. Lines and tabs stay.
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| matches!(letter, '\n' | '\t') || !steers(letter);
    if text.chars().all(is_plain) {
        return text.into();
    }
    let visible = |letter: char| match letter {
        letter if is_plain(letter) => String::from(letter),
        letter => letter.escape_unicode().to_string(),
    };
    text.chars().map(visible).collect::<String>().into()
}

/// JSON with everything that steers a terminal escaped as JSON escapes it: it stays JSON of the same text.
pub fn plain_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '\n' => text.push(letter),
            letter if steers(letter) => {
                let units = letter
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect::<String>();
                text += &units;
            }
            letter => text.push(letter),
        }
    }
    text
}

/// A value as JSON on one line, fit for a terminal.
///
/// # Errors
/// A value that has no JSON.
pub fn json_line(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Fault::run(error.to_string()))?;
    Ok(plain_json(&json) + "\n")
}

/// The same, a field a line.
///
/// # Errors
/// A value that has no JSON.
pub fn json_lines(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Fault::run(error.to_string()))?;
    Ok(plain_json(&json) + "\n")
}

/// A name as it stands within a line: it cannot begin another one, and is not endless.
pub fn name(text: &str) -> String {
    let one_line = text.replace('\n', "\\n").replace('\t', "\\t");
    shortened(&plain(&one_line), LONGEST_NAME)
}

/// Text without its middle where it is too long.
fn shortened(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let begins: String = text.chars().take(longest * 2 / 3).collect();
    let ends: String = text.chars().skip(count - longest / 6).collect();
    format!("{begins} … ({count} characters) … {ends}")
}

/// Lines without their middles where they are too long.
pub fn shortened_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| shortened(line, LONGEST)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_of_the_same_text() {
        let text = "a\u{1b}[2J \u{85} \u{feff} \u{202e} \u{2028} \"é\" \t\n";
        let json = plain_json(&serde_json::to_string(text).unwrap());
        assert!(!json.chars().any(steers), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn nothing_foreign_steers_a_terminal() {
        let foreign = "\u{1b}[2J\u{1b}]0;owned\u{7}\rred\u{9b}31m\u{202e}abc";
        let shown = plain(foreign);
        assert!(!shown.chars().any(steers), "{shown:?}");
        assert_eq!(shown, "\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\u{d}red\\u{9b}31m\\u{202e}abc");
        assert_eq!(name("a\nerror: all is lost"), "a\\nerror: all is lost");
        let fine = "Bücher, 字, שלום, 👩‍🔬\n\tx";
        assert_eq!(plain(fine), fine);
    }

    #[test]
    fn a_huge_key_does_not_flood() {
        let key = "k".repeat(1 << 20);
        let shown = shortened_lines(&format!("unknown key `{key}`\n  at x.toml:1:1"));
        assert!(
            shown.len() < 2 * LONGEST && shown.contains("1048590 characters"),
            "{shown}"
        );
        assert!(shown.ends_with("at x.toml:1:1"));
        assert!(name(&key).chars().count() < LONGEST_NAME + 30);
        assert_eq!(name("mlm rate=0.15"), "mlm rate=0.15");
    }
}
