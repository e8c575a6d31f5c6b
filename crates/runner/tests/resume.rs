//! A run that is left at any step and gone on with ends with the bits of one that never stopped.

use crate::common::{config, errand, plan, task, work};
use burn::tensor::Device;
use cloze_foundation::files::{list, remove};
use cloze_options::{Field, Usual};
use cloze_plan::{Plan, RunConfig};
use cloze_runner::store::folder::Member;
use cloze_runner::store::marker::Done;
use cloze_runner::store::{Attempt, Marker, RunFolder, Store, parts, weights};
use cloze_runner::{Cadence, Stop, train_run};
use cloze_schema::metric::LOST_SECONDS;
use cloze_schema::superseded::reproducible;
use cloze_schema::{Axis, Items, parquet};
use cloze_trainer::{Muon, NorMuon, Spacing, Stage};
use std::io::Write;
use std::path::Path;

/// Asks for a stop when it has been told of progress so often. On a busy machine it is also told how judgements go.
struct StopAfter<'a>(usize, &'a Stop);

impl Write for StopAfter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let ticks = String::from_utf8_lossy(bytes).matches("tokens_per_second").count();
        self.0 = self.0.saturating_sub(ticks);
        if self.0 == 0 {
            self.1.request();
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One attempt, left after `steps` further steps; `None` if it was left.
fn attempt(results: &Path, plan: &Plan, after: u32, steps: usize) -> Option<Marker> {
    let stop = Stop::default();
    match train_run(
        &errand(results, plan, 0, after),
        &mut StopAfter(steps, &stop),
        &mut Vec::new(),
        &stop,
    ) {
        Ok(marker) => Some(marker),
        Err(fault) => {
            assert_eq!(fault.exit_status(), 75, "{fault}");
            None
        }
    }
}

/// A small run that is judged twice on its way and at its end.
fn judged(objective: &str) -> RunConfig {
    let mut config = config(objective, 7, 9);
    config.points = 3;
    // At thirds of the budget, or at a quarter, a half and the whole.
    if objective == "electra" {
        config.spacing = Spacing::Log;
    }
    // Every sentence of a minimal pair fits.
    config.encoder.window = 48;
    config.evaluate = vec![task("masked-loss", "windows = 2"), task("minimal-pairs", "pairs = 1")];
    config.encoder.dropout = 0.1;
    config
}

/// The bytes of the trained weights, and the rows that can be compared.
#[derive(PartialEq)]
struct Outcome {
    weights: Vec<u8>,
    rows: Vec<u8>,
    /// Whose attempt it was apart.
    items: Vec<Items>,
}

fn result(folder: &RunFolder) -> Outcome {
    let Some(Marker::Done(done)) = folder.marker().unwrap() else {
        panic!("not done")
    };
    folder.verify(&done.parts).unwrap();
    // As one parquet file: equal rows are equal bytes, values that are not numbers included.
    let rows = |parts: &[std::path::PathBuf]| parquet::to_bytes(&reproducible(parts::union(parts).unwrap())).unwrap();
    let parts: Vec<_> = done.parts.keys().map(|name| folder.metrics().join(name)).collect();
    let listed = rows(&parts);
    let said = rows(&folder.parts().unwrap());
    assert!(
        listed == said,
        "what the marker lists and what the rows say of themselves differ"
    );
    Outcome {
        weights: std::fs::read(folder.weights().join("model.safetensors")).unwrap(),
        rows: listed,
        items: items(folder, &done),
    }
}

/// Which items were right, as the marker's hash says.
fn items(folder: &RunFolder, done: &Done) -> Vec<Items> {
    let bytes = std::fs::read(folder.items(done.attempt)).unwrap();
    assert_eq!(done.items, Some(Member::of(&bytes)));
    let runs = cloze_schema::items::from_bytes(&bytes).unwrap();
    runs.into_iter().flat_map(|run| run.items).collect()
}

fn uninterrupted(config: &RunConfig) -> Outcome {
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![config.clone()]);
    work(&errand(results.path(), &plan, 0, 0)).unwrap();
    result(&Store::new(results.path()).run(&plan.runs[0].id))
}

/// A table in which every rate, share and weight that has a usual value changes along training.
fn changing(fields: &[Field]) -> toml::Table {
    let mut table = toml::Table::new();
    for field in fields {
        let inner = field.kind.inner();
        let Usual::Value(usual) = &field.usual else { continue };
        if inner.iter().any(|inner| inner.name == "values") {
            let usual = usual.as_float().unwrap();
            let schedule = format!("x = {{ from = {usual:?}, to = {:?} }}", usual / 2.0);
            table.insert(
                field.name.to_owned(),
                schedule.parse::<toml::Table>().unwrap()["x"].clone(),
            );
        } else if !inner.is_empty() {
            let inner: Vec<Field> = inner.into_iter().cloned().collect();
            table.insert(field.name.to_owned(), changing(&inner).into());
        }
    }
    table
}

#[test]
fn left_at_any_step_and_gone_on_with_the_bits_are_the_same() {
    let usual = cloze_objectives::OBJECTIVES.iter().map(|entry| {
        let mut config = judged(entry.name);
        let options = changing(&(entry.options)());
        config.options = cloze_objectives::configure(entry.name, &options).unwrap().options();
        config
    });
    let mut muon = judged("electra");
    muon.optimizer.muon = Some(Muon::default());
    let mut staged = judged("mlm");
    staged.budget.stages = vec![Stage { until: 0.5, window: 16 }];
    let mut mixed = judged("mlm");
    mixed.objective = cloze_objectives::MIXTURE.to_owned();
    let parts = "mixture = [{ objective = \"mlm\", share = { from = 0, to = 1 } }, { objective = \"autoregressive\" }]";
    mixed.options = format!("{parts}\nvocabulary_head = \"shared\"").parse().unwrap();
    mixed.options = cloze_objectives::configure(&mixed.objective, &mixed.options)
        .unwrap()
        .options();
    let mut asked = judged("electra");
    asked.optimizer.normuon = Some(NorMuon::default());
    asked.encoder.layers = 2;
    asked.encoder.value_embeddings = true;
    asked.encoder.logit_cap = Some(15.0);
    asked.encoder.z_loss = 1e-4;
    asked.encoder.initial_values = cloze_backbone::InitialValues::FanIn;
    for config in usual.chain([muon, staged, mixed, asked]) {
        let wanted = uninterrupted(&config);
        for first in [1, 3, 4, 8, 9] {
            let results = tempfile::tempdir().unwrap();
            let plan = plan(vec![config.clone()]);
            let folder = Store::new(results.path()).run(&plan.runs[0].id);
            // The second attempt is left again after two steps, the third goes to the end.
            let mut marker = attempt(results.path(), &plan, 0, first);
            let mut attempts = 1;
            while marker.is_none() {
                assert!(folder.marker().unwrap().is_none());
                marker = attempt(results.path(), &plan, attempts, if attempts == 1 { 2 } else { 100 });
                attempts += 1;
            }
            // Whoever is asked to stop after the last step has nothing left to save but the result.
            assert_eq!(attempts >= 2, first < 9, "{attempts} attempts, left after step {first}");
            assert!(result(&folder) == wanted, "{} left at step {first}", config.objective);
            assert!(
                !folder.checkpoints().exists(),
                "checkpoints of a finished run are removed"
            );
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used() {
    let config = judged("electra");
    let wanted = uninterrupted(&config);
    for damage in [
        "model.safetensors",
        "optimizer.safetensors",
        "state.toml",
        "manifest.json",
    ] {
        let results = tempfile::tempdir().unwrap();
        let plan = plan(vec![config.clone()]);
        let folder = Store::new(results.path()).run(&plan.runs[0].id);
        let stop = Stop::default();
        let mut errand = errand(results.path(), &plan, 0, 0);
        errand.checkpoint = Cadence::Steps(2);
        train_run(&errand, &mut StopAfter(7, &stop), &mut Vec::new(), &stop).unwrap_err();
        let checkpoints = list(&folder.checkpoints()).unwrap();
        assert_eq!(checkpoints.len(), 2, "two are kept: {checkpoints:?}");
        let file = checkpoints[1].join(damage);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert!(attempt(results.path(), &plan, 1, 100).is_some());
        assert!(result(&folder) == wanted, "{damage}");
    }
}

#[test]
fn a_checkpoint_whose_metric_parts_are_damaged_is_not_used() {
    let config = judged("mlm");
    let wanted = uninterrupted(&config);
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![config]);
    let folder = Store::new(results.path()).run(&plan.runs[0].id);
    assert!(attempt(results.path(), &plan, 0, 5).is_none());
    let part = &folder.parts().unwrap()[0];
    let whole = std::fs::read(part).unwrap();
    std::fs::write(part, &whole[..whole.len() / 2]).unwrap();
    assert!(attempt(results.path(), &plan, 1, 100).is_some());
    remove(part).unwrap(); // it belongs to nothing any more
    assert!(result(&folder) == wanted);
}

#[test]
fn a_run_that_others_have_is_left_alone_and_a_finished_one_is_not_repeated() {
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![config("mlm", 1, 3)]);
    let first = work(&errand(results.path(), &plan, 0, 0)).unwrap();
    let again = work(&errand(results.path(), &plan, 0, 0)).unwrap_err();
    assert_eq!(again.exit_status(), 75, "attempt 1 is taken: {again}");
    let folder = Store::new(results.path()).run(&plan.runs[0].id);
    let done = folder.marker().unwrap();
    assert_eq!(
        Some(&first),
        done.as_ref(),
        "it is read as it was written, to the last bit of its seconds"
    );
    let second = work(&errand(results.path(), &plan, 0, 1)).unwrap();
    assert_eq!(done, Some(second), "the second attempt finds the run done");
    assert_eq!(Attempt::latest(&folder).unwrap().unwrap().ended().unwrap().how, "done");
}

#[test]
fn seconds_that_a_killed_attempt_lost_count_against_a_budget_in_seconds() {
    let mut config = config("mlm", 1, 1);
    config.budget.equalise = Axis::Seconds;
    config.budget.amount = 30.0;
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![config]);
    let folder = Store::new(results.path()).run(&plan.runs[0].id);
    assert!(attempt(results.path(), &plan, 0, 1).is_none());
    // As if it had gone on for 29.9 seconds after its checkpoint before it was killed.
    let killed = Attempt::latest(&folder).unwrap().unwrap();
    let mut beat = killed.beat().unwrap();
    beat.spent[Axis::Seconds] = 29.9;
    killed.give_beat(&beat).unwrap();
    let Some(Marker::Done(done)) = attempt(results.path(), &plan, 1, 1000) else {
        panic!("not done")
    };
    assert!((30.0..31.0).contains(&done.spent[Axis::Seconds]), "{:?}", done.spent);
    let rows = parts::union(&folder.parts().unwrap()).unwrap();
    let mut rows = rows.iter().flat_map(|attempt| &attempt.rows);
    let lost = rows.find(|row| row.metric == LOST_SECONDS).unwrap();
    assert!((28.0..30.0).contains(&lost.value));
    let mut model = crate::common::train_here(&crate::common::config("mlm", 1, 1), &Device::flex())
        .0
        .model;
    weights::load(&folder.weights(), &mut model, &Device::flex()).unwrap();
}
