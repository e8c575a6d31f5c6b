//! Loss and accuracy on masked tokens of held-out text, for models with a masked-token head.

use crate::{Asks, Chance, Counter, Entry, Evaluation, Finding, Ground, Judgement, Subject, WINDOW, When, Work, asked};
use cloze_corpus::bounds::{Unigram, best};
use cloze_corpus::fragment::Known;
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Batch, Example};
use cloze_options::{Options, options};
use cloze_schema::metric::{BEST_LOSS, LOSS, UNIGRAM_LOSS};

/// The share of tokens that is masked, whatever the model was trained with.
const RATE: f64 = 0.15;
/// The seed of the masks: the same ones judge every run.
const SEED: u64 = 0x6d61_736b;
/// Windows of a batch.
const WINDOWS: usize = 16;

/// Loss and accuracy on masked tokens.
pub static ENTRY: Entry = Entry {
    name: "masked-loss",
    version: 1,
    uses_language: false,
    when: When::AtEveryPoint,
    title: "Masked-token loss",
    title_of: |_| None,
    citation: "Devlin et al. 2019, at a rate of 15 % with [MASK] at every selected position",
    summary: "Mean negative log-likelihood in nats of masked tokens of held-out text, the same masks for every run. \
              Where a network beside the encoder answers, as ELECTRA's generator does, its name is in the metric's brackets; \
              objectives without a masked-token head have no such number. \
              Single tokens are masked, as MLM does it: an arm that was trained on words or spans is judged off its own task.",
    headline: LOSS,
    higher_is_better: false,
    chance: Chance::Unknown,
    asks: Asks::MaskedTokens,
    mean_over: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::MaskedWindows(settings.windows as f64))
    },
    check: |_, _| Ok(()),
    // The held-out text is the corpus'.
    data: |options, _| Ok(asked(&ENTRY, options, "")),
    open: |options, ground| Ok(Box::new(MaskedText::open(options, ground)?)),
};

options! {
    /// Options of the masked-token loss.
    #[derive(Copy)]
    struct Settings {
        /// Windows of held-out text.
        windows: u64 = 64, from(1).to(100_000);
    }
}

/// A window with [`RATE`] of its tokens masked; at least one, if there is one.
fn mask(window: &Window, vocabulary: &Vocabulary, draw: Draw) -> Example {
    let mut positions = window.candidates(vocabulary);
    let count = (positions.len() as f64 * RATE).round().max(1.0) as usize;
    draw.stream().shuffle(&mut positions);
    positions.truncate(count);
    positions.sort_unstable();
    let mut example = Example::predicting(window, positions);
    for position in &example.positions {
        example.inputs[*position as usize] = vocabulary.special.mask;
    }
    example
}

/// `count` of `available` windows, spread over the whole of the text, so that a few of them are not one document.
pub(crate) fn spread(count: u64, available: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |index| index * available / count)
}

/// Where in the stream a position of a window lies: a window is `[CLS]` and the next `length - 1` tokens.
pub(crate) fn place(window: u64, length: usize, position: u32) -> usize {
    window as usize * (length - 1) + position as usize - 1
}

/// Masked windows, and what their tokens cost a scorer who knows only frequencies and one who knows the language.
struct MaskedText {
    batches: Vec<Batch>,
    bounds: [(&'static str, Option<f64>); 2],
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
        let count = settings.windows.min(available);
        let draw = Draw::new(SEED, "masked-loss");
        let (mut examples, mut places) = (Vec::new(), Vec::new());
        for window in spread(count, available) {
            let example = mask(
                &text.window(window, length, vocabulary),
                vocabulary,
                draw.example(window),
            );
            places.extend(
                example
                    .positions
                    .iter()
                    .map(|position| place(window, length, *position)),
            );
            examples.push(example);
        }
        examples.retain(|example| !example.positions.is_empty());
        let targets = examples.iter().flat_map(|example| example.targets.iter().copied());
        Ok(Self {
            bounds: [
                (UNIGRAM_LOSS, Unigram::of(corpus)?.loss(targets)),
                (BEST_LOSS, best(corpus, Known::Everything, &places)),
            ],
            batches: examples.chunks(WINDOWS).map(Batch::of).collect(),
        })
    }
}

impl Evaluation for MaskedText {
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let (mut sum, mut right, mut predictions) = (0.0, Some(0), 0);
        let counter = Counter::new(
            subject.told,
            self.batches.iter().map(|batch| batch.windows).sum(),
            "windows",
        );
        for batch in &self.batches {
            let Some(losses) = subject.model.masked_losses(batch) else {
                return Ok(Judgement::default());
            };
            sum += losses.iter().copied().map(f64::from).sum::<f64>();
            right = right.zip(subject.model.masked_guesses(batch)).map(|(right, guesses)| {
                let guesses = guesses.iter().zip(&batch.targets);
                right + guesses.filter(|(guess, target)| guess == target).count()
            });
            predictions += batch.positions.len();
            counter.add(batch.windows);
        }
        if predictions == 0 {
            return Ok(Judgement::default());
        }
        let share = |value: f64| value / predictions as f64;
        let helper = subject.model.masked_helper();
        let brackets = helper.map(|helper| format!("[{helper}]")).unwrap_or_default();
        let metrics = [
            (format!("{LOSS}{brackets}"), Some(share(sum))),
            (format!("accuracy{brackets}"), right.map(|right| share(right as f64))),
        ];
        let bounds = self.bounds.map(|(metric, loss)| (metric.to_owned(), loss));
        let finding = |(metric, value): (String, Option<f64>)| {
            value.map(|value| Finding {
                task: subject.ground.task.to_owned(),
                metric,
                value,
            })
        };
        Ok(Judgement {
            findings: metrics.into_iter().chain(bounds).filter_map(finding).collect(),
            items: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;

    #[test]
    fn windows_are_spread_and_their_positions_are_places_of_the_stream() {
        assert_eq!(spread(4, 10).collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(spread(3, 3).collect::<Vec<_>>(), [0, 1, 2]);
        // Windows of four hold three tokens: the third window begins with the seventh.
        assert_eq!([place(0, 4, 1), place(2, 4, 1), place(2, 4, 3)], [0, 6, 8]);
    }

    #[test]
    fn the_masks_are_fixed_spread_and_of_the_stated_rate() {
        let special = SpecialTokens {
            pad: 0,
            unknown: 1,
            start: 2,
            end: 3,
            mask: 4,
        };
        let vocabulary = Vocabulary::new(500, special);
        let ids: Vec<u32> = (0..101u32).map(|k| if k % 101 == 0 { 2 } else { 5 + k }).collect();
        let window = Window::new(ids, vec![true; 101]);
        let draw = |index| Draw::new(SEED, "masked-loss").example(index);
        let example = mask(&window, &vocabulary, draw(0));
        assert_eq!(example, mask(&window, &vocabulary, draw(0)));
        assert_ne!(example.positions, mask(&window, &vocabulary, draw(1)).positions);
        assert_eq!(example.positions.len(), 15);
        for (position, id) in example.inputs.iter().enumerate() {
            let masked = example.positions.contains(&(position as u32));
            assert_eq!(*id, if masked { 4 } else { window.ids[position] });
        }
        let empty = Window::new(vec![2, 3], vec![true; 2]);
        assert!(mask(&empty, &vocabulary, draw(0)).positions.is_empty());
    }
}
