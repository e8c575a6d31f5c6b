//! What holds for the corruption of every objective in the registry, in both modes, on any window.

use crate::common::{SPECIAL, any_window, every_objective, vocabulary};
use cloze_corpus::Window;
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Example, Extra, configure};
use proptest::prelude::*;
use std::sync::Arc;

const SIZE: usize = 40;

proptest! {
    #[test]
    fn an_example_is_well_formed(window in any_window(SIZE), seed: u64, progress in 0.0..=1.0f64) {
        let vocabulary = vocabulary(SIZE);
        // Whoever asks for another window finds its own text there.
        let given = Window { elsewhere: Some(Arc::new(window.clone())), ..window };
        for (entry, mode, objective) in every_objective() {
            let draw = Draw::new(seed, "corruption");
            let window = objective.read(&given, &vocabulary, progress, draw);
            let example = objective.corrupt(&given, &vocabulary, progress, draw);
            let Example { inputs, originals, positions, targets, weights, extra, .. } = &example;
            let at = format!("{} ({mode})", entry.name);
            prop_assert_eq!(originals, &window.ids, "{}", at);
            prop_assert_eq!(inputs.len(), window.ids.len(), "{}", at);
            prop_assert_eq!((targets.len(), weights.len()), (positions.len(), positions.len()), "{}", at);
            // Ascending without duplicates.
            prop_assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{}", at);
            prop_assert!(positions.iter().all(|position| (*position as usize) < inputs.len()), "{}", at);
            prop_assert!(weights.iter().all(|weight| *weight > 0.0 && weight.is_finite()), "{}", at);
            prop_assert!(inputs.iter().all(|id| (*id as usize) < SIZE), "{}", at);
            // A target is the token that was there; or the next one, where nothing is hidden or it is hidden there.
            let here = |ahead: usize| positions.iter().zip(targets).all(|(p, t)| originals.get(*p as usize + ahead) == Some(t));
            let ahead = u32::from(entry.name == "mntp" || inputs == originals && !here(0));
            prop_assert!(here(ahead as usize), "{}", at);
            // Diffusion as it was published masks special tokens as any others.
            let spares_special = (entry.name, mode) != ("diffusion", "reference");
            for (position, (now, before)) in inputs.iter().zip(originals).enumerate() {
                let selected = (position as u32).checked_sub(ahead).is_some_and(|from| positions.binary_search(&from).is_ok());
                prop_assert!(selected || now == before, "{}: changed outside the selection", at);
                prop_assert!(now == before || !spares_special || ![SPECIAL.pad, SPECIAL.start, SPECIAL.end, SPECIAL.mask].contains(before), "{}: hid a special token", at);
                prop_assert!(mode == "reference" || now == before || *before != SPECIAL.unknown, "{}: hid [UNK]", at);
                let ordinary = !vocabulary.is_special(*now) || *now == SPECIAL.mask || now == before;
                prop_assert!(mode == "reference" || ordinary, "{}: put in a special token", at);
            }
            // Something is predicted wherever something can be, but where it is left to chance.
            let possible = window.ids[1..].iter().any(|id| !vocabulary.is_special(*id));
            prop_assert!(mode == "reference" || !possible || entry.name == "diffusion" || !positions.is_empty(), "{}: predicts nothing", at);
            for column in extra.values() {
                if let Extra::Positions(positions) = column {
                    prop_assert!(positions.iter().all(|position| (*position as usize) < inputs.len()), "{}", at);
                }
            }
            // A function of the draw.
            prop_assert_eq!(&objective.corrupt(&given, &vocabulary, progress, draw), &example, "{}", at);
        }
    }

    #[test]
    fn no_rate_and_no_options_make_it_panic(window in any_window(SIZE), seed: u64, rate in 0.001..0.999f64, share in 0.0..=1.0f64) {
        let vocabulary = vocabulary(SIZE);
        for (entry, mode, objective) in every_objective() {
            let mut options = objective.options();
            if !options.contains_key("rate") {
                continue;
            }
            let changing = format!("rate = {{ from = {rate}, to = {}, shape = \"cosine\" }}", 1.0 - rate);
            let replace = format!("replace = {{ mask = {share}, random = {} }}", 1.0 - share);
            options.extend(changing.parse::<toml::Table>().unwrap());
            if options.contains_key("replace") {
                options.extend(replace.parse::<toml::Table>().unwrap());
            }
            let objective = configure(entry.name, &options).unwrap();
            let example = objective.corrupt(&window, &vocabulary, share, Draw::new(seed, "corruption"));
            prop_assert!(example.positions.len() <= window.ids.len(), "{} ({})", entry.name, mode);
        }
    }

    #[test]
    fn a_batch_shifts_positions_by_window(windows in prop::collection::vec(any_window(SIZE), 1..4), seed: u64) {
        let vocabulary = vocabulary(SIZE);
        let length = windows.iter().map(|window| window.ids.len()).min().unwrap_or(0);
        for (entry, mode, objective) in every_objective() {
            let examples: Vec<Example> = windows.iter().enumerate().map(|(index, window)| {
                let mut window = window.clone();
                window.truncate(length);
                objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption").example(index as u64))
            }).collect();
            let batch = Batch::of(&examples);
            prop_assert_eq!(batch.inputs.len(), windows.len() * length);
            prop_assert_eq!(batch.sizes().predicted, examples.iter().map(|example| example.positions.len()).sum::<usize>());
            prop_assert!(batch.positions.windows(2).all(|pair| pair[0] < pair[1]), "{} ({})", entry.name, mode);
        }
    }
}
