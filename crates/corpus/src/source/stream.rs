//! Documents as a stream: cleaned pieces of lines and the ends of what they stand in, so that no document and no file has
//! to be in memory.

use super::entities::{Line, in_list};
use super::kind::Kind;
use crate::clean;
use crate::json::{Object, each_element_of, each_object_of};
use crate::reader::{each_line, with_bytes};
use crate::sets::{Column, Columns, ColumnsAsked, each_sentence};
use cloze_foundation::{Fault, Result};
use std::ops::Range;
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

/// Where files have what is read of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The texts of objects and rows; of columns the words, or `text` for the first one.
    pub text: String,
    /// The entities of a text, if they stand beside it.
    pub entities: Option<Column>,
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

/// A piece of cleaned text without a line break, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text.
    pub text: &'a str,
    /// The entities that stand beside it, in its bytes, from left to right.
    pub entities: &'a [Range<usize>],
    /// Whether the first of them is the rest of one that the piece before has the beginning of.
    pub goes_on: bool,
}

/// A step through the text of some files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The next piece.
    Piece(Piece<'a>),
    /// The end of a unit with text in it, after the ends of the finer ones in it.
    End(Unit),
}

/// Gives `visit` every step through a file.
///
/// # Errors
/// Damaged files, and what `visit` returns.
pub fn each_step(file: &TextFile, fields: &Fields, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
    let (path, mut cleaned) = (&file.path, Line::default());
    let expected = file.hash.as_deref();
    let mut whole = |text: &str, entities: &[Range<usize>]| -> Result<()> {
        let (mut is_filled, mut from) = (false, 0);
        // The last entity of which something was kept. Another line may have more of it.
        let mut last = None;
        for line in text.split('\n') {
            match entities {
                [] => cleaned.read(line, []),
                _ => {
                    let to = from + line.chars().count();
                    let first = entities.partition_point(|entity| entity.end <= from);
                    let of_line = entities[first..].iter().take_while(|entity| entity.start < to);
                    cleaned.read(
                        line,
                        of_line.map(|entity| entity.start.max(from) - from..entity.end.min(to) - from),
                    );
                    let number = |kept: Option<&usize>| kept.map(|kept| first + kept);
                    cleaned.goes_on = last.is_some() && last == number(cleaned.kept.first());
                    last = number(cleaned.kept.last()).or(last);
                    from = to + 1;
                }
            }
            is_filled |= pieces(&cleaned, visit)?;
        }
        let ends: &[Unit] = if is_filled {
            &[Unit::Line, Unit::Block, Unit::File]
        } else {
            &[]
        };
        ends.iter().try_for_each(|unit| visit(Step::End(*unit)))
    };
    let mut object = |object: &Object| {
        let text = object.text(&fields.text).map_err(elsewhere)?;
        match &fields.entities {
            Some(Column::Name(field)) => whole(text, &in_list(object, field, text)?),
            _ => whole(text, &[]),
        }
    };
    match file.kind {
        Kind::Lines => with_bytes(path, expected, |reader| each_object_of(reader, path, object)),
        Kind::Array => with_bytes(path, expected, |reader| each_element_of(reader, path, &mut object)),
        Kind::Parquet => super::table::each_text(path, expected, &fields.text, &mut |text| whole(text, &[])),
        Kind::Text => {
            let mut open = Open::default();
            with_bytes(path, expected, |reader| {
                each_line(reader, path, |_, line| {
                    cleaned.read(line, []);
                    match pieces(&cleaned, visit)? {
                        true => open.line(visit),
                        false if line.trim().is_empty() => open.end_of_block(visit),
                        false => Ok(()),
                    }
                })
            })?;
            open.end_of_file(visit)
        }
        Kind::Columns => {
            let asked = ColumnsAsked {
                word: fields.text.parse().ok().map(Column::Number),
                tag: fields.entities.clone(),
            };
            let mut open = Open::default();
            each_sentence(path, expected, &asked, &mut |step| match step {
                Columns::Document => open.end_of_block(visit),
                Columns::Sentence(sentence) => {
                    cleaned.read_tagged(&sentence, path)?;
                    match pieces(&cleaned, visit)? {
                        true => open.line(visit),
                        false => Ok(()),
                    }
                }
            })?;
            open.end_of_file(visit)
        }
    }
}

/// What has begun of a text of lines.
#[derive(Default)]
struct Open {
    block: bool,
    file: bool,
}

impl Open {
    /// A line with text in it.
    fn line(&mut self, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
        (self.block, self.file) = (true, true);
        visit(Step::End(Unit::Line))
    }

    fn end_of_block(&mut self, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
        match std::mem::take(&mut self.block) {
            true => visit(Step::End(Unit::Block)),
            false => Ok(()),
        }
    }

    fn end_of_file(mut self, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
        self.end_of_block(visit)?;
        match self.file {
            true => visit(Step::End(Unit::File)),
            false => Ok(()),
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

/// Gives the pieces of a line; whether there were any.
fn pieces(line: &Line, visit: &mut dyn FnMut(Step) -> Result<()>) -> Result<bool> {
    let Line { text, entities, .. } = line;
    for place in clean::piece_places(text) {
        let first = entities.partition_point(|entity| entity.end <= place.start);
        let within = entities[first..].iter().take_while(|entity| entity.start < place.end);
        let begins_before = |entity: &Range<usize>| entity.start < place.start || (first == 0 && line.goes_on);
        let goes_on = within.clone().next().is_some_and(begins_before);
        let cut = |entity: &Range<usize>| entity.start.max(place.start)..entity.end.min(place.end);
        let entities: Vec<Range<usize>> = within
            .map(cut)
            .map(|entity| entity.start - place.start..entity.end - place.start)
            .collect();
        visit(Step::Piece(Piece {
            text: &text[place],
            entities: &entities,
            goes_on,
        }))?;
    }
    Ok(!text.is_empty())
}
