//! Judgements of finished runs that were made after training, and of models that others trained: each in a folder of its own that
//! is complete or absent. They are added to what a run left, and nothing that it left is changed.

use super::marker::Done;
use super::unusable::{Trouble, Unusable};
use super::{RunFolder, Store, folder};
use cloze_evals::Finding;
use cloze_foundation::files::{self, hash, write_new};
use cloze_foundation::{Fault, Result};
use cloze_plan::TaskConfig;
use cloze_schema::judged::JUDGED_FOLDER;
use cloze_schema::{AttemptRows, Judged, Label, Row, RunItems, Spent, Split, items, parquet};
use std::path::PathBuf;

const ROWS: &str = "rows.parquet";
const ITEMS: &str = "items.parquet";
/// Hexadecimal digits of a folder's name.
const DIGITS: usize = 16;

/// A task with its whole configuration.
pub type Asked = Judged<TaskConfig>;

/// What a task found of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Its numbers; none of a model that it has nothing to say of.
    pub rows: Vec<AttemptRows>,
    /// Which items were right, where there are items.
    pub items: Vec<RunItems>,
}

impl Judgement {
    /// What an evaluation found of a model that has used so much, under the label of whoever was judged.
    pub fn of(label: Label, spent: Spent, found: cloze_evals::Judgement) -> Self {
        let row = |Finding { task, metric, value }: Finding| Row {
            spent,
            split: Split::Test,
            task,
            metric,
            value,
        };
        Self {
            rows: vec![AttemptRows {
                label: label.clone(),
                rows: found.findings.into_iter().map(row).collect(),
            }],
            items: vec![RunItems {
                label,
                items: found.items,
            }],
        }
    }
}

/// Says in a results folder what a task of this name asks. Whoever says it first decides it.
///
/// # Errors
/// A name under which something else was asked before; what the system says.
pub fn agree(store: &Store, asked: &Asked) -> Result<()> {
    let text = serde_json::to_string_pretty(asked).map_err(|error| Fault::run(error.to_string()))?;
    if write_new(&asked.file(store.root()), (text + "\n").as_bytes())? {
        return Ok(());
    }
    let known = cloze_schema::judged::<TaskConfig>(store.root())?;
    match known.iter().find(|known| known.facts.task == asked.facts.task) {
        Some(known) if known.data != asked.data => Err(asks_other(asked, "runs here were judged")),
        _ => Ok(()),
    }
}

/// A name that has been given to other questions.
pub fn asks_other(asked: &Asked, whose: &str) -> Fault {
    let TaskConfig { task, .. } = &asked.config;
    let name = &asked.facts.task;
    Fault::usage(format!(
        "{whose} by another `{name}`: its options, its data or its law were others"
    ))
    .at("--tasks")
    .remedy(format!(
        "give this one a name of its own: {{ task = \"{task}\", name = \"...\" }}"
    ))
}

/// What is judged, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What says which weights they are.
    pub weights: &'a str,
    /// The task's name.
    pub task: &'a str,
    /// Hash of what it asks.
    pub data: &'a str,
}

impl<'a> Question<'a> {
    /// What a task asks of a finished run.
    pub fn of(done: &'a Done, asked: &'a Asked) -> Self {
        Self {
            weights: &done.weights,
            task: &asked.facts.task,
            data: &asked.data,
        }
    }

    /// The folder of its answer.
    fn place(&self, run: &RunFolder) -> PathBuf {
        let Self { weights, task, data } = self;
        let text = format!("{task:?} {data} {weights}");
        run.path().join(JUDGED_FOLDER).join(&hash(text.as_bytes())[..DIGITS])
    }
}

/// Keeps a judgement of weights after so many `steps`. Where there is one already, that is left as it is: it says the same.
///
/// # Errors
/// What the system says; nothing is left behind then.
pub fn save(run: &RunFolder, question: &Question, steps: u64, judgement: &Judgement) -> Result<()> {
    let (rows, items) = (parquet::to_bytes(&judgement.rows)?, items::to_bytes(&judgement.items)?);
    let files = [(ROWS, rows.as_slice()), (ITEMS, items.as_slice())];
    folder::write(&question.place(run), run.id(), steps, &files)
}

/// What a task found of a run; `None` where the run was not judged by it.
///
/// # Errors
/// A judgement that is damaged, incomplete, of another run, or that cannot be read.
pub fn read(run: &RunFolder, question: &Question) -> std::result::Result<Option<Judgement>, Unusable> {
    let place = question.place(run);
    let is_there = files::is_there(&place).map_err(|fault| Unusable::new(Trouble::Unreadable, fault))?;
    if !is_there {
        return Ok(None);
    }
    let (manifest, files) = folder::read(&place)?;
    let wrong = |why: String| Unusable::wrong(format!("`{}` cannot be used: {why}", place.display()));
    if manifest.run != run.id() {
        return Err(wrong(format!("it is a judgement of run {}", manifest.run)));
    }
    let bytes = |name: &str| files.get(name).ok_or_else(|| wrong(format!("it has no {name}")));
    Ok(Some(Judgement {
        rows: parquet::from_bytes(bytes(ROWS)?).map_err(wrong)?,
        items: items::from_bytes(bytes(ITEMS)?).map_err(wrong)?,
    }))
}
