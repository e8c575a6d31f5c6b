//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// Which pretraining objective should I use, at which masking ratio, and how sure can I be?
///
/// Exit status: 0 all done, 1 some runs failed or diverged, 2 usage or configuration, 75 interrupted and resumable.
#[derive(Debug, Parser)]
#[command(name = "cloze", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Expand an experiment, check it and say what it costs; nothing is trained
    Plan {
        #[command(flatten)]
        experiment: ExperimentArguments,
        /// Print the whole plan as JSON
        #[arg(long)]
        json: bool,
    },
    /// Train and judge every run of an experiment that is not done yet, then write its report
    Run {
        #[command(flatten)]
        experiment: ExperimentArguments,
        #[command(flatten)]
        running: RunArguments,
    },
    /// Say which runs of an experiment are done, diverged, failed or missing
    Status {
        #[command(flatten)]
        experiment: ExperimentArguments,
    },
    /// Write the tables, charts and page of an experiment from its metrics
    Report {
        /// An experiment file or a results folder
        #[arg(value_hint = ValueHint::AnyPath)]
        experiment: PathBuf,
        /// Where results live
        #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
        results: PathBuf,
        /// What to print to stdout; every format is written to the report folder
        #[arg(long, value_enum, default_value_t = Format::Md)]
        format: Format,
    },
    /// Measure what an optimizer step costs on this machine: one line per configuration
    Bench(BenchArguments),
    /// Explain an objective, an evaluation or an experiment key; without a topic, list them
    Explain {
        /// `mlm`, `electra`, `minimal-pairs`, `budget.equalise`, ...
        topic: Option<String>,
    },
    /// The data sets that experiments can name
    Data {
        /// What about them.
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Train one run of a frozen plan (what `run` starts for each run)
    #[command(hide = true)]
    TrainRun(TrainRunArguments),
    /// Measure one configuration (what `bench` starts for each)
    #[command(hide = true)]
    BenchOne {
        /// The configuration, as JSON
        setting: String,
    },
}

/// Which experiment, and where its results live.
#[derive(Debug, Args)]
pub struct ExperimentArguments {
    /// The experiment file
    #[arg(value_hint = ValueHint::FilePath)]
    pub experiment: PathBuf,
    /// Override a key, as in `--set budget.amount=500k`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
}

/// How to run.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Folder with data sets, for corpora and evaluations that are not built in
    #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
    pub data_root: Option<PathBuf>,
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = "flex")]
    pub device: String,
    /// Runs at the same time; by default chosen by the encoder's width
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Go on with the other runs when one fails (the default)
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop starting runs when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Say what would be run, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of the hidden command.
#[derive(Debug, Args)]
pub struct TrainRunArguments {
    /// The experiment's results folder, which holds plan.json
    pub folder: PathBuf,
    /// The run's id
    pub id: String,
    /// Its prepared corpus
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder with data sets
    #[arg(long)]
    pub data_root: Option<PathBuf>,
    /// Backend
    #[arg(long, default_value = "flex")]
    pub device: String,
}

/// What to measure. Options with several values, separated by commas, are crossed.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Objectives, with their default options
    #[arg(long, value_delimiter = ',', default_value = "mlm")]
    pub objective: Vec<String>,
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
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = "flex")]
    pub device: String,
    /// Threads for host computation [default: one per core]
    #[arg(long, value_delimiter = ',')]
    pub threads: Vec<usize>,
    /// Steps that are timed, after three that are not
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}

/// About data sets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the sources that are known by name
    List,
    /// Count a source's documents, words and tokens
    Describe {
        /// A name from `data list`, a path or a glob
        source: String,
        /// Folder with data sets
        #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
        data_root: Option<PathBuf>,
        /// Vocabulary of the WordPiece tokenizer that counts tokens
        #[arg(long, default_value_t = 8192)]
        vocab: usize,
        /// Where results live; prepared corpora are kept in its `.cache`
        #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
        results: PathBuf,
    },
}

/// Formats of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Markdown
    Md,
    /// Comma-separated values
    Csv,
    /// LaTeX with booktabs
    Tex,
    /// The page
    Html,
}
