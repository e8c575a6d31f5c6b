//! What a plan takes: FLOPs, bytes and time, known before anything is trained.

mod evaluation;

use crate::{Plan, RunConfig};
use cloze_corpus::{SpecialTokens, Tokenizer, TokenizerConfig, Vocabulary, Window};
use cloze_foundation::{Draw, Result};
use cloze_objectives::Objective;
use cloze_schema::{Axis, Spent};
use cloze_trainer::budget;
use cloze_trainer::feed::corrupted;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// FLOPs a second that are assumed where time has to be guessed: two cores with AVX-512, one run on each, as measured
/// over the shipped experiments (docs/log.md).
pub const ASSUMED_FLOPS_PER_SECOND: f64 = 1.2e11;
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

/// What a whole plan takes, on a machine that does `flops_per_second`.
///
/// # Errors
/// A tokenizer file that cannot be read any more.
pub fn cost(plan: &Plan, flops_per_second: f64) -> Result<Cost> {
    let mut vocabularies = Vocabularies::default();
    let mut cost = Cost {
        runs: plan.runs.len(),
        flops: 0.0,
        tokens: 0.0,
        weight_bytes: 0,
        checkpoint_bytes: 0,
        seconds: 0.0,
        evaluation_seconds: 0.0,
        unknown: Vec::new(),
    };
    let mut expected = Expected::default();
    for run in &plan.runs {
        let config = &run.config;
        cost.flops += run.flops;
        cost.seconds += match config.budget.equalise {
            Axis::Seconds => config.budget.amount,
            _ => run.flops / flops_per_second,
        };
        let objective = cloze_objectives::configure(&config.objective, &config.options)?;
        let judged = expected.evaluation(config, &*objective)?;
        cost.evaluation_seconds += judged.flops / (flops_per_second * evaluation::EFFICIENCY);
        for task in judged.unknown {
            if !cost.unknown.contains(&task) {
                cost.unknown.push(task);
            }
        }
        let steps = run.flops / expected.step(config, &*objective)?[Axis::Flops];
        cost.tokens += steps * (config.budget.batch * config.encoder.window) as f64;
        let parameters = config.encoder.parameters(vocabularies.size(&config.corpus.tokenizer)?) as u64;
        let bytes = parameters.saturating_mul(WEIGHT_BYTES);
        cost.weight_bytes = cost.weight_bytes.saturating_add(bytes);
        cost.checkpoint_bytes = cost.checkpoint_bytes.max(bytes.saturating_mul(CHECKPOINT_COPIES));
    }
    Ok(cost)
}

/// V of a run's tokenizer.
///
/// # Errors
/// A tokenizer file that cannot be read.
pub fn vocabulary_size(config: &RunConfig) -> Result<usize> {
    Vocabularies::default().size(&config.corpus.tokenizer)
}

/// Expectations for runs, with what was read or computed for earlier ones.
#[derive(Default)]
pub(crate) struct Expected {
    vocabularies: Vocabularies,
    /// What a step of such a run is expected to use.
    steps: BTreeMap<String, Spent>,
    /// What judging such a run is expected to take.
    judgements: BTreeMap<String, evaluation::Judged>,
}

impl Expected {
    /// Training FLOPs of a run: whole optimizer steps, the last of which reaches the budget.
    pub(crate) fn flops(&mut self, config: &RunConfig, objective: &dyn Objective) -> Result<f64> {
        let step = self.step(config, objective)?;
        let budget = config.budget;
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
            "{} {} {:?} {:?} {}",
            config.objective, config.options, config.encoder, config.corpus.tokenizer, config.budget.batch
        );
        if let Some(step) = self.steps.get(&key) {
            return Ok(*step);
        }
        let size = self.vocabularies.size(&config.corpus.tokenizer)?;
        let vocabulary = Vocabulary::new(size, SpecialTokens::FIRST);
        let windows = (0..SAMPLE).map(|index| {
            let draw = Draw::new(0, "cost").example(index as u64);
            let window = window(config.encoder.window, &vocabulary, draw.purpose("window"));
            // Spread over training: a rate may change along it.
            let progress = (index as f64 + 0.5) / SAMPLE as f64;
            (window, progress, draw.purpose("corruption"))
        });
        let sizes = corrupted(objective, windows, &vocabulary).sizes();
        let share = config.budget.batch as f64 / SAMPLE as f64;
        let flops = objective.flops(&config.encoder, size, &sizes);
        let mut step = budget::step(&sizes, flops).times(share);
        step[Axis::Steps] = 1.0;
        step[Axis::Seconds] = step[Axis::Flops] / ASSUMED_FLOPS_PER_SECOND;
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
#[derive(Default)]
struct Vocabularies {
    files: BTreeMap<PathBuf, usize>,
}

impl Vocabularies {
    fn size(&mut self, tokenizer: &TokenizerConfig) -> Result<usize> {
        match tokenizer {
            TokenizerConfig::Wordpiece { vocab } | TokenizerConfig::Bpe { vocab } => Ok(*vocab),
            TokenizerConfig::File { path } => {
                if let Some(size) = self.files.get(path) {
                    return Ok(*size);
                }
                let size = Tokenizer::load(path)?.vocabulary().size;
                self.files.insert(path.clone(), size);
                Ok(size)
            }
        }
    }
}
