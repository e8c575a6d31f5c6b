//! The n-th operation that changes a file fails, or kills the process that asks for it, for n = 1, 2, 3, ... until
//! nothing is left to break. After each, a sweep on a sound disk ends with the usual bits.

use crate::library::FAILING;
use crate::patience;
use crate::sweep::{Sweep, end};
use std::path::Path;
use std::process::Stdio;

const STEPS: usize = 15;
const OBJECTIVES: [&str; 1] = ["electra"];
/// Points at which the disk breaks in a normal test run, of some hundred that there are.
const POINTS: usize = 14;

/// Runs a sweep on a disk that breaks at operation `at`; gives how many operations there were, and what was said.
fn broken_run(sweep: &Sweep, library: &Path, at: usize, how: &str) -> (u64, Option<i32>, String) {
    let counter = sweep.place().join("counter");
    std::fs::write(&counter, [0; 8]).unwrap();
    let mut command = sweep.run();
    command
        .env("LD_PRELOAD", library)
        .env("FAULT_UNDER", sweep.place().join("results/x"))
        .env("FAULT_COUNTER", &counter)
        .env("FAULT_AT", at.to_string())
        .env("FAULT_HOW", how)
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
    let status = end(child);
    let count = std::fs::read(&counter).unwrap();
    let count = u64::from_le_bytes(count.try_into().unwrap());
    (count, status.code(), reader.join().unwrap())
}

fn broken_everywhere(how: &str) {
    let Some(library) = FAILING.path() else { return };
    let (all, status, said) = broken_run(&Sweep::new(&OBJECTIVES, STEPS), library, 0, how);
    assert_eq!(status, Some(0), "{said}");
    assert!(all > 100, "only {all} operations were seen");
    let points = (POINTS * patience()).min(all as usize);
    let mut broke = 0;
    for point in 0..points {
        let at = 1 + point * all as usize / points;
        let sweep = Sweep::new(&OBJECTIVES, STEPS);
        let (_, status, said) = broken_run(&sweep, library, at, how);
        assert!(!said.contains("panicked"), "{how} {at}: {said}");
        broke += usize::from(status != Some(0));
        if status == Some(1) && how != "kill" {
            assert!(
                said.contains("No space left") && said.contains("free some space"),
                "{how} {at}: {said}"
            );
        }
        sweep.finish(2);
        sweep.is_as_if_undisturbed(&OBJECTIVES, STEPS, &format!("{how} {at} of {all}"));
    }
    eprintln!("{how}: {points} of {all} operations, {broke} of which the sweep did not survive by itself");
    assert!(broke > points / 4, "nothing broke");
}

#[test]
fn one_failing_operation_loses_nothing() {
    broken_everywhere("once");
}

#[test]
fn a_disk_that_stays_full_loses_nothing() {
    broken_everywhere("from");
}

#[test]
fn a_process_killed_at_any_operation_loses_nothing() {
    broken_everywhere("kill");
}
