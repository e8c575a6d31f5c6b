//! XLNet's spans by its rule (`oracle.py`), who sees whom in both streams, and counts by hand.

use super::select::Spans;
use crate::common::training::{LENGTH, SIZE, build, encoder, first_losses, is_a_guess, noticed};
use crate::common::{
    SPECIAL, any_window, configured, count, examples, hides_whole_words, mean, plain, token_budget, vocabulary,
};
use crate::{Batch, Example};
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::Window;
use cloze_foundation::Draw;
use cloze_kernels::{Ranks, Visibility};
use proptest::prelude::*;

#[test]
fn span_lengths_follow_the_harmonic_law_and_contexts_are_six_times_as_long() {
    // 1/n over 1 + 1/2 + .. + 1/5.
    const EXPECTED: [f64; 5] = [0.4380, 0.2190, 0.1460, 0.1095, 0.0876];
    let law = Spans {
        rate: 0.166,
        longest: 5,
    };
    let mut stream = Draw::new(11, "spans").stream();
    let (draws, mut counts, mut places) = (200_000, [0.0; 5], 0.0);
    for _ in 0..draws {
        let (length, context, before) = law.draw(usize::MAX, &mut stream);
        assert_eq!(context, 6 * length);
        assert!(before < context);
        counts[length - 1] += 1.0;
        places += (before as f64 + 0.5) / context as f64;
    }
    // Three standard deviations of a share of 0.44 are 0.0033.
    for (count, expected) in counts.iter().zip(EXPECTED) {
        assert!((count / f64::from(draws) - expected).abs() < 0.0034, "{counts:?}");
    }
    // What stands before a span is uniform over its context: three deviations of the mean are 0.0019.
    assert!((places / f64::from(draws) - 0.5).abs() < 0.0019);
    assert!((0..100).all(|_| law.draw(2, &mut stream).0 <= 2));
}

#[test]
fn xlnets_spans_are_pieces_and_cut_words() {
    let vocabulary = vocabulary(1000);
    let (mut targets, mut means, mut cut) = (0.0, 0.0, 0.0);
    for (index, example) in examples("permutation", "mode = \"reference\"", 512).enumerate() {
        // 85 are drawn, and [CLS] is dropped where it is one of them.
        assert!((84..=85).contains(&example.positions.len()));
        targets += count(&example);
        means += count(&example) / example.positions.chunk_by(|left, right| left + 1 == *right).count() as f64;
        let words = plain(512, index as u64).words(&vocabulary);
        let predicted = |word: std::ops::Range<usize>| {
            let is_predicted = |position: &usize| example.positions.binary_search(&(*position as u32)).is_ok();
            (word.clone().filter(is_predicted).count(), word.len())
        };
        let touched: Vec<(usize, usize)> = words.into_iter().map(predicted).filter(|(some, _)| *some > 0).collect();
        cut += touched.iter().filter(|(some, all)| some < all).count() as f64 / touched.len() as f64;
    }
    let windows = crate::common::WINDOWS as f64;
    let deviations = |deviation: f64| 3.0 * deviation / windows.sqrt();
    for (name, sum, expected, deviation) in [
        ("targets", targets, 84.862, 0.345),
        ("mean run", means, 1.9495, 0.165),
        ("words cut", cut, 0.1272, 0.0369),
    ] {
        let found = sum / windows;
        assert!((found - expected).abs() < deviations(deviation), "{name}: {found}");
    }
}

#[test]
fn our_spans_are_words_and_fill_the_budget() {
    // round(.166 · 511) = 85.
    let vocabulary = vocabulary(1000);
    for (index, example) in examples("permutation", "", 512).enumerate() {
        assert!(hides_whole_words(&plain(512, index as u64), &example, &vocabulary));
        assert!(example.positions.len() <= 85);
    }
    let realised = mean(examples("permutation", "", 512).map(|example| count(&example)));
    assert!(realised > 84.9, "{realised} of 85");
    // Not all of them alone: spans are longer than XLNet's, whose ends are cut.
    let run =
        mean(examples("permutation", "", 512).map(|example| {
            count(&example) / example.positions.chunk_by(|left, right| left + 1 == *right).count() as f64
        }));
    assert!(run > 2.0, "{run}");
}

#[test]
fn our_spans_are_as_dense_in_every_tenth_of_a_window() {
    for length in [64, 512] {
        let mut tenths = [(0.0, 0.0); 10];
        for (index, example) in examples("permutation", "", length).enumerate() {
            let window = plain(length, index as u64);
            for position in window.candidates(&vocabulary(1000)) {
                let (of, found) = &mut tenths[position as usize * 10 / length];
                *of += 1.0;
                *found += f64::from(u8::from(example.positions.contains(&position)));
            }
        }
        // Spans are drawn together, so that a tenth varies more than its tokens would.
        let shares = tenths.map(|(of, found)| found / of);
        assert!(
            shares.iter().all(|share| (share - 0.166).abs() < 0.02),
            "{length}: {shares:?}"
        );
    }
}

/// The ranks of an example, read from what it lets be seen: how many keys each position sees beyond those that all see.
fn ranks(example: &Example) -> Vec<usize> {
    let Visibility::Ranked(ranks) = &example.visibility else {
        panic!("no ranks")
    };
    let length = example.inputs.len();
    let free = *ranks.seen(length).iter().min().unwrap();
    ranks.seen(length).into_iter().map(|seen| seen - free).collect()
}

#[test]
fn every_order_is_as_likely_as_any_other_and_in_reference_special_tokens_are_part_of_it() {
    let ids = vec![SPECIAL.start, 7, 8, 9, SPECIAL.end, 10, 11, SPECIAL.end];
    let window = Window::new(ids, vec![true; 8]);
    for (mode, ordered) in [("corrected", 2), ("reference", 5)] {
        let objective = configured("permutation", &format!("mode = \"{mode}\"\nrate = 0.3\nspan_words = 1"));
        let (mut first, mut last, mut earlier, mut complete) = (0.0, 0.0, 0.0, 0.0);
        for index in 0..6000 {
            let example = objective.corrupt(&window, &vocabulary(60), 0.0, Draw::new(1, "order").example(index));
            assert_eq!(example.inputs, window.ids);
            let ranks = ranks(&example);
            let special = [ranks[0], ranks[4], ranks[7]];
            if mode == "corrected" {
                assert_eq!(special, [0; 3]);
                assert_eq!(example.positions.len(), 2);
            } else {
                assert!(special.iter().all(|rank| *rank > 0));
            }
            // All that is not predicted is seen by all.
            for position in [1, 2, 3, 5, 6] {
                assert_eq!(ranks[position] > 0, example.positions.contains(&(position as u32)));
            }
            if example.positions.len() == 2 {
                let [left, right] = [0, 1].map(|place| ranks[example.positions[place] as usize]);
                complete += 1.0;
                first += f64::from(left == 1);
                last += f64::from(right == ordered);
                earlier += f64::from(left < right);
            }
        }
        // At least 2,000 of them: three standard deviations of a half are 0.034.
        assert!(complete > 2000.0, "{complete}");
        for (share, expected) in [
            (first / complete, 1.0 / ordered as f64),
            (last / complete, 1.0 / ordered as f64),
            (earlier / complete, 0.5),
        ] {
            assert!((share - expected).abs() < 0.034, "{mode}: {share}, not {expected}");
        }
    }
}

/// Both streams: a prediction notices what is not predicted and what is before it in the order, by whatever way, and nothing
/// else; not the token that stands in its own place.
#[test]
fn a_prediction_notices_what_is_before_it_in_the_order_and_nothing_else() {
    let ids: Vec<u32> = std::iter::once(SPECIAL.start)
        .chain((1..LENGTH as u32 - 1).map(|place| 5 + place * 7 % 50))
        .chain([SPECIAL.end])
        .collect();
    let window = Window::new(ids, vec![true; LENGTH]);
    for mode in ["corrected", "reference"] {
        let objective = configured("permutation", &format!("mode = \"{mode}\"\nrate = 0.3"));
        for preset in [Preset::Bert, Preset::Modern] {
            for index in 0..3 {
                let draw = Draw::new(2, "corruption").example(index);
                let example = objective.corrupt(&window, &vocabulary(SIZE), 0.0, draw);
                let ranks = ranks(&example);
                let mut hidden = 0;
                for (read, noticed) in noticed(&*objective, &example, preset).into_iter().enumerate() {
                    for (at, noticed) in example.positions.iter().zip(noticed) {
                        let may = ranks[read] < ranks[*at as usize];
                        hidden += usize::from(!may);
                        assert_eq!(noticed, may, "{mode}, {preset:?}: {at} of {read}, {ranks:?}");
                    }
                }
                // Itself and those behind it, for each.
                assert!(hidden >= example.positions.len() * (example.positions.len() + 1) / 2);
            }
        }
    }
}

/// A masked question is one in which the masked tokens are predicted from all the others and from none of the masks.
#[test]
fn a_masked_question_does_not_read_its_masks() {
    let model = build(&*configured("permutation", ""), Preset::Modern).frozen();
    let question = |mask: u32| {
        let mut example = Example::reading(&[SPECIAL.start, 7, mask, 9, mask, 11, 12, SPECIAL.end]);
        (example.positions, example.targets, example.weights) = (vec![2, 4], vec![8, 10], vec![1.0; 2]);
        Batch::of(&[example.clone(), example])
    };
    let bits = |batch: &Batch| {
        let losses = model.masked_losses(batch).unwrap();
        losses.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(&question(SPECIAL.mask)), bits(&question(20)));
    assert_eq!(
        model.masked_guesses(&question(SPECIAL.mask)),
        model.masked_guesses(&question(20))
    );
}

#[test]
fn scores_ask_what_they_say() {
    let (sentence, vocabulary) = ([SPECIAL.start, 10, SPECIAL.unknown, 11, SPECIAL.end], vocabulary(SIZE));
    let sees = |example: &Example, query: usize| -> Vec<usize> {
        let law = example.visibility.strict(5);
        (0..5).filter(|key| law.sees(5, query, *key)).collect()
    };
    let asked = super::in_the_order_of_the_text(&sentence.to_vec().into(), &vocabulary);
    let [chain] = <[Example; 1]>::try_from(asked).unwrap();
    assert_eq!((&chain.positions, &chain.targets), (&vec![1, 3], &vec![10, 11]));
    assert_eq!((sees(&chain, 1), sees(&chain, 3)), (vec![0], vec![0, 1, 2]));
    let alone = super::each_alone(&sentence.to_vec().into(), &vocabulary);
    assert_eq!(alone.len(), 2);
    assert_eq!(
        (sees(&alone[0], 1), sees(&alone[1], 3)),
        (vec![0, 2, 3, 4], vec![0, 1, 2, 4])
    );
    assert!(alone.iter().chain([&chain]).all(|example| example.inputs == sentence));
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("permutation", &format!("mode = \"{mode}\"")));
        assert!(
            losses.len() == 1 && is_a_guess(losses["permutation"], SIZE, 0.15),
            "{losses:?}"
        );
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("permutation", "");
    // Six positions, of which 1 and 4 are predicted, 4 first: the content sees 4 · 4 + 6 + 5 keys, the queries 5 and 4.
    let example = Example {
        visibility: Ranks::new(vec![0, 2, 0, 0, 1, 0]).into(),
        positions: vec![1, 4],
        targets: vec![7, 8],
        weights: vec![1.0; 2],
        ..Example::reading(&[SPECIAL.start, 7, 9, 10, 8, SPECIAL.end])
    };
    let sizes = Batch::of(&[example]).sizes();
    let config = encoder(Preset::Bert);
    let dense = |rows: usize| rows * (32 * 32 + 2 * 32 * config.feed_forward);
    // The content's queries, keys and values; of the queries their own projection, scores and values, and the rest.
    let last = 6 * 32 * 96 + 2 * 32 * 32 + 2 * (5 + 4) * 32 + dense(2);
    let head = 2 * 32 * (32 + SIZE);
    assert_eq!(objective.flops(&config, SIZE, &sizes), (3 * 2 * (last + head)) as f64);
    let two = EncoderConfig {
        layers: 2,
        ..config.clone()
    };
    let first = last + 2 * (4 * 4 + 6 + 5) * 32 + dense(6);
    assert_eq!(
        objective.flops(&two, SIZE, &sizes),
        (3 * 2 * (last + head + first)) as f64
    );
}

proptest! {
    #[test]
    fn whole_words_within_the_budget_are_predicted(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, longest in 1usize..9) {
        let vocabulary = vocabulary(SIZE);
        let options = format!("rate = {rate}\nspan_words = {longest}");
        let example = configured("permutation", &options).corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        let (budget, shortest) = token_budget(&window, rate, &vocabulary);
        prop_assert!(example.positions.len() <= budget.max(shortest));
        prop_assert!(hides_whole_words(&window, &example, &vocabulary));
        // No word that is left would fit.
        let left = budget.saturating_sub(example.positions.len());
        for word in window.words(&vocabulary) {
            prop_assert!(example.positions.contains(&(word.start as u32)) || word.len() > left);
        }
    }

    #[test]
    fn xlnets_budget_is_of_all_positions(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let options = format!("mode = \"reference\"\nrate = {rate}");
        let example = configured("permutation", &options).corrupt(&window, &vocabulary(SIZE), 0.0, Draw::new(seed, "corruption"));
        let functional = window.ids.iter().filter(|id| [SPECIAL.start, SPECIAL.end].contains(id)).count();
        let budget = crate::laws::budget(rate, window.ids.len());
        prop_assert!((budget.saturating_sub(functional)..=budget).contains(&example.positions.len()));
    }
}
