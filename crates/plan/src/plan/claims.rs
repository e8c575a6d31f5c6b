//! Whether a report on a plan could answer its claims: what they name has to be there.

use crate::Plan;
use cloze_foundation::{Fault, Result};
use cloze_schema::{Check, TaskFacts};
use std::collections::{BTreeMap, BTreeSet};

/// Checks that the arms, tasks and factors of a check exist, and that its bounds hold values.
///
/// # Errors
/// The first that does not, with those that do; a task without a chance level where one is asked about.
pub(super) fn answerable(check: &Check, plan: &Plan) -> Result<()> {
    let arms: BTreeSet<&str> = plan.runs.iter().map(|run| run.arm.as_str()).collect();
    let known = |kind: &str, name: &str, names: &BTreeSet<&str>| {
        if names.contains(name) {
            return Ok(());
        }
        Err(Fault::usage(format!("no {kind} is called `{name}`"))
            .allowed(names)
            .nearest(name, names))
    };
    let arm = |name: &str| match plan.models.iter().any(|model| model.arm == name) {
        true => Err(Fault::usage(format!(
            "`{name}` is judged once and has no seeds, so that nothing can be established of it"
        ))
        .allowed(&arms)),
        false => known("arm", name, &arms),
    };
    let task = |name: &str| -> Result<&TaskFacts> {
        let names: BTreeSet<&str> = plan.tasks.iter().map(|facts| facts.task.as_str()).collect();
        let (whole, part) = name
            .split_once('/')
            .map_or((name, None), |(whole, part)| (whole, Some(part)));
        known("evaluation", whole, &names)?;
        let facts = plan.tasks.iter().find(|facts| facts.task == whole);
        let facts = facts.ok_or_else(|| Fault::usage(format!("no evaluation is called `{whole}`")))?;
        // Parts that data decide are known only when the task has judged.
        let entry = cloze_evals::find(&facts.kind)?;
        let judged = plan.runs.iter().flat_map(|run| &run.config.evaluate);
        let options = judged
            .filter(|judge| judge.name() == whole)
            .map(|judge| &judge.options)
            .next();
        if let (Some(part), Some(parts)) = (part, options.and_then(|options| entry.parts_of(options))) {
            known_part(whole, part, &parts)?;
        }
        Ok(facts)
    };
    match check {
        Check::Better {
            task: name,
            arm: one,
            than,
        } => {
            task(name)?;
            arm(one)?;
            arm(than)?;
            if one == than {
                return Err(Fault::usage(format!("`{one}` cannot be better than itself")));
            }
            Ok(())
        }
        Check::AboveChance { task: name, arm: one } => {
            let facts = task(name)?;
            arm(one)?;
            match facts.chance {
                Some(_) => Ok(()),
                None => Err(Fault::usage(format!("`{name}` has no chance level to be above of"))),
            }
        }
        Check::InteriorOptimum {
            task: name,
            factor,
            from,
            to,
        } => {
            task(name)?;
            let path = factor_path(plan, factor)?;
            bounds_hold_values(plan, path, *from, *to)
        }
    }
}

/// Refuses a part that a task does not have.
fn known_part(task: &str, part: &str, parts: &[&str]) -> Result<()> {
    if parts.contains(&part) {
        return Ok(());
    }
    let fault = Fault::usage(format!("`{task}` has no part `{part}`")).nearest(part, parts);
    Err(match parts {
        [] => fault.allowed([task]),
        parts => fault.allowed(parts.iter().map(|part| format!("{task}/{part}"))),
    })
}

/// The key path of the one swept factor that is meant: all of a path, or its last part.
fn factor_path<'a>(plan: &'a Plan, factor: &str) -> Result<&'a str> {
    let paths: BTreeSet<&str> = plan
        .runs
        .iter()
        .flat_map(|run| run.factors.keys())
        .map(String::as_str)
        .collect();
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let meant = |path: &&str| *path == factor || last(path) == factor;
    let meant: Vec<&str> = paths.iter().copied().filter(meant).collect();
    match meant[..] {
        _ if paths.contains(factor) => Ok(paths.get(factor).copied().unwrap_or_default()),
        [path] => Ok(path),
        [] => {
            let swept: BTreeSet<String> = paths.iter().map(|path| last(path)).collect();
            Err(Fault::usage(format!("`{factor}` is not swept"))
                .allowed(&swept)
                .nearest(factor, &swept))
        }
        ref several => Err(Fault::usage(format!("`{factor}` may mean several factors")).allowed(several)),
    }
}

/// Refuses an interior optimum where there is nothing interior: of every series over the factor, a value between the ends
/// has to lie inside the bounds.
fn bounds_hold_values(plan: &Plan, path: &str, from: f64, to: f64) -> Result<()> {
    let mut series: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in &plan.runs {
        let value = run.factors.get(path);
        let number = value.and_then(|value| {
            value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64))
        });
        let Some(number) = number else { continue };
        let mut others = run.factors.clone();
        others.remove(path);
        let numbers = series.entry(format!("{:?} {others}", run.base)).or_default();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    series.retain(|_, numbers| numbers.len() > 1);
    if series.is_empty() {
        return Err(Fault::usage(format!(
            "`{path}` does not take several numbers in any arm, so that none lies inside"
        )));
    }
    for mut numbers in series.into_values() {
        numbers.sort_by(f64::total_cmp);
        let inner = &numbers[1..numbers.len() - 1];
        if !inner.iter().any(|number| (from..=to).contains(number)) {
            let what = format!("no value of `{path}` between the ends of its sweep lies from {from} to {to}");
            return Err(Fault::usage(what)
                .allowed([format!("bounds around one of: {}", list(inner))])
                .remedy("sweep it over more values, or move the bounds"));
        }
    }
    Ok(())
}

fn list(numbers: &[f64]) -> String {
    if numbers.is_empty() {
        return "none, since the sweep has only its two ends".to_owned();
    }
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
}
