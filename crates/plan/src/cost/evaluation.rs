//! What judging takes: forward FLOPs of all that the evaluations of a run have its model read.

use super::{Expected, window};
use crate::{RunConfig, TaskConfig};
use cloze_backbone::VocabularyHead;
use cloze_corpus::{SpecialTokens, Vocabulary};
use cloze_evals::{When, Work};
use cloze_foundation::{Draw, Result};
use cloze_objectives::scoring::LEFT_TO_RIGHT;
use cloze_objectives::{Answerer, Batch, Objective, Rule, Sizes};

/// FLOPs a second of judging over those of training, as measured (docs/performance.md).
const EFFICIENCY: f64 = 0.8;
/// Tokens of a word between blanks, its punctuation included, as measured (docs/performance.md).
const TOKENS_PER_WORD: f64 = 1.3;
/// Training is a forward pass and twice that for the gradients.
const PASSES: f64 = 3.0;
/// The share of masked tokens in the evaluations that mask.
const MASKED: f64 = 0.15;

/// What judging one run takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    flops: f64,
    /// Evaluations of which it is not known.
    pub(super) unknown: Vec<String>,
}

impl Judged {
    /// On a machine that does so many FLOPs a second in training.
    pub(super) fn seconds(&self, flops_per_second: f64) -> f64 {
        (self.flops / (flops_per_second * EFFICIENCY)).max(0.0)
    }
}

impl Expected {
    /// What judging a run takes over all of its points.
    pub(super) fn evaluation(&mut self, config: &RunConfig, objective: &dyn Objective) -> Result<Judged> {
        let key = format!(
            "{} {} {:?} {:?} {:?} {} {}",
            config.objective,
            config.options,
            config.encoder,
            config.corpus.tokenizer,
            config.evaluate,
            config.points,
            config.validation_windows
        );
        if let Some(judged) = self.judgements.get(&key) {
            return Ok(judged.clone());
        }
        let reader = Reader {
            config,
            objective,
            vocabulary: Vocabulary::new(self.vocabularies.size(&config.corpus.tokenizer)?, SpecialTokens::FIRST),
        };
        let points = config.points as f64;
        let windows = config.validation_windows as f64;
        let mut judged = Judged {
            flops: points * windows * reader.objective_window(),
            unknown: Vec::new(),
        };
        for TaskConfig { task, options, .. } in &config.evaluate {
            let entry = cloze_evals::find(task)?;
            let times = if entry.when == When::AtEveryPoint { points } else { 1.0 };
            match (entry.work)(options) {
                Some(work) => judged.flops += times * reader.flops(work),
                None => judged.unknown.push(task.clone()),
            }
        }
        self.judgements.insert(key, judged.clone());
        Ok(judged)
    }
}

fn is_causal(rule: &Rule) -> bool {
    *rule == LEFT_TO_RIGHT
}

/// A model that reads, as far as FLOPs know it.
struct Reader<'a> {
    config: &'a RunConfig,
    objective: &'a dyn Objective,
    vocabulary: Vocabulary,
}

impl Reader<'_> {
    /// A window under the run's own objective.
    fn objective_window(&self) -> f64 {
        let draw = Draw::new(0, "cost");
        let window = window(self.config.encoder.window, &self.vocabulary, draw.purpose("window"));
        let example = self
            .objective
            .corrupt(&window, &self.vocabulary, 1.0, draw.purpose("corruption"));
        self.forward(&Batch::of(&[example]).sizes())
    }

    fn forward(&self, sizes: &Sizes) -> f64 {
        self.objective.flops(&self.config.encoder, self.vocabulary.size, sizes) / PASSES
    }

    fn flops(&self, work: Work) -> f64 {
        let encoder = &self.config.encoder;
        let rules = cloze_objectives::rules(&self.config.objective, &self.config.options).unwrap_or_default();
        match work {
            Work::MaskedWindows(windows) => {
                let masked = |rule: &&Rule| rule.who != Answerer::Discriminator && !is_causal(rule);
                let sizes = Sizes {
                    windows: 1,
                    length: encoder.window,
                    predicted: (MASKED * encoder.window as f64).round() as usize,
                    ..Sizes::default()
                };
                let twice = |rule: &Rule| 2.0 * self.answer(rule.who, &sizes);
                windows * rules.iter().find(masked).map_or(0.0, twice)
            }
            Work::FineTuning { trained, read, words } => {
                (PASSES * trained + read) * encoder.forward_flops(1, self.length(words), false)
            }
            Work::States { count, words, each } => {
                let read = count * encoder.forward_flops(1, self.length(words), false);
                read + each * (encoder.width * (encoder.layers + 1)) as f64
            }
            Work::Sentences { count, words } => {
                let length = self.length(words);
                let mut sentence = vec![self.vocabulary.special.start];
                let ordinary = self.vocabulary.ordinary().first().copied();
                sentence.extend(std::iter::repeat_n(
                    ordinary.unwrap_or(sentence[0]),
                    length.saturating_sub(2),
                ));
                sentence.push(self.vocabulary.special.end);
                let rule = |rule: &Rule| {
                    let questions = (rule.how)(&sentence, &self.vocabulary);
                    self.answer(rule.who, &Batch::of(&questions).sizes())
                };
                count * rules.iter().map(rule).sum::<f64>()
            }
        }
    }

    /// Tokens of a sentence of so many words, within the window.
    fn length(&self, words: f64) -> usize {
        ((words * TOKENS_PER_WORD).round() as usize + 2).min(self.config.encoder.window)
    }

    /// Forward FLOPs of an answer to questions of these sizes.
    fn answer(&self, who: Answerer, sizes: &Sizes) -> f64 {
        let encoder = &self.config.encoder;
        let whole = || encoder.forward_flops(sizes.windows, sizes.length, false);
        match who {
            // As it trains: a rule may go through a stream of queries beside the encoder.
            Answerer::Encoder if self.objective.helpers(encoder).is_empty() => self.forward(sizes),
            Answerer::Encoder => {
                let Sizes {
                    windows,
                    length,
                    predicted,
                    ..
                } = *sizes;
                let head = VocabularyHead::forward_flops(
                    encoder.width,
                    encoder.table_width(),
                    self.vocabulary.size,
                    predicted,
                );
                encoder.forward_flops_at(windows, length, false, predicted) + head
            }
            // One number a position: nothing beside the encoder.
            Answerer::Discriminator => whole(),
            // What the objective does beside the encoder is the generator's, a head for every position but for little.
            Answerer::Generator => self.forward(sizes) - whole(),
        }
    }
}
