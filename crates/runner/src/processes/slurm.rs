//! An array job for Slurm: one task a run, the same child as everywhere.

use super::run::NARROW;
use cloze_backbone::hub::TENSORS;
use cloze_plan::{ModelConfig, Plan, PlannedRun, cost};
use cloze_schema::{Axis, PlannedModel};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Seconds before the limit at which a task is asked to save.
const AHEAD: u64 = 120;
/// Time asked for, as a multiple of what a run is expected to take: the rate assumed may be that of another machine.
const SLACK: f64 = 3.0;
/// Time asked for on top: start-up, the corpus, judgements.
const OVERHEAD_SECONDS: f64 = 1800.0;
/// Memory for the program, the tokenizer and the metrics.
const BASE_MEBIBYTES: f64 = 1024.0;

/// What a script needs to know beside the plan. `None` means: from the plan.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// This program.
    pub program: PathBuf,
    /// Where relative paths start.
    pub directory: PathBuf,
    /// The folder of the experiment's results, for the tasks' logs.
    pub folder: PathBuf,
    /// The experiment file.
    pub experiment: String,
    /// The options of `cloze run`, without the choice of the run.
    pub arguments: Vec<String>,
    /// Folder with data sets, where given tokenizers may be.
    pub data_root: Option<PathBuf>,
    /// Time limit of a task in minutes.
    pub minutes: Option<u64>,
    /// Memory of a task in MiB.
    pub mebibytes: Option<u64>,
    /// Cores of a task.
    pub cores: Option<usize>,
    /// Tasks at the same time.
    pub at_once: Option<usize>,
    /// Further `#SBATCH` options, such as `--partition=short`.
    pub options: Vec<String>,
}

/// Quotes a word for a POSIX shell, whatever is in it.
pub fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word that is safe everywhere, for a job's name.
fn plain(word: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    word.chars().map(safe).collect()
}

/// Whether an `#SBATCH` option is one that can stand on its line.
pub fn is_option(option: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-=_.,:/@%+[]".contains(c);
    option.starts_with("--") && option.len() > 2 && option.chars().all(safe)
}

/// The script. Nothing of the experiment's names and paths reaches it unquoted.
///
/// Slurm sends USR1 to the script two minutes before the time limit; the script then has the run saved and the
/// task queued again. When a task is preempted, requeued or cancelled, Slurm sends TERM to every process of it, so the
/// run is saved without the script's help.
pub fn script(plan: &Plan, request: &Request) -> String {
    let data_root = request.data_root.as_deref();
    let runs = plan.runs.iter().map(|run| Needs::of(run, data_root));
    let models = plan.models.iter().map(|model| Needs::of_model(model, data_root));
    let most = runs.chain(models).fold(Needs::default(), Needs::max);
    let minutes = request.minutes.unwrap_or(most.minutes);
    let ids: Vec<&str> = plan
        .ids()
        .chain(plan.models.iter().map(|model| model.id.as_str()))
        .collect();
    let last = ids.len().saturating_sub(1);
    let limit = request.at_once.map_or_else(String::new, |tasks| format!("%{tasks}"));
    let mut text = String::from("#!/bin/bash\n");
    for option in [
        format!("--job-name=cloze-{}", plain(&plan.experiment)),
        format!("--array=0-{last}{limit}"),
        format!("--cpus-per-task={}", request.cores.unwrap_or(most.cores)),
        format!("--mem={}M", request.mebibytes.unwrap_or(most.mebibytes)),
        format!("--time={}", minutes.max(1)),
        format!("--signal=B:USR1@{AHEAD}"),
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        "--output=/dev/null".to_owned(),
    ]
    .iter()
    .chain(&request.options)
    {
        let _ = writeln!(text, "#SBATCH {option}");
    }
    // From the root, so that what goes wrong on the way to the folder is in the log.
    let logs = request.directory.join(&request.folder).join("slurm");
    let logs = quote(&logs.to_string_lossy());
    let arguments: Vec<String> = request.arguments.iter().map(|word| quote(word)).collect();
    let _ = write!(
        text,
        r#"
# One task trains one run, or judges one model of others. What was left is gone on with; what has ended is not repeated.
runs=(
{ids}
)
mkdir -p -- {logs} || exit 2
exec >>{logs}/"${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}.log" 2>&1
cd -- {directory} || exit 2
run="${{runs[${{SLURM_ARRAY_TASK_ID:?this script is for an array job: sbatch it as it is}}]}}"
if [ -z "$run" ]; then
    echo "there is no run $SLURM_ARRAY_TASK_ID: the array is 0 to {last}" >&2
    exit 2
fi
export RAYON_NUM_THREADS="${{SLURM_CPUS_PER_TASK:-1}}"

limit=no
{program} run {arguments} --jobs 1 --only "$run" -- {experiment} &
child=$!
# Ahead of the time limit only this script is told; otherwise Slurm tells every process itself.
trap 'limit=yes; kill -TERM "$child"' USR1
trap : TERM
wait "$child"
status=$?
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
done
if [ "$limit" = yes ] && [ "$status" = 75 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
"#,
        ids = ids.join("\n"),
        directory = quote(&request.directory.to_string_lossy()),
        program = quote(&request.program.to_string_lossy()),
        arguments = arguments.join(" "),
        experiment = quote(&request.experiment),
    );
    text
}

/// What a task asks for.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    minutes: u64,
    mebibytes: u64,
    cores: usize,
}

impl Needs {
    fn of(run: &PlannedRun, data_root: Option<&Path>) -> Self {
        let (encoder, budget) = (&run.config.encoder, &run.config.budget);
        let seconds = match budget.equalise {
            Axis::Seconds => budget.amount,
            _ => SLACK * run.flops / cost::ASSUMED_FLOPS_PER_SECOND,
        };
        // Weights, gradients and two moments; then what a block and the vocabulary head keep for the backward pass.
        let vocabulary = cost::vocabulary_size(&run.config, data_root).unwrap_or(32_768);
        let parameters = 16.0 * encoder.parameters(vocabulary) as f64;
        let positions = (budget.batch * encoder.window) as f64;
        let activations = 4.0 * positions * (32.0 * (encoder.width * encoder.layers) as f64 + vocabulary as f64);
        Self {
            minutes: ((seconds + OVERHEAD_SECONDS) / 60.0).ceil() as u64,
            mebibytes: (BASE_MEBIBYTES + (parameters + activations) / f64::from(1 << 20)).ceil() as u64,
            cores: if encoder.width < NARROW { 1 } else { 2 },
        }
    }

    /// Of judging a model that others trained: its weights as they are read, as they are kept, and as they are computed with.
    fn of_model(model: &PlannedModel, data_root: Option<&Path>) -> Self {
        let weights = ModelConfig::of(model).and_then(|config| config.place(data_root));
        let weights = weights.ok().and_then(|folder| folder.join(TENSORS).metadata().ok());
        let bytes = weights.map_or(0, |file| file.len()) as f64;
        Self {
            minutes: (OVERHEAD_SECONDS / 60.0).ceil() as u64,
            mebibytes: (BASE_MEBIBYTES + 3.0 * bytes / f64::from(1 << 20)).ceil() as u64,
            cores: 1,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            minutes: self.minutes.max(other.minutes),
            mebibytes: self.mebibytes.max(other.mebibytes),
            cores: self.cores.max(other.cores),
        }
    }
}
