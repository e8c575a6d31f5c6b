//! Text to tokens to windows: sources, tokenizer, shards, batch order, and the built-in language.

pub mod annotations;
pub mod bounds;
mod clean;
pub mod fragment;
pub mod manifest;
mod memo;
mod merges;
pub mod occurrences;
pub mod options;
pub mod order;
pub mod pairs;
pub mod prepare;
mod reader;
pub mod registry;
pub mod shard;
pub mod source;
mod split;
pub mod statistics;
pub mod tokenizer;
mod train;
pub mod vocabulary;
pub mod window;

pub use annotations::Annotations;
pub use manifest::Manifest;
pub use options::{CorpusOptions, TokenizerOptions};
pub use order::BatchOrder;
pub use pairs::MinimalPair;
pub use prepare::{CorpusConfig, Prepared, describe, prepare};
pub use registry::{KnownSource, sources};
pub use shard::Shard;
pub use statistics::{Statistic, Statistics};
pub use tokenizer::{Tokenizer, TokenizerConfig};
pub use train::WordCounts;
pub use vocabulary::{SpecialTokens, Vocabulary};
pub use window::Window;
