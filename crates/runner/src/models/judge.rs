//! Judging what is left of the models of a plan: what each evaluation finds is kept as soon as it is there.

use super::left;
use crate::data::{of_corpus, of_task};
use crate::foreign;
use crate::judge::{Opened, paced};
use crate::loaded::Loaded;
use crate::processes::ready::Ready;
use crate::processes::{Judging, Progress, RunOptions, Stop};
use crate::store::judged::{self, Question};
use crate::store::{RunFolder, Store};
use burn::tensor::Device;
use cloze_corpus::{Prepared, Tokenizer};
use cloze_evals::{Finding, Ground, Judgement, Subject, WINDOW};
use cloze_foundation::{Fault, Result};
use cloze_plan::{ModelConfig, Plan, TaskConfig};
use cloze_schema::metric::{NO_HEAD, NOT_ASKED};
use cloze_schema::{Label, PlannedModel, Spent};
use cloze_trainer::device;
use std::path::PathBuf;
use std::time::Instant;

/// A model that was looked at and that something has not judged.
pub(crate) struct Waiting {
    model: PlannedModel,
    config: ModelConfig,
    folder: PathBuf,
    corpus: Prepared,
    tasks: Vec<TaskConfig>,
}

/// Looks at the models of a plan that `is_meant`, notes in the plan what they are and which data there are, reads those that
/// something has not judged once, and has every evaluation that has not judged one read what it needs: what cannot be judged is
/// refused before anything is trained. A model that is judged is left as it is where its folder cannot be looked at any more.
///
/// # Errors
/// A folder or a text that cannot be read, what an evaluation cannot use. That a window is none that an evaluation asks for is told.
pub(crate) fn look(
    plan: &mut Plan,
    store: &Store,
    ready: &Ready,
    is_meant: &dyn Fn(&PlannedModel) -> bool,
) -> Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for model in plan.models.iter_mut().filter(|model| is_meant(model)) {
        let config = ModelConfig::of(model)?;
        let arm = model.arm.clone();
        let located = |fault: Fault| fault.at(format!("arm `{arm}`"));
        let (corpus, now) = match looked(model, &config, ready) {
            Ok(looked) => looked,
            Err(fault) => {
                let is_judged = model.data.is_some() && left(model, &config, store).is_ok_and(|left| left.is_empty());
                if !is_judged {
                    return Err(located(fault));
                }
                (ready.say)(&format!(
                    "{arm} cannot be looked at ({}); what was found of it is kept",
                    fault.what
                ));
                continue;
            }
        };
        *model = now;
        let folder = config.place(ready.data_root)?;
        let tasks = left(model, &config, store).map_err(|why| Fault::run(format!("{}: {why}", model.arm)))?;
        if tasks.is_empty() {
            continue;
        }
        // What headers do not say: numbers that are none, a tokenizer of another model.
        let window = Loaded::of_hub(&folder, &Device::flex()).map_err(located)?.window();
        for task in &tasks {
            match Opened::of(task, &corpus, window, ready.data_root) {
                Ok(opened) => opened.evaluation.warnings().iter().for_each(|line| (ready.say)(line)),
                Err(fault) if fault.is_at(WINDOW) => (ready.say)(&foreign::cannot_be_asked(task.name(), &arm, &fault)),
                Err(fault) => return Err(located(fault)),
            }
        }
        waiting.push(Waiting {
            model: model.clone(),
            config,
            folder,
            corpus,
            tasks,
        });
    }
    Ok(waiting)
}

/// The text in a model's tokens, and the model as it is now, with all of its data.
fn looked(model: &PlannedModel, config: &ModelConfig, ready: &Ready) -> Result<(Prepared, PlannedModel)> {
    let now = config.planned(&model.arm, ready.data_root)?;
    let weights = config.weights(ready.data_root)?;
    let tokenizer = Tokenizer::of_folder(&config.place(ready.data_root)?)?;
    let corpus = foreign::text(tokenizer, config.corpus.clone(), ready)?;
    let mut data = of_corpus(&corpus);
    for task in &config.evaluate {
        data.tasks
            .insert(task.name().to_owned(), of_task(task, ready.data_root)?);
    }
    data.start = Some(weights);
    let now = PlannedModel {
        id: model.id.clone(),
        data: Some(data),
        ..now
    };
    Ok((corpus, now))
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
            let told = |judging: &Judging| progress.judging(&label.run, arm, judging);
            let name = task.name();
            let ground = Ground {
                task: name,
                corpus: &self.corpus,
                window: loaded.window(),
                data_root,
            };
            let subject = Subject {
                model: &loaded.model,
                ground,
                seed: self.config.seed,
                device,
                told: &paced(name, &told),
            };
            let found = self.found(task, &subject, progress)?;
            let kept = judged::Judgement::of(label.clone(), Spent::default(), found);
            let asked = data.tasks.get(name).map(String::as_str).unwrap_or_default();
            let question = Question {
                weights: &weights,
                task: name,
                data: asked,
            };
            judged::save(folder, &question, 0, &kept)?;
            progress.say(&format!("{arm}: {name} in {:.1} s", started.elapsed().as_secs_f64()));
        }
        Ok(true)
    }

    /// What a task finds. Where it finds nothing, because it has no head to ask or asks for another window, it says that.
    fn found(&self, task: &TaskConfig, subject: &Subject<'_>, progress: &dyn Progress) -> Result<Judgement> {
        let (name, arm) = (task.name(), &self.model.arm);
        let nothing = |metric: &str| Finding {
            task: name.to_owned(),
            metric: metric.to_owned(),
            value: 1.0,
        };
        let ground = &subject.ground;
        let opened = match Opened::of(task, ground.corpus, ground.window, ground.data_root) {
            Err(fault) if fault.is_at(WINDOW) => {
                progress.say(&foreign::cannot_be_asked(name, arm, &fault));
                return Ok(Judgement {
                    findings: vec![nothing(NOT_ASKED)],
                    ..Judgement::default()
                });
            }
            opened => opened?,
        };
        let judgement = opened.evaluation.judge(subject);
        let mut found = judgement.map_err(|fault| fault.at(name))?;
        if foreign::says_nothing(&found) {
            progress.say(&foreign::has_no_head(name, arm));
            found.findings.push(nothing(NO_HEAD));
        }
        Ok(found)
    }
}
