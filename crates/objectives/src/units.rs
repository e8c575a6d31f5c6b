//! Objectives that hide units of a window (tokens, words, phrases) and predict their tokens. Which units is all that one of
//! them has to say: the fates of what is chosen, the heads and their cost are the same.

use crate::laws::{Mode, Paired, Pairs, SHORTEST_PAIR};
use crate::masking::Masking;
use crate::pair_heads::{APART, PairHeads};
use crate::tensors::{FORWARD_AND_BACKWARD, vocabulary_flops};
use crate::token_heads::Credit;
use crate::{Answered, Example, Extra, Heads, Memory, Objective, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result, Stream};
use std::borrow::Cow;
use std::ops::Range;

/// Which units of a window are hidden.
pub(crate) trait Units: Send + Sync {
    /// As [`Objective::options`].
    fn options(&self) -> toml::Table;

    /// How many tokens are hidden, what becomes of them, and which of them are predicted.
    fn masking(&self) -> Masking;

    /// As [`Objective::reaches`].
    fn reaches(&self, _encoder: &EncoderConfig) -> Result<()> {
        Ok(())
    }

    /// As [`Objective::reads_words`].
    fn reads_words(&self) -> bool {
        true
    }

    /// As [`Objective::needs`].
    fn needs(&self) -> Vec<Statistic> {
        Vec::new()
    }

    /// As [`Objective::prepare`].
    fn prepare(&mut self, _statistics: &Statistics) -> Result<()> {
        Ok(())
    }

    /// The chosen units, ascending, none of which overlap.
    fn choose(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, stream: &mut Stream)
    -> Vec<Range<usize>>;

    /// Whether every piece of a unit meets a fate of its own. google-research/bert and google-research/albert draw for every
    /// piece, so that one word may be part [MASK], part itself.
    fn draws_for_pieces(&self) -> bool {
        self.masking().mode == Mode::Reference
    }

    /// As [`Objective::heed`].
    fn heed(&mut self, _answered: &[Answered]) {}

    /// As [`Objective::memory`].
    fn memory(&self) -> Memory {
        Memory::new()
    }

    /// As [`Objective::recall`].
    fn recall(&mut self, memory: &Memory) -> Result<()> {
        nothing_but(&[], memory)
    }

    /// What the answers of the heads are worth, for those that heed them.
    fn credit(&self) -> Option<Credit> {
        None
    }

    /// As [`Objective::asked`].
    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        self.masking().asked(window, vocabulary, progress)
    }

    /// As [`Objective::expected`].
    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        self.asked(window, vocabulary, progress)
    }
}

/// Whether these names and no others are remembered.
pub(crate) fn nothing_but(names: &[&str], memory: &Memory) -> Result<()> {
    match memory.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Fault::run(format!("nothing is remembered as `{name}`"))),
    }
}

/// The objective that hides these units.
pub(crate) struct Hiding<U>(pub U);

impl<U: Units> Objective for Hiding<U> {
    fn options(&self) -> toml::Table {
        self.0.options()
    }

    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        if self.0.masking().pairs.is_some() && encoder.window < SHORTEST_PAIR {
            let what = format!(
                "a window of {} is too short to be cut into two segments",
                encoder.window
            );
            return Err(Fault::usage(what)
                .at(Place::key("pairs"))
                .allowed([format!("windows of {SHORTEST_PAIR} or more")]));
        }
        Ok(self.options())
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        self.0.reaches(encoder)
    }

    fn needs(&self) -> Vec<Statistic> {
        self.0.needs()
    }

    fn reads_words(&self) -> bool {
        self.0.reads_words()
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        self.0.prepare(statistics)
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.asked(window, vocabulary, progress))
    }

    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.expected(window, vocabulary, progress))
    }

    fn read<'a>(&self, window: &'a Window, vocabulary: &Vocabulary, _progress: f64, draw: Draw) -> Cow<'a, Window> {
        let pairs = self.0.masking().pairs;
        let paired = pairs.and_then(|pairs| pairs.cut(window, vocabulary, draw));
        paired.map_or(Cow::Borrowed(window), |paired| Cow::Owned(paired.window))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let masking = self.0.masking();
        let paired = masking.pairs.and_then(|pairs| pairs.cut(window, vocabulary, draw));
        let window = paired.as_ref().map_or(window, |paired| &paired.window);
        let mut stream = masking.stream(window, draw);
        let chosen = self.0.choose(window, vocabulary, progress, &mut stream);
        let positions = chosen.iter().cloned().flatten();
        let mut example = Example::predicting(window, positions.map(|position| position as u32).collect());
        let (mask, pool) = (vocabulary.special.mask, masking.pool(vocabulary));
        let fates = masking.replace.at(progress);
        for unit in chosen {
            if self.0.draws_for_pieces() {
                for piece in unit {
                    let fate = fates.fate(&mut stream);
                    fate.befall(&mut example.inputs, [piece], mask, pool, &mut stream);
                }
            } else {
                let fate = fates.fate(&mut stream);
                fate.befall(&mut example.inputs, unit, mask, pool, &mut stream);
            }
        }
        masking.predict_some(&mut example, window, vocabulary, progress, &mut stream);
        if let Some(Paired { segments, apart, .. }) = paired {
            example.segment_ids = Some(segments);
            example.extra.insert(APART, Extra::Numbers(vec![u32::from(apart)]));
        }
        example
    }

    fn heed(&mut self, answered: &[Answered]) {
        self.0.heed(answered);
    }

    fn memory(&self) -> Memory {
        self.0.memory()
    }

    fn recall(&mut self, memory: &Memory) -> Result<()> {
        self.0.recall(memory)
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        self.0.masking().heads(encoder, vocabulary, init, self.0.credit())
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// The verdict on two segments reads the same states.
    fn predicts_by_decoder(&self) -> bool {
        self.0.masking().pairs.is_none()
    }

    fn segments(&self) -> usize {
        if self.0.masking().pairs.is_some() { 2 } else { 1 }
    }

    fn reads_elsewhere(&self) -> bool {
        self.0.masking().pairs == Some(Pairs::Next)
    }

    /// 3 × (encoder forward + vocabulary head on the M predicted positions); where pairs are asked about, the last block is
    /// also read at the B first positions, and a verdict is 2·B·D·(D + 2). Where guesses are looked at, the vocabulary head is
    /// passed once more, forward.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let cut = sizes.extra.get(APART).copied().unwrap_or(0);
        let read = |rows| encoder.forward_flops_at(sizes.windows, sizes.length, false, rows);
        let further = read(sizes.predicted + cut) - read(sizes.predicted) + PairHeads::forward_flops(encoder, cut);
        let looked = self
            .0
            .credit()
            .map_or(0.0, |credit| credit.flops(encoder, vocabulary, sizes.predicted));
        vocabulary_flops(encoder, vocabulary, sizes, false) + FORWARD_AND_BACKWARD * further + looked
    }
}
