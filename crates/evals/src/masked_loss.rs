//! Loss and accuracy on masked tokens of held-out text, for models with a masked-token head.

use crate::{Entry, Finding, Subject, When, Work};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Batch, Example};
use cloze_options::{Options, options};

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
    citation: "Devlin et al. 2019, at a rate of 15 % with [MASK] at every selected position",
    summary: "Mean negative log-likelihood in nats of masked tokens of held-out text, the same masks for every run. \
              ELECTRA answers with its generator; objectives without a masked-token head have no such number. \
              Single tokens are masked, as MLM does it: an arm that was trained on words or spans is judged off its own task.",
    headline: "loss",
    higher_is_better: false,
    chance: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::MaskedWindows(settings.windows as f64))
    },
    check: |_, _| Ok(()),
    evaluate,
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

fn evaluate(subject: &Subject, options: &toml::Table) -> Result<Vec<Finding>> {
    let settings = Settings::from_toml(options)?;
    let (text, vocabulary) = (&subject.corpus.held_out, subject.corpus.tokenizer.vocabulary());
    let available = text.windows(subject.window);
    if available == 0 {
        return Err(Fault::usage(format!(
            "the held-out text has not one window of {} positions",
            subject.window
        ))
        .remedy("hold out more text or shorten encoder.window"));
    }
    // Spread over the whole of the held-out text, so that a few windows are not one document.
    let count = settings.windows.min(available);
    let draw = Draw::new(SEED, "masked-loss");
    let examples: Vec<Example> = (0..count)
        .map(|index| {
            let window = index * available / count;
            mask(
                &text.window(window, subject.window, vocabulary),
                vocabulary,
                draw.example(window),
            )
        })
        .filter(|example| !example.positions.is_empty())
        .collect();
    let (mut sum, mut right, mut predictions) = (0.0, Some(0), 0);
    for batch in examples.chunks(WINDOWS).map(Batch::of) {
        let Some(losses) = subject.model.masked_losses(&batch) else {
            return Ok(Vec::new());
        };
        sum += losses.iter().copied().map(f64::from).sum::<f64>();
        right = right.zip(subject.model.masked_guesses(&batch)).map(|(right, guesses)| {
            right
                + guesses
                    .iter()
                    .zip(&batch.targets)
                    .filter(|(guess, target)| guess == target)
                    .count()
        });
        predictions += batch.positions.len();
    }
    if predictions == 0 {
        return Ok(Vec::new());
    }
    let share = |value: f64| value / predictions as f64;
    let metrics = [
        ("loss", Some(share(sum))),
        ("accuracy", right.map(|right| share(right as f64))),
    ];
    let measure = |(metric, value): (&str, Option<f64>)| {
        value.map(|value| Finding {
            task: ENTRY.name.to_owned(),
            metric: metric.to_owned(),
            value,
        })
    };
    Ok(metrics.into_iter().filter_map(measure).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;

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
