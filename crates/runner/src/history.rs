//! Freezing a plan: it becomes the present one, and stays among those that were ever frozen.

use crate::store::Store;
use cloze_foundation::files::{is_there, list, write_new};
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, RunConfig};
use cloze_schema::{Frozen, History, PlannedModel, RunData, history};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes `plan` the present plan of a results folder. Where it is another than before, it is added to the history, with the
/// time and with how many runs had ended; nothing is ever taken out of that. What was known of the data of the same runs is
/// kept.
///
/// # Errors
/// What the system says; a history that cannot be read.
pub fn freeze(plan: &Plan, store: &Store) -> Result<Plan> {
    let mut plan = plan.clone();
    loop {
        let mut known: History<RunConfig> = history(store.root())?;
        let plans = &mut known.plans;
        if let Some(last) = plans.last() {
            keep_data(&mut plan, &last.plan);
        }
        let is_last = plans.last().is_some_and(|last| last.plan.is_same(&plan));
        if !is_last {
            plans.push(Frozen {
                frozen: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .ok()
                    .map(|since| since.as_secs()),
                ended: Some(ended(store, plans, &plan)?),
                plan: plan.clone(),
            });
        }
        if !kept(&known, store)? {
            // Another process has frozen a plan in this moment: this one comes after it, or is it.
            continue;
        }
        if !is_present(&plan, store)? {
            cloze_plan::write(&plan, store.root())?;
        }
        return Ok(plan);
    }
}

/// Fills in what the present plan knows of the data of the same runs.
///
/// # Errors
/// A history that cannot be read.
pub fn keep_known(plan: &mut Plan, store: &Store) -> Result<()> {
    let known: History<RunConfig> = history(store.root())?;
    if let Some(last) = known.plans.last() {
        keep_data(plan, &last.plan);
    }
    Ok(())
}

/// Writes what is not in the history yet: the last plan, and before it one that was frozen when there was no history. False
/// where another process was first.
fn kept(known: &History<RunConfig>, store: &Store) -> Result<bool> {
    for (frozen, number) in known.plans[known.kept..].iter().zip(known.last + 1..) {
        let path = cloze_schema::history::file(store.root(), number);
        let text = serde_json::to_string_pretty(frozen).map_err(|error| Fault::run(error.to_string()))?;
        if !write_new(&path, (text + "\n").as_bytes())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether plan.json says this already, all that is known of the data included.
fn is_present(plan: &Plan, store: &Store) -> Result<bool> {
    if !is_there(&store.root().join(cloze_schema::plan::PLAN_FILE))? {
        return Ok(false);
    }
    // One that cannot be read is written again.
    let Ok(present) = cloze_plan::read(store.root()) else {
        return Ok(false);
    };
    let data = |plan: &Plan| -> Vec<Option<RunData>> {
        let runs = plan.runs.iter().map(|run| run.data.clone());
        runs.chain(plan.models.iter().map(|model| model.data.clone())).collect()
    };
    Ok(present.is_same(plan) && data(&present) == data(plan))
}

/// A plan that was made without looking at the data of a run, or of a model, knows what the plan before knew.
fn keep_data(plan: &mut Plan, before: &Plan) {
    let known: std::collections::BTreeMap<&str, _> =
        before.runs.iter().map(|run| (run.id.as_str(), &run.data)).collect();
    for run in plan.runs.iter_mut().filter(|run| run.data.is_none()) {
        if let Some(data) = known.get(run.id.as_str()) {
            run.data.clone_from(data);
        }
    }
    // What stands in a folder now says nothing of what was judged: class and card are kept with the data that they are of.
    for model in plan.models.iter_mut().filter(|model| model.data.is_none()) {
        if let Some(known) = before.models.iter().find(|known| known.id == model.id) {
            *model = PlannedModel {
                arm: model.arm.clone(),
                ..known.clone()
            };
        }
    }
}

/// How many of the runs that were ever planned here have ended, one way or another: of the plans that are known, of this one, and
/// whatever else lies there, since a history may be lost.
fn ended(store: &Store, plans: &[Frozen<RunConfig>], plan: &Plan) -> Result<usize> {
    let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let there = list(&store.root().join("runs"))?.into_iter().filter_map(name);
    let planned = plans
        .iter()
        .map(|frozen| &frozen.plan)
        .chain([plan])
        .flat_map(Plan::ids);
    let ids: BTreeSet<String> = planned.map(str::to_owned).chain(there).collect();
    let mut count = 0;
    for id in &ids {
        // Whether it is whole does not matter here: somebody may have seen what it came to.
        count += usize::from(store.run(id).has_ended()?);
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
