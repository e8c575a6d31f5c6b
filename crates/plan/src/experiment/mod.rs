//! The experiment file: parsed into tables that know where they were written, and validated; [`crate::Plan`] is made
//! from it. Nothing here knows of training.

mod amount;
mod argument;
pub(crate) mod arms;
pub(crate) mod judge;
pub(crate) mod keys;
pub(crate) mod node;
pub(crate) mod resolve;
pub(crate) mod section;
#[cfg(test)]
mod tests;

pub use judge::{CHARTS, Claim};
pub use keys::KEYS;
pub use resolve::{LEARNED_POSITIONS, ROTARY_POSITIONS};

use crate::ReportConfig;
use crate::sweep::Sweep;
use arms::Arm;
use cloze_foundation::{Fault, Result, files};
use judge::Evaluate;
use node::{Node, Value};
use section::Section;
use std::path::Path;

/// An experiment file whose shape is valid: everything that [`crate::Plan`] is made from. What depends on a point of the
/// sweep (ranges, an objective's options) is checked when the plan resolves that point.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// File name without `.toml`: the results folder's name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// The paper it follows.
    pub cites: Option<String>,
    /// What was claimed beforehand.
    pub claims: Vec<Claim>,
    pub(crate) report: ReportConfig,
    /// Whether the file itself names the charts.
    pub(crate) charts_given: bool,
    pub(crate) evaluate: Evaluate,
    pub(crate) sweep: Sweep,
    pub(crate) arms: Vec<Arm>,
    /// The tables that a sweep may change.
    pub(crate) settings: Node,
    /// Where the baseline was written.
    pub(crate) baseline_place: String,
}

impl Experiment {
    /// Reads an experiment file, changed by `--set` arguments.
    ///
    /// # Errors
    /// A file that cannot be read, and everything that [`parse`](Self::parse) refuses.
    pub fn load(path: &Path, set: &[String]) -> Result<Self> {
        let text = files::read_text(path)?;
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Self::parse(&name, &path.display().to_string(), &text, set)
    }

    /// Parses the text of the experiment `name`; `file` is what faults call it.
    ///
    /// # Errors
    /// The first thing in it that is wrong: a usage fault with its place, what is allowed and the nearest match.
    pub fn parse(name: &str, file: &str, text: &str, set: &[String]) -> Result<Self> {
        let mut document = node::parse(file, text)?;
        for argument in set {
            argument::apply(&mut document, argument)?;
        }
        let top = Section::of(&document, "", &keys::keys_of(""))?;
        let question = top
            .required_text(
                "question",
                "say in one sentence what the experiment asks: question = \"...\"",
            )?
            .to_owned();
        let cites = top.text("cites")?.map(str::to_owned);
        let (report, charts_given) = judge::read_report(&document)?;
        let experiment = Self {
            name: name.to_owned(),
            question,
            cites,
            claims: judge::read_claims(&document)?,
            report,
            charts_given,
            evaluate: Evaluate::read(&document)?,
            sweep: Sweep::read(&document)?,
            arms: arms::read(&document)?,
            settings: settings(&document),
            baseline_place: document
                .find("report.baseline")
                .map_or_else(String::new, |entry| entry.node.place.of("report.baseline")),
        };
        experiment.check_arguments()?;
        Ok(experiment)
    }

    /// Refuses a `--set` that the sweep would silently undo.
    fn check_arguments(&self) -> Result<()> {
        for axis in self.sweep.dimensions.iter().flat_map(|dimension| &dimension.axes) {
            if let Some(entry) = self.settings.find(&axis.path)
                && let node::Place::Argument(_) = entry.node.place
            {
                return Err(Fault::usage(format!("`{}` is swept, so it cannot be set", axis.path))
                    .at(entry.node.place.of(&axis.path))
                    .remedy(format!("change the sweep itself, at {}", axis.key)));
            }
        }
        Ok(())
    }
}

/// The tables that a sweep may change, out of the whole document.
fn settings(document: &Node) -> Node {
    let mut settings = document.clone();
    if let Value::Table(table) = &mut settings.value {
        table.retain(|key, _| keys::SWEPT.contains(&key.as_str()));
    }
    settings
}
