//! Names, questions and metrics are somebody else's text: each output has one place here that makes it harmless.

pub(crate) mod csv;
pub(crate) mod latex;
pub(crate) mod markdown;
pub(crate) mod markup;

/// What stands for a letter that no output may have.
const REPLACEMENT: char = '\u{fffd}';

/// The letters of a text that every output can have: no control characters, which terminals obey and XML refuses; no
/// noncharacters, which XML refuses too; no overrides of the direction of writing, which make a name read as another.
fn shown(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|letter| match letter {
        '\u{2028}' | '\u{2029}' => ' ',
        letter if letter.is_control() => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => REPLACEMENT,
        '\u{fdd0}'..='\u{fdef}' => REPLACEMENT,
        letter if u32::from(letter) & 0xfffe == 0xfffe => REPLACEMENT,
        letter => letter,
    })
}

/// A text with nothing in it that no output may have, and no markup made harmless: for drawings, whose writer does that.
pub(crate) fn plain(text: &str) -> String {
    shown(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody might call an arm.
    const NASTY: &str = "a\u{1b}[31m\u{7}\r\nb\u{fffe}\u{ffff}\u{1fffe}\u{202e}c\u{2028}d";

    #[test]
    fn no_output_has_what_terminals_obey_or_xml_refuses() {
        for escaped in [
            plain(NASTY),
            markdown::escape(NASTY),
            markup::escape(NASTY),
            latex::escape(NASTY),
            csv::word(NASTY),
        ] {
            let bad = |letter: char| {
                letter.is_control()
                    || u32::from(letter) & 0xfffe == 0xfffe
                    || ('\u{202a}'..='\u{202e}').contains(&letter)
            };
            assert!(!escaped.chars().any(bad), "{escaped:?}");
            assert!(escaped.contains('a') && escaped.contains('d'), "{escaped:?}");
        }
        assert_eq!(plain("größer 掩码"), "größer 掩码");
    }

    #[test]
    fn markdown_has_no_links_tags_emphasis_or_blocks_of_a_names_own() {
        for (name, shown) in [
            ("[click](javascript:alert(1))", "[click\\](javascript:alert(1))"),
            ("[x]: javascript:1", "[x\\]: javascript:1"),
            ("[x][y]", "[x\\][y]"),
            ("![x](data:y)", "![x\\](data:y)"),
            ("<javascript:alert(1)>", "&lt;javascript:alert(1)&gt;"),
            ("p < 0.001 [0.5, 0.7]", "p < 0.001 [0.5, 0.7]"),
            (
                "a|b `c` *d* _e_ f_g ~~h~~",
                "a\\|b \\`c\\` \\*d\\* \\_e\\_ f_g \\~\\~h\\~\\~",
            ),
            ("# no heading", "\\# no heading"),
            ("- no list", "\\- no list"),
            ("2. no list", "2\\. no list"),
            ("=== no rule", "\\=== no rule"),
            ("-3.0 points", "-3.0 points"),
        ] {
            assert_eq!(markdown::escape(name), shown);
        }
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_compute_is_text_and_is_quoted_where_it_must() {
        for (name, cell) in [
            ("=1+2", "'=1+2"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(1,1)", "\"'@SUM(1,1)\""),
            ("-2+3", "'-2+3"),
            ("\t=1", "' =1"),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            // Or it would be the first one of these.
            ("'=1+2", "''=1+2"),
            ("mlm rate=0.4", "mlm rate=0.4"),
        ] {
            assert_eq!(csv::word(name), cell);
        }
    }

    #[test]
    fn latex_has_no_commands_of_a_names_own_and_says_letters_that_its_engine_may_not_have() {
        for (name, shown) in [
            ("50 % & $x_1$", "50 \\% \\& \\$x\\_1\\$"),
            ("{x}\\alpha", "\\{x\\}\\textbackslash{}alpha"),
            ("größer", "größer"),
            ("β", "\\clozeletter{3B2}{v}"),
            ("掩", "\\clozeletter{63A9}{Yan}"),
        ] {
            assert_eq!(latex::escape(name), shown);
        }
        assert!(
            latex::escape(&"x".repeat(180)).contains("\\hspace{0pt}"),
            "a long word may be broken"
        );
    }
}
