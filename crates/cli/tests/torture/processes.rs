//! Several processes on one plan.

use crate::library::STUMBLING;
use crate::patience;
use crate::sweep::{Sweep, command, end, everything};
use cloze_runner::store::{Attempt, Owner};
use std::process::Stdio;
use std::time::Duration;

const STEPS: usize = 60;

#[test]
fn two_and_four_processes_share_a_plan_and_each_run_is_trained_once() {
    for processes in [2, 4] {
        let objectives = everything();
        let sweep = Sweep::new(&objectives, STEPS);
        let said: Vec<_> = (0..processes)
            .map(|i| sweep.place().join(format!("said-{i}")))
            .collect();
        let start = |said| {
            sweep
                .run()
                .stderr(std::fs::File::create(said).unwrap())
                .spawn()
                .unwrap()
        };
        let children: Vec<_> = said.iter().map(start).collect();
        for (child, said) in children.into_iter().zip(&said) {
            let status = end(child);
            let said = || std::fs::read_to_string(said).unwrap_or_default();
            assert!(
                status.success(),
                "each waits for the others' runs; {status}: {}",
                said()
            );
        }
        assert_eq!(sweep.attempts(), vec![1; objectives.len()], "a run was trained twice");
        sweep.is_as_if_undisturbed(&objectives, STEPS, &format!("{processes} processes"));
    }
}

#[test]
fn two_machines_of_one_name_wait_for_each_other() {
    let Some(library) = STUMBLING.path() else { return };
    // Long enough that both are at it at once. Nobody is silent for so long that a run may be taken over.
    let sweep = Sweep::new(&["mlm", "electra"], 1500);
    let boot = sweep.place().join("boot");
    std::fs::write(&boot, "11111111-1111-1111-1111-111111111111\n").unwrap();
    let arguments = [
        "run",
        "x.toml",
        "--checkpoint",
        "200 steps",
        "--lease",
        "60",
        "--jobs",
        "1",
    ];
    let first = command(sweep.place(), &arguments).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let mut other = command(sweep.place(), &arguments);
    other.env("LD_PRELOAD", library).env("STUMBLE_BOOT", &boot);
    let second = other.spawn().unwrap();
    assert!(end(first).success() && end(second).success());
    assert_eq!(sweep.attempts(), [1, 1], "a run was taken from a machine that lives");
    let owner = |run: &cloze_plan::PlannedRun| {
        let attempt = Attempt::latest(&sweep.store().run(&run.id)).unwrap().unwrap();
        attempt.owner().unwrap()
    };
    let owners: Vec<_> = sweep.plan().runs.iter().map(owner).collect();
    assert_eq!(owners[0].host, owners[1].host);
    let is_other = |owner: &Owner| {
        owner
            .identity
            .as_ref()
            .is_some_and(|identity| identity.contains("11111111-"))
    };
    let others = owners.iter().filter(|owner| is_other(owner)).count();
    assert_eq!(others, 1, "one of them did nothing, or the library nothing: {owners:?}");
}

#[test]
fn when_one_of_two_is_killed_the_other_takes_over() {
    for round in 0..patience() {
        let objectives = everything();
        let sweep = Sweep::new(&objectives, STEPS);
        let mut first = sweep.run().spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300 + 97 * (round as u64 % 10)));
        let second = sweep.run().spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let store = sweep.store();
        // The first process and whatever it started so far.
        first.kill().unwrap();
        first.wait().unwrap();
        assert!(end(second).success());
        let runs = sweep.plan().runs;
        assert!(
            runs.iter()
                .all(|run| Attempt::latest(&store.run(&run.id)).unwrap().unwrap().ended().is_some())
        );
        sweep.is_as_if_undisturbed(&objectives, STEPS, &format!("round {round}"));
    }
}

/// Claims a run as a process on another machine would that then fell silent.
fn claim_elsewhere(sweep: &Sweep) -> std::path::PathBuf {
    let run = sweep.store().run(&sweep.plan().runs[0].id);
    let latest = Attempt::latest(&run).unwrap().map_or(0, |attempt| attempt.number);
    let folder = run.attempt(latest + 1);
    std::fs::create_dir_all(&folder).unwrap();
    let owner = r#"{"token":"x","host":"elsewhere","pid":1,"identity":"another boot 1"}"#;
    std::fs::write(folder.join("owner.json"), owner).unwrap();
    folder
}

#[test]
fn a_claim_of_a_machine_that_fell_silent_is_shown_released_and_taken_over() {
    let sweep = Sweep::new(&["mlm"], 20);
    sweep.finish(1);
    let done = sweep.store().run(&sweep.plan().runs[0].id).path().join("DONE");
    std::fs::remove_file(&done).unwrap();

    let folder = claim_elsewhere(&sweep);
    let doctor = |more: &[&str]| {
        let words = [&["doctor", "x.toml", "--lease", "0.5"], more].concat();
        let output = command(sweep.place(), &words).stdout(Stdio::piped()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, said) = doctor(&[]);
    assert!(
        status == Some(1) && said.contains("stale claim 2 of process 1 on elsewhere"),
        "{said}"
    );
    assert!(!folder.join("ended.json").exists());
    let (status, said) = doctor(&["--release"]);
    assert!(status == Some(0) && said.contains("released"), "{said}");
    assert!(folder.join("ended.json").exists());
    sweep.finish(1);
    assert_eq!(sweep.attempts(), [3]);

    // Without a release it is taken over after the lease, which is two seconds here.
    std::fs::remove_file(&done).unwrap();
    claim_elsewhere(&sweep);
    let started = std::time::Instant::now();
    sweep.finish(1);
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!(sweep.attempts(), [5]);
    sweep.is_as_if_undisturbed(&["mlm"], 20, "taken over");
}
