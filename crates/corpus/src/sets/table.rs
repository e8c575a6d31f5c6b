//! Texts with a label each: CSV and TSV with or without a header, JSONL, plain text of two columns.

use super::{Bounds, Column, MOST_BYTES, label, plain_name, text};
use crate::json::{Object, each_object};
use crate::reader::{BYTE_ORDER_MARK, with_bytes};
use cloze_foundation::{Fault, Result};
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use std::io::{BufRead, Read};
use std::path::Path;

/// Endings of the files that are read, which may be followed by `.gz`.
pub const TABLES: &[&str] = &[".csv", ".tsv", ".txt", ".jsonl"];

/// One labelled text, or pair of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// The other text of a pair.
    pub pair: Option<String>,
    /// Its label.
    pub label: String,
    /// File and line.
    pub place: String,
}

/// Which columns of a table are read.
#[derive(Clone, Debug)]
pub struct TableAsked<'a> {
    /// Of the text; `None` is `text`, and the first column where there is no header.
    pub text: Option<&'a Column>,
    /// Of the other text of a pair, if there is one.
    pub pair: Option<&'a Column>,
    /// Of the label; `None` is `label`, and the last column where there is no header.
    pub label: Option<&'a Column>,
    /// Whether the first line names the columns; `None` is yes, but for a `.txt` and where columns are numbers.
    pub header: Option<bool>,
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Columns behind this byte, quoted or not.
    Columns {
        delimiter: u8,
        quoted: bool,
    },
    Objects,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        let name = plain_name(path);
        let ends = |ending: &str| name.ends_with(ending);
        // In the TSV files of benchmarks a quotation mark is a letter of the text, and often stands alone.
        let tabs = Self::Columns {
            delimiter: b'\t',
            quoted: false,
        };
        match () {
            () if ends(".csv") => Ok(Self::Columns {
                delimiter: b',',
                quoted: true,
            }),
            () if ends(".tsv") || ends(".txt") => Ok(tabs),
            () if ends(".jsonl") => Ok(Self::Objects),
            () => Err(Fault::usage(format!(
                "`{}` has no ending that says how it is written",
                path.display()
            ))
            .allowed(TABLES.iter().map(|ending| format!("{ending}, {ending}.gz")))
            .remedy("rename it, or convert it to one of these")),
        }
    }
}

/// Reads the labelled texts of a file in their order.
///
/// # Errors
/// An unknown format, an unreadable file, a column that is not there, a row with other columns than the first, a text or a
/// label that is empty or too long, a file without a row: usage faults with file and line.
pub fn read_table(path: &Path, asked: &TableAsked) -> Result<Vec<Labelled>> {
    let mut wanted = vec![
        Wanted::new("text", asked.text, ("text", 1)),
        Wanted::new("label", asked.label, ("label", -1)),
    ];
    wanted.extend(
        asked
            .pair
            .map(|pair| Wanted::new("text of the pair", Some(pair), ("", 0))),
    );
    let mut bounds = Bounds::of(path);
    let mut found = Vec::new();
    each_row(path, &wanted, asked.header, &mut |fields, place| {
        bounds.add(fields.iter().map(|field| field.len()).sum())?;
        let pair = fields
            .get(2)
            .map(|pair| text(pair, "text of the pair").map(str::to_owned));
        found.push(Labelled {
            text: text(fields[0], "text")?.to_owned(),
            pair: pair.transpose()?,
            label: label(fields[1], "label")?.to_owned(),
            place: place.to_owned(),
        });
        Ok(())
    })?;
    bounds.end("labelled text")?;
    Ok(found)
}

/// Two texts, with what is said of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPair {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// The label, where one is asked for.
    pub label: Option<String>,
    /// File and line.
    pub place: String,
}

/// Reads the pairs of texts of a file in their order. The other text is `text_pair`, or the second column where there is no header,
/// if nobody says it; a label is read only if its column is named.
///
/// # Errors
/// As [`read_table`].
pub fn read_text_pairs(path: &Path, asked: &TableAsked) -> Result<Vec<TextPair>> {
    let mut wanted = vec![
        Wanted::new("text", asked.text, ("text", 1)),
        Wanted::new("text of the pair", asked.pair, ("text_pair", 2)),
    ];
    wanted.extend(asked.label.map(|column| Wanted::new("label", Some(column), ("", 0))));
    let mut bounds = Bounds::of(path);
    let mut found = Vec::new();
    each_row(path, &wanted, asked.header, &mut |fields, place| {
        bounds.add(fields.iter().map(|field| field.len()).sum())?;
        found.push(TextPair {
            first: text(fields[0], "text")?.to_owned(),
            second: text(fields[1], "text of the pair")?.to_owned(),
            label: match fields.get(2) {
                Some(field) => Some(label(field, "label")?.to_owned()),
                None => None,
            },
            place: place.to_owned(),
        });
        Ok(())
    })?;
    bounds.end("pair of texts")?;
    Ok(found)
}

/// A column that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// What it holds, in words.
    what: &'static str,
    /// Which one is meant.
    column: Option<&'a Column>,
    /// Where nobody says it: its name in the header, and its number where there is none.
    usual: (&'static str, i64),
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(what: &'static str, column: Option<&'a Column>, usual: (&'static str, i64)) -> Self {
        Self { what, column, usual }
    }
}

/// Who is told of a row: of its fields, in the order in which they are wanted, and of its place.
type See<'a> = &'a mut dyn FnMut(&[&str], &str) -> Result<()>;

/// Shows the wanted columns of every row of a table.
///
/// # Errors
/// As [`read_table`]; what `see` says, with file and line.
pub(crate) fn each_row(path: &Path, wanted: &[Wanted], header: Option<bool>, see: See) -> Result<()> {
    match Format::of(path)? {
        Format::Columns { delimiter, quoted } => with_bytes(path, None, |reader| {
            columns(reader, path, (wanted, header), (delimiter, quoted), see)
        }),
        Format::Objects => each_object(path, |object| {
            let of = |wanted: &Wanted| match wanted.column {
                None => object.word(wanted.usual.0),
                Some(Column::Name(name)) => object.word(name),
                Some(Column::Number(number)) => Err(Fault::usage(format!(
                    "column {number} of an object: its columns have names"
                ))),
            };
            let fields: Vec<String> = wanted.iter().map(of).collect::<Result<_>>()?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            see(&fields, object.place())
        }),
    }
}

impl Object {
    /// As [`text`](Self::text), with numbers and truths as they are written: a label may be one.
    fn word(&self, field: &str) -> Result<String> {
        match self.plain(field) {
            Some(word) => Ok(word),
            None => self.text(field).map(str::to_owned),
        }
    }
}

fn columns(
    reader: &mut dyn BufRead,
    path: &Path,
    (wanted, header): (&[Wanted], Option<bool>),
    (delimiter, quoted): (u8, bool),
    see: See,
) -> Result<()> {
    let numbered = |wanted: &Wanted| matches!(wanted.column, Some(Column::Number(_)));
    let by_number = wanted.iter().any(numbered);
    let header = header.unwrap_or(!by_number && !plain_name(path).ends_with(".txt"));
    let unread = |error: &std::io::Error| crate::reader::unread(path, None, error);
    if reader
        .fill_buf()
        .map_err(|error| unread(&error))?
        .starts_with(BYTE_ORDER_MARK.as_bytes())
    {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let mut table = ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(quoted)
        .has_headers(false)
        .flexible(true)
        // A quote that is never closed, or a small gzip, holds as much as it likes.
        .from_reader(reader.take(MOST_BYTES as u64 + 1));
    let mut places: Option<Places> = None;
    let mut record = ByteRecord::new();
    let failed = |error: csv::Error| match error.kind() {
        ErrorKind::Io(error) => unread(error),
        _ => Fault::usage(format!("the table cannot be read: {error}")).at(path.display().to_string()),
    };
    while table.read_byte_record(&mut record).map_err(failed)? {
        let line = record.position().map_or(0, csv::Position::line);
        let place = format!("{}:{line}", path.display());
        let fields = fields(&record).map_err(|fault| fault.at(place.as_str()))?;
        let at = |fault: Fault| fault.at(place.as_str());
        let is_first = places.is_none();
        let known = match &places {
            Some(known) => known,
            None => places.insert(Places::of(&fields, header, wanted).map_err(at)?),
        };
        if is_first && header {
            continue;
        }
        let picked = known.pick(&fields).map_err(at)?;
        see(&picked, &place).map_err(at)?;
    }
    match table.into_inner().limit() {
        0 => Err(
            Fault::usage(format!("`{}` is too large to be judged by", path.display()))
                .allowed([format!("up to {} MiB", MOST_BYTES >> 20)])
                .remedy("take a part of it"),
        ),
        _ => Ok(()),
    }
}

fn fields(record: &ByteRecord) -> Result<Vec<&str>> {
    let field = |bytes| {
        std::str::from_utf8(bytes).map_err(|_| {
            Fault::usage("the text is not UTF-8").remedy(
                "convert it, as `iconv -f WINDOWS-1252 -t UTF-8` does, if that is the encoding that it was written in",
            )
        })
    };
    record.iter().map(field).collect()
}

/// Where the columns are that are read.
struct Places {
    columns: usize,
    wanted: Vec<usize>,
}

impl Places {
    fn of(first: &[&str], header: bool, wanted: &[Wanted]) -> Result<Self> {
        let columns = first.len();
        let named = |name: &str| first.iter().filter(|known| known.trim() == name).count();
        let place = |column: &Column| match column {
            Column::Name(name) if header => first.iter().position(|known| known.trim() == name),
            Column::Name(_) => None,
            Column::Number(_) => column.place(columns),
        };
        let find = |wanted: &Wanted| {
            let usual = || match header {
                true => Column::from(wanted.usual.0),
                false => Column::Number(wanted.usual.1),
            };
            let column = wanted.column.cloned().unwrap_or_else(usual);
            if let (Column::Name(name), true) = (&column, header)
                && named(name) > 1
            {
                return Err(Fault::usage(format!(
                    "{} columns are called {column}, and one of them is meant for the {}",
                    named(name),
                    wanted.what
                ))
                .remedy("give them two names, or name the column by its number and say `header = true`"));
            }
            place(&column).ok_or_else(|| {
                let fault = Fault::usage(format!("there is no column {column} for the {}", wanted.what));
                match (&column, header) {
                    (Column::Name(name), true) => fault.allowed(first).nearest(name, first),
                    (Column::Name(_), false) => fault.remedy("without a header columns are numbers, from 1"),
                    (Column::Number(_), _) => fault
                        .allowed([format!("1 to {columns}, and -{columns} to -1 from the end")])
                        .remedy("the columns of a .csv end at commas, those of a .tsv and a .txt at tabs"),
                }
            })
        };
        let places: Vec<usize> = wanted.iter().map(find).collect::<Result<_>>()?;
        // The first two are what is compared or told: one column cannot be both.
        match places.first() == places.get(1) {
            true => Err(Fault::usage(format!(
                "column {} is both the {} and the {}",
                places[0] + 1,
                wanted[0].what,
                wanted[1].what
            ))
            .remedy("the columns of a .csv end at commas, those of a .tsv and a .txt at tabs")),
            false => Ok(Self {
                columns,
                wanted: places,
            }),
        }
    }

    /// The wanted fields of a row.
    fn pick<'a>(&self, fields: &[&'a str]) -> Result<Vec<&'a str>> {
        if fields.len() != self.columns {
            return Err(Fault::usage(format!(
                "the row has {} columns, and the first one {}",
                fields.len(),
                self.columns
            )));
        }
        Ok(self.wanted.iter().map(|place| fields[*place]).collect())
    }
}
