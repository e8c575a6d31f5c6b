//! The step of a run with a clock between its parts.

use super::machine::{Yardstick, median, peak_bytes};
use super::{Measurement, Setting};
use crate::step::{Clock, Phase, Stopwatch, wait};
use crate::{Feed, Learner, Optimizer, OptimizerConfig, Shape, device};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Parameters as _};
use cloze_corpus::tokenizer::Encoded;
use cloze_corpus::{Shard, SpecialTokens, Vocabulary, shard};
use cloze_foundation::load::Load;
use cloze_foundation::{Draw, Fault, Result};

/// Steps before the clock counts: buffers are taken, the optimizer's moments made, a device's kernels compiled.
const WARM_UP: usize = 3;
/// Products of the yardstick between steps, one more at the end.
const PRODUCTS: usize = 10;
/// Share of tokens that begin a word.
const WORD_STARTS: f64 = 0.75;
/// Where in the budget the steps are, for rates that change.
const PROGRESS: f64 = 0.5;
const SEED: u64 = 1;
/// The usual optimizer, at a rate that leaves a model of random tokens where it is.
fn optimizer() -> OptimizerConfig {
    OptimizerConfig {
        peak_lr: 1e-4,
        warmup: 0.0,
        ..OptimizerConfig::default()
    }
}

/// Measures in this process, whatever its threads are.
///
/// # Errors
/// A setting that does not fit, a device that fails, a loss that is not a number.
pub fn measure(setting: &Setting) -> Result<Measurement> {
    setting.check()?;
    let vocabulary = Vocabulary::new(setting.vocab, SpecialTokens::FIRST);
    let text = text(setting, &vocabulary)?;
    let mut bench = Bench::new(setting, &text, &vocabulary)?;
    for step in 0..WARM_UP {
        bench.step(step as u64)?;
    }
    // Read before the yardstick, whose matrices are not the model's.
    let peak_bytes = peak_bytes();
    let yardstick = Yardstick::new(&bench.learner.device)?;
    let load = Load::start();
    let together = setting.steps.div_ceil(PRODUCTS);
    let step = |step: usize| bench.step((WARM_UP + step) as u64);
    let (steps, rates) = in_turn(setting.steps, together, step, || yardstick.rate())?;
    let share = |(parts, rate): &(Parts, f64)| parts.flops / parts.seconds() / rate;
    let shares: Vec<f64> = steps.iter().map(share).collect();
    let others_busy = load.elsewhere();
    let middle = |of: fn(&Parts) -> f64| median(&steps.iter().map(|(parts, _)| of(parts)).collect::<Vec<_>>());
    let seconds = middle(Parts::seconds);
    let flops = middle(|parts| parts.flops / parts.seconds());
    let rate = median(&rates);
    let (slowest, fastest) = rates.iter().fold((f64::INFINITY, 0.0f64), |(least, most), rate| {
        (least.min(*rate), most.max(*rate))
    });
    Ok(Measurement {
        setting: Setting {
            dropout: Some(bench.encoder.dropout),
            ..setting.clone()
        },
        parameters: bench.learner.model.count(),
        tokens_per_second: (setting.batch * setting.length) as f64 / seconds,
        gflops: flops / 1e9,
        gemm_gflops: rate / 1e9,
        gemm_share: median(&shares),
        gemm_drift: (fastest - slowest) / rate,
        others_busy,
        step_ms: seconds * 1e3,
        host_ms: middle(|parts| parts.host) * 1e3,
        forward_ms: middle(|parts| parts.forward) * 1e3,
        backward_ms: middle(|parts| parts.backward) * 1e3,
        optimizer_ms: middle(|parts| parts.optimizer) * 1e3,
        peak_bytes,
    })
}

/// A step, and what large products had for a rate around it.
type Rated<T> = (T, f64);

/// A product, some steps, a product, and so on: a machine that changes its speed changes both. Gives each step with the mean
/// of the rates of the products before and after it, and all of these rates.
pub(super) fn in_turn<T>(
    steps: usize,
    together: usize,
    mut step: impl FnMut(usize) -> Result<T>,
    mut rate: impl FnMut() -> Result<f64>,
) -> Result<(Vec<Rated<T>>, Vec<f64>)> {
    let (mut done, mut rates) = (Vec::new(), vec![rate()?]);
    while done.len() < steps {
        let these = done.len()..steps.min(done.len() + together.max(1));
        let these: Vec<T> = these.map(&mut step).collect::<Result<_>>()?;
        let before = rates[rates.len() - 1];
        let after = rate()?;
        rates.push(after);
        done.extend(these.into_iter().map(|one| (one, (before + after) / 2.0)));
    }
    Ok((done, rates))
}

/// Seconds of the parts of a step, and its FLOPs.
#[derive(Default)]
struct Parts {
    host: f64,
    forward: f64,
    backward: f64,
    optimizer: f64,
    flops: f64,
}

impl Parts {
    fn seconds(&self) -> f64 {
        self.host + self.forward + self.backward + self.optimizer
    }
}

/// Waits for the device at the end of every part.
struct Laps {
    clock: Clock,
    parts: Parts,
}

impl Stopwatch for Laps {
    fn lap(&mut self, phase: Phase, device: &Device) -> Result<()> {
        wait(device)?;
        let seconds = self.clock.lap();
        match phase {
            Phase::Forward => self.parts.forward = seconds,
            Phase::Backward => self.parts.backward = seconds,
            Phase::Update => self.parts.optimizer = seconds,
        }
        Ok(())
    }
}

/// A run without an end.
struct Bench<'a> {
    encoder: EncoderConfig,
    feed: Feed<'a>,
    learner: Learner,
}

impl<'a> Bench<'a> {
    fn new(setting: &Setting, text: &'a Shard, vocabulary: &'a Vocabulary) -> Result<Self> {
        let device = device::open(&setting.device)?;
        let encoder = setting.encoder();
        let objective = setting.configured()?;
        let init = Init::new(SEED, &device.clone().autodiff()).with_precision(encoder.precision);
        Ok(Self {
            learner: Learner {
                model: objective.build(&encoder, vocabulary, &init),
                optimizer: Optimizer::new(optimizer()),
                device,
            },
            feed: Feed {
                objective,
                text,
                vocabulary,
                shape: Shape {
                    length: encoder.window,
                    windows: setting.batch,
                },
                stages: &[],
                seed: SEED,
            },
            encoder,
        })
    }

    fn step(&mut self, step: u64) -> Result<Parts> {
        let mut clock = Clock::start();
        let batch = self.feed.batch(step, PROGRESS);
        let vocabulary = self.feed.vocabulary.size;
        let parts = Parts {
            flops: self.feed.objective.flops(&self.encoder, vocabulary, &batch.sizes()),
            host: clock.lap(),
            ..Parts::default()
        };
        let mut laps = Laps { clock, parts };
        let draw = Draw::new(SEED, "model").step(step);
        let taken = self.learner.step(&batch, draw, || optimizer().peak_lr, &mut laps)?;
        match taken.learning_rate {
            Some(_) => Ok(laps.parts),
            None => Err(Fault::run(format!(
                "the loss of step {step} is {}, the norm of its gradient {}",
                taken.loss, taken.norm
            ))),
        }
    }
}

/// Random tokens, enough for every step to read other windows, in a file like that of a prepared corpus.
fn text(setting: &Setting, vocabulary: &Vocabulary) -> Result<Shard> {
    let windows = ((WARM_UP + setting.steps) * setting.batch).min(4096);
    let mut stream = Draw::new(SEED, "text").stream();
    let ordinary = vocabulary.ordinary();
    let folder = tempfile::tempdir().map_err(|error| Fault::run(format!("no temporary folder: {error}")))?;
    let path = folder.path().join("bench.ids");
    let failed = |error: std::io::Error| Fault::run(format!("cannot write to `{}`: {error}", path.display()));
    shard::write(&path, vocabulary.special.end, |writer| {
        for _ in 0..windows {
            let body = setting.length - 1; // and its [SEP]: every window of the stream has one
            let document = Encoded {
                ids: (0..body).map(|_| ordinary[stream.below(ordinary.len())]).collect(),
                word_starts: (0..body).map(|_| stream.chance(WORD_STARTS)).collect(),
            };
            writer.document(&document).map_err(failed)?;
        }
        Ok(())
    })?;
    // The map outlives the file's name.
    Shard::open(&path)
}
