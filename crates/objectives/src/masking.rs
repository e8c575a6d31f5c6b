//! How many tokens are hidden, what becomes of them, which are predicted, and by what heads: what the objectives that mask and predict
//! tokens share.

use crate::laws::{
    Mode, Pairs, Pool, Rate, Replacement, Selection, budget, choose, inclusion, maskable, sample, words_within,
};
use crate::pair_heads::PairHeads;
use crate::scoring::{PSEUDO_LOG_LIKELIHOOD, PSEUDO_LOG_LIKELIHOOD_WORD_L2R, Rule};
use crate::token_heads::Credit;
use crate::{Example, Heads, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result, Stream};
use cloze_kernels::Visibility;
use cloze_options::options;
use std::ops::Range;

/// How the models of the objectives that mask and predict tokens score sentences.
pub(crate) const MASKED_SCORES: &[Rule] = &[PSEUDO_LOG_LIKELIHOOD, PSEUDO_LOG_LIKELIHOOD_WORD_L2R];

options! {
    /// Options of the objectives that mask and predict tokens.
    #[derive(Copy)]
    pub(crate) struct Masking {
        /// How close to the publication.
        pub(crate) mode: Mode = Mode::Corrected;
        /// The share of the tokens that is hidden; `predict` says how many are predicted.
        pub(crate) rate: Rate = Rate::Fixed(0.15);
        /// What takes their place; the rest is kept as it is.
        pub(crate) replace: Replacement = Replacement::default();
        /// How that share is selected.
        #[since = "0.2"]
        pub(crate) select: Selection = Selection::Exact;
        /// How many tokens are predicted for each that is hidden, chosen at random: below 1 the others are hidden all the same, above 1 tokens that are read as they are are predicted too.
        #[since = "0.2"]
        pub(crate) predict: Rate = Rate::Fixed(1.0), above(0);
        /// How many masks a window has, of which each epoch takes the next one (static masking); without it every visit draws a new one.
        #[since = "0.2"]
        pub(crate) copies: Option<usize> = None, from(1).to(1000);
        /// What is asked beside the tokens about the two segments into which a window is cut; without it a window is one.
        #[since = "0.2"]
        pub(crate) pairs: Option<Pairs> = None;
    }
    check Self::possible
}

impl Masking {
    fn possible(&self) -> Result<()> {
        let moments = Rate::moments([&self.predict, &self.rate]).into_iter();
        let all = moments.map(|progress| (self.predict.at(progress), self.rate.at(progress)));
        let most = all.max_by(|(predict, rate), (other, beside)| (predict * rate).total_cmp(&(other * beside)));
        if let Some((predict, rate)) = most.filter(|(predict, rate)| *predict > 1.0 && predict * rate > 1.0) {
            let what = format!("predict = {predict} at a rate of {rate} is more than every token");
            return Err(Fault::usage(what)
                .at(Place::key("predict"))
                .allowed([format!("above 0 and at most {:.4}", (1e4 / rate).floor() / 1e4)])
                .remedy("the share of the tokens that is predicted is `rate` times `predict`"));
        }
        if self.copies.is_some() && self.pairs.is_some() {
            return Err(Fault::usage(
                "segments are cut anew at every visit, and masks that are drawn once would fall on other text",
            )
            .at(Place::key("copies"))
            .remedy("leave `copies` or `pairs` out"));
        }
        let changing = [
            ("rate", self.rate.changes()),
            ("replace", self.replace.changes()),
            ("predict", self.predict.changes()),
        ];
        if self.copies.is_some()
            && let Some((key, _)) = changing.into_iter().find(|(_, changes)| *changes)
        {
            let fault = Fault::usage(format!("masks that are drawn once do not follow a changing `{key}`"));
            return Err(fault.at(Place::key("copies")).remedy(format!(
                "give `{key}` one value, or leave `copies` out: every visit then draws a new mask"
            )));
        }
        Ok(())
    }

    /// As MLM has it by default, but for these.
    pub(crate) fn plain(mode: Mode, rate: Rate, replace: Replacement) -> Self {
        Self {
            mode,
            rate,
            replace,
            ..Self::default()
        }
    }

    /// The numbers of a visit to a window: new ones every time; with static masking those of one of its copies. In an epoch
    /// each window has its own next copy, so that in as many epochs as copies it has each once: as in google-research/bert,
    /// `create_pretraining_data.py` (`dupe_factor`), where a window's duplicates are spread over the data.
    pub(crate) fn stream(&self, window: &Window, draw: Draw) -> Stream {
        match (self.copies, window.visit) {
            (Some(copies), Some(visit)) => {
                let first = visit.draw.purpose("first copy").stream().below(copies) as u64;
                let copy = (first + visit.epoch) % copies as u64;
                visit.draw.purpose("static mask").example(copy).stream()
            }
            _ => draw.stream(),
        }
    }

    /// Keeps the predictions of some of the hidden tokens, rounded, one at least, or adds those of tokens that are read as they
    /// are (Wettig et al. 2023: a prediction rate below the corruption rate, or above it. They predict more than one reading
    /// hides by copies of a window with disjoint masks; here a window is read once, so that all arms of a seed read the same
    /// text).
    pub(crate) fn predict_some(
        &self,
        example: &mut Example,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) {
        let hidden = example.positions.len();
        let predict = self.predict.at(progress);
        if predict > 1.0 {
            let mut others = self.candidates(window, vocabulary);
            others.retain(|position| example.positions.binary_search(position).is_err());
            let further = ((predict - 1.0) * hidden as f64).round() as usize;
            let mut positions = choose(others, further, stream);
            positions.append(&mut example.positions);
            positions.sort_unstable();
            let predicting = Example::predicting(window, positions);
            (example.positions, example.targets, example.weights) =
                (predicting.positions, predicting.targets, predicting.weights);
            return;
        }
        if predict == 1.0 {
            return;
        }
        let kept = choose((0..hidden as u32).collect(), budget(predict, hidden), stream);
        let kept = || kept.iter().map(|place| *place as usize);
        example.positions = kept().map(|place| example.positions[place]).collect();
        example.targets = kept().map(|place| example.targets[place]).collect();
        example.weights = kept().map(|place| example.weights[place]).collect();
    }

    /// The number of tokens to select in a window with this many candidates.
    ///
    /// google-research/bert, `create_pretraining_data.py` takes the rate of all positions, `[CLS]` and `[SEP]` included,
    /// and rounds half to even as Python does.
    pub(crate) fn budget(&self, window: &Window, candidates: usize, progress: f64) -> usize {
        let rate = self.rate.at(progress);
        match self.mode {
            Mode::Corrected => budget(rate, candidates),
            Mode::Reference => ((rate * window.ids.len() as f64).round_ties_even() as usize)
                .max(1)
                .min(candidates),
        }
    }

    /// Units in random order while they fit into the budget. Where every one is longer than that, the shortest is hidden: a
    /// window without a prediction would teach nothing; google-research/bert leaves it without.
    pub(crate) fn within_budget(
        &self,
        units: Vec<Range<usize>>,
        window: &Window,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let candidates = units.iter().map(ExactSizeIterator::len).sum();
        let shortest = units.iter().min_by_key(|unit| unit.len()).cloned();
        let mut chosen = words_within(units, self.budget(window, candidates, progress), stream);
        if chosen.is_empty() && self.mode == Mode::Corrected {
            chosen.extend(shortest);
        }
        chosen
    }

    /// As many tokens as the rate says, each in proportion to the weight of its id.
    pub(crate) fn weighted(
        &self,
        weight: impl Fn(u32) -> f64,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let candidates = self.candidates(window, vocabulary);
        let weight = |position: &u32| weight(window.ids[*position as usize]);
        let weights: Vec<f64> = candidates.iter().map(weight).collect();
        let count = self.budget(window, candidates.len(), progress);
        let chosen = sample(&inclusion(&weights, count), stream);
        let token = |item: usize| candidates[item] as usize..candidates[item] as usize + 1;
        chosen.into_iter().map(token).collect()
    }

    /// How many predictions the rate means, before it is rounded to whole tokens.
    pub(crate) fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        let candidates = self.candidates(window, vocabulary).len();
        let of = match (self.mode, self.select) {
            (Mode::Reference, Selection::Exact) => window.ids.len(),
            _ => candidates,
        };
        ((self.rate.at(progress) * of as f64).min(candidates as f64) * self.predict.at(progress)).min(candidates as f64)
    }

    /// The positions that may be hidden.
    pub(crate) fn candidates(&self, window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
        (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, self.mode))
            .collect()
    }

    /// Random tokens are ordinary ones; in google-research/bert they are drawn from all ids, special ones included.
    pub(crate) fn pool<'a>(&self, vocabulary: &'a Vocabulary) -> Pool<'a> {
        match self.mode {
            Mode::Corrected => Pool::Ids(vocabulary.ordinary()),
            Mode::Reference => Pool::Everything(vocabulary),
        }
    }

    /// A vocabulary head. google-research/bert, `run_pretraining.py` adds 1e-5 to the denominator of the loss.
    pub(crate) fn heads(
        &self,
        encoder: &EncoderConfig,
        vocabulary: &Vocabulary,
        init: &Init,
        credit: Option<Credit>,
    ) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "mlm",
            visibility: Visibility::Bidirectional,
            denominator_added: if self.mode == Mode::Reference { 1e-5 } else { 0.0 },
            masked: true,
            rules: MASKED_SCORES,
        };
        let tokens = TokenHeads::new(encoder, vocabulary, init, tokens).giving(credit);
        match self.pairs {
            Some(_) => Box::new(PairHeads::new(tokens, encoder, init)),
            None => Box::new(tokens),
        }
    }
}
