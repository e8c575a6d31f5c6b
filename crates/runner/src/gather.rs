//! One file with the metrics of every run that has ended, and one with which items it got right.

use crate::store::checkpoint::set_aside;
use crate::store::folder::Member;
use crate::store::marker::Done;
use crate::store::{Marker, RunFolder, Store};
use cloze_foundation::Result;
use cloze_foundation::files::write_whole;
use cloze_plan::{Plan, title};
use cloze_schema::{AttemptRows, items, parquet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What was found while gathering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Damaged or missing parts, each with its run and what to do, for a person.
    pub damaged: Vec<String>,
}

/// Writes the rows of every run that has ended, done or diverged, in plan order, as one file. A damaged part is named
/// and set aside, and the rows of the others are gathered all the same.
///
/// # Errors
/// A folder that cannot be listed, a file that cannot be written.
pub fn gather(plan: &Plan, store: &Store) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut rows = Vec::new();
    for run in &plan.runs {
        let folder = store.run(&run.id);
        let parts = match folder.marker()? {
            Some(Marker::Done(done)) => done.parts,
            Some(Marker::Diverged(diverged)) => diverged.parts,
            Some(Marker::Failed(_)) | None => continue,
        };
        for (path, member) in expected(&folder, &parts)? {
            match read(&path, member) {
                Ok(mut found) => rows.append(&mut found),
                Err(why) => {
                    let aside = set_aside(&path).map_or_else(
                        |_| String::new(),
                        |aside| format!(" (set aside as `{}`)", aside.display()),
                    );
                    gathered.damaged.push(format!(
                        "{}: {why}{aside}; remove `{}` to have the run trained again",
                        title(run),
                        folder.path().display()
                    ));
                }
            }
        }
    }
    if !rows.is_empty() {
        write_whole(&store.metrics(), &parquet::to_bytes(&rows)?)?;
    }
    gather_items(plan, store, &mut gathered)?;
    Ok(gathered)
}

/// The same of the items of every run that is done.
fn gather_items(plan: &Plan, store: &Store, gathered: &mut Gathered) -> Result<()> {
    let mut items = Vec::new();
    for run in &plan.runs {
        let folder = store.run(&run.id);
        let Some(Marker::Done(Done {
            items: Some(member), ..
        })) = folder.marker()?
        else {
            continue;
        };
        let path = folder.items();
        let found = whole(&path, Some(&member)).and_then(|bytes| {
            items::from_bytes(&bytes).map_err(|why| format!("`{}` cannot be read: {why}", path.display()))
        });
        match found {
            Ok(mut found) => items.append(&mut found),
            Err(why) => gathered.damaged.push(format!(
                "{}: {why}; remove `{}` to have the run trained again",
                title(run),
                folder.path().display()
            )),
        }
    }
    if items.is_empty() {
        return Ok(());
    }
    write_whole(&store.items(), &items::to_bytes(&items)?)
}

/// The parts of a run that has ended. Those of cloze 0.1 are not listed: what is there counts.
fn expected<'a>(folder: &RunFolder, parts: &'a BTreeMap<String, Member>) -> Result<Vec<(PathBuf, Option<&'a Member>)>> {
    if parts.is_empty() {
        return Ok(folder.parts()?.into_iter().map(|path| (path, None)).collect());
    }
    let listed = parts
        .iter()
        .map(|(name, member)| (folder.metrics().join(name), Some(member)));
    Ok(listed.collect())
}

fn read(path: &Path, member: Option<&Member>) -> std::result::Result<Vec<AttemptRows>, String> {
    let bytes = whole(path, member)?;
    parquet::from_bytes(&bytes).map_err(|why| format!("`{}` cannot be read: {why}", path.display()))
}

/// The bytes of a file, as they were written.
fn whole(path: &Path, member: Option<&Member>) -> std::result::Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    if member.is_some_and(|member| Member::of(&bytes) != *member) {
        return Err(format!("`{}` is not what was written", path.display()));
    }
    Ok(bytes)
}
