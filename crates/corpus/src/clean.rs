//! What is dropped from a text before any tokenizer sees it.

use std::ops::Range;

/// Appends `line` to `out` without control characters, byte order marks and replacement characters, with every run of
/// white space (and of U+0000) as one space and none at the ends. Composing characters is the tokenizer's normaliser's job.
pub fn clean_line(line: &str, out: &mut String) {
    clean_characters(line, out, |_, _| {});
}

/// [`clean_line`], which tells `kept` of every character that stays but for spaces: how many characters of `line` are before it,
/// and which bytes of `out` it is.
pub fn clean_characters(line: &str, out: &mut String, mut kept: impl FnMut(usize, Range<usize>)) {
    let mut pending = false;
    let from = out.len();
    for (place, character) in line.chars().enumerate() {
        // JSON can hold it, between two words as well as anywhere.
        if character.is_whitespace() || character == '\0' {
            pending = out.len() > from;
        } else if !(character.is_control() || matches!(character, '\u{FFFD}' | '\u{FEFF}')) {
            if pending {
                out.push(' ');
                pending = false;
            }
            let begin = out.len();
            out.push(character);
            kept(place, begin..out.len());
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

/// The longest piece of a line that is encoded at once, in bytes: a tokenizer needs some hundred bytes for each.
pub const LONGEST_PIECE: usize = 1 << 16;

/// A cleaned line in pieces that are short enough to be encoded, cut at spaces, or where there are none between two
/// characters. Nearly every line is one piece.
pub fn pieces(line: &str) -> impl Iterator<Item = &str> {
    piece_places(line).map(|place| &line[place])
}

/// Where the [`pieces`] of a line are, in bytes.
pub fn piece_places(line: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (begin, rest) = (from, &line[from..]);
        if rest.len() <= LONGEST_PIECE {
            from = line.len();
            return Some(begin..from).filter(|piece| !piece.is_empty());
        }
        let within = rest.floor_char_boundary(LONGEST_PIECE);
        let (end, next) = match rest[..within].rfind(' ').filter(|space| *space > 0) {
            Some(space) => (space, space + 1),
            None => (within, within),
        };
        from = begin + next;
        Some(begin..begin + end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_text_is_dropped() {
        assert_eq!(
            clean("\u{FEFF}a\t b\u{0}c\u{FFFD}d  \r\n\n \u{85}\n e\u{A0}f"),
            "a b cd\ne f"
        );
        assert_eq!(clean(" \n\u{1}\n"), "");
    }

    #[test]
    fn a_long_line_is_cut_at_spaces_and_a_long_word_between_characters() {
        let cut = |line: &str| pieces(line).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cut(""), Vec::<String>::new());
        assert_eq!(cut("a b"), ["a b"]);
        let words = "word ".repeat(LONGEST_PIECE);
        let words = words.trim_end();
        assert_eq!(cut(words).join(" "), words);
        let letters = "é".repeat(LONGEST_PIECE + 1);
        assert_eq!(cut(&letters).concat(), letters);
        for piece in cut(words).iter().chain(&cut(&letters)) {
            assert!(!piece.is_empty() && piece.len() <= LONGEST_PIECE);
        }
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
