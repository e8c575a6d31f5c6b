//! AttemptRows on their way to disk.

use super::RunFolder;
use super::folder::Member;
use cloze_foundation::Result;
use cloze_foundation::files::write_whole;
use cloze_schema::{AttemptRows, Label, Row, Spent, Split, parquet};
use std::collections::BTreeMap;

/// Collects rows and writes them as parts, each renamed into place and never opened again.
pub struct Recorder {
    rows: AttemptRows,
    folder: RunFolder,
    next: usize,
    parts: BTreeMap<String, Member>,
}

impl Recorder {
    /// A recorder that goes on after the parts of earlier attempts.
    pub fn new(label: Label, folder: RunFolder, parts: BTreeMap<String, Member>) -> Self {
        Self {
            rows: AttemptRows {
                label,
                rows: Vec::new(),
            },
            folder,
            next: 0,
            parts,
        }
    }

    /// Remembers a number until the next [`flush`](Self::flush).
    pub fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.rows.rows.push(Row {
            spent: *spent,
            split,
            task: task.to_owned(),
            metric: metric.to_owned(),
            value,
        });
    }

    /// Writes what was remembered as the next part.
    ///
    /// # Errors
    /// A part that cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if !self.rows.rows.is_empty() {
            let name = RunFolder::part_name(self.rows.label.attempt, self.next);
            let bytes = parquet::to_bytes(std::slice::from_ref(&self.rows))?;
            write_whole(&self.folder.metrics().join(&name), &bytes)?;
            self.parts.insert(name, Member::of(&bytes));
            self.next += 1;
            self.rows.rows.clear();
        }
        Ok(())
    }

    /// What is the same in every row.
    pub fn label(&self) -> &Label {
        &self.rows.label
    }

    /// The parts that hold every row that was flushed, earlier attempts' included.
    pub fn parts(&self) -> &BTreeMap<String, Member> {
        &self.parts
    }
}
