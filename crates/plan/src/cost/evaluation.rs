//! What judging takes: forward FLOPs of all that the evaluations of a run have its model read.

use super::{Expected, window};
use crate::{RunConfig, TaskConfig};
use cloze_backbone::VocabularyHead;
use cloze_corpus::{Encoded, SpecialTokens, Vocabulary};
use cloze_evals::{When, Work};
use cloze_foundation::{Draw, Result};
use cloze_objectives::scoring::{Questions, asked_together};
use cloze_objectives::{Answerer, Batch, Example, Objective, Rule, Sizes};

/// FLOPs a second of judging over those of training, as measured (docs/performance.md).
const EFFICIENCY: f64 = 0.8;
/// Tokens of a word between blanks, its punctuation included, as measured (docs/performance.md).
const TOKENS_PER_WORD: f64 = 1.3;
/// Of so many tokens one is a piece behind another one of its word: of the built-in language's minimal pairs by a vocabulary of 2,048.
const TOKENS_PER_PIECE: usize = 12;
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
    /// What judging a run of so many steps takes over all of its points.
    pub(super) fn evaluation(&mut self, config: &RunConfig, objective: &dyn Objective, steps: f64) -> Result<Judged> {
        let points = config.spacing.judgements(config.points, steps);
        let key = format!(
            "{} {} {:?} {:?} {:?} {points} {}",
            config.objective,
            config.options,
            config.encoder,
            config.corpus.tokenizer,
            config.evaluate,
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
        let points = points as f64;
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
                let masked = |rule: &&Rule| rule.who != Answerer::Discriminator && !rule.kind.is_likelihood();
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
                let ordinary = self.vocabulary.ordinary().first().copied();
                let special = self.vocabulary.special;
                let mut ids = vec![ordinary.unwrap_or(special.start); self.length(words)];
                if let [first, .., last] = &mut ids[..] {
                    (*first, *last) = (special.start, special.end);
                }
                let mut sentence = Encoded::from(ids);
                let body = sentence.ids.len().saturating_sub(1);
                for (place, starts) in sentence.word_starts[..body].iter_mut().enumerate() {
                    *starts = place % TOKENS_PER_PIECE != TOKENS_PER_PIECE / 2;
                }
                let together = |rules: &[Rule]| {
                    let how: Vec<Questions> = rules.iter().map(|rule| rule.how).collect();
                    let asked = asked_together(&how, &sentence, &self.vocabulary).into_iter();
                    let questions: Vec<Example> = asked.map(|(_, question)| question).collect();
                    self.answer(rules[0].who, &Batch::of(&questions).sizes())
                };
                // What neighbours share is asked once.
                count * rules.chunk_by(|_, next| next.shares).map(together).sum::<f64>()
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
