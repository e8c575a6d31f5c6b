//! Parquet and the frozen plan in; tables, charts and the page out.
//!
//! [`write()`] fills `results/<experiment>/report/`; [`table`] gives one table as text. The same input gives the same
//! bytes. Losses of different objectives are never ranked: they have different targets.

mod charts;
mod compare;
mod csv;
mod document;
mod latex;
mod markdown;
mod measure;
mod number;
mod page;
mod read;
mod sections;
mod view;

use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use std::path::{Path, PathBuf};

/// What [`write()`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Coverage, scores and verdicts as Markdown, for the terminal.
    pub table: String,
    /// Every file written, in the order of writing.
    pub files: Vec<PathBuf>,
}

/// The text formats of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Markdown, readable on a terminal.
    Markdown,
    /// One row per score and arm, numbers in full.
    Csv,
    /// LaTeX with booktabs.
    Latex,
    /// The page, charts included.
    Html,
}

impl Format {
    /// Every format with its word on the command line.
    pub const ALL: [(&'static str, Self); 4] = [
        ("md", Self::Markdown),
        ("csv", Self::Csv),
        ("tex", Self::Latex),
        ("html", Self::Html),
    ];

    /// The format with this word.
    ///
    /// # Errors
    /// An unknown word, with those that exist and the nearest one.
    pub fn parse(word: &str) -> Result<Self> {
        let words = || Self::ALL.iter().map(|(word, _)| word);
        Self::ALL
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, format)| *format)
            .ok_or_else(|| {
                Fault::usage(format!("unknown report format `{word}`"))
                    .allowed(words())
                    .nearest(word, words())
            })
    }
}

/// Reads `folder` (`results/<experiment>`) and writes `folder/report/`: `table.md`, `table.csv`, `table.tex`,
/// `index.html` and `charts/*.svg` and `*.png`.
///
/// # Errors
/// A missing or damaged `plan.json` or `metrics.parquet`, by name; a file that cannot be written.
pub fn write(folder: &Path) -> Result<Report> {
    let view = view::View::read(folder)?;
    let document = sections::document(&view)?;
    let charts = charts::all(&view)?;
    let report = folder.join("report");
    let mut files = Vec::new();
    let mut put = |name: &str, bytes: &[u8]| {
        let path = report.join(name);
        files.push(path.clone());
        write_whole(&path, bytes)
    };
    put("table.md", markdown::whole(&document).as_bytes())?;
    put("table.csv", csv::whole(&view)?.as_bytes())?;
    put("table.tex", latex::whole(&document).as_bytes())?;
    for chart in &charts {
        put(&format!("charts/{}.svg", chart.name), chart.svg.as_bytes())?;
    }
    put("index.html", page::whole(&document, &charts).as_bytes())?;
    for chart in &charts {
        put(&format!("charts/{}.png", chart.name), &chart.png()?)?;
    }
    charts::remove_stale(&report.join("charts"), &files)?;
    Ok(Report {
        table: markdown::brief(&document),
        files,
    })
}

/// One table of `folder` (`results/<experiment>`) as text; writes nothing.
///
/// # Errors
/// A missing or damaged `plan.json` or `metrics.parquet`, by name.
pub fn table(folder: &Path, format: Format) -> Result<String> {
    let view = view::View::read(folder)?;
    Ok(match format {
        Format::Csv => csv::whole(&view)?,
        Format::Markdown => markdown::whole(&sections::document(&view)?),
        Format::Latex => latex::whole(&sections::document(&view)?),
        Format::Html => page::whole(&sections::document(&view)?, &charts::all(&view)?),
    })
}
