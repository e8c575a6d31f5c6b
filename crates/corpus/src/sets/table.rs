//! Texts with a label each: CSV and TSV with or without a header, JSONL, plain text of two columns.

use super::{Bounds, Column, MOST_BYTES, label, plain_name, text};
use crate::json::{Object, each_object};
use crate::reader::{BYTE_ORDER_MARK, with_bytes};
use cloze_foundation::{Fault, Result};
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use std::io::{BufRead, Read};
use std::path::Path;

/// Endings of the files that are read, which may be followed by `.gz`.
const ENDINGS: [&str; 4] = [".csv", ".tsv", ".txt", ".jsonl"];

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
            .allowed(ENDINGS.map(|ending| format!("{ending}, {ending}.gz")))
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
    let format = Format::of(path)?;
    let mut rows = Rows {
        bounds: Bounds::of(path),
        found: Vec::new(),
    };
    match format {
        Format::Columns { delimiter, quoted } => with_bytes(path, None, |reader| {
            columns(reader, path, asked, (delimiter, quoted), &mut rows)
        })?,
        Format::Objects => each_object(path, |object| {
            let of = |column: Option<&Column>, usual: &str| match column {
                None => object.word(usual),
                Some(Column::Name(name)) => object.word(name),
                Some(Column::Number(number)) => Err(Fault::usage(format!(
                    "column {number} of an object: its columns have names"
                ))),
            };
            let texts = (
                of(asked.text, "text")?,
                asked.pair.map(|pair| of(Some(pair), "")).transpose()?,
            );
            rows.push(texts.0, texts.1.as_deref(), &of(asked.label, "label")?, object.place())
        })?,
    }
    rows.bounds.end("labelled text")?;
    Ok(rows.found)
}

/// What has been read.
struct Rows<'a> {
    bounds: Bounds<'a>,
    found: Vec<Labelled>,
}

impl Rows<'_> {
    fn push(&mut self, of: String, pair: Option<&str>, named: &str, place: &str) -> Result<()> {
        self.bounds.add(of.len() + pair.map_or(0, str::len) + named.len())?;
        self.found.push(Labelled {
            text: text(&of, "text")?.to_owned(),
            pair: pair
                .map(|pair| text(pair, "text of the pair").map(str::to_owned))
                .transpose()?,
            label: label(named, "label")?.to_owned(),
            place: place.to_owned(),
        });
        Ok(())
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
    asked: &TableAsked,
    (delimiter, quoted): (u8, bool),
    rows: &mut Rows,
) -> Result<()> {
    let numbered = |column: Option<&Column>| matches!(column, Some(Column::Number(_)));
    let by_number = [asked.text, asked.pair, asked.label].into_iter().any(numbered);
    let header = asked
        .header
        .unwrap_or(!by_number && !plain_name(path).ends_with(".txt"));
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
        match &places {
            Some(places) => {
                let [of, pair, label] = places.pick(&fields).map_err(|fault| fault.at(place.as_str()))?;
                rows.push(
                    of.unwrap_or_default().to_owned(),
                    pair,
                    label.unwrap_or_default(),
                    &place,
                )
                .map_err(|fault| fault.at(place.as_str()))?;
            }
            None => {
                let found = Places::of(&fields, header, asked).map_err(|fault| fault.at(place.as_str()))?;
                if !header {
                    let [of, pair, label] = found.pick(&fields)?;
                    rows.push(
                        of.unwrap_or_default().to_owned(),
                        pair,
                        label.unwrap_or_default(),
                        &place,
                    )
                    .map_err(|fault| fault.at(place.as_str()))?;
                }
                places = Some(found);
            }
        }
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
    text: usize,
    pair: Option<usize>,
    label: usize,
}

impl Places {
    fn of(first: &[&str], header: bool, asked: &TableAsked) -> Result<Self> {
        let columns = first.len();
        let place = |column: &Column| match column {
            Column::Name(name) if header => first.iter().position(|known| known.trim() == name),
            Column::Name(_) => None,
            Column::Number(_) => column.place(columns),
        };
        let find = |what: &str, column: &Column| {
            place(column).ok_or_else(|| {
                let fault = Fault::usage(format!("there is no column {column} for the {what}"));
                match (column, header) {
                    (Column::Name(name), true) => fault.allowed(first).nearest(name, first),
                    (Column::Name(_), false) => fault.remedy("without a header columns are numbers, from 1"),
                    (Column::Number(_), _) => fault
                        .allowed([format!("1 to {columns}, and -{columns} to -1 from the end")])
                        .remedy("the columns of a .csv end at commas, those of a .tsv and a .txt at tabs"),
                }
            })
        };
        let usual = |name: &str, number: i64| match header {
            true => Column::from(name),
            false => Column::Number(number),
        };
        let (text, label) = (usual("text", 1), usual("label", -1));
        let found = Self {
            columns,
            text: find("text", asked.text.unwrap_or(&text))?,
            pair: asked.pair.map(|pair| find("text of the pair", pair)).transpose()?,
            label: find("label", asked.label.unwrap_or(&label))?,
        };
        match found.text == found.label {
            true => Err(
                Fault::usage(format!("column {} is both the text and the label", found.text + 1))
                    .remedy("the columns of a .csv end at commas, those of a .tsv and a .txt at tabs"),
            ),
            false => Ok(found),
        }
    }

    /// Text, pair and label of a row.
    fn pick<'a>(&self, fields: &[&'a str]) -> Result<[Option<&'a str>; 3]> {
        if fields.len() != self.columns {
            return Err(Fault::usage(format!(
                "the row has {} columns, and the first one {}",
                fields.len(),
                self.columns
            )));
        }
        let at = |place: usize| fields.get(place).copied();
        Ok([at(self.text), self.pair.and_then(at), at(self.label)])
    }
}
