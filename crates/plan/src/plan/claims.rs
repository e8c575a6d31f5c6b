//! Whether a report on a plan could answer its claims: what they name has to be there.

use cloze_foundation::{Fault, Result};
use cloze_schema::{Check, Plan, TaskFacts};
use std::collections::BTreeSet;

/// Checks that the arms, tasks and factors of a check exist.
///
/// # Errors
/// The first that does not, with those that do; a task without a chance level where one is asked about.
pub(super) fn answerable<C>(check: &Check, plan: &Plan<C>) -> Result<()> {
    let arms: BTreeSet<&str> = plan.runs.iter().map(|run| run.arm.as_str()).collect();
    let known = |kind: &str, name: &str, names: &BTreeSet<&str>| {
        if names.contains(name) {
            return Ok(());
        }
        Err(Fault::usage(format!("no {kind} is called `{name}`"))
            .allowed(names)
            .nearest(name, names))
    };
    let task = |name: &str| -> Result<&TaskFacts> {
        let names: BTreeSet<&str> = plan.tasks.iter().map(|facts| facts.task.as_str()).collect();
        // A part of a task is known when the task has judged: `minimal-pairs/agreement`.
        let whole = name.split('/').next().unwrap_or_default();
        known("evaluation", whole, &names)?;
        let facts = plan.tasks.iter().find(|facts| facts.task == whole);
        facts.ok_or_else(|| Fault::usage(format!("no evaluation is called `{whole}`")))
    };
    match check {
        Check::Better { task: name, arm, than } => {
            task(name)?;
            known("arm", arm, &arms)?;
            known("arm", than, &arms)?;
            if arm == than {
                return Err(Fault::usage(format!("`{arm}` cannot be better than itself")));
            }
            Ok(())
        }
        Check::AboveChance { task: name, arm } => {
            let facts = task(name)?;
            known("arm", arm, &arms)?;
            match facts.chance {
                Some(_) => Ok(()),
                None => Err(Fault::usage(format!("`{name}` has no chance level to be above of"))),
            }
        }
        Check::InteriorOptimum { task: name, factor, .. } => {
            task(name)?;
            let paths: BTreeSet<&str> = plan
                .runs
                .iter()
                .flat_map(|run| run.factors.keys())
                .map(String::as_str)
                .collect();
            let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
            let meant: Vec<&str> = paths.iter().copied().filter(|path| last(path) == *factor).collect();
            match meant[..] {
                _ if paths.contains(factor.as_str()) => Ok(()),
                [_] => Ok(()),
                [] => {
                    let swept: BTreeSet<String> = paths.iter().map(|path| last(path)).collect();
                    Err(Fault::usage(format!("`{factor}` is not swept"))
                        .allowed(&swept)
                        .nearest(factor, &swept))
                }
                ref several => Err(Fault::usage(format!("`{factor}` may mean several factors")).allowed(several)),
            }
        }
    }
}
