//! `cloze doctor`: whether this machine and a results folder are in order.

use crate::arguments::DoctorArguments;
use cloze_foundation::Result;
use cloze_foundation::files::list;
use cloze_plan::{Plan, PlannedRun};
use cloze_runner::status::Status;
use cloze_runner::store::{Attempt, Marker, Store};
use cloze_trainer::device;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How often claims are looked at while doctor waits for a sign of life.
const GLANCE: Duration = Duration::from_millis(200);

/// What is wrong, and with `--release` what was done about it; the status is 1 when something is left to do.
///
/// # Errors
/// A results folder without a plan, or one that cannot be read.
pub fn doctor(arguments: &DoctorArguments) -> Result<(String, u8)> {
    let mut text = machine();
    let Some(place) = &arguments.experiment else {
        return Ok((text, 0));
    };
    let folder = super::experiment::folder_of(place, &arguments.results);
    let plan = cloze_plan::read(&folder)?;
    let store = Store::new(&folder);
    let _ = writeln!(text, "\n{}: {} runs planned", folder.display(), plan.runs.len());
    let mut wrong = 0;
    for run in &plan.runs {
        let title = format!("{} {} seed {}", run.id, run.arm, run.config.seed);
        for line in damage(&store, run)? {
            wrong += 1;
            let _ = writeln!(text, "{title}: {line}");
        }
    }
    for (run, attempt) in silent(&plan, &store, Duration::from_secs_f64(arguments.lease))? {
        let owner = attempt.owner().map_or_else(
            || "an unknown process".to_owned(),
            |owner| format!("process {} on {}", owner.pid, owner.host),
        );
        let _ = write!(
            text,
            "{} {} seed {}: stale claim {} of {owner}, no sign of life for {} s",
            run.id, run.arm, run.config.seed, attempt.number, arguments.lease
        );
        if arguments.release {
            attempt.end("released by hand")?;
            let _ = writeln!(text, "; released");
        } else {
            wrong += 1;
            let _ = writeln!(text, "; `cloze doctor --release` releases it");
        }
    }
    let _ = writeln!(text, "{}", if wrong == 0 { "nothing is wrong" } else { "see above" });
    Ok((text, u8::from(wrong > 0)))
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("cloze {}, {cores} cores\n", env!("CARGO_PKG_VERSION"));
    for name in device::DEVICES {
        let word = match device::open(name) {
            Ok(_) => "ready".to_owned(),
            Err(fault) => fault.remedy.unwrap_or(fault.what),
        };
        let _ = writeln!(text, "device {name}: {word}");
    }
    text
}

/// What is damaged or was set aside in a run's folder, or broke.
fn damage(store: &Store, run: &PlannedRun) -> Result<Vec<String>> {
    let folder = store.run(&run.id);
    let mut lines = Vec::new();
    match Status::of(&folder) {
        Err(fault) => lines.push(fault.to_string()),
        Ok(status @ Status::Ended(Marker::Failed(_))) => lines.push(format!("{status}; the next `run` tries again")),
        Ok(Status::Ended(Marker::Done(done))) => {
            if let Err(fault) = folder.verify(&done.parts) {
                lines.push(format!(
                    "{}; remove `{}` to train it again",
                    fault.what,
                    folder.path().display()
                ));
            }
        }
        Ok(_) => {}
    }
    for path in [folder.metrics(), folder.checkpoints()].iter().map(|path| list(path)) {
        let aside = |path: &&std::path::PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("damaged-"))
        };
        lines.extend(
            path?
                .iter()
                .filter(aside)
                .map(|path| format!("damaged, set aside: `{}`", path.display())),
        );
    }
    Ok(lines)
}

/// Attempts that have not ended and give no sign of life for as long as a lease, while we watch. Those whose process is
/// known to be gone need no release.
fn silent<'a>(plan: &'a Plan, store: &Store, lease: Duration) -> Result<Vec<(&'a PlannedRun, Attempt)>> {
    let count = |attempt: &Attempt| attempt.beat().map_or(0, |beat| beat.count);
    let mut open = Vec::new();
    for run in &plan.runs {
        if let Ok(Status::Held { attempt, .. }) = Status::of(&store.run(&run.id)) {
            open.push((run, count(&attempt), attempt));
        }
    }
    let ends = Instant::now() + lease;
    while !open.is_empty() && Instant::now() < ends {
        std::thread::sleep(GLANCE);
        open.retain(|(_, seen, attempt)| !attempt.is_over() && count(attempt) == *seen);
    }
    Ok(open.into_iter().map(|(run, _, attempt)| (run, attempt)).collect())
}
