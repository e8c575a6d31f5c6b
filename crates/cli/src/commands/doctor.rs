//! `cloze doctor`: whether this machine and a results folder are in order.

use super::results::{folder_of, results_of};
use crate::arguments::DoctorArguments;
use crate::plain::name;
use crate::terminal::say;
use cloze_corpus::CorpusConfig;
use cloze_foundation::Result;
use cloze_foundation::files::list;
use cloze_plan::{Plan, PlannedRun};
use cloze_runner::data::{Looked, of_corpus};
use cloze_runner::processes::options::cache;
use cloze_runner::status::Status;
use cloze_runner::store::{Attempt, Checkpoint, Store};
use cloze_runner::{Needs, Standing};
use cloze_schema::RunData;
use cloze_schema::history::{Gap, history};
use cloze_trainer::device;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often claims are looked at while doctor waits for a sign of life.
const GLANCE: Duration = Duration::from_millis(200);

/// What is wrong, and with `--release` what was done about it; the status is 1 when something is left to do.
///
/// # Errors
/// A results folder without a plan, one that belongs to another experiment, or one that cannot be read.
pub fn doctor(arguments: &DoctorArguments) -> Result<(String, u8)> {
    let mut text = machine();
    let Some(place) = &arguments.experiment else {
        return Ok((text, 0));
    };
    let folder = folder_of(place, &arguments.results)?;
    let plan = cloze_plan::read(&folder)?;
    let store = Store::new(&folder);
    let spared = match Needs::of(&plan, &store)?.not_needed().count() {
        0 => String::new(),
        count => format!(", {count} of them not needed"),
    };
    let models = match plan.models.len() {
        0 => String::new(),
        count => format!(", models of others: {count}"),
    };
    let _ = writeln!(
        text,
        "\n{}: {} runs planned{spared}{models}",
        folder.display(),
        plan.runs.len()
    );
    let cache = cache(results_of(&folder));
    let (data, unknown) = looked(&plan, arguments.data_root.as_deref(), &cache);
    let mut wrong = whole(&plan, &store);
    wrong.extend(unknown.map(|why| format!("whether the data are still those of the runs cannot be said: {why}")));
    for (run, data) in plan.runs.iter().zip(&data) {
        let lines = damage(&store, run, data.as_ref())?;
        wrong.extend(lines.into_iter().map(|line| format!("{}: {line}", title(run))));
    }
    for model in &plan.models {
        let standing = Standing::of(model, &store, arguments.data_root.as_deref())?;
        if standing.is_bad() {
            wrong.push(format!("{} {}: {standing}", model.id, name(&model.arm)));
        }
    }
    for (run, attempt) in silent(&plan, &store, Duration::from_secs_f64(arguments.lease))? {
        let owner = attempt.owner().map_or_else(
            || "an unknown process".to_owned(),
            |owner| format!("process {} on {}", owner.pid, owner.host),
        );
        let claim = format!(
            "{}: stale claim {} of {owner}, no sign of life for {} s",
            title(run),
            attempt.number,
            arguments.lease
        );
        if arguments.release {
            attempt.end("released by hand")?;
            let _ = writeln!(text, "{claim}; released");
        } else {
            wrong.push(format!("{claim}; `cloze doctor --release` releases it"));
        }
    }
    for line in &wrong {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(
        text,
        "{}",
        if wrong.is_empty() {
            "nothing is wrong"
        } else {
            "see above"
        }
    );
    Ok((text, u8::from(!wrong.is_empty())))
}

fn title(run: &PlannedRun) -> String {
    format!("{} {} seed {}", run.id, name(&run.arm), run.config.seed)
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

/// The data of every run as they are now. A text that was changed since is prepared, so that it can be compared. Where data
/// cannot be read, why, for the first that cannot.
fn looked(plan: &Plan, data_root: Option<&Path>, cache: &Path) -> (Vec<Option<RunData>>, Option<String>) {
    let mut looked = Looked::new(data_root);
    let mut unknown: Option<String> = None;
    let mut refused: Vec<&CorpusConfig> = Vec::new();
    let mut data = Vec::new();
    for run in &plan.runs {
        let config = &run.config.corpus;
        let found = match refused.contains(&config) {
            true => Ok(None),
            false => looked.at(run, |config| {
                let prepared = cloze_corpus::prepare(config, data_root, cache, &mut say)?;
                Ok(Some(of_corpus(&prepared)))
            }),
        };
        data.push(found.unwrap_or_else(|fault| {
            refused.push(config);
            unknown.get_or_insert(fault.what);
            None
        }));
    }
    (data, unknown)
}

/// What is damaged of the folder as a whole: what was gathered, the history of plans.
fn whole(plan: &Plan, store: &Store) -> Vec<String> {
    let mut lines = cloze_runner::gather::differences(plan, store);
    match history::<cloze_plan::RunConfig>(store.root()) {
        Ok(known) => {
            let lost = |gap: &Gap| format!("{}: what was planned and claimed then is not known", gap.why);
            lines.extend(known.gaps.iter().map(lost));
            if known.kept < known.plans.len() && !known.gaps.is_empty() {
                lines.push("when the present plan was frozen is not written down in `plans/`".to_owned());
            }
        }
        Err(fault) => lines.push(fault.to_string()),
    }
    lines
}

/// What is damaged or was set aside in a run's folder, or broke, or was made from other data.
fn damage(store: &Store, run: &PlannedRun, data: Option<&RunData>) -> Result<Vec<String>> {
    let folder = store.run(&run.id);
    let mut lines = Vec::new();
    match Status::of(&folder, data) {
        Err(fault) => lines.push(fault.to_string()),
        Ok(Status::Failed(failed)) => lines.push(format!("{}; the next `run` tries again", Status::Failed(failed))),
        Ok(status @ (Status::OtherData(_) | Status::Flawed(_))) => lines.push(status.to_string()),
        Ok(Status::Begun { .. }) => {
            for path in list(&folder.checkpoints())? {
                if Checkpoint::is_one(&path)
                    && let Err(fault) = Checkpoint::read(&path, &run.id)
                {
                    lines.push(format!("{}; the next `run` uses the one before", fault.what));
                }
            }
        }
        Ok(Status::Ended(_) | Status::Held { .. } | Status::Missing | Status::NotNeeded(_) | Status::Later(_)) => {}
    }
    for path in [folder.metrics(), folder.checkpoints()].iter().map(|path| list(path)) {
        let is_aside = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("damaged-"))
        };
        let aside = path?
            .iter()
            .filter(is_aside)
            .map(|path| format!("damaged, set aside: `{}`", path.display()))
            .collect::<Vec<_>>();
        lines.extend(aside);
    }
    Ok(lines)
}

/// Attempts that have not ended and give no sign of life for as long as a lease, while we watch. Those whose process is
/// known to be gone need no release.
fn silent<'a>(plan: &'a Plan, store: &Store, lease: Duration) -> Result<Vec<(&'a PlannedRun, Attempt)>> {
    let count = |attempt: &Attempt| attempt.beat().map_or(0, |beat| beat.count);
    let mut open = Vec::new();
    for run in &plan.runs {
        if let Ok(Status::Held { attempt, .. }) = Status::of(&store.run(&run.id), None) {
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
