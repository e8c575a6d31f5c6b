//! Which experiment file a results folder belongs to: two files of one name in two folders are two experiments, and the
//! second one does not overwrite what the first one gave.

use cloze_foundation::files::{hash, read, write_whole};
use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file beside the plan. It is about this machine's folders and needs not be kept with the results.
const ORIGIN: &str = "origin.json";

/// An experiment file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Where it is, from the root.
    pub file: PathBuf,
    /// BLAKE3 of what it holds.
    pub hash: String,
}

impl Origin {
    /// The file as it is now.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(file: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Fault::file("read", file, &error);
        let bytes = std::fs::read(file).map_err(failed)?;
        // Links are followed, so that one file has one place.
        let file = std::fs::canonicalize(file).map_err(failed)?;
        Ok(Self {
            file,
            hash: hash(&bytes),
        })
    }

    /// Refuses a results folder that belongs to another file, one that is still there and holds something else. `folder`
    /// may be that of a moved file, and of a copy of this one.
    ///
    /// # Errors
    /// The other file, and what to do.
    pub fn check(&self, folder: &Path) -> Result<()> {
        let path = folder.join(ORIGIN);
        let Some(bytes) = read(&path)? else { return Ok(()) };
        // A damaged note is as good as none.
        let Ok(before) = serde_json::from_slice::<Self>(&bytes) else {
            return Ok(());
        };
        if before.file == self.file || before.hash == self.hash {
            return Ok(());
        }
        match Self::of(&before.file) {
            Ok(now) if now.hash != self.hash => Err(Fault::usage(format!(
                "`{}` belongs to another experiment of this name, `{}`",
                folder.display(),
                before.file.display()
            ))
            .at(self.file.display().to_string())
            .remedy(format!(
                "give another --results folder or rename one of the files; if this file takes the other's place, remove `{}`",
                path.display()
            ))),
            // The other file is gone, or has become this one.
            _ => Ok(()),
        }
    }

    /// Notes that a results folder belongs to this file.
    ///
    /// # Errors
    /// What the system says.
    pub fn note(&self, folder: &Path) -> Result<()> {
        let path = folder.join(ORIGIN);
        let text = serde_json::to_string_pretty(self).map_err(|error| Fault::run(error.to_string()))? + "\n";
        if read(&path)?.is_some_and(|found| found == text.as_bytes()) {
            return Ok(());
        }
        write_whole(&path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_name_are_two_experiments_and_a_moved_or_edited_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let file = |folder: &str, text: &str| {
            let path = place.path().join(folder).join("exp.toml");
            write_whole(&path, text.as_bytes()).unwrap();
            Origin::of(&path).unwrap()
        };
        let results = place.path().join("results/exp");
        let a = file("a", "question = \"a?\"");
        a.check(&results).unwrap();
        a.note(&results).unwrap();
        let edited = file("a", "question = \"a, edited?\"");
        edited.check(&results).unwrap();
        edited.note(&results).unwrap();
        // A copy of it is the same experiment.
        file("copy", "question = \"a, edited?\"").check(&results).unwrap();
        let b = file("b", "question = \"b?\"");
        let fault = b.check(&results).unwrap_err();
        assert!(
            fault.what.contains("a/exp.toml") && fault.to_string().contains("--results"),
            "{fault}"
        );
        // It was moved: there is no other file any more.
        std::fs::remove_file(place.path().join("a/exp.toml")).unwrap();
        b.check(&results).unwrap();
        // A note that is none says nothing.
        std::fs::write(results.join(ORIGIN), "{").unwrap();
        b.check(&results).unwrap();
    }
}
