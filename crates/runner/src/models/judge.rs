//! Judging what is left of the models of a plan: what each evaluation finds is kept as soon as it is there.

use super::left;
use crate::data::{of_corpus, of_task};
use crate::foreign;
use crate::judge::{Opened, paced};
use crate::loaded::Loaded;
use crate::processes::ready::Ready;
use crate::processes::{Judging, Progress, RunOptions, Stop};
use crate::store::judged::{self, Judgement, Question};
use crate::store::{RunFolder, Store};
use burn::tensor::Device;
use cloze_backbone::hub;
use cloze_corpus::{Prepared, Tokenizer};
use cloze_evals::{Finding, Ground, Subject};
use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, Result};
use cloze_plan::{ModelConfig, Plan, TaskConfig};
use cloze_schema::metric::NO_HEAD;
use cloze_schema::{Label, PlannedModel, RunData, Spent};
use cloze_trainer::device;
use std::path::PathBuf;
use std::time::Instant;

/// A model that was looked at and that something has not judged.
pub(crate) struct Waiting {
    model: PlannedModel,
    config: ModelConfig,
    folder: PathBuf,
    corpus: Prepared,
    window: usize,
    tasks: Vec<TaskConfig>,
}

/// Looks at the models of a plan that `is_meant`, notes in the plan which data there are, and has every evaluation that has not
/// judged one read what it needs: what cannot be judged is refused before anything is trained. A model that is judged is left
/// as it is where its folder cannot be looked at any more.
///
/// # Errors
/// A folder or a text that cannot be read, what an evaluation cannot use.
pub(crate) fn look(
    plan: &mut Plan,
    store: &Store,
    ready: &Ready,
    is_meant: &dyn Fn(&PlannedModel) -> bool,
) -> Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for model in plan.models.iter_mut().filter(|model| is_meant(model)) {
        let config = ModelConfig::of(model)?;
        let looked = data(&config, ready);
        let (corpus, data) = match looked {
            Ok(looked) => looked,
            Err(fault) => {
                let is_judged = model.data.is_some() && left(model, &config, store).is_ok_and(|left| left.is_empty());
                if !is_judged {
                    return Err(fault.at(format!("arm `{}`", model.arm)));
                }
                let arm = &model.arm;
                (ready.say)(&format!(
                    "{arm} cannot be looked at ({}); what was found of it is kept",
                    fault.what
                ));
                continue;
            }
        };
        model.data = Some(data);
        let folder = config.place(ready.data_root)?;
        let window = hub::encoder_config(&read_text(&folder.join(hub::CONFIG))?)?.window;
        let tasks = left(model, &config, store).map_err(|why| Fault::run(format!("{}: {why}", model.arm)))?;
        for task in &tasks {
            let opened = Opened::of(task, &corpus, window, ready.data_root)
                .map_err(|fault| fault.at(format!("arm `{}`", model.arm)))?;
            opened.evaluation.warnings().iter().for_each(|line| (ready.say)(line));
        }
        if !tasks.is_empty() {
            waiting.push(Waiting {
                model: model.clone(),
                config,
                folder,
                corpus,
                window,
                tasks,
            });
        }
    }
    Ok(waiting)
}

/// The text in a model's tokens, and all of its data.
fn data(config: &ModelConfig, ready: &Ready) -> Result<(Prepared, RunData)> {
    let weights = config.weights(ready.data_root)?;
    let tokenizer = Tokenizer::of_folder(&config.place(ready.data_root)?)?;
    let corpus = foreign::text(tokenizer, config.corpus.clone(), ready)?;
    let mut data = of_corpus(&corpus);
    for task in &config.evaluate {
        data.tasks
            .insert(task.name().to_owned(), of_task(task, ready.data_root)?);
    }
    data.start = Some(weights);
    Ok((corpus, data))
}

/// What became of the models that waited.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Judged by all that was left.
    pub(crate) whole: usize,
    /// Left, because a stop was asked for.
    pub(crate) left: usize,
    /// What keeps others from being judged, by name.
    pub(crate) refused: Vec<String>,
}

/// Judges what waits. What is the matter with one model is no reason to leave the others.
///
/// # Errors
/// A device that is not there.
pub(crate) fn judge(
    waiting: &[Waiting],
    store: &Store,
    options: &RunOptions,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Judged> {
    let mut judged = Judged::default();
    if waiting.is_empty() {
        return Ok(judged);
    }
    let device = device::open(&options.device)?;
    device::join_pool()?;
    for one in waiting {
        match one.judge(&store.model(&one.model.id), options, &device, progress, stop) {
            Ok(true) => judged.whole += 1,
            Ok(false) => judged.left += 1,
            Err(fault) => judged.refused.push(format!("{}: {fault}", one.model.arm)),
        }
    }
    Ok(judged)
}

impl Waiting {
    /// Whether it came to its end.
    fn judge(
        &self,
        folder: &RunFolder,
        options: &RunOptions,
        device: &Device,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<bool> {
        let (arm, data_root) = (&self.model.arm, options.data_root.as_deref());
        let data = self.model.data.clone().unwrap_or_default();
        let weights = cloze_schema::model::judged(&data);
        let loaded = Loaded::of_hub(&self.folder, device)?;
        if data.start != Some(self.config.weights(data_root)?) {
            return Err(Fault::run("its weights have changed meanwhile").remedy("run the same command again"));
        }
        foreign::told(&loaded).into_iter().for_each(|line| progress.say(&line));
        let label = Label {
            run: self.model.id.clone(),
            arm: arm.clone(),
            seed: self.config.seed,
            attempt: 1,
            data: weights.clone(),
        };
        for task in &self.tasks {
            if stop.requested() {
                return Ok(false);
            }
            let started = Instant::now();
            let opened = Opened::of(task, &self.corpus, self.window, data_root)?;
            let told = |judging: &Judging| progress.judging(&label.run, arm, judging);
            let subject = Subject {
                model: &loaded.model,
                ground: Ground {
                    task: opened.name,
                    corpus: &self.corpus,
                    window: self.window,
                    data_root,
                },
                seed: self.config.seed,
                device,
                told: &paced(opened.name, &told),
            };
            let judgement = opened.evaluation.judge(&subject);
            let mut found = judgement.map_err(|fault| fault.at(opened.name))?;
            if foreign::says_nothing(&found) {
                progress.say(&foreign::has_no_head(opened.name, arm));
                found.findings.push(Finding {
                    task: opened.name.to_owned(),
                    metric: NO_HEAD.to_owned(),
                    value: 1.0,
                });
            }
            let kept = Judgement::of(label.clone(), Spent::default(), found);
            let asked = data.tasks.get(opened.name).map(String::as_str).unwrap_or_default();
            let question = Question {
                weights: &weights,
                task: opened.name,
                data: asked,
            };
            judged::save(folder, &question, 0, &kept)?;
            progress.say(&format!(
                "{arm}: {} in {:.1} s",
                opened.name,
                started.elapsed().as_secs_f64()
            ));
        }
        Ok(true)
    }
}
