//! Milliseconds of one training step, part by part: `cargo run --release -p cloze-objectives --example step -- mlm bert
//! 256 4 32 0.1` for an objective, a preset, width, layers, batch and dropout; without them a table of usual sizes. The
//! shortest of at least nine steps counts, because other work on the machine only adds.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Parameter, Preset};
use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::AdamW;
use cloze_objectives::{Batch, configure};
use std::collections::HashMap;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VOCABULARY: usize = 8192;
const LENGTH: usize = 128;
const SPECIAL: SpecialTokens = SpecialTokens {
    pad: 0,
    unknown: 1,
    start: 2,
    end: 3,
    mask: 4,
};

struct Case {
    objective: String,
    preset: Preset,
    width: usize,
    layers: usize,
    batch: usize,
    dropout: f64,
}

fn main() -> cloze_foundation::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|word| word.parse::<f64>().ok());
    println!(
        "{} threads, L = {LENGTH}, V = {VOCABULARY}; ms\n{:<16}{:<8}{:>6}{:>4}{:>4}{:>9}{:>10}{:>10}{:>10}{:>10}{:>12}{:>10}",
        rayon::current_num_threads(),
        "objective",
        "preset",
        "width",
        "L",
        "B",
        "dropout",
        "forward",
        "backward",
        "update",
        "step",
        "tokens/s",
        "GFLOP/s"
    );
    if let (Some(width), Some(layers), Some(batch), Some(dropout)) = (number(2), number(3), number(4), number(5)) {
        let preset = if arguments[1] == "modern" {
            Preset::Modern
        } else {
            Preset::Bert
        };
        let (width, layers, batch) = (width as usize, layers as usize, batch as usize);
        return time(&Case {
            objective: arguments[0].clone(),
            preset,
            width,
            layers,
            batch,
            dropout,
        });
    }
    for (width, layers, batch) in [(128, 2, 32), (256, 4, 32), (512, 6, 16)] {
        for dropout in [0.0, 0.1] {
            let objective = arguments.first().cloned().unwrap_or_else(|| "mlm".to_owned());
            time(&Case {
                objective,
                preset: Preset::Bert,
                width,
                layers,
                batch,
                dropout,
            })?;
        }
    }
    Ok(())
}

/// Steps for at least five seconds, and prints the shortest times.
fn time(case: &Case) -> cloze_foundation::Result<()> {
    let vocabulary = Vocabulary::new(VOCABULARY, SPECIAL);
    let objective = configure(&case.objective, &toml::Table::new())?;
    let encoder = EncoderConfig {
        dropout: case.dropout,
        ..EncoderConfig::preset(case.preset, case.width, case.layers, LENGTH)
    };
    let mut model = objective.build(&encoder, &vocabulary, &Init::new(1, &Device::flex().autodiff()));
    let mut stream = Draw::new(1, "text").stream();
    let draw = Draw::new(1, "corruption");
    let examples: Vec<_> = (0..case.batch as u64)
        .map(|example| {
            let text = (1..LENGTH).map(|_| 5 + stream.below(VOCABULARY - 5) as u32);
            let window = Window {
                ids: std::iter::once(SPECIAL.start).chain(text).collect(),
                word_starts: (0..LENGTH).map(|position| position % 5 != 4).collect(),
            };
            objective.corrupt(&window, &vocabulary, 0.5, draw.example(example))
        })
        .collect();
    let batch = Batch::of(&examples);
    let flops = objective.flops(&encoder, VOCABULARY, &batch.sizes());

    let mut moments = HashMap::new();
    let mut times: [Vec<f64>; 4] = Default::default();
    let began = Instant::now();
    for step in 1.. {
        let started = Instant::now();
        let loss = model.loss(&batch, Draw::new(1, "model").step(step), true);
        let value = loss.total.clone().inner().into_scalar::<f32>();
        let forward = started.elapsed().as_secs_f64();
        let gradients = loss.total.backward();
        let backward = started.elapsed().as_secs_f64();
        update(&mut *model, gradients, step, &mut moments);
        let whole = started.elapsed().as_secs_f64();
        assert!(value.is_finite(), "the loss is not a number");
        if step > 3 {
            let parts = [forward, backward - forward, whole - backward, whole];
            times.iter_mut().zip(parts).for_each(|(times, part)| times.push(part));
            if times[0].len() >= 9 && began.elapsed().as_secs_f64() > 5.0 {
                break;
            }
        }
    }
    let [forward, backward, update, whole] = times.map(|times| times.into_iter().fold(f64::INFINITY, f64::min));
    println!(
        "{:<16}{:<8}{:>6}{:>4}{:>4}{:>9}{:>10.1}{:>10.1}{:>10.1}{:>10.1}{:>12.0}{:>10.1}",
        case.objective,
        format!("{:?}", case.preset).to_lowercase(),
        case.width,
        case.layers,
        case.batch,
        case.dropout,
        forward * 1e3,
        backward * 1e3,
        update * 1e3,
        whole * 1e3,
        (case.batch * LENGTH) as f64 / whole,
        flops / whole / 1e9
    );
    Ok(())
}

/// Clips by the global norm and updates every parameter, as the trainer does.
fn update(
    model: &mut dyn cloze_objectives::Model,
    mut gradients: burn::tensor::Gradients,
    step: u64,
    moments: &mut HashMap<String, [Parameter; 2]>,
) {
    let mut squares = 0.0;
    model.each_parameter(&mut |_, parameter| {
        squares += match parameter {
            Parameter::Vector(x) => x.grad(&gradients).map_or(0.0, |x| cloze_kernels::squared_norm(&x)),
            Parameter::Matrix(x) => x.grad(&gradients).map_or(0.0, |x| cloze_kernels::squared_norm(&x)),
        }
    });
    let settings = AdamW {
        learning_rate: 1e-4,
        beta_1: 0.9,
        beta_2: 0.98,
        epsilon: 1e-6,
        weight_decay: 0.01,
        step,
        gradient_scale: 1.0 / squares.sqrt().max(1.0),
    };
    macro_rules! one {
        ($variant:ident, $path:expr, $x:expr) => {{
            let Some(gradient) = $x.grad_remove(&mut gradients) else {
                return Parameter::$variant($x);
            };
            let x = $x.inner();
            let (first, second) = match moments.remove($path) {
                Some([Parameter::$variant(first), Parameter::$variant(second)]) => (first, second),
                _ => (x.zeros_like(), x.zeros_like()),
            };
            let (x, first, second) = cloze_kernels::adamw(x, gradient, first, second, &settings);
            moments.insert(
                $path.to_owned(),
                [Parameter::$variant(first), Parameter::$variant(second)],
            );
            Parameter::$variant(x)
        }};
    }
    model.change_parameters(&mut |path, parameter| match parameter {
        Parameter::Vector(x) => one!(Vector, path, x),
        Parameter::Matrix(x) => one!(Matrix, path, x),
    });
}
