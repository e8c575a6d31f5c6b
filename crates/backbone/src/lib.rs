//! The one encoder that every objective trains, the heads that objectives put on it, and what both cost.
//!
//! Hidden states are `[N, D]` with N = B·L everywhere; positions to predict are gathered before the vocabulary head.

mod alike;
mod block;
pub mod config;
mod embedding_residual;
pub mod encoder;
pub mod forward;
pub mod heads;
mod hidden;
pub mod hub;
pub mod init;
pub mod parameters;
mod relative;
pub mod tensors;
mod trunk;
mod value_embeddings;
mod variant;

pub use cloze_kernels::Precision;
pub use config::{EncoderConfig, EncoderOptions, InitialValues, Preset, Queries};
pub use encoder::Encoder;
pub use forward::{Forward, QueryStream, ids};
pub use heads::{Dense, LayerNorm, Logits, VocabularyHead};
pub use hidden::HiddenMatrix;
pub use init::Init;
pub use parameters::{Parameter, Parameters};
pub use relative::{Absolute, Disentangled, DisentangledOptions};
pub use trunk::Trunk;
pub use variant::Variant;
