//! Labelled sets that people bring: tables of texts with a label, words with a tag each, questions with their answers. What
//! is read is bounded, and every fault has its file and line.

mod column;
mod columns;
mod place;
mod spans;
mod squad;
mod table;

pub use column::Column;
pub(crate) use columns::{Columns, each_sentence};
pub use columns::{ColumnsAsked, TaggedSentence, read_columns, universal_columns};
pub use place::files;
pub use spans::{OUTSIDE, Scheme, Span, check_tags, iob2, spans};
pub use squad::{Answer, QUESTIONS, Question, read_squad};
pub use table::{Labelled, TABLES, TableAsked, TextPair, read_table, read_text_pairs};
pub(crate) use table::{Wanted, each_row};

use crate::reader::hash_file;
use cloze_foundation::{Fault, Result};
use std::path::Path;

/// Examples that a file may have.
const MOST_EXAMPLES: usize = 1_000_000;
/// Bytes of text that a file may have, unpacked: all of it is held in memory.
const MOST_BYTES: usize = 512 << 20;
/// Characters that a text may have.
const LONGEST_TEXT: usize = 200_000;
/// Characters that a label may have: it stands in tables.
const LONGEST_LABEL: usize = 100;

/// The hash of a file's bytes.
///
/// # Errors
/// A file that cannot be read to its end.
pub fn hash(path: &Path) -> Result<String> {
    hash_file(path)
}

/// What a file has had so far, against what it may have.
struct Bounds<'a> {
    path: &'a Path,
    examples: usize,
    bytes: usize,
}

impl<'a> Bounds<'a> {
    fn of(path: &'a Path) -> Self {
        Self {
            path,
            examples: 0,
            bytes: 0,
        }
    }

    /// One more example of so many bytes.
    ///
    /// # Errors
    /// More than a file may have.
    fn add(&mut self, bytes: usize) -> Result<()> {
        self.examples += 1;
        self.bytes += bytes;
        if self.examples <= MOST_EXAMPLES && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        Err(
            Fault::usage(format!("`{}` is too large to be judged by", self.path.display()))
                .allowed([format!(
                    "up to {MOST_EXAMPLES} examples and {} MiB of text",
                    MOST_BYTES >> 20
                )])
                .remedy("take a part of it"),
        )
    }

    /// That there was an example at all.
    ///
    /// # Errors
    /// A file without one.
    fn end(self, of: &str) -> Result<()> {
        match self.examples {
            0 => {
                Err(Fault::usage(format!("`{}` holds no {of}", self.path.display()))
                    .at(self.path.display().to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// A text that is there and not too long.
fn text<'a>(text: &'a str, what: &str) -> Result<&'a str> {
    match text.chars().count() {
        _ if text.trim().is_empty() => Err(Fault::usage(format!("the {what} is empty"))),
        length if length > LONGEST_TEXT => {
            Err(Fault::usage(format!("the {what} has {length} characters")).allowed([format!("up to {LONGEST_TEXT}")]))
        }
        _ => Ok(text),
    }
}

/// A label that can stand in a table.
fn label<'a>(label: &'a str, what: &str) -> Result<&'a str> {
    let label = label.trim();
    match label.chars().count() {
        0 => Err(Fault::usage(format!("the {what} is missing"))),
        length if length > LONGEST_LABEL => Err(Fault::usage(format!("the {what} has {length} characters"))
            .allowed([format!("up to {LONGEST_LABEL}")])
            .remedy("is this the column of the labels?")),
        _ => match label.chars().find(|letter| letter.is_control()) {
            Some(letter) => Err(Fault::usage(format!("the {what} holds {letter:?}"))),
            None => Ok(label),
        },
    }
}

/// The name of a file without `.gz`, in small letters: what its format is told by.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests;
