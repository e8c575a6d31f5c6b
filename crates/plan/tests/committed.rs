//! The shipped experiments still plan the runs whose results are committed, or planned them before a law changed.

use cloze_plan::{Experiment, expand, had_id};
use std::path::Path;

#[test]
fn every_committed_run_is_planned_with_its_id() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut runs = 0;
    for entry in std::fs::read_dir(root.join("results/shipped")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("plan.json").exists() {
            continue;
        }
        let committed: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("plan.json")).unwrap()).unwrap();
        let name = format!("{}.toml", folder.file_name().unwrap().to_string_lossy());
        let experiment = Experiment::load(&root.join("experiments").join(&name), &[]).unwrap();
        let planned = expand(&experiment).unwrap();
        let committed = committed["runs"].as_array().unwrap();
        let committed: Vec<&str> = committed.iter().filter_map(|run| run["id"].as_str()).collect();
        assert_eq!(planned.runs.len(), committed.len(), "{name}");
        for (run, id) in planned.runs.iter().zip(&committed) {
            assert!(had_id(&run.config, id), "{name}: {id} is now {}", run.id);
        }
        runs += committed.len();
    }
    assert!(runs > 0, "no plan is committed");
}
