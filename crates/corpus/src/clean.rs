//! What is dropped from a text before any tokenizer sees it.

/// Appends `line` to `out` without control characters, byte order marks and replacement characters, with every run of
/// white space as one space and none at the ends. Composing characters is the tokenizer's normaliser's job.
pub fn clean_line(line: &str, out: &mut String) {
    let mut pending = false;
    let from = out.len();
    for character in line.chars() {
        if character.is_whitespace() {
            pending = out.len() > from;
        } else if !(character.is_control() || matches!(character, '\u{FFFD}' | '\u{FEFF}')) {
            if pending {
                out.push(' ');
                pending = false;
            }
            out.push(character);
        }
    }
}

/// A text with every line cleaned and the empty lines gone.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        push_line(line, &mut out);
    }
    out
}

/// Adds one more line to a cleaned document, if anything of it is left.
pub fn push_line(line: &str, document: &mut String) {
    let before = document.len();
    if before > 0 {
        document.push('\n');
    }
    let from = document.len();
    clean_line(line, document);
    if document.len() == from {
        document.truncate(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_text_is_dropped() {
        assert_eq!(
            clean("\u{FEFF}a\t b\u{0}c\u{FFFD}d  \r\n\n \u{85}\n e\u{A0}f"),
            "a bcd\ne f"
        );
        assert_eq!(clean(" \n\u{1}\n"), "");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "[ab \\t\\n\\r\u{0}\u{FFFD}\u{2028}é]{0,40}") {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once.clone());
            prop_assert!(!once.contains("  ") && !once.contains("\n\n"));
        }
    }
}
