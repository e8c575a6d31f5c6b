//! How a run has ended: what its marker says, held against what it left and against the data that there are now.

use super::folder::{self, TENSORS};
use super::marker::Done;
use super::unusable::{Trouble, Unusable};
use super::{Attempt, Failed, Marker, RunFolder};
use cloze_foundation::files::read;
use cloze_foundation::{Result, files};
use cloze_schema::data::is_same;
use cloze_schema::{RunData, parquet};
use std::path::PathBuf;

/// How a run has ended, if it has.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// It has not.
    Open,
    /// It is done or has diverged, and everything that its marker lists is there.
    Whole(Marker),
    /// Its last attempt broke.
    Failed(Failed),
    /// It ended, but was made from other data than there are now: another run, as it were, which is never pooled.
    OtherData(Marker),
    /// It says that it has ended, and something that it left is missing, damaged or cannot be read.
    Flawed(Vec<Flaw>),
}

/// Something that a run which has ended should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file or folder.
    pub path: PathBuf,
    /// What is the matter.
    pub why: Unusable,
}

impl Ending {
    /// Looks at a run. Where `data` is not given, the data are not compared.
    ///
    /// # Errors
    /// A marker that cannot be read or is none, a folder that cannot be listed: whether the run has ended cannot be said.
    pub fn of(run: &RunFolder, data: Option<&RunData>) -> Result<Self> {
        let marker = match run.marker()? {
            None => return Ok(Self::Open),
            // A process that had lost the run may have said so after another one began.
            Some(Marker::Failed(failed)) => {
                let latest = Attempt::latest(run)?.map_or(0, |attempt| attempt.number);
                let is_old = failed.attempt.is_some_and(|attempt| attempt < latest);
                return Ok(if is_old { Self::Open } else { Self::Failed(failed) });
            }
            Some(marker) => marker,
        };
        if !is_same(marker.data(), data) {
            return Ok(Self::OtherData(marker));
        }
        let flaws = flaws(run, &marker)?;
        Ok(if flaws.is_empty() {
            Self::Whole(marker)
        } else {
            Self::Flawed(flaws)
        })
    }
}

/// Everything that is missing, wrong or unreadable of what a marker lists: metric parts, and the weights of a finished run.
fn flaws(run: &RunFolder, marker: &Marker) -> Result<Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut note = |path: PathBuf, why: Unusable| flaws.push(Flaw { path, why });
    for (name, member) in marker.parts() {
        let path = run.metrics().join(name);
        if let Err(why) = member.read(&path) {
            note(path, why);
        }
    }
    if let Marker::Done(Done {
        attempt,
        items: Some(member),
        ..
    }) = marker
    {
        let path = run.items(*attempt);
        if let Err(why) = member.read(&path) {
            note(path, why);
        }
    }
    if marker.parts().is_empty() {
        // Older markers list none: what can be decoded counts.
        for path in run.parts()? {
            let decoded = Unusable::unless_read(&path, read(&path)).and_then(|bytes| {
                let wrong = |why| Unusable::wrong(format!("`{}` cannot be read: {why}", path.display()));
                parquet::from_bytes(&bytes).map(drop).map_err(wrong)
            });
            if let Err(why) = decoded {
                note(path, why);
            }
        }
    }
    if let Marker::Done(done) = marker {
        let path = run.weights();
        let id = run.id();
        let hashed = folder::read(&path).and_then(|(manifest, contents)| match contents.get(TENSORS) {
            _ if manifest.run != id => Err(Unusable::wrong(format!(
                "`{}` holds the weights of another run, {}",
                path.display(),
                manifest.run
            ))),
            Some(bytes) if files::hash(bytes) == done.weights => Ok(()),
            _ => Err(Unusable::wrong(format!(
                "`{}` does not hold the weights that the run was done with",
                path.display()
            ))),
        });
        if let Err(why) = hashed {
            note(path, why);
        }
    }
    Ok(flaws)
}

impl Flaw {
    /// Whether it was read and is not what was written.
    pub fn is_wrong(&self) -> bool {
        self.why.trouble == Trouble::Wrong
    }
}

/// All flaws of a run in a line, and what to do.
pub fn words(run: &RunFolder, flaws: &[Flaw]) -> String {
    let what: Vec<&str> = flaws.iter().map(|flaw| flaw.why.fault.what.as_str()).collect();
    let remedy = if flaws.iter().all(|flaw| flaw.why.trouble == Trouble::Unreadable) {
        "it counts again when that can be read; run the same command again".to_owned()
    } else {
        format!(
            "it does not count as done: put back what is missing, or remove `{}` to have it trained again",
            run.path().display()
        )
    };
    format!("{}; {remedy}", what.join("; "))
}
