//! Every run of an experiment, expanded, resolved and frozen on disk before the first one starts.

mod claims;
mod data;
mod located;
mod models;
mod names;
mod points;
#[cfg(test)]
mod tests;
mod tuned;
mod until;

use crate::cost::Expected;
use crate::experiment::Experiment;
use crate::experiment::dimension::{Dimension, MOST_RUNS};
use crate::experiment::evaluate::ReportOptions;
use crate::experiment::resolve::resolve;
use crate::experiment::tune::Tune;
use crate::identity::{had_id, run_id};
use crate::sweep::check_options;
use crate::{Plan, PlannedRun, RunConfig};
use cloze_foundation::{Fault, Place, Result, files};
use cloze_schema::chart::SPACING;
use cloze_schema::plan::PLAN_FILE;
use cloze_schema::{ChartKind, ObjectiveFacts, PlannedModel, ReportConfig, TaskFacts};
use cloze_trainer::Spacing;
pub use data::{broken_sets, check_data};
pub use located::{at_run, located};
pub use models::check_models;
use points::points;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tuned::{Trials, candidates};

/// Characters that an arm's name may have, what is swept included: more fit no table, and no command line.
const LONGEST_NAME: usize = 300;

/// Expands and resolves an experiment. Equal configurations get equal ids, so an edited experiment keeps the runs
/// that it still has.
///
/// # Errors
/// Any value that does not fit at any point of the sweep, arms of one name, two arms that are the same run, an
/// unknown baseline, a claim about what is not there, too many runs.
pub fn expand(experiment: &Experiment) -> Result<Plan> {
    expand_beside(experiment, &[])
}

/// As [`expand`], where `known` are the models of others of an earlier plan: one whose folder is gone, or cannot be used any
/// more, is as it is there.
///
/// # Errors
/// As [`expand`].
pub fn expand_beside(experiment: &Experiment, known: &[PlannedModel]) -> Result<Plan> {
    check_options(experiment.sweep.dimensions(), &experiment.arms)?;
    let tuned = experiment.tune.iter().flat_map(Tune::dimensions);
    check_options(tuned, &experiment.arms)?;
    check_size(experiment)?;
    let mut expected = Expected::new(experiment.data_root.as_deref());
    let mut runs: Vec<PlannedRun> = Vec::new();
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut stems: BTreeSet<String> = BTreeSet::new();
    let mut baselines: BTreeMap<String, String> = BTreeMap::new();
    let mut trials = Trials::of(experiment)?;
    for (arm, name) in experiment.arms.iter().zip(names::bases(experiment)) {
        for point in points(experiment, arm, &name)? {
            let here = arm.origin.of(&arm.key);
            check_length(&point.name).map_err(|fault| fault.at(here.clone()))?;
            if let Some(other) = names.insert(point.name.clone(), here.clone()) {
                return Err(taken(&point.name, &other).at(here));
            }
            for candidate in candidates(experiment, arm, &point)? {
                let (config, objective) = resolve(
                    &candidate.settings,
                    arm,
                    &experiment.evaluate,
                    experiment.data_root.as_deref(),
                )?;
                let flops = expected
                    .flops(&config, &*objective)
                    .map_err(|fault| candidate.settings.top().locate(fault))?;
                let rule = objective
                    .rules()
                    .and_then(|rules| Some(rules.first()?.name.clone().into_owned()));
                let called = format!("{}{}", point.name, candidate.label);
                let from = runs.len();
                for seed in &experiment.sweep.seeds.all {
                    let config = RunConfig {
                        seed: *seed,
                        ..config.clone()
                    };
                    let id = run_id(&config);
                    if let Some(other) = ids.insert(id.clone(), called.clone()) {
                        return Err(Fault::usage(format!("`{other}` and `{called}` are the same run"))
                            .at(here)
                            .remedy("they differ in nothing that has an effect: remove one of them"));
                    }
                    let label = candidate.label.trim_start();
                    runs.push(PlannedRun {
                        id,
                        arm: point.name.clone(),
                        stem: Some(point.stem.clone()),
                        base: Some(name.clone()),
                        rule: rule.clone(),
                        point: (!label.is_empty()).then(|| label.to_owned()),
                        factors: point.factors.clone(),
                        config,
                        flops,
                        data: None,
                    });
                }
                if let Some(trials) = &mut trials {
                    trials.add(&candidate, &runs[from..], &*objective, &mut expected)?;
                }
            }
            let baseline = arm.baseline.as_ref();
            baselines.extend(baseline.map(|(baseline, _)| (point.name, baseline.clone())));
            stems.insert(point.stem);
        }
    }
    let mut plan = Plan {
        experiment: experiment.name.clone(),
        question: experiment.question.clone(),
        cites: experiment.cites.clone(),
        report: report(experiment, &names, &stems, baselines, &runs)?,
        tasks: tasks(&runs, experiment.data_root.as_deref())?,
        objectives: objectives(&runs),
        models: models::models(experiment, &runs, &names, known)?,
        runs,
        claims: experiment.claims.clone(),
        sequential: None,
        tuning: None,
        without: experiment.without.clone(),
    };
    mutual(experiment, &plan)?;
    plan.sequential = until::sequential(experiment, &plan)?;
    for (claim, place) in plan.claims.iter().zip(&experiment.check_places) {
        claims::answerable(&claim.check, &plan).map_err(|fault| fault.at(place.clone()))?;
    }
    if let Some((tuning, trials)) = trials.map(|trials| trials.end(experiment)).transpose()?.flatten() {
        plan.tuning = Some(tuning);
        plan.runs.extend(trials);
    }
    Ok(plan)
}

fn check_length(name: &str) -> Result<()> {
    let length = name.chars().count();
    if length <= LONGEST_NAME {
        return Ok(());
    }
    Err(Fault::usage(format!("an arm's name has {length} characters"))
        .allowed([format!("up to {LONGEST_NAME}")])
        .remedy("give it a shorter one: name = \"...\""))
}

/// A name that another arm has.
fn taken(name: &str, other: &Place) -> Fault {
    Fault::usage(format!("two arms are called `{name}`"))
        .allowed([format!("a name other than that of {other}")])
        .remedy("give one of them a name: name = \"...\"")
}

/// Writes `plan.json` into a results folder.
///
/// # Errors
/// What the system says.
pub fn write(plan: &Plan, folder: &Path) -> Result<()> {
    let mut text =
        serde_json::to_vec_pretty(plan).map_err(|error| Fault::run(format!("cannot encode the plan: {error}")))?;
    text.push(b'\n');
    files::write_whole(&folder.join(PLAN_FILE), &text)
}

/// Reads the present plan of a results folder: `plan.json`, or the last one of `plans/` where that is missing or damaged.
///
/// # Errors
/// A missing or damaged file, or one in which a run's configuration is not the one that its id was made from, by the laws of now or of before.
pub fn read(folder: &Path) -> Result<Plan> {
    let path = folder.join(PLAN_FILE);
    let found = present(&path);
    // What was frozen last is the present plan, and `cloze run` writes it there again.
    let found = found.or_else(|fault| match cloze_schema::history::<RunConfig>(folder) {
        Ok(mut known) => known.plans.pop().map(|frozen| frozen.plan).ok_or(fault),
        Err(_) => Err(fault),
    });
    let damaged = |what: String| {
        Fault::usage(what)
            .at(path.display().to_string())
            .remedy("plan the experiment again: `cloze run` on its file does so")
    };
    let plan = found?;
    match plan.runs.iter().find(|run| !had_id(&run.config, &run.id)) {
        Some(run) => Err(damaged(format!(
            "run {} has another configuration than its id says",
            run.id
        ))),
        None => Ok(plan),
    }
}

/// What `plan.json` holds.
fn present(path: &Path) -> Result<Plan> {
    serde_json::from_str(&files::read_text(path)?).map_err(|error| {
        Fault::usage(format!("not a plan: {error}"))
            .at(path.display().to_string())
            .remedy("plan the experiment again: `cloze run` on its file does so")
    })
}

/// The evaluations of all runs by name, each once, in the order of the first run that has it.
fn tasks(runs: &[PlannedRun], data_root: Option<&Path>) -> Result<Vec<TaskFacts>> {
    let mut facts: Vec<TaskFacts> = Vec::new();
    for task in runs.iter().flat_map(|run| &run.config.evaluate) {
        if facts.iter().all(|known| known.task != task.name()) {
            facts.push(task.facts(data_root)?);
        }
    }
    Ok(facts)
}

/// The objectives of all runs, each once, in the order of the first run that has it.
fn objectives(runs: &[PlannedRun]) -> Vec<ObjectiveFacts> {
    let mut facts: Vec<ObjectiveFacts> = Vec::new();
    for run in runs {
        let name = &run.config.objective;
        if facts.iter().all(|known| known.objective != *name) {
            let rule = cloze_objectives::find(name).ok().and_then(|entry| entry.scores.first());
            facts.push(ObjectiveFacts {
                objective: name.clone(),
                rule: rule.map(|rule| rule.name.clone().into_owned()),
            });
        }
    }
    facts
}

fn check_size(experiment: &Experiment) -> Result<()> {
    let seeds = experiment.sweep.seeds.all.len();
    // Whatever is drawn of a grid, it is drawn from all of it.
    let (mut runs, mut largest) = (0usize, 0usize);
    for arm in &experiment.arms {
        let product = |dimensions: &[Dimension]| {
            let lengths = dimensions.iter().map(Dimension::length);
            lengths.fold(1usize, usize::saturating_mul)
        };
        let points = product(&experiment.sweep.dimensions_of(arm));
        let (candidates, trials) = match &experiment.tune {
            None => (1, 0),
            Some(tune) => (tune.points_in(arm), tune.size(arm)),
        };
        largest = largest.max(
            experiment
                .tune
                .as_ref()
                .map_or(0, |tune| product(&tune.dimensions_of(arm))),
        );
        let of_point = candidates.saturating_mul(seeds).saturating_add(trials);
        runs = runs.saturating_add(points.saturating_mul(of_point));
    }
    let (size, place, remedy) = match runs > MOST_RUNS {
        true => (runs, "sweep", "shorten the grid, or draw from it with [sweep.random]"),
        false => (largest, "tune", "shorten [tune.grid]"),
    };
    if size <= MOST_RUNS {
        return Ok(());
    }
    Err(Fault::usage(format!("the sweep has {size} runs"))
        .at(experiment.settings.origin.of(place))
        .allowed([format!("up to {MOST_RUNS} runs")])
        .remedy(remedy))
}

/// That no two arms are each other's baselines: one comparison would be made twice, and corrected for as two.
fn mutual(experiment: &Experiment, plan: &Plan) -> Result<()> {
    let arms = until::arms(&plan.runs);
    let baselines = until::compared(&arms, &plan.report);
    let is_mutual = |(arm, baseline): &(usize, usize)| arm < baseline && baselines[*baseline] == Some(*arm);
    let pairs = baselines
        .iter()
        .enumerate()
        .filter_map(|(arm, baseline)| Some((arm, (*baseline)?)));
    let Some((one, other)) = pairs.filter(|(arm, baseline)| arm != baseline).find(is_mutual) else {
        return Ok(());
    };
    let names = [arms[one], arms[other]].map(|run| run.arm.as_str());
    let what = format!(
        "`{}` and `{}` are each other's baselines, which is one comparison",
        names[0], names[1]
    );
    let is_of_them = |(wanted, _): &&(String, Place)| {
        let mut runs = [arms[one], arms[other]].into_iter();
        runs.any(|run| run.arm == *wanted || run.stem.as_ref() == Some(wanted))
    };
    let wish = experiment
        .arms
        .iter()
        .filter_map(|arm| arm.baseline.as_ref())
        .find(is_of_them);
    let place = wish.map_or(&experiment.baseline_place, |(_, place)| place).clone();
    Err(Fault::usage(what)
        .at(place)
        .remedy("let one of them name itself, or an arm that both are compared with"))
}

fn report(
    experiment: &Experiment,
    names: &BTreeMap<String, Place>,
    stems: &BTreeSet<String>,
    baselines: BTreeMap<String, String>,
    runs: &[PlannedRun],
) -> Result<ReportConfig> {
    let ReportOptions { baseline, charts } = experiment.report.clone();
    let check = |baseline: &String, place: &Place| {
        if names.contains_key(baseline) || stems.contains(baseline) {
            return Ok(());
        }
        if experiment.models.iter().any(|model| model.name == *baseline) {
            let what = format!("`{baseline}` is judged once and has no seeds, so that nothing is tested against it");
            return Err(Fault::usage(what).at(place.clone()).allowed(names.keys()));
        }
        let known: BTreeSet<&str> = names.keys().chain(stems).map(String::as_str).collect();
        Err(Fault::usage(format!("the baseline `{baseline}` is none of the arms"))
            .at(place.clone())
            .allowed(&known)
            .nearest(baseline, &known))
    };
    if let Some(baseline) = &baseline {
        check(baseline, &experiment.baseline_place)?;
    }
    for (baseline, place) in experiment.arms.iter().filter_map(|arm| arm.baseline.as_ref()) {
        check(baseline, place)?;
    }
    let is_log = experiment.evaluate.spacing() == Spacing::Log;
    let is_swept = |key: &str| runs.iter().any(|run| run.factors.contains_key(key)) || (is_log && key == SPACING);
    let charts = charts.unwrap_or_else(|| ChartKind::usual(is_swept));
    Ok(ReportConfig {
        baseline,
        baselines,
        charts,
    })
}
