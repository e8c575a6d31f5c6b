//! Loss and accuracy on hidden text: single tokens, whole words and spans alike, so that no objective is judged off its own
//! task alone; by frequency and by part of speech.

mod groups;
mod masks;

use crate::masked_loss::{place, spread};
use crate::{Asks, Chance, Counter, Entry, Evaluation, Finding, Ground, Judgement, Subject, WINDOW, When, Work, asked};
use cloze_corpus::Encoded;
use cloze_corpus::bounds::{Unigram, best};
use cloze_corpus::fragment::Known;
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::scoring::{brackets, scored_tokens};
use cloze_objectives::{Batch, Example, Kind, Rule};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, BEST_LOSS, BITS_PER_BYTE, KNOWN, LOSS, UNIGRAM_LOSS};
use groups::Groups;
use masks::Unit;
use std::collections::BTreeMap;

/// The seed of the masks: the same ones judge every run.
const SEED: u64 = 0x7465_7874;
/// Windows of a batch.
const WINDOWS: usize = 16;

/// Loss and accuracy on hidden text.
pub static ENTRY: Entry = Entry {
    name: "masked-text",
    version: 1,
    uses_language: true,
    when: When::AtEveryPoint,
    title: "Masked text",
    title_of: |_| None,
    citation: "units after Joshi et al. 2020, SpanBERT (whole words, spans); [MASK] at every hidden position",
    summary: "Accuracy of the most probable token at masked positions of held-out text, the same masks for every run: single tokens, \
              whole words, spans of three words; the mean over the three. Beside it the loss of each, by frequency and for single \
              tokens by part of speech, and on the built-in language how much is known of what can be known, (unigram loss - loss) / \
              (unigram loss - best loss). Where a model has a likelihood: its bits per byte; where it has a bound on one, an upper bound on \
              them.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::Unknown,
    asks: Asks::MaskedTokens,
    mean_over: None,
    parts: || Some(Unit::ALL.iter().map(|(_, name)| *name).chain(groups::names()).collect()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::MaskedWindows((Unit::ALL.len() as u64 * settings.windows) as f64))
    },
    check: |_, _| Ok(()),
    // The held-out text is the corpus'.
    data: |options, _| Ok(asked(&ENTRY, options, "")),
    open: |options, ground| Ok(Box::new(MaskedText::open(options, ground)?)),
};

options! {
    /// Options of masked text.
    #[derive(Copy)]
    struct Settings {
        /// Windows of held-out text.
        windows: u64 = 32, from(1).to(100_000);
        /// The share of their tokens that is hidden, whatever a model was trained with.
        rate: f64 = 0.15, above(0).to(1);
    }
}

/// Questions with single answers: the batches of one unit.
struct Masked {
    name: &'static str,
    batches: Vec<Batch>,
    /// The groups of every prediction, batch by batch.
    groups: Vec<Vec<&'static str>>,
    bounds: [(&'static str, Option<f64>); 2],
}

struct MaskedText {
    units: Vec<Masked>,
    /// The windows as they are.
    windows: Vec<Encoded>,
    /// Tokens of a byte of the held-out text.
    tokens_per_byte: f64,
}

impl MaskedText {
    fn open(options: &toml::Table, ground: &Ground) -> Result<Self> {
        let settings = Settings::from_toml(options)?;
        let (corpus, length) = (ground.corpus, ground.window);
        let (text, vocabulary) = (&corpus.held_out, corpus.tokenizer.vocabulary());
        let available = text.windows(length);
        if available == 0 {
            return Err(
                Fault::usage(format!("the held-out text has not one window of {length} positions"))
                    .at(WINDOW)
                    .remedy("hold out more text or shorten encoder.window"),
            );
        }
        let chosen: Vec<u64> = spread(settings.windows.min(available), available).collect();
        let windows: Vec<_> = chosen
            .iter()
            .map(|index| text.window(*index, length, vocabulary))
            .collect();
        let (frequency, told) = (Unigram::of(corpus)?, Groups::of(corpus)?);
        let mut units = Vec::new();
        for (unit, name) in Unit::ALL {
            let draw = Draw::new(SEED, "masked-text").purpose(name);
            let (mut examples, mut places, mut groups) = (Vec::new(), Vec::new(), Vec::new());
            for (index, window) in chosen.iter().zip(&windows) {
                let example = unit.mask(window, vocabulary, settings.rate, draw.example(*index));
                places.extend(
                    example
                        .positions
                        .iter()
                        .map(|position| place(*index, length, *position)),
                );
                let mut of_window = told.of_window(window, corpus, unit);
                let taken = example
                    .positions
                    .iter()
                    .map(|position| std::mem::take(&mut of_window[*position as usize]));
                groups.extend(taken);
                examples.push(example);
            }
            examples.retain(|example: &Example| !example.positions.is_empty());
            let targets = examples.iter().flat_map(|example| example.targets.iter().copied());
            // What is best where one token is hidden is out of reach where its neighbours are hidden too.
            let single = unit == Unit::Tokens;
            units.push(Masked {
                name,
                bounds: [
                    (UNIGRAM_LOSS, frequency.loss(targets)),
                    (
                        BEST_LOSS,
                        single.then(|| best(corpus, Known::Everything, &places)).flatten(),
                    ),
                ],
                batches: examples.chunks(WINDOWS).map(Batch::of).collect(),
                groups,
            });
        }
        let held_out = corpus.manifest.held_out;
        Ok(Self {
            units,
            windows: windows
                .into_iter()
                .map(|window| Encoded {
                    ids: window.ids,
                    word_starts: window.word_starts,
                })
                .collect(),
            tokens_per_byte: held_out.tokens.saturating_sub(held_out.documents) as f64 / held_out.bytes.max(1) as f64,
        })
    }

    /// What the tokens of the windows cost under a likelihood, each window by itself, in bits for each byte of the held-out text. Of
    /// a bound below a likelihood it is a bound above that. None where there is no token.
    fn bits_per_byte(&self, subject: &Subject, rule: &Rule, counter: &Counter) -> Result<Option<f64>> {
        let vocabulary = subject.ground.corpus.tokenizer.vocabulary();
        let (rule, scored) = (std::slice::from_ref(rule), |more| counter.add(more));
        let scores = subject.model.scores_told(rule, &self.windows, vocabulary, &scored)?;
        let nats: f64 = scores.iter().flatten().sum();
        let tokens = self.windows.iter().map(|window| scored_tokens(&window.ids, vocabulary));
        let tokens: usize = tokens.sum();
        Ok((tokens > 0).then(|| -nats / tokens as f64 * self.tokens_per_byte / std::f64::consts::LN_2))
    }
}

/// The rules of a model that say something of the probability of a text, each with its metric.
fn likelihoods(subject: &Subject) -> Vec<(Rule, String)> {
    let of = |metric: &str, is_wanted: fn(Kind) -> bool| -> Vec<(Rule, String)> {
        let rules = subject.model.rules().iter().filter(|rule| is_wanted(rule.kind));
        let rules: Vec<Rule> = rules.cloned().collect();
        let metrics = brackets(&rules)
            .into_iter()
            .map(|brackets| format!("{metric}{brackets}"));
        rules.iter().cloned().zip(metrics).collect()
    };
    let bound = format!("{BITS_PER_BYTE}.upper_bound");
    let mut told = of(BITS_PER_BYTE, Kind::is_likelihood);
    told.extend(of(&bound, |kind| kind == Kind::LowerBound));
    told
}

/// What some predictions cost, and how many were right.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: usize,
    nats: f64,
    right: usize,
}

impl Sums {
    fn add(&mut self, nats: f64, right: bool) {
        self.count += 1;
        self.nats += nats;
        self.right += usize::from(right);
    }

    fn loss(self) -> f64 {
        self.nats / self.count as f64
    }

    fn accuracy(self) -> f64 {
        self.right as f64 / self.count as f64
    }
}

impl Masked {
    fn windows(&self) -> usize {
        self.batches.iter().map(|batch| batch.windows).sum()
    }

    /// All predictions together, and each group's; nothing where the model does not answer.
    fn ask(&self, subject: &Subject, counter: &Counter) -> Option<(Sums, BTreeMap<&'static str, Sums>)> {
        let (mut all, mut groups, mut place) = (Sums::default(), BTreeMap::<&str, Sums>::new(), 0);
        for batch in &self.batches {
            let losses = subject.model.masked_losses(batch)?;
            let guesses = subject.model.masked_guesses(batch)?;
            for ((nats, guess), target) in losses.into_iter().zip(guesses).zip(&batch.targets) {
                let (nats, right) = (f64::from(nats), guess == *target);
                all.add(nats, right);
                for group in self.groups.get(place).into_iter().flatten() {
                    groups.entry(*group).or_default().add(nats, right);
                }
                place += 1;
            }
            counter.add(batch.windows);
        }
        (all.count > 0).then_some((all, groups))
    }
}

impl Evaluation for MaskedText {
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let mut judgement = Judgement::default();
        let task = subject.ground.task;
        let mut told = |part: &str, metric: String, value: f64| {
            let task = if part.is_empty() {
                task.to_owned()
            } else {
                format!("{task}/{part}")
            };
            judgement.findings.push(Finding { task, metric, value });
        };
        let who = subject.model.masked_answerer();
        let likelihoods = likelihoods(subject);
        let masked: usize = self.units.iter().map(Masked::windows).sum();
        let windows = likelihoods.len() * self.windows.len() + who.map_or(0, |_| masked);
        let counter = Counter::new(subject.told, windows, "windows");
        for (rule, metric) in likelihoods {
            if let Some(bits) = self.bits_per_byte(subject, &rule, &counter)? {
                told("", metric, bits);
            }
        }
        if let Some(who) = who {
            let brackets = who.helper().map(|helper| format!("[{helper}]")).unwrap_or_default();
            let mut accuracies = Vec::new();
            for unit in &self.units {
                let Some((all, groups)) = unit.ask(subject, &counter) else {
                    return Ok(judgement);
                };
                for (name, sums) in std::iter::once((unit.name, all)).chain(groups) {
                    told(name, format!("{ACCURACY}{brackets}"), sums.accuracy());
                    told(name, format!("{LOSS}{brackets}"), sums.loss());
                }
                for (metric, bound) in unit.bounds {
                    bound
                        .into_iter()
                        .for_each(|bound| told(unit.name, metric.to_owned(), bound));
                }
                if let [(_, Some(unigram)), (_, Some(best))] = unit.bounds {
                    told(
                        unit.name,
                        format!("{KNOWN}{brackets}"),
                        (unigram - all.loss()) / (unigram - best),
                    );
                }
                accuracies.push(all.accuracy());
            }
            let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
            told("", format!("{ACCURACY}{brackets}"), mean);
        }
        Ok(judgement)
    }
}
