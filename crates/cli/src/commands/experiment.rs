//! `cloze plan`, `run`, `status` and `report`.

use crate::arguments::{ExperimentArguments, Format, RunArguments, SafetyArguments, TrainingArguments};
use crate::progress;
use cloze_foundation::{Fault, Result};
use cloze_plan::{Experiment, Plan, cost};
use cloze_runner::status::Status;
use cloze_runner::store::{Marker, Store, checkpoint};
use cloze_runner::{RunOptions, Stop};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) fn planned(arguments: &ExperimentArguments) -> Result<Plan> {
    cloze_plan::expand(&Experiment::load(&arguments.experiment, &arguments.set)?)
}

/// What an experiment would do and cost.
///
/// # Errors
/// Anything wrong with the experiment.
pub fn plan(arguments: &ExperimentArguments, json: bool) -> Result<String> {
    let plan = planned(arguments)?;
    if json {
        let text = serde_json::to_string_pretty(&plan).map_err(|error| Fault::run(error.to_string()))?;
        return Ok(text + "\n");
    }
    let cost = cost::cost(&plan, cost::ASSUMED_FLOPS_PER_SECOND)?;
    let mut text = format!("{}\n\n", plan.question);
    let mut arms: Vec<(&str, usize, f64)> = Vec::new();
    for run in &plan.runs {
        match arms.iter_mut().find(|(arm, ..)| *arm == run.arm) {
            Some((_, seeds, flops)) => {
                *seeds += 1;
                *flops += run.flops;
            }
            None => arms.push((&run.arm, 1, run.flops)),
        }
    }
    let width = arms
        .iter()
        .map(|(arm, ..)| arm.chars().count())
        .max()
        .unwrap_or(0)
        .max(3);
    let _ = writeln!(text, "{:width$}  seeds  training FLOPs", "arm");
    for (arm, seeds, flops) in &arms {
        let _ = writeln!(text, "{arm:width$}  {seeds:5}  {flops:.2e}");
    }
    let _ = writeln!(
        text,
        "\n{} runs, {:.2e} training FLOPs, {:.1} M tokens; about {} of training and {} of evaluation at {:.0} GFLOP/s{}",
        cost.runs,
        cost.flops,
        cost.tokens / 1e6,
        duration(cost.seconds),
        duration(cost.evaluation_seconds),
        cost::ASSUMED_FLOPS_PER_SECOND / 1e9,
        if cost.unknown.is_empty() {
            String::new()
        } else {
            format!(", {} not counted", cost.unknown.join(" and "))
        }
    );
    let _ = writeln!(
        text,
        "on disk: {:.1} MB of trained weights; while a run trains, up to {} checkpoints of {:.1} MB",
        cost.weight_bytes as f64 / 1e6,
        checkpoint::MOST,
        cost.checkpoint_bytes as f64 / 1e6
    );
    Ok(text)
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Runs what is missing and reports; the text is the table, the status 0 or 1.
///
/// # Errors
/// Anything that stops the sweep as a whole.
pub fn run(arguments: &ExperimentArguments, running: &RunArguments) -> Result<(String, u8)> {
    let plan = planned(arguments)?;
    if running.dry_run {
        let (text, _) = statuses(&plan, &arguments.results)?;
        return Ok((text, 0));
    }
    let program = std::env::current_exe().map_err(|error| Fault::run(format!("cannot find this program: {error}")))?;
    // Taken apart whole, so that no option is forgotten.
    let RunArguments {
        training,
        jobs,
        dry_run: _,
        only,
    } = running;
    let TrainingArguments {
        data_root,
        device,
        keep_going: _,
        fail_fast,
        retry_diverged,
        safety: SafetyArguments {
            checkpoint,
            lease,
            stop_signal,
        },
    } = training.clone();
    let stop = Stop::on_signals(stop_signal.as_deref())?;
    let options = RunOptions {
        results: arguments.results.clone(),
        data_root,
        device,
        jobs: *jobs,
        fail_fast,
        retry_diverged,
        only: only.clone(),
        checkpoint,
        lease: Duration::from_secs_f64(lease),
        stop_signal,
        program,
    };
    let summary = cloze_runner::run(&plan, &options, &*progress::for_stderr(), &stop)?;
    eprintln!(
        "{} trained, {} done before, {} diverged, {} failed, {} interrupted, {} not started",
        summary.done, summary.skipped, summary.diverged, summary.failed, summary.interrupted, summary.left
    );
    for damage in &summary.damaged {
        eprintln!("damaged: {damage}");
    }
    if stop.requested() || summary.interrupted > 0 {
        eprintln!("interrupted: run the same command again to go on");
        return Ok((String::new(), Fault::interrupted("").exit_status()));
    }
    let bad = summary.failed + summary.diverged + summary.left + summary.damaged.len();
    if !options.only.is_empty() {
        return Ok((String::new(), u8::from(bad > 0)));
    }
    let folder = arguments.results.join(&plan.experiment);
    let status = u8::from(bad > 0);
    if !Store::new(&folder).metrics().exists() {
        return Ok((String::new(), status));
    }
    let report = cloze_report::write(&folder)?;
    eprintln!("report: {}", folder.join("report").join("index.html").display());
    Ok((report.table, status))
}

/// Which runs are where; the status is 1 when something failed or diverged.
///
/// # Errors
/// Anything wrong with the experiment, or a store that cannot be read.
pub fn status(arguments: &ExperimentArguments) -> Result<(String, u8)> {
    statuses(&planned(arguments)?, &arguments.results)
}

fn statuses(plan: &Plan, results: &Path) -> Result<(String, u8)> {
    let store = Store::new(results.join(&plan.experiment));
    let width = plan.runs.iter().map(|run| run.arm.chars().count()).max().unwrap_or(0);
    let (mut text, mut bad, mut done) = (String::new(), 0, 0);
    for run in &plan.runs {
        let status = Status::of(&store.run(&run.id))?;
        done += usize::from(matches!(status, Status::Ended(Marker::Done(_))));
        bad += usize::from(status.is_bad());
        let _ = writeln!(
            text,
            "{}  {:width$}  seed {}  {status}",
            run.id, run.arm, run.config.seed
        );
    }
    let _ = writeln!(text, "{done} of {} runs are done", plan.runs.len());
    Ok((text, u8::from(bad > 0)))
}

/// Writes the report and gives the table in a format.
///
/// # Errors
/// No metrics yet, or a damaged file.
pub fn report(experiment: &Path, results: &Path, format: Format) -> Result<String> {
    let folder = folder_of(experiment, results);
    let report = cloze_report::write(&folder)?;
    eprintln!("report: {}", folder.join("report").join("index.html").display());
    Ok(match format {
        Format::Md => report.table,
        Format::Csv => report.csv,
        Format::Tex => report.latex,
        Format::Html => report.page,
    })
}

/// The results folder that an experiment file or a folder stands for.
pub(super) fn folder_of(experiment: &Path, results: &Path) -> PathBuf {
    if experiment.is_dir() {
        return experiment.to_owned();
    }
    results.join(experiment.file_stem().unwrap_or(experiment.as_os_str()))
}
