//! A plan through child processes. The child is this test binary, started through a script that turns its arguments
//! into an environment variable.
#![cfg(unix)]

use crate::common::{Log, config, names, plan, task};
use cloze_plan::Plan;
use cloze_runner::status::Status;
use cloze_runner::store::{Marker, Store, parts};
use cloze_runner::{Cadence, Errand, Need, Needs, Progress, RunOptions, Spared, Stop, Summary, train_run};
use cloze_schema::Sequential;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn run(plan: &Plan, options: &RunOptions, log: &dyn Progress) -> cloze_foundation::Result<Summary> {
    cloze_runner::run(plan, options, log, &Stop::default())
}

/// What the children of the tests below do: not a test of its own.
#[test]
#[ignore = "no test, and nothing to run by hand: the worker process, which the tests of this file start with --ignored"]
fn child() {
    let Ok(arguments) = std::env::var("TEST_ARGUMENTS") else {
        return;
    };
    let words: Vec<&str> = arguments.lines().collect();
    let given = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let value = |name: &str| given(name).unwrap();
    let errand = Errand {
        folder: PathBuf::from(value("--folder")),
        id: value("--id").to_owned(),
        arm: value("--arm").to_owned(),
        corpus: PathBuf::from(value("--corpus")),
        device: value("--device").to_owned(),
        data_root: None,
        after: value("--after").parse().unwrap(),
        token: value("--token").to_owned(),
        data: value("--data").to_owned(),
        retry: given("--retry").map(|attempt| attempt.parse().unwrap()),
        build: value("--build").to_owned(),
        command: given("--command").map(str::to_owned),
        checkpoint: value("--checkpoint").parse().unwrap(),
        lease: Duration::from_secs_f64(value("--lease").parse().unwrap()),
        stop_signal: None,
    };
    let stop = Stop::on_signals(None).unwrap().on_end_of_stdin().unwrap();
    if let Err(fault) = train_run(&errand, &mut std::io::stdout(), &mut Vec::new(), &stop) {
        eprintln!("{fault}");
        std::process::exit(fault.exit_status().into());
    }
}

/// A program that runs `before` (shell) and then trains.
fn program(folder: &Path, before: &str) -> PathBuf {
    let path = folder.join("program.sh");
    let this = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n{before}\nTEST_ARGUMENTS=$(printf '%s\\n' \"$@\") exec '{}' processes::child --exact --ignored --nocapture\n",
        this.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn options(folder: &Path, before: &str) -> RunOptions {
    RunOptions {
        results: folder.join("results"),
        origin: None,
        command: None,
        data_root: None,
        device: "flex".to_owned(),
        jobs: None,
        fail_fast: false,
        retry_diverged: false,
        only: Vec::new(),
        checkpoint: Cadence::default(),
        lease: Duration::from_secs(60),
        stop_signal: None,
        program: program(folder, before),
    }
}

fn markers(folder: &Path, plan: &Plan) -> Vec<Option<Marker>> {
    let store = Store::new(folder.join("results").join(&plan.experiment));
    plan.runs
        .iter()
        .map(|run| store.run(&run.id).marker().unwrap())
        .collect()
}

#[test]
fn a_plan_is_trained_once_and_only_what_is_missing_is_trained_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut diverging = config("autoregressive", 1, 30);
    diverging.optimizer.peak_lr = 1e30;
    let plan = plan(vec![config("mlm", 1, 4), config("mlm", 2, 4), diverging]);
    let options = options(folder.path(), "");

    let log = Log::default();
    let first = run(&plan, &options, &log).unwrap();
    assert_eq!(
        first,
        Summary {
            done: 2,
            diverged: 1,
            ..Summary::default()
        }
    );
    let lines = log.0.lock().unwrap().clone();
    let position = |start: &str| lines.iter().position(|line| line.starts_with(start)).unwrap();
    assert!(
        position("started autoregressive 1") < position("started mlm 2"),
        "arms take turns: {lines:?}"
    );
    assert_eq!(log.count("ticked mlm"), 8);

    let store = Store::new(folder.path().join("results/tiny"));
    let rows = parts::read(&store.metrics()).unwrap();
    let before = std::fs::read(store.metrics()).unwrap();
    assert!(names(store.root()).contains(&"plan.json".to_owned()) && !rows.is_empty());

    let log = Log::default();
    let second = run(&plan, &options, &log).unwrap();
    assert_eq!(
        second,
        Summary {
            skipped: 3,
            diverged: 1,
            ..Summary::default()
        }
    );
    assert_eq!(log.count("started"), 0);
    assert!(
        before == std::fs::read(store.metrics()).unwrap(),
        "nothing was done, so nothing may change"
    );

    std::fs::remove_file(store.run(&plan.runs[1].id).path().join("DONE")).unwrap();
    let third = run(&plan, &options, &Log::default()).unwrap();
    assert_eq!(
        third,
        Summary {
            done: 1,
            skipped: 2,
            diverged: 1,
            ..Summary::default()
        }
    );
    let Some(Marker::Done(done)) = &markers(folder.path(), &plan)[1] else {
        panic!("not done")
    };
    assert_eq!(done.attempt, 2);

    let again = RunOptions {
        retry_diverged: true,
        ..options
    };
    let fourth = run(&plan, &again, &Log::default()).unwrap();
    assert_eq!((fourth.skipped, fourth.diverged), (2, 1));
    let Some(Marker::Diverged(diverged)) = &markers(folder.path(), &plan)[2] else {
        panic!("not diverged")
    };
    assert_eq!(
        diverged.attempt, 2,
        "a diverged run is trained again when that is asked for"
    );
}

#[test]
fn a_child_that_dies_leaves_failed_with_the_reason_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(vec![config("mlm", 1, 3), config("mlm", 2, 3)]);
    let dying = options(folder.path(), "echo 'the last words' >&2; kill -9 $$");
    let summary = run(&plan, &dying, &Log::default()).unwrap();
    assert_eq!(
        summary,
        Summary {
            failed: 2,
            ..Summary::default()
        }
    );
    let Some(Marker::Failed(failed)) = &markers(folder.path(), &plan)[0] else {
        panic!("not failed")
    };
    assert!(failed.reason.contains("signal 9"), "{}", failed.reason);
    assert_eq!(failed.stderr, ["the last words"]);
    assert!(!folder.path().join("results/tiny/metrics.parquet").exists());

    let exiting = RunOptions {
        jobs: Some(1),
        fail_fast: true,
        ..options(folder.path(), "exit 3")
    };
    let summary = run(&plan, &exiting, &Log::default()).unwrap();
    assert_eq!(
        summary,
        Summary {
            failed: 1,
            left: 1,
            ..Summary::default()
        }
    );
    let Some(Marker::Failed(failed)) = &markers(folder.path(), &plan)[0] else {
        panic!("not failed")
    };
    assert!(failed.reason.contains("exit status 3"), "{}", failed.reason);

    let summary = run(&plan, &options(folder.path(), ""), &Log::default()).unwrap();
    assert_eq!(
        summary,
        Summary {
            done: 2,
            ..Summary::default()
        }
    );
    assert!(
        markers(folder.path(), &plan)
            .iter()
            .all(|marker| matches!(marker, Some(Marker::Done(_))))
    );
}

#[test]
fn what_can_be_known_before_the_first_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut long = config("mlm", 1, 3);
    long.encoder.window = 1_000_000;
    let mut unjudged = config("mlm", 2, 3);
    unjudged.evaluate = vec![task("blimp", "")];
    let options = options(folder.path(), "");
    for (config, words) in [(long, "too few for a window"), (unjudged, "data")] {
        let fault = run(&plan(vec![config]), &options, &Log::default()).unwrap_err();
        assert_eq!(fault.exit_status(), 2);
        assert!(fault.to_string().contains(words), "{fault}");
        assert!(!folder.path().join("results/tiny").exists());
    }
    let nowhere = RunOptions {
        device: "abacus".to_owned(),
        ..options
    };
    assert!(run(&plan(vec![config("mlm", 1, 3)]), &nowhere, &Log::default()).is_err());
    assert!(!folder.path().join("results/tiny").exists());
}

/// Three arms on six seeds: a baseline, one that does not learn, and one that learns a little faster on every seed, which pairs
/// tell apart sooner.
fn sequential() -> Plan {
    let mut runs = Vec::new();
    for (arm, rate) in [("usual", 3e-3), ("still", 1e-9), ("faster", 3.1e-3)] {
        for seed in 1..=6 {
            let mut config = config("mlm", seed, 12);
            config.optimizer.peak_lr = rate;
            config.evaluate = vec![task("masked-loss", "")];
            runs.push((arm, config));
        }
    }
    let (names, configs): (Vec<&str>, Vec<_>) = runs.into_iter().unzip();
    let mut plan = plan(configs);
    for (run, name) in plan.runs.iter_mut().zip(names) {
        run.arm = name.to_owned();
    }
    plan.sequential = Some(Sequential {
        looks: vec![3, 4, 6],
        level: 0.05,
        margin: Some(1e-6),
        task: "masked-loss".to_owned(),
        metric: "loss".to_owned(),
        comparisons: ["still", "faster"]
            .map(|arm| [arm.to_owned(), "usual".to_owned()])
            .to_vec(),
    });
    plan
}

#[test]
fn arms_that_are_decided_stop_and_an_interrupted_sweep_decides_the_same() {
    let plan = sequential();
    let whole = tempfile::tempdir().unwrap();
    let log = Log::default();
    let summary = run(&plan, &options(whole.path(), ""), &log).unwrap();
    let store = Store::new(whole.path().join("results/tiny"));
    let needs = Needs::of(&plan, &store).unwrap();
    let of = |arm: &str, seed: u64| {
        let mut runs = plan.runs.iter();
        let found = runs.find(|run| run.arm == arm && run.config.seed == seed);
        &found.unwrap().id
    };
    let Need::Not(Spared::Decided(seeds)) = needs.at(of("faster", 6)) else {
        panic!("pairs tell it apart: {:?}", needs.decided())
    };
    let spared = needs.not_needed().count();
    let done = plan.runs.len() - spared;
    assert_eq!(
        (summary.done, summary.not_needed, summary.failed),
        (done, spared, 0),
        "{:?}",
        log.0
    );
    let lines = log.0.lock().unwrap().clone();
    let at = |start: &str| lines.iter().position(|line| line.starts_with(start));
    let decided = at(&format!("say faster against usual: different after {seeds} seeds"));
    assert!(decided.is_some(), "{lines:?}");
    // Look by look: what is for the next one starts later.
    let later = at(&format!("started still {}", seeds + 1));
    assert!(later.is_none_or(|later| Some(later) > decided), "{lines:?}");
    assert_eq!(at(&format!("started faster {}", seeds + 1)), None);
    let spared_run = of("faster", 6);
    let status = Status::of(&store.run(spared_run), None)
        .unwrap()
        .with(needs.at(spared_run));
    assert_eq!(status, Status::NotNeeded(Spared::Decided(seeds)));
    assert!(!status.is_bad());

    // The same in pieces: some runs by name, also of a later look, and the rest by another call.
    let parts = tempfile::tempdir().unwrap();
    let only = |words: &[&str]| RunOptions {
        only: words.iter().map(|word| (*word).to_owned()).collect(),
        ..options(parts.path(), "")
    };
    let log = Log::default();
    let first = run(&plan, &only(&["usual", "still seed=2", "still seed=4"]), &log).unwrap();
    assert_eq!((first.done, first.not_needed), (4, 0));
    let later = "say still seed=4: not needed yet: it is for the look after 4 seeds";
    assert_eq!(log.count(later), 1, "{:?}", log.0);
    let second = run(&plan, &options(parts.path(), ""), &Log::default()).unwrap();
    assert_eq!((second.done, second.skipped, second.not_needed), (done - 4, 4, spared));
    let other = Store::new(parts.path().join("results/tiny"));
    assert_eq!(Needs::of(&plan, &other).unwrap(), needs);
    let third = run(&plan, &options(parts.path(), ""), &Log::default()).unwrap();
    assert_eq!((third.done, third.skipped, third.not_needed), (0, done, spared));
}
