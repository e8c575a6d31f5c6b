//! The shipped experiments still plan the runs whose results are committed, or planned them before a law changed.

use cloze_plan::{Experiment, expand, had_id};
use std::path::Path;

/// Results of an experiment with other values, below `results/shipped`, and these values.
const OTHERWISE: [(&str, &[&str]); 1] = [("by-seconds", &["budget.equalise=seconds", "budget.amount=15"])];

#[test]
fn every_committed_run_is_planned_with_its_id() {
    let shipped = Path::new("results/shipped");
    let mut runs = committed(shipped, &[]);
    assert!(runs > 0, "no plan is committed");
    for (place, set) in OTHERWISE {
        let found = committed(&shipped.join(place), set);
        assert!(found > 0, "no plan is in {place}");
        runs += found;
    }
    assert_eq!(
        runs,
        plans(&root().join(shipped)),
        "a folder of results that no experiment is named for"
    );
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// How many runs the plans in the folders of a folder have, each of which is what its experiment plans with these values.
fn committed(results: &Path, set: &[&str]) -> usize {
    let set: Vec<String> = set.iter().map(|argument| (*argument).to_owned()).collect();
    let mut runs = 0;
    for entry in std::fs::read_dir(root().join(results)).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("plan.json").exists() {
            continue;
        }
        let committed = ids(&folder);
        let name = format!("{}.toml", folder.file_name().unwrap().to_string_lossy());
        let experiment = Experiment::load(&root().join("experiments").join(&name), &set).unwrap();
        let planned = expand(&experiment).unwrap();
        assert_eq!(planned.runs.len(), committed.len(), "{name}");
        for (run, id) in planned.runs.iter().zip(&committed) {
            assert!(had_id(&run.config, id), "{name}: {id} is now {}", run.id);
        }
        runs += committed.len();
    }
    runs
}

/// The runs of all plans below a folder.
fn plans(folder: &Path) -> usize {
    let own = if folder.join("plan.json").exists() {
        ids(folder).len()
    } else {
        0
    };
    let below = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    own + below
        .filter(|path| path.is_dir())
        .map(|path| plans(&path))
        .sum::<usize>()
}

fn ids(folder: &Path) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("plan.json")).unwrap()).unwrap();
    let runs = plan["runs"].as_array().unwrap().iter();
    runs.filter_map(|run| Some(run["id"].as_str()?.to_owned())).collect()
}
