//! Masked diffusion: every window has a time of its own, at which its tokens have been masked with that probability; what is
//! masked is predicted, and counts one over the time (Sahoo et al. 2024).

use crate::laws::{Mode, choose};
use crate::scoring::{
    Answerer, Kind, PSEUDO_LOG_LIKELIHOOD, PSEUDO_LOG_LIKELIHOOD_WORD_L2R, Rule, ordinary, predicting,
};
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Extra, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Encoded, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_options::{Options, options};

/// Masked diffusion.
pub static ENTRY: Entry = Entry {
    name: "diffusion",
    version: 1,
    title: "Masked diffusion",
    citation: "Sahoo et al. 2024, Simple and Effective Masked Diffusion Language Models",
    summary: "Masks every token of a window with a probability drawn for the window, and predicts what is masked; a \
              bound on the likelihood of the text.",
    options: Settings::fields,
    scores: SCORES,
    configure: |written| Ok(Box::new(Diffusion(Settings::read(written)?))),
};

const SCORES: &[Rule] = &[ELBO, PSEUDO_LOG_LIKELIHOOD, PSEUDO_LOG_LIKELIHOOD_WORD_L2R];

/// An estimate of the bound.
const ELBO: Rule = Rule::new(
    "evidence-lower-bound",
    "a bound on log p(sentence): k of its L tokens are masked, those count L / k each, and the mean is taken over 32 such \
     questions with k spread evenly over 1 to L (Nie et al. 2025)",
    Answerer::Encoder,
    evenly_masked,
)
.of_kind(Kind::LowerBound);

/// Questions about a sentence: ML-GSAI/LLaDA, `get_log_likelihood.py`, asks 128. Where there are at most 32 tokens, every number
/// of masked ones is asked about as often as any other, but for one.
const QUESTIONS: u32 = 32;

/// How far kuleshov-group/mdlm keeps the probability below the time, as a share of it.
const MARGIN: f64 = 1e-3;

/// What the loss is divided by: the tokens that might have been masked, whether they were or not.
const TOKENS: &str = "diffused_tokens";

options! {
    /// Options of masked diffusion.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The smallest time, which is the smallest share of masked tokens; times are uniform from there to 1.
        smallest_time: f64 = 0.001, above(0).below(1);
    }
}

struct Diffusion(Settings);

impl Objective for Diffusion {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    /// Times are stratified over a batch, as kuleshov-group/mdlm has them (`diffusion.py`). There the probability stays below
    /// the time by a thousandth of it and the weight is one over the time all the same (`noise_schedule.py`, log-linear), and
    /// special tokens are masked and counted too.
    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _progress: f64, draw: Draw) -> Example {
        let Settings { mode, smallest_time } = self.0;
        let time = smallest_time + (1.0 - smallest_time) * draw.even();
        let (candidates, chance) = match mode {
            Mode::Corrected => (window.candidates(vocabulary), time),
            Mode::Reference => ((0..window.ids.len() as u32).collect(), (1.0 - MARGIN) * time),
        };
        let tokens = candidates.len() as u32;
        let mut stream = draw.stream();
        let masked = candidates.into_iter().filter(|_| stream.chance(chance)).collect();
        let mut example = Example::predicting(window, masked);
        for position in &example.positions {
            example.inputs[*position as usize] = vocabulary.special.mask;
        }
        example.weights.fill((1.0 / time) as f32);
        example.extra.insert(TOKENS, Extra::Numbers(vec![tokens]));
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "elbo",
            visibility: Visibility::Bidirectional,
            denominator_added: 0.0,
            masked: true,
            rules: SCORES,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens).over(TOKENS))
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// 3 × (encoder forward, whose last block is read at the M masked positions + 2·M·E·(D + V) of the head). M differs from batch to
    /// batch: half of the tokens on average.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}

/// [`QUESTIONS`] in which k of the L tokens are masked. The draws are the sentence's own, so that its score is always the same.
fn evenly_masked(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let sentence = &sentence.ids;
    let ordinary = ordinary(sentence, vocabulary);
    if ordinary.is_empty() {
        return Vec::new();
    }
    let own = |draw: Draw, id: &u32| draw.example(u64::from(*id));
    let draw = sentence.iter().fold(Draw::new(0, "evidence-lower-bound"), own);
    let tokens = ordinary.len();
    let shift = draw.stream().unit();
    let question = |index: u32| {
        let point = (f64::from(index) + shift) / f64::from(QUESTIONS);
        let masked = 1 + ((point * tokens as f64) as usize).min(tokens - 1);
        let mut stream = draw.purpose("question").example(u64::from(index)).stream();
        let positions = choose(ordinary.clone(), masked, &mut stream);
        let targets = positions.iter().map(|position| sentence[*position as usize]).collect();
        let mut example = predicting(sentence, positions, targets);
        for position in &example.positions {
            example.inputs[*position as usize] = vocabulary.special.mask;
        }
        let weight = tokens as f64 / masked as f64 / f64::from(QUESTIONS);
        example.weights.fill(weight as f32);
        example
    };
    (0..QUESTIONS).map(question).collect()
}

#[cfg(test)]
mod tests;
