//! Words with a tag each: the columns of CoNLL's shared tasks, and CoNLL-U.

use super::{Bounds, Column, label, plain_name};
use crate::reader::{each_line, with_bytes};
use cloze_foundation::{Fault, Result};
use std::path::Path;

/// Words that a sentence may have.
const LONGEST_SENTENCE: usize = 20_000;
/// Columns of CoNLL-U (universaldependencies.org/format.html).
const UNIVERSAL_COLUMNS: usize = 10;
/// Its column of the words.
const UNIVERSAL_WORD: i64 = 2;
/// Its column of the universal parts of speech.
const UNIVERSAL_TAG: i64 = 4;
/// Its columns that no word leaves unspecified, by number and name.
const SPECIFIED: [(usize, &str); 3] = [(4, "UPOS"), (7, "HEAD"), (8, "DEPREL")];
/// What stands where something is unspecified.
const UNSPECIFIED: &str = "_";
/// The word of the lines that part the documents of CoNLL 2003.
const DOCUMENT: &str = "-DOCSTART-";

/// A sentence in words, each with its tag and the number of its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedSentence {
    /// Its words.
    pub words: Vec<String>,
    /// The tag of each.
    pub tags: Vec<String>,
    /// Where each stands in the file, from 1.
    pub lines: Vec<u64>,
}

/// Which columns are read; what is `None` is the first column and the last one, or in CoNLL-U the form and the universal part of speech.
#[derive(Clone, Debug, Default)]
pub struct ColumnsAsked {
    /// Of the word.
    pub word: Option<Column>,
    /// Of the tag.
    pub tag: Option<Column>,
}

/// Whether a file says that it is CoNLL-U.
pub fn universal_columns(path: &Path) -> bool {
    plain_name(path).ends_with(".conllu")
}

/// How a file of columns is written, as its first line of words shows.
#[derive(Clone, Copy)]
struct Layout {
    /// Columns end at tabs, and not at any white space.
    tabs: bool,
    columns: usize,
    word: usize,
    tag: usize,
    universal: bool,
}

impl Layout {
    fn of(line: &str, asked: &ColumnsAsked, universal: bool) -> Result<Self> {
        let tabs = universal || line.contains('\t');
        let columns = split(line, tabs).len();
        if universal && columns != UNIVERSAL_COLUMNS {
            return Err(broken(columns, UNIVERSAL_COLUMNS).remedy("the columns of CoNLL-U end at tabs"));
        }
        let usual = match universal {
            true => [UNIVERSAL_WORD, UNIVERSAL_TAG],
            false => [1, -1],
        };
        let place = |what: &str, asked: Option<&Column>, usual: i64| {
            let column = asked.cloned().unwrap_or(Column::Number(usual));
            column.place(columns).ok_or_else(|| {
                Fault::usage(format!("there is no column {column} for the {what}"))
                    .allowed([format!("1 to {columns}, and -{columns} to -1 from the end")])
            })
        };
        let layout = Self {
            tabs,
            columns,
            word: place("word", asked.word.as_ref(), usual[0])?,
            tag: place("tag", asked.tag.as_ref(), usual[1])?,
            universal,
        };
        match layout.word == layout.tag {
            true => Err(
                Fault::usage(format!("column {} is both the word and the tag", layout.word + 1))
                    .remedy("a line is a word and its tag, with a tab or a blank between them"),
            ),
            false => Ok(layout),
        }
    }

    /// The word and the tag of a line, which is the sentence's word of this number, from 1; `None` of one that is no word of its
    /// own.
    fn read<'a>(&self, line: &'a str, number: usize) -> Result<Option<(&'a str, &'a str)>> {
        let fields = split(line, self.tabs);
        if fields.len() != self.columns {
            return Err(broken(fields.len(), self.columns));
        }
        // Several words written as one (`1-2`), and words that are not there (`1.1`).
        if self.universal && fields[0].contains(['-', '.']) {
            return Ok(None);
        }
        if self.universal && fields[0] != number.to_string() {
            return Err(
                Fault::usage(format!("the ID is `{}` in place of {number}", fields[0].escape_debug()))
                    .remedy("the words of a sentence of CoNLL-U are numbered from 1, and a blank line ends it"),
            );
        }
        let word = fields[self.word].trim();
        if word.is_empty() {
            return Err(Fault::usage("the word is missing"));
        }
        let tag = label(fields[self.tag], "tag")?;
        let of_all = SPECIFIED
            .iter()
            .find(|(column, _)| self.universal && *column == self.tag + 1);
        match of_all {
            Some((column, name)) if tag == UNSPECIFIED => Err(Fault::usage(format!(
                "the word has no {name}: column {column} is `{UNSPECIFIED}`"
            ))
            .remedy("CoNLL-U leaves UPOS, HEAD and DEPREL of no word unspecified")),
            _ => Ok(Some((word, tag))),
        }
    }
}

fn broken(columns: usize, expected: usize) -> Fault {
    Fault::usage(format!("the line has {columns} columns in place of {expected}"))
}

fn split(line: &str, tabs: bool) -> Vec<&str> {
    match tabs {
        true => line.split('\t').collect(),
        false => line.split_whitespace().collect(),
    }
}

/// Reads the sentences of a file.
///
/// # Errors
/// A file that cannot be read; a line that is none, a file without a word and one that is too large: usage faults with file and
/// line.
pub fn read_columns(path: &Path, asked: &ColumnsAsked) -> Result<Vec<TaggedSentence>> {
    let mut sentences = Vec::new();
    let mut bounds = Bounds::of(path);
    each_sentence(path, None, asked, &mut |step| {
        if let Columns::Sentence(sentence) = step {
            bounds.add(sentence.words.iter().chain(&sentence.tags).map(String::len).sum())?;
            sentences.push(sentence);
        }
        Ok(())
    })?;
    bounds.end("sentence of words with tags")?;
    Ok(sentences)
}

/// A step through a file of columns.
pub(crate) enum Columns {
    /// A sentence of one word or more.
    Sentence(TaggedSentence),
    /// Where a document ends and another one begins.
    Document,
}

/// Gives `visit` the sentences of a file; blank lines part them. A line that begins with `#` is a comment where it has not as many
/// columns as the lines of words: a hashtag is a word. Where the hash of the file is known, it has to be that.
///
/// # Errors
/// An unreadable file, a column that is not there, a line with other columns than the first one, a word without a tag, a
/// sentence that is too long: usage faults with file and line; and what `visit` returns.
pub(crate) fn each_sentence(
    path: &Path,
    expected: Option<&str>,
    asked: &ColumnsAsked,
    visit: &mut dyn FnMut(Columns) -> Result<()>,
) -> Result<()> {
    let universal = universal_columns(path);
    let mut layout: Option<Layout> = None;
    // Comments stand before the first line of words, which decides what a comment is.
    let mut open = TaggedSentence::default();
    with_bytes(path, expected, |reader| {
        each_line(reader, path, |number, line| {
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() {
                return end(&mut open, visit);
            }
            let at = |fault: Fault| fault.at(format!("{}:{number}", path.display()));
            let known = match layout {
                Some(known) => known,
                None if is_comment(line) => return Ok(()),
                None => *layout.insert(Layout::of(line, asked, universal).map_err(at)?),
            };
            let comment = line.starts_with('#') && split(line, known.tabs).len() != known.columns;
            if comment || (known.universal && line.starts_with('#')) {
                return Ok(());
            }
            let Some((word, tag)) = known.read(line, open.words.len() + 1).map_err(at)? else {
                return Ok(());
            };
            if word == DOCUMENT {
                end(&mut open, visit)?;
                return visit(Columns::Document);
            }
            if open.words.len() == LONGEST_SENTENCE {
                return Err(at(Fault::usage(format!(
                    "the sentence has more than {LONGEST_SENTENCE} words"
                ))
                .remedy("a blank line ends a sentence")));
            }
            open.words.push(word.to_owned());
            open.tags.push(tag.to_owned());
            open.lines.push(number);
            Ok(())
        })
    })?;
    end(&mut open, visit)
}

/// Hands on a sentence that has ended, if it has any word.
fn end(open: &mut TaggedSentence, visit: &mut dyn FnMut(Columns) -> Result<()>) -> Result<()> {
    match open.words.is_empty() {
        true => Ok(()),
        false => visit(Columns::Sentence(std::mem::take(open))),
    }
}

/// Whether a line before the first one of words is a comment: `# text`, which a hashtag at the beginning of a file is not.
fn is_comment(line: &str) -> bool {
    line.starts_with('#') && !line.contains('\t') && (line == "#" || line.starts_with("# ") || !line.contains(' '))
}
