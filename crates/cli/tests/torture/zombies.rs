//! A holder is stopped at a chosen operation for longer than its lease, another process takes the run over, and the zombie
//! wakes up: when everything has ended, or in the middle.

use crate::library::STUMBLING;
use crate::patience;
use crate::sweep::{Sweep, command, end};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const OBJECTIVES: [&str; 2] = ["mlm", "electra"];
const STEPS: usize = 40;
/// Places that are tried in a normal test run, of those below.
const TRIED: usize = 4;

/// Kind of operation, a word in the path, and which of them.
const PLACES: [(&str, &str, u32); 20] = [
    ("link", "/DONE", 1),
    ("rename", "/final", 1),
    ("linked", "/DONE", 1),
    ("renamed", "/final", 1),
    ("openw", "/final", 1),
    ("openw", "model.safetensors", 1),
    ("rename", "/checkpoints/0000", 2),
    ("renamed", "/checkpoints/0000", 2),
    ("openw", "/checkpoints/.part-", 4),
    ("fsync", "/checkpoints/.part-", 3),
    ("openw", "/metrics/.part-", 2),
    ("rename", "/metrics/part-", 2),
    ("fsync", "/metrics/.part-", 2),
    ("unlinkat", "/checkpoints/", 1),
    ("rename", "/attempts/00001", 1),
    ("renamed", "/attempts/00001", 1),
    ("rename", "config.json", 1),
    ("rename", "plan.json", 1),
    ("rename", "metrics.parquet", 1),
    ("rename", "beat.json", 2),
];

fn run(sweep: &Sweep) -> Command {
    let arguments = [
        "run",
        "x.toml",
        "--checkpoint",
        "5 steps",
        "--lease",
        "1.5",
        "--jobs",
        "1",
    ];
    command(sweep.place(), &arguments)
}

fn is_stopped(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Waits until a process has stopped at the place; its number. `None` if the sweep ended without coming there.
fn stopped(first: &mut Child, mark: &Path) -> Option<String> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        let marked = std::fs::read_to_string(mark).unwrap_or_default();
        let pid = marked
            .lines()
            .filter_map(|line| line.split(' ').next())
            .find(|pid| is_stopped(pid));
        if let Some(pid) = pid {
            return Some(pid.to_owned());
        }
        if first.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

fn wake(pid: &str) {
    let _ = Command::new("kill").args(["-CONT", pid]).output();
}

fn a_zombie(library: &Path, (op, word, at): (&str, &str, u32), late: bool) -> bool {
    let what = format!(
        "stopped at {op} {at} of {word}, woken {}",
        if late { "late" } else { "in the middle" }
    );
    let sweep = Sweep::new(&OBJECTIVES, STEPS);
    let mark = sweep.place().join("mark");
    let said = sweep.place().join("said");
    let mut first = run(&sweep)
        .env("LD_PRELOAD", library)
        .env("STUMBLE_OP", op)
        .env("STUMBLE_MATCH", word)
        .env("STUMBLE_AT", at.to_string())
        .env("STUMBLE_HOW", "stop")
        .env("STUMBLE_MARK", &mark)
        .stderr(Stdio::from(std::fs::File::create(&said).unwrap()))
        .spawn()
        .unwrap();
    let Some(zombie) = stopped(&mut first, &mark) else {
        end(first);
        return false;
    };
    let second = run(&sweep).spawn().unwrap();
    if late {
        // Where the zombie is the parent, its child may go on and need the parent for nothing.
        assert!(end(second).success(), "{what}");
        wake(&zombie);
    } else {
        std::thread::sleep(Duration::from_millis(2200));
        wake(&zombie);
        assert!(end(second).success(), "{what}");
    }
    let status = end(first);
    let said = std::fs::read_to_string(&said).unwrap();
    assert!(status.success(), "{what}: {status}: {said}");
    assert!(!said.contains("FAILED") && !said.contains("panicked"), "{what}: {said}");
    sweep.finish(1);
    sweep.has_nothing_aside(&what);
    sweep.is_as_if_undisturbed(&OBJECTIVES, STEPS, &what);
    true
}

/// What becomes of a process that comes to a place: it dies there, or is away for longer than its lease while it lives.
const FATES: [&str; 2] = ["kill", "sleep2500"];

fn a_victim(library: &Path, (op, word, at): (&str, &str, u32), fate: &str) -> bool {
    let what = format!("{fate} at {op} {at} of {word}");
    let sweep = Sweep::new(&OBJECTIVES, STEPS);
    let mark = sweep.place().join("mark");
    let first = run(&sweep)
        .env("LD_PRELOAD", library)
        .env("STUMBLE_OP", op)
        .env("STUMBLE_MATCH", word)
        .env("STUMBLE_AT", at.to_string())
        .env("STUMBLE_HOW", fate)
        .env("STUMBLE_MARK", &mark)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Somebody else works on it all the while.
    let second = run(&sweep).stderr(Stdio::null()).spawn().unwrap();
    end(first);
    end(second);
    sweep.finish(2);
    sweep.has_nothing_aside(&what);
    sweep.is_as_if_undisturbed(&OBJECTIVES, STEPS, &what);
    mark.exists()
}

#[test]
fn a_process_that_dies_or_dawdles_at_an_operation_leaves_nothing_that_is_not_whole() {
    let Some(library) = STUMBLING.path() else { return };
    let tried = (TRIED * patience()).min(PLACES.len());
    let mut reached = 0;
    // From the other end than the zombies, so that a short run sees other places.
    for place in PLACES.iter().rev().take(tried) {
        for fate in FATES {
            reached += usize::from(a_victim(library, *place, fate));
        }
    }
    eprintln!("{reached} victims at {tried} places");
    assert!(reached >= tried, "most places were never reached");
}

#[test]
fn a_holder_that_lost_its_run_changes_nothing_when_it_wakes_up() {
    let Some(library) = STUMBLING.path() else { return };
    let tried = (TRIED * patience()).min(PLACES.len());
    let mut stopped = 0;
    for place in &PLACES[..tried] {
        for late in [true, false] {
            stopped += usize::from(a_zombie(library, *place, late));
        }
    }
    eprintln!("{stopped} zombies at {tried} places");
    assert!(stopped >= tried, "most places were never reached");
}
