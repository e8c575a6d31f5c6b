//! `cloze bench`: every combination of the options, each measured in a process of its own.

use crate::arguments::BenchArguments;
use crate::plain::json_line;
use cloze_backbone::{Precision, Preset};
use cloze_foundation::{Fault, Result};
use cloze_options::Words;
use cloze_runner::processes::errand::{computing, this_program};
use cloze_trainer::bench::{self, Attention, Measurement, Setting};
use std::path::Path;

/// The hidden subcommand that measures one configuration.
const SUBCOMMAND: &str = "bench-one";

/// Measures every configuration and prints its line as soon as it is known. All are checked before the first one.
///
/// # Errors
/// A value that does not fit, or a measurement that failed.
pub fn bench(arguments: &BenchArguments, print: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let settings = settings(arguments)?;
    for setting in &settings {
        setting.check()?;
    }
    let program = this_program()?;
    for setting in &settings {
        let measurement = measured_by(&program, setting)?;
        let line = if arguments.json {
            json_line(&measurement)?
        } else {
            line(&measurement) + "\n"
        };
        print(&line)?;
    }
    Ok(())
}

/// Has a process of its own measure a configuration.
fn measured_by(program: &Path, setting: &Setting) -> Result<Measurement> {
    let text = serde_json::to_string(setting).map_err(|error| Fault::run(error.to_string()))?;
    let failed = |what: String| Fault::run(what).at(format!("{} of width {}", setting.objective, setting.width));
    let output = computing(program, setting.threads)
        .args([SUBCOMMAND, &text])
        .output()
        .map_err(|error| failed(format!("cannot start `{}`: {error}", program.display())))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("error: ");
        return Err(failed(format!("its process ended with {}: {said}", output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(format!("its process gave no figures: {error}")))
}

/// What the child of a measurement prints.
///
/// # Errors
/// As [`bench::answer`].
pub fn one(setting: &str) -> Result<String> {
    bench::answer(setting).map(|measurement| measurement + "\n")
}

/// The options crossed, the last one fastest.
fn settings(arguments: &BenchArguments) -> Result<Vec<Setting>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut settings = vec![Setting {
        objective: String::new(),
        mode: String::new(),
        preset: Preset::Modern,
        width: 0,
        layers: 0,
        vocab: 0,
        batch: 0,
        length: 0,
        dropout: None,
        precision: Precision::Float32,
        attention: Attention::Plain,
        device: arguments.device.clone(),
        threads,
        steps: arguments.steps,
    }];
    cross(&mut settings, &arguments.objective, |s, name| s.objective = name);
    cross(&mut settings, &arguments.mode, |s, mode| s.mode = mode);
    cross(&mut settings, &known("preset", &arguments.preset)?, |s, preset| {
        s.preset = preset
    });
    cross(&mut settings, &arguments.width, |s, width| s.width = width);
    cross(&mut settings, &arguments.layers, |s, layers| s.layers = layers);
    cross(&mut settings, &arguments.vocab, |s, vocab| s.vocab = vocab);
    cross(&mut settings, &arguments.batch, |s, batch| s.batch = batch);
    cross(&mut settings, &arguments.length, |s, length| s.length = length);
    cross(&mut settings, &arguments.dropout, |s, rate| s.dropout = Some(rate));
    cross(
        &mut settings,
        &known("precision", &arguments.precision)?,
        |s, precision| s.precision = precision,
    );
    cross(
        &mut settings,
        &known("attention", &arguments.attention)?,
        |s, attention| s.attention = attention,
    );
    cross(&mut settings, &arguments.threads, |s, threads| s.threads = threads);
    Ok(settings)
}

/// Every setting with every value; without a value, the settings as they are.
fn cross<T: Clone>(settings: &mut Vec<Setting>, values: &[T], set: fn(&mut Setting, T)) {
    if values.is_empty() {
        return;
    }
    let with = |setting: &Setting, value: &T| {
        let mut setting = setting.clone();
        set(&mut setting, value.clone());
        setting
    };
    *settings = settings
        .iter()
        .flat_map(|setting| values.iter().map(move |value| with(setting, value)))
        .collect();
}

/// The values of an option that these words stand for.
fn known<T: Words>(option: &str, names: &[String]) -> Result<Vec<T>> {
    let value = |name: &String| T::parse(option, name).map_err(|fault| fault.at(format!("--{option}")));
    names.iter().map(value).collect()
}

/// One line for a person.
fn line(found: &Measurement) -> String {
    let setting = &found.setting;
    let preset = setting.preset;
    let precision = match setting.precision {
        Precision::Float32 => String::new(),
        Precision::Bfloat16 => format!(" bfloat16 ({})", bench::bfloat16_instructions()),
    };
    let attention = match setting.attention {
        Attention::Plain => "",
        Attention::Disentangled => " disentangled",
    };
    let caution = found
        .caution()
        .map(|caution| format!("; {caution}"))
        .unwrap_or_default();
    let peak = match found.peak_bytes {
        Some(bytes) => format!("{:.0} MB", bytes as f64 / 1e6),
        None => "unknown".to_owned(),
    };
    // No step multiplies faster than a product: the machine was slower while the yardstick was timed.
    let share = match found.gemm_share {
        share if share > 1.0 => "no share of a large product's rate: that was the lower one".to_owned(),
        share => format!("{:.0} % of a large product's", 100.0 * share),
    };
    format!(
        "{} ({}) {preset} D={} layers={} V={} B={} L={} dropout={}{precision}{attention} {} threads={}: {:.0} tokens/s, {:.1} GFLOP/s ({share}); step {:.1} ms = host {:.2} + forward {:.1} + backward {:.1} + optimizer {:.1}; peak {peak}{caution}",
        setting.objective,
        setting.mode,
        setting.width,
        setting.layers,
        setting.vocab,
        setting.batch,
        setting.length,
        setting.dropout.unwrap_or(0.0),
        setting.device,
        setting.threads,
        found.tokens_per_second,
        found.gflops,
        found.step_ms,
        found.host_ms,
        found.forward_ms,
        found.backward_ms,
        found.optimizer_ms,
    )
}
