//! The kernels of the `flex` CPU backend, 32-bit floats. Each operation runs forward on plain values and leaves one node
//! in the graph ([`node`]) that knows its own backward pass.
//!
//! Work is cut into blocks whose size never depends on the number of threads, and partial sums are added in block order,
//! so that any number of threads gives the same bits.

mod activation;
mod adamw;
mod attention;
mod bfloat16;
mod cross_entropy;
mod dropout;
mod feed_forward;
mod layer_norm;
mod linear;
mod matrix;
mod node;
mod norm;
mod orthogonalise;
mod product;
mod residual;
mod room;
mod rotary;
mod sample;
mod soft_cap;
mod vector;

pub(crate) use activation::{geglu, gelu};
pub(crate) use adamw::adamw;
pub(crate) use attention::{
    attention, attention_at, disentangled_attention, disentangled_query_attention, query_attention,
};
pub(crate) use bfloat16::instructions as bfloat16_instructions;
pub(crate) use cross_entropy::vocabulary_cross_entropy;
pub(crate) use dropout::dropout;
pub(crate) use feed_forward::feed_forward;
pub(crate) use layer_norm::layer_norm;
pub(crate) use linear::linear;
pub(crate) use norm::squared_norm;
pub(crate) use orthogonalise::orthogonalise;
pub(crate) use residual::{residual, residual_norm};
pub(crate) use rotary::rotary;
pub(crate) use sample::sample;
pub(crate) use soft_cap::soft_cap;

use burn::tensor::{DType, GradientCheckpointingStrategy, Tensor};

/// Elements of one block of an elementwise operation.
const BLOCK: usize = 16_384;

/// Rows of one task where `rows` are cut into equal shares of at most `most`: an even number of shares, so that two
/// threads finish together.
fn share(rows: usize, most: usize) -> usize {
    let shares = rows.div_ceil(most);
    let even = if shares > 1 { shares.next_multiple_of(2) } else { 1 };
    rows.div_ceil(even).max(1)
}

/// Whether the kernels take this tensor: 32-bit floats on `flex`. A graph that recomputes activations (burn's
/// gradient checkpointing) keeps to the reference, whose operations it knows how to recompute.
pub(crate) fn takes<const R: usize>(x: &Tensor<R>) -> bool {
    x.dtype() == DType::F32
        && crate::is_flex(&x.device())
        && x.gradient_checkpointing_strategy() != Some(GradientCheckpointingStrategy::Balanced)
}
