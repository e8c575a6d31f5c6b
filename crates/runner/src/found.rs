//! Which run is meant, and what it left.

use crate::processes::options::cache;
use crate::provenance::Provenance;
use crate::store::attempt::PROVENANCE;
use crate::store::ending::words;
use crate::store::layout::MODELS;
use crate::store::marker::Done;
use crate::store::{Ending, Marker, RunFolder, Store, parts, weights};
use crate::{Need, Needs, Spared};
use burn::tensor::Device;
use cloze_backbone::Init;
use cloze_corpus::Tokenizer;
use cloze_foundation::files::{hash, is_there, list, read_text};
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Model, Objective};
use cloze_plan::{Plan, PlannedRun, RunConfig, title};
use cloze_schema::AttemptRows;
use cloze_schema::plan::PLAN_FILE;
use std::path::{Path, PathBuf};

/// A run that is done.
pub struct Found {
    /// Its id.
    pub id: String,
    /// What it is.
    pub config: RunConfig,
    /// Its folder.
    pub(crate) folder: RunFolder,
    /// The folder of its experiment.
    pub(crate) store: Store,
    pub(crate) done: Done,
    pub(crate) provenance: Option<Provenance>,
    /// The present plan of its experiment, where there is one.
    pub(crate) plan: Option<Plan>,
}

/// The run that a place names: a run's folder; a results folder, of whose runs `words` ([`cloze_plan::select`]) name one; or an
/// id below `results`.
///
/// # Errors
/// No run, several, or one that is not done.
pub fn find(place: &Path, words: &[String], results: &Path) -> Result<Found> {
    if is_there(&place.join(PLAN_FILE))? {
        let (mut plan, store) = (cloze_plan::read(place)?, Store::new(place));
        // Of a tuned arm only one point was trained.
        let needs = Needs::of(&plan, &store)?;
        plan.runs.retain(|run| needs.at(&run.id) != Need::Not(Spared::Point));
        let id = one(&plan, words)?.id.clone();
        return open(store, &id);
    }
    if !words.is_empty() && !is_there(place)? {
        return Err(Fault::usage(format!("`{}` is not there", place.display()))
            .at("--arm, --seed")
            .remedy("they choose among the runs of a results folder, which `cloze run` on its experiment leaves"));
    }
    if !words.is_empty() {
        return Err(Fault::usage(format!("`{}` is one run already", place.display()))
            .at("--arm, --seed")
            .remedy("they choose among the runs of a results folder"));
    }
    let config = place.join("config.json");
    if is_there(&config)? {
        // `runs/<id>`, whatever the path is written like.
        let whole = std::fs::canonicalize(place).map_err(|error| Fault::file("read", place, &error))?;
        let id = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if id == "final" && is_there(&whole.join("manifest.json"))? {
            return find(whole.parent().unwrap_or(&whole), words, results);
        }
        return match whole.parent().map(|parent| (parent, parent.parent())) {
            Some((runs, Some(root))) if runs.file_name().is_some_and(|name| name == "runs") => {
                open(Store::new(root), &id)
            }
            _ if cloze_backbone::hub::is_hub(place)? => Err(Fault::usage(format!(
                "`{}` is a folder of Hugging Face",
                place.display()
            ))
            .allowed(["a run, which `cloze run` trained"])),
            _ => Err(no_model(&config)),
        };
    }
    let id = place.display().to_string();
    let experiments = list(results).unwrap_or_default();
    let of = |kind: &str| -> Vec<PathBuf> {
        let places = experiments.iter().map(|folder| folder.join(kind).join(&id));
        places.filter(|place| place.is_dir()).collect()
    };
    let mut found = of("runs");
    found.retain(|run| run.join("config.json").is_file());
    match (&found[..], of(MODELS).is_empty()) {
        ([run], _) => open(Store::new(run.ancestors().nth(2).unwrap_or(run)), &id),
        ([], false) => Err(of_others(&id)),
        ([_, _, ..], _) => Err(Fault::usage(format!("several experiments have a run `{id}`"))
            .allowed(found.iter().map(|run| run.display().to_string()))
            .remedy("name the folder of the one that is meant")),
        ([], true) => Err(Fault::usage(format!(
            "`{id}` is neither a folder with a run or results, nor the id of a run"
        ))
        .at("RUN")
        .allowed([
            "a run's folder".to_owned(),
            "a results folder with --arm and --seed".to_owned(),
            format!("the id of a run in `{}`", results.display()),
        ])),
    }
}

/// The results folder that a place means, and the words that name the runs in it: a results folder means all of its runs, a run's
/// folder or id that run.
///
/// # Errors
/// As [`find`].
pub fn chosen(place: &Path, words: &[String], results: &Path) -> Result<(PathBuf, Vec<String>)> {
    if is_there(&place.join(PLAN_FILE))? {
        return Ok((place.to_owned(), words.to_vec()));
    }
    let run = find(place, words, results)?;
    Ok((run.store.root().to_owned(), vec![run.id]))
}

/// A folder whose configuration is that of no model.
fn no_model(config: &Path) -> Fault {
    Fault::usage("it names no class of transformers, and its folder is none that `cloze run` left")
        .at(config.display().to_string())
        .allowed([
            "a folder of Hugging Face, whose configuration has `architectures`",
            "a run's folder, `results/<experiment>/runs/<id>`",
        ])
}

/// A word that names a model which nobody here trained.
fn of_others(word: &str) -> Fault {
    Fault::usage(format!(
        "`{word}` is no run: it is a model that others trained, judged as it is"
    ))
    .remedy("name its own folder, which stands in the experiment")
}

/// The one run of a plan that words name.
fn one<'a>(plan: &'a Plan, words: &[String]) -> Result<&'a PlannedRun> {
    if let [model, ..] = cloze_plan::select_models(plan, words).0[..] {
        return Err(of_others(&model.arm));
    }
    let runs: Vec<&PlannedRun> = match words {
        [] => plan.runs.iter().collect(),
        words => cloze_plan::select(plan, words)?,
    };
    match runs[..] {
        [run] => Ok(run),
        _ => {
            let titles: Vec<String> = runs.iter().take(20).map(|run| title(run)).collect();
            let fault = Fault::usage(format!("{} runs are meant, and this is about one", runs.len()));
            Err(fault.allowed(titles).remedy("say which: --arm NAME --seed NUMBER"))
        }
    }
}

pub(crate) fn open(store: Store, id: &str) -> Result<Found> {
    let folder = store.run(id);
    let at = folder.path().display().to_string();
    let done = match Ending::of(&folder, None)? {
        Ending::Whole(Marker::Done(done)) => done,
        Ending::Whole(marker) | Ending::OtherData(marker) => {
            return Err(Fault::usage(format!("the run has no trained model: {marker}")).at(at));
        }
        Ending::Flawed(flaws) => return Err(Fault::usage(words(&folder, &flaws)).at(at)),
        Ending::Failed(failed) => return Err(Fault::usage(format!("the run failed: {}", failed.reason)).at(at)),
        Ending::Open => {
            return Err(Fault::usage("there is no trained model: the run is not done, or its weights were not kept, as in results that are shipped")
                .at(at)
                .remedy("`cloze run` on its experiment trains it"));
        }
    };
    let text = read_text(&folder.config())?;
    let config = serde_json::from_str(&text).map_err(|error| {
        Fault::usage(format!("it is no configuration: {error}")).at(folder.config().display().to_string())
    })?;
    let provenance = Provenance::read(&folder.attempt(done.attempt).join(PROVENANCE)).ok();
    let plan = cloze_plan::read(store.root()).ok();
    Ok(Found {
        id: id.to_owned(),
        config,
        folder,
        store,
        done,
        provenance,
        plan,
    })
}

impl Found {
    /// The tokenizer that the run read its text with: beside its weights, or in the cache of prepared texts.
    ///
    /// # Errors
    /// One that is in neither place, or is another one than the run's marker says.
    pub(crate) fn tokenizer(&self) -> Result<Tokenizer> {
        let mut places = vec![self.folder.weights().join(weights::TOKENIZER)];
        if let Some(corpus) = self.provenance.as_ref().and_then(|known| known.corpus.as_ref()) {
            let results = self.store.root().parent().unwrap_or(Path::new("."));
            places.push(cache(results).join(corpus).join(weights::TOKENIZER));
        }
        let known = self.done.data.as_ref().map(|data| data.tokenizer.as_str());
        for place in &places {
            if !is_there(place)? {
                continue;
            }
            let json = read_text(place)?;
            match known {
                Some(known) if known != hash(json.as_bytes()) => {
                    let fault = Fault::usage("it is not the tokenizer that the run was trained with");
                    return Err(fault.at(place.display().to_string()));
                }
                _ => return Tokenizer::load(place),
            }
        }
        let tried: Vec<String> = places.iter().map(|place| format!("`{}`", place.display())).collect();
        Err(Fault::usage(format!(
            "the tokenizer of run {} is not there: {}",
            self.id,
            tried.join(", ")
        ))
        .remedy("`cloze run` on its experiment prepares its text again, and with it the tokenizer"))
    }

    /// The model with the weights that the run ended with, without gradients.
    ///
    /// # Errors
    /// Weights that are not those of such a model.
    pub(crate) fn model(&self, objective: &dyn Objective, tokenizer: &Tokenizer, device: &Device) -> Result<Model> {
        let init = Init::new(self.config.seed, device).with_precision(self.config.encoder.precision);
        let mut model = objective.build(&self.config.encoder, tokenizer.vocabulary(), &init);
        weights::load(&self.folder.weights(), &mut model, device)?;
        Ok(model)
    }

    /// What the plan calls it.
    pub(crate) fn planned(&self) -> Option<&PlannedRun> {
        self.plan.as_ref()?.run(&self.id)
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> Result<Vec<AttemptRows>> {
        rows(&self.folder, &self.done)
    }

    /// The rows of every finished run of its arm, itself included.
    pub(crate) fn rows_of_arm(&self) -> Vec<Vec<AttemptRows>> {
        let Some(own) = self.planned() else { return Vec::new() };
        let of_arm = self
            .plan
            .iter()
            .flat_map(|plan| &plan.runs)
            .filter(|run| run.arm == own.arm);
        let ended = of_arm.filter_map(|run| {
            let folder = self.store.run(&run.id);
            match Ending::of(&folder, self.done.data.as_ref()) {
                Ok(Ending::Whole(Marker::Done(done))) => rows(&folder, &done).ok(),
                _ => None,
            }
        });
        ended.collect()
    }
}

fn rows(folder: &RunFolder, done: &Done) -> Result<Vec<AttemptRows>> {
    let paths: Vec<PathBuf> = done.parts.keys().map(|name| folder.metrics().join(name)).collect();
    parts::union(&paths)
}
