//! Documents as a stream: cleaned pieces of lines and the ends of what they stand in, so that no document and no file has
//! to be in memory.

use super::kind::Kind;
use crate::clean;
use crate::json::{each_element_of, each_object_of};
use crate::reader::{each_line, with_bytes};
use cloze_foundation::{Fault, Result};
use std::path::PathBuf;

/// A file of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it holds documents.
    pub kind: Kind,
    /// The hash of its bytes, once it is known: what is read afterwards has to be the same.
    pub hash: Option<String>,
}

/// What a text divides into, from the coarsest to the finest. An object of JSON and a row are one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A file.
    File,
    /// Lines up to a blank one.
    Block,
    /// A line.
    Line,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::File, Self::Block, Self::Line];
}

/// A step through the text of some files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A piece of cleaned text without a line break, never empty.
    Piece(&'a str),
    /// The end of a unit with text in it, after the ends of the finer ones in it.
    End(Unit),
}

/// Gives `visit` every step through a file; `field` is where objects and rows have their text.
///
/// # Errors
/// Damaged files, and what `visit` returns.
pub fn each_step(file: &TextFile, field: &str, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
    let (path, mut cleaned) = (&file.path, String::new());
    let expected = file.hash.as_deref();
    let mut whole = |text: &str| -> Result<()> {
        let mut is_filled = false;
        for line in text.split('\n') {
            is_filled |= pieces(line, &mut cleaned, visit)?;
        }
        let ends: &[Unit] = if is_filled {
            &[Unit::Line, Unit::Block, Unit::File]
        } else {
            &[]
        };
        ends.iter().try_for_each(|unit| visit(Step::End(*unit)))
    };
    match file.kind {
        Kind::Lines => with_bytes(path, expected, |reader| {
            each_object_of(reader, path, |object| whole(object.text(field).map_err(elsewhere)?))
        }),
        Kind::Array => with_bytes(path, expected, |reader| {
            each_element_of(reader, path, &mut |object| {
                whole(object.text(field).map_err(elsewhere)?)
            })
        }),
        Kind::Parquet => super::table::each_text(path, expected, field, &mut whole),
        Kind::Text => {
            let (mut in_block, mut in_file) = (false, false);
            with_bytes(path, expected, |reader| {
                each_line(reader, path, |_, line| {
                    if pieces(line, &mut cleaned, visit)? {
                        (in_block, in_file) = (true, true);
                        visit(Step::End(Unit::Line))?;
                    } else if in_block && line.trim().is_empty() {
                        in_block = false;
                        visit(Step::End(Unit::Block))?;
                    }
                    Ok(())
                })
            })?;
            let ends = [(in_block, Unit::Block), (in_file, Unit::File)];
            let mut ends = ends.into_iter().filter(|(is_open, _)| *is_open);
            ends.try_for_each(|(_, unit)| visit(Step::End(unit)))
        }
    }
}

/// What to do where texts stand in another field.
fn elsewhere(fault: Fault) -> Fault {
    match &fault.remedy {
        Some(_) => fault,
        None => fault.remedy("say in which one the texts are: corpus.field, or --set corpus.field=NAME"),
    }
}

/// Cleans a line and gives its pieces; whether there were any.
fn pieces(line: &str, cleaned: &mut String, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<bool> {
    cleaned.clear();
    clean::clean_line(line, cleaned);
    clean::pieces(cleaned).try_for_each(|piece| visit(Step::Piece(piece)))?;
    Ok(!cleaned.is_empty())
}
