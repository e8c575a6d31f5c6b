//! What a plan takes: FLOPs, bytes and time, known before anything is trained.

mod evaluation;

use crate::{Plan, PlannedRun, RunConfig, TaskConfig};
use cloze_corpus::{SpecialTokens, Tokenizer, TokenizerConfig, Vocabulary, Window};
use cloze_foundation::{Draw, Place, Result};
use cloze_objectives::Objective;
use cloze_schema::{Axis, Spent};
use cloze_trainer::feed::corrupted;
use cloze_trainer::{Shape, Spacing, budget, optimizer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// FLOPs a second that are assumed where time has to be guessed: two cores with AVX-512, one run on each, as measured
/// over the shipped experiments.
pub const ASSUMED_FLOPS_PER_SECOND: f64 = 1.2e11;
/// Seconds of a step whatever is in it: what a tiny encoder's time mostly is. As measured (docs/performance.md), on two cores with
/// one run on each.
const STEP_SECONDS: f64 = 2e-4;
/// Windows that are corrupted to see how much an objective predicts, spread over the training's progress.
const SAMPLE: usize = 8;
/// Share of tokens that begin a word, in the windows made for that.
const WORD_STARTS: f64 = 0.75;
/// A weight is a 32-bit float.
const WEIGHT_BYTES: u64 = 4;
/// A checkpoint holds each weight and its two moments.
const CHECKPOINT_COPIES: u64 = 3;

/// What a plan takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// How many runs.
    pub runs: usize,
    /// Training FLOPs of all of them, evaluations excluded.
    pub flops: f64,
    /// Tokens that their encoders read.
    pub tokens: f64,
    /// Bytes of the trained weights of all runs (encoders; heads of objectives excluded).
    pub weight_bytes: u64,
    /// Bytes of the largest checkpoint of any run. While a run trains there are a few of them, afterwards none.
    pub checkpoint_bytes: u64,
    /// Seconds of training one after the other at the stated rate; budgets in seconds count as they are.
    pub seconds: f64,
    /// Seconds of judging between them, the validation loss included.
    pub evaluation_seconds: f64,
    /// Evaluations whose time only their data say; it is not part of those seconds.
    pub unknown: Vec<String>,
}

/// What a whole plan takes, of tuned arms what their first points do, on a machine that does `flops_per_second`. Given tokenizers are looked for under the data root.
///
/// # Errors
/// A tokenizer file that cannot be read any more.
pub fn cost(plan: &Plan, data_root: Option<&Path>, flops_per_second: f64) -> Result<Cost> {
    let mut cost = Cost {
        runs: plan.expected().count(),
        flops: 0.0,
        tokens: 0.0,
        weight_bytes: 0,
        checkpoint_bytes: 0,
        seconds: 0.0,
        evaluation_seconds: 0.0,
        unknown: Vec::new(),
    };
    let mut expected = Expected::new(data_root);
    for run in plan.expected() {
        let config = &run.config;
        let objective = cloze_objectives::configure(&config.objective, &config.options)?;
        let step = expected.step(config, &*objective)?;
        let steps = run.flops / step[Axis::Flops];
        let judged = expected.evaluation(config, &*objective, steps)?;
        cost.flops += run.flops;
        cost.evaluation_seconds += judged.seconds(flops_per_second);
        for task in judged.unknown {
            if !cost.unknown.contains(&task) {
                cost.unknown.push(task);
            }
        }
        cost.seconds += training_seconds(run, steps, flops_per_second);
        cost.tokens += steps * (config.budget.batch * config.encoder.window) as f64;
        let vocabulary = expected.vocabularies.size(&config.corpus.tokenizer)?;
        let bytes = (config.encoder.parameters(vocabulary) as u64).saturating_mul(WEIGHT_BYTES);
        cost.weight_bytes = cost.weight_bytes.saturating_add(bytes);
        cost.checkpoint_bytes = cost.checkpoint_bytes.max(bytes.saturating_mul(CHECKPOINT_COPIES));
    }
    Ok(cost)
}

/// Optimizer steps that a run is expected to take.
///
/// # Errors
/// A tokenizer file that cannot be read.
pub fn steps(run: &PlannedRun, data_root: Option<&Path>) -> Result<u64> {
    let objective = cloze_objectives::configure(&run.config.objective, &run.config.options)?;
    let step = Expected::new(data_root).step(&run.config, &*objective)?;
    Ok((run.flops / step[Axis::Flops]).round() as u64)
}

/// Seconds that each run is expected to take, judging included, on the machine that [`cost`] is usually asked about. What is
/// not known counts nothing.
pub fn seconds(runs: &[&PlannedRun], data_root: Option<&Path>) -> Vec<f64> {
    let mut expected = Expected::new(data_root);
    let mut of = |run: &PlannedRun| -> Result<f64> {
        let objective = cloze_objectives::configure(&run.config.objective, &run.config.options)?;
        let steps = run.flops / expected.step(&run.config, &*objective)?[Axis::Flops];
        let judged = expected.evaluation(&run.config, &*objective, steps)?;
        let training = training_seconds(run, steps, ASSUMED_FLOPS_PER_SECOND);
        Ok(training + judged.seconds(ASSUMED_FLOPS_PER_SECOND))
    };
    let flops_alone = |run: &PlannedRun| training_seconds(run, 0.0, ASSUMED_FLOPS_PER_SECOND);
    runs.iter()
        .map(|run| of(run).unwrap_or_else(|_| flops_alone(run)))
        .collect()
}

/// Seconds that judging such a run once by one task is expected to take on the same machine; `None` where only the task's data say.
pub fn judging(config: &RunConfig, task: &TaskConfig, data_root: Option<&Path>) -> Option<f64> {
    let objective = cloze_objectives::configure(&config.objective, &config.options).ok()?;
    let asked = RunConfig {
        evaluate: vec![task.clone()],
        points: 1,
        spacing: Spacing::Even,
        validation_windows: 0,
        ..config.clone()
    };
    let judged = Expected::new(data_root).evaluation(&asked, &*objective, 1.0).ok()?;
    judged
        .unknown
        .is_empty()
        .then(|| judged.seconds(ASSUMED_FLOPS_PER_SECOND))
}

/// Seconds of training in so many steps; a budget in seconds counts as it is.
fn training_seconds(run: &PlannedRun, steps: f64, flops_per_second: f64) -> f64 {
    match run.config.budget.equalise {
        Axis::Seconds => run.config.budget.amount,
        _ => run.flops / flops_per_second + steps * STEP_SECONDS,
    }
}

/// V of a run's tokenizer.
///
/// # Errors
/// A tokenizer file that cannot be read.
pub fn vocabulary_size(config: &RunConfig, data_root: Option<&Path>) -> Result<usize> {
    Vocabularies::new(data_root).size(&config.corpus.tokenizer)
}

/// Expectations for runs, with what was read or computed for earlier ones.
pub(crate) struct Expected {
    vocabularies: Vocabularies,
    /// What a step of such a run is expected to use.
    steps: BTreeMap<String, Spent>,
    /// What judging such a run is expected to take.
    judgements: BTreeMap<String, evaluation::Judged>,
}

impl Expected {
    /// Given tokenizers are looked for under the data root.
    pub(crate) fn new(data_root: Option<&Path>) -> Self {
        Self {
            vocabularies: Vocabularies::new(data_root),
            steps: BTreeMap::new(),
            judgements: BTreeMap::new(),
        }
    }

    /// Training FLOPs of a run: whole optimizer steps, the last of which reaches the budget.
    pub(crate) fn flops(&mut self, config: &RunConfig, objective: &dyn Objective) -> Result<f64> {
        let step = self.step(config, objective)?;
        let budget = &config.budget;
        let least = if budget.equalise.facts().is_count {
            1.0
        } else {
            f64::MIN_POSITIVE
        };
        let steps = budget.amount / step[budget.equalise].max(least);
        Ok(steps.ceil().max(1.0) * step[Axis::Flops])
    }

    /// Corrupts a few windows of random tokens and counts.
    pub(crate) fn step(&mut self, config: &RunConfig, objective: &dyn Objective) -> Result<Spent> {
        let key = format!(
            "{} {} {:?} {:?} {:?} {:?}",
            config.objective,
            config.options,
            config.encoder,
            config.corpus.tokenizer,
            config.budget,
            config.optimizer.hidden_rule()
        );
        if let Some(step) = self.steps.get(&key) {
            return Ok(*step);
        }
        let size = self.vocabularies.size(&config.corpus.tokenizer)?;
        let vocabulary = Vocabulary::new(size, SpecialTokens::FIRST);
        let of_stage = |shape: Shape| {
            let windows = (0..SAMPLE).map(|index| {
                let draw = Draw::new(0, "cost").example(index as u64);
                let window = window(shape.length, &vocabulary, draw.purpose("window"));
                // Spread over training: a rate may change along it.
                let progress = (index as f64 + 0.5) / SAMPLE as f64;
                (window, progress, draw.purpose("corruption"))
            });
            let sizes = corrupted(objective, windows, &vocabulary).sizes();
            let share = shape.windows as f64 / SAMPLE as f64;
            let flops = objective.flops(&config.encoder, size, &sizes);
            let mut step = budget::step(objective, &sizes, flops).times(share);
            step[Axis::Flops] += optimizer::flops(&config.optimizer, &objective.hidden_matrices(&config.encoder));
            step[Axis::Steps] = 1.0;
            step[Axis::Seconds] = step[Axis::Flops] / ASSUMED_FLOPS_PER_SECOND;
            step
        };
        // A stage has a share of the budget, and so of the steps as its own steps use it up.
        let stages: Vec<(Spent, f64)> = config
            .budget
            .shape(config.encoder.window)
            .shares(&config.budget.stages)
            .into_iter()
            .map(|(shape, share)| (of_stage(shape), share))
            .collect();
        let of_budget = |step: &Spent| step[config.budget.equalise].max(f64::MIN_POSITIVE);
        let steps: f64 = stages.iter().map(|(step, share)| share / of_budget(step)).sum();
        let step = match stages.as_slice() {
            [(step, _)] => *step,
            stages => stages.iter().fold(Spent::default(), |sum, (step, share)| {
                sum.and(&step.times(share / of_budget(step) / steps))
            }),
        };
        self.steps.insert(key, step);
        Ok(step)
    }
}

/// A window of random tokens.
fn window(length: usize, vocabulary: &Vocabulary, draw: Draw) -> Window {
    let mut stream = draw.stream();
    let mut window = Window::new(vec![vocabulary.special.start], vec![true]);
    for position in 1..length {
        let ordinary = vocabulary.ordinary();
        window.ids.push(ordinary[stream.below(ordinary.len())]);
        window.word_starts.push(position == 1 || stream.chance(WORD_STARTS));
    }
    window
}

/// V by tokenizer; a tokenizer file is read once.
struct Vocabularies {
    data_root: Option<PathBuf>,
    files: BTreeMap<PathBuf, usize>,
}

impl Vocabularies {
    fn new(data_root: Option<&Path>) -> Self {
        Self {
            data_root: data_root.map(Path::to_owned),
            files: BTreeMap::new(),
        }
    }

    fn size(&mut self, tokenizer: &TokenizerConfig) -> Result<usize> {
        if let TokenizerConfig::Wordpiece { vocab, .. } | TokenizerConfig::Bpe { vocab } = tokenizer {
            return Ok(*vocab);
        }
        let file = tokenizer.file(self.data_root.as_deref())?.unwrap_or_default();
        if let Some(size) = self.files.get(&file) {
            return Ok(*size);
        }
        let loaded = Tokenizer::load(&file).map_err(|fault| fault.at(Place::key("corpus.tokenizer.path")))?;
        let size = loaded.vocabulary().size;
        self.files.insert(file, size);
        Ok(size)
    }
}
