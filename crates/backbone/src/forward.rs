//! How one forward pass is to be done: what travels with a batch beside its ids.

use crate::EncoderConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{Dropout, Heads, Positions, Visibility};
use std::sync::Arc;

/// How one forward pass is to be done.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Windows, B.
    pub batch: usize,
    /// Positions each, L.
    pub length: usize,
    /// Who looks at whom.
    pub visibility: Visibility,
    /// `[N]`, each below the configured window; `None` counts 0 to L - 1 in every window.
    pub positions: Option<Arc<[u32]>>,
    /// `[N]`, each below the configured number of segments; `None` is segment 0. An encoder of one segment does not ask.
    pub segments: Option<Arc<[u32]>>,
    /// `[N]`: what each query's attention scores are multiplied by; `None` is 1. In disentangled attention what positions ask of
    /// keys stays as it is.
    pub scales: Option<Arc<[f32]>>,
    /// Draws of dropout; `None` in evaluation.
    pub dropout: Option<Draw>,
}

impl Forward {
    /// Everybody sees everybody, positions are counted, there is one segment, and nothing is dropped.
    pub fn new(batch: usize, length: usize) -> Self {
        Self {
            batch,
            length,
            visibility: Visibility::Bidirectional,
            positions: None,
            segments: None,
            scales: None,
            dropout: None,
        }
    }

    /// The windows as attention takes them.
    pub(crate) fn heads(&self, config: &EncoderConfig) -> Heads {
        Heads {
            batch: self.batch,
            length: self.length,
            heads: config.heads,
        }
    }

    /// The dropout of one place in one layer (layer 0 is the embeddings).
    pub(crate) fn dropout(&self, rate: f64, layer: usize, place: &str) -> Dropout {
        match self.dropout {
            Some(draw) if rate > 0.0 => Dropout {
                rate,
                seed: draw.example(layer as u64).purpose(place).seed(),
            },
            _ => Dropout::OFF,
        }
    }

    /// Where each row stands, for rotations.
    pub(crate) fn places(&self) -> Positions {
        match &self.positions {
            Some(positions) => Positions::Given(positions.clone()),
            None => Positions::Counted(self.length),
        }
    }

    /// `x` plus the rows of a table of learned positions.
    ///
    /// # Shapes
    /// - `x` and result: `[N, E]`, `table`: `[window, E]`
    pub(crate) fn with_positions(&self, x: Tensor<2>, table: Tensor<2>) -> Tensor<2> {
        let [window, width] = table.dims();
        match &self.positions {
            Some(positions) => {
                debug_assert!(
                    positions.iter().all(|position| (*position as usize) < window),
                    "a position outside of the window"
                );
                let positions = ids(positions, &x.device());
                x + cloze_kernels::embedding(table, positions)
            }
            None => {
                debug_assert!(self.length <= window, "a window longer than the positions");
                let positions = table.slice([0..self.length, 0..width]).unsqueeze();
                let x = x.reshape([self.batch, self.length, width]) + positions;
                x.reshape([self.batch * self.length, width])
            }
        }
    }

    /// `x` plus the rows of a table of learned segments.
    ///
    /// # Shapes
    /// - `x` and result: `[N, E]`, `table`: `[segments, E]`
    pub(crate) fn with_segments(&self, x: Tensor<2>, table: Tensor<2>) -> Tensor<2> {
        match &self.segments {
            Some(segments) => {
                let segments = ids(segments, &x.device());
                x + cloze_kernels::embedding(table, segments)
            }
            None => x + table.slice(0..1),
        }
    }

    /// Queries, keys and values whose scores are scaled.
    ///
    /// # Shapes
    /// - `qkv` and result: `[N, 3D]`
    pub(crate) fn scaled(&self, qkv: Tensor<2>) -> Tensor<2> {
        match &self.scales {
            Some(scales) => scaled(qkv, 3, scales),
            None => qkv,
        }
    }
}

/// Queries that stand beside the content (the second stream of XLNet, Yang et al. 2019, and of MPNet, Song et al. 2020):
/// they read keys and values of the content's states and are read by nobody.
#[derive(Clone, Debug)]
pub struct QueryStream {
    /// `[M, E]`: what is known at a query beside its position and its segment, in place of a token's embedding.
    pub embedded: Tensor<2>,
    /// `[M]`: the row of the batch whose position, segment, scale, rank and group each query has.
    pub rows: Vec<u32>,
    /// What the queries see of the content; strict where they must not see the token that they stand for.
    pub visibility: Visibility,
}

impl QueryStream {
    pub(crate) fn rows(&self, device: &Device) -> Tensor<1, Int> {
        ids(&self.rows, device)
    }

    pub(crate) fn places(&self, how: &Forward) -> Positions {
        let place = |row: &u32| match &how.positions {
            Some(positions) => positions[*row as usize],
            None => row % how.length as u32,
        };
        Positions::Given(self.rows.iter().map(place).collect())
    }

    /// # Shapes
    /// - `queries` and result: `[M, D]`
    pub(crate) fn scaled(&self, queries: Tensor<2>, how: &Forward) -> Tensor<2> {
        match &how.scales {
            Some(scales) => {
                let scales: Vec<f32> = self.rows.iter().map(|row| scales[*row as usize]).collect();
                scaled(queries, 1, &scales)
            }
            None => queries,
        }
    }

    /// How the queries are embedded: like a batch of one window with positions of their own.
    pub(crate) fn how(&self, how: &Forward) -> Forward {
        let positions = match self.places(how) {
            Positions::Given(positions) => Some(positions),
            Positions::Counted(_) => None,
        };
        let segment = |segments: &Arc<[u32]>| self.rows.iter().map(|row| segments[*row as usize]).collect();
        Forward {
            positions,
            segments: how.segments.as_ref().map(segment),
            dropout: how.dropout,
            ..Forward::new(1, self.rows.len())
        }
    }
}

/// `x` of `parts` times D columns with the first D scaled row by row.
fn scaled(x: Tensor<2>, parts: usize, scales: &[f32]) -> Tensor<2> {
    let width = x.dims()[1] / parts;
    let data = TensorData::new(scales.to_vec(), [scales.len()]);
    let scales = Tensor::<1>::from_data(data, &x.device());
    cloze_kernels::scale_queries(x, width, scales)
}

/// Host numbers as a tensor of integers.
///
/// # Shapes
/// - result: `[n]` for n numbers
pub fn ids(numbers: &[u32], device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i64> = numbers.iter().copied().map(i64::from).collect();
    let count = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [count]), device)
}
