//! One file with the metrics of every run that has ended, and one with which items it got right.

use crate::store::checkpoint::set_aside;
use crate::store::ending::words;
use crate::store::marker::Done;
use crate::store::{Ending, Flaw, Marker, RunFolder, Store};
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, PlannedRun, RunConfig, title};
use cloze_schema::{AttemptRows, Frozen, RunItems, history, items, parquet};
use std::collections::BTreeSet;

/// What was found while gathering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Runs that say that they have ended, and of which something is missing, damaged or cannot be read: each with what to
    /// do, for a person. None of their rows are gathered.
    pub damaged: Vec<String>,
}

/// Writes the rows of every run that has ended, done or diverged, as one file, and of the items that they got right: those of the plan in its order, then those
/// that earlier plans of this folder had. A run that was made from other data than planned, or of which anything is missing
/// or damaged, is left out whole: its last rows would pass for its end. Damaged parts are set aside.
///
/// # Errors
/// A folder that cannot be listed, a file that cannot be written.
pub fn gather(plan: &Plan, store: &Store) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut all = Left::default();
    let mut has_ended = false;
    let plans: Vec<Frozen<RunConfig>> = history(store.root())?;
    let earlier = plans.iter().rev().flat_map(|frozen| &frozen.plan.runs);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for run in plan.runs.iter().chain(earlier).filter(|run| seen.insert(&run.id)) {
        let folder = store.run(&run.id);
        match ended(run, &folder) {
            Ok(Some(mut left)) => all.append(&mut left),
            Ok(None) => {}
            Err(why) => gathered.damaged.push(format!("{}: {why}", title(run))),
        }
        has_ended |= folder.has_ended().unwrap_or(true);
    }
    // Where nothing was ever trained, what lies here was brought from elsewhere.
    if has_ended {
        write_whole(&store.metrics(), &parquet::to_bytes(&all.rows)?)?;
        write_whole(&store.items(), &items::to_bytes(&all.items)?)?;
    }
    Ok(gathered)
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
fn ended(run: &PlannedRun, folder: &RunFolder) -> std::result::Result<Option<Left>, String> {
    let said = |fault: Fault| fault.to_string();
    let marker = match Ending::of(folder, run.data.as_ref()).map_err(said)? {
        Ending::Whole(marker) => marker,
        Ending::Flawed(flaws) => return Err(with_damaged_parts_aside(folder, flaws)),
        Ending::Open | Ending::Failed(_) | Ending::OtherData(_) => return Ok(None),
    };
    read(folder, &marker).map(Some).map_err(said)
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
        left.rows.append(&mut crate::store::parts::read(&path)?);
    }
    if let Marker::Done(Done {
        attempt,
        items: Some(_),
        ..
    }) = marker
    {
        left.items = crate::store::parts::read_items(&folder.items(*attempt))?;
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
