//! How a parameter of ours and its tensors in transformers belong together: the words that the tables of `tables.rs` are
//! written in.

use super::Network;
use crate::Absolute;

/// The length of a dimension, in the words of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    One,
    Two,
    /// V.
    Vocabulary,
    /// L, the learned positions.
    Window,
    /// 2 S, the relative positions.
    Relative,
    /// Kinds of segments.
    Segments,
    /// E, columns of the table of tokens.
    Embedding,
    /// D of the blocks.
    Width,
    /// 3 D: queries, keys and values side by side.
    Attention,
    /// 2 D: queries and keys.
    Pair,
    /// F.
    Hidden,
    /// F, or 2 F where there is a gate.
    Columns,
}

impl Size {
    fn of(self, network: &Network) -> usize {
        let blocks = &network.blocks;
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Vocabulary => network.tokens.vocabulary,
            Self::Window => blocks.window,
            Self::Relative => blocks.disentangled.map_or(0, |disentangled| disentangled.rows()),
            Self::Segments => blocks.segments,
            Self::Embedding => network.embedding,
            Self::Width => blocks.width,
            Self::Attention => blocks.width.saturating_mul(3),
            Self::Pair => blocks.width.saturating_mul(2),
            Self::Hidden => blocks.feed_forward,
            Self::Columns => blocks.feed_forward_columns(),
        }
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A table of embeddings, as it is.
    Table(Size),
    /// A table whose first rows there are never read: RoBERTa counts positions from behind its padding token.
    BehindUnused(Size),
    /// A vector, as it is.
    Vector(Size),
    /// A gain, and a bias where there are some.
    Norm(Size),
    /// A weight and a bias where there are some. Ours multiplies from the right: transposed.
    Dense(Size, Size),
    /// From the embeddings' width to the blocks', always there: the identity where both are one.
    Projection,
    /// Segments: where there is one kind, the tables of transformers have two rows of zeros, so that tokenizers of pairs work.
    Segments,
}

/// Where a row holds.
#[derive(Clone, Copy, Debug)]
enum When {
    Always,
    /// In blocks above the first.
    AboveFirst,
    /// Where the blocks are of another width than the embeddings.
    Projected,
    /// Where embeddings know their positions.
    Placed,
    /// Where there are several kinds of segments.
    Segmented,
    /// Where relative positions have projections of their own.
    Apart,
}

/// A part of ours and what it is called there: several names where one matrix of ours is several side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    ours: &'static str,
    theirs: &'static [&'static str],
    kind: Kind,
    when: When,
}

pub(super) const fn table(ours: &'static str, theirs: &'static [&'static str], rows: Size) -> Row {
    row(ours, theirs, Kind::Table(rows))
}

pub(super) const fn segments(ours: &'static str, theirs: &'static [&'static str]) -> Row {
    row(ours, theirs, Kind::Segments)
}

pub(super) const fn projection(ours: &'static str, theirs: &'static [&'static str]) -> Row {
    row(ours, theirs, Kind::Projection)
}

pub(super) const fn vector(ours: &'static str, theirs: &'static [&'static str], length: Size) -> Row {
    row(ours, theirs, Kind::Vector(length))
}

pub(super) const fn norm(ours: &'static str, theirs: &'static [&'static str], length: Size) -> Row {
    row(ours, theirs, Kind::Norm(length))
}

pub(super) const fn dense(ours: &'static str, theirs: &'static [&'static str], inputs: Size, outputs: Size) -> Row {
    row(ours, theirs, Kind::Dense(inputs, outputs))
}

const fn row(ours: &'static str, theirs: &'static [&'static str], kind: Kind) -> Row {
    Row {
        ours,
        theirs,
        kind,
        when: When::Always,
    }
}

impl Row {
    pub(super) const fn behind_unused(self) -> Self {
        match self.kind {
            Kind::Table(rows) => Self {
                kind: Kind::BehindUnused(rows),
                ..self
            },
            _ => self,
        }
    }

    pub(super) const fn above_first(self) -> Self {
        Self {
            when: When::AboveFirst,
            ..self
        }
    }

    pub(super) const fn where_projected(self) -> Self {
        Self {
            when: When::Projected,
            ..self
        }
    }

    pub(super) const fn where_placed(self) -> Self {
        Self {
            when: When::Placed,
            ..self
        }
    }

    pub(super) const fn where_segmented(self) -> Self {
        Self {
            when: When::Segmented,
            ..self
        }
    }

    pub(super) const fn where_apart(self) -> Self {
        Self {
            when: When::Apart,
            ..self
        }
    }

    /// The part of a model that it belongs to: `head` of `head.dense`.
    pub(super) fn part(&self) -> &'static str {
        self.ours.split('.').next().unwrap_or(self.ours)
    }

    /// Its parameters, with `before` in front of our names and theirs, in the block `layer` if it is of a block.
    pub(super) fn places(&self, network: &Network, layer: usize, [ours, theirs]: [&str; 2], out: &mut Vec<Pairing>) {
        let holds = match self.when {
            When::Always => true,
            When::AboveFirst => layer > 0,
            When::Projected => network.blocks.width != network.embedding,
            When::Placed => network.blocks.absolute() == Absolute::Embeddings,
            When::Segmented => network.blocks.segment_rows() > 0,
            When::Apart => network
                .blocks
                .disentangled
                .is_some_and(|disentangled| !disentangled.shared_keys),
        };
        if !holds {
            return;
        }
        let biased = network.blocks.biases();
        let mut put = |our_end: &str, their_end: &str, shape: Vec<usize>, how: How| {
            out.push(Pairing {
                ours: format!("{ours}{}{our_end}", self.ours),
                theirs: self
                    .theirs
                    .iter()
                    .map(|name| format!("{theirs}{name}{their_end}"))
                    .collect(),
                shape,
                how,
            });
        };
        match self.kind {
            Kind::Table(rows) => {
                let shape = vec![rows.of(network), network.embedding];
                put("", ".weight", shape, How::AsItIs);
            }
            Kind::BehindUnused(rows) => {
                let shape = vec![rows.of(network), network.embedding];
                put("", ".weight", shape, How::Behind(network.unused_positions()));
            }
            Kind::Projection => {
                let shape = vec![network.embedding, network.blocks.width];
                let is_none = network.embedding == network.blocks.width;
                let [weight, bias] = if is_none {
                    [How::Identity, How::Zeros]
                } else {
                    [How::Transposed, How::AsItIs]
                };
                put(".weight", ".weight", shape, weight);
                put(".bias", ".bias", vec![network.blocks.width], bias);
            }
            Kind::Segments => {
                let shape = vec![network.blocks.segment_rows(), network.embedding];
                put("", ".weight", shape, How::Segments);
            }
            Kind::Vector(length) => put("", "", vec![length.of(network)], How::AsItIs),
            Kind::Norm(length) => {
                put(".gain", ".weight", vec![length.of(network)], How::AsItIs);
                if biased {
                    put(".bias", ".bias", vec![length.of(network)], How::AsItIs);
                }
            }
            Kind::Dense(inputs, outputs) => {
                let shape = vec![inputs.of(network), outputs.of(network)];
                put(".weight", ".weight", shape, How::Transposed);
                if biased {
                    put(".bias", ".bias", vec![outputs.of(network)], How::AsItIs);
                }
            }
        }
    }
}

/// How the numbers of ours become theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    AsItIs,
    /// `[K, J]` here is `[J, K]` there.
    Transposed,
    /// So many rows there before the first one here.
    Behind(usize),
    /// Rows of zeros there where there are none here.
    Segments,
    /// None here, and there what changes nothing.
    Identity,
    /// None here, and there what adds nothing.
    Zeros,
}

impl How {
    /// Whether a model of ours may have none.
    pub(super) fn is_optional(self) -> bool {
        matches!(self, Self::Segments | Self::Identity | Self::Zeros)
    }
}

/// One parameter of ours, and the tensors that it is there, one after the other along their first dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pairing {
    pub(super) ours: String,
    pub(super) theirs: Vec<String>,
    /// Of ours.
    pub(super) shape: Vec<usize>,
    pub(super) how: How,
}

impl Pairing {
    /// Ours as it is laid out there, all tensors together.
    pub(super) fn whole(&self) -> Vec<usize> {
        let mut whole = self.shape.clone();
        if self.how == How::Transposed {
            whole.reverse();
        }
        whole
    }

    /// Rows there before the first one here.
    pub(super) fn unused(&self) -> usize {
        match self.how {
            How::Behind(rows) => rows,
            _ => 0,
        }
    }

    /// The shape of each tensor there.
    pub(super) fn each(&self) -> Vec<usize> {
        let mut each = self.whole();
        each[0] = each[0] / self.theirs.len() + self.unused();
        each
    }

    /// Whether a tensor is the one row of a table that we do not have: there are no kinds of segments here, and one there.
    pub(super) fn is_one_kind(&self, shape: &[usize]) -> bool {
        let whole = self.whole();
        self.how == How::Segments && whole[0] == 0 && shape == [1, whole[1]]
    }
}
