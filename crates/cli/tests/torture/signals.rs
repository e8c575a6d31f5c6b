//! SIGTERM at random times: saved, status 75, gone on with.

use crate::patience;
use crate::sweep::{Sweep, end, everything};
use cloze_foundation::Draw;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

const STEPS: usize = 60;

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    let _ = status;
}

#[test]
fn a_signal_saves_and_leaves_with_75_whenever_it_comes() {
    let objectives = everything();
    let started = Instant::now();
    Sweep::new(&objectives, STEPS).finish(1);
    let whole = started.elapsed();
    let mut found_running = 0;
    for round in 0..patience() {
        let sweep = Sweep::new(&objectives, STEPS);
        let mut stream = Draw::new(round as u64, "signals").stream();
        let (mut left, mut before) = (0, 0);
        for turn in 0..8 {
            let child = sweep.run().spawn().unwrap();
            std::thread::sleep(whole.mul_f64(0.5 * stream.unit()));
            signal(if turn % 2 == 0 { "-TERM" } else { "-INT" }, child.id());
            let asked = Instant::now();
            let status = end(child);
            assert!(
                asked.elapsed() < Duration::from_secs(20),
                "it took {:?} to leave",
                asked.elapsed()
            );
            match (status.code(), status.signal()) {
                (Some(75), _) => left += 1,
                (Some(0), _) => {}
                // Before it listens to signals, a process ends as any other does.
                (None, Some(2 | 15)) => before += 1,
                other => panic!("round {round}: {other:?}"),
            }
        }
        found_running += left + before;
        sweep.finish(1);
        sweep.is_as_if_undisturbed(&objectives, STEPS, "after signals");
        eprintln!("round {round}: left {left} times, {before} times before it listened");
    }
    assert!(found_running > 0, "every signal came too late");
}

#[test]
fn nothing_is_lost_by_a_signal_and_the_second_one_ends_at_once() {
    let sweep = Sweep::new(&["mlm"], 3000);
    let child = sweep.run().spawn().unwrap();
    let begun = Instant::now();
    while !sweep.results().join("plan.json").exists() || sweep.attempts() == [0] {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(400));
    signal("-TERM", child.id());
    signal("-TERM", child.id());
    let asked = Instant::now();
    assert_eq!(end(child).code(), Some(75));
    assert!(asked.elapsed() < Duration::from_secs(5));
    // The child is told by the end of its stdin, and saves.
    let run = sweep.store().run(&sweep.plan().runs[0].id);
    while !cloze_runner::store::Attempt::latest(&run).unwrap().unwrap().is_over() {
        assert!(asked.elapsed() < Duration::from_secs(20), "the child goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = cloze_runner::status::Status::of(&run, None).unwrap().to_string();
    assert!(status.contains("interrupted"), "{status}");
    assert!(!cloze_foundation::files::list(&run.checkpoints()).unwrap().is_empty());
}
