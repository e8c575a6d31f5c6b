//! Lengths and shares of the published implementation, computed from its rules (`oracle.py`), and counts by hand.

use super::{EDGES, LEFT, OFFSET, RIGHT, TARGET};
use crate::common::training::{SIZE, batch, build, encoder, first_losses, is_a_guess, large, masked_flops, number};
use crate::common::{
    SPECIAL, WINDOWS, any_window, configured, count, examples, hides_whole_words, mean, plain, three_deviations,
    token_budget, vocabulary, window,
};
use crate::{Batch, Model};
use burn::tensor::Tensor;
use cloze_backbone::{Parameter, Parameters, Preset};
use cloze_foundation::Draw;
use cloze_kernels::{Affine, Softmax, reference};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn spanbert_fills_its_budget_exactly_and_cuts_words() {
    // ceil(.15 · 510) = 77 = .1510 of the block; 23.3 % of the blocks have a word that is masked in part.
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
        (cut / WINDOWS as f64 - 0.233).abs() < three_deviations(0.233, WINDOWS as f64) + 0.0005,
        "share of blocks with a cut word: {}",
        cut / WINDOWS as f64
    );
}

#[test]
fn spanberts_merged_spans_have_its_lengths() {
    // Mean 5.08 tokens; 1.22 % have no boundary on one side, 1.27 % are longer than 15.
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
    // Three standard deviations over the 30,000 spans of 2,000 blocks.
    assert!((tokens / spans - 5.08_f64).abs() < 0.08, "mean {}", tokens / spans);
    assert!(
        (long / spans - 0.0127_f64).abs() < 0.002,
        "longer than 15: {}",
        long / spans
    );
    assert!(
        (without / spans - 0.0122_f64).abs() < 0.002,
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

fn parts(model: &Model, batch: &Batch) -> [f64; 2] {
    let parts: BTreeMap<String, Tensor<1>> = model
        .loss(batch, Draw::new(1, "step"), false)
        .parts
        .into_iter()
        .collect();
    ["mlm", "boundary"].map(|part| number(&parts[part]))
}

#[test]
fn the_boundary_loss_is_computed_from_the_states_beside_each_span() {
    let objective = configured("span", "");
    let (model, batch) = (large(build(&*objective, Preset::Bert)).frozen(), batch(&*objective));
    let mut weights: BTreeMap<String, Parameter> = BTreeMap::new();
    model.each_parameter(&mut |path, parameter| _ = weights.insert(path.to_owned(), parameter.clone()));
    let matrix = |path: &str| match &weights[path] {
        Parameter::Matrix(matrix) => matrix.clone(),
        Parameter::Vector(_) => panic!("{path} is a vector"),
    };
    let vector = |path: &str| match &weights[path] {
        Parameter::Vector(vector) => vector.clone(),
        Parameter::Matrix(_) => panic!("{path} is a matrix"),
    };
    // Every position's states, of which those at the boundaries are picked; then the head's layers one after the other.
    let states = model.states_of(&batch, None).pop().unwrap();
    let rows = |column: &str| {
        let rows: Vec<i64> = batch.extra(column).iter().copied().map(i64::from).collect();
        Tensor::<1, burn::tensor::Int>::from_ints(rows.as_slice(), &states.device())
    };
    assert!(batch.extra(TARGET).len() > 4);
    let places = matrix("boundary.places").select(0, rows(OFFSET));
    let sides = [LEFT, RIGHT].map(|column| states.clone().select(0, rows(column)));
    let mut x = Tensor::cat([sides.to_vec(), vec![places]].concat(), 1);
    for layer in ["first", "second"] {
        let at = |part: &str| format!("boundary.{layer}.{part}");
        x = reference::linear(x, Affine::new(matrix(&at("weight")), Some(vector(&at("bias")))));
        let [gain, bias] = ["gain", "bias"].map(|part| vector(&format!("boundary.{layer}_norm.{part}")));
        x = reference::layer_norm(reference::gelu(x), gain, Some(bias), 1e-12);
    }
    let table = Affine::new(matrix("encoder.tokens"), Some(vector("boundary.bias")));
    let ones = Tensor::ones([batch.extra(TARGET).len()], &states.device());
    let sum = reference::vocabulary_cross_entropy(x, table, rows(TARGET), ones, Softmax::default()).sum;
    let expected = number(&sum) / batch.extra(TARGET).len() as f64;
    let [_, found] = parts(&model, &batch);
    assert!((found - expected).abs() < 1e-4 * expected, "{found}, not {expected}");
}

#[test]
fn the_boundary_loss_moves_when_a_boundary_moves() {
    let objective = configured("span", "");
    let (model, batch) = (large(build(&*objective, Preset::Bert)).frozen(), batch(&*objective));
    let [mlm, boundary] = parts(&model, &batch);
    let hidden = |position: &u32| batch.positions.binary_search(position).is_ok();
    let mut moved = 0;
    for row in 0..batch.extra(TARGET).len() {
        for side in [LEFT, RIGHT] {
            let old = batch.extra(side)[row];
            let other = (0..batch.inputs.len() as u32)
                .find(|position| *position != old && !hidden(position))
                .unwrap();
            let mut changed = batch.clone();
            changed.extra.get_mut(side).unwrap()[row] = other;
            changed.extra.get_mut(EDGES).unwrap().push(other);
            let [same, different] = parts(&model, &changed);
            assert!((same - mlm).abs() < 1e-5, "the other loss reads no boundary");
            assert!(
                (different - boundary).abs() > 1e-5,
                "row {row} does not read {side}: {different}"
            );
            moved += 1;
        }
    }
    assert!(moved > 8);
}

#[test]
fn options_that_make_no_difference_are_written_alike() {
    let options = |text: &str| configured("span", text).options();
    assert_eq!(
        options("boundary_weight = 0\nboundary_tokens = 3"),
        options("boundary_weight = 0")
    );
    assert_eq!(options("span_stop = 1.0\nspan_words = 7"), options("span_words = 1"));
    assert_eq!(options("span_stop = 0.5\nspan_words = 1"), options("span_words = 1"));
    assert_ne!(options("boundary_tokens = 3"), options(""));
    // And so they are one law.
    let lengths = |text: &str| {
        examples("span", text, 64)
            .map(|example| example.positions)
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths("span_stop = 1.0"), lengths("span_words = 1"));
}

#[test]
fn ltgs_published_code_predicts_what_it_has_replaced() {
    // 6.2 % of the labels at 126 tokens are no original tokens; .151 of the tokens are predicted.
    let (mut changed, mut total) = (0.0, 0.0);
    for example in examples("span", "law = \"ltg\"\nmode = \"reference\"\nboundary_weight = 0", 127) {
        let original = |position: &u32| example.originals[*position as usize];
        let labels = example.positions.iter().map(original).zip(&example.targets);
        changed += labels.filter(|(original, label)| original != *label).count() as f64;
        total += count(&example);
    }
    assert!((changed / total - 0.062).abs() < 0.005, "{}", changed / total);
    assert!((total / (126.0 * WINDOWS as f64) - 0.151).abs() < 0.0025, "{total}");
    // And ours what was there; the rate is that of the coins.
    let mut total = 0.0;
    for example in examples("span", "law = \"ltg\"", 127) {
        let original = |position: &u32| example.originals[*position as usize];
        assert!(
            example
                .positions
                .iter()
                .map(original)
                .eq(example.targets.iter().copied())
        );
        total += count(&example);
    }
    assert!((total / (126.0 * WINDOWS as f64) - 0.15).abs() < 0.0022, "{total}");
}

#[test]
fn t5s_spans_are_as_many_as_its_mean_says() {
    // round(.15 · 126) = 19 tokens in round(19 / 3) = 6 spans; with a mean of 8 in 2.
    for (mean, spans) in [(3.0, 6), (8.0, 2)] {
        for example in examples(
            "span",
            &format!("law = \"t5\"\nmode = \"reference\"\nboundary_weight = 0\nspan_mean = {mean:?}"),
            127,
        ) {
            let runs = example.positions.chunk_by(|left, right| left + 1 == *right);
            assert_eq!((example.positions.len(), runs.count()), (19, spans));
            assert!(example.positions[0] > 1 && example.positions.last() == Some(&126));
        }
    }
    // Rolled, a span may be cut by the end of the text.
    let found: Vec<usize> = examples("span", "law = \"t5\"", 127)
        .map(|example| example.positions.chunk_by(|left, right| left + 1 == *right).count())
        .collect();
    assert!(found.iter().all(|spans| [6, 7].contains(spans)) && found.contains(&7));
}

#[test]
fn spans_of_tokens_need_no_words_and_meet_one_fate() {
    for law in ["ltg", "t5"] {
        let options = format!("law = \"{law}\"\nreplace = {{ mask = 0.5, random = 0 }}");
        assert!(!configured("span", &options).reads_words() && configured("span", "").reads_words());
        let (mut runs_of, mut mixed) = (0, 0);
        for example in examples("span", &options, 127) {
            for run in example.positions.chunk_by(|left, right| left + 1 == *right) {
                let is_masked = |position: &&u32| example.inputs[**position as usize] == SPECIAL.mask;
                let masked = run.iter().filter(is_masked).count();
                runs_of += 1;
                mixed += usize::from(masked != 0 && masked != run.len());
            }
        }
        // Two of LTG's spans may touch, and each has a fate.
        assert!(
            if law == "t5" {
                mixed == 0
            } else {
                mixed * 5 < runs_of && mixed > 0
            },
            "{law}: {mixed} of {runs_of}"
        );
    }
}

proptest! {
    #[test]
    fn no_law_hides_a_special_token(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, mean in 1.0..20.0f64) {
        let vocabulary = vocabulary(SIZE);
        for law in ["law = \"ltg\"\nboundary_weight = 0".to_owned(), format!("law = \"t5\"\nboundary_weight = 0\nspan_mean = {mean:?}")] {
            for mode in ["corrected", "reference"] {
                let objective = configured("span", &format!("{law}\nmode = \"{mode}\"\nrate = {rate}"));
                let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
                let allowed = |id: u32| !vocabulary.is_special(id) || (mode == "reference" && id == SPECIAL.unknown);
                prop_assert!(example.positions.iter().all(|position| allowed(window.ids[*position as usize])));
                // Whatever is hidden has a loss, boundaries included.
                let batch = Batch::of(&[example]);
                let hidden = |position: &u32| batch.positions.binary_search(position).is_ok();
                prop_assert!(!batch.extra(EDGES).iter().any(hidden));
            }
        }
    }
}

#[test]
fn options_of_another_law_are_refused() {
    for (options, place) in [
        ("law = \"ltg\"\nmode = \"reference\"", "boundary_weight"),
        ("law = \"ltg\"\nspan_stop = 0.3", "span_stop"),
        ("law = \"t5\"\nspan_words = 3", "span_words"),
        ("span_mean = 4", "span_mean"),
        ("law = \"t5\"\nspan_mean = 0.5", "span_mean"),
        ("law = \"t6\"", "law"),
    ] {
        let fault = crate::configure("span", &options.parse().unwrap()).err().unwrap();
        assert_eq!(fault.place().as_deref(), Some(place), "{fault}");
    }
    assert!(crate::configure("span", &"law = \"ltg\"\nspan_mean = 3".parse().unwrap()).is_ok());
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
