//! What can be typed.

mod bench;
mod models;

pub use bench::BenchArguments;
pub use models::{
    AskedArguments, EvalArguments, ExportArguments, ExportForm, FeaturesArguments, Pooling, ScoreArguments,
};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use cloze_foundation::{Fault, FaultKind, Result};
use cloze_options::Quantity;
use cloze_plan::{Experiment, Plan};
use cloze_runner::Cadence;
use cloze_runner::store::lease;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

/// What can be asked for, each in a file of its own in `commands`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Expand an experiment, check it and say what it costs; nothing is trained
    Plan {
        #[command(flatten)]
        experiment: ExperimentArguments,
        #[command(flatten)]
        data: DataArguments,
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
        #[command(flatten)]
        data: DataArguments,
    },
    /// Write the tables, charts and page of an experiment from its metrics
    Report {
        /// An experiment file or a results folder
        #[arg(value_hint = ValueHint::AnyPath)]
        experiment: PathBuf,
        /// Where results live
        #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
        results: PathBuf,
        #[command(flatten)]
        data: DataArguments,
        /// What to print to stdout; every format is written to the report folder
        #[arg(long, value_enum, default_value_t = Format::Md)]
        format: Format,
    },
    /// Judge what is trained by further tasks; nothing is trained again
    Eval(EvalArguments),
    /// Hold results folders against each other: arms that they share, and whether these stand in one order
    Compare {
        /// Two to eight results folders or experiment files
        #[arg(required = true, num_args = 2.., value_hint = ValueHint::AnyPath)]
        results_of: Vec<PathBuf>,
        /// Where results of experiment files live
        #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
        results: PathBuf,
        /// Print the numbers in full as JSON
        #[arg(long)]
        json: bool,
    },
    /// Score every line of a text by what is trained
    Score(ScoreArguments),
    /// Write the hidden states of every line of a text
    Features(FeaturesArguments),
    /// Write a trained run as a folder that Hugging Face's libraries load
    Export(ExportArguments),
    /// Print an array-job script for Slurm: one task a run, queued again when it is preempted or out of time
    Slurm {
        #[command(flatten)]
        experiment: ExperimentArguments,
        #[command(flatten)]
        training: TrainingArguments,
        #[command(flatten)]
        slurm: SlurmArguments,
    },
    /// Count what every arm hides and predicts in the text that it will read; nothing is trained
    Audit {
        #[command(flatten)]
        experiment: ExperimentArguments,
        #[command(flatten)]
        data: DataArguments,
        #[command(flatten)]
        audit: AuditArguments,
    },
    /// Look whether this machine and the runs of an experiment are in order; show and release stale claims
    Doctor(DoctorArguments),
    /// Measure what an optimizer step costs on this machine: one line per configuration
    Bench(BenchArguments),
    /// Explain an objective, an evaluation or an experiment key; without a topic, list them
    Explain {
        /// `mlm`, `electra`, `minimal-pairs`, `budget.equalise`, ...
        topic: Option<String>,
        /// Print the JSON Schema of experiment files, for editors
        #[arg(long, conflicts_with = "topic")]
        schema: bool,
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
}

/// What this program asks of itself: no command that a person types, and so none that is listed, completed or suggested.
#[derive(Debug, Parser)]
#[command(name = "cloze", version, disable_help_subcommand = true)]
pub struct Internal {
    /// What to do.
    #[command(subcommand)]
    pub command: InternalCommand,
}

/// What its own processes are started for.
#[derive(Debug, Subcommand)]
pub enum InternalCommand {
    /// Train one run of a frozen plan (what `run` starts for each run)
    TrainRun(Box<TrainRunArguments>),
    /// Measure one configuration (what `bench` starts for each)
    BenchOne {
        /// The configuration, as JSON
        setting: String,
    },
}

impl InternalCommand {
    /// Whether a first argument is one of these.
    pub fn is(word: &str) -> bool {
        Internal::command().find_subcommand(word).is_some()
    }
}

/// Words for what there is under another name, in the order of the commands.
const OTHER_WORDS: &[(&str, &[&str])] = &[
    ("plan", &["check", "validate", "expand", "cost", "dry-run"]),
    (
        "run",
        &[
            "train", "start", "resume", "continue", "sweep", "pretrain", "fit", "go", "launch",
        ],
    ),
    ("status", &["ls", "list", "show", "runs", "progress"]),
    ("report", &["plot", "table", "results", "summary"]),
    ("eval", &["evaluate", "judge", "test", "tasks"]),
    ("compare", &["diff", "versus", "vs", "against"]),
    ("score", &["likelihood", "perplexity", "rank"]),
    ("features", &["states", "embed", "embeddings", "hidden", "vectors"]),
    ("export", &["hf", "huggingface", "convert", "save", "push"]),
    ("slurm", &["sbatch", "submit"]),
    ("audit", &["inspect", "masks", "preview", "corruption", "look"]),
    ("bench", &["benchmark", "time", "speed"]),
    ("explain", &["docs", "describe", "doc"]),
    ("data", &["corpus", "corpora", "datasets"]),
];

/// What is said of a first word that is no command.
pub fn unknown_command(word: &str) -> Fault {
    let command = Arguments::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let meant = OTHER_WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.to_lowercase().as_str()));
    let mut fault = Fault::usage(format!("unknown command `{word}`"))
        .allowed(&names)
        .nearest(word, &names);
    if let Some((name, _)) = meant {
        fault.nearest = Some((*name).to_owned());
    }
    fault.remedy("`cloze --help` says what each does")
}

/// The backend where none is named.
pub const DEFAULT_DEVICE: &str = "flex";

/// Which experiment, and where its results live.
#[derive(Clone, Debug, Args)]
pub struct ExperimentArguments {
    /// The experiment file; `status` also takes a results folder
    #[arg(value_hint = ValueHint::FilePath)]
    pub experiment: PathBuf,
    /// Override a key, as in `--set budget.amount=500k`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    /// Evaluations that are left out.
    #[arg(skip)]
    pub without: BTreeSet<String>,
}

impl ExperimentArguments {
    /// What the experiment plans.
    ///
    /// # Errors
    /// Anything wrong with the experiment.
    pub fn plan(&self, data_root: Option<&Path>) -> Result<Plan> {
        let experiment = self.load(data_root)?;
        // Models of others that were judged are known where their folders are gone.
        let before = cloze_plan::read(&self.results.join(&experiment.name));
        let known = before.map(|plan| plan.models).unwrap_or_default();
        cloze_plan::expand_beside(&experiment, &known)
    }

    /// Looks whether the data are there that the experiment asks for.
    ///
    /// # Errors
    /// What is missing, at the line that asks for it.
    pub fn check_data(&self, data_root: Option<&Path>) -> Result<()> {
        let experiment = self.load(data_root)?;
        cloze_plan::check_data(&experiment)?;
        cloze_plan::check_models(&experiment)
    }

    /// What keeps what is planned from being run, at the line that asks for what is missing, or that says of an arm what cannot be.
    pub fn located(&self, fault: Fault, plan: &Plan, data_root: Option<&Path>) -> Fault {
        let Ok(experiment) = self.load(data_root) else {
            return fault;
        };
        let (data, models) = (
            cloze_plan::check_data(&experiment),
            cloze_plan::check_models(&experiment),
        );
        match (data, models) {
            (Err(missing), _) if fault.kind == FaultKind::Usage => missing,
            // A model that is gone is no reason to stop where it was judged.
            (_, Err(missing)) if missing.what == fault.what => missing,
            _ => cloze_plan::located(&experiment, plan, fault),
        }
    }

    fn load(&self, data_root: Option<&Path>) -> Result<Experiment> {
        Ok(Experiment::load(&self.experiment, &self.set)?
            .under(data_root)
            .without(&self.without))
    }
}

/// Where data sets are.
#[derive(Debug, Args)]
pub struct DataArguments {
    /// Folder with data sets, for corpora, tokenizers and evaluations that are not built in
    #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
    pub data_root: Option<PathBuf>,
}

/// How each run is trained, whoever starts it: passed on whole to the tasks of an array job.
#[derive(Clone, Debug, Args)]
pub struct TrainingArguments {
    /// Folder with data sets, for corpora and evaluations that are not built in
    #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
    pub data_root: Option<PathBuf>,
    /// Backend: flex, or one that was built in by a cargo feature (ndarray, wgpu, cuda)
    #[arg(long, default_value = DEFAULT_DEVICE)]
    pub device: String,
    /// Go on with the other runs when one fails (the default)
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop starting runs when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Train diverged runs again
    #[arg(long)]
    pub retry_diverged: bool,
    #[command(flatten)]
    pub safety: SafetyArguments,
}

impl TrainingArguments {
    /// As they are typed, so that another process is told the same.
    ///
    /// # Errors
    /// A path that is not UTF-8.
    pub fn words(&self) -> Result<Vec<String>> {
        // Taken apart whole: an option that is added here and passed on nowhere does not compile.
        let Self {
            data_root,
            device,
            keep_going,
            fail_fast,
            retry_diverged,
            safety:
                SafetyArguments {
                    checkpoint,
                    lease,
                    stop_signal,
                },
        } = self;
        let mut words = Vec::new();
        if let Some(root) = data_root {
            words.push(format!("--data-root={}", utf8(root)?));
        }
        words.push(format!("--device={device}"));
        for (given, flag) in [
            (keep_going, "--keep-going"),
            (fail_fast, "--fail-fast"),
            (retry_diverged, "--retry-diverged"),
        ] {
            words.extend(given.then(|| flag.to_owned()));
        }
        words.push(format!("--checkpoint={checkpoint}"));
        words.push(format!("--lease={lease}"));
        words.extend(stop_signal.iter().map(|signal| format!("--stop-signal={signal}")));
        Ok(words)
    }
}

/// A path as a word of a script.
///
/// # Errors
/// One that is not UTF-8.
pub fn utf8(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Fault::usage(format!(
            "`{}` is not UTF-8, so it cannot stand in a script",
            path.display()
        ))
    })
}

/// How a sweep is run.
#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub training: TrainingArguments,
    /// Runs at the same time; by default chosen by the encoder's width, and one where the budget is in seconds
    #[arg(long, value_parser = positive)]
    pub jobs: Option<usize>,
    /// Say what would be run, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Train only these: an arm, `seed=3`, or a run's id as `status` prints it; may be repeated
    #[arg(long, value_name = "ARM|SEED|RUN")]
    pub only: Vec<String>,
    /// Train without the evaluations whose data cannot be read; `cloze eval` judges by them later
    #[arg(long)]
    pub without_broken_sets: bool,
}

/// When to save, and what others may conclude from silence.
#[derive(Clone, Debug, Args)]
pub struct SafetyArguments {
    /// How often a run saves what it has: `60s`, or `500 steps`
    #[arg(long = "checkpoint", default_value_t, value_name = "TIME|STEPS")]
    pub checkpoint: Cadence,
    /// Seconds of silence after which a run that another machine began counts as abandoned
    #[arg(long, default_value_t = lease::USUAL.as_secs_f64(), value_parser = seconds, value_name = "SECONDS")]
    pub lease: f64,
    /// A signal that asks for a stop, beside SIGTERM and SIGINT: HUP, USR1 or USR2
    #[arg(long, value_name = "SIGNAL")]
    pub stop_signal: Option<String>,
}

fn positive(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=1_000_000).contains(&number) => Ok(number),
        _ => Err("a whole number from 1 to 1000000".to_owned()),
    }
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e6 => Ok(seconds),
        _ => Err("a number of seconds above 0, at most 1000000".to_owned()),
    }
}

/// How much is counted, and how it is told.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// Tokens to count for each arm, spread over its run
    #[arg(long, default_value = "1M", value_parser = amount, value_name = "COUNT")]
    pub tokens: u64,
    /// Windows of each arm to show
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub examples: u64,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
    /// Draw where each arm predicts, and in runs of which length: an .svg or a .png file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub chart: Option<PathBuf>,
}

fn amount(text: &str) -> std::result::Result<u64, String> {
    match Quantity::Count.read(text) {
        Some(count) if (1.0..=1e12).contains(&count) => Ok(count as u64),
        _ => Err("a number from 1 to 1T, as in 200k".to_owned()),
    }
}

/// What a task may take; by default the plan decides.
#[derive(Debug, Args)]
pub struct SlurmArguments {
    /// Minutes that a task may take
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub minutes: Option<u64>,
    /// MiB of memory of a task
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub mem: Option<u64>,
    /// Cores of a task
    #[arg(long, value_parser = positive)]
    pub cores: Option<usize>,
    /// Tasks at the same time
    #[arg(long, value_parser = positive)]
    pub at_once: Option<usize>,
    /// A further option for sbatch, as in `--sbatch=--partition=short`; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
}

/// What to examine.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// An experiment file or a results folder; without one, only the machine is looked at
    #[arg(value_hint = ValueHint::AnyPath)]
    pub experiment: Option<PathBuf>,
    /// Where results live
    #[arg(long, default_value = "results", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    /// Folder with data sets, to see whether they are still those that the runs were made from
    #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
    pub data_root: Option<PathBuf>,
    /// Release stale claims, so that the next `run` need not wait
    #[arg(long)]
    pub release: bool,
    /// Seconds without a sign of life after which a claim counts as stale; doctor watches for as long
    #[arg(long, default_value_t = lease::USUAL.as_secs_f64(), value_parser = seconds, value_name = "SECONDS")]
    pub lease: f64,
}

/// Arguments of the internal command that trains a run.
#[derive(Debug, Args)]
pub struct TrainRunArguments {
    /// The experiment's results folder
    #[arg(long)]
    pub folder: PathBuf,
    /// The run's id
    #[arg(long)]
    pub id: String,
    /// The name of its arm
    #[arg(long)]
    pub arm: String,
    /// Its prepared corpus
    #[arg(long)]
    pub corpus: PathBuf,
    /// The last attempt at it, which is over; 0 if there was none
    #[arg(long)]
    pub after: u32,
    /// By which its parent knows its attempt
    #[arg(long)]
    pub token: String,
    /// Digits of the data that it is to be made from
    #[arg(long)]
    pub data: String,
    /// The attempt that diverged and is made again
    #[arg(long)]
    pub retry: Option<u32>,
    /// The build of the parent
    #[arg(long)]
    pub build: String,
    /// The command that the parent was given, for the provenance
    #[arg(long)]
    pub command: Option<String>,
    /// Folder with data sets
    #[arg(long)]
    pub data_root: Option<PathBuf>,
    /// Backend
    #[arg(long, default_value = DEFAULT_DEVICE)]
    pub device: String,
    #[command(flatten)]
    pub safety: SafetyArguments,
}

/// About data sets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the sources that are known by name, and say which are here
    List {
        /// Folder with data sets
        #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
        data_root: Option<PathBuf>,
    },
    /// Download sets from their public homes into the data root: looked at by their hashes, taken up where a call was broken off
    Fetch {
        /// Names from `data list`
        #[arg(required = true)]
        names: Vec<String>,
        /// Folder with data sets
        #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
        data_root: Option<PathBuf>,
        /// Another place that has a set's files under the same names
        #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Url)]
        from: Option<String>,
    },
    /// Count a source's documents, words and tokens
    Describe {
        /// A name from `data list`, a path or a glob
        source: String,
        /// Folder with data sets
        #[arg(long, env = "CLOZE_DATA", value_hint = ValueHint::DirPath)]
        data_root: Option<PathBuf>,
        /// Vocabulary of the tokenizer that counts tokens, if it is a trained one [default: 8192]
        #[arg(long)]
        vocab: Option<usize>,
        /// Set a key of the corpus as in an experiment, such as `--set corpus.tokenizer.cased=true`; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
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
