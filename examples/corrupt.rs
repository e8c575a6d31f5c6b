//! What an objective makes of a sentence: what it hides, and what it asks for.
//!
//! ```sh
//! cargo run --example corrupt -- span "the old farmer who sees the cats sleeps"
//! ```
#![allow(clippy::print_stdout)]

use cloze_corpus::{CorpusOptions, Window, prepare};
use cloze_foundation::{Draw, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "mlm".to_owned());
    let text = arguments
        .next()
        .unwrap_or_else(|| "the old farmer who sees the cats sleeps".to_owned());

    // A tokenizer, trained on a little of the built-in language.
    let folder = std::env::temp_dir().join("cloze-example");
    let options = CorpusOptions {
        words: Some(cloze_options::Count(20_000)),
        ..CorpusOptions::default()
    };
    let corpus = prepare(&options.resolve()?, None, &folder, &mut |_| ())?;
    let vocabulary = corpus.tokenizer.vocabulary();

    // A window is [CLS], tokens, [SEP]; every special token begins a word of its own.
    let encoded = corpus.tokenizer.encode(&text);
    let special = vocabulary.special;
    let ids = [vec![special.start], encoded.ids, vec![special.end]].concat();
    let word_starts = [vec![true], encoded.word_starts, vec![true]].concat();
    let window = Window::new(ids, word_starts);

    let objective = cloze_objectives::configure(&name, &toml::Table::new())?;
    let piece = |id: &u32| corpus.tokenizer.piece(*id).unwrap_or_default();
    for seed in 1..=3 {
        // Every draw is a function of where it is made: the same seed, the same corruption.
        let example = objective.corrupt(&window, vocabulary, 0.0, Draw::new(seed, "corruption"));
        let read: Vec<String> = example.inputs.iter().map(piece).collect();
        let asked = example.positions.iter().zip(&example.targets);
        let asked: Vec<String> = asked
            .map(|(position, target)| format!("{position}:{}", piece(target)))
            .collect();
        println!("reads     {}\npredicts  {}\n", read.join(" "), asked.join(" "));
    }
    Ok(())
}
