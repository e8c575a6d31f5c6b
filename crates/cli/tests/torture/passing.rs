//! Errors that pass: one opening for reading, or one look whether something is there, fails, with what a network file system, a broken disk, another owner or a full
//! table of files says. Nothing that is whole is set aside, begun again or taken for absent.

use crate::library::STUMBLING;
use crate::patience;
use crate::sweep::{Sweep, end};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const OBJECTIVES: [&str; 2] = ["mlm", "electra"];
const STEPS: usize = 30;
/// ESTALE, EIO, EACCES, EMFILE.
const ERRORS: [u32; 4] = [116, 5, 13, 24];
/// How many of each are tried in a normal test run.
const TRIED: u32 = 2;
/// Kinds of operations, and words in the paths of what is read or looked at.
const PLACES: [(&str, &str); 11] = [
    ("openr", "metrics/part"),
    ("openr", "/DONE"),
    ("openr", "/final"),
    ("openr", "/checkpoints/"),
    ("openr", "/attempts/"),
    ("openr", "plan"),
    ("openr", "config.json"),
    ("stat", "/DONE"),
    ("stat", "plan.json"),
    ("stat", "metrics.parquet"),
    ("stat", "/.cache/"),
];

fn run_with(sweep: &Sweep, library: &Path, (op, word): (&str, &str), at: u32, error: u32) -> (Option<i32>, String) {
    let mut child = sweep
        .run()
        .env("LD_PRELOAD", library)
        .env("STUMBLE_OP", op)
        .env("STUMBLE_MATCH", word)
        .env("STUMBLE_AT", at.to_string())
        .env("STUMBLE_HOW", error.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
    let status = end(child);
    (status.code(), reader.join().unwrap())
}

#[test]
fn an_error_that_passes_destroys_nothing() {
    let Some(library) = STUMBLING.path() else { return };
    let mut told = 0;
    let tried = TRIED * patience() as u32;
    // A sweep that has ended is left as it is; its runs are not trained again.
    let ended = Sweep::new(&OBJECTIVES, STEPS);
    ended.finish(1);
    let attempts = ended.attempts();
    for (turn, place) in PLACES.into_iter().enumerate() {
        for at in 1..=tried {
            let error = ERRORS[(turn + at as usize) % ERRORS.len()];
            let what = format!("error {error} at {place:?} {at}");
            let (status, said) = run_with(&ended, library, place, at, error);
            assert!(!said.contains("panicked"), "{what}: {said}");
            told += u32::from(status != Some(0));
            ended.has_nothing_aside(&what);
            assert_eq!(
                ended.attempts(),
                attempts,
                "{what}: a finished run was trained again: {said}"
            );
            ended.finish(1);
            ended.is_as_if_undisturbed(&OBJECTIVES, STEPS, &what);
        }
    }
    assert!(told > 0, "nobody noticed anything");
    // One that was left in its middle is gone on with, and not begun again.
    for (turn, place) in PLACES.into_iter().enumerate() {
        let (at, error) = (1 + turn as u32 % 2, ERRORS[turn % ERRORS.len()]);
        let what = format!("in the middle, error {error} at {place:?} {at}");
        let sweep = Sweep::new(&OBJECTIVES, STEPS);
        let mut child = sweep.run().spawn().unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let _ = child.kill();
        let _ = child.wait();
        let (_, said) = run_with(&sweep, library, place, at, error);
        assert!(!said.contains("panicked"), "{what}: {said}");
        sweep.finish(2);
        sweep.has_nothing_aside(&what);
        sweep.is_as_if_undisturbed(&OBJECTIVES, STEPS, &what);
    }
}

#[test]
fn a_system_that_gives_no_more_threads_is_told_and_hangs_nothing() {
    let Some(library) = STUMBLING.path() else { return };
    // EAGAIN, as where a user may have no more processes: from the n-th thread of each process on.
    let mut told = 0;
    for at in 1..=(4 * patience() as u32) {
        let sweep = Sweep::new(&["mlm"], 10);
        let mut child = sweep
            .run()
            .env("LD_PRELOAD", library)
            .env("STUMBLE_OP", "thread")
            .env("STUMBLE_MATCH", "")
            .env("STUMBLE_AT", at.to_string())
            .env("STUMBLE_HOW", "11")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
        let status = end(child);
        let said = reader.join().unwrap();
        assert!(!said.contains("panicked"), "thread {at}: {said}");
        told += u32::from(!status.success());
        sweep.finish(2);
        sweep.is_as_if_undisturbed(&["mlm"], 10, &format!("thread {at}"));
    }
    eprintln!("{told} sweeps did not survive without a thread");
}
