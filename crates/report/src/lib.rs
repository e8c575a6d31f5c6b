//! Parquet and the frozen plan in; tables, charts and the page out.
//!
//! [`Report::read`] makes a report of a results folder, [`write()`] leaves it in `report/` there. The same input gives the
//! same bytes. Losses of different objectives are never ranked: they have different targets.

mod across;
mod arm;
pub mod audit;
mod best;
mod chance;
mod charts;
mod claims;
mod company;
mod compare;
mod csv;
mod curves;
mod decisions;
mod document;
mod escape;
mod facts;
mod figure;
mod ground;
mod history;
mod items;
mod ladder;
mod latex;
mod learnt;
mod levels;
mod markdown;
mod models;
mod names;
mod number;
mod onset;
mod origins;
mod page;
mod paradigms;
mod plateau;
mod read;
mod resample;
mod runs;
mod score;
mod sections;
mod sentence;
mod study;
mod sweep;
mod tuned;
mod verdict;
mod view;

pub use across::Across;
use charts::Chart;
use cloze_foundation::Result;
use cloze_foundation::files::{is_scratch, list, remove, write_whole};
use runs::Runs;
use std::path::{Path, PathBuf};
use study::Study;

/// A report in every format.
#[derive(Debug)]
pub struct Report {
    /// The answer to the experiment's question in one paragraph of Markdown.
    pub verdict: String,
    /// The verdict, coverage, claims, scores and comparisons as Markdown, for the terminal.
    pub table: String,
    /// `table.md`: every section as Markdown, which also reads well as plain text.
    pub markdown: String,
    /// `table.csv`: one row per score and arm, numbers in full.
    pub csv: String,
    /// `table.tex`: the tables as LaTeX with booktabs.
    pub latex: String,
    /// `index.html`: the page, charts included.
    pub page: String,
    /// `runs.csv`: one row per planned run, with what was swept as columns.
    pub runs: String,
    runs_parquet: Vec<u8>,
    models: Option<String>,
    learnt: Option<String>,
    paradigms: Option<String>,
    origins: Option<Vec<u8>>,
    tables: Vec<(String, String)>,
    charts: Vec<Chart>,
}

/// What was found of models that others trained, within the report.
const MODELS: &str = "models.csv";
/// When what was learnt, within the report.
const LEARNT: &str = "learnt.csv";
/// What arms are right about, paradigm by paradigm, within the report.
const PARADIGMS: &str = "paradigms.csv";
/// The folder of tables as LaTeX within the report, each in a file of its own.
const TABLES: &str = "tables";

impl Report {
    /// Makes the report of `folder` (`results/<experiment>`) and writes nothing.
    ///
    /// # Errors
    /// A missing or damaged `plan.json`, `metrics.parquet`, `items.parquet` or `provenance.json`, by name.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::beside(folder, &[])
    }

    /// The same, with sentences about what the folder alone does not say: that there are other data now than the runs were made from.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn beside(folder: &Path, outside: &[String]) -> Result<Self> {
        let mut view = view::View::read(folder)?;
        view.outside = outside.to_vec();
        let study = Study::new(&view)?;
        let (charts, undrawn) = charts::all(&study)?;
        let document = sections::document(&study, &undrawn)?;
        let runs = Runs::new(&study);
        Ok(Self {
            verdict: markdown::closing(&document),
            table: markdown::brief(&document),
            markdown: markdown::whole(&document),
            csv: csv::whole(&study)?,
            latex: latex::whole(&document),
            page: page::whole(&document, &charts),
            runs: runs.csv(),
            runs_parquet: runs.parquet()?,
            models: sections::models::csv(&study),
            learnt: learnt::csv(&study)?,
            paradigms: paradigms::csv(&study)?,
            origins: origins::file(&view.origins)?,
            tables: latex::files(&document),
            charts,
        })
    }

    /// Writes `folder/report/`: `table.md`, `table.csv`, `table.tex`, `tables/*.tex`, `runs.csv`, `runs.parquet`, where others trained
    /// an arm `models.csv`, where it is asked for `learnt.csv`, where items were kept `paradigms.csv`, `index.html` and `charts/*.svg`
    /// and `*.png`, and removes charts and tables of an earlier report that this one does not have. Gives every file, in the order of
    /// writing.
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
        put("runs.csv", self.runs.as_bytes())?;
        put("runs.parquet", &self.runs_parquet)?;
        let some = [
            (MODELS, &self.models),
            (LEARNT, &self.learnt),
            (PARADIGMS, &self.paradigms),
        ];
        for (name, text) in some {
            match text {
                Some(text) => put(name, text.as_bytes())?,
                None => remove(&report.join(name))?,
            }
        }
        if let Some(origins) = &self.origins {
            put(origins::FILE, origins)?;
        }
        put("table.tex", self.latex.as_bytes())?;
        for (name, text) in &self.tables {
            put(&format!("{TABLES}/{name}.tex"), text.as_bytes())?;
        }
        put("index.html", self.page.as_bytes())?;
        for chart in &self.charts {
            for (name, bytes) in chart.files()? {
                put(&name, &bytes)?;
            }
        }
        charts::remove_stale(&report.join("charts"), &files)?;
        for path in list(&report.join(TABLES))? {
            // Somebody may keep tables of their own there, and another process may be writing the one that is to come.
            let is_ours = || std::fs::read_to_string(&path).is_ok_and(|text| latex::is_ours(&text));
            if !files.contains(&path) && !is_scratch(&path) && is_ours() {
                remove(&path)?;
            }
        }
        Ok(files)
    }
}

/// Makes the report of `folder` (`results/<experiment>`) and leaves it there, see [`Report::write`].
///
/// # Errors
/// A missing or damaged `plan.json` or `metrics.parquet`, by name; a file that cannot be written.
pub fn write(folder: &Path) -> Result<Report> {
    write_beside(folder, &[])
}

/// The same with sentences about what the folder alone does not say, see [`Report::beside`].
///
/// # Errors
/// As [`write()`].
pub fn write_beside(folder: &Path, outside: &[String]) -> Result<Report> {
    let report = Report::beside(folder, outside)?;
    report.write(folder)?;
    Ok(report)
}
