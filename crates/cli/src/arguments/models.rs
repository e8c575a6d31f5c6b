//! Of commands that are given what is trained: judging, scores, states, export.

use super::{DEFAULT_DEVICE, DataArguments, positive};
use clap::{Args, ValueEnum, ValueHint};
use cloze_runner::features::Layers;
use std::path::PathBuf;

/// Whom to judge, and by what.
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// A results folder or an experiment file, all of whose finished runs are judged; a run's folder or id; or a folder of
    /// Hugging Face, of which the numbers are printed
    #[arg(value_hint = ValueHint::AnyPath)]
    pub model: PathBuf,
    /// Evaluations: names with commas between them, a list or a table as in an experiment, or a TOML file; may be repeated
    #[arg(long, required = true, value_name = "TASKS")]
    pub tasks: Vec<String>,
    /// Judge only these: an arm, `seed=3`, or a run's id as `status` prints it; may be repeated
    #[arg(long, value_name = "ARM|SEED|RUN")]
    pub only: Vec<String>,
    /// For a folder of Hugging Face, the text of tasks that judge on held-out text: a name from `data list`, a path or a glob
    /// [default: the built-in language]
    #[arg(long)]
    pub source: Option<String>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    #[command(flatten)]
    pub data: DataArguments,
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = DEFAULT_DEVICE)]
    pub device: String,
    /// Judgements of runs at the same time; by default one per core on the host, and one elsewhere
    #[arg(long, value_parser = positive)]
    pub jobs: Option<usize>,
}

/// Which model is asked about a text.
#[derive(Debug, Args)]
pub struct AskedArguments {
    /// A run's folder or id; an experiment file or a results folder, with --arm and --seed where it has several runs; or a folder
    /// of Hugging Face
    #[arg(value_hint = ValueHint::AnyPath)]
    pub model: PathBuf,
    /// The text, a line at a time: a file, also gzipped, or - for stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub text: PathBuf,
    /// The arm of the run
    #[arg(long)]
    pub arm: Option<String>,
    /// The seed of the run
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = DEFAULT_DEVICE)]
    pub device: String,
}

/// What to score, and how.
#[derive(Debug, Args)]
pub struct ScoreArguments {
    #[command(flatten)]
    pub asked: AskedArguments,
    /// The scoring rule, of those that the model has [default: its first one]
    #[arg(long)]
    pub rule: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}

/// Which states to write.
#[derive(Debug, Args)]
pub struct FeaturesArguments {
    #[command(flatten)]
    pub asked: AskedArguments,
    /// The file to write: .parquet or .safetensors
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: PathBuf,
    /// Which layer: a number from 0 (the embeddings), `last` or `all`
    #[arg(long, default_value = "last", value_parser = layers)]
    pub layer: Layers,
    /// What becomes of the states of a line's positions
    #[arg(long, value_enum, default_value_t = Pooling::Mean)]
    pub pool: Pooling,
}

/// What becomes of the states of a line's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pooling {
    /// Their mean
    Mean,
    /// Each has a row of its own
    None,
}

fn layers(text: &str) -> std::result::Result<Layers, String> {
    match text {
        "last" => Ok(Layers::Last),
        "all" => Ok(Layers::All),
        number => match number.parse() {
            Ok(number) => Ok(Layers::One(number)),
            Err(_) => Err("a number from 0, `last` or `all`".to_owned()),
        },
    }
}

/// What to export, and as what.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// A run's folder or id; or an experiment file or a results folder, with --arm and --seed where it has several runs
    #[arg(value_hint = ValueHint::AnyPath)]
    pub run: PathBuf,
    /// The folder to write, which is not there yet
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
    /// For which library
    #[arg(long, value_enum, default_value_t = ExportForm::Hf)]
    pub to: ExportForm,
    /// The arm of the run
    #[arg(long)]
    pub arm: Option<String>,
    /// The seed of the run
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    /// A file of lines: what cloze makes of them is written beside the model (cloze_check.json), to be compared with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub check: Option<PathBuf>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// The model with its heads, for transformers
    Hf,
    /// The encoder alone, for AutoModel
    HfEncoder,
    /// The encoder with mean pooling, for sentence-transformers
    SentenceTransformers,
}
