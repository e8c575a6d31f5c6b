//! `kill -9` at random times: of the parent, of its children, of both.

use crate::patience;
use crate::sweep::{Sweep, everything};
use cloze_foundation::Draw;
use cloze_runner::store::Attempt;
use std::process::Command;
use std::time::{Duration, Instant};

const STEPS: usize = 60;

fn kill(pid: u32) {
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).output();
}

/// The processes that hold runs.
fn holders(sweep: &Sweep) -> Vec<u32> {
    let store = sweep.store();
    if !sweep.results().join("plan.json").exists() {
        return Vec::new();
    }
    let runs = sweep.plan().runs;
    let open = runs
        .iter()
        .filter_map(|run| Attempt::latest(&store.run(&run.id)).unwrap());
    open.filter(|attempt| !attempt.is_over())
        .filter_map(|attempt| attempt.owner())
        .map(|owner| owner.pid)
        .collect()
}

#[test]
fn killed_at_random_times_every_objective_ends_with_the_same_bits() {
    let objectives = everything();
    // How long an undisturbed sweep takes, so that the kills fall into it.
    let started = Instant::now();
    Sweep::new(&objectives, STEPS).finish(1);
    let whole = started.elapsed();
    for round in 0..2 * patience() {
        let sweep = Sweep::new(&objectives, STEPS);
        let mut stream = Draw::new(round as u64, "torture").stream();
        let mut kills = 0;
        for _ in 0..6 {
            let mut child = sweep.run().spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * 0.6 * stream.unit()));
            let whom = stream.below(3);
            let children = holders(&sweep);
            if whom > 0 {
                children.iter().copied().for_each(kill);
            }
            if whom < 2 {
                kill(child.id());
            }
            kills += 1;
            let _ = child.wait().unwrap();
        }
        sweep.finish(2);
        sweep.is_as_if_undisturbed(&objectives, STEPS, &format!("round {round}, {kills} kills"));
        eprintln!("round {round}: {kills} kills, attempts {:?}", sweep.attempts());
    }
}
