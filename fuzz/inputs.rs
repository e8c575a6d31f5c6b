//! What people and disks can give cloze, one function a kind of input, each for arbitrary bytes.
//!
//! The property: no panic, no end that never comes, and every refusal is a usage fault in words. The functions panic
//! where it does not hold. `crates/cli/tests/inputs.rs` runs them on the seeds in `corpora/` and on mutations of those,
//! and measures memory and time as well; the targets beside this file run them under cargo-fuzz.

use cloze_backbone::tensors;
use cloze_corpus::sets::Column;
use cloze_corpus::source::{Piece, Source, Text};
use cloze_corpus::{SpecialTokens, Tokenizer, Vocabulary, pairs};
use cloze_foundation::{Fault, FaultKind};
use cloze_objectives::Model;
use cloze_plan::{Experiment, RunConfig, expand};
use cloze_report::Report;
use cloze_runner::status::Status;
use cloze_runner::store::folder::{self, Member};
use cloze_runner::store::{Checkpoint, Marker, Store, weights};
use cloze_schema::superseded::reproducible;
use cloze_schema::{latest, parquet};
use cloze_trainer::{Learner, Optimizer, device};
use std::collections::BTreeMap;
use std::path::Path;

/// An input kind: the name of its corpus and of its target, and what it is given to.
pub type Kind = (&'static str, fn(&[u8]));

/// Every kind.
pub const KINDS: [Kind; 9] = [
    ("experiment", experiment),
    ("set", set),
    ("corpus", corpus),
    ("tokenizer", tokenizer),
    ("weights", weights),
    ("checkpoint", checkpoint),
    ("parquet", parquet),
    ("plan", plan),
    ("marker", marker),
];

/// The experiment that `--set` strings change.
const GOOD: &str = include_str!("corpora/experiment/good.toml");
/// A plan with one run, the one that the metrics in `corpora/parquet/` are of.
const PLAN: &[u8] = include_bytes!("corpora/plan/tiny.json");
/// What the folders of a run are said to belong to.
const RUN: &str = "0123456789abcdef";
/// The small part of a checkpoint.
const STATE: &[u8] = include_bytes!("corpora/checkpoint/state.toml");
/// Weights of the model that the good experiment trains.
const WEIGHTS: &[u8] = include_bytes!("corpora/weights/tiny.safetensors");

/// A refusal has to be a usage fault in words.
#[track_caller]
fn refused(fault: &Fault) {
    assert_eq!(fault.kind, FaultKind::Usage, "{fault}");
    assert!(fault.what.chars().any(char::is_alphabetic), "no words: {fault:?}");
}

/// What is wrong in an experiment has a place as well.
#[track_caller]
fn refused_somewhere(fault: &Fault) {
    refused(fault);
    assert!(!fault.places.is_empty(), "no place: {fault}");
}

fn place() -> tempfile::TempDir {
    // Memory is faster than a disk.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    place.expect("a folder for temporary files")
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).expect("a folder that can be written");
    std::fs::write(path, bytes).expect("a folder that can be written");
}

/// A folder with a manifest that fits, without the syncing that keeps real ones safe.
fn put_folder(path: &Path, files: &[(&str, &[u8])]) {
    let members: BTreeMap<&str, Member> = files.iter().map(|(name, bytes)| (*name, Member::of(bytes))).collect();
    let manifest = serde_json::json!({ "format": folder::FORMAT, "run": RUN, "step": 2, "files": members });
    for (name, bytes) in files {
        put(path, name, bytes);
    }
    put(path, "manifest.json", manifest.to_string().as_bytes());
}

fn planned(text: &str, set: &[String]) {
    match Experiment::parse("x", "x.toml", text, set).and_then(|experiment| expand(&experiment)) {
        Ok(plan) => assert!(!plan.runs.is_empty()),
        Err(fault) => refused_somewhere(&fault),
    }
}

/// An experiment file.
pub fn experiment(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        planned(text, &[]);
    }
}

/// `--set` arguments, one a line.
pub fn set(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let arguments: Vec<String> = text.split('\n').map(str::to_owned).collect();
        planned(GOOD, &arguments);
    }
}

/// A corpus, whatever its name says it is, and minimal pairs.
pub fn corpus(bytes: &[u8]) {
    let place = place();
    let (list, column) = (Column::from("entities"), Column::Number(-1));
    for (name, entities) in [
        ("a.txt", None),
        ("b.jsonl", None),
        ("b.jsonl", Some(&list)),
        ("c.txt.gz", None),
        ("d.jsonl.gz", None),
        ("e.json", Some(&list)),
        ("f.parquet", None),
        ("g.conll", Some(&column)),
    ] {
        put(place.path(), name, bytes);
        let read = Source::resolve(name, 0, Some(place.path())).and_then(|source| {
            let source = source.with_entities(entities)?;
            let split = source.split(0.5)?;
            source.documents(&split, &mut |_, text| {
                if let Text::Piece(Piece { text, entities, .. }) = text {
                    assert_ne!(text, "");
                    assert!(entities.iter().all(|entity| !text[entity.clone()].is_empty()));
                }
                Ok(())
            })
        });
        if let Err(fault) = read {
            refused(&fault);
        }
        let path = place.path().join(name);
        std::fs::remove_file(&path).expect("a file that was just written");
    }
    put(place.path(), "pairs.jsonl", bytes);
    if let Err(fault) = pairs::read_blimp(place.path(), 100) {
        refused_somewhere(&fault);
    }
}

/// A tokenizer.json.
pub fn tokenizer(bytes: &[u8]) {
    let place = place();
    put(place.path(), "tokenizer.json", bytes);
    match Tokenizer::load(&place.path().join("tokenizer.json")) {
        Ok(tokenizer) => {
            let ids = tokenizer.sentence("The cat, don't you know,\n sat on 42 naïve mats [MASK] 漢字\u{10FFFD}.");
            let size = tokenizer.vocabulary().size;
            assert!(
                ids.iter().all(|id| (*id as usize) < size),
                "an id beyond the vocabulary of {size}"
            );
            tokenizer.decode(&ids);
        }
        Err(fault) => refused(&fault),
    }
}

/// The run of the good experiment.
fn config() -> RunConfig {
    let experiment = Experiment::parse("x", "x.toml", GOOD, &[]).expect("the good experiment is one");
    expand(&experiment)
        .expect("it can be planned")
        .runs
        .swap_remove(0)
        .config
}

/// A model of that run, over 8 tokens.
fn model(config: &RunConfig) -> Model {
    let special = SpecialTokens {
        pad: 0,
        unknown: 1,
        start: 2,
        end: 3,
        mask: 4,
    };
    let objective = cloze_objectives::configure(&config.objective, &config.options).expect("an objective");
    let device = device::open("flex").expect("the processor").autodiff();
    let init = cloze_backbone::Init::new(1, &device);
    objective.build(&config.encoder, &Vocabulary::new(8, special), &init)
}

/// Weights as safetensors: alone, in their folder, and as an optimizer's moments.
pub fn weights(bytes: &[u8]) {
    let device = device::open("flex").expect("the processor");
    let place = place();
    let config = config();
    let mut model = model(&config);
    if let Err(fault) = tensors::from_bytes(bytes, &mut model, &device) {
        refused(&fault);
    }
    let trained = place.path().join("final");
    put_folder(&trained, &[(weights::TENSORS, bytes)]);
    if let Err(fault) = weights::load(&trained, &mut model, &device) {
        refused(&fault);
        assert!(fault.what.contains("final"), "the folder is not named: {fault}");
    }
    let files = [
        (weights::TENSORS, WEIGHTS),
        ("optimizer.safetensors", bytes),
        ("state.toml", STATE),
    ];
    let path = place.path().join("000000000002-00001");
    put_folder(&path, &files);
    let mut learner = Learner {
        model,
        optimizer: Optimizer::new(config.optimizer),
        device,
    };
    let restored = Checkpoint::read(&path, RUN).and_then(|read| read.saved.restore(&mut learner));
    if let Err(fault) = restored {
        refused(&fault);
    }
}

fn checkpoint_files(state: &[u8]) -> [(&str, &[u8]); 3] {
    [
        (weights::TENSORS, WEIGHTS),
        ("optimizer.safetensors", WEIGHTS),
        ("state.toml", state),
    ]
}

/// The manifest and the state of a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let place = place();
    let read = |folder: &Path| {
        if let Err(fault) = Checkpoint::read(folder, RUN) {
            refused(&fault);
            assert!(fault.what.contains("-0000"), "the folder is not named: {fault}");
        }
    };
    let path = place.path().join("000000000002-00001");
    put_folder(&path, &checkpoint_files(bytes));
    read(&path);
    let path = place.path().join("000000000002-00002");
    put_folder(&path, &checkpoint_files(STATE));
    put(&path, "manifest.json", bytes);
    read(&path);
}

/// Metrics, as the store and as the report read them.
pub fn parquet(bytes: &[u8]) {
    match parquet::from_bytes(bytes) {
        Ok(rows) => {
            let kept = latest(rows.clone());
            assert!(reproducible(kept).len() <= rows.len());
        }
        Err(why) => assert!(why.chars().any(char::is_alphabetic), "no words: {why:?}"),
    }
    let place = place();
    put(place.path(), "plan.json", PLAN);
    put(place.path(), "metrics.parquet", bytes);
    if let Err(fault) = Report::read(place.path()) {
        refused(&fault);
    }
}

/// A frozen plan, as the runner and as the report read it.
pub fn plan(bytes: &[u8]) {
    let place = place();
    put(place.path(), "plan.json", bytes);
    let read = cloze_plan::read(place.path()).map(|_| ());
    let shown = Report::read(place.path()).map(|_| ());
    for fault in [read, shown].into_iter().filter_map(Result::err) {
        refused(&fault);
        assert!(
            fault.to_string().contains("plan.json"),
            "the file is not named: {fault}"
        );
    }
}

/// How a run ended, and what an attempt says of itself.
pub fn marker(bytes: &[u8]) {
    let place = place();
    let run = Store::new(place.path()).run(RUN);
    for name in ["owner.json", "beat.json", "ended.json"] {
        put(&run.attempt(1), name, bytes);
    }
    if let Err(fault) = Status::of(&run, None) {
        refused(&fault);
    }
    for name in ["DONE", "DIVERGED", "FAILED"] {
        put(run.path(), name, bytes);
        match run.marker() {
            Ok(marker) => assert!(marker.is_some()),
            Err(fault) => {
                refused(&fault);
                assert!(fault.what.contains(name), "{name} is not named: {fault}");
            }
        }
        Marker::remove(run.path()).expect("a folder that can be written");
    }
}
