//! What an encoder costs: floating-point operations of its passes.

use super::EncoderConfig;
use crate::Absolute;
use crate::encoder::DECODED;

impl EncoderConfig {
    /// Floating-point operations of one forward pass over `windows` windows of `length` positions, multiply and add
    /// counted apart; a causal pattern does half of the attention products. Embedding look-ups count nothing, and
    /// neither do biases, norms, activations, softmaxes, an embedding residual and value embeddings (3·D each for a row and layer): matrix
    /// products only, as in Kaplan et al. 2020, table 1.
    ///
    /// Disentangled attention has three products more a layer: the table of 2 S relative positions is projected to queries and
    /// keys, 2·2S·D·2D, whatever the batch is; every query meets the R positions that there are within `length`, 2·R·D, and so
    /// does every key.
    pub fn forward_flops(&self, windows: usize, length: usize, causal: bool) -> f64 {
        let (width, hidden, columns) = (
            self.width as f64,
            self.feed_forward as f64,
            self.feed_forward_columns() as f64,
        );
        let (windows, length) = (windows as f64, length as f64);
        let dense = 2.0 * windows * length * (4.0 * width * width + width * columns + hidden * width);
        // q·kᵀ and probabilities·v: 2·L²·D each.
        let attention = 4.0 * windows * length * length * width * if causal { 0.5 } else { 1.0 };
        let relative = self.table_flops() + 2.0 * windows * length * self.position_flops(length as usize);
        self.project_flops(windows * length) + self.layers as f64 * (dense + attention + relative)
    }

    /// The projections of the table of relative positions in one layer.
    fn table_flops(&self) -> f64 {
        let rows = self.disentangled.map_or(0, |disentangled| disentangled.rows());
        4.0 * rows as f64 * (self.width * self.width) as f64
    }

    /// A query, or a key, with the relative positions that there are within windows of so many positions, in one layer.
    fn position_flops(&self, length: usize) -> f64 {
        let asked = self.disentangled.map_or(0, |disentangled| disentangled.asked(length));
        2.0 * (asked * self.width) as f64
    }

    /// The projection of so many embeddings.
    fn project_flops(&self, rows: f64) -> f64 {
        let columns = if self.projects() { self.width } else { 0 };
        2.0 * rows * self.table_width() as f64 * columns as f64
    }

    /// [`forward_flops`](Self::forward_flops) where hidden states are wanted at `rows` positions of the batch alone, as
    /// [`Encoder::forward_at`](crate::Encoder::forward_at) computes them.
    pub fn forward_flops_at(&self, windows: usize, length: usize, causal: bool, rows: usize) -> f64 {
        let left_out = (windows * length) as f64 - rows as f64;
        // Of causal attention, whose queries an objective reads nearly all, none is left out.
        let attention = if causal {
            0.0
        } else {
            4.0 * length as f64 * self.width as f64 + self.position_flops(length)
        };
        let (width, columns) = (self.width as f64, self.feed_forward_columns() as f64);
        let after_attention = 2.0 * (width * width + width * columns + self.feed_forward as f64 * width);
        self.forward_flops(windows, length, causal) - left_out * (attention + after_attention)
    }

    /// [`forward_flops_at`](Self::forward_flops_at) under any law of who sees whom, in windows of `length` positions: `all` are
    /// the positions of the batch and `read` those at which states are wanted, both with the keys that they see.
    pub fn forward_flops_of(&self, length: usize, all: Queries, read: Queries) -> f64 {
        let (layers, width) = (self.layers as f64, self.width as f64);
        let projected = 2.0 * all.rows as f64 * width * 3.0 * width;
        self.project_flops(all.rows as f64)
            + layers * projected
            + (layers - 1.0) * self.attending_flops(length, all.rows, all)
            + self.attending_flops(length, all.rows, read)
    }

    /// What a query stream costs beside the content of `keys` positions that it looks at: a block computes no keys and values
    /// of it. Of the last block's content nothing but keys and values is read, so that the content is
    /// `forward_flops_of(length, all, Queries::NONE)`.
    pub fn query_stream_flops(&self, length: usize, keys: usize, queries: Queries) -> f64 {
        let (layers, width) = (self.layers as f64, self.width as f64);
        let blocks = layers * (2.0 * queries.rows as f64 * width * width + self.attending_flops(length, keys, queries));
        self.project_flops(queries.rows as f64) + blocks
    }

    /// [`forward_flops_of`](Self::forward_flops_of) where tokens are predicted from the states, as
    /// [`Encoder::decoded_at`](crate::Encoder::decoded_at) computes them: with an enhanced mask decoder two streams of queries
    /// through the last block.
    pub fn decoded_flops_of(&self, length: usize, all: Queries, read: Queries) -> f64 {
        if self.absolute() != Absolute::Decoder {
            return self.forward_flops_of(length, all, read);
        }
        let projected = 2.0 * read.rows as f64 * (self.width * self.width) as f64;
        let stream = projected + self.attending_flops(length, all.rows, read);
        self.forward_flops_of(length, all, Queries::NONE) + DECODED as f64 * stream
    }

    /// [`decoded_flops_of`](Self::decoded_flops_of) for `rows` positions under a plain law, as
    /// [`forward_flops_at`](Self::forward_flops_at).
    pub fn decoded_flops_at(&self, windows: usize, length: usize, causal: bool, rows: usize) -> f64 {
        if self.absolute() != Absolute::Decoder {
            return self.forward_flops_at(windows, length, causal, rows);
        }
        let seeing = |rows: usize| Queries {
            rows,
            pairs: rows * length / if causal { 2 } else { 1 },
        };
        self.decoded_flops_of(length, seeing(windows * length), seeing(rows))
    }

    /// What follows a block's queries, keys and values: scores and values of every pair, output, up and down of every row; and
    /// relative positions with every query and every key.
    fn attending_flops(&self, length: usize, keys: usize, queries: Queries) -> f64 {
        if queries == Queries::NONE {
            return 0.0;
        }
        let relative = self.table_flops() + (queries.rows + keys) as f64 * self.position_flops(length);
        let (width, columns) = (self.width as f64, self.feed_forward_columns() as f64);
        let dense = width * width + width * columns + self.feed_forward as f64 * width;
        2.0 * queries.rows as f64 * dense + 4.0 * queries.pairs as f64 * width + relative
    }
}

/// Rows that go through what follows a block's queries, keys and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queries {
    /// How many.
    pub rows: usize,
    /// How many keys they see, all together.
    pub pairs: usize,
}

impl Queries {
    /// No row at all.
    pub const NONE: Self = Self { rows: 0, pairs: 0 };
}
