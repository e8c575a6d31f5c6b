//! Means of training numbers over an interval of the budget.

use crate::budget::Spent;
use crate::store::Split;
use crate::store::metrics::PRETRAINING;
use crate::train::Sink;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A meter between two steps, on the host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    steps: u64,
    loss: f64,
    norm: f64,
    rate: f64,
    /// How many steps said a part of the loss, and the bits of its sum, which need not be a number.
    parts: BTreeMap<String, (u64, u32)>,
    since: Spent,
    last: Option<(f64, f64)>,
}

/// Adds up what steps say and reports the means.
#[derive(Default)]
pub struct Meter {
    steps: u64,
    loss: f64,
    norm: f64,
    rate: f64,
    parts: BTreeMap<String, (u64, Tensor<1>)>,
    since: Spent,
    last: Option<(f64, f64)>,
}

impl Meter {
    /// A step's loss, gradient norm, learning rate and the parts of its loss. The parts stay on the device until they
    /// are reported.
    pub fn add(&mut self, loss: f64, norm: f64, rate: f64, parts: Vec<(&'static str, Tensor<1>)>) {
        self.steps += 1;
        self.loss += loss;
        self.norm += norm;
        self.rate += rate;
        self.last = Some((loss, norm));
        for (name, value) in parts {
            let sum = match self.parts.remove(name) {
                Some((count, sum)) => (count + 1, sum + value),
                None => (1, value),
            };
            self.parts.insert(name.to_owned(), sum);
        }
    }

    /// What the meter shows, to go on from later.
    pub fn read(&self) -> Reading {
        let read = |(name, (count, sum)): (&String, &(u64, Tensor<1>))| {
            (name.clone(), (*count, sum.clone().into_scalar::<f32>().to_bits()))
        };
        Reading {
            steps: self.steps,
            loss: self.loss,
            norm: self.norm,
            rate: self.rate,
            parts: self.parts.iter().map(read).collect(),
            since: self.since,
            last: self.last,
        }
    }

    /// A meter that goes on from a reading, with its sums on `device`.
    pub fn resume(reading: &Reading, device: &Device) -> Self {
        let sum = |(name, (count, bits)): (&String, &(u64, u32))| {
            (
                name.clone(),
                (*count, Tensor::from_data([f32::from_bits(*bits)], device)),
            )
        };
        Self {
            steps: reading.steps,
            loss: reading.loss,
            norm: reading.norm,
            rate: reading.rate,
            parts: reading.parts.iter().map(sum).collect(),
            since: reading.since,
            last: reading.last,
        }
    }

    /// Loss and gradient norm of the last step.
    pub fn last(&self) -> Option<(f64, f64)> {
        self.last
    }

    /// Gives the means since the last report to the sink, and the mean loss and the tokens per second to the caller;
    /// `None` where there was no step.
    pub fn report(&mut self, spent: &Spent, sink: &mut dyn Sink) -> Option<(f64, f64)> {
        if self.steps == 0 {
            return None;
        }
        let steps = self.steps as f64;
        let tokens = (spent.tokens_seen - self.since.tokens_seen) as f64;
        let speed = tokens / (spent.seconds - self.since.seconds).max(f64::MIN_POSITIVE);
        let mut row = |metric: &str, value: f64| sink.row(spent, Split::Train, PRETRAINING, metric, value);
        row("loss", self.loss / steps);
        row("gradient_norm", self.norm / steps);
        row("learning_rate", self.rate / steps);
        row("tokens_per_second", speed);
        for (name, (count, sum)) in std::mem::take(&mut self.parts) {
            if name != "loss" {
                row(&name, f64::from(sum.into_scalar::<f32>()) / count as f64);
            }
        }
        let mean = self.loss / steps;
        *self = Self {
            since: *spent,
            last: self.last,
            ..Self::default()
        };
        Some((mean, speed))
    }
}
