//! The encoder's hot operations. Each has one entry here, a reference in [`mod@reference`] made of plain burn
//! operations (which every backend runs), and a fused kernel for the `flex` CPU backend with its own backward pass.
//! [`embedding`] and [`scale_queries`] have no kernel, because they take next to no time.
//!
//! Words of the shapes: B batch, L window length, N = B·L, D width, H heads, F feed-forward width, V vocabulary,
//! M predicted positions.

use burn::tensor::Device;

mod flex;
mod operations;
pub mod reference;
mod relative;
mod side_by_side;
mod subnormals;
mod types;
mod visibility;

pub use operations::*;
pub use relative::{Disentangled, Relative};
pub use side_by_side::{at_a_time, side_by_side};
pub use subnormals::flush_subnormals;
pub use types::{
    Activation, AdamW, Affine, CrossEntropy, Dropout, Heads, NEWTON_SCHULZ, Positions, Precision, Rotary, Softmax,
};
pub use visibility::{Ranks, Visibility};

/// What this processor computes products of bfloat16 with on `flex`: `avx512-bf16`, or `portable`, which rounds as well and
/// is slower than 32-bit floats.
pub fn bfloat16_instructions() -> &'static str {
    flex::bfloat16_instructions()
}

/// Whether `device` is the `flex` CPU backend, with or without autodiff.
pub fn is_flex(device: &Device) -> bool {
    use burn::backend::DispatchDevice;
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}
