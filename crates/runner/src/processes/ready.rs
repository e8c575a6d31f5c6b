//! What is asked before the first run starts: texts, evaluations and objectives, each once.

use crate::judge::{Opened, one_way};
use burn::tensor::Device;
use cloze_corpus::prepare::{Readiness, readiness};
use cloze_corpus::{CorpusConfig, Prepared, prepare};
use cloze_foundation::{Fault, Result};
use cloze_plan::{PlannedRun, Start, TaskConfig, at_run, broken_sets};
use cloze_trainer::{Job, job};
use std::collections::BTreeSet;
use std::path::Path;

/// Where data are, and who is told what is found.
pub struct Ready<'a> {
    /// Folder with data sets.
    pub data_root: Option<&'a Path>,
    /// Folder of prepared corpora.
    pub cache: &'a Path,
    /// Told a line at a time.
    pub say: &'a dyn Fn(&str),
}

impl Ready<'_> {
    /// Prepares the texts of some runs and asks everything that can be asked before the first of them starts.
    ///
    /// # Errors
    /// Whatever would keep a run from its end, as far as it can be known.
    pub fn check(&self, runs: &[&PlannedRun]) -> Result<()> {
        self.check_evaluations(runs)?;
        let corpora = self.prepare_all(runs)?;
        self.check_starts(runs, &corpora)?;
        check_objectives(runs, &corpora)?;
        self.open_evaluations(runs, &corpora)
    }

    /// Every evaluation that cannot judge these runs, by name, with why. What is at hand and opens is found broken or whole at once; of
    /// texts that have yet to be prepared evaluations are opened only where each has what it needs.
    ///
    /// # Errors
    /// A text that cannot be prepared, an unknown evaluation.
    pub fn broken(&self, runs: &[&PlannedRun]) -> Result<Vec<(String, Fault)>> {
        let mut broken = self.unready(runs)?;
        let at_hand = |run: &&&PlannedRun| {
            let found = readiness(&run.config.corpus, self.data_root, self.cache);
            broken.is_empty() || found.is_ok_and(|found| found == Readiness::Prepared)
        };
        let runs: Vec<&PlannedRun> = runs.iter().filter(at_hand).copied().collect();
        let corpora = self.prepare_all(&runs)?;
        let is_whole =
            |task: &TaskConfig, broken: &[(String, Fault)]| broken.iter().all(|(name, _)| name != task.name());
        self.open_each(&runs, &corpora, &mut |task, opened| {
            if let Err(fault) = opened
                && is_whole(task, &broken)
            {
                broken.push((task.name().to_owned(), fault));
            }
        })?;
        Ok(broken)
    }

    /// Begins one model of each encoder that starts with the weights of a folder, as the runs' processes will.
    pub(super) fn check_starts(&self, runs: &[&PlannedRun], corpora: &[(CorpusConfig, Prepared)]) -> Result<()> {
        let mut begun = Vec::new();
        for planned in runs {
            let PlannedRun { arm, config: run, .. } = planned;
            let this = (&run.encoder, &run.corpus);
            let Some(place) = run.encoder.from.as_ref().filter(|_| !begun.contains(&this)) else {
                continue;
            };
            let device = Device::flex();
            let begin = || -> Result<()> {
                let start = Start::of(place, self.data_root)?.parameters(&device)?;
                let job = Job {
                    start: Some(&start),
                    ..run.job(corpus_of(corpora, &run.corpus)?, &device)
                };
                job.model(&*job.configured()?).map(drop)
            };
            begin().map_err(|fault| at_run(planned, &format!("arm `{arm}`"), fault))?;
            begun.push(this);
        }
        Ok(())
    }

    /// Asks every evaluation whether it has what it needs, before hours are spent on something to judge.
    ///
    /// # Errors
    /// All that have not, and those of the others that can be seen to be broken without waiting.
    pub(super) fn check_evaluations(&self, runs: &[&PlannedRun]) -> Result<()> {
        match self.unready(runs)?.is_empty() {
            true => Ok(()),
            false => all_of(self.broken(runs)?),
        }
    }

    /// Those evaluations that have not what they need.
    fn unready(&self, runs: &[&PlannedRun]) -> Result<Vec<(String, Fault)>> {
        let (mut checked, mut broken) = (Vec::new(), Vec::new());
        for task in runs.iter().flat_map(|run| &run.config.evaluate) {
            if !checked.contains(&task) {
                let entry = cloze_evals::find(&task.task)?;
                if let Err(fault) = (entry.check)(&task.options, self.data_root) {
                    broken.push((task.name().to_owned(), fault.at(task.name())));
                }
                checked.push(task);
            }
        }
        Ok(broken)
    }

    /// Has every evaluation read what it needs as the runs' processes will, and says what a person should know of it.
    ///
    /// # Errors
    /// All that cannot.
    pub(super) fn open_evaluations(&self, runs: &[&PlannedRun], corpora: &[(CorpusConfig, Prepared)]) -> Result<()> {
        let mut broken: Vec<(String, Fault)> = Vec::new();
        self.open_each(runs, corpora, &mut |task, opened| match opened {
            Ok(opened) => opened.evaluation.warnings().iter().for_each(|line| (self.say)(line)),
            Err(fault) if broken.iter().all(|(name, _)| name != task.name()) => {
                broken.push((task.name().to_owned(), fault));
            }
            Err(_) => {}
        })?;
        let mut told = BTreeSet::new();
        for run in runs {
            told.extend(one_way(&run.config, run.config.evaluate.iter())?);
        }
        told.iter().for_each(|line| (self.say)(line));
        all_of(broken)
    }

    fn open_each(
        &self,
        runs: &[&PlannedRun],
        corpora: &[(CorpusConfig, Prepared)],
        told: &mut dyn FnMut(&TaskConfig, Result<Opened>),
    ) -> Result<()> {
        let mut opened = Vec::new();
        for run in runs {
            let (config, window) = (&run.config.corpus, run.config.encoder.window);
            for task in &run.config.evaluate {
                let this = (task, config, window);
                if opened.contains(&this) {
                    continue;
                }
                told(
                    task,
                    Opened::of(task, corpus_of(corpora, config)?, window, self.data_root),
                );
                opened.push(this);
            }
        }
        Ok(())
    }

    /// Prepares each distinct corpus once: its folder, by configuration.
    pub(crate) fn prepare_all(&self, runs: &[&PlannedRun]) -> Result<Vec<(CorpusConfig, Prepared)>> {
        let mut corpora: Vec<(CorpusConfig, Prepared)> = Vec::new();
        for run in runs {
            let config = &run.config.corpus;
            if corpus_of(&corpora, config).is_err() {
                let prepared = prepare(config, self.data_root, self.cache, &mut |line| (self.say)(line))?;
                corpora.push((config.clone(), prepared));
            }
        }
        Ok(corpora)
    }
}

fn all_of(broken: Vec<(String, Fault)>) -> Result<()> {
    let faults = broken.into_iter().map(|(_, fault)| fault).collect();
    broken_sets(faults).map_or(Ok(()), Err)
}

/// Asks every objective whether it can do something with its text.
pub(super) fn check_objectives(runs: &[&PlannedRun], corpora: &[(CorpusConfig, Prepared)]) -> Result<()> {
    // Seeds and rates of learning do not matter here.
    let mut checked = Vec::new();
    for planned in runs {
        let PlannedRun { arm, config: run, .. } = planned;
        let asked = (
            &run.corpus,
            &run.objective,
            &run.options,
            run.encoder.window,
            &run.budget.stages,
        );
        if !checked.contains(&asked) {
            let corpus = corpus_of(corpora, &run.corpus)?;
            for (shape, _) in run.budget.shape(run.encoder.window).shares(&run.budget.stages) {
                let said = format!("arm `{arm}`, windows of {}", shape.length);
                job::check(&run.objective, &run.options, shape.length, corpus)
                    .map_err(|fault| at_run(planned, &said, fault))?;
            }
            checked.push(asked);
        }
    }
    Ok(())
}

pub(crate) fn corpus_of<'a>(corpora: &'a [(CorpusConfig, Prepared)], config: &CorpusConfig) -> Result<&'a Prepared> {
    let found = corpora.iter().find(|(known, _)| known == config);
    found
        .map(|(_, prepared)| prepared)
        .ok_or_else(|| Fault::run("a run's corpus was not prepared"))
}
