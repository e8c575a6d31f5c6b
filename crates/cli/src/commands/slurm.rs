//! `cloze slurm`: the arguments of `cloze run` as an array job.

use crate::arguments::{ExperimentArguments, SlurmArguments, TrainingArguments, utf8};
use cloze_foundation::{Fault, Result};
use cloze_runner::processes::slurm::{Request, is_option, script as write};
use cloze_runner::store::Origin;

/// Prints the array job that runs an experiment with these arguments.
///
/// # Errors
/// Anything wrong with the experiment or its data, a path that is not UTF-8, an sbatch option with a character that has no place
/// in one.
pub fn script(
    experiment: &ExperimentArguments,
    training: &TrainingArguments,
    slurm: &SlurmArguments,
) -> Result<String> {
    let data_root = training.data_root.as_deref();
    let plan = experiment.plan(data_root)?;
    // Every task would find out for itself, when nobody looks any more.
    experiment.check_data(data_root)?;
    if let Some(option) = slurm.sbatch.iter().find(|option| !is_option(option)) {
        return Err(Fault::usage(format!("`{option}` cannot be an option of sbatch"))
            .at("--sbatch")
            .allowed(["--name or --name=value, of letters, digits and -=_.,:/@%+[]"]));
    }
    Origin::of(&experiment.experiment)?.check(&experiment.results.join(&plan.experiment))?;
    let found = |error: std::io::Error| Fault::run(format!("cannot find where this is: {error}"));
    let sets = experiment.set.iter().map(|set| format!("--set={set}"));
    let results = format!("--results={}", utf8(&experiment.results)?);
    let arguments = sets.chain([results]).chain(training.words()?).collect();
    Ok(write(
        &plan,
        &Request {
            program: std::env::current_exe().map_err(found)?,
            directory: std::env::current_dir().map_err(found)?,
            folder: experiment.results.join(&plan.experiment),
            experiment: utf8(&experiment.experiment)?.to_owned(),
            arguments,
            data_root: training.data_root.clone(),
            minutes: slurm.minutes,
            mebibytes: slurm.mem,
            cores: slurm.cores,
            at_once: slurm.at_once,
            options: slurm.sbatch.clone(),
        },
    ))
}
