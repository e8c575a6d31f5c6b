//! The evaluations of a run, as the training loop asks for them.

use crate::processes::Judging;
use burn::tensor::Device;
use cloze_backbone::Init;
use cloze_corpus::{Prepared, SpecialTokens, Vocabulary};
use cloze_evals::{Evaluation, Ground, Progress, Subject, When};
use cloze_foundation::Result;
use cloze_kernels::Visibility;
use cloze_objectives::Model;
use cloze_plan::{RunConfig, TaskConfig};
use cloze_trainer::{Judge, Judgement};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An evaluation that has read what it needs.
pub struct Opened<'a> {
    /// Its name in the experiment.
    pub name: &'a str,
    /// At which points it judges.
    pub when: When,
    /// What judges.
    pub evaluation: Box<dyn Evaluation>,
}

impl<'a> Opened<'a> {
    /// Has an evaluation read what it needs.
    ///
    /// # Errors
    /// What it says, with its name as place.
    pub fn of(task: &'a TaskConfig, corpus: &Prepared, window: usize, data_root: Option<&Path>) -> Result<Self> {
        let entry = cloze_evals::find(&task.task)?;
        let ground = Ground {
            task: task.name(),
            corpus,
            window,
            data_root,
        };
        let evaluation = (entry.open)(&task.options, &ground).map_err(|fault| fault.at(task.name()))?;
        Ok(Self {
            name: task.name(),
            when: entry.when,
            evaluation,
        })
    }
}

/// What to add, for each task that tunes an encoder as it was trained, where this run's looks back only and no other task tunes it the
/// other way.
///
/// # Errors
/// An unknown objective or option.
pub(crate) fn one_way<'a>(
    config: &RunConfig,
    tasks: impl Iterator<Item = &'a TaskConfig> + Clone,
) -> Result<Vec<String>> {
    let attends = |task: &TaskConfig, how: &str| {
        let attention = task.options.get("attention").and_then(toml::Value::as_str);
        attention == Some(how)
    };
    let without_attention = |task: &TaskConfig| {
        let mut options = task.options.clone();
        options.remove("attention");
        (task.task.clone(), options)
    };
    let is_lone = |task: &&TaskConfig| {
        let same = |other: &TaskConfig| without_attention(other) == without_attention(task);
        let both = tasks
            .clone()
            .any(|other| attends(other, "bidirectional") && same(other));
        attends(task, "own") && !both
    };
    let lone: Vec<&TaskConfig> = tasks.clone().filter(is_lone).collect();
    if lone.is_empty() || !looks_back(config)? {
        return Ok(Vec::new());
    }
    let line = |task: &TaskConfig| {
        format!(
            "{}: {} looks back only, and is tuned and asked so; to have both, add a copy of this task, with a name of its own and \
             attention = \"bidirectional\"",
            task.name(),
            config.objective,
        )
    };
    Ok(lone.into_iter().map(line).collect())
}

/// Whether the model of a run reads a text from left to right of its own accord.
fn looks_back(config: &RunConfig) -> Result<bool> {
    // Its heads know, whatever the vocabulary.
    let vocabulary = Vocabulary::new(64, SpecialTokens::FIRST);
    let objective = cloze_objectives::configure(&config.objective, &config.options)?;
    let heads = objective.heads(&config.encoder, &vocabulary, &Init::new(0, &Device::flex()));
    Ok(heads.reading(&[0, 1]).visibility != Visibility::Bidirectional)
}

/// Who is told how far a task is, by several threads.
pub type Told<'a> = &'a (dyn Fn(&Judging) + Sync);

/// How often it is told how far a task is.
const PACE: Duration = Duration::from_millis(200);

/// What an evaluation tells, in the words of a run, and not more often than anybody can read. A task that is over before it was told
/// of at all is not told of at its end either.
pub(crate) fn paced<'a>(task: &'a str, told: Told<'a>) -> impl Fn(Progress) + Sync + 'a {
    let last = Mutex::new((Instant::now(), false));
    move |progress: Progress| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = progress.done >= progress.of && last.1;
        if last.0.elapsed() < PACE && !is_over {
            return;
        }
        *last = (Instant::now(), true);
        told(&Judging {
            task: task.to_owned(),
            done: progress.done as u64,
            of: progress.of as u64,
            what: progress.what.to_owned(),
        });
    }
}

/// What the evaluations of a run may use.
pub struct Evaluations<'a> {
    /// Each with what it has read.
    pub opened: Vec<Opened<'a>>,
    /// The tokenizer and the texts.
    pub corpus: &'a Prepared,
    /// L of the pretraining windows.
    pub window: usize,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
    /// The run's.
    pub seed: u64,
    /// Where the run is trained, without autodiff.
    pub device: &'a Device,
    /// Who is told how far a judgement is.
    pub told: Told<'a>,
}

impl<'a> Evaluations<'a> {
    /// Those that a run's configuration names.
    ///
    /// # Errors
    /// An unknown name; what an evaluation cannot read.
    pub fn of(
        config: &'a RunConfig,
        corpus: &'a Prepared,
        data_root: Option<&'a Path>,
        device: &'a Device,
        told: Told<'a>,
    ) -> Result<Self> {
        let window = config.encoder.window;
        let open = |task| Opened::of(task, corpus, window, data_root);
        Ok(Self {
            opened: config.evaluate.iter().map(open).collect::<Result<_>>()?,
            corpus,
            window,
            data_root,
            seed: config.seed,
            device,
            told,
        })
    }
}

impl Judge for Evaluations<'_> {
    fn count(&self) -> usize {
        self.opened.len()
    }

    fn judge(&self, which: usize, model: &Model, share: f64) -> Result<Judgement> {
        let Opened { name, when, evaluation } = &self.opened[which];
        if !when.due(share) {
            return Ok(Judgement::default());
        }
        let subject = Subject {
            model,
            ground: Ground {
                task: name,
                corpus: self.corpus,
                window: self.window,
                data_root: self.data_root,
            },
            seed: self.seed,
            device: self.device,
            told: &paced(name, self.told),
        };
        evaluation.judge(&subject).map_err(|fault| fault.at(*name))
    }
}
