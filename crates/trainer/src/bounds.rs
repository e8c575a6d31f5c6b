//! What the targets of the validation loss cost a scorer who has learnt nothing, and one who knows all there is to know.

use crate::HeldOut;
use cloze_corpus::Prepared;
use cloze_corpus::bounds::{Unigram, best_of_all};
use cloze_corpus::fragment::Known;
use cloze_foundation::Result;
use cloze_schema::metric::{BEST_LOSS, UNIGRAM_LOSS};

/// By metric; nothing where the model is shown some of what it is asked about, as where a hidden token may be kept as it is: a
/// scorer who knows frequencies alone would be asked more. Of the best loss only that of whoever reads from left to right is
/// the same question; it leaves out the ends of documents.
///
/// # Errors
/// None of a prepared corpus.
pub(crate) fn of(corpus: &Prepared, held_out: &HeldOut) -> Result<Vec<(&'static str, f64)>> {
    let special = corpus.tokenizer.vocabulary().special;
    let Some(targets) = held_out.unseen_targets(special.mask) else {
        return Ok(Vec::new());
    };
    let unigram = match targets.contains(&special.end) {
        true => Unigram::with_ends(corpus)?,
        false => Unigram::of(corpus)?,
    };
    let best = held_out
        .is_causal()
        .then(|| best_of_all(corpus, Known::WhatPrecedes))
        .flatten();
    let found = [(UNIGRAM_LOSS, unigram.loss(targets)), (BEST_LOSS, best)];
    let told = |(metric, loss): (&'static str, Option<f64>)| Some((metric, loss?));
    Ok(found.into_iter().filter_map(told).collect())
}
