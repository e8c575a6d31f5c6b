//! Means of training numbers over an interval of the budget.

use burn::tensor::{Device, Tensor};
use cloze_schema::metric::{GRADIENT_NORM, LEARNING_RATE, LOSS, TOKENS_PER_SECOND};
use cloze_schema::{Axis, Spent};
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

    /// The means since they were last taken; `None` where there was no step.
    pub fn take(&mut self, spent: &Spent) -> Option<Means> {
        if self.steps == 0 {
            return None;
        }
        let steps = self.steps as f64;
        let used = spent.since(&self.since);
        let parts = std::mem::take(&mut self.parts);
        let means = Means {
            loss: self.loss / steps,
            norm: self.norm / steps,
            rate: self.rate / steps,
            tokens_per_second: used[Axis::Tokens] / used[Axis::Seconds].max(f64::MIN_POSITIVE),
            parts: parts
                .into_iter()
                .map(|(name, (count, sum))| (name, f64::from(sum.into_scalar::<f32>()) / count as f64))
                .collect(),
        };
        *self = Self {
            since: *spent,
            last: self.last,
            ..Self::default()
        };
        Some(means)
    }
}

/// Means over the steps of an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Means {
    /// Of the training loss.
    pub loss: f64,
    norm: f64,
    rate: f64,
    /// Tokens that the encoder read over the seconds of training.
    pub tokens_per_second: f64,
    parts: BTreeMap<String, f64>,
}

impl Means {
    /// By metric.
    pub fn rows(&self) -> impl Iterator<Item = (&str, f64)> {
        let own = [
            (LOSS, self.loss),
            (GRADIENT_NORM, self.norm),
            (LEARNING_RATE, self.rate),
            (TOKENS_PER_SECOND, self.tokens_per_second),
        ];
        let parts = self.parts.iter().filter(|(name, _)| *name != LOSS);
        own.into_iter().chain(parts.map(|(name, mean)| (name.as_str(), *mean)))
    }
}
