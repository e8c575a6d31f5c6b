//! What is hidden, from where it is predicted, GPT-BERT's rates (`oracle.py`), and counts by hand.

use crate::common::training::{LENGTH, SIZE, batch, build, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{SPECIAL, assert_shares, configured, count, examples, mean, plain, vocabulary};
use crate::laws::tiles;
use crate::{Batch, Example};
use cloze_backbone::Preset;
use cloze_foundation::Draw;

#[test]
fn what_is_hidden_is_predicted_one_position_before() {
    for mode in ["corrected", "reference"] {
        for example in examples(
            "mntp",
            &format!("mode = \"{mode}\"\nreplace = {{ mask = 1.0, random = 0.0 }}"),
            64,
        ) {
            for (position, target) in example.positions.iter().zip(&example.targets) {
                assert_eq!(example.inputs[*position as usize + 1], SPECIAL.mask);
                assert_eq!(example.originals[*position as usize + 1], *target);
            }
            let masked = example.inputs.iter().filter(|id| **id == SPECIAL.mask).count();
            assert_eq!(masked, example.positions.len());
        }
    }
}

#[test]
fn the_token_budget_is_filled_exactly() {
    // round(.15 · 127) = 19 of the tokens behind [CLS].
    assert!(examples("mntp", "", 128).all(|example| example.positions.len() == 19));
    assert!(examples("mntp", "rate = 0.5", 14).all(|example| example.positions.len() == 7));
}

#[test]
fn gpt_berts_last_span_comes_whole() {
    for (rate, expected, deviation) in [(0.15, 0.1553, 0.0064), (0.3, 0.3053, 0.0067)] {
        let options = format!("mode = \"reference\"\nrate = {rate}");
        let realised = mean(examples("mntp", &options, 127).map(|example| count(&example) / 126.0));
        // Three standard deviations of the mean of 2,000 windows.
        assert!(
            (realised - expected).abs() < 3.0 * deviation / 2000f64.sqrt() + 1e-4,
            "{rate}: {realised}"
        );
        let by_law = configured("mntp", &options).expected(&plain(127, 1), &vocabulary(1000), 0.0);
        assert!((by_law.unwrap() / 126.0 - expected).abs() < 1e-4);
    }
}

#[test]
fn gpt_berts_tiles_have_one_to_three_tokens_and_cover_everything_once() {
    let mut counts = [0.0; 3];
    for index in 0..20 {
        let tiles = tiles(12_600, 3, &mut Draw::new(1, "tiles").example(index).stream());
        assert!(tiles.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((tiles[0].start, tiles[tiles.len() - 1].end), (0, 12_600));
        // But for the last, which ends where the window does.
        tiles[..tiles.len() - 1]
            .iter()
            .for_each(|tile| counts[tile.len() - 1] += 1.0);
    }
    let all: f64 = counts.iter().sum();
    // One tile in six thousand is cut by the end.
    assert_shares(&counts.map(|count| count / all), &[1.0 / 3.0; 3], all, 2e-4);
}

#[test]
fn a_span_meets_one_fate_in_reference_and_a_token_its_own_in_corrected() {
    let mixed = |mode: &str| {
        let options = format!("mode = \"{mode}\"\nreplace = {{ mask = 0.5, random = 0.0 }}");
        let (mut pairs, mut apart) = (0.0, 0.0);
        for example in examples("mntp", &options, 128) {
            for pair in example.positions.windows(2).filter(|pair| pair[0] + 1 == pair[1]) {
                let masked = |position: u32| example.inputs[position as usize + 1] == SPECIAL.mask;
                pairs += 1.0;
                apart += f64::from(masked(pair[0]) != masked(pair[1]));
            }
        }
        apart / pairs
    };
    // Neighbours of one span agree; those of two spans side by side, and single tokens, every other time.
    let (corrected, reference) = (mixed("corrected"), mixed("reference"));
    assert!((corrected - 0.5).abs() < 0.03, "{corrected}");
    assert!(reference > 0.02 && reference < 0.2, "{reference}");
}

#[test]
fn masked_kept_and_random_tokens_have_their_shares_and_no_random_one_is_special() {
    for mode in ["corrected", "reference"] {
        let (mut masked, mut changed, mut selected) = (0.0, 0.0, 0.0);
        for example in examples("mntp", &format!("mode = \"{mode}\""), 128) {
            for position in &example.positions {
                let place = *position as usize + 1;
                let (now, before) = (example.inputs[place], example.originals[place]);
                selected += 1.0;
                masked += f64::from(now == SPECIAL.mask);
                changed += f64::from(now != SPECIAL.mask && now != before);
                assert!(now > 4 || now == SPECIAL.mask);
            }
        }
        // 38,000 draws in `corrected`, 20,000 of spans in `reference`: three standard deviations are at most 0.0085.
        assert!(
            (masked / selected - 0.8_f64).abs() < 0.0085,
            "{mode}: {}",
            masked / selected
        );
        assert!(
            (changed / selected - 0.1_f64).abs() < 0.0085,
            "{mode}: {}",
            changed / selected
        );
    }
}

/// A masked question names the masked token; the model answers from the position before it, and only from there.
#[test]
fn a_masked_question_is_answered_from_the_position_before() {
    let model = build(&*configured("mntp", ""), Preset::Modern).frozen();
    let question = |position: u32| {
        let mut example = Example::reading(&[SPECIAL.start, 7, SPECIAL.mask, 9, SPECIAL.end, 11, 12, 13]);
        (example.positions, example.targets, example.weights) = (vec![position], vec![8], vec![1.0]);
        example
    };
    let masked = Batch::of(&[question(0), question(1), question(2)]);
    let answers = model.masked_losses(&masked).unwrap();
    // The score asks at the place itself.
    let rule = &model.rules()[0];
    let asked = (rule.how)(
        &vec![SPECIAL.start, 7, 8, 9, SPECIAL.end, 11, 12, 13].into(),
        &vocabulary(SIZE),
    );
    assert_eq!((asked[1].positions[0], asked[1].inputs[2]), (1, SPECIAL.mask));
    let there = Batch::of(&[question(0), question(0), question(1)]);
    let loss = |batch: &Batch| {
        let loss = model.loss(batch, Draw::new(1, "step"), false).total;
        f64::from(loss.into_scalar::<f32>())
    };
    let mean = f64::from(answers.iter().sum::<f32>()) / 3.0;
    assert!((mean - loss(&there)).abs() < 1e-6, "{mean} {}", loss(&there));
    assert!((mean - loss(&masked)).abs() > 1e-4, "the place makes no difference");
    assert_eq!(model.masked_guesses(&masked).unwrap().len(), 3);
}

/// Tokens that are masked are not in what the model reads.
#[test]
fn a_hidden_token_is_seen_by_nobody() {
    let objective = configured("mntp", "replace = { mask = 1.0, random = 0.0 }");
    let (window, vocabulary, draw) = (plain(LENGTH, 1), vocabulary(1000), Draw::new(1, "corruption"));
    let example = objective.corrupt(&window, &vocabulary, 0.0, draw);
    let mut other = window.clone();
    for position in &example.positions {
        other.ids[*position as usize + 1] = 5 + (window.ids[*position as usize + 1] + 3) % 900;
    }
    let changed = objective.corrupt(&other, &vocabulary, 0.0, draw);
    assert_eq!(changed.inputs, example.inputs);
    assert_ne!(changed.targets, example.targets);
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("mntp", &format!("mode = \"{mode}\"")));
        assert!(
            losses.len() == 1 && is_a_guess(losses["mntp"], SIZE, 0.15),
            "{losses:?}"
        );
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("mntp", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
