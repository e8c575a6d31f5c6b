//! Where documents come from: the built-in language; text, JSON, parquet; a file, a folder, a glob.

mod entities;
mod find;
mod kind;
mod stream;
mod table;

pub(crate) use find::{files, name};
pub use kind::Kind;
pub use stream::{Fields, Piece, TextFile, Unit};

use crate::reader::hash_file;
use crate::sets::Column;
use crate::split::{HeldOut, Part, Weights};
use crate::{clean, fragment, registry};
use cloze_foundation::{Fault, Place, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use stream::{Step, each_step};

/// The seed of the built-in language's text: the same for every run, because the text is the corpus.
const FRAGMENT_SEED: u64 = 1;
/// Where objects and rows have their text, if nobody says otherwise.
pub const FIELD: &str = "text";

/// A source whose files are known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in language.
    Fragment {
        /// Words to generate.
        words: u64,
    },
    /// Files.
    Files(Files),
}

/// The files of a source, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Each once.
    pub files: Vec<TextFile>,
    /// Where they have what is read of them.
    pub fields: Fields,
    /// Files that were left out, because another one has the same bytes.
    pub copies: usize,
}

/// How a source divides into documents, and which of its text is held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Division {
    /// What ends with `[SEP]`.
    document: Unit,
    /// What is held out whole.
    grain: Unit,
    held_out: HeldOut,
    /// Words of the built-in language before the held-out ones begin.
    train_words: u64,
    /// The split in words.
    described: String,
}

/// What a document consists of, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// A cleaned piece of a line, short enough to be encoded at once.
    Piece(Piece<'a>),
    /// The end of the document; a document has at least one piece.
    End,
}

impl Source {
    /// Finds the files of `source`: `"fragment"`, a registered name, a path or a glob.
    ///
    /// # Errors
    /// Nothing there, or nothing that can be read.
    pub fn resolve(source: &str, words: u64, data_root: Option<&Path>) -> Result<Self> {
        if source == fragment::NAME {
            return Ok(Self::Fragment { words });
        }
        if registry::find(source).is_some_and(|known| known.used_as != registry::Use::Corpus) {
            return Err(Fault::usage(format!("`{source}` is not a corpus to train on")).allowed(registry::corpora()));
        }
        let file = |path: PathBuf| TextFile {
            kind: Kind::of(&path).unwrap_or(Kind::Text),
            path,
            hash: None,
        };
        Ok(Self::Files(Files {
            files: find::files(source, data_root)?.into_iter().map(file).collect(),
            fields: Fields {
                text: FIELD.to_owned(),
                entities: None,
            },
            copies: 0,
        }))
    }

    /// The source with its texts in another field.
    ///
    /// # Errors
    /// A field other than the usual one where no file has fields, or columns are numbered.
    pub fn with_field(mut self, field: &str) -> Result<Self> {
        if let Self::Files(files) = &mut self {
            if field != FIELD && !files.files.iter().any(|file| file.kind.has_fields()) {
                return Err(Fault::usage(format!("no file of the source has a field `{field}`"))
                    .at(Place::key("corpus.field"))
                    .allowed([format!(
                        "\"{FIELD}\", which is the default, where documents have no fields"
                    )]));
            }
            let numbered = files.files.iter().any(|file| file.kind == Kind::Columns);
            if numbered && field != FIELD && !field.parse().is_ok_and(|column: i64| column != 0) {
                return Err(Fault::usage(format!("there is no column `{field}`"))
                    .at(Place::key("corpus.field"))
                    .allowed(["\"1\" for the first column, \"-1\" for the last one"]));
            }
            field.clone_into(&mut files.fields.text);
        }
        Ok(self)
    }

    /// The source with the entities that stand beside its text.
    ///
    /// # Errors
    /// Files that have no such place, and files of columns where none is named.
    pub fn with_entities(mut self, entities: Option<&Column>) -> Result<Self> {
        let Self::Files(files) = &mut self else { return Ok(self) };
        for file in &files.files {
            let allowed = match (file.kind, entities) {
                (Kind::Columns, None) => "the number of the column of their tags: -1 is the last one",
                (Kind::Columns, Some(Column::Number(_))) | (_, None) => continue,
                (Kind::Columns, Some(Column::Name(_))) => "a number: their columns have no names",
                (Kind::Lines | Kind::Array, Some(Column::Name(_))) => continue,
                (Kind::Lines | Kind::Array, Some(Column::Number(_))) => "the name of the field that lists them",
                (Kind::Text | Kind::Parquet, Some(_)) => "files of JSON or of columns",
            };
            let what = match entities {
                Some(column) => format!("`{}` has no entities in {column}", file.path.display()),
                None => format!(
                    "`{}` is words with tags, and nothing says which tags are its entities'",
                    file.path.display()
                ),
            };
            return Err(Fault::usage(what).at(Place::key("corpus.entities")).allowed([allowed]));
        }
        files.fields.entities = entities.cloned();
        Ok(self)
    }

    /// The source with the hash of every file, which is held against whatever is read of it later. Of files with the same
    /// bytes the first one is kept: a text that is counted twice may be trained on and held out.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hashed(mut self) -> Result<Self> {
        if let Self::Files(files) = &mut self {
            let before = files.files.len();
            for file in &mut files.files {
                file.hash = Some(hash_file(&file.path)?);
            }
            let mut seen = HashSet::new();
            files.files.retain(|file| seen.insert(file.hash.clone()));
            files.copies = before - files.files.len();
        }
        Ok(self)
    }

    /// Decides what a document is and what is held out; of the built-in language, whose documents do not depend on each
    /// other, the last words.
    ///
    /// # Errors
    /// Fewer than two documents; whatever reading them gives.
    pub fn split(&self, share: f64) -> Result<Division> {
        match self {
            Self::Fragment { words } => {
                let train_words = (*words as f64 * (1.0 - share)).round() as u64;
                Ok(Division {
                    document: Unit::File,
                    grain: Unit::File,
                    held_out: HeldOut::default(),
                    train_words,
                    described: format!("the documents after the first {train_words} words are held out"),
                })
            }
            Self::Files(files) => files.split(share),
        }
    }

    /// Gives `visit` every document of both sides, in order.
    ///
    /// # Errors
    /// Damaged files, files that changed since they were hashed, and what `visit` returns.
    pub fn documents(&self, split: &Division, visit: &mut dyn FnMut(Part, Text) -> Result<()>) -> Result<()> {
        match self {
            Self::Files(files) => files.documents(split, visit),
            Self::Fragment { words } => {
                let mut so_far = 0;
                for index in 0.. {
                    if so_far >= *words {
                        break;
                    }
                    let part = if so_far < split.train_words {
                        Part::Train
                    } else {
                        Part::HeldOut
                    };
                    let text = clean::clean(&fragment::document(FRAGMENT_SEED, index));
                    // An empty document counts as one word, so that the loop ends whatever the grammar does.
                    so_far += (text.split_ascii_whitespace().count() as u64).max(1);
                    if !text.is_empty() {
                        let piece = Piece {
                            text: &text,
                            entities: &[],
                            goes_on: false,
                        };
                        visit(part, Text::Piece(piece))?;
                        visit(part, Text::End)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// How many files are read, and how many were left out because they are copies.
    pub fn files(&self) -> (usize, usize) {
        match self {
            Self::Fragment { .. } => (0, 0),
            Self::Files(files) => (files.files.len(), files.copies),
        }
    }

    /// The fault for a source without a word in it.
    pub fn empty(&self) -> Fault {
        let files = match self {
            Self::Fragment { .. } => &[],
            Self::Files(files) => files.files.as_slice(),
        };
        let first = files
            .first()
            .map_or_else(String::new, |file| format!(" (`{}` is the first)", file.path.display()));
        let what = format!("the corpus is empty: not a word in {} file(s){first}", files.len());
        Fault::usage(what).at(Place::key("corpus.source"))
    }
}

impl Files {
    /// Several files are a document each. One alone is divided by blank lines, if whole parts of that can be held out,
    /// and into its lines if not: one stray blank line makes no documents. Where no whole documents come near the share that
    /// was asked for, paragraphs or lines are held out of them.
    fn split(&self, share: f64) -> Result<Division> {
        let weights = self.weigh()?;
        let [_, blocks, _] = &weights;
        if blocks.units() == 0 {
            return Err(Source::Files(self.clone()).empty());
        }
        let is_one_text = matches!(self.files.as_slice(), [file] if file.kind.is_one_text());
        let candidates = Unit::ALL.into_iter().zip(&weights).skip(usize::from(is_one_text));
        let chosen: Vec<(Unit, u64, HeldOut)> = candidates
            .filter_map(|(unit, weights)| Some((unit, weights.units(), HeldOut::choose(weights, share)?)))
            .collect();
        // The coarsest that is near, or else the nearest.
        let near = chosen.iter().find(|(.., held)| held.is_near(share));
        let nearest = || {
            let by_miss =
                |a: &&(Unit, u64, HeldOut), b: &&(Unit, u64, HeldOut)| a.2.miss(share).total_cmp(&b.2.miss(share));
            chosen.iter().min_by(by_miss)
        };
        let Some((grain, units, held_out)) = near.or_else(nearest).cloned() else {
            return Err(
                Fault::usage("the corpus is one document, and some must be held out while others train")
                    .at(Place::key("corpus.source"))
                    .remedy("give several files, JSONL, or text of several lines"),
            );
        };
        let what = match grain {
            Unit::File if self.files.iter().all(|file| file.kind.is_one_text()) => "files",
            Unit::File => "documents",
            Unit::Block => "documents (up to a blank line)",
            Unit::Line => "lines",
        };
        let what = match is_one_text || grain == Unit::File {
            true => what.to_owned(),
            false => format!(
                "{} of its files",
                what.replace("documents (up to a blank line)", "paragraphs")
            ),
        };
        Ok(Division {
            document: if is_one_text { grain } else { Unit::File },
            grain,
            described: format!(
                "{:.2} % of the text, {} of {units} {what} in {} place(s), are held out",
                100.0 * held_out.share(),
                held_out.units(),
                held_out.places()
            ),
            held_out,
            train_words: 0,
        })
    }

    /// How much text each file, block and line has.
    fn weigh(&self) -> Result<[Weights; 3]> {
        let mut weights: [Weights; 3] = Default::default();
        let mut open = [0u64; 3];
        for file in &self.files {
            each_step(file, &self.fields, &mut |step| {
                match step {
                    // One more for the space or the line break after it.
                    Step::Piece(piece) => open.iter_mut().for_each(|bytes| *bytes += piece.text.len() as u64 + 1),
                    Step::End(unit) => weights[unit as usize].push(std::mem::take(&mut open[unit as usize])),
                }
                Ok(())
            })?;
        }
        Ok(weights)
    }

    fn documents(&self, split: &Division, visit: &mut dyn FnMut(Part, Text) -> Result<()>) -> Result<()> {
        let mut number = 0;
        let mut open: Option<Part> = None;
        for file in &self.files {
            each_step(file, &self.fields, &mut |step| match step {
                Step::Piece(piece) => {
                    let part = split.held_out.side(number);
                    // What is held out of a document is one of its own.
                    if let Some(other) = open.filter(|other| *other != part) {
                        visit(other, Text::End)?;
                    }
                    open = Some(part);
                    visit(part, Text::Piece(piece))
                }
                Step::End(unit) => {
                    number += u64::from(unit == split.grain);
                    match open.filter(|_| unit == split.document) {
                        Some(part) => {
                            open = None;
                            visit(part, Text::End)
                        }
                        None => Ok(()),
                    }
                }
            })?;
        }
        Ok(())
    }
}

impl Division {
    /// The split in words: `"5.02 % of the text, 5 of 99 files in 5 place(s), are held out"`.
    pub fn describe(&self) -> &str {
        &self.described
    }
}

#[cfg(test)]
mod tests;
