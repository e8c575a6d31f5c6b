//! What one optimizer step costs on this machine: the step of a run, part by part, for one configuration.
//!
//! Each configuration is measured in a process of its own, so that its peak of memory is its own.

mod machine;
mod step;
#[cfg(test)]
mod tests;

use crate::{BudgetOptions, device};
use cloze_backbone::{DisentangledOptions, EncoderConfig, EncoderOptions, Precision, Preset};
use cloze_corpus::TokenizerOptions;
use cloze_foundation::{Fault, Place, Result};
use cloze_objectives::Objective;
use cloze_objectives::laws::Mode;
use cloze_options::{Options, Words as _, options, words};
use serde::{Deserialize, Serialize};

pub use cloze_kernels::bfloat16_instructions;
pub use step::measure;

words! {
    /// What attention's scores are of.
    pub enum Attention {
        /// Content, and positions as the preset has them.
        Plain = "plain",
        /// Content and relative positions apart, with the usual options.
        Disentangled = "disentangled",
    }
}

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Name in [`cloze_objectives::OBJECTIVES`].
    pub objective: String,
    /// `corrected` or `reference`; the objective's other options are the defaults.
    pub mode: String,
    /// The encoder's family.
    pub preset: Preset,
    /// D.
    pub width: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// V.
    pub vocab: usize,
    /// B.
    pub batch: usize,
    /// L.
    pub length: usize,
    /// Dropout rate; the preset's own where none is given.
    pub dropout: Option<f64>,
    /// Of the dense layers' products.
    pub precision: Precision,
    /// Of all blocks.
    pub attention: Attention,
    /// The device's name.
    pub device: String,
    /// Threads for host computation.
    pub threads: usize,
    /// Optimizer steps that are timed, after the warm-up.
    pub steps: usize,
}

/// What a step costs. Times are medians over the timed steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured, with the dropout rate that was used.
    #[serde(flatten)]
    pub setting: Setting,
    /// Trainable numbers, heads and helpers included.
    pub parameters: usize,
    /// Tokens that the encoder reads per second: B·L over the time of a step.
    pub tokens_per_second: f64,
    /// Model FLOPs per second, as the objective counts them, in units of 10⁹.
    pub gflops: f64,
    /// The rate of a product of two 2048 x 2048 matrices of 32-bit floats in the same process, in the same unit: the median
    /// of those that were made between the steps.
    pub gemm_gflops: f64,
    /// The rate of a step over that of the products before and after it: the median over the steps.
    pub gemm_share: f64,
    /// How far the fastest of these products is from the slowest, as a share of their median: the machine's drift.
    pub gemm_drift: f64,
    /// Cores that other processes kept busy meanwhile; `None` where `/proc` does not say.
    pub others_busy: Option<f64>,
    /// Milliseconds of a step.
    pub step_ms: f64,
    /// Reading windows, corrupting and batching them.
    pub host_ms: f64,
    /// From the batch to the loss.
    pub forward_ms: f64,
    /// From the loss to the gradients.
    pub backward_ms: f64,
    /// The gradients' norm, clipping and AdamW.
    pub optimizer_ms: f64,
    /// Most memory the process had, by `VmHWM` of `/proc/self/status`; `None` where there is no such file. For a
    /// graphics device this is the host's side.
    pub peak_bytes: Option<u64>,
}

/// Cores that others may keep busy, and drift of the yardstick, beyond which a measurement says so.
const BUSY: f64 = 0.1;
const DRIFT: f64 = 0.25;

impl Measurement {
    /// Why its figures are not to be trusted, if they are not.
    pub fn caution(&self) -> Option<String> {
        let busy = self.others_busy.filter(|cores| *cores > BUSY);
        let busy = busy.map(|cores| format!("other processes kept {cores:.1} cores busy"));
        let drift = (self.gemm_drift > DRIFT)
            .then(|| format!("the yardstick itself drifted by {:.0} %", 100.0 * self.gemm_drift));
        let told: Vec<String> = busy.into_iter().chain(drift).collect();
        (!told.is_empty()).then(|| format!("not a quiet machine: {}", told.join(", and ")))
    }
}

impl Setting {
    fn options(&self) -> EncoderOptions {
        EncoderOptions {
            preset: self.preset,
            width: self.width,
            layers: self.layers,
            window: self.length,
            dropout: self.dropout,
            precision: self.precision,
            disentangled: (self.attention == Attention::Disentangled).then(DisentangledOptions::default),
            ..EncoderOptions::default()
        }
    }

    /// The encoder that this describes.
    pub fn encoder(&self) -> EncoderConfig {
        self.options().resolve()
    }

    /// The objective that this describes.
    pub(crate) fn configured(&self) -> Result<Box<dyn Objective>> {
        let mut options = toml::Table::new();
        // An objective that nobody has published has one mode, which is the usual one.
        let has_modes = (cloze_objectives::find(&self.objective)?.options)()
            .iter()
            .any(|field| field.name == MODE);
        if has_modes || self.mode != Mode::Corrected.name() {
            options.insert(MODE.to_owned(), self.mode.clone().into());
        }
        cloze_objectives::configure(&self.objective, &options)
    }

    /// Checks everything that can be known before a step is made. Places are options of `cloze bench`.
    ///
    /// # Errors
    /// An unknown name or a number out of range.
    pub fn check(&self) -> Result<()> {
        let option = |name: &'static str| move |fault: Fault| fault.at(name);
        cloze_objectives::find(&self.objective).map_err(option("--objective"))?;
        self.configured().map_err(on_the_command_line)?;
        device::open(&self.device).map_err(option("--device"))?;
        let Self {
            vocab,
            batch,
            threads,
            steps,
            ..
        } = *self;
        let (vocab, tokenizer) = (Some(vocab), TokenizerOptions::default());
        TokenizerOptions { vocab, ..tokenizer }
            .check()
            .map_err(on_the_command_line)?;
        let budget = BudgetOptions {
            batch,
            ..BudgetOptions::default()
        };
        budget.check().map_err(on_the_command_line)?;
        Timing { threads, steps }.check().map_err(on_the_command_line)?;
        self.options().check().map_err(|fault| {
            let mut fault = on_the_command_line(fault);
            // There is no option for the number of heads, which follows from the width.
            fault.remedy = fault.remedy.filter(|remedy| !remedy.contains("heads"));
            fault
        })?;
        self.fitted().map_err(|fault| {
            // Nor are there options of objectives: they have their defaults, so that the width is what can be changed.
            let fits = |width: &usize| {
                Self {
                    width: *width,
                    ..self.clone()
                }
                .fitted()
                .is_ok()
            };
            let near = [
                (1..self.width).rev().find(fits),
                (self.width + 1..=2 * self.width).find(fits),
            ];
            let near = near.into_iter().flatten().map(|width| width.to_string());
            let places = vec!["--width".into()];
            Fault { places, ..fault }.allowed(near)
        })
    }

    /// Looks whether the objective can be built on the encoder.
    fn fitted(&self) -> Result<()> {
        self.options().check()?;
        self.configured()?.on(&self.encoder()).map(drop)
    }
}

/// What the child does: a [`Setting`] in, a [`Measurement`] out, both as JSON.
///
/// # Errors
/// Text that is no setting, and as [`measure`].
pub fn answer(setting: &str) -> Result<String> {
    let setting = serde_json::from_str(setting).map_err(|error| {
        Fault::usage(format!("not a setting: {error}")).remedy("`cloze bench` starts this by itself")
    })?;
    device::join_pool()?;
    let measurement = measure(&setting)?;
    serde_json::to_string(&measurement).map_err(|error| Fault::run(error.to_string()))
}

/// Steps that are timed where nobody says how many.
pub const STEPS: usize = 10;
/// The option of an objective that says how close it stays to its publication.
const MODE: &str = "mode";

options! {
    /// How a step is timed.
    struct Timing {
        /// Threads for host computation.
        threads: usize = 1, from(1).to(1024);
        /// Optimizer steps that are timed, after the warm-up.
        steps: usize = STEPS, from(1).to(1_000_000);
    }
}

/// The fault of an experiment's key at the option of `cloze bench` that stands for it.
fn on_the_command_line(mut fault: Fault) -> Fault {
    let option = |place: &Place| match place.key.last().as_str() {
        "window" => "--length".to_owned(),
        key => format!("--{key}"),
    };
    fault.places = fault.places.iter().map(|place| option(place).into()).collect();
    fault
}
