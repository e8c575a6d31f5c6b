//! Models that others trained, as arms: judged once, beside runs that are trained, and what is said where they cannot be.

use crate::common::{Log, config, errand, plan, task, work};
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::TokenizerConfig;
use cloze_evals::Judgement;
use cloze_plan::{ModelConfig, Plan, RunConfig};
use cloze_runner::export::{Form, export, find};
use cloze_runner::store::{Store, parts};
use cloze_runner::{Cadence, RunOptions, Standing, Stop, Summary, foreign, gather};
use cloze_schema::metric::{NO_HEAD, NOT_ASKED};
use cloze_schema::{AttemptRows, PlannedModel};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A results folder with one finished run, and that run as folders of Hugging Face: whole, and its encoder alone.
struct Place {
    folder: tempfile::TempDir,
    plan: Plan,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = RunConfig {
            encoder: EncoderConfig::preset(Preset::Bert, 32, 1, 16),
            evaluate: vec![task("minimal-pairs", "pairs = 2"), task("masked-loss", "windows = 4")],
            ..config("mlm", 1, 2)
        };
        let mut plan = plan(vec![config]);
        let root = folder.path().join(&plan.experiment);
        work(&errand(&root, &plan, 0, 0)).unwrap();
        cloze_plan::write(&plan, &root).unwrap();
        let run = find(&root, &[], folder.path()).unwrap();
        for (name, form) in [("theirs", Form::Model), ("alone", Form::Encoder)] {
            export(&run, form, &folder.path().join(name), None).unwrap();
        }
        plan.models = vec![model(&folder.path().join("theirs"), &plan, '1')];
        Self { folder, plan }
    }

    fn store(&self) -> Store {
        Store::new(self.folder.path().join(&self.plan.experiment))
    }

    fn run(&self, only: &[&str], log: &Log) -> cloze_foundation::Result<Summary> {
        let options = RunOptions {
            results: self.folder.path().to_owned(),
            origin: None,
            command: None,
            data_root: None,
            device: "flex".to_owned(),
            jobs: None,
            fail_fast: false,
            retry_diverged: false,
            only: only.iter().map(|word| (*word).to_owned()).collect(),
            checkpoint: Cadence::default(),
            lease: Duration::from_secs(60),
            stop_signal: None,
            program: PathBuf::from("/nothing/is/trained/here"),
        };
        cloze_runner::run(&self.plan, &options, log, &Stop::default())
    }

    fn rows(&self) -> Vec<AttemptRows> {
        parts::read(&self.store().metrics()).unwrap()
    }

    /// The last value of a metric, by the id of whom it is of.
    fn value(&self, id: &str, task: &str, metric: &str) -> Option<f64> {
        let rows = self.rows();
        let of = rows.iter().filter(|of| of.label.run == id).flat_map(|of| &of.rows);
        let mut found = of.filter(|row| row.task == task && row.metric == metric);
        found.next_back().map(|row| row.value)
    }

    fn standing(&self) -> Standing {
        let plan = cloze_plan::read(self.store().root()).unwrap();
        Standing::of(&plan.models[0], &self.store(), None).unwrap()
    }
}

fn model(folder: &Path, plan: &Plan, digit: char) -> PlannedModel {
    let run = &plan.runs[0].config;
    let mut corpus = run.corpus.clone();
    corpus.tokenizer = TokenizerConfig::File {
        path: folder.to_owned(),
    };
    let config = ModelConfig {
        model: folder.to_owned(),
        corpus,
        evaluate: run.evaluate.clone(),
        seed: 1,
    };
    PlannedModel {
        id: digit.to_string().repeat(16),
        arm: folder.file_name().unwrap().to_string_lossy().into_owned(),
        folder: folder.to_owned(),
        class: "BertForMaskedLM".to_owned(),
        rule: None,
        card: None,
        config: serde_json::to_value(config).unwrap(),
        data: None,
    }
}

#[test]
fn a_folder_is_judged_once_and_as_the_run_that_it_was() {
    let place = Place::new();
    let (run, theirs) = (place.plan.runs[0].id.clone(), place.plan.models[0].id.clone());
    let summary = place.run(&[], &Log::default()).unwrap();
    let expected = Summary {
        skipped: 1,
        judged: 1,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
    for (task, metric) in [("minimal-pairs", "accuracy"), ("masked-loss", "loss")] {
        let own = place.value(&run, task, metric).unwrap();
        let found = place.value(&theirs, task, metric).unwrap();
        assert!((own - found).abs() < 1e-6, "{task}: {own} {found}");
    }
    assert_eq!(place.standing(), Standing::Judged { by: 2, of: 2 });
    let before = std::fs::read(place.store().metrics()).unwrap();
    let log = Log::default();
    assert_eq!(place.run(&[], &log).unwrap(), Summary { judged: 0, ..expected });
    assert_eq!(log.count("say every run has ended already"), 1);
    assert!(std::fs::read(place.store().metrics()).unwrap() == before);
    // It is named as runs are, and is none.
    let only = place.run(&["theirs"], &Log::default()).unwrap();
    assert_eq!(only, Summary::default());
    for (what, words) in [
        (Path::new(&theirs).to_owned(), vec![]),
        (place.store().root().to_owned(), vec!["theirs".to_owned()]),
    ] {
        let refused = find(&what, &words, place.folder.path()).err().unwrap().to_string();
        assert!(refused.contains("a model that others trained"), "{refused}");
    }
}

#[test]
fn other_weights_are_judged_again_and_a_damaged_judgement_is_told() {
    let place = Place::new();
    place.run(&[], &Log::default()).unwrap();
    let theirs = place.plan.models[0].id.clone();
    let loss = || place.value(&theirs, "masked-loss", "loss").unwrap();
    let before = loss();
    let path = place.folder.path().join("theirs/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    // The bias of a norm, or of the head: a number that counts.
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&0.5f32.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(place.standing(), Standing::Changed);
    assert_eq!(place.run(&[], &Log::default()).unwrap().judged, 1);
    assert_ne!(loss(), before);
    let rows = place.rows().into_iter().filter(|of| of.label.run == theirs);
    let losses = rows.flat_map(|of| of.rows).filter(|row| row.metric == "loss").count();
    assert_eq!(losses, 1, "of these weights alone");
    let judged = place.store().model(&theirs).path().join("judged");
    for folder in std::fs::read_dir(judged).unwrap() {
        std::fs::write(folder.unwrap().path().join("rows.parquet"), "damaged").unwrap();
    }
    let Standing::Damaged(why) = place.standing() else {
        panic!()
    };
    assert!(why.contains("have `cloze run` judge by"), "{why}");
    let plan = cloze_plan::read(place.store().root()).unwrap();
    let damaged = gather(&plan, &place.store()).unwrap().damaged;
    assert_eq!(damaged.len(), 2, "{damaged:?}");
    // What was found is kept where the folder is gone.
    let place = Place::new();
    place.run(&[], &Log::default()).unwrap();
    std::fs::remove_dir_all(place.folder.path().join("theirs")).unwrap();
    let log = Log::default();
    assert_eq!(place.run(&[], &log).unwrap().judged, 0);
    assert_eq!(log.count("say theirs cannot be looked at"), 1);
    assert!(matches!(place.standing(), Standing::Unknown(_)));
}

#[test]
fn what_has_no_head_is_told_and_what_cannot_be_read_is_refused_before_anything_starts() {
    let mut place = Place::new();
    place.plan.models = vec![model(&place.folder.path().join("alone"), &place.plan, '2')];
    let log = Log::default();
    assert_eq!(place.run(&[], &log).unwrap().judged, 1);
    assert_eq!(log.count("say minimal-pairs: alone has no head that it could ask"), 1);
    assert_eq!(place.value(&"2".repeat(16), "masked-loss", NO_HEAD), Some(1.0));
    assert_eq!(place.standing(), Standing::Judged { by: 2, of: 2 });
    let nowhere = place.folder.path().join("nowhere");
    place.plan.models = vec![model(&nowhere, &place.plan, '3')];
    let refused = place.run(&[], &Log::default()).unwrap_err().to_string();
    assert!(refused.contains("arm `nowhere`"), "{refused}");
}

#[test]
fn numbers_that_are_none_are_told_before_anything_is_trained() {
    let mut place = Place::new();
    // A run that waits, which would begin if nothing were the matter.
    let waits = RunConfig {
        seed: 2,
        ..place.plan.runs[0].config.clone()
    };
    let waiting = plan(vec![waits]).runs.remove(0);
    place.plan.runs.push(waiting);
    let path = place.folder.path().join("theirs/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let refused = place.run(&[], &Log::default()).unwrap_err().to_string();
    assert!(
        refused.contains("arm `theirs`") && refused.contains("which is no number"),
        "{refused}"
    );
    assert!(!place.store().run(&place.plan.runs[1].id).path().exists());
}

/// A run of windows of a few tokens, as a folder of Hugging Face.
fn of_short_windows(into: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let config = RunConfig {
        encoder: EncoderConfig::preset(Preset::Bert, 32, 1, 9),
        evaluate: Vec::new(),
        ..config("mlm", 1, 2)
    };
    let plan = plan(vec![config]);
    let root = folder.path().join(&plan.experiment);
    work(&errand(&root, &plan, 0, 0)).unwrap();
    cloze_plan::write(&plan, &root).unwrap();
    let run = find(&root, &[], folder.path()).unwrap();
    export(&run, Form::Model, into, None).unwrap();
}

#[test]
fn a_window_that_is_too_short_for_an_evaluation_is_told_and_the_others_judge() {
    let mut place = Place::new();
    let short = place.folder.path().join("short");
    of_short_windows(&short);
    place.plan.models = vec![model(&short, &place.plan, '4')];
    let log = Log::default();
    assert_eq!(place.run(&[], &log).unwrap().judged, 1);
    // Before anything is trained, and when it is judged.
    let told = "say minimal-pairs: short cannot be asked within its window: the sentences of ";
    assert_eq!(log.count(told), 2);
    let value = |task: &str, metric: &str| place.value(&"4".repeat(16), task, metric);
    assert_eq!(value("minimal-pairs", NOT_ASKED), Some(1.0));
    assert!(value("masked-loss", "loss").is_some() && value("masked-loss", NOT_ASKED).is_none());
    assert_eq!(place.standing(), Standing::Judged { by: 2, of: 2 });
    // By itself it is the same.
    let request = foreign::Request {
        folder: short,
        tasks: place.plan.runs[0].config.evaluate.clone(),
        source: None,
        data_root: None,
        cache: place.folder.path().join("cache"),
        device: "flex".to_owned(),
    };
    let (log, mut tasks) = (Log::default(), Vec::new());
    let found = |found: Judgement| {
        tasks.extend(found.findings.into_iter().map(|finding| finding.task));
        Ok(())
    };
    assert!(!foreign::judge(&request, &log, &Stop::default(), found).unwrap());
    assert!(
        !tasks.is_empty() && tasks.iter().all(|task| task == "masked-loss"),
        "{tasks:?}"
    );
    assert_eq!(log.count("say minimal-pairs: BertForMaskedLM of `"), 1);
}

#[test]
fn folders_that_are_no_runs_are_told_from_runs_and_runs_of_one_id_from_each_other() {
    let place = Place::new();
    let refused = |what: &Path| find(what, &[], place.folder.path()).err().unwrap().to_string();
    let theirs = place.folder.path().join("theirs");
    assert!(refused(&theirs).contains("is a folder of Hugging Face"));
    // A configuration that is broken, or says nothing.
    let config = theirs.join("config.json");
    for (text, says) in [
        ("{ \"architectures\": ", "not JSON"),
        ("{}", "names no class of transformers"),
    ] {
        std::fs::write(&config, text).unwrap();
        let refused = refused(&theirs);
        assert!(
            refused.contains(says) && refused.contains("theirs/config.json"),
            "{refused}"
        );
    }
    // The same experiment, run into two results folders.
    let id = place.plan.runs[0].id.clone();
    let copy = place.folder.path().join("copy/runs").join(&id);
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::copy(place.store().run(&id).config(), copy.join("config.json")).unwrap();
    let refused = refused(Path::new(&id));
    for folder in ["copy/runs/", "tiny/runs/"] {
        assert!(refused.contains(&format!("{folder}{id}")), "{refused}");
    }
}
