//! What became of the plan since it was frozen first: a plan is a pre-registration, and a changed one says so.

use crate::names::some;
use crate::number::counted;
use crate::read::Settings;
use crate::tuned::Tuned;
use crate::view::View;
use cloze_schema::history::Gap;
use cloze_schema::tuning::{TunedArm, TunedPoint, Tuning};
use cloze_schema::{Claim, Frozen, Plan, PlannedRun};
use std::collections::BTreeSet;

/// The plans that are missing or damaged.
pub(crate) fn gaps(view: &View) -> Vec<String> {
    let said = |gap: &Gap| {
        format!(
            "plans/{:04}.json is {}: what was planned and claimed then is not known.",
            gap.number,
            if gap.is_missing { "missing" } else { "damaged" }
        )
    };
    view.history.gaps.iter().map(said).collect()
}

/// The runs that a plan has and another has not.
#[derive(Default)]
struct Beyond {
    trials: usize,
    /// Runs that are trained whatever the trials say.
    runs: usize,
    /// Runs, and trials beside a point, that may be trained: an arm that is tuned has them at every point, and trains those of one.
    perhaps: usize,
}

impl Beyond {
    fn of(plan: &Plan<Settings>, other: &Plan<Settings>) -> Self {
        let there: BTreeSet<&str> = other.runs.iter().map(|run| run.id.as_str()).collect();
        let is_new = |id: &str| !there.contains(id);
        let Some(tuning) = &plan.tuning else {
            let runs = plan.runs.iter().filter(|run| is_new(&run.id)).count();
            return Self {
                runs,
                ..Self::default()
            };
        };
        let trials: BTreeSet<&str> = tuning
            .arms
            .iter()
            .flat_map(|arm| &arm.points)
            .flat_map(|point| point.trials.iter().map(String::as_str))
            .collect();
        let mut found = Self {
            trials: trials.iter().filter(|id| is_new(id)).count(),
            ..Self::default()
        };
        for arm in &tuning.arms {
            for alternatives in alternatives(arm, &|point| &point.runs) {
                match alternatives.iter().filter(|id| is_new(id)).count() {
                    0 => {}
                    new if new == arm.points.len() => found.runs += 1,
                    _ => found.perhaps += 1,
                }
            }
            let factors = arm.points.iter().map(|point| point.beside.len()).max().unwrap_or(0);
            for factor in 0..factors {
                let beside = alternatives(arm, &|point| point.beside.get(factor).map_or(&[], Vec::as_slice));
                let is_new = |ids: &&Vec<&str>| ids.iter().any(|id| is_new(id) && !trials.contains(id));
                found.perhaps += beside.iter().filter(is_new).count();
            }
        }
        found
    }

    /// What is sure, in words.
    fn words(&self) -> Option<String> {
        let of = |count: usize, word: &str| (count > 0).then(|| counted(count, word));
        let words: Vec<String> = [of(self.trials, "trial"), of(self.runs, "run")]
            .into_iter()
            .flatten()
            .collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }
}

/// By seed, the ids that an arm has at its points, of which it trains one.
fn alternatives<'a>(arm: &'a TunedArm, ids: &dyn Fn(&'a TunedPoint) -> &'a [String]) -> Vec<Vec<&'a str>> {
    let seeds = arm.points.iter().map(|point| ids(point).len()).max().unwrap_or(0);
    let of_seed = |seed: usize| arm.points.iter().filter_map(move |point| ids(point).get(seed));
    (0..seeds)
        .map(|seed| of_seed(seed).map(String::as_str).collect())
        .collect()
}

/// How arms are tuned, whichever runs and trials that makes.
fn way_of_tuning(plan: &Plan<Settings>) -> Option<Tuning> {
    let mut tuning = plan.tuning.clone()?;
    for point in tuning.arms.iter_mut().flat_map(|arm| &mut arm.points) {
        point.runs.clear();
        let trials = point.trials.iter_mut().chain(point.beside.iter_mut().flatten());
        trials.for_each(String::clear);
    }
    Some(tuning)
}

/// That the plan was changed, and what the present one leaves out.
pub(crate) fn changes(view: &View) -> Vec<String> {
    let mut told = Vec::new();
    // Where plans are lost, a change may have been made in one of them.
    let changed = match view.history.gaps.is_empty() {
        true => "The plan changed",
        false => "The plan had changed by the time of one that was frozen",
    };
    let plans = &view.history.plans;
    let is_backwards = |pair: &[Frozen<Settings>]| {
        let before = |one: Option<u64>, other: Option<u64>| one.zip(other).is_some_and(|(one, other)| other < one);
        let count = |frozen: &Frozen<Settings>| frozen.ended.map(|ended| ended as u64);
        before(pair[0].frozen, pair[1].frozen) || before(count(&pair[0]), count(&pair[1]))
    };
    if plans.windows(2).any(is_backwards) {
        told.push(
            "The files of plans/ are not in the order in which plans were frozen: somebody moved them.".to_owned(),
        );
    }
    for (place, frozen) in plans.iter().enumerate().skip(1) {
        let then = match frozen.ended {
            Some(0) => "before any run had ended".to_owned(),
            Some(1) => "after 1 run had ended".to_owned(),
            Some(ended) => format!("after {ended} runs had ended"),
            None => "at a time that was not written down".to_owned(),
        };
        let before = &plans[place - 1].plan;
        let mut what = Vec::new();
        let (added, dropped) = (Beyond::of(&frozen.plan, before), Beyond::of(before, &frozen.plan));
        what.extend(added.words().map(|runs| format!("{runs} added")));
        what.extend(dropped.words().map(|runs| format!("{runs} dropped")));
        let perhaps = added.perhaps.max(dropped.perhaps);
        if perhaps > 0 {
            what.push(format!("up to {} may be others", counted(perhaps, "run")));
        }
        let models =
            |plan: &Plan<Settings>| -> Vec<String> { plan.models.iter().map(|model| model.id.clone()).collect() };
        if models(before) != models(&frozen.plan) {
            what.push("the models of others changed".to_owned());
        }
        if before.claims != frozen.plan.claims {
            what.push("claims changed".to_owned());
        }
        if before.sequential != frozen.plan.sequential {
            what.push("when seeds are enough changed".to_owned());
        }
        if way_of_tuning(before) != way_of_tuning(&frozen.plan) {
            what.push("how arms are tuned changed".to_owned());
        }
        let compared = |plan: &Plan<Settings>| (plan.report.baseline.clone(), plan.report.baselines.clone());
        if compared(before) != compared(&frozen.plan) {
            what.push("what arms are compared with changed".to_owned());
        }
        if before.report.charts != frozen.plan.report.charts {
            what.push("the charts changed".to_owned());
        }
        let what = if what.is_empty() {
            "runs or data changed".to_owned()
        } else {
            what.join(", ")
        };
        told.push(format!("{changed} {then}: {what}."));
    }
    let present: BTreeSet<&str> = present(view).flat_map(Plan::ids).collect();
    let (passed, earlier): (Vec<_>, Vec<_>) = outside(view)
        .into_iter()
        .partition(|run| present.contains(run.id.as_str()));
    for (runs, [one, several]) in [
        (earlier, ["run of earlier plans", "runs of earlier plans"]),
        (
            passed,
            ["run at a point that is not taken", "runs at points that are not taken"],
        ),
    ] {
        let (what, them) = match runs.len() {
            0 => continue,
            1 => (format!("{one} is"), "it"),
            _ => (format!("{several} are"), "them"),
        };
        told.push(format!(
            "{} {what} outside the present plan, and nothing here is about {them}: {}.",
            runs.len(),
            some(runs.iter().map(|run| title(run)))
        ));
    }
    told
}

/// A run as people name it: with its point, where its arm is tuned.
fn title(run: &PlannedRun<Settings>) -> String {
    let point = run.point.as_ref().map(|point| format!(" at {point}"));
    format!(
        "{}{} seed {}",
        run.arm,
        point.unwrap_or_default(),
        run.config.named.seed
    )
}

/// The present plan, of which the view has the runs alone that are compared.
fn present(view: &View) -> impl Iterator<Item = &Plan<Settings>> {
    view.history.plans.last().map(|frozen| &frozen.plan).into_iter()
}

/// That runs were judged by tasks after training: such as nobody had planned, and such as could not be read then.
pub(crate) fn afterwards(view: &View) -> Vec<String> {
    let judged = view.curves.keys().filter_map(|score| score.task.split('/').next());
    let tasks: BTreeSet<&str> = judged.filter(|task| view.afterwards.contains(*task)).collect();
    let (left_out, others): (Vec<&str>, Vec<&str>) =
        tasks.into_iter().partition(|task| view.plan.without.contains(*task));
    let told = [
        (left_out, "what could not be read when the runs were planned"),
        (others, "what no plan asked for"),
    ];
    let told = told.into_iter().filter(|(tasks, _)| !tasks.is_empty());
    told.map(|(tasks, what)| {
        let tasks = some(tasks.into_iter().map(str::to_owned));
        format!("Judged after training by {what}, and no part of the mean over tasks: {tasks}.")
    })
    .collect()
}

/// What is no part of the comparison, each once, in the order in which it was planned: the runs of earlier plans that the present
/// one has not, and those at points that no arm takes, as after more trials. Of what was only planned for the case that a point is
/// taken, that which was trained.
pub(crate) fn outside(view: &View) -> Vec<&PlannedRun<Settings>> {
    let has_ended = |id: &str| view.ended.contains(id);
    let mut passed: BTreeSet<&str> = view.tuned.iter().flat_map(Tuned::passed).collect();
    passed.retain(|id| has_ended(id));
    let mut seen: BTreeSet<&str> = present(view)
        .flat_map(Plan::ids)
        .filter(|id| !passed.contains(id))
        .collect();
    let mut found = Vec::new();
    for Frozen { plan, .. } in &view.history.plans {
        let tuned = plan.tuning.iter().flat_map(|tuning| &tuning.arms);
        let at_points: BTreeSet<&str> = tuned.flat_map(TunedArm::ids).collect();
        let is_out = |run: &&PlannedRun<Settings>| !at_points.contains(run.id.as_str()) || has_ended(&run.id);
        found.extend(plan.runs.iter().filter(is_out).filter(|run| seen.insert(&run.id)));
    }
    found
}

/// The claims of all plans.
pub(crate) struct Claims<'a> {
    /// In the first plan, which was frozen before any run had ended, and in the present one.
    pub before: Vec<&'a Claim>,
    /// In the present one, and not known to have been made before the first run.
    pub later: Vec<&'a Claim>,
    /// In an earlier one, and not in the present one.
    pub dropped: Vec<&'a Claim>,
}

/// Which claims stand in which plans.
pub(crate) fn claims(view: &View) -> Claims<'_> {
    let plans = &view.history.plans;
    // Where the first plan is lost, or when it was frozen, nobody can say that a claim was made before the first run.
    let first = plans
        .first()
        .filter(|first| view.history.knows_the_first() && first.ended == Some(0))
        .map(|frozen| frozen.plan.claims.as_slice())
        .unwrap_or_default();
    let (before, later) = view.plan.claims.iter().partition(|claim| first.contains(claim));
    let mut dropped: Vec<&Claim> = Vec::new();
    for claim in plans.iter().flat_map(|frozen| &frozen.plan.claims) {
        if !view.plan.claims.contains(claim) && !dropped.contains(&claim) {
            dropped.push(claim);
        }
    }
    Claims { before, later, dropped }
}
