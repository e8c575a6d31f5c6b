//! Trials, epochs and seeds: an encoder is tuned by the training step of runs.

use super::batches::{Training, asked};
use super::head::TaskHead;
use super::{Attention, Exercise, Material, Reads, Recipe};
use crate::{Counter, Subject};
use cloze_backbone::{Encoder, Init, Parameter, Parameters};
use cloze_foundation::{Draw, Fault, Result};
use cloze_kernels::{at_a_time, side_by_side};
use cloze_objectives::{Batch, Example, Model};
use cloze_trainer::step::Unwatched;
use cloze_trainer::{Learner, Optimizer, OptimizerConfig, schedule};
use std::collections::BTreeMap;

/// What a set was answered by the encoders of all fine-tuning seeds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tuned {
    /// The learning rate that was chosen.
    pub(crate) rate: f64,
    /// Of each seed the scores of every exercise of the test part, one row after the other.
    pub(crate) answers: Vec<Vec<Vec<f32>>>,
    /// Of each seed the epoch that was chosen, counted from 1.
    pub(crate) epochs: Vec<usize>,
}

/// How good answers about the development part are; higher is better.
pub(crate) type Goodness<'a> = &'a (dyn Fn(&[Vec<f32>]) -> f64 + Sync);

/// Tunes a subject's encoder and asks the test part. Trainings that need nothing of each other are done side by side: the trials,
/// then the further seeds.
///
/// # Errors
/// A device that failed; training that diverged at every learning rate.
pub(crate) fn tune(
    subject: &Subject,
    material: &Material,
    (recipe, seeds, attention): (&Recipe, usize, Attention),
    score: Goodness,
) -> Result<Tuned> {
    let read = |part: &[Exercise]| -> Vec<Example> {
        let example = |one: &Exercise| one.example(subject.model, attention, material.reads);
        part.iter().map(example).collect()
    };
    let keys = material.train.iter().map(Exercise::key);
    let window = subject.model.config().window;
    let train = Training::new(keys.zip(read(&material.train)), recipe.batch, window, material.pad);
    let trainings = recipe.trials.len() + seeds - 1;
    let steps = trainings * recipe.epochs * train.steps();
    let most = at_a_time(subject.device);
    let tuning = Tuning {
        start: subject.model.reader().into_owned(),
        subject,
        recipe,
        reads: material.reads,
        outputs: material.outputs,
        train,
        dev: read(&material.dev),
        score,
        counter: Counter::new(subject.told, steps, "steps"),
    };
    let mut best: Option<(f64, Chosen)> = None;
    let trials = side_by_side(recipe.trials.clone(), most, |rate| Ok((rate, tuning.train(rate, 0)?)));
    for trial in trials {
        let (rate, Some(trial)) = trial? else { continue };
        if best.as_ref().is_none_or(|(_, known)| trial.score > known.score) {
            best = Some((rate, trial));
        }
    }
    let (rate, first) = best.ok_or_else(|| {
        Fault::run("fine-tuning diverged at every learning rate").remedy("name smaller ones in `recipe.trials`")
    })?;
    let test = read(&material.test);
    let mut tuned = Tuned {
        rate,
        answers: vec![first.tuned.ask(&test, material.outputs)],
        epochs: vec![first.epoch],
    };
    let further = side_by_side((1..seeds).collect(), most, |seed| {
        let next = tuning.train(rate, seed)?.ok_or_else(|| {
            Fault::run(format!(
                "fine-tuning with seed {} diverged at learning rate {rate}",
                seed + 1
            ))
            .remedy("name smaller ones in `recipe.trials`")
        })?;
        Ok((next.tuned.ask(&test, material.outputs), next.epoch))
    });
    for next in further {
        let (answers, epoch) = next?;
        tuned.answers.push(answers);
        tuned.epochs.push(epoch);
    }
    Ok(tuned)
}

struct Tuning<'a> {
    /// The trained encoder, frozen.
    start: Encoder,
    subject: &'a Subject<'a>,
    recipe: &'a Recipe,
    reads: Reads,
    outputs: usize,
    train: Training,
    dev: Vec<Example>,
    score: Goodness<'a>,
    counter: Counter<'a>,
}

/// The epoch of a training that is best on the development part, the first of equal ones.
struct Chosen {
    tuned: Frozen,
    score: f64,
    epoch: usize,
}

impl Tuning<'_> {
    /// One training; `None` where it diverged before its first epoch was over.
    fn train(&self, rate: f64, seed: usize) -> Result<Option<Chosen>> {
        let draw = Draw::new(self.subject.seed, "fine-tuning").example(seed as u64);
        let config = self.recipe.optimizer(rate);
        let (mut learner, mut frozen) = self.begin(draw, config);
        let mut chosen: Option<Chosen> = None;
        let (mut step, all) = (0_u64, self.recipe.epochs * self.train.steps());
        for epoch in 0..self.recipe.epochs {
            for batch in &self.train.epoch(draw.purpose("order").step(epoch as u64)) {
                let used = (step as f64 + 0.5) / all as f64;
                let rate = || schedule::learning_rate(&config, used);
                let taken = learner.step(batch, draw.purpose("model").step(step), rate, &mut Unwatched)?;
                if taken.learning_rate.is_none() {
                    self.counter.add(all - step as usize);
                    return Ok(chosen);
                }
                step += 1;
                self.counter.add(1);
            }
            frozen.load(&learner.model);
            let score = (self.score)(&frozen.ask(&self.dev, self.outputs));
            if chosen.as_ref().is_none_or(|known| score > known.score) {
                chosen = Some(Chosen {
                    tuned: frozen.clone(),
                    score,
                    epoch: epoch + 1,
                });
            }
        }
        Ok(chosen)
    }

    /// A learner that begins with the trained encoder and a head of its own, and the same without gradients.
    fn begin(&self, draw: Draw, config: OptimizerConfig) -> (Learner, Frozen) {
        let (plain, encoder) = (self.subject.device, self.start.config());
        let tracked = plain.clone().autodiff();
        let init = Init::new(draw.purpose("head").seed(), &tracked).with_precision(encoder.precision);
        let vocabulary = self.start.tokens.val().dims()[0];
        let mut start = Encoder::new(encoder, vocabulary, &init.at("encoder"));
        put(&mut start, "", values(&self.start));
        let head = TaskHead::new(encoder.width, self.outputs, self.reads, &init);
        let frozen = Frozen {
            encoder: self.start.clone(),
            head: TaskHead::new(
                encoder.width,
                self.outputs,
                self.reads,
                &Init::new(0, plain).with_precision(encoder.precision),
            ),
        };
        let learner = Learner {
            model: Model::new(start, Box::new(head)),
            optimizer: Optimizer::new(config),
            device: plain.clone(),
        };
        (learner, frozen)
    }
}

/// A tuned encoder with its head, without gradients.
#[derive(Clone)]
struct Frozen {
    encoder: Encoder,
    head: TaskHead,
}

impl Frozen {
    /// Takes the weights of a model of such an encoder and such a head.
    fn load(&mut self, model: &Model) {
        let values = values(model);
        put(&mut self.encoder, "encoder.", values.clone());
        put(&mut self.head, "", values);
    }

    /// The scores of every example, row after row.
    fn ask(&self, examples: &[Example], outputs: usize) -> Vec<Vec<f32>> {
        let rows = |example: &Example| match self.head.reads() {
            Reads::Text => outputs,
            Reads::Words | Reads::Ends => outputs * example.positions.len(),
        };
        asked(examples, rows, |batch: &Batch| {
            let scores = self.head.scores(&self.encoder, batch, None);
            scores.into_data().iter::<f32>().collect()
        })
    }
}

/// A model's values by path, without gradients.
fn values(model: &dyn Parameters) -> BTreeMap<String, Parameter> {
    let mut values = BTreeMap::new();
    model.each_parameter(&mut |path, parameter| {
        let inner = match parameter {
            Parameter::Vector(tensor) if !tensor.is_autodiff() => parameter.clone(),
            Parameter::Matrix(tensor) if !tensor.is_autodiff() => parameter.clone(),
            tracked => tracked.clone().inner(),
        };
        values.insert(path.to_owned(), inner);
    });
    values
}

/// Gives a model these values, each under its path behind `below`.
fn put(model: &mut dyn Parameters, below: &str, mut values: BTreeMap<String, Parameter>) {
    model.change_parameters(&mut |path, parameter| values.remove(&format!("{below}{path}")).unwrap_or(parameter));
}
