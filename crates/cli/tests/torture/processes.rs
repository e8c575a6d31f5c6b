//! Several processes on one plan.

use crate::patience;
use crate::sweep::{Sweep, end, everything};
use cloze_runner::store::Attempt;
use std::time::Duration;

const STEPS: usize = 60;

#[test]
fn two_and_four_processes_share_a_plan_and_each_run_is_trained_once() {
    for processes in [2, 4] {
        let objectives = everything();
        let sweep = Sweep::new(&objectives, STEPS);
        let children: Vec<_> = (0..processes).map(|_| sweep.run().spawn().unwrap()).collect();
        for child in children {
            assert!(end(child).success(), "each of them waits for the others' runs");
        }
        assert_eq!(sweep.attempts(), vec![1; objectives.len()], "a run was trained twice");
        sweep.is_as_if_undisturbed(&objectives, STEPS, &format!("{processes} processes"));
    }
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
