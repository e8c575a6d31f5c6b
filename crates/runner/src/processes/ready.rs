//! What is asked before the first run starts: texts, evaluations and objectives, each once.

use super::Progress;
use super::options::{RunOptions, cache};
use crate::judge::Opened;
use cloze_corpus::{CorpusConfig, Prepared, prepare};
use cloze_foundation::{Fault, Result};
use cloze_plan::PlannedRun;
use cloze_trainer::job;

/// Asks every evaluation whether it has what it needs, before hours are spent on something to judge.
pub(super) fn check_evaluations(runs: &[&PlannedRun], options: &RunOptions) -> Result<()> {
    let mut checked = Vec::new();
    for task in runs.iter().flat_map(|run| &run.config.evaluate) {
        if !checked.contains(&task) {
            let entry = cloze_evals::find(&task.task)?;
            (entry.check)(&task.options, options.data_root.as_deref()).map_err(|fault| fault.at(task.name()))?;
            checked.push(task);
        }
    }
    Ok(())
}

/// Asks every objective whether it can do something with its text.
pub(super) fn check_objectives(runs: &[&PlannedRun], corpora: &[(CorpusConfig, Prepared)]) -> Result<()> {
    // Seeds and rates of learning do not matter here.
    let mut checked = Vec::new();
    for PlannedRun { arm, config: run, .. } in runs {
        let asked = (&run.corpus, &run.objective, &run.options, run.encoder.window);
        if !checked.contains(&asked) {
            let corpus = corpus_of(corpora, &run.corpus)?;
            job::check(&run.objective, &run.options, run.encoder.window, corpus)
                .map_err(|fault| fault.at(format!("arm `{arm}`")))?;
            checked.push(asked);
        }
    }
    Ok(())
}

/// Has every evaluation read what it needs as the runs' processes will, and says what a person should know of it.
pub(super) fn open_evaluations(
    runs: &[&PlannedRun],
    corpora: &[(CorpusConfig, Prepared)],
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<()> {
    let mut opened = Vec::new();
    for run in runs {
        let (config, window) = (&run.config.corpus, run.config.encoder.window);
        for task in &run.config.evaluate {
            let this = (task, config, window);
            if opened.contains(&this) {
                continue;
            }
            let found = Opened::of(task, corpus_of(corpora, config)?, window, options.data_root.as_deref())?;
            found.evaluation.warnings().iter().for_each(|line| progress.say(line));
            opened.push(this);
        }
    }
    Ok(())
}

/// Prepares each distinct corpus once: its folder, by configuration.
pub(super) fn prepare_all(
    runs: &[&PlannedRun],
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Vec<(CorpusConfig, Prepared)>> {
    let mut corpora: Vec<(CorpusConfig, Prepared)> = Vec::new();
    let cache = cache(&options.results);
    for run in runs {
        let config = &run.config.corpus;
        if corpus_of(&corpora, config).is_err() {
            let prepared = prepare(config, options.data_root.as_deref(), &cache, &mut |line| {
                progress.say(line)
            })?;
            corpora.push((config.clone(), prepared));
        }
    }
    Ok(corpora)
}

pub(super) fn corpus_of<'a>(corpora: &'a [(CorpusConfig, Prepared)], config: &CorpusConfig) -> Result<&'a Prepared> {
    let found = corpora.iter().find(|(known, _)| known == config);
    found
        .map(|(_, prepared)| prepared)
        .ok_or_else(|| Fault::run("a run's corpus was not prepared"))
}
