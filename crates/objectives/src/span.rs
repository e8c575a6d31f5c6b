//! SpanBERT: hide spans of whole words; predict them from the context and, once more, from the two tokens around them
//! (Joshi et al. 2020).

mod pieces;

use crate::laws::{Mode, Pool, Rate, Replacement, SpanLaw, budget, deal, hide_words, maskable, runs, within, words};
use crate::scoring::{Answerer, Rule};
use crate::tensors::{
    FORWARD_AND_BACKWARD, answers, cross_entropy, gather, guesses, mean, numbers, pass, tensor_ids, tensor_weights,
};
use crate::{Batch, Entry, Example, Extra, Heads, Loss, Objective, Sizes};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, LayerNorm, Logits, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result, Stream};
use cloze_kernels::{Affine, CrossEntropy};
use cloze_options::{Options, options, words};
use std::ops::Range;

/// SpanBERT.
pub static ENTRY: Entry = Entry {
    name: "span",
    version: 1,
    title: "SpanBERT",
    citation: "Joshi et al. 2020, SpanBERT: Improving Pre-training by Representing and Predicting Spans",
    summary: "Hides spans of whole words; predicts each token in its place, and again from the two tokens around its span.",
    options: Settings::fields,
    scores: crate::masking::MASKED_SCORES,
    configure: |written| Ok(Box::new(Span(Settings::read(written)?.settled()))),
};

/// Names of the extra columns: one row for every prediction of the boundary objective.
const LEFT: &str = "boundary_left";
const RIGHT: &str = "boundary_right";
const OFFSET: &str = "boundary_offset";
const TARGET: &str = "boundary_target";
/// And every token beside a span, once.
const EDGES: &str = "boundary_edges";

words! {
    /// How spans lie.
    enum Law {
        /// Whole words, of a geometric number (facebookresearch/SpanBERT).
        SpanBert = "spanbert",
        /// Tokens: a number to hide that is drawn by coins, lengths of a geometric law with p = 1/3 (ltgoslo/ltg-bert).
        Ltg = "ltg",
        /// Tokens: a fixed number of spans of a mean length, cut at random, as T5 has them (Raffel et al. 2020), but predicted in place.
        T5 = "t5",
    }
}

// The defaults are those of the command in facebookresearch/SpanBERT, `pretraining/README.md` (the flags themselves
// default to p = 0.3 and 20 boundary tokens).
options! {
    /// Options of SpanBERT.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes the place of a span, drawn once for the whole span.
        replace: Replacement = Replacement::default();
        /// p of the geometric law of span lengths, the probability of stopping after each word.
        span_stop: f64 = 0.2, above(0).to(1);
        /// The longest span in words.
        span_words: usize = 10, from(1).to(1000);
        /// The weight of the boundary objective; 0 switches it off.
        boundary_weight: Rate = Rate::Fixed(1.0), from(0);
        /// How many tokens of a span the boundary objective predicts.
        boundary_tokens: usize = 15, from(1).to(1000);
        /// How spans lie.
        #[since = "0.2"]
        law: Law = Law::SpanBert;
        /// The mean length of T5's spans in tokens.
        #[since = "0.2"]
        span_mean: f64 = 3.0, from(1).to(1000);
    }
    check Self::of_its_law
}

impl Settings {
    /// Options that make no difference beside the others have their defaults, so that what trains alike has one run id: a
    /// boundary objective that is switched off, a law of lengths that knows one length only.
    fn settled(self) -> Self {
        let usual = Self::default();
        let mut settled = self;
        if !settled.has_boundary() {
            settled.boundary_tokens = usual.boundary_tokens;
        }
        if settled.span_words == 1 || settled.span_stop == 1.0 {
            (settled.span_stop, settled.span_words) = (usual.span_stop, 1);
        }
        settled
    }

    /// Whether there is a boundary objective at all.
    fn has_boundary(&self) -> bool {
        self.boundary_weight != Rate::Fixed(0.0)
    }

    /// What another law reads is refused: it would change nothing.
    fn of_its_law(&self) -> Result<()> {
        let usual = Self::default();
        let is_other = [
            ("span_stop", Law::SpanBert, self.span_stop != usual.span_stop),
            ("span_words", Law::SpanBert, self.span_words != usual.span_words),
            ("span_mean", Law::T5, self.span_mean != usual.span_mean),
        ];
        if self.law != Law::SpanBert && self.mode == Mode::Reference && self.has_boundary() {
            let what = format!("the publication of law = \"{}\" has no boundary objective", self.law);
            return Err(Fault::usage(what).at(Place::key("boundary_weight")).allowed(["0"]));
        }
        match is_other
            .into_iter()
            .find(|(_, law, is_set)| *is_set && *law != self.law)
        {
            Some((key, law, _)) => {
                let fault = Fault::usage(format!("`{key}` says nothing where law = \"{}\"", self.law));
                Err(fault
                    .at(Place::key(key))
                    .remedy(format!("leave it out, or write law = \"{law}\"")))
            }
            None => Ok(()),
        }
    }

    /// Whether spans of T5's mean length fit into what windows of this length hide, when they hide least: longer ones are one
    /// span, whatever their mean is to be.
    fn mean_within(&self, window: usize) -> Result<()> {
        let usual = Self::default().span_mean;
        let moments = Rate::moments([&self.rate]).into_iter();
        let rate = moments.map(|progress| self.rate.at(progress)).fold(1.0, f64::min);
        let most = (rate * window as f64).max(usual);
        if self.law != Law::T5 || self.span_mean <= most {
            return Ok(());
        }
        let what = format!(
            "spans of {} tokens are longer than the {:.1} that a window of {window} hides in all at a rate of {}",
            self.span_mean,
            rate * window as f64,
            (rate * 1e4).round() / 1e4
        );
        Err(Fault::usage(what)
            .at(Place::key("span_mean"))
            .allowed([format!("1 to {:.1}", (most * 10.0).floor() / 10.0)])
            .remedy("or raise the least `rate`, or lengthen the shortest windows: encoder.window, or those of budget.stages"))
    }

    fn lengths(&self) -> SpanLaw {
        SpanLaw {
            stop: self.span_stop,
            longest: self.span_words,
        }
    }
}

struct Span(Settings);

impl Span {
    /// How many of so many candidates are to be hidden.
    fn budget(&self, candidates: usize, progress: f64) -> usize {
        let rate = self.0.rate.at(progress);
        match self.0.mode {
            Mode::Corrected => budget(rate, candidates),
            // facebookresearch/SpanBERT, `data/masking.py` rounds up.
            Mode::Reference => ((rate * candidates as f64).ceil() as usize).min(candidates),
        }
    }

    /// Which positions are hidden: `true` = hidden.
    fn select(&self, words: &[Range<usize>], length: usize, progress: f64, stream: &mut Stream) -> Vec<bool> {
        let budget = self.budget(words.iter().map(ExactSizeIterator::len).sum(), progress);
        let mut hidden = vec![false; length];
        match self.0.mode {
            Mode::Corrected => self.select_words(words, budget, &mut hidden, stream),
            Mode::Reference => self.select_tokens(words, budget, &mut hidden, stream),
        }
        hidden
    }

    /// Anchors are words, each tried once in random order; a span ends before the word that would overshoot the budget,
    /// at a document's end, and where its length is reached. It may run over words that are hidden already.
    fn select_words(&self, words: &[Range<usize>], budget: usize, hidden: &mut [bool], stream: &mut Stream) {
        let mut left = budget;
        let mut anchors: Vec<usize> = (0..words.len()).collect();
        for slot in 0..anchors.len() {
            if left == 0 {
                return;
            }
            deal(&mut anchors, slot, stream);
            let anchor = anchors[slot];
            if hidden[words[anchor].start] {
                continue;
            }
            let mut end = words[anchor].start;
            for word in words[anchor..].iter().take(self.0.lengths().draw(stream)) {
                let new = if hidden[word.start] { 0 } else { word.len() };
                if word.start != end || new > left {
                    break;
                }
                hidden[word.clone()].fill(true);
                left -= new;
                end = word.end;
            }
        }
        if left == budget
            && let Some(shortest) = words.iter().min_by_key(|word| word.len())
        {
            // Every word is longer than the budget: a window without a prediction would teach nothing.
            hidden[shortest.clone()].fill(true);
        }
    }

    /// facebookresearch/SpanBERT, `data/masking.py`: anchors are tokens (so long words are preferred) moved back to the
    /// word's start, and the last span is cut where the budget ends, in the middle of a word if need be.
    fn select_tokens(&self, words: &[Range<usize>], budget: usize, hidden: &mut [bool], stream: &mut Stream) {
        // Word by word: flattening range by range took most of the corruption's time.
        let (mut word_of, mut position_of) = (Vec::with_capacity(hidden.len()), Vec::with_capacity(hidden.len()));
        for (index, word) in words.iter().enumerate() {
            word_of.extend(std::iter::repeat_n(index, word.len()));
            position_of.extend(word.clone());
        }
        let mut left = budget;
        while left > 0 {
            let length = self.0.lengths().draw(stream);
            let token = stream.below(position_of.len());
            if hidden[position_of[token]] {
                continue;
            }
            left = hide_words(&words[word_of[token]..], length, left, hidden);
        }
    }

    /// The spans that meet one fate each, as positions; those of SpanBERT and T5 are ascending and do not touch.
    fn spans(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        words: &[Range<usize>],
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Vec<usize>> {
        let length = window.ids.len();
        let rate = self.0.rate.at(progress);
        let may_be_hidden = |mode| {
            let ids = window.ids.iter();
            ids.map(|id| maskable(*id, vocabulary, mode)).collect::<Vec<bool>>()
        };
        let hidden = match self.0.law {
            Law::SpanBert => self.select(words, length, progress, stream),
            // ltgoslo/ltg-bert hides no special token, not even [UNK].
            Law::Ltg => return pieces::ltg(&may_be_hidden(Mode::Corrected), rate, self.0.mode, stream),
            Law::T5 => {
                let candidate = may_be_hidden(self.0.mode);
                let tokens: Vec<usize> = (0..length).filter(|place| candidate[*place]).collect();
                let mask = pieces::t5(tokens.len(), rate, self.0.span_mean, self.0.mode, stream);
                let mut hidden = vec![false; length];
                let chosen = tokens.into_iter().zip(mask).filter(|(_, is_hidden)| *is_hidden);
                chosen.for_each(|(place, _)| hidden[place] = true);
                hidden
            }
        };
        // Spans that touch are one span from here on: for the replacement and for the boundary objective.
        runs(&hidden).into_iter().map(Iterator::collect).collect()
    }

    /// The tokens on both sides of a span, if both are in the window. facebookresearch/SpanBERT knows only the inside of
    /// a block, so a span beside `[CLS]` or `[SEP]` has no boundary there; `corrected` takes those for what they are.
    fn boundary(&self, span: &Range<usize>, window: &Window, vocabulary: &Vocabulary) -> Option<(u32, u32)> {
        let (left, right) = (span.start.checked_sub(1)?, span.end);
        let inside = |position: usize| {
            window
                .ids
                .get(position)
                .is_some_and(|id| self.0.mode == Mode::Corrected || maskable(*id, vocabulary, self.0.mode))
        };
        (inside(left) && inside(right)).then_some((left as u32, right as u32))
    }
}

impl Objective for Span {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        let (own, usual, window) = (&self.0, Settings::default(), encoder.window);
        within("span_words", own.span_words, usual.span_words, window)?;
        within("boundary_tokens", own.boundary_tokens, usual.boundary_tokens, window)
    }

    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        self.0.mean_within(encoder.window)?;
        Ok(self.options())
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        let words = words(window, vocabulary, self.0.mode);
        let candidates: usize = words.iter().map(ExactSizeIterator::len).sum();
        Some(self.0.rate.at(progress) * candidates as f64)
    }

    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        match (self.0.law, self.0.mode) {
            (Law::Ltg, Mode::Reference) => {
                let candidates = words(window, vocabulary, self.0.mode)
                    .iter()
                    .map(ExactSizeIterator::len)
                    .sum();
                Some(pieces::ltg_expected(candidates, self.0.rate.at(progress)))
            }
            _ => self.asked(window, vocabulary, progress),
        }
    }

    fn reads_words(&self) -> bool {
        self.0.law == Law::SpanBert
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let settings = &self.0;
        let mut stream = draw.stream();
        let words = words(window, vocabulary, settings.mode);
        let spans = self.spans(window, vocabulary, &words, progress, &mut stream);
        let mut hidden = vec![false; window.ids.len()];
        spans.iter().flatten().for_each(|place| hidden[*place] = true);
        let positions = (0..window.ids.len() as u32).filter(|place| hidden[*place as usize]);
        let mut example = Example::predicting(window, positions.collect());

        // facebookresearch/SpanBERT draws random tokens from the corpus by frequency. Corruption sees one window, so the
        // reference mode draws from the window, which has the same frequencies on average.
        let text: Vec<u32>;
        let pool = match (settings.mode, settings.law) {
            (Mode::Corrected, _) | (_, Law::Ltg | Law::T5) => Pool::Ids(vocabulary.ordinary()),
            (Mode::Reference, Law::SpanBert) => {
                let ids: Vec<&[u32]> = words.iter().map(|word| &window.ids[word.clone()]).collect();
                text = ids.concat();
                Pool::Ids(&text)
            }
        };
        // ltgoslo/ltg-bert, `training/mlm_dataset.py` replaces tokens in place: where a later span has a token that an earlier one
        // has replaced, what is to be predicted is the replacement.
        let in_place = settings.law == Law::Ltg && settings.mode == Mode::Reference;
        let fates = settings.replace.at(progress);
        let mut labels = window.ids.clone();
        for span in &spans {
            if in_place {
                span.iter().for_each(|place| labels[*place] = example.inputs[*place]);
            }
            let fate = fates.fate(&mut stream);
            let (inputs, places) = (&mut example.inputs, span.iter().copied());
            fate.befall(inputs, places, vocabulary.special.mask, pool, &mut stream);
        }
        if in_place {
            let label = |position: &u32| labels[*position as usize];
            example.targets = example.positions.iter().map(label).collect();
        }
        let weight = settings.boundary_weight.at(progress);
        example.progress = progress;
        let [mut left, mut right, mut offsets, mut targets] = [const { Vec::new() }; 4];
        // In order, because spans are; the right side of one may be the left side of the next.
        let mut edges = Vec::new();
        for span in runs(&hidden) {
            if let Some(boundary) = self.boundary(&span, window, vocabulary)
                && weight > 0.0
            {
                edges.extend((edges.last() != Some(&boundary.0)).then_some(boundary.0));
                edges.push(boundary.1);
                for (offset, position) in span.take(settings.boundary_tokens).enumerate() {
                    left.push(boundary.0);
                    right.push(boundary.1);
                    offsets.push(offset as u32);
                    targets.push(window.ids[position]);
                }
            }
        }
        example.extra.insert(LEFT, Extra::Positions(left));
        example.extra.insert(RIGHT, Extra::Positions(right));
        // Outside of every span, and so never predicted themselves.
        example.extra.insert(EDGES, Extra::Positions(edges));
        example.extra.insert(OFFSET, Extra::Numbers(offsets));
        example.extra.insert(TARGET, Extra::Numbers(targets));
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        // `criterions/spanbert_loss.py` adds 1 to the number of boundary predictions.
        let added = if self.0.mode == Mode::Reference { 1.0 } else { 0.0 };
        Box::new(SpanHeads {
            head: VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head")),
            boundary: BoundaryHead::new(encoder, self.0.boundary_tokens, vocabulary.size, &init.at("boundary")),
            boundary_weight: self.0.boundary_weight,
            denominator_added: added,
        })
    }

    /// 3 × (encoder forward, whose last block is read at the M predicted positions and the S edges of spans + 2·M·E·(D + V) of the
    /// vocabulary head + 2·P·(D·(2·D + W) + E·(D + V)) of the boundary head on its P predictions, W the width of a place): without
    /// a boundary S and P are 0.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let count = |column| sizes.extra.get(column).copied().unwrap_or(0);
        let predicted = sizes.predicted;
        let body = encoder.forward_flops_at(sizes.windows, sizes.length, false, predicted + count(EDGES));
        let head = VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, predicted);
        let boundary = BoundaryHead::forward_flops([encoder.width, encoder.table_width()], vocabulary, count(TARGET));
        FORWARD_AND_BACKWARD * (body + head + boundary)
    }
}

/// The span-boundary objective's head: the states on both sides of a span and an embedding of the place in it, through
/// two dense layers with GELU and layer norm, to a decoder tied to the token table with a bias of its own.
#[derive(Module, Debug)]
struct BoundaryHead {
    /// `[boundary_tokens, P]`.
    places: Param<Tensor<2>>,
    /// `[2D + P, D]`.
    first: Dense,
    first_norm: LayerNorm,
    /// `[D, E]`.
    second: Dense,
    second_norm: LayerNorm,
    /// `[V]`.
    bias: Param<Tensor<1>>,
    #[module(skip)]
    logits: Logits,
}

impl BoundaryHead {
    /// P, the width of the place embedding: 200 at BERT-base's width of 768, and in proportion below.
    fn place_width(width: usize) -> usize {
        (width * 200).div_ceil(768).min(200)
    }

    /// On the states and the table of such an encoder, D and E wide.
    fn new(encoder: &EncoderConfig, places: usize, vocabulary: usize, init: &Init) -> Self {
        let (width, table) = (encoder.width, encoder.table_width());
        let place = Self::place_width(width);
        let norm = |name: &str, width| LayerNorm::new(width, true, 1e-12, &init.at(name));
        Self {
            places: init.normal("places", [places, place], cloze_backbone::init::STANDARD_DEVIATION),
            first: Dense::new(2 * width + place, width, true, &init.at("first")),
            first_norm: norm("first_norm", width),
            second: Dense::new(width, table, true, &init.at("second")),
            second_norm: norm("second_norm", table),
            bias: init.zeros([vocabulary]),
            logits: Logits::of(encoder),
        }
    }

    /// Sum of the cross-entropies, in `training` with the encoder's z-loss; 0 without a boundary.
    ///
    /// # Shapes
    /// - `hidden`: `[M + E, D]`, as [`SpanHeads::hidden`] gives it, `table`: `[V, D]`, result: `[1]`
    fn loss_sum(&self, hidden: Tensor<2>, table: Tensor<2>, batch: &Batch, training: bool) -> Tensor<1> {
        let targets = batch.extra(TARGET);
        if targets.is_empty() {
            return self.bias.val().sum() * 0.0;
        }
        let device = hidden.device();
        let places = cloze_kernels::embedding(self.places.val(), tensor_ids(batch.extra(OFFSET), &device));
        let mut row_of = vec![0; batch.inputs.len()];
        for (row, position) in (0..).zip(rows(batch)) {
            row_of[position as usize] = row;
        }
        let side = |column| {
            let rows: Vec<u32> = batch
                .extra(column)
                .iter()
                .map(|position| row_of[*position as usize])
                .collect();
            gather(hidden.clone(), &rows)
        };
        let around = vec![side(LEFT), side(RIGHT), places];
        let x = self
            .first_norm
            .forward(cloze_kernels::gelu(self.first.forward(Tensor::cat(around, 1))));
        let x = self.second_norm.forward(cloze_kernels::gelu(self.second.forward(x)));
        let weights = tensor_weights(&vec![1.0; targets.len()], &device);
        let targets = tensor_ids(targets, &device);
        let table = Affine {
            weight: table,
            bias: Some(self.bias.val()),
            precision: self.second.precision,
        };
        let counted = training.then(|| weights.clone());
        self.logits.cross_entropy(x, table, targets, weights, counted).sum
    }

    /// 2·P·(D·(2·D + W) + E·(D + V)): the two dense layers and the decoder.
    fn forward_flops([width, table]: [usize; 2], vocabulary: usize, pairs: usize) -> f64 {
        let first = (2 * width + Self::place_width(width)) * width;
        2.0 * pairs as f64 * (first + (width + vocabulary) * table) as f64
    }
}

/// The positions whose hidden states are read: the predicted ones, then the edges of spans.
fn rows(batch: &Batch) -> Vec<u32> {
    [&batch.positions, batch.extra(EDGES)].concat()
}

/// A masked-token head and a boundary head.
#[derive(Module, Debug)]
struct SpanHeads {
    head: VocabularyHead,
    boundary: BoundaryHead,
    #[module(skip)]
    boundary_weight: Rate,
    denominator_added: f64,
}

impl SpanHeads {
    /// The states at the M predicted positions, then those at the E edges of spans.
    ///
    /// # Shapes
    /// - result: `[M + E, D]`
    fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let [ids, rows] = [&batch.inputs, &rows(batch)].map(|numbers| tensor_ids(numbers, &encoder.device()));
        encoder.forward_at(ids, &pass(batch, dropout), rows)
    }

    /// Cross-entropy of the masked tokens, from what [`hidden`](Self::hidden) gives.
    fn cross_entropy(&self, encoder: &Encoder, hidden: Tensor<2>, batch: &Batch, training: bool) -> CrossEntropy {
        let predicted = hidden.slice(0..batch.positions.len());
        cross_entropy(&self.head, predicted, encoder.tokens.val(), batch, training)
    }
}

impl Heads for SpanHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let hidden = self.hidden(encoder, batch, training.then(|| draw.purpose("dropout")));
        let sum = self.cross_entropy(encoder, hidden.clone(), batch, training).sum;
        let mlm = mean(sum, &batch.weights, 0.0);
        let weight = self.boundary_weight.at(batch.progress);
        if weight == 0.0 {
            return Loss::new(mlm.clone()).with("mlm", mlm);
        }
        let pairs = vec![1.0; batch.extra(TARGET).len()];
        let boundary = mean(
            self.boundary.loss_sum(hidden, encoder.tokens.val(), batch, training),
            &pairs,
            self.denominator_added,
        );
        Loss::new(mlm.clone() + boundary.clone() * weight)
            .with("mlm", mlm)
            .with("boundary", boundary)
    }

    fn rules(&self) -> &[Rule] {
        ENTRY.scores
    }

    fn losses(&self, encoder: &Encoder, _rule: &Rule, batch: &Batch) -> Vec<f32> {
        let hidden = self.hidden(encoder, batch, None);
        numbers(self.cross_entropy(encoder, hidden, batch, false).each)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        Some(Answerer::Encoder)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        let hidden = self.hidden(encoder, batch, None);
        Some(numbers(self.cross_entropy(encoder, hidden, batch, false).each))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let hidden = self.hidden(encoder, batch, None).slice(0..batch.positions.len());
        Some(guesses(&self.head, hidden, encoder.tokens.val(), batch))
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        let hidden = self.hidden(encoder, batch, None).slice(0..batch.positions.len());
        Some(answers(&self.head, hidden, encoder.tokens.val(), batch, count))
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}

#[cfg(test)]
mod tests;
