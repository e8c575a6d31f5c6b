//! Permutation language modelling: the predicted tokens of a window have a random order, and each is predicted from the tokens
//! that are not predicted and from those before it in that order (Yang et al. 2019, XLNet).
//!
//! Two streams with one set of weights. The content stream reads the real tokens; a position sees itself, what is not
//! predicted, and what is earlier in the order. The query stream stands at the predicted positions with a learned vector in
//! place of the token, and sees the same but for its own. There is no memory of an earlier segment, so that the order is one
//! over the whole window: a variant of the published model, which also has relative positions where the encoder has its own.

mod select;

use crate::laws::{Mode, Rate, within};
use crate::scoring::{Answerer, Kind, Rule, ordinary, predicting};
use crate::tensors::{FORWARD_AND_BACKWARD, answers, cross_entropy, gather, guesses, mean, numbers, pass, tensor_ids};
use crate::{Batch, Entry, Example, Heads, Loss, Objective, Sizes};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, Queries, QueryStream, VocabularyHead, init};
use cloze_corpus::{Encoded, Vocabulary, Window};
use cloze_foundation::{Draw, Result, Stream};
use cloze_kernels::{CrossEntropy, Ranks, Visibility};
use cloze_options::{Options, options};

/// Permutation language modelling.
pub static ENTRY: Entry = Entry {
    name: "permutation",
    version: 1,
    title: "Permutation LM",
    citation: "Yang et al. 2019, XLNet: Generalized Autoregressive Pretraining for Language Understanding",
    summary: "Hides nothing from the content; predicts spans of words in a random order, each token from the rest of the \
              window and from those before it in the order, by a second stream that does not see the token itself.",
    options: Settings::fields,
    scores: SCORES,
    configure: |written| Ok(Box::new(Permutation(Settings::read(written)?))),
};

const SCORES: &[Rule] = &[LEFT_TO_RIGHT, PSEUDO_LOG_LIKELIHOOD];

/// The order of the text.
const LEFT_TO_RIGHT: Rule = Rule::new(
    "left-to-right",
    "sum over the tokens of log p(token | those before it), the query stream in the order of the text; [SEP] is not scored",
    Answerer::Encoder,
    in_the_order_of_the_text,
)
.of_kind(Kind::InPlace);

/// Orders that end with one token each.
const PSEUDO_LOG_LIKELIHOOD: Rule = Rule::new(
    "pseudo-log-likelihood",
    "sum over the tokens of log p(token | all the others), each the only one that is predicted",
    Answerer::Encoder,
    each_alone,
);

options! {
    /// Options of the permutation language model.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted; 85 of 512 in the publication. A span of n stands in a context of n over this.
        rate: Rate = Rate::Fixed(0.166);
        /// The longest span in words, in `reference` in pieces; a length of n has the probability 1/n over their sum.
        span_words: usize = 5, from(1).to(1000);
    }
}

struct Permutation(Settings);

impl Permutation {
    /// Where the order of a window has each position: 0 is seen by all, a predicted one by those behind it.
    fn ranks(&self, window: &Window, targets: &[u32], vocabulary: &Vocabulary, stream: &mut Stream) -> Vec<u32> {
        let special = vocabulary.special;
        let mut ordered = targets.to_vec();
        if self.0.mode == Mode::Reference {
            // zihangdai/xlnet, `data_utils.py`, `_local_perm`: [CLS] and [SEP] have places in the order too, so that who comes
            // earlier in it, or is not predicted at all, does not see them.
            let apart = |position: &u32| [special.start, special.end].contains(&window.ids[*position as usize]);
            ordered.extend((0..window.ids.len() as u32).filter(apart));
        }
        stream.shuffle(&mut ordered);
        let mut ranks = vec![0; window.ids.len()];
        for (rank, position) in (1..).zip(ordered) {
            ranks[position as usize] = rank;
        }
        ranks
    }
}

impl Objective for Permutation {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        within(
            "span_words",
            self.0.span_words,
            Settings::default().span_words,
            encoder.window,
        )
    }

    fn reads_words(&self) -> bool {
        true
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        let candidates = window.candidates(vocabulary).len();
        let of = match self.0.mode {
            Mode::Corrected => candidates,
            Mode::Reference => window.ids.len(),
        };
        Some((self.0.rate.at(progress) * of as f64).min(candidates as f64))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let mut stream = draw.stream();
        let law = select::Spans {
            rate: self.0.rate.at(progress),
            longest: self.0.span_words,
        };
        let targets = match self.0.mode {
            Mode::Corrected => law.of_words(window, vocabulary, &mut stream),
            Mode::Reference => law.of_pieces(window, vocabulary, &mut stream),
        };
        let ranks = self.ranks(window, &targets, vocabulary, &mut stream);
        Example {
            visibility: Ranks::new(ranks).into(),
            ..Example::predicting(window, targets)
        }
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        Box::new(PermutationHeads {
            query: init.normal("query", [1, encoder.table_width()], init::STANDARD_DEVIATION),
            head: VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head")),
        })
    }

    /// 3 × (the content stream through all blocks but for what follows the last one's keys and values, each position counted with the keys
    /// that it sees + the query stream through all blocks at the M predicted positions: products of queries and outputs,
    /// feed-forward, and scores with the keys that the content sees there but for the position itself + 2·M·E·(D + V) of the head).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let rows = sizes.windows * sizes.length;
        let predicted = sizes.predicted;
        // Where nothing is said of ranks everybody is seen.
        let looks = sizes.looks.unwrap_or(crate::Looks {
            all: rows * sizes.length,
            predicted: predicted * sizes.length,
        });
        let content = Queries { rows, pairs: looks.all };
        let queries = Queries {
            rows: predicted,
            pairs: looks.predicted.saturating_sub(predicted),
        };
        let body = encoder.forward_flops_of(sizes.length, content, Queries::NONE)
            + encoder.query_stream_flops(sizes.length, rows, queries);
        let head = VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, predicted);
        FORWARD_AND_BACKWARD * (body + head)
    }
}

/// What stands at a predicted position in place of its token, and a vocabulary head.
#[derive(Module, Debug)]
struct PermutationHeads {
    /// `[1, E]`, as wide as the token table.
    query: Param<Tensor<2>>,
    head: VocabularyHead,
}

impl PermutationHeads {
    /// The query stream's states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, D]`
    fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let query = self.query.val();
        let [_, width] = query.dims();
        let predicted = batch.positions.len();
        if predicted == 0 {
            return gather(query, &[]);
        }
        let stream = QueryStream {
            embedded: query.expand([predicted, width]),
            rows: batch.positions.clone(),
            visibility: ranked(batch).strict(batch.length),
        };
        let ids = tensor_ids(&batch.inputs, &encoder.device());
        encoder.forward_queries(ids, &pass(batch, dropout), &stream)
    }

    /// `dropout` are the draws of training.
    fn cross_entropy(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        let hidden = self.hidden(encoder, batch, dropout);
        cross_entropy(&self.head, hidden, encoder.tokens.val(), batch, dropout.is_some())
    }
}

/// The law of a batch by ranks, whatever its windows have.
fn ranked(batch: &Batch) -> Visibility {
    match &batch.visibility {
        Visibility::Ranked(_) => batch.visibility.clone(),
        plain => {
            let window: Visibility = plain.ranks(batch.length).into_owned().into();
            Visibility::joined(std::iter::repeat_n(&window, batch.windows), batch.length)
        }
    }
}

/// A batch whose predicted tokens are masked, as this model is asked about them: they are seen by nobody, each is predicted from
/// all that is not, and the `[MASK]`s, which it does not know, are not read.
fn hidden_from_all(batch: &Batch) -> Batch {
    let mut ranks = vec![0; batch.inputs.len()];
    for position in &batch.positions {
        ranks[*position as usize] = 1;
    }
    Batch {
        visibility: Ranks::new(ranks).into(),
        ..batch.clone()
    }
}

impl Heads for PermutationHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = training.then(|| draw.purpose("dropout"));
        let sum = self.cross_entropy(encoder, batch, dropout).sum;
        let total = mean(sum, &batch.weights, 0.0);
        Loss::new(total.clone()).with("permutation", total)
    }

    fn rules(&self) -> &[Rule] {
        SCORES
    }

    fn losses(&self, encoder: &Encoder, _rule: &Rule, batch: &Batch) -> Vec<f32> {
        numbers(self.cross_entropy(encoder, batch, None).each)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        Some(Answerer::Encoder)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        Some(numbers(self.cross_entropy(encoder, &hidden_from_all(batch), None).each))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let batch = hidden_from_all(batch);
        let hidden = self.hidden(encoder, &batch, None);
        Some(guesses(&self.head, hidden, encoder.tokens.val(), &batch))
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        let batch = hidden_from_all(batch);
        let hidden = self.hidden(encoder, &batch, None);
        Some(answers(&self.head, hidden, encoder.tokens.val(), &batch, count))
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}

/// One question: every token from those before it, `[CLS]` among them.
fn in_the_order_of_the_text(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let sentence = &sentence.ids;
    let mut positions = ordinary(sentence, vocabulary);
    positions.retain(|position| *position > 0);
    let targets = positions.iter().map(|position| sentence[*position as usize]).collect();
    let order = (0..sentence.len() as u32).collect();
    vec![Example {
        visibility: Ranks::new(order).into(),
        ..predicting(sentence, positions, targets)
    }]
}

/// A question for every token: it alone is behind the others.
fn each_alone(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let sentence = &sentence.ids;
    let alone = |position: u32| {
        let mut ranks = vec![0; sentence.len()];
        ranks[position as usize] = 1;
        Example {
            visibility: Ranks::new(ranks).into(),
            ..predicting(sentence, vec![position], vec![sentence[position as usize]])
        }
    };
    ordinary(sentence, vocabulary).into_iter().map(alone).collect()
}

#[cfg(test)]
mod tests;
