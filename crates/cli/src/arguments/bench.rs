//! What `cloze bench` takes.

use super::DEFAULT_DEVICE;
use clap::Args;

/// What to measure. Options with several values, separated by commas, are crossed.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Objectives; all options but the mode are the defaults
    #[arg(long, value_delimiter = ',', default_value = "mlm")]
    pub objective: Vec<String>,
    /// Modes of the objectives: corrected, reference
    #[arg(long, value_delimiter = ',', default_value = "corrected")]
    pub mode: Vec<String>,
    /// Encoder families: modern, bert
    #[arg(long, value_delimiter = ',', default_value = "modern")]
    pub preset: Vec<String>,
    /// Widths of the encoder
    #[arg(long, value_delimiter = ',', default_value = "128")]
    pub width: Vec<usize>,
    /// Transformer blocks
    #[arg(long, value_delimiter = ',', default_value = "2")]
    pub layers: Vec<usize>,
    /// Sizes of the vocabulary
    #[arg(long, value_delimiter = ',', default_value = "8192")]
    pub vocab: Vec<usize>,
    /// Windows in a batch
    #[arg(long, value_delimiter = ',', default_value = "32")]
    pub batch: Vec<usize>,
    /// Positions in a window
    #[arg(long, value_delimiter = ',', default_value = "128")]
    pub length: Vec<usize>,
    /// Dropout rates [default: the preset's]
    #[arg(long, value_delimiter = ',')]
    pub dropout: Vec<f64>,
    /// What the operands of dense layers' products are rounded to: float32 (nothing), bfloat16
    #[arg(long, value_delimiter = ',', default_value = "float32")]
    pub precision: Vec<String>,
    /// What attention's scores are of: plain (content, and positions as the preset has them), disentangled (content and relative
    /// positions apart)
    #[arg(long, value_delimiter = ',', default_value = "plain")]
    pub attention: Vec<String>,
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = DEFAULT_DEVICE)]
    pub device: String,
    /// Threads for host computation [default: one per core]
    #[arg(long, value_delimiter = ',')]
    pub threads: Vec<usize>,
    /// Steps that are timed, after three that are not
    #[arg(long, default_value_t = cloze_trainer::bench::STEPS)]
    pub steps: usize,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}
