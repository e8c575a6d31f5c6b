//! The one training step on a batch (`feed.rs` makes them): loss, backward, clip, update. Runs and `cloze bench` both take
//! it, so that neither can drift from the other.

use crate::Optimizer;
use crate::optimizer::gradient_norm;
use burn::tensor::{Device, Tensor};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Answers, Batch, Model};
use std::time::Instant;

/// A model that learns.
pub struct Learner {
    /// With gradients.
    pub model: Model,
    /// With its moments.
    pub optimizer: Optimizer,
    /// Where both are, without autodiff.
    pub device: Device,
}

/// What a step found.
pub struct Taken {
    /// The loss before the update.
    pub loss: f64,
    /// The norm of all gradients together, before they were clipped. Not a number where the loss is none.
    pub norm: f64,
    /// The learning rate of the update; `None` where loss or norm was not a number, and so nothing was updated.
    pub learning_rate: Option<f64>,
    /// Parts of the loss, still on the device.
    pub parts: Vec<(String, Tensor<1>)>,
    /// What was answered, still on the device.
    pub answers: Vec<Answers>,
}

/// The parts of a step, for whoever measures them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// From the batch to the loss.
    Forward,
    /// From the loss to the gradients.
    Backward,
    /// Norm, clipping and update.
    Update,
}

/// Who is told when a part of a step has ended.
pub trait Stopwatch {
    /// Called at the end of each part. A lazy device has only been told what to do by then.
    ///
    /// # Errors
    /// A device that failed, where the stopwatch waits for it.
    fn lap(&mut self, phase: Phase, device: &Device) -> Result<()>;
}

/// Nobody measures: the device is waited for once, at the end of the step.
pub struct Unwatched;

impl Stopwatch for Unwatched {
    fn lap(&mut self, phase: Phase, device: &Device) -> Result<()> {
        if phase == Phase::Update { wait(device) } else { Ok(()) }
    }
}

/// Waits until the device has done what it was told.
///
/// # Errors
/// A device that failed.
pub fn wait(device: &Device) -> Result<()> {
    device
        .sync()
        .map_err(|error| Fault::run(format!("the device failed: {error}")))
}

impl Learner {
    /// Takes one step on a batch. `draw` is that of the model in this step (dropout, samples). The learning rate is asked
    /// for when the gradients are there; a loss or a norm that is not a number leaves the model as it was.
    ///
    /// # Errors
    /// A device that failed.
    pub fn step(
        &mut self,
        batch: &Batch,
        draw: Draw,
        learning_rate: impl FnOnce() -> f64,
        watch: &mut dyn Stopwatch,
    ) -> Result<Taken> {
        let loss = self.model.loss(batch, draw, true);
        let mut taken = Taken {
            loss: f64::from(loss.total.clone().inner().into_scalar::<f32>()),
            norm: f64::NAN,
            learning_rate: None,
            parts: loss.parts,
            answers: loss.answers,
        };
        watch.lap(Phase::Forward, &self.device)?;
        if taken.loss.is_finite() {
            let gradients = loss.total.backward();
            watch.lap(Phase::Backward, &self.device)?;
            taken.norm = gradient_norm(&self.model, &gradients);
            if taken.norm.is_finite() {
                let rate = learning_rate();
                self.optimizer.update(&mut self.model, gradients, taken.norm, rate);
                taken.learning_rate = Some(rate);
            }
        }
        watch.lap(Phase::Update, &self.device)?;
        Ok(taken)
    }
}

/// Gives the seconds since it was last asked.
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn lap(&mut self) -> f64 {
        let before = std::mem::replace(&mut self.0, Instant::now());
        (self.0 - before).as_secs_f64()
    }
}
