//! Two sentences, scored by a model in every way that its objective knows. It is hardly trained here; a minimal pair is
//! judged by which of its sentences gets the higher score.
//!
//! ```sh
//! cargo run --release --example score -- autoregressive "the cats sleep" "the cats sleeps"
//! ```
#![allow(clippy::print_stdout)]

use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusOptions, prepare};
use cloze_foundation::{Draw, Result};
use cloze_trainer::step::Unwatched;
use cloze_trainer::{Feed, Learner, Optimizer, OptimizerConfig, Shape, device};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "autoregressive".to_owned());
    let first = arguments.next().unwrap_or_else(|| "the cats sleep".to_owned());
    let second = arguments.next().unwrap_or_else(|| "the cats sleeps".to_owned());

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
        model: objective.build(&encoder, vocabulary, &Init::new(1, &device.clone().autodiff())),
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
        seed: 1,
    };
    for step in 0..50 {
        let draw = Draw::new(1, "model").step(step);
        learner.step(&feed.batch(step, 0.0), draw, || 3e-3, &mut Unwatched)?;
    }

    let model = learner.model.frozen();
    let sentences = [&first, &second].map(|text| corpus.tokenizer.sentence_with_words(text));
    for rule in model.rules() {
        let scores = model.score(rule, &sentences, vocabulary)?;
        println!("{}: {}", rule.name, rule.meaning);
        for (text, score) in [&first, &second].iter().zip(scores) {
            println!("  {score:8.3}  {text}");
        }
    }
    Ok(())
}
