//! The array job against a real Slurm of one node, which `scripts/slurm.sh` starts: one task is requeued in the middle,
//! and all runs end as those of a local sweep do.
#![allow(clippy::print_stderr)] // what was skipped, what was measured
#![cfg(target_os = "linux")]

#[allow(dead_code)] // the torture tests use all of it
#[path = "torture/sweep.rs"]
mod sweep;

use cloze_runner::status::Status;
use cloze_runner::store::{Attempt, Marker};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use sweep::{Sweep, command};

const OBJECTIVES: [&str; 2] = ["mlm", "electra"];
/// Enough that a task can be caught in the middle.
const STEPS: usize = 2000;

/// A Slurm of its own, until it is dropped.
struct Slurm {
    folder: tempfile::TempDir,
    configuration: String,
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/slurm.sh")
}

impl Slurm {
    fn start() -> Option<Self> {
        let there = |program: &str| {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output();
            found.is_ok_and(|output| output.status.success())
        };
        if let Some(missing) = ["slurmctld", "slurmd", "munged", "sbatch"]
            .into_iter()
            .find(|name| !there(name))
        {
            eprintln!("skipped: {missing} is not installed (Debian: slurm-wlm, munge)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(script()).arg("start").arg(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let Some(configuration) = said.trim().strip_prefix("SLURM_CONF=") else {
            eprintln!(
                "skipped: Slurm does not start here: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            return None;
        };
        Some(Self {
            configuration: configuration.to_owned(),
            folder,
        })
    }

    fn ask(&self, place: &Path, words: &[&str]) -> String {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(place)
            .env("SLURM_CONF", &self.configuration)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let _ = Command::new(script()).arg("stop").arg(self.folder.path()).status();
    }
}

fn wait(what: &str, mut until: impl FnMut() -> bool) {
    let started = Instant::now();
    while !until() {
        assert!(
            started.elapsed() < Duration::from_secs(600),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_requeued_task_goes_on_and_all_runs_end_as_at_home() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let sweep = Sweep::inside("ein 'Ordner' mit $(false)", &OBJECTIVES, STEPS);
    let place = sweep.place();
    let arguments = [
        "slurm",
        "x.toml",
        "--checkpoint",
        "50 steps",
        "--lease",
        "2",
        "--mem",
        "500",
        "--minutes",
        "30",
    ];
    let output = command(place, &arguments)
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(output.status.success());
    std::fs::write(place.join("job.sh"), &output.stdout).unwrap();
    let job = slurm.ask(place, &["sbatch", "--parsable", "job.sh"]);
    let job = job.trim();

    let store = sweep.store();
    let first = || store.run(&sweep.plan().runs[0].id);
    wait("the first run to be in its middle", || {
        sweep.results().join("plan.json").exists()
            && matches!(Status::of(&first(), None).unwrap(), Status::Held { share, .. } if share > 0.05)
    });
    let task = format!("{job}_0");
    slurm.ask(place, &["scontrol", "requeue", &task]);
    wait("the requeued run to be saved and left", || {
        Attempt::latest(&first()).unwrap().unwrap().is_over()
    });
    assert!(
        !matches!(first().marker().unwrap(), Some(Marker::Done(_))),
        "it was not in its middle any more"
    );
    // Slurm holds a requeued job back for two minutes. It can be hurried, but not while it is still being cleared away.
    let hurry = || {
        let mut update = Command::new("scontrol");
        update
            .args(["update", &format!("JobId={task}"), "StartTime=now"])
            .env("SLURM_CONF", &slurm.configuration);
        let _ = update.output();
        std::thread::sleep(Duration::from_secs(1));
    };
    wait("every run to end", || {
        let runs = sweep.plan().runs;
        let ended = runs.iter().all(|run| store.run(&run.id).marker().unwrap().is_some());
        if !ended {
            hurry();
        }
        ended
    });
    assert_eq!(Attempt::latest(&first()).unwrap().unwrap().number, 2);
    // Gathers what the tasks left.
    sweep.finish(1);
    sweep.is_as_if_undisturbed(&OBJECTIVES, STEPS, "under Slurm");
    assert!(!place.join("false").exists());
}
