//! The training loop of one run.
//!
//! Nothing here has state that the position does not imply: which windows a step reads, how they are corrupted, what
//! dropout drops and what the learning rate is are functions of the seed, the step and what was spent.

use crate::budget::Spent;
use crate::judge::{self, HeldOut};
use crate::meter::{Meter, Reading};
use crate::optimizer::{Optimizer, gradient_norm};
use crate::schedule::learning_rate;
use crate::store::metrics::{LOST_SECONDS, PRETRAINING, RESUMED_AFTER};
use crate::store::{Checkpoint, Split};
use crate::{Budget, RunConfig};
use burn::tensor::Device;
use cloze_backbone::Init;
use cloze_corpus::{BatchOrder, Prepared};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Batch, Model, Objective};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// Training numbers are averaged over this share of the budget, 1 / 100.
const INTERVALS: f64 = 100.0;

/// What is to be trained, on what.
pub struct Job<'a> {
    /// Everything that decides the result.
    pub config: &'a RunConfig,
    /// The text.
    pub corpus: &'a Prepared,
    /// Where, without autodiff.
    pub device: &'a Device,
    /// Folder with data sets for evaluations.
    pub data_root: Option<&'a Path>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// Share of the budget used, in [0, 1].
    pub share: f64,
    /// What was used.
    pub spent: Spent,
    /// Mean training loss of the interval.
    pub loss: f64,
    /// Tokens the encoder read per second of training in the interval.
    pub tokens_per_second: f64,
}

/// Where a run stands between two steps. With the weights and the optimizer's moments it is all there is to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// What was used.
    pub spent: Spent,
    /// Share of the budget up to which numbers were reported and judgements made. Less than what `spent` says where
    /// a step was taken and its judgement was not.
    pub reported: f64,
    /// Sums of the interval that goes on.
    pub meter: Reading,
}

/// A run between two steps: what a checkpoint needs.
pub struct Standing<'a> {
    /// The model.
    pub model: &'a dyn Model,
    /// The optimizer with its moments.
    pub optimizer: &'a Optimizer,
    /// The clock of the run, which stands still while it is judged.
    pub spent: &'a Spent,
    /// See [`Position`].
    pub reported: f64,
    meter: &'a Meter,
}

impl Standing<'_> {
    /// The position, read from the device.
    pub fn position(&self) -> Position {
        Position {
            spent: *self.spent,
            reported: self.reported,
            meter: self.meter.read(),
        }
    }
}

/// Where a run goes on.
pub struct Resume<'a> {
    /// What was saved.
    pub checkpoint: Option<&'a Checkpoint>,
    /// Seconds of training that were spent by then, those after the checkpoint that were lost included.
    pub seconds: f64,
}

/// Who is told what happens in a run. An error ends the run.
pub trait Sink {
    /// Between two steps, and between two evaluations of a judgement: a moment at which the run can be saved and left.
    ///
    /// # Errors
    /// Where the run is to stop here, or cannot be saved.
    fn rest(&mut self, standing: &Standing) -> Result<()> {
        let _ = standing;
        Ok(())
    }

    /// A number to keep.
    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64);

    /// The numbers so far belong together: a good moment to write them.
    ///
    /// # Errors
    /// Where they cannot be written.
    fn keep(&mut self) -> Result<()>;

    /// Once every interval.
    ///
    /// # Errors
    /// Where nobody listens any more.
    fn tick(&mut self, tick: &Tick) -> Result<()>;
}

/// Why training ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The budget is used.
    Finished,
    /// The loss or the gradient stopped being a number.
    Diverged {
        /// The last loss that was a number.
        last_finite_loss: Option<f64>,
        /// The last norm of the gradient that was a number.
        gradient_norm: Option<f64>,
        /// The windows of this step.
        windows: Vec<u64>,
    },
}

/// What training left.
pub struct Trained {
    /// The model, still with gradients.
    pub model: Box<dyn Model>,
    /// What was used.
    pub spent: Spent,
    /// Why it ended.
    pub ending: Ending,
}

/// Checks that the corpus has at least one window for training and one for validation.
///
/// # Errors
/// A corpus that is too short, with its length.
pub fn check_corpus(config: &RunConfig, corpus: &Prepared) -> Result<()> {
    let length = config.encoder.window;
    for (name, shard) in [("training", &corpus.train), ("held-out", &corpus.held_out)] {
        if shard.windows(length) == 0 {
            return Err(Fault::usage(format!(
                "the {name} text has {} tokens, too few for a window",
                shard.tokens()
            ))
            .at("corpus.source")
            .allowed([format!("at least {} tokens for encoder.window = {length}", length - 1)])
            .remedy("give more text, a larger corpus.held_out or a shorter encoder.window"));
        }
    }
    Ok(())
}

/// Trains and judges one run, from its beginning or from where it was left.
///
/// # Errors
/// A configuration that cannot be built, an evaluation that fails, a sink that refuses, a checkpoint of another run.
/// Divergence is not an error.
pub fn train(job: &Job, sink: &mut dyn Sink, resume: Option<&Resume>) -> Result<Trained> {
    let mut run = Run::new(job)?;
    if let Some(resume) = resume {
        run.resume(resume, sink)?;
    }
    let held_out = HeldOut::new(job.config, job.corpus, &*run.objective);
    while run.reported < 1.0 {
        // A run that was saved between a step and its judgement goes on with the judgement.
        let share = run.share();
        if share <= run.reported
            && share < 1.0
            && let Some(ending) = run.step(share)?
        {
            run.meter.report(&run.spent, sink);
            sink.row(&run.spent, Split::Train, PRETRAINING, "diverged", 1.0);
            sink.keep()?;
            return Ok(run.ended(ending));
        }
        let (before, share) = (run.reported, run.share());
        let judged = crossed(before, share, job.config.points.max(1) as f64);
        let judgement = if judged {
            run.judge(&held_out, sink)?
        } else {
            Vec::new()
        };
        if crossed(before, share, INTERVALS)
            && let Some((loss, tokens_per_second)) = run.meter.report(&run.spent, sink)
        {
            sink.tick(&Tick {
                share,
                spent: run.spent,
                loss,
                tokens_per_second,
            })?;
        }
        for (split, task, metric, value) in judgement {
            sink.row(&run.spent, split, &task, &metric, value);
        }
        run.reported = share;
        if judged {
            sink.keep()?;
        }
        sink.rest(&run.standing())?;
    }
    Ok(run.ended(Ending::Finished))
}

/// Whether one of `parts` equal parts of the budget ended between two shares. The end of the budget always counts.
fn crossed(before: f64, after: f64, parts: f64) -> bool {
    (after * parts).floor() > (before * parts).floor() || after >= 1.0
}

struct Run<'a> {
    job: &'a Job<'a>,
    objective: Box<dyn Objective>,
    order: BatchOrder,
    model: Box<dyn Model>,
    optimizer: Optimizer,
    meter: Meter,
    spent: Spent,
    reported: f64,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>) -> Result<Self> {
        let Job { config, corpus, .. } = *job;
        check_corpus(config, corpus)?;
        let objective = cloze_objectives::configure(&config.objective, &config.options)?;
        let init = Init::new(config.seed, &job.device.clone().autodiff()).with_precision(config.encoder.precision);
        Ok(Self {
            order: BatchOrder {
                seed: config.seed,
                windows: corpus.train.windows(config.encoder.window),
            },
            model: objective.build(&config.encoder, corpus.tokenizer.vocabulary(), &init),
            optimizer: Optimizer::new(config.optimizer),
            meter: Meter::default(),
            spent: Spent::default(),
            reported: 0.0,
            objective,
            job,
        })
    }

    /// Goes to where the run was left, and says so in its first rows.
    fn resume(&mut self, resume: &Resume, sink: &mut dyn Sink) -> Result<()> {
        if let Some(checkpoint) = resume.checkpoint {
            let position = &checkpoint.state.position;
            checkpoint.restore(&mut *self.model, &mut self.optimizer, self.job.device)?;
            self.spent = position.spent;
            self.reported = position.reported;
            self.meter = Meter::resume(&position.meter, self.job.device);
        }
        let pending = self.share() > self.reported;
        let last = self.spent.steps.saturating_sub(u64::from(pending)) as f64;
        let lost = (resume.seconds - self.spent.seconds).max(0.0);
        self.spent.seconds += lost;
        for (metric, value) in [(RESUMED_AFTER, last), (LOST_SECONDS, lost)] {
            sink.row(&self.spent, Split::Train, PRETRAINING, metric, value);
        }
        Ok(())
    }

    fn share(&self) -> f64 {
        self.spent.share(&self.job.config.budget)
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            model: &*self.model,
            optimizer: &self.optimizer,
            spent: &self.spent,
            reported: self.reported,
            meter: &self.meter,
        }
    }

    fn ended(self, ending: Ending) -> Trained {
        Trained {
            model: self.model,
            spent: self.spent,
            ending,
        }
    }

    /// The validation loss and every evaluation: (split, task, metric, value).
    fn judge(&self, held_out: &HeldOut, sink: &mut dyn Sink) -> Result<Vec<(Split, String, String, f64)>> {
        let frozen = self.model.frozen();
        let loss = held_out.loss(&*frozen);
        let mut found = vec![(Split::HeldOut, PRETRAINING.to_owned(), "loss".to_owned(), loss)];
        for task in &self.job.config.evaluate {
            sink.rest(&self.standing())?;
            let measures = judge::evaluate(self.job, task, &*frozen)?;
            found.extend(
                measures
                    .into_iter()
                    .map(|measure| (Split::Test, measure.task, measure.metric, measure.value)),
            );
        }
        Ok(found)
    }

    /// One optimizer step, which starts at `share` of the budget.
    fn step(&mut self, share: f64) -> Result<Option<Ending>> {
        let started = Instant::now();
        let already = self.spent.seconds;
        let Job {
            config, corpus, device, ..
        } = *self.job;
        let Budget { batch, .. } = config.budget;
        let step = self.spent.steps;
        let vocabulary = corpus.tokenizer.vocabulary();
        let windows: Vec<u64> = (0..batch as u64)
            .map(|example| self.order.window(step * batch as u64 + example))
            .collect();
        let corruption = Draw::new(config.seed, "corruption").step(step);
        let examples: Vec<_> = windows
            .iter()
            .zip(0..)
            .map(|(window, example)| {
                let window = corpus.train.window(*window, config.encoder.window, vocabulary);
                self.objective
                    .corrupt(&window, vocabulary, share, corruption.example(example))
            })
            .collect();
        let batch = Batch::of(&examples);
        let sizes = batch.sizes();
        self.spent.steps += 1;
        self.spent.tokens_seen += (sizes.windows * sizes.length) as u64;
        self.spent.tokens_predicted += sizes.predicted as u64;
        self.spent.flops += self.objective.flops(&config.encoder, vocabulary.size, &sizes);

        let loss = self
            .model
            .loss(&batch, Draw::new(config.seed, "model").step(step), true);
        let value = f64::from(loss.total.clone().inner().into_scalar::<f32>());
        let mut norm = f64::NAN;
        if value.is_finite() {
            let gradients = loss.total.backward();
            norm = gradient_norm(&*self.model, &gradients);
            if norm.is_finite() {
                self.spent.seconds = already + started.elapsed().as_secs_f64();
                let middle = (share + self.spent.share(&config.budget)) / 2.0;
                let rate = learning_rate(&config.optimizer, middle);
                self.optimizer.update(&mut *self.model, gradients, norm, rate);
                self.meter.add(value, norm, rate, loss.parts);
            }
        }
        // A lazy device has only been told what to do so far; the clock counts what it did.
        device
            .sync()
            .map_err(|error| Fault::run(format!("the device failed: {error}")).at(format!("step {step}")))?;
        self.spent.seconds = already + started.elapsed().as_secs_f64();
        if norm.is_finite() {
            return Ok(None);
        }
        let last = self.meter.last();
        Ok(Some(Ending::Diverged {
            last_finite_loss: if value.is_finite() {
                Some(value)
            } else {
                last.map(|(loss, _)| loss)
            },
            gradient_norm: last.map(|(_, norm)| norm),
            windows,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_ends_once_whatever_the_step_size() {
        for steps in [3usize, 7, 100, 1000] {
            let shares: Vec<f64> = (0..=steps).map(|step| (step as f64 / steps as f64).min(1.0)).collect();
            let ends = shares.windows(2).filter(|pair| crossed(pair[0], pair[1], 4.0)).count();
            assert_eq!(ends, steps.min(4), "{steps} steps");
        }
    }
}
