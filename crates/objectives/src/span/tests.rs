//! Lengths and shares of the published implementation, computed from its rules (simulation), and counts by hand.

use super::{EDGES, TARGET};
use crate::Batch;
use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{
    SPECIAL, WINDOWS, any_window, configured, count, examples, hides_whole_words, mean, plain, token_budget,
    vocabulary, window,
};
use cloze_backbone::Preset;
use cloze_foundation::Draw;
use proptest::prelude::*;

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
fn boundaries_lie_outside_their_span_and_are_visible() {
    let vocabulary = vocabulary(1000);
    for mode in ["corrected", "reference"] {
        let objective = configured("span", &format!("mode = \"{mode}\""));
        let mut rows = 0;
        for index in 0..50 {
            let window = window(128, 30.0, 5.0, 1000, &mut Draw::new(1, "text").example(index).stream());
            let batch =
                Batch::of(&[objective.corrupt(&window, &vocabulary, 0.0, Draw::new(1, "corruption").example(index))]);
            let hidden = |position: u32| batch.positions.binary_search(&position).is_ok();
            let columns =
                ["boundary_left", "boundary_right", "boundary_offset", "boundary_target"].map(|name| batch.extra(name));
            for row in 0..columns[0].len() {
                let [left, right, offset, target] = columns.map(|column| column[row]);
                assert!(!hidden(left) && !hidden(right) && (left + 1..right).all(hidden));
                assert_eq!(batch.originals[(left + 1 + offset) as usize], target);
                assert!(left + 1 + offset < right && offset < 15);
                let text = |position: u32| ![SPECIAL.start, SPECIAL.end].contains(&batch.originals[position as usize]);
                assert!(mode == "corrected" || (text(left) && text(right)));
                rows += 1;
            }
        }
        assert!(rows > 500, "{rows} boundary predictions");
    }
}

proptest! {
    #[test]
    fn words_are_hidden_whole_and_within_the_budget(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let vocabulary = vocabulary(SIZE);
        let objective = configured("span", &format!("rate = {rate}"));
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert!(hides_whole_words(&window, &example, &vocabulary));
        let (most, shortest) = token_budget(&window, rate, &vocabulary);
        prop_assert!(example.positions.len() <= most.max(shortest));
    }
}

#[test]
fn at_first_both_losses_are_those_of_a_guess() {
    // Reference mode adds 1 to the 20 or so boundary predictions.
    for (mode, tolerance) in [("corrected", 0.15), ("reference", 0.4)] {
        let losses = first_losses(&*configured("span", &format!("mode = \"{mode}\"")));
        assert!(is_a_guess(losses["mlm"], SIZE, 0.15), "{mode}: {losses:?}");
        assert!(is_a_guess(losses["boundary"], SIZE, tolerance), "{mode}: {losses:?}");
    }
}

#[test]
fn without_its_weight_there_is_no_boundary_objective() {
    let objective = configured("span", "boundary_weight = 0");
    assert!(batch(&*objective).extra(TARGET).is_empty());
    assert_eq!(first_losses(&*objective).into_keys().collect::<Vec<_>>(), ["mlm"]);
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("span", "");
    let sizes = batch(&*objective).sizes();
    let (pairs, rows) = (sizes.extra[TARGET], sizes.predicted + sizes.extra[EDGES]);
    // Place embedding ceil(32 · 200 / 768) = 9 wide.
    let boundary = 3.0 * 2.0 * (pairs * 32 * (2 * 32 + 9 + 32 + SIZE)) as f64;
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, rows, sizes.predicted) + boundary);
}
