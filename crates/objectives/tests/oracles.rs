//! Rates and shares of the published implementations, computed from their rules (simulation or arithmetic).

mod common;

use cloze_foundation::Draw;
use cloze_objectives::{Batch, Example};
use common::{SPECIAL, configured, plain, vocabulary};

const WINDOWS: u64 = 2000;

/// Examples of one objective over plain text windows of this length.
fn examples(objective: &str, options: &str, length: usize) -> impl Iterator<Item = Example> {
    let objective = configured(objective, options);
    let vocabulary = vocabulary(1000);
    (0..WINDOWS).map(move |index| {
        objective.corrupt(
            &plain(length, index),
            &vocabulary,
            0.0,
            Draw::new(4, "oracle").example(index),
        )
    })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn count(example: &Example) -> f64 {
    example.positions.len() as f64
}

#[test]
fn berts_count_is_of_all_positions_and_rounds_half_to_even() {
    // round(0.15 · 128) = 19 with [CLS] in the base; round(0.5 · 13) = 6 by banker's rounding, where 7 is usual.
    assert!(examples("mlm", "mode = \"reference\"", 128).all(|example| example.positions.len() == 19));
    assert!(examples("mlm", "mode = \"reference\"\nrate = 0.5", 13).all(|example| example.positions.len() == 6));
    assert!(examples("mlm", "rate = 0.5", 14).all(|example| example.positions.len() == 7));
}

#[test]
fn masked_kept_and_random_tokens_have_berts_shares() {
    let (mut masked, mut changed, mut selected) = (0.0, 0.0, 0.0);
    for example in examples("mlm", "", 128) {
        for position in &example.positions {
            let (now, before) = (
                example.inputs[*position as usize],
                example.originals[*position as usize],
            );
            selected += 1.0;
            masked += f64::from(now == SPECIAL.mask);
            changed += f64::from(now != SPECIAL.mask && now != before);
        }
    }
    // 38,000 draws: three standard deviations are 0.006 and 0.005.
    assert!((masked / selected - 0.8_f64).abs() < 0.006 && (changed / selected - 0.1_f64).abs() < 0.006);
}

#[test]
fn berts_random_tokens_may_be_special_and_ours_may_not() {
    let special = |options: &str| {
        examples("mlm", options, 64)
            .flat_map(|example| example.inputs.into_iter().skip(1))
            .filter(|id| *id < 5 && *id != SPECIAL.mask)
            .count()
    };
    assert_eq!(special("replace = { mask = 0.0, random = 1.0 }"), 0);
    assert!(special("mode = \"reference\"\nreplace = { mask = 0.0, random = 1.0 }") > 20);
}

#[test]
fn long_words_are_masked_less_often_under_berts_budget() {
    // Relative rates 1.01, .97, .92, .85 for words of 1 to 4 pieces.
    let (mut chosen, mut total) = ([0.0; 4], [0.0; 4]);
    let vocabulary = vocabulary(1000);
    for (index, example) in examples("whole-word", "mode = \"reference\"", 127).enumerate() {
        for word in plain(127, index as u64).words(&vocabulary) {
            total[word.len() - 1] += 1.0;
            chosen[word.len() - 1] += f64::from(example.positions.contains(&(word.start as u32)));
        }
    }
    let average = chosen.iter().sum::<f64>() / total.iter().sum::<f64>();
    for (length, expected) in [1.01, 0.97, 0.92, 0.85].into_iter().enumerate() {
        let relative = chosen[length] / total[length] / average;
        // The rarest words, 2 % of 200,000, give a standard deviation of 0.04.
        let tolerance = [0.01, 0.04, 0.06, 0.09][length];
        assert!(
            (relative - expected).abs() < tolerance,
            "{} pieces: {relative:.3}",
            length + 1
        );
    }
}

#[test]
fn a_word_meets_one_fate_and_bert_draws_for_every_piece() {
    let vocabulary = vocabulary(1000);
    let mixed = |options: &str| {
        let options = format!("{options}\nreplace = {{ mask = 0.5, random = 0.0 }}");
        examples("whole-word", &options, 128)
            .enumerate()
            .flat_map(|(index, example)| {
                let words = plain(128, index as u64).words(&vocabulary);
                words.into_iter().map(move |word| {
                    let masked = word
                        .clone()
                        .filter(|position| example.inputs[*position] == SPECIAL.mask)
                        .count();
                    masked != 0 && masked != word.len()
                })
            })
            .filter(|mixed| *mixed)
            .count()
    };
    assert_eq!(mixed(""), 0);
    assert!(mixed("mode = \"reference\"") > 500);
}

#[test]
fn spanbert_fills_its_budget_exactly_and_cuts_words() {
    // ceil(.15 · 510) = 77 = .1510 of the block; about a quarter of the blocks have a word that is masked in part.
    let vocabulary = vocabulary(1000);
    let mut cut = 0.0;
    for (index, example) in examples("span", "mode = \"reference\"", 511).enumerate() {
        assert_eq!(example.positions.len(), 77);
        let words = plain(511, index as u64).words(&vocabulary);
        let partial = |word: &std::ops::Range<usize>| {
            let hidden = word
                .clone()
                .filter(|position| example.positions.binary_search(&(*position as u32)).is_ok())
                .count();
            hidden != 0 && hidden != word.len()
        };
        cut += f64::from(words.iter().any(partial));
    }
    assert!(
        (cut / WINDOWS as f64 - 0.25).abs() < 0.05,
        "share of blocks with a cut word: {}",
        cut / WINDOWS as f64
    );
}

#[test]
fn spanberts_merged_spans_have_its_lengths() {
    // Mean 5.2 tokens; about 1.1 % have no boundary on one side, about 1.3 % are longer than 15.
    let (mut spans, mut tokens, mut long, mut without) = (0.0, 0.0, 0.0, 0.0);
    for example in examples("span", "mode = \"reference\"", 511) {
        let batch = Batch::of(std::slice::from_ref(&example));
        let runs = example.positions.chunk_by(|left, right| left + 1 == *right);
        for run in runs {
            spans += 1.0;
            tokens += run.len() as f64;
            long += f64::from(run.len() > 15);
            without += f64::from(!batch.extra("boundary_left").contains(&(run[0] - 1)));
        }
    }
    // 5.08 over all spans; averaging block by block first gives 5.25.
    assert!((tokens / spans - 5.2_f64).abs() < 0.15, "mean {}", tokens / spans);
    assert!(
        (long / spans - 0.013_f64).abs() < 0.004,
        "longer than 15: {}",
        long / spans
    );
    assert!(
        (without / spans - 0.011_f64).abs() < 0.003,
        "without boundary: {}",
        without / spans
    );
}

#[test]
fn our_spans_stay_under_the_budget_and_close_to_it() {
    // round(.15 · 127) = 19 tokens.
    assert!(examples("span", "", 128).all(|example| example.positions.len() <= 19));
    let realised = mean(examples("span", "", 128).map(|example| count(&example)));
    assert!(realised > 18.9, "{realised} of 19");
    assert!(mean(examples("whole-word", "", 128).map(|example| count(&example))) > 18.99);
}

#[test]
fn a_span_meets_one_fate() {
    for mode in ["corrected", "reference"] {
        for example in examples(
            "span",
            &format!("mode = \"{mode}\"\nreplace = {{ mask = 0.5, random = 0.0 }}"),
            128,
        ) {
            for run in example.positions.chunk_by(|left, right| left + 1 == *right) {
                let masked = run
                    .iter()
                    .filter(|position| example.inputs[**position as usize] == SPECIAL.mask)
                    .count();
                assert!(masked == 0 || masked == run.len());
            }
        }
    }
}

#[test]
fn electra_draws_with_replacement_in_reference_mode_only() {
    // 19 draws of 126 candidates hit 17.69 different positions at L = 128; 77 draws hit 71.5 at L = 512. Windows of cloze
    // have no [SEP] here, so one candidate more: 17.70 and 71.53.
    for (length, draws, unique) in [(128, 19.0, 17.70), (512, 77.0, 71.53)] {
        let reference = || examples("electra", "mode = \"reference\"", length);
        assert!(reference().all(|example| f64::from(example.weights.iter().sum::<f32>()) == draws));
        let realised = mean(reference().map(|example| count(&example)));
        assert!((realised - unique).abs() < 0.12, "L = {length}: {realised}");
    }
    assert!(
        examples("electra", "", 128)
            .all(|example| example.positions.len() == 19 && example.weights.iter().all(|weight| *weight == 1.0))
    );
}

#[test]
fn electra_masks_85_percent_and_puts_in_no_random_token() {
    let (mut masked, mut selected) = (0.0, 0.0);
    for example in examples("electra", "", 128) {
        for position in &example.positions {
            let now = example.inputs[*position as usize];
            assert!(now == SPECIAL.mask || now == example.originals[*position as usize]);
            selected += 1.0;
            masked += f64::from(now == SPECIAL.mask);
        }
    }
    assert!((masked / selected - 0.85_f64).abs() < 0.006);
    // [MASK] on about .119 of the positions in the reference.
    let share = mean(
        examples("electra", "mode = \"reference\"", 128)
            .map(|example| example.inputs.iter().filter(|id| **id == SPECIAL.mask).count() as f64 / 128.0),
    );
    assert!((share - 0.119).abs() < 0.001, "{share}");
}

#[test]
fn a_changing_rate_follows_progress() {
    let objective = configured("mlm", "rate = { from = 0.3, to = 0.15 }");
    let counts = [0.0, 0.5, 1.0].map(|progress| {
        objective
            .corrupt(&plain(201, 0), &vocabulary(1000), progress, Draw::new(1, "oracle"))
            .positions
            .len()
    });
    assert_eq!(counts, [60, 45, 30]);
}
