//! What is hidden of names made by hand, and counts by hand.

use crate::Example;
use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{SPECIAL, WINDOWS, any_window, configured, hides_whole_words, plain, token_budget, vocabulary};
use cloze_backbone::Preset;
use cloze_corpus::annotations::ENTITIES;
use cloze_corpus::ngrams::token;
use cloze_corpus::{Statistics, Window};
use cloze_foundation::Draw;
use proptest::prelude::*;
use std::ops::Range;

/// 126 words of one piece; every sixth begins an entity of three.
fn window() -> (Window, Vec<Range<usize>>) {
    let entities: Vec<Range<usize>> = (0..20).map(|index| 1 + 6 * index..4 + 6 * index).collect();
    let ids = [vec![SPECIAL.start], (10..136).collect()].concat();
    let window = Window::new(ids, vec![true; 127]);
    (window.with_spans(ENTITIES, entities.clone()).unwrap(), entities)
}

fn examples(options: &str) -> impl Iterator<Item = Example> + use<> {
    let (objective, (window, _)) = (configured("entity", options), window());
    (0..WINDOWS)
        .map(move |index| objective.corrupt(&window, &vocabulary(1000), 0.0, Draw::new(4, "oracle").example(index)))
}

fn hidden(example: &Example, range: Range<usize>) -> usize {
    range
        .filter(|place| example.positions.binary_search(&(*place as u32)).is_ok())
        .count()
}

#[test]
fn every_entity_is_hidden_whole_with_one_fate_as_often_as_a_word() {
    let (_, entities) = window();
    let (mut entity_times, mut word_times) = (0.0, 0.0);
    for example in examples("replace = { mask = 0.5, random = 0 }") {
        // 20 entities of 3 tokens, 66 words: round(.15 · 126).
        assert_eq!(example.positions.len(), 19);
        for entity in &entities {
            let masked = entity
                .clone()
                .filter(|place| example.inputs[*place] == SPECIAL.mask)
                .count();
            assert!([0, 3].contains(&hidden(&example, entity.clone())) && [0, 3].contains(&masked));
            entity_times += f64::from(hidden(&example, entity.clone()) == 3) / (20.0 * WINDOWS as f64);
        }
        let in_entities: usize = entities.iter().map(|entity| hidden(&example, entity.clone())).sum();
        word_times += (19 - in_entities) as f64 / (66.0 * WINDOWS as f64);
    }
    // As in whole-word masking, what is longer fits a little less often at the end.
    assert!(
        entity_times < word_times && entity_times > 0.8 * word_times,
        "{entity_times} {word_times}"
    );
}

#[test]
fn ernie_throws_a_coin_for_each_unit_and_draws_for_each_token() {
    let (_, entities) = window();
    let (mut times, mut words, mut mixed) = (0.0, 0.0, 0);
    for example in examples("mode = \"reference\"") {
        let mut in_entities = 0;
        for entity in &entities {
            let found = hidden(&example, entity.clone());
            let masked = entity
                .clone()
                .filter(|place| example.inputs[*place] == SPECIAL.mask)
                .count();
            mixed += usize::from(found == 3 && masked != 0 && masked != 3);
            in_entities += found;
            times += f64::from(found == 3);
        }
        words += (example.positions.len() - in_entities) as f64;
    }
    // Coins of .15: three standard deviations over 40,000 entities are .0054, over 132,000 words .003.
    let [times, words] = [times / (20.0 * WINDOWS as f64), words / (66.0 * WINDOWS as f64)];
    assert!(
        (times - 0.15).abs() < 0.0054 && (words - 0.15).abs() < 0.003,
        "{times} {words}"
    );
    // 1 - .8³ - .2³ of the 6,000 hidden entities are part [MASK], part something else.
    let share = mixed as f64 / (times * 20.0 * WINDOWS as f64);
    assert!((share - 0.48).abs() < 0.02, "{share}");
}

#[test]
fn entities_are_chosen_rather_than_spans_as_often_as_is_said() {
    let (_, entities) = window();
    let in_entities = |options: &str| {
        let share = |example: Example| {
            let inside: usize = entities.iter().map(|entity| hidden(&example, entity.clone())).sum();
            inside as f64 / example.positions.len() as f64
        };
        examples(options).map(share).sum::<f64>() / WINDOWS as f64
    };
    // Nearly half of the text is entities: so much of a random span is.
    let (none, half) = (in_entities("entities = 0.0"), in_entities("entities = 0.5"));
    assert!((none - 60.0 / 126.0).abs() < 0.03, "{none}");
    assert!(half > none + 0.15 && half < 0.9, "{half}");
    assert_eq!(in_entities("entities = 1.0"), 1.0);
    // Whole entities only: 18 of the 19 tokens that are asked for.
    assert!(examples("entities = 1.0").all(|example| example.positions.len() == 18));
    assert!(examples("entities = 0.5").all(|example| example.positions.len() == 19));
}

#[test]
fn a_window_without_an_entity_has_no_salient_span() {
    let plain = plain(127, 1);
    let corrupt =
        |options: &str| configured("entity", options).corrupt(&plain, &vocabulary(1000), 0.0, Draw::new(1, "x"));
    assert!(corrupt("entities = 1.0").positions.is_empty());
    assert_eq!(corrupt("entities = 0.5").positions.len(), 19);
    // And none is expected: the audit of an arm holds what it predicts against this.
    let expected = |options: &str, window: &Window| {
        configured("entity", options)
            .expected(window, &vocabulary(1000), 0.0)
            .unwrap()
    };
    assert_eq!(expected("entities = 1.0", &plain), 0.0);
    assert_eq!(expected("entities = 1.0\nrate = 0.9", &window().0), 60.0);
    assert!((expected("", &plain) - 0.15 * 126.0).abs() < 1e-9);
}

#[test]
fn names_that_are_known_are_entities_and_no_entities_are_refused() {
    let mut objective = configured("entity", "entities = 1.0\nrate = 0.5");
    let name = vec![token(7, true), token(8, false)];
    objective.prepare(&Statistics::from_names(vec![name])).unwrap();
    // "9 78 6 78": the second one is of one piece only.
    let window = Window::new(
        vec![2, 9, 7, 8, 6, 7, 6],
        vec![true, true, true, false, true, true, true],
    );
    let example = objective.corrupt(&window, &vocabulary(SIZE), 0.0, Draw::new(1, "x"));
    assert_eq!(example.positions, [2, 3]);
    let fault = objective.prepare(&Statistics::from_names(Vec::new())).unwrap_err();
    assert!(
        fault.what.contains("entities") && fault.remedy.is_some() && fault.exit_status() == 2,
        "{fault}"
    );
    assert!(objective.prepare(&Statistics::default()).is_err());
}

#[test]
fn spanberts_last_entity_is_cut_where_the_budget_ends() {
    let (_, entities) = window();
    // ceil(.15 · 126) = 19 tokens: six entities of three, and one of another.
    let mut cut = 0;
    for example in examples("mode = \"reference\"\nentities = 1.0") {
        assert_eq!(example.positions.len(), 19);
        let found = |entity: &Range<usize>| hidden(&example, entity.clone());
        assert_eq!(entities.iter().map(found).sum::<usize>(), 19);
        cut += entities.iter().filter(|entity| [1, 2].contains(&found(entity))).count();
    }
    assert_eq!(cut, WINDOWS as usize);
    assert!(examples("mode = \"reference\"\nentities = 0.5").all(|example| example.positions.len() == 19));
}

proptest! {
    #[test]
    fn units_are_whole_words_within_the_budget(
        window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, starts in prop::collection::btree_set(0usize..140, 0..20),
        share in prop::option::of(0.0..=1.0f64),
    ) {
        let vocabulary = vocabulary(SIZE);
        // Entities from here to there, whatever is between: also parts of words and special tokens.
        let starts: Vec<usize> = starts.into_iter().filter(|start| *start < window.ids.len()).collect();
        let entities: Vec<Range<usize>> = starts.windows(2).map(|pair| pair[0]..pair[1]).step_by(2).collect();
        let longest = entities.iter().map(|entity| entity.len() + 280).max().unwrap_or(0);
        let window = window.with_spans(ENTITIES, entities).unwrap();
        let options = share.map_or_else(String::new, |share| format!("entities = {share:?}\n"));
        let objective = configured("entity", &format!("{options}rate = {rate}"));
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert!(hides_whole_words(&window, &example, &vocabulary));
        let (most, shortest) = token_budget(&window, rate, &vocabulary);
        prop_assert!(example.positions.len() <= most.max(shortest).max(longest));
        prop_assert!(share.is_none() || example.positions.len() <= most.max(shortest));
        let reference = configured("entity", &format!("mode = \"reference\"\n{options}rate = {rate}"));
        let example = reference.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert!(example.positions.len() <= window.ids.len());
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("entity", &format!("mode = \"{mode}\"")));
        assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("entity", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
