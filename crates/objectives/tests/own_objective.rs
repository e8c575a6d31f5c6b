//! A new objective with a known attention is one file: here, guessing each word's first piece from everything else, with
//! its options, corruption, loss, score and FLOPs. Nothing here touches the library.

use crate::common::training::descend;
use crate::common::{SPECIAL, vocabulary, window};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_objectives::scoring::PSEUDO_LOG_LIKELIHOOD;
use cloze_objectives::tensors::vocabulary_flops;
use cloze_objectives::{Batch, Entry, Example, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_options::{Options, options};

static ENTRY: Entry = Entry {
    name: "first-pieces",
    version: 1,
    title: "First pieces",
    citation: "made up for this test, 2026",
    summary: "Hides the first piece of some words and predicts it from everything else.",
    options: Settings::fields,
    scores: &[PSEUDO_LOG_LIKELIHOOD],
    configure: |written| Ok(Box::new(FirstPieces(Settings::read(written)?))),
};

options! {
    /// Options of this objective.
    #[derive(Copy)]
    struct Settings {
        /// The share of the words whose first piece is hidden.
        share: f64 = 0.3, above(0).to(1);
    }
}

struct FirstPieces(Settings);

impl Objective for FirstPieces {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _progress: f64, draw: Draw) -> Example {
        let mut stream = draw.stream();
        let words = window.words(vocabulary).into_iter();
        let chosen = words
            .filter(|_| stream.chance(self.0.share))
            .map(|word| word.start as u32);
        let mut example = Example::predicting(window, chosen.collect());
        for position in &example.positions {
            example.inputs[*position as usize] = vocabulary.special.mask;
        }
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "first-piece",
            visibility: Visibility::Bidirectional,
            denominator_added: 0.0,
            masked: true,
            rules: ENTRY.scores,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens))
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}

const SIZE: usize = 60;
const LENGTH: usize = 24;

#[test]
fn it_corrupts_learns_and_scores() {
    let configure = |text: &str| ENTRY.with(&text.parse().unwrap());
    assert_eq!(configure("share = 0").err().unwrap().place().as_deref(), Some("share"));
    assert_eq!(configure("shares = 1").err().unwrap().nearest.as_deref(), Some("share"));
    let objective = configure("share = 0.5").unwrap();
    assert_eq!(objective.options()["share"].as_float(), Some(0.5));

    let vocabulary = vocabulary(SIZE);
    let windows = (0..8).map(|index| {
        window(
            LENGTH,
            0.0,
            0.0,
            SIZE,
            &mut Draw::new(7, "text").example(index).stream(),
        )
    });
    let draw = Draw::new(7, "corruption");
    let examples: Vec<Example> = windows
        .zip(0..)
        .map(|(window, index)| objective.corrupt(&window, &vocabulary, 0.0, draw.example(index)))
        .collect();
    let batch = Batch::of(&examples);
    assert!(batch.positions.len() > 40 && batch.positions.len() < 120);
    assert!(
        batch
            .positions
            .iter()
            .all(|position| batch.inputs[*position as usize] == SPECIAL.mask)
    );

    let encoder = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 1, LENGTH)
    };
    let mut model = objective.build(&encoder, &vocabulary, &Init::new(1, &Device::flex().autodiff()));
    let losses: Vec<f64> = (0..5).map(|_| descend(&mut model, &batch, 0.1)).collect();
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
    assert!(objective.flops(&encoder, SIZE, &batch.sizes()) > encoder.forward_flops(8, LENGTH, false));

    let model = model.frozen();
    let sentences = [vec![SPECIAL.start, 7, 8, 9, SPECIAL.end]];
    let scores = model.score(&model.rules()[0], &sentences, &vocabulary).unwrap();
    assert!(scores[0] < 0.0 && scores[0].is_finite());
    assert_eq!(
        model.masked_losses(&batch).map(|losses| losses.len()),
        Some(batch.positions.len())
    );
}
