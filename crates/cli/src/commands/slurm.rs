//! `cloze slurm`: the arguments of `cloze run` as an array job.

use super::experiment::planned;
use crate::arguments::{ExperimentArguments, RunArguments, SlurmArguments};
use cloze_foundation::{Fault, Result};
use cloze_runner::slurm::{Request, is_option, script as write};
use std::path::Path;

/// The script.
///
/// # Errors
/// Anything wrong with the experiment, a path that is not UTF-8, an sbatch option with a character that has no place
/// in one.
pub fn script(experiment: &ExperimentArguments, running: &RunArguments, slurm: &SlurmArguments) -> Result<String> {
    let plan = planned(experiment)?;
    if let Some(option) = slurm.sbatch.iter().find(|option| !is_option(option)) {
        return Err(Fault::usage(format!("`{option}` cannot be an option of sbatch"))
            .at("--sbatch")
            .allowed(["--name or --name=value, of letters, digits and -=_.,:/@%+[]"]));
    }
    let found = |error: std::io::Error| Fault::run(format!("cannot find where this is: {error}"));
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: String| arguments.push(format!("--{name}={value}"));
    for set in &experiment.set {
        add("set", set.clone());
    }
    add("results", word(&experiment.results)?);
    if let Some(root) = &running.data_root {
        add("data-root", word(root)?);
    }
    add("device", running.device.clone());
    add("checkpoint", running.safety.checkpoint.to_string());
    add("lease", running.safety.lease.to_string());
    Ok(write(
        &plan,
        &Request {
            program: std::env::current_exe().map_err(found)?,
            directory: std::env::current_dir().map_err(found)?,
            folder: experiment.results.join(&plan.experiment),
            experiment: word(&experiment.experiment)?,
            arguments,
            minutes: slurm.minutes,
            mebibytes: slurm.mem,
            cores: slurm.cores,
            at_once: slurm.at_once,
            options: slurm.sbatch.clone(),
        },
    ))
}

fn word(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Fault::usage(format!(
            "`{}` is not UTF-8, so it cannot stand in a script",
            path.display()
        ))
    })
}
