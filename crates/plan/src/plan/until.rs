//! What a plan says whose arms are trained until they are decided: looks, judge, and what is compared with what.

use crate::experiment::Experiment;
use crate::{Plan, PlannedRun, RunConfig, TaskConfig};
use burn::tensor::Device;
use cloze_backbone::Init;
use cloze_corpus::{SpecialTokens, Vocabulary};
use cloze_evals::Asks;
use cloze_foundation::{Fault, Result};
use cloze_objectives::Answerer;
use cloze_schema::baseline::{Stand, baselines};
use cloze_schema::metric::{self, Unit};
use cloze_schema::{ReportConfig, Sequential};

/// Tokens with which heads are made that are only asked what they can do.
const LEAST_VOCABULARY: usize = 16;
/// The level of all decisions together.
const LEVEL: f64 = 0.05;

/// The design; none where every seed is trained.
///
/// # Errors
/// A judge that does not judge every run; an arm without a baseline whose seeds are its pairs.
pub(super) fn sequential(experiment: &Experiment, plan: &Plan) -> Result<Option<Sequential>> {
    let Some(until) = &experiment.sweep.seeds.until else {
        return Ok(None);
    };
    let refused = |what: String| Fault::usage(what).at(experiment.seeds_place.clone());
    let names: Vec<&str> = plan.tasks.iter().map(|facts| facts.task.as_str()).collect();
    let judges = |task: &str, run: &PlannedRun| run.config.evaluate.iter().any(|judge| judge.name() == task);
    let wanted = until.judge.as_deref().or(names.first().copied());
    let judge = plan.tasks.iter().find(|facts| Some(facts.task.as_str()) == wanted);
    let judge = judge.ok_or_else(|| match wanted {
        Some(wanted) => refused(format!("no evaluation is called `{wanted}`"))
            .allowed(&names)
            .nearest(wanted, &names),
        None => refused("nothing judges the runs, so that nothing can be decided".to_owned())
            .remedy("name an evaluation in evaluate.tasks"),
    })?;
    if let Some(run) = plan.runs.iter().find(|run| !judges(&judge.task, run)) {
        return Err(refused(format!(
            "`{}` does not judge `{}`, which is to be decided by it",
            judge.task, run.arm
        )));
    }
    let arms = arms(&plan.runs);
    for run in &arms {
        let asked = run.config.evaluate.iter().find(|task| task.name() == judge.task);
        if let Some(task) = asked
            && let Some(lacking) = lacking(run, task)?
        {
            let all = plan.tasks.iter().map(|facts| facts.task.as_str());
            return Err(refused(format!(
                "`{}` can never be asked for {} of `{}`, by which it is to be decided: {lacking}",
                run.arm, judge.headline, judge.task
            ))
            .allowed(all.filter(|task| *task != judge.task))
            .remedy("name another judge in sweep.seeds.judge, that every arm can be asked by"));
        }
    }
    let mut comparisons = Vec::new();
    for (arm, baseline) in compared(&arms, &plan.report).into_iter().enumerate() {
        let Some(baseline) = baseline else {
            return Err(
                refused(format!("`{}` has no baseline to be decided against", arms[arm].arm))
                    .remedy("name one that stands at every point of the sweep, in report.baseline or in the arm"),
            );
        };
        if !are_pairs(arms[arm], arms[baseline]) {
            let (arm, baseline) = (&arms[arm].arm, &arms[baseline].arm);
            return Err(refused(format!(
                "`{arm}` and its baseline `{baseline}` read other text with the same seed, so their seeds are no pairs"
            ))
            .remedy(
                "name a baseline by what it is called without what the whole experiment sweeps, so that every point has its own, \
                 or list the seeds",
            ));
        }
        if arm != baseline {
            comparisons.push([arms[arm].arm.clone(), arms[baseline].arm.clone()]);
        }
    }
    if comparisons.is_empty() {
        return Err(
            refused("no arm is compared with another one, so that nothing can be decided".to_owned())
                .remedy("add a second arm, let one name another in `baseline`, or list the seeds"),
        );
    }
    let is_alone = |run: &&&PlannedRun| comparisons.iter().flatten().all(|name| *name != run.arm);
    if let Some(run) = arms.iter().find(is_alone) {
        let what = format!(
            "`{}` is compared with none and none with it, so that nothing decides how many seeds it has",
            run.arm
        );
        return Err(refused(what).remedy("let it name another arm in `baseline`, or list the seeds"));
    }
    Ok(Some(Sequential {
        looks: until.looks(),
        level: LEVEL,
        margin: Some(match metric::of(&judge.headline).unit {
            Unit::Share => until.effect / 100.0,
            _ => until.effect,
        }),
        task: judge.task.clone(),
        metric: judge.headline.clone(),
        comparisons,
    }))
}

/// The first run of every arm.
pub(super) fn arms(runs: &[PlannedRun]) -> Vec<&PlannedRun> {
    let mut arms: Vec<&PlannedRun> = Vec::new();
    for run in runs {
        if arms.last().is_none_or(|last| last.arm != run.arm) {
            arms.push(run);
        }
    }
    arms
}

/// What every arm is compared with.
pub(super) fn compared(arms: &[&PlannedRun], report: &ReportConfig) -> Vec<Option<usize>> {
    let mut stands = Vec::new();
    for run in arms {
        stands.push(Stand {
            name: &run.arm,
            stem: run.stem.as_deref(),
            factors: &run.factors,
        });
    }
    baselines(&stands, report)
}

/// What a run's model does not have and a task needs for its headline.
pub(super) fn lacking(run: &PlannedRun, task: &TaskConfig) -> Result<Option<&'static str>> {
    let RunConfig {
        objective,
        options,
        encoder,
        ..
    } = &run.config;
    let is_encoder = |who: Answerer| who.helper().is_none();
    Ok(match cloze_evals::find(&task.task)?.asks {
        Asks::States => None,
        Asks::Nothing => Some("nothing is measured there"),
        Asks::Sentences => {
            let rules = cloze_objectives::rules(objective, options)?;
            let has = rules.first().is_some_and(|rule| is_encoder(rule.who));
            (!has).then_some("its encoder scores no sentences")
        }
        Asks::MaskedTokens => {
            // Only the heads know it; how many tokens there are does not matter.
            let vocabulary = Vocabulary::new(LEAST_VOCABULARY, SpecialTokens::FIRST);
            let init = Init::new(0, &Device::flex().autodiff());
            let heads = cloze_objectives::configure(objective, options)?.heads(encoder, &vocabulary, &init);
            let has = heads.masked_answerer().is_some_and(is_encoder);
            (!has).then_some("no head on its encoder predicts masked tokens")
        }
    })
}

/// Whether two arms read the same text in the same order with the same seed.
fn are_pairs(one: &PlannedRun, other: &PlannedRun) -> bool {
    let (one, other) = (&one.config, &other.config);
    one.corpus == other.corpus
        && one.encoder.window == other.encoder.window
        && one.budget.batch == other.budget.batch
        && one.budget.stages == other.budget.stages
}
