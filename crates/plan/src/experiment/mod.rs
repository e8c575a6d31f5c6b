//! The experiment file: parsed into tables that know where they were written, and validated; the plan is made
//! from it. Nothing here knows of training.

mod argument;
pub(crate) mod arms;
mod asked;
pub(crate) mod dimension;
pub(crate) mod evaluate;
pub(crate) mod file;
pub(crate) mod given;
pub(crate) mod resolve;
pub(crate) mod schema;
pub(crate) mod shapes;
pub(crate) mod swept;
#[cfg(test)]
mod tests;
pub(crate) mod tune;

pub use asked::tasks;
pub use file::fields;
pub use schema::schema;

use crate::sweep::Sweep;
use arms::Arm;
use cloze_foundation::{Fault, Origin, Place, Result, files};
use cloze_options::{Node, Options, Value, tree};
use cloze_schema::Claim;
use evaluate::{Evaluate, ReportOptions, Tasks};
use file::File;
use given::Given;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tune::Tune;

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
    pub(crate) report: ReportOptions,
    pub(crate) evaluate: Evaluate,
    pub(crate) sweep: Sweep,
    pub(crate) arms: Vec<Arm>,
    /// Arms that others trained.
    pub(crate) models: Vec<Given>,
    pub(crate) tune: Option<Tune>,
    /// What was written of it.
    pub(crate) tune_written: Node,
    /// The tables that a sweep may change.
    pub(crate) settings: Node,
    /// Where the baseline was written.
    pub(crate) baseline_place: Place,
    /// Where the seeds were written.
    pub(crate) seeds_place: Place,
    /// Where each claim's check was written.
    pub(crate) check_places: Vec<Place>,
    /// What was written for each evaluation, if any were.
    pub(crate) tasks: Vec<Node>,
    /// Evaluations that are left out.
    pub(crate) without: BTreeSet<String>,
    /// Folder with data sets.
    pub(crate) data_root: Option<PathBuf>,
}

impl Experiment {
    /// Reads an experiment file, changed by `--set` arguments.
    ///
    /// # Errors
    /// A file that cannot be read, and everything that [`parse`](Self::parse) refuses.
    pub fn load(path: &Path, set: &[String]) -> Result<Self> {
        let name = Self::name_of(path)?;
        let text = files::read_text(path)?;
        Self::parse(&name, &path.display().to_string(), &text, set)
    }

    /// The name of the experiment in this file: the file's without `.toml`. It is the name of a folder beside others, so that
    /// it cannot be one that leads out of there or that is hidden, as the cache is.
    ///
    /// # Errors
    /// A file whose name gives none.
    pub fn name_of(path: &Path) -> Result<String> {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if name.is_empty() || name.starts_with('.') || name.contains(|letter: char| letter.is_control()) {
            return Err(Fault::usage(format!("`{}` gives its results no name", path.display()))
                .allowed(["a file name in UTF-8 that begins with no dot and holds no control character"])
                .remedy("rename the file, as in `ratio.toml`: its results go to `results/ratio`"));
        }
        Ok(name.to_owned())
    }

    /// Parses the text of the experiment `name`; `file` is what faults call it.
    ///
    /// # Errors
    /// The first thing in it that is wrong: a usage fault with its place, what is allowed and the nearest match.
    pub fn parse(name: &str, file: &str, text: &str, set: &[String]) -> Result<Self> {
        let mut document = tree::parse(file, text)?;
        for argument in set {
            argument::apply(&mut document, argument)?;
        }
        let top = document.top();
        let read = File::read(&top)?;
        let experiment = Self {
            name: name.to_owned(),
            question: read.question,
            cites: read.cites,
            claims: read.claim,
            report: read.report,
            evaluate: read.evaluate,
            sweep: read.sweep,
            arms: read.arm.trained,
            models: read.arm.given,
            tune: read.tune,
            tune_written: document
                .find("tune")
                .map_or_else(|| document.clone(), |member| member.node.clone()),
            settings: settings(&document),
            baseline_place: top.open("report").open("baseline").place(),
            seeds_place: top.open("sweep").open("seeds").place(),
            check_places: match top.get("claim") {
                Some(claims) => claims.list()?.iter().map(|claim| claim.open("check").place()).collect(),
                None => Vec::new(),
            },
            tasks: match top.open("evaluate").get("tasks").map(|tasks| tasks.value()) {
                Some(Value::List(tasks)) => tasks.clone(),
                _ => Vec::new(),
            },
            without: BTreeSet::new(),
            data_root: None,
        };
        experiment.check_arguments()?;
        Ok(experiment)
    }

    /// With the folder under which corpora, tokenizers and the data of evaluations are looked for.
    #[must_use]
    pub fn under(mut self, data_root: Option<&Path>) -> Self {
        self.data_root = data_root.map(Path::to_owned);
        self
    }

    /// Without the evaluations of these names, whose data cannot be read.
    #[must_use]
    pub fn without(mut self, names: &BTreeSet<String>) -> Self {
        self.without.clone_from(names);
        let Some(tasks) = self.evaluate.tasks.take() else {
            return self;
        };
        let kept = tasks.into_list().into_iter().zip(self.tasks);
        let (tasks, written) = kept.filter(|(task, _)| !names.contains(task.name())).unzip();
        (self.evaluate.tasks, self.tasks) = (Some(Tasks::of(tasks)), written);
        self
    }

    /// Refuses a `--set` that the sweep would silently undo.
    fn check_arguments(&self) -> Result<()> {
        let tuned = self.tune.iter().flat_map(Tune::dimensions);
        for axis in self
            .sweep
            .dimensions()
            .chain(tuned)
            .flat_map(|dimension| &dimension.axes)
        {
            if let Some(member) = self.settings.find(&axis.path)
                && let Origin::Argument(_) = member.node.origin
            {
                return Err(Fault::usage(format!("`{}` is swept, so it cannot be set", axis.path))
                    .at(member.node.origin.of(axis.path.as_str()))
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
        table.retain(|key, _| swept::swept().iter().any(|(name, _)| name == key));
    }
    settings
}
