//! What kinds of files hold a corpus, by the ends of their names.

use crate::reader::is_gzip;
use std::path::Path;

/// Endings of the files that can be read.
pub const ENDINGS: [&str; 17] = [
    ".txt",
    ".jsonl",
    ".ndjson",
    ".json",
    ".txt.gz",
    ".jsonl.gz",
    ".ndjson.gz",
    ".json.gz",
    ".parquet",
    ".conll",
    ".iob",
    ".iob2",
    ".bio",
    ".conll.gz",
    ".iob.gz",
    ".iob2.gz",
    ".bio.gz",
];

/// How a file holds documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines of text; blank ones may separate documents.
    Text,
    /// An object of JSON on each line.
    Lines,
    /// An array of objects, or objects one after the other.
    Array,
    /// Rows of a table.
    Parquet,
    /// Words with a tag each, a line each; blank lines part sentences.
    Columns,
}

impl Kind {
    /// The kind of a file, if it is one that is read.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = |path: &Path| {
            let extension = path.extension()?.to_str()?;
            Some(extension.to_ascii_lowercase())
        };
        let plain = if is_gzip(path) {
            path.with_extension("")
        } else {
            path.to_owned()
        };
        match ending(&plain)?.as_str() {
            "txt" => Some(Self::Text),
            "jsonl" | "ndjson" => Some(Self::Lines),
            "json" => Some(Self::Array),
            "conll" | "iob" | "iob2" | "bio" => Some(Self::Columns),
            // Its columns are compressed already, and it is read from its end.
            "parquet" if !is_gzip(path) => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Whether documents have fields.
    pub fn has_fields(self) -> bool {
        self != Self::Text
    }

    /// Whether its text may be divided into documents, where it is one alone.
    pub fn is_one_text(self) -> bool {
        matches!(self, Self::Text | Self::Columns)
    }
}
