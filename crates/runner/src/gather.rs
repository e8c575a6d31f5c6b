//! One file with the metrics of every run that has ended, and one with which items it got right.

use crate::models;
use crate::store::checkpoint::set_aside;
use crate::store::ending::words;
use crate::store::judged::{self, Asked, Question};
use crate::store::marker::Done;
use crate::store::{Ending, Flaw, Marker, RunFolder, Store, parts};
use cloze_foundation::files::{is_there, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, PlannedRun, RunConfig, TaskConfig, title};
use cloze_schema::{AttemptRows, RunItems, history, items, parquet};
use std::collections::BTreeSet;
use std::path::Path;

/// What was found while gathering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Runs that say that they have ended, and of which something is missing, damaged or cannot be read: each with what to
    /// do, for a person. None of their rows are gathered.
    pub damaged: Vec<String>,
}

/// Writes the rows of every run that has ended (those of runs whose folders are gone as they were gathered before), done or diverged, as one file, and of the items that they got right: those of the plan in its order, then those
/// that earlier plans of this folder had, and then those of the models that others trained. A run that was made from other data than planned, or of which anything is missing
/// or damaged, is left out whole: its last rows would pass for its end. Damaged parts are set aside.
///
/// # Errors
/// A folder that cannot be listed, a file that cannot be written.
pub fn gather(plan: &Plan, store: &Store) -> Result<Gathered> {
    let found = Found::of(plan, store, with_damaged_parts_aside)?;
    // Where nothing was ever trained, what lies here was brought from elsewhere.
    if found.has_ended {
        write_whole(&store.metrics(), &parquet::to_bytes(&found.left.rows)?)?;
        write_whole(&store.items(), &items::to_bytes(&found.left.items)?)?;
    }
    Ok(Gathered { damaged: found.damaged })
}

/// What is the matter with the gathered files: they cannot be read, or do not hold what the runs hold. Each with what to do;
/// nothing is changed.
pub fn differences(plan: &Plan, store: &Store) -> Vec<String> {
    let found = match Found::of(plan, store, |folder, flaws| words(folder, &flaws)) {
        Ok(found) => found,
        Err(fault) => return vec![fault.to_string()],
    };
    if !found.has_ended
        && let Ok(rows) = parts::read(&store.metrics())
        && !rows.is_empty()
        && rows.iter().all(|of| !found.planned.contains(&of.label.run))
    {
        return vec![format!(
            "`{}` holds rows of no run of this folder's plans",
            store.metrics().display()
        )];
    }
    let metrics = difference(
        &store.metrics(),
        &found,
        &found.left.rows,
        parts::read,
        parquet::to_bytes,
    );
    let items = difference(
        &store.items(),
        &found,
        &found.left.items,
        parts::read_items,
        items::to_bytes,
    );
    metrics.into_iter().chain(items).collect()
}

fn difference<T>(
    path: &Path,
    found: &Found,
    ought: &[T],
    read: fn(&Path) -> Result<Vec<T>>,
    bytes: fn(&[T]) -> Result<Vec<u8>>,
) -> Option<String> {
    // What was brought from elsewhere needs not be whole, and has no runs beside it.
    if !found.has_ended && matches!(is_there(path), Ok(false)) {
        return None;
    }
    if path.is_dir() {
        return Some(format!(
            "`{}` is a folder; move it away, and `cloze report` gathers it",
            path.display()
        ));
    }
    // Written again by the laws of now, so that files of older versions are held against the same.
    let is = read(path).and_then(|is| bytes(&is));
    let why = match (is, bytes(ought)) {
        (Ok(_), Ok(_)) if !found.has_ended => return None,
        (Ok(is), Ok(ought)) if is == ought => return None,
        (Ok(_), Ok(_)) => format!("`{}` does not hold what the runs' own parts hold", path.display()),
        (Err(fault), _) | (_, Err(fault)) => fault.what,
    };
    Some(if found.has_ended {
        format!("{why}; `cloze report` gathers it again from the runs' own parts")
    } else {
        format!("{why}; put it back from where the results came from")
    })
}

/// What the runs of all plans of a folder left.
struct Found {
    /// The ids of all of them.
    planned: BTreeSet<String>,
    left: Left,
    /// As in [`Gathered`].
    damaged: Vec<String>,
    has_ended: bool,
}

impl Found {
    fn of(plan: &Plan, store: &Store, flawed: fn(&RunFolder, Vec<Flaw>) -> String) -> Result<Self> {
        let mut found = Self {
            planned: BTreeSet::new(),
            left: Left::default(),
            damaged: Vec::new(),
            has_ended: false,
        };
        let known = history::<RunConfig>(store.root())?;
        let earlier = known.plans.iter().rev().flat_map(|frozen| &frozen.plan.runs);
        let tasks = cloze_schema::judged::<TaskConfig>(store.root())?;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut before = Before::Unread;
        let plans = known.plans.iter().map(|frozen| &frozen.plan).chain([plan]);
        let models = plans
            .clone()
            .flat_map(|plan| plan.models.iter().map(|model| model.id.as_str()));
        found.planned = plans.flat_map(Plan::ids).chain(models).map(str::to_owned).collect();
        for run in plan.runs.iter().chain(earlier).filter(|run| seen.insert(&run.id)) {
            let folder = store.run(&run.id);
            if !is_there(folder.path())? {
                // Its rows may have no other copy than what was gathered before.
                found.left.append(&mut before.of(&run.id, store));
                continue;
            }
            match ended(run, &folder, flawed) {
                Ok(Some((marker, mut left))) => {
                    let judged = judged_after(&marker, &folder, &tasks, &mut left);
                    found
                        .damaged
                        .extend(judged.iter().map(|why| format!("{}: {why}", title(run))));
                    found.left.append(&mut left);
                }
                Ok(None) => {}
                Err(why) => found.damaged.push(format!("{}: {why}", title(run))),
            }
            found.has_ended |= folder.has_ended().unwrap_or(true);
        }
        for model in &plan.models {
            if !is_there(store.model(&model.id).path())? {
                found.left.append(&mut before.of(&model.id, store));
                continue;
            }
            let (mut judged, damaged) = models::found(model, store);
            found.has_ended |= !judged.rows.is_empty() || !damaged.is_empty();
            found
                .damaged
                .extend(damaged.iter().map(|why| format!("{}: {why}", model.arm)));
            found.left.rows.append(&mut judged.rows);
            found.left.items.append(&mut judged.items);
        }
        Ok(found)
    }
}

/// What was gathered before, read when it is asked for.
enum Before {
    Unread,
    Read(Left),
}

impl Before {
    /// What it has of a run; nothing where it cannot be read.
    fn of(&mut self, run: &str, store: &Store) -> Left {
        if let Self::Unread = self {
            *self = Self::Read(Left {
                rows: parts::read(&store.metrics()).unwrap_or_default(),
                items: parts::read_items(&store.items()).unwrap_or_default(),
            });
        }
        let Self::Read(left) = self else { return Left::default() };
        Left {
            rows: left.rows.iter().filter(|of| of.label.run == run).cloned().collect(),
            items: left.items.iter().filter(|of| of.label.run == run).cloned().collect(),
        }
    }
}

/// What runs left: their rows, and which items they got right.
#[derive(Default)]
struct Left {
    rows: Vec<AttemptRows>,
    items: Vec<RunItems>,
}

impl Left {
    fn append(&mut self, other: &mut Self) {
        self.rows.append(&mut other.rows);
        self.items.append(&mut other.items);
    }
}

/// What a run that has ended and is whole left, or why it cannot be had.
fn ended(
    run: &PlannedRun,
    folder: &RunFolder,
    flawed: fn(&RunFolder, Vec<Flaw>) -> String,
) -> std::result::Result<Option<(Marker, Left)>, String> {
    let said = |fault: Fault| fault.to_string();
    let marker = match Ending::of(folder, run.data.as_ref()).map_err(said)? {
        Ending::Whole(marker) => marker,
        Ending::Flawed(flaws) => return Err(flawed(folder, flaws)),
        Ending::Open | Ending::Failed(_) | Ending::OtherData(_) => return Ok(None),
    };
    let left = read(folder, &marker).map_err(said)?;
    Ok(Some((marker, left)))
}

/// Adds what a finished run was found to be after training. Of a judgement that cannot be used nothing is gathered: why, and
/// what to do.
fn judged_after(marker: &Marker, folder: &RunFolder, tasks: &[Asked], left: &mut Left) -> Vec<String> {
    let Marker::Done(done) = marker else { return Vec::new() };
    let mut damaged = Vec::new();
    for asked in tasks {
        match judged::read(folder, &Question::of(done, asked)) {
            Ok(found) => {
                let mut found = found.unwrap_or_default();
                left.rows.append(&mut found.rows);
                left.items.append(&mut found.items);
            }
            Err(unusable) => damaged.push(format!(
                "{}; put it back, or remove it and have `cloze eval` judge by `{}` again",
                unusable.fault.what, asked.facts.task
            )),
        }
    }
    damaged
}

fn read(folder: &RunFolder, marker: &Marker) -> Result<Left> {
    let listed = marker.parts().keys().map(|name| folder.metrics().join(name));
    let mut paths: Vec<_> = listed.collect();
    if paths.is_empty() {
        // Older markers list none: what is there counts.
        paths = folder.parts()?;
    }
    let mut left = Left::default();
    for path in paths {
        left.rows.append(&mut parts::read(&path)?);
    }
    if let Marker::Done(Done {
        attempt,
        items: Some(_),
        ..
    }) = marker
    {
        left.items = parts::read_items(&folder.items(*attempt))?;
    }
    Ok(left)
}

/// Renames the parts that were read and are wrong; says what is the matter with the run.
fn with_damaged_parts_aside(folder: &RunFolder, flaws: Vec<Flaw>) -> String {
    let aside = |mut flaw: Flaw| {
        if flaw.is_wrong()
            && flaw.path.starts_with(folder.metrics())
            && let Ok(aside) = set_aside(&flaw.path)
        {
            flaw.why.fault.what += &format!(" (set aside as `{}`)", aside.display());
        }
        flaw
    };
    let flaws: Vec<Flaw> = flaws.into_iter().map(aside).collect();
    words(folder, &flaws)
}
