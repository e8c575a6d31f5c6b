//! Whether the data that an experiment asks for are there, told at the lines that ask for them.

use super::names;
use super::points::points;
use crate::TaskConfig;
use crate::experiment::Experiment;
use crate::experiment::resolve::resolve;
use cloze_foundation::{Fault, Key, Result};
use cloze_options::Written;

/// Looks for every corpus, tokenizer and evaluation's data of an experiment, under its data root where it has one. Nothing
/// large is read.
///
/// # Errors
/// The first text or tokenizer that is not there or cannot be read, or every evaluation, with their places in the file.
pub fn check_data(experiment: &Experiment) -> Result<()> {
    let (mut corpora, mut tasks, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for (arm, name) in experiment.arms.iter().zip(names::bases(experiment)) {
        for point in points(experiment, arm, &name)? {
            let (config, _) = resolve(
                &point.settings,
                arm,
                &experiment.evaluate,
                experiment.data_root.as_deref(),
            )?;
            if !corpora.contains(&config.corpus) {
                cloze_corpus::check(&config.corpus, experiment.data_root.as_deref())
                    .map_err(|fault| point.settings.top().locate(fault))?;
                corpora.push(config.corpus.clone());
            }
            if let Some(tune) = &experiment.tune {
                let written = Written::new(&experiment.tune_written, "tune");
                let judge = tune.judge(&config).map_err(|fault| written.locate(fault))?;
                if let Some(judge) = judge.filter(|judge| !tasks.contains(judge)) {
                    let entry = cloze_evals::find(&judge.task)?;
                    (entry.check)(&judge.options, experiment.data_root.as_deref())
                        .map_err(|fault| written.open("judge").locate(fault))?;
                    tasks.push(judge);
                }
            }
            for (index, task) in config.evaluate.into_iter().enumerate() {
                if !tasks.contains(&task) {
                    broken.extend(check_task(experiment, index, &task).err());
                    tasks.push(task);
                }
            }
        }
    }
    broken_sets(broken).map_or(Ok(()), Err)
}

/// How a sweep goes on without what cannot judge it.
const GO_ON: &str = "train without it: `cloze run --without-broken-sets`, and judge by it later with `cloze eval`";

/// That evaluations cannot judge: each with all that is known of it, and how to go on without them; `None` where all can.
pub fn broken_sets(mut faults: Vec<Fault>) -> Option<Fault> {
    let fault = match faults.len() {
        0 | 1 => faults.pop()?,
        count => {
            let each: Vec<String> = faults.iter().map(Fault::to_string).collect();
            Fault::usage(format!("{count} evaluations cannot judge\n{}", each.join("\n")))
        }
    };
    let remedy = match &fault.remedy {
        Some(remedy) => format!("{remedy}; or {GO_ON}"),
        None => format!("mend it, or {GO_ON}"),
    };
    Some(fault.remedy(remedy))
}

fn check_task(experiment: &Experiment, index: usize, task: &TaskConfig) -> Result<()> {
    let entry = cloze_evals::find(&task.task)?;
    let located = |fault: Fault| match experiment.tasks.get(index) {
        Some(written) => Written::new(written, Key::from("evaluate.tasks").index(index)).locate(fault),
        None => fault,
    };
    (entry.check)(&task.options, experiment.data_root.as_deref())
        .map_err(|fault| located(fault).at(format!("evaluation `{}`", task.name())))
}
