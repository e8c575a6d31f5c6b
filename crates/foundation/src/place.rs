//! Where something was written: a type, so that nobody has to read a fault's text to find the place again.

use std::fmt;
use std::sync::Arc;

/// A part of a line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// As the user named it.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Characters that are meant; at least one is underlined.
    pub width: usize,
    /// The whole line, shared by all that was read from it.
    pub text: Arc<str>,
}

/// What a thing was read from. Places of one file are ordered as they stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nothing that a person wrote, or nothing that is known here.
    #[default]
    Unknown,
    /// What a step or an option of the command line is called.
    Words(Arc<str>),
    /// A run of a plan. What was written for it is found again by whoever knows its experiment.
    Run {
        /// What it is called.
        said: Arc<str>,
        /// Its id.
        id: Arc<str>,
    },
    /// Nowhere in particular of this file.
    File(Arc<str>),
    /// A line of a file.
    Line(Line),
    /// The argument of a `--set`.
    Argument(Arc<str>),
}

impl Origin {
    /// The place with the key that was read there.
    pub fn of(&self, key: impl Into<Key>) -> Place {
        Place {
            origin: self.clone(),
            key: key.into(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Words(words) | Self::File(words) | Self::Run { said: words, .. } => f.write_str(words),
            Self::Line(line) => write!(f, "{}:{}:{}", line.file, line.line, line.column),
            Self::Argument(argument) => write!(f, "--set {argument}"),
        }
    }
}

/// A key path: `encoder.width`, `arm[0].rate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Vec<String>);

impl Key {
    /// The key of a table under this path.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        self.then(name.to_owned())
    }

    /// The item of a list under this path, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(format!("[{index}]"))
    }

    /// This path, and then the segments of another.
    #[must_use]
    pub fn joined(&self, inner: &Self) -> Self {
        Self([self.0.as_slice(), &inner.0].concat())
    }

    fn then(&self, segment: String) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// From the outermost to the innermost; items of lists in brackets.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The innermost name, with the place in a list behind it; nothing for the whole document.
    pub fn last(&self) -> String {
        let named = self.0.iter().rposition(|segment| !segment.starts_with('['));
        self.0[named.unwrap_or(0)..].concat()
    }

    /// Whether this is the whole document.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Key {
    /// Reads `a.b`.
    fn from(path: &str) -> Self {
        Self(
            path.split('.')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 && !segment.starts_with('[') {
                f.write_str(".")?;
            }
            f.write_str(segment)?;
        }
        Ok(())
    }
}

/// One place of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What was read.
    pub origin: Origin,
    /// The key that was read there.
    pub key: Key,
}

impl Place {
    /// A key, where it is not known from which file or argument it was read.
    pub fn key(key: impl Into<Key>) -> Self {
        Origin::Unknown.of(key)
    }

    /// Whether it is a key alone.
    pub fn is_unlocated(&self) -> bool {
        self.origin == Origin::Unknown
    }

    /// The line to show, where there is one.
    pub fn line(&self) -> Option<&Line> {
        match &self.origin {
            Origin::Line(line) => Some(line),
            _ => None,
        }
    }
}

impl From<&str> for Place {
    fn from(words: &str) -> Self {
        Origin::Words(words.into()).of("")
    }
}

impl From<String> for Place {
    fn from(words: String) -> Self {
        words.as_str().into()
    }
}

impl From<&String> for Place {
    fn from(words: &String) -> Self {
        words.as_str().into()
    }
}

impl From<Origin> for Place {
    fn from(origin: Origin) -> Self {
        Self {
            origin,
            key: Key::default(),
        }
    }
}

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        origin.clone().into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.origin, self.key.is_empty()) {
            (Origin::Unknown, _) => write!(f, "{}", self.key),
            (origin, true) => write!(f, "{origin}"),
            (origin, false) => write!(f, "{origin} ({})", self.key),
        }
    }
}

/// Columns of a line that are shown; a longer line is cut around what is meant.
const COLUMNS: usize = 100;

impl Line {
    /// The line and, below it, carets under what is meant, each behind a margin with the line's number.
    pub fn show(&self) -> String {
        let skipped = match (self.column + self.width).checked_sub(COLUMNS) {
            Some(over) => over.min(self.column - self.column.min(COLUMNS / 2)),
            None => 0,
        };
        // A control character would move the cursor, and with it the caret.
        let plain = |letter: char| {
            if letter.is_control() && letter != '\t' {
                ' '
            } else {
                letter
            }
        };
        let shown: String = self.text.chars().skip(skipped).take(COLUMNS).map(plain).collect();
        let before = self.column.saturating_sub(1 + skipped);
        let blank: String = shown
            .chars()
            .take(before)
            .map(|letter| if letter == '\t' { '\t' } else { ' ' })
            .collect();
        let room = shown.chars().count().saturating_sub(before).max(1);
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let carets = "^".repeat(self.width.clamp(1, room));
        format!("  {number} | {}\n  {margin} | {blank}{carets}", shown.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str, column: usize, width: usize) -> Line {
        Line {
            file: "x.toml".into(),
            line: 12,
            column,
            width,
            text: text.into(),
        }
    }

    #[test]
    fn a_place_is_said_as_far_as_it_is_known() {
        let origin = Origin::Line(line("widht = 3", 1, 5));
        assert_eq!(origin.of("encoder.widht").to_string(), "x.toml:12:1 (encoder.widht)");
        assert_eq!(Place::from(&origin).to_string(), "x.toml:12:1");
        assert_eq!(Place::key("rate").to_string(), "rate");
        assert_eq!(Origin::Argument("a=1".into()).of("a").to_string(), "--set a=1 (a)");
        let (said, id) = ("arm `a`".into(), "0123".into());
        assert_eq!(Place::from(Origin::Run { said, id }).to_string(), "arm `a`");
        assert_eq!(Key::from("arm").index(0).join("rate").to_string(), "arm[0].rate");
    }

    #[test]
    fn carets_stand_under_what_is_meant() {
        assert_eq!(line("a = \"x\"", 5, 3).show(), "  12 | a = \"x\"\n     |     ^^^");
        assert_eq!(line("\ta\u{1b} = 1", 2, 1).show(), "  12 | \ta  = 1\n     | \t^");
        assert_eq!(line("a =", 4, 9).show(), "  12 | a =\n     |    ^");
    }

    proptest! {
        #[test]
        fn of_a_long_line_what_is_meant_is_shown(length in 1usize..1000, column in 1usize..1000, width in 0usize..200) {
            let text: String = (0..length).map(|index| if index + 1 == column { 'x' } else { '.' }).collect();
            let shown = line(&text, column, width).show();
            let (above, below) = shown.split_once('\n').unwrap();
            prop_assert!(above.chars().count() <= COLUMNS + 8 && below.chars().count() <= COLUMNS + 9);
            if column <= length {
                let caret = below.chars().position(|letter| letter == '^');
                prop_assert_eq!(above.chars().position(|letter| letter == 'x'), caret);
            }
        }
    }
}
