//! Fine-tuning: the trained encoder, a fresh head and labelled examples, by one recipe whatever objective trained the encoder.
//!
//! Every objective gets as many tuning trials as any other: one for each learning rate, all with the first fine-tuning seed.
//! The rate and, in every training, the epoch are chosen on the development part alone; the test part is read with what was
//! chosen. Further fine-tuning seeds are nested in the run's own, and their mean is the run's score: the run is what is
//! replicated (MultiBERTs, Sellam et al. 2022).

mod batches;
mod examples;
mod files;
mod head;
mod options;
mod report;
mod texts;
mod train;

pub(crate) use examples::{Exercise, Material, Reads};
pub(crate) use files::{
    Files, Part, beyond, built_in, first, first_of, guess, hashed, joined, located, no_options_of_files, of_files,
    parted, shared, unknown_label, without_places,
};
pub(crate) use options::{Attention, Common, Named, Recipe, TrainAndTest};
pub(crate) use report::{chosen, of_seeds, right_of_seeds, share_cut};
pub(crate) use texts::{Words, best, of_texts};
pub(crate) use train::{Tuned, tune};

use crate::{Ground, WINDOW, Work};
use cloze_foundation::{Fault, Result};

/// Texts that are trained on where the built-in language is labelled, and those that are tested on. Few to train on, since what an
/// encoder brings along shows best then.
pub(crate) const BUILT_IN: [usize; 2] = [500, 1000];
/// Words of a sentence of the built-in language on average, between blanks.
pub(crate) const BUILT_IN_WORDS: f64 = 7.5;

/// What fine-tuning reads, where it is known before the data are: on the built-in language. `sentences` says how many of its
/// sentences an example has.
pub(crate) fn work(common: &Common, sentences: usize) -> Option<Work> {
    if common.files.train.is_some() {
        return None;
    }
    let [train, test] = built_in(common).map(|examples| examples as f64);
    let trainings = (common.recipe.trials.len() + common.seeds - 1) as f64;
    let (epochs, held_out) = (common.recipe.epochs as f64, common.recipe.development);
    Some(Work::FineTuning {
        trained: trainings * epochs * (1.0 - held_out) * train,
        read: trainings * epochs * held_out * train + common.seeds as f64 * test,
        words: BUILT_IN_WORDS * sentences as f64,
    })
}

/// Positions without which no question and its text fit into a window.
const LEAST_WINDOW: usize = 8;

/// Refuses windows in which nothing can be asked.
pub(crate) fn check_window(ground: &Ground) -> Result<()> {
    if ground.window >= LEAST_WINDOW {
        return Ok(());
    }
    Err(Fault::usage(format!(
        "an encoder.window of {} is too short to be tuned on texts",
        ground.window
    ))
    .at(WINDOW)
    .allowed([format!("{LEAST_WINDOW} or more")]))
}

#[cfg(test)]
mod tests;
