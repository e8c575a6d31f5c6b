//! Twenty steps of an objective from code, without experiment, plan or run folder: the step that runs take.
//!
//! ```sh
//! cargo run --release --example train -- electra
//! ```
#![allow(clippy::print_stdout)]

use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusOptions, prepare};
use cloze_foundation::{Draw, Result};
use cloze_trainer::step::Unwatched;
use cloze_trainer::{Feed, Learner, Optimizer, OptimizerConfig, Shape, device};

const SEED: u64 = 1;
const STEPS: u64 = 20;

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mlm".to_owned());
    let folder = std::env::temp_dir().join("cloze-example");
    let options = CorpusOptions {
        words: Some(cloze_options::Count(20_000)),
        ..CorpusOptions::default()
    };
    let corpus = prepare(&options.resolve()?, None, &folder, &mut |_| ())?;
    let vocabulary = corpus.tokenizer.vocabulary();

    let encoder = EncoderConfig::preset(Preset::Modern, 64, 2, 32);
    let objective = cloze_objectives::prepared(&name, &toml::Table::new(), &corpus)?;
    let device = device::open("flex")?;
    let mut learner = Learner {
        model: objective.build(&encoder, vocabulary, &Init::new(SEED, &device.clone().autodiff())),
        optimizer: Optimizer::new(OptimizerConfig::default()),
        device,
    };
    let feed = Feed {
        objective,
        text: &corpus.train,
        vocabulary,
        shape: Shape {
            length: encoder.window,
            windows: 16,
        },
        stages: &[],
        seed: SEED,
    };
    for step in 0..STEPS {
        let progress = step as f64 / STEPS as f64;
        let batch = feed.batch(step, progress);
        let draw = Draw::new(SEED, "model").step(step);
        let rate = 3e-3 * (1.0 - progress);
        let taken = learner.step(&batch, draw, || rate, &mut Unwatched)?;
        println!(
            "step {:2}  loss {:.3}  gradient norm {:.3}",
            step + 1,
            taken.loss,
            taken.norm
        );
    }
    Ok(())
}
