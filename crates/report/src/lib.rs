//! Parquet and the frozen plan in; tables, charts and the page out.
//!
//! [`Report::read`] makes a report of a results folder, [`write()`] leaves it in `report/` there. The same input gives the
//! same bytes. Losses of different objectives are never ranked: they have different targets.

mod arm;
mod charts;
mod claims;
mod compare;
mod csv;
mod document;
mod figure;
mod latex;
mod markdown;
mod markup;
mod number;
mod page;
mod read;
mod score;
mod sections;
mod sweep;
mod view;

use charts::Chart;
use cloze_foundation::Result;
use cloze_foundation::files::write_whole;
use std::path::{Path, PathBuf};

/// A report in every format.
#[derive(Debug)]
pub struct Report {
    /// Coverage, claims, scores and verdicts as Markdown, for the terminal.
    pub table: String,
    /// `table.md`: every section as Markdown, which also reads well as plain text.
    pub markdown: String,
    /// `table.csv`: one row per score and arm, numbers in full.
    pub csv: String,
    /// `table.tex`: the tables as LaTeX with booktabs.
    pub latex: String,
    /// `index.html`: the page, charts included.
    pub page: String,
    charts: Vec<Chart>,
}

impl Report {
    /// Makes the report of `folder` (`results/<experiment>`) and writes nothing.
    ///
    /// # Errors
    /// A missing or damaged `plan.json` or `metrics.parquet`, by name.
    pub fn read(folder: &Path) -> Result<Self> {
        let view = view::View::read(folder)?;
        let document = sections::document(&view)?;
        let charts = charts::all(&view)?;
        Ok(Self {
            table: markdown::brief(&document),
            markdown: markdown::whole(&document),
            csv: csv::whole(&view)?,
            latex: latex::whole(&document),
            page: page::whole(&document, &charts),
            charts,
        })
    }

    /// Writes `folder/report/`: `table.md`, `table.csv`, `table.tex`, `index.html` and `charts/*.svg` and `*.png`, and
    /// removes charts of an earlier report that this one does not have. Gives every file, in the order of writing.
    ///
    /// # Errors
    /// A file that cannot be written, by name.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let report = folder.join("report");
        let mut files = Vec::new();
        let mut put = |name: &str, bytes: &[u8]| {
            let path = report.join(name);
            files.push(path.clone());
            write_whole(&path, bytes)
        };
        put("table.md", self.markdown.as_bytes())?;
        put("table.csv", self.csv.as_bytes())?;
        put("table.tex", self.latex.as_bytes())?;
        put("index.html", self.page.as_bytes())?;
        for chart in &self.charts {
            for (name, bytes) in chart.files()? {
                put(&name, &bytes)?;
            }
        }
        charts::remove_stale(&report.join("charts"), &files)?;
        Ok(files)
    }
}

/// Makes the report of `folder` (`results/<experiment>`) and leaves it there, see [`Report::write`].
///
/// # Errors
/// A missing or damaged `plan.json` or `metrics.parquet`, by name; a file that cannot be written.
pub fn write(folder: &Path) -> Result<Report> {
    let report = Report::read(folder)?;
    report.write(folder)?;
    Ok(report)
}
