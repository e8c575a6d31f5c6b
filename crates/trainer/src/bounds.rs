//! What held-out tokens cost a scorer who has learnt nothing, and one who knows all there is to know.

use crate::HeldOut;
use cloze_corpus::Prepared;
use cloze_corpus::bounds::{Unigram, best_of_all};
use cloze_corpus::fragment::Known;
use cloze_foundation::Result;
use cloze_schema::metric::{BEST_LOSS, UNIGRAM_LOSS};

/// By metric. The best loss of a model that reads from left to right is that of whoever knows what precedes.
///
/// # Errors
/// None of a prepared corpus.
pub(crate) fn of(corpus: &Prepared, held_out: &HeldOut) -> Result<Vec<(&'static str, f64)>> {
    let unigram = Unigram::of(corpus)?.loss(corpus.held_out.ids());
    let known = match held_out.is_causal() {
        true => Known::WhatPrecedes,
        false => Known::Everything,
    };
    let found = [(UNIGRAM_LOSS, unigram), (BEST_LOSS, best_of_all(corpus, known))];
    let told = |(metric, loss): (&'static str, Option<f64>)| Some((metric, loss?));
    Ok(found.into_iter().filter_map(told).collect())
}
