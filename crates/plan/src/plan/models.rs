//! Arms that others trained, as a plan has them.

use super::{check_length, taken};
use crate::experiment::Experiment;
use crate::model::{ModelConfig, check};
use crate::{PlannedRun, RunConfig};
use cloze_foundation::{Fault, Place, Result};
use cloze_schema::PlannedModel;
use std::collections::BTreeMap;

/// Every model of an experiment, judged by what judges its first run, on that run's text, with that run's seed. Nothing is swept:
/// what a sweep changes is how something is trained. One whose folder cannot be used any more is as `known` has it, so that what was
/// found of it is not lost.
///
/// # Errors
/// A name that an arm has already; a folder that is none, or whose model cloze does not read, and that is not known; the same folder
/// twice.
pub(super) fn models(
    experiment: &Experiment,
    runs: &[PlannedRun],
    arms: &BTreeMap<String, Place>,
    known: &[PlannedModel],
) -> Result<Vec<PlannedModel>> {
    let first: Option<&RunConfig> = runs.first().map(|run| &run.config);
    let mut names = arms.clone();
    let mut models: Vec<PlannedModel> = Vec::new();
    for given in &experiment.models {
        let here = || given.place.clone();
        check_length(&given.name).map_err(|fault| fault.at(here()))?;
        if let Some(other) = names.insert(given.name.clone(), here()) {
            return Err(taken(&given.name, &other).at(here()));
        }
        let Some(run) = first else { continue };
        let config = ModelConfig::beside(run, &given.folder);
        let id = config.id();
        let model = config.planned(&given.name, experiment.data_root.as_deref());
        let model = model.or_else(|fault| {
            let known = known.iter().find(|known| known.id == id);
            let known = known.ok_or_else(|| fault.at(here()))?;
            Ok(PlannedModel {
                arm: given.name.clone(),
                ..known.clone()
            })
        })?;
        if let Some(other) = models.iter().find(|other| other.id == model.id) {
            return Err(Fault::usage(format!("`{}` and `{}` are the same folder", other.arm, model.arm)).at(here()));
        }
        models.push(model);
    }
    Ok(models)
}

/// Looks whether the files of every model are there. Nothing large is read.
///
/// # Errors
/// The first that lacks something, with its place in the file.
pub fn check_models(experiment: &Experiment) -> Result<()> {
    experiment.models.iter().try_for_each(|given| {
        check(&given.folder, experiment.data_root.as_deref()).map_err(|fault| fault.at(given.place.clone()))
    })
}
