//! Text to tokens to windows: sources, tokenizer, shards, batch order, and the built-in language.

pub mod fragment;
pub mod order;
pub mod pairs;
pub mod prepare;
pub mod shard;
pub mod source;
pub mod tokenizer;
pub mod vocabulary;
pub mod window;

pub use order::BatchOrder;
pub use pairs::MinimalPair;
pub use prepare::{CorpusConfig, Prepared, prepare};
pub use shard::Shard;
pub use tokenizer::{Tokenizer, TokenizerConfig};
pub use vocabulary::{SpecialTokens, Vocabulary};
pub use window::Window;
