//! `cloze status` and `cloze report`: what a results folder holds, and whether it belongs to the file that is given.

use crate::arguments::{ExperimentArguments, Format};
use crate::plain::{name, plain, shortened_lines};
use crate::terminal::say;
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, Result};
use cloze_plan::{Experiment, Plan, PlannedRun, expand, expand_beside, place};
use cloze_runner::data::Now;
use cloze_runner::processes::options::cache;
use cloze_runner::status::Status;
use cloze_runner::store::layout::MODELS;
use cloze_runner::store::{Marker, Origin, Store};
use cloze_runner::{Needs, Standing};
use cloze_schema::history::PLANS_FOLDER;
use cloze_schema::plan::PLAN_FILE;
use cloze_schema::{PlannedModel, Tuning};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Columns that the names of arms may take in a list.
const MOST_COLUMNS: usize = 60;

/// Which runs are where; the status is 1 when something failed, diverged or is not what it was made from.
///
/// # Errors
/// Anything wrong with the experiment, a results folder that belongs to another one.
pub fn status(arguments: &ExperimentArguments, data_root: Option<&Path>) -> Result<(String, u8)> {
    if arguments.experiment.is_dir() {
        if !arguments.set.is_empty() {
            return Err(Fault::usage("a results folder has the plan that it has")
                .at("--set")
                .remedy("name the experiment's file"));
        }
        let plan = cloze_plan::read(&arguments.experiment)?;
        return statuses(&plan, &plan.runs, &plan.models, &arguments.experiment, data_root);
    }
    let mut plan = arguments.plan(data_root)?;
    let folder = arguments.results.join(&plan.experiment);
    Origin::of(&arguments.experiment)?.check(&folder)?;
    let frozen = frozen(&folder)?;
    if let Some(frozen) = &frozen {
        if !frozen.without.is_empty() {
            let arguments = ExperimentArguments {
                without: frozen.without.clone(),
                ..arguments.clone()
            };
            plan = arguments.plan(data_root)?;
        }
        as_judged(&mut plan, frozen, &Store::new(&folder), data_root)?;
    }
    let (mut text, status) = statuses(&plan, &plan.runs, &plan.models, &folder, data_root)?;
    if let Some(frozen) = frozen {
        for line in differences(&plan, &frozen) {
            let _ = writeln!(text, "{}: {line}", arguments.experiment.display());
        }
    }
    Ok((text, status))
}

/// Models of a plan that was made now, with what the frozen plan knows of their data.
pub fn known(models: &[PlannedModel], frozen: &Plan) -> Vec<PlannedModel> {
    let with_data = |model: &PlannedModel| {
        let before = frozen.models.iter().find(|before| before.id == model.id);
        let before = before.and_then(|before| before.data.clone());
        PlannedModel {
            data: model.data.clone().or(before),
            ..model.clone()
        }
    };
    models.iter().map(with_data).collect()
}

/// A line for each of some runs of a plan and of the models that others trained, how many are done, and what was decided.
///
/// # Errors
/// A store that cannot be read.
pub fn statuses(
    plan: &Plan,
    runs: &[PlannedRun],
    models: &[PlannedModel],
    folder: &Path,
    data_root: Option<&Path>,
) -> Result<(String, u8)> {
    let store = Store::new(folder);
    let needs = Needs::of(plan, &store)?;
    let arms = runs
        .iter()
        .map(place)
        .chain(models.iter().map(|model| model.arm.clone()));
    let widths = arms.map(|arm| name(&arm).chars().count());
    let width = widths.max().unwrap_or(0).min(MOST_COLUMNS);
    let (mut text, mut bad, mut done, mut spared) = (String::new(), 0, 0, 0);
    let data = Now::of(runs, data_root, &cache(results_of(folder)));
    let mut unknown = BTreeSet::new();
    let trials = plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default();
    for (run, now) in runs.iter().zip(&data) {
        let folder = store.run(&run.id);
        let status = Status::held_against(&folder, now).map(|status| status.with(needs.at(&run.id)));
        if let (Ok(Status::Ended(_)), Now::Unreadable(why)) = (&status, now) {
            unknown.insert(why);
        }
        let words = match &status {
            Ok(status) => status.to_string(),
            Err(fault) => format!("cannot be said: {fault}"),
        };
        let words = shortened_lines(&words);
        done += usize::from(matches!(status, Ok(Status::Ended(Marker::Done(_)))));
        spared += usize::from(matches!(status, Ok(Status::NotNeeded(_))));
        // That a trial diverged is what it came to.
        let is_lost = matches!(status, Ok(Status::Ended(_))) && trials.contains(run.id.as_str());
        bad += usize::from(!is_lost && status.map_or(true, |status| status.is_bad()));
        let _ = writeln!(
            text,
            "{}  {:width$}  seed {}  {words}",
            run.id,
            name(&place(run)),
            run.config.seed
        );
    }
    for model in models {
        let standing = Standing::of(model, &store, data_root);
        let words = standing
            .as_ref()
            .map_or_else(|fault| fault.to_string(), Standing::to_string);
        bad += usize::from(standing.map_or(true, |standing| standing.is_bad()));
        let (id, arm, words) = (&model.id, name(&model.arm), shortened_lines(&words));
        let _ = writeln!(text, "{id}  {arm:width$}  of others  {words}");
    }
    let _ = writeln!(
        text,
        "{done} of {} runs are done{}",
        runs.len(),
        match spared {
            0 => String::new(),
            _ => format!(", {spared} are not needed"),
        }
    );
    for line in needs.decided() {
        let _ = writeln!(text, "{}", plain(&line));
    }
    for task in &plan.without {
        let task = name(task);
        let _ = writeln!(
            text,
            "{task} is left out of this plan, since its data could not be read; `cloze eval` judges by it"
        );
    }
    for why in unknown {
        let _ = writeln!(text, "whether their data are still the same is not known: {why}");
    }
    Ok((text, u8::from(bad > 0)))
}

/// Writes the report and gives the table in a format; the status is 1 where runs that have ended are not whole.
///
/// # Errors
/// No plan yet, a results folder that belongs to another experiment, a damaged file.
pub fn report(experiment: &Path, results: &Path, data_root: Option<&Path>, format: Format) -> Result<(String, u8)> {
    let folder = folder_of(experiment, results)?;
    if !experiment.is_dir() {
        take_file(experiment, &folder, data_root)?;
    }
    // Runs that were trained one by one are in the metrics when somebody has put them there.
    let store = Store::new(&folder);
    let (mut damaged, mut other) = (Vec::new(), Vec::new());
    if is_there(&folder.join("runs"))? || is_there(&folder.join(MODELS))? {
        let plan = cloze_plan::read(&folder)?;
        damaged = cloze_runner::gather(&plan, &store)?.damaged;
        other = of_other_data(&plan, &store, data_root);
        other.extend(of_other_models(&plan, &store, data_root));
    }
    let report = cloze_report::write_beside(&folder, &other)?;
    say(&format!(
        "report: {}",
        folder.join("report").join("index.html").display()
    ));
    for line in &damaged {
        say(&format!("not usable: {line}"));
    }
    other.iter().for_each(|line| say(line));
    let text = match format {
        Format::Md => report.table,
        Format::Csv => report.csv,
        Format::Tex => report.latex,
        Format::Html => report.page,
    };
    Ok((text, u8::from(!damaged.is_empty())))
}

/// That runs were made from other data than there are now: a report is about the data that they were made from.
fn of_other_data(plan: &Plan, store: &Store, data_root: Option<&Path>) -> Vec<String> {
    let data = Now::of(&plan.runs, data_root, &cache(results_of(store.root())));
    let mut what = BTreeSet::new();
    let mut count = 0;
    for (run, now) in plan.runs.iter().zip(&data) {
        if let Ok(Status::OtherData(differences)) = Status::held_against(&store.run(&run.id), now) {
            what.extend(differences);
            count += 1;
        }
    }
    let what: Vec<String> = what.into_iter().collect();
    let told = (count > 0).then(|| {
        format!(
            "{count} runs ended with other data than there are now ({} changed since): the report is about what they were made \
             from, and the next `cloze run` trains them again.",
            what.join(", ")
        )
    });
    told.into_iter().collect()
}

/// That folders of others hold other models than were judged, or none: a report is about those that were judged.
fn of_other_models(plan: &Plan, store: &Store, data_root: Option<&Path>) -> Vec<String> {
    let outside = |model: &PlannedModel| {
        let standing = Standing::of(model, store, data_root).ok()?;
        let told = || {
            let arm = name(&model.arm);
            format!("{arm}: {standing}; the report is about the model that was judged.")
        };
        standing.is_outside().then(told)
    };
    plan.models.iter().filter_map(outside).collect()
}

/// Where the results lie says where the corpora were prepared, and not `--results`, which may be another folder's.
pub(super) fn results_of(folder: &Path) -> &Path {
    let results = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    results.unwrap_or(Path::new("."))
}

/// Uses an experiment file for the report of its results: what it asks, claims and shows becomes the present plan, which is
/// kept in the history. Where it plans other runs, the report stays that of the frozen plan, and that is said.
fn take_file(file: &Path, folder: &Path, data_root: Option<&Path>) -> Result<()> {
    let experiment = Experiment::load(file, &[])?.under(data_root);
    let Some(frozen) = frozen(folder)? else {
        expand(&experiment)?;
        return Err(Fault::usage(format!("`{}` holds no results yet", folder.display()))
            .remedy(format!("`cloze run {}` trains its runs", file.display())));
    };
    let mut plan = expand_beside(&experiment.without(&frozen.without), &frozen.models)?;
    as_judged(&mut plan, &frozen, &Store::new(folder), data_root)?;
    let differences = differences(&plan, &frozen);
    if differences.is_empty() {
        return Ok(());
    }
    let why = differences.join("; ");
    if plan.runs_the_same(&frozen) {
        let after = "it is used as it is now, and kept as another plan of these results";
        say(&format!("{}: {why}; {after}", file.display()));
        cloze_runner::freeze(&plan, &Store::new(folder)).map(drop)
    } else {
        say(&format!(
            "{}: {why}; this report is that of the frozen plan, and `cloze run` on the file makes its plan the present one",
            file.display()
        ));
        Ok(())
    }
}

/// Has models of others that were judged stay what they were then, where their folders hold others now.
fn as_judged(plan: &mut Plan, frozen: &Plan, store: &Store, data_root: Option<&Path>) -> Result<()> {
    for model in &mut plan.models {
        let Some(before) = frozen.models.iter().find(|before| before.id == model.id) else {
            continue;
        };
        let now = match Standing::of(before, store, data_root)?.is_outside() {
            true => before,
            false => &*model,
        };
        *model = PlannedModel {
            arm: model.arm.clone(),
            data: before.data.clone(),
            ..now.clone()
        };
    }
    Ok(())
}

/// The frozen plan of a results folder, if there is one.
fn frozen(folder: &Path) -> Result<Option<Plan>> {
    if is_there(&folder.join(PLAN_FILE))? || is_there(&folder.join(PLANS_FOLDER))? {
        cloze_plan::read(folder).map(Some)
    } else {
        Ok(None)
    }
}

/// In what an experiment file differs from the frozen plan, in words.
fn differences(plan: &Plan, frozen: &Plan) -> Vec<String> {
    let only_in = |one: &Plan, other: &Plan| {
        let ids: BTreeSet<&str> = other.ids().collect();
        one.ids().filter(|id| !ids.contains(id)).count()
    };
    let mut words = Vec::new();
    let (new, gone) = (only_in(plan, frozen), only_in(frozen, plan));
    let models = |plan: &Plan| {
        plan.models
            .iter()
            .map(|model| model.id.clone())
            .collect::<BTreeSet<_>>()
    };
    if models(plan) != models(frozen) {
        words.push("it has other models of others judged than the frozen plan, or by others".to_owned());
    }
    if new > 0 {
        words.push(format!("it plans {new} runs that the frozen plan does not have"));
    }
    if gone > 0 {
        words.push(format!("the frozen plan has {gone} runs that it does not plan"));
    }
    words.extend(changed_key(plan, frozen));
    if new + gone == 0 && models(plan) == models(frozen) && !plan.runs_the_same(frozen) {
        words.push("it names or orders its runs otherwise than the frozen plan".to_owned());
    }
    if !plan.shows_the_same(frozen) {
        words.push("it asks, claims or shows something else than the frozen plan".to_owned());
    }
    words
}

/// The keys in which the first run that is new differs from one of the same arm and seed that is gone.
fn changed_key(plan: &Plan, frozen: &Plan) -> Option<String> {
    let is_alike = |one: &PlannedRun, other: &PlannedRun| one.arm == other.arm && one.config.seed == other.config.seed;
    let new = plan.runs.iter().filter(|run| frozen.run(&run.id).is_none());
    let pairs = new.filter_map(|new| {
        let gone = frozen
            .runs
            .iter()
            .find(|gone| is_alike(new, gone) && plan.run(&gone.id).is_none())?;
        Some((new, gone))
    });
    let (new, gone) = pairs.into_iter().next()?;
    let leaves = |run: &PlannedRun| {
        let mut found = BTreeMap::new();
        let value = serde_json::to_value(&run.config).unwrap_or_default();
        leaves("", &value, &mut found);
        found
    };
    let (new, gone) = (leaves(new), leaves(gone));
    let keys: BTreeSet<&String> = new.keys().chain(gone.keys()).collect();
    let said = |found: &BTreeMap<String, String>, key: &str| found.get(key).cloned().unwrap_or("unset".to_owned());
    let differing = keys.into_iter().filter(|key| new.get(*key) != gone.get(*key));
    let some: Vec<String> = differing
        .take(MOST_KEYS)
        .map(|key| format!("{key} is {} and was {}", said(&new, key), said(&gone, key)))
        .collect();
    (!some.is_empty()).then(|| some.join(", "))
}

/// Keys that are named.
const MOST_KEYS: usize = 4;

/// Every value by its path.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value.as_object() {
        Some(table) => table.iter().for_each(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            leaves(&path, value, found);
        }),
        None => _ = found.insert(path.to_owned(), value.to_string()),
    }
}

/// The results folder that an experiment file or a folder stands for.
///
/// # Errors
/// A file whose name gives none, or whose results folder belongs to another file.
pub(super) fn folder_of(experiment: &Path, results: &Path) -> Result<PathBuf> {
    if experiment.is_dir() {
        return Ok(experiment.to_owned());
    }
    let folder = results.join(Experiment::name_of(experiment)?);
    Origin::of(experiment)?.check(&folder)?;
    Ok(folder)
}
