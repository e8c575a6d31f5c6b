//! Finished runs judged by further tasks: what is added, what stays as it was, what is refused.

use crate::common::{Log, config, errand, plan, task, work};
use cloze_plan::{Plan, RunConfig, TaskConfig};
use cloze_runner::afterwards::{Judged, Request, judge};
use cloze_runner::store::{Store, parts};
use cloze_runner::{Stop, gather};
use cloze_schema::{AttemptRows, Split};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Two runs of two steps that were judged by the masked loss, and one that was never trained.
fn trained(results: &Path) -> (PathBuf, Plan) {
    let root = results.join("experiment");
    let judged = |objective: &str, seed| RunConfig {
        evaluate: vec![task("masked-loss", "windows = 4")],
        ..config(objective, seed, 2)
    };
    let plan = plan(vec![judged("mlm", 1), judged("electra", 1), judged("mlm", 2)]);
    for run in 0..2 {
        work(&errand(&root, &plan, run, 0)).unwrap();
    }
    cloze_plan::write(&plan, &root).unwrap();
    (root, plan)
}

fn called(name: &str, task: TaskConfig) -> TaskConfig {
    TaskConfig {
        name: Some(name.to_owned()),
        ..task
    }
}

fn request(root: &Path, only: &[&str], tasks: Vec<TaskConfig>) -> Request {
    Request {
        folder: root.to_owned(),
        only: only.iter().map(|word| (*word).to_owned()).collect(),
        tasks,
        data_root: None,
        device: "flex".to_owned(),
        jobs: Some(1),
    }
}

fn judged(root: &Path, only: &[&str], tasks: Vec<TaskConfig>) -> cloze_foundation::Result<Judged> {
    judge(&request(root, only, tasks), &Log::default(), &Stop::default())
}

/// Every file of a folder that is no judgement, with its bytes.
fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("judged") {
            files(&path, found);
        } else if path.is_file() {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// The last value of every metric of a task, by run.
fn values(rows: &[AttemptRows], task: &str) -> BTreeMap<(String, String), u64> {
    let mut found = BTreeMap::new();
    for AttemptRows { label, rows } in rows {
        for row in rows.iter().filter(|row| row.task == task) {
            assert_eq!(row.split, Split::Test);
            found.insert((label.run.clone(), row.metric.clone()), row.value.to_bits());
        }
    }
    found
}

#[test]
fn what_is_judged_afterwards_is_what_training_would_have_found_and_is_added_to_it() {
    let results = tempfile::tempdir().unwrap();
    let (root, plan) = trained(results.path());
    let store = Store::new(&root);
    let mut before = BTreeMap::new();
    files(&root, &mut before);
    let tasks = || {
        vec![
            called("again", task("masked-loss", "windows = 4")),
            task("minimal-pairs", "pairs = 2"),
        ]
    };
    let found = judged(&root, &[], tasks()).unwrap();
    assert_eq!((found.now, found.before, found.left), (4, 0, 0));
    // The run that was never trained is told and keeps nobody waiting.
    assert!(matches!(&found.refused[..], [why] if why.contains("seed=2") && why.contains("not done")));
    let mut after = BTreeMap::new();
    files(&root, &mut after);
    assert_eq!(after, before, "nothing that was there has changed");
    assert!(gather(&plan, &store).unwrap().damaged.is_empty());
    let rows = parts::read(&store.metrics()).unwrap();
    let (trained, again) = (values(&rows, "masked-loss"), values(&rows, "again"));
    assert!(!again.is_empty());
    assert_eq!(again, trained, "bit for bit");
    assert!(!values(&rows, "minimal-pairs").is_empty());
    let items = parts::read_items(&store.items()).unwrap();
    assert_eq!(items.iter().filter(|run| !run.items.is_empty()).count(), 2);
    // Once is enough.
    let found = judged(&root, &["electra"], tasks()).unwrap();
    assert_eq!((found.now, found.before), (0, 2));
    // What training found already needs no judging.
    let found = judged(&root, &["electra"], vec![task("masked-loss", "windows = 4")]).unwrap();
    assert_eq!((found.now, found.before), (0, 1));
    // The report shows it, and that nobody had planned it.
    let report = cloze_report::write(&root).unwrap();
    assert!(report.markdown.contains("Judged after training"), "{}", report.markdown);
    assert!(report.csv.contains("again"), "{}", report.csv);
}

#[test]
fn judgements_side_by_side_are_those_one_after_the_other() {
    let results = tempfile::tempdir().unwrap();
    let (root, plan) = trained(results.path());
    let tuned = "recipe = { epochs = 1, trials = [1e-3, 3e-3] }\nexamples = 40";
    let tasks = |name: &str| {
        let named = |task: TaskConfig| called(&format!("{} {name}", task.task), task);
        vec![
            named(task("minimal-pairs", "pairs = 2")),
            named(task("masked-text", "windows = 3")),
            named(task("classification", tuned)),
        ]
    };
    assert_eq!(judged(&root, &[], tasks("alone")).unwrap().now, 6);
    let together = Request {
        jobs: Some(3),
        ..request(&root, &[], tasks("together"))
    };
    let log = Log::default();
    let found = judge(&together, &log, &Stop::default()).unwrap();
    assert_eq!((found.now, found.left), (6, 0));
    assert!(gather(&plan, &Store::new(&root)).unwrap().damaged.is_empty());
    let rows = parts::read(&Store::new(&root).metrics()).unwrap();
    for task in ["minimal-pairs", "masked-text", "classification"] {
        let [alone, together] = ["alone", "together"].map(|name| values(&rows, &format!("{task} {name}")));
        assert!(!alone.is_empty() && alone == together, "{task}");
    }
}

#[test]
fn a_name_asks_one_thing_in_a_results_folder() {
    let results = tempfile::tempdir().unwrap();
    let (root, _) = trained(results.path());
    let refused = |task| judged(&root, &["electra"], vec![task]).unwrap_err();
    let other = refused(task("masked-loss", "windows = 5"));
    assert!(other.what.contains("the plan") && other.remedy.unwrap().contains("name ="));
    judged(&root, &["electra"], vec![task("minimal-pairs", "pairs = 2")]).unwrap();
    let other = refused(task("minimal-pairs", "pairs = 4"));
    assert!(other.what.contains("another `minimal-pairs`"), "{other}");
    let named = called("four", task("minimal-pairs", "pairs = 4"));
    assert_eq!(judged(&root, &["electra"], vec![named]).unwrap().now, 1);
    // One run that cannot be judged is a fault; so is a folder without any.
    assert!(judged(&root, &["seed=2"], vec![task("minimal-pairs", "pairs = 2")]).is_err());
}

#[test]
fn an_interrupted_call_goes_on_with_the_next_task_and_a_damaged_judgement_counts_for_nothing() {
    let results = tempfile::tempdir().unwrap();
    let (root, plan) = trained(results.path());
    let store = Store::new(&root);
    let tasks = || {
        vec![
            task("minimal-pairs", "pairs = 2"),
            called("more", task("masked-loss", "windows = 5")),
        ]
    };
    let stop = Stop::default();
    let stopping = Stopping(stop.clone());
    let found = judge(&request(&root, &["electra"], tasks()), &stopping, &stop).unwrap();
    assert_eq!((found.now, found.left), (1, 1));
    let found = judged(&root, &["electra"], tasks()).unwrap();
    assert_eq!((found.now, found.before, found.left), (1, 1, 0));
    let run = store.run(&plan.runs[1].id);
    let damaged = std::fs::read_dir(run.path().join("judged")).unwrap().next().unwrap();
    std::fs::write(damaged.unwrap().path().join("rows.parquet"), "no rows").unwrap();
    let told = gather(&plan, &store).unwrap().damaged;
    assert!(
        matches!(&told[..], [why] if why.contains("damaged") && why.contains("cloze eval")),
        "{told:?}"
    );
    let rows = parts::read(&store.metrics()).unwrap();
    assert!(!values(&rows, "masked-loss").is_empty());
    assert!(values(&rows, "minimal-pairs").is_empty() != values(&rows, "more").is_empty());
}

/// Asks for a stop as soon as a task has ended.
struct Stopping(Stop);

impl cloze_runner::Progress for Stopping {
    fn say(&self, line: &str) {
        if line.contains("minimal-pairs") && line.ends_with(" s") {
            self.0.request();
        }
    }
    fn begin(&self, _: &[&cloze_plan::PlannedRun], _: &[f64]) {}
    fn started(&self, _: &cloze_plan::PlannedRun) {}
    fn ticked(&self, _: &cloze_plan::PlannedRun, _: &cloze_trainer::Tick) {}
    fn judging(&self, _: &str, _: &str, _: &cloze_runner::Judging) {}
    fn ended(&self, _: &cloze_plan::PlannedRun, _: &cloze_runner::store::Marker) {}
}
