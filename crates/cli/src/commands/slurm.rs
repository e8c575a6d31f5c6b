//! `cloze slurm`: the arguments of `cloze run` as an array job.

use super::results::known;
use crate::arguments::{ExperimentArguments, SlurmArguments, TrainingArguments, utf8};
use crate::terminal::say;
use cloze_foundation::{Fault, Result};
use cloze_plan::Plan;
use cloze_runner::data::Now;
use cloze_runner::processes::options::cache;
use cloze_runner::processes::slurm::{Request, is_option, script as write};
use cloze_runner::status::Status;
use cloze_runner::store::{Marker, Origin, Store};
use cloze_runner::{Need, Needs, Ready, Standing, Wait};

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
    let mut plan = experiment.plan(data_root)?;
    // Every task would find out for itself, when nobody looks any more.
    experiment.check_data(data_root)?;
    if let Some(option) = slurm.sbatch.iter().find(|option| !is_option(option)) {
        return Err(Fault::usage(format!("`{option}` cannot be an option of sbatch"))
            .at("--sbatch")
            .allowed(["--name or --name=value, of letters, digits and -=_.,:/@%+[]"]));
    }
    let folder = experiment.results.join(&plan.experiment);
    Origin::of(&experiment.experiment)?.check(&folder)?;
    let store = Store::new(&folder);
    let needs = Needs::of(&plan, &store)?;
    let ended = leave_out_what_ended(&mut plan, &store, experiment, training);
    plan.runs.retain(|run| needs.at(&run.id) == Need::Now);
    let frozen = cloze_plan::read(&folder).unwrap_or_else(|_| plan.clone());
    plan.models = known(&plan.models, &frozen);
    plan.models
        .retain(|model| Standing::of(model, &store, data_root).map_or(true, |standing| standing.is_open()));
    if plan.runs.is_empty() && plan.models.is_empty() {
        let needed = if needs.not_needed().next().is_some() {
            " that is needed"
        } else {
            ""
        };
        return Err(Fault::usage(format!(
            "every run{needed} has ended already, so there is nothing to queue"
        ))
        .remedy("`cloze report` writes what they came to"));
    }
    // The tasks would prepare the same text all at once, and each refuse for itself what can be refused here.
    let ready = Ready {
        data_root,
        cache: &cache(&experiment.results),
        say: &say,
    };
    let located = |fault| experiment.located(fault, &plan, data_root);
    ready.check(&plan.runs.iter().collect::<Vec<_>>()).map_err(located)?;
    if ended > 0 {
        say(&format!("{ended} runs have ended already and are left out"));
    }
    if needs.waits().any(|wait| wait == Wait::Trials) {
        say(
            "arms are tuned first: these are the trials, and the runs of arms whose trials have ended. When they have ended, the \
             same command gives those of the points that they choose",
        );
    } else if needs.waits().next().is_some() {
        say(
            "arms are trained until they are decided: these are the runs of the next look. When they have ended, the same command \
             gives those of the look after it, if it takes any",
        );
    }
    let found = |error: std::io::Error| Fault::run(format!("cannot find where this is: {error}"));
    let sets = experiment.set.iter().map(|set| format!("--set={set}"));
    let results = format!("--results={}", utf8(&experiment.results)?);
    let arguments = sets.chain([results]).chain(training.words()?).collect();
    Ok(write(
        &plan,
        &Request {
            program: std::env::current_exe().map_err(found)?,
            directory: std::env::current_dir().map_err(found)?,
            folder,
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

/// Takes the runs out of a plan that no task would do anything about; how many these are.
fn leave_out_what_ended(
    plan: &mut Plan,
    store: &Store,
    experiment: &ExperimentArguments,
    training: &TrainingArguments,
) -> usize {
    let data = Now::of(&plan.runs, training.data_root.as_deref(), &cache(&experiment.results));
    let mut data = data.iter();
    let before = plan.runs.len();
    plan.runs.retain(|run| {
        let Some(now) = data.next() else { return true };
        match Status::held_against(&store.run(&run.id), now) {
            Ok(Status::Ended(Marker::Diverged(_))) => training.retry_diverged,
            Ok(Status::Ended(_)) => false,
            _ => true,
        }
    });
    before - plan.runs.len()
}
