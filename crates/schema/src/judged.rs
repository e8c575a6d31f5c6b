//! Tasks that finished runs were judged by after training, beside those that their plan had.
//!
//! What a task of a name asks is said once for a results folder, by whoever judged by it first, and never changed: runs that
//! were judged by one name were asked the same.

use crate::TaskFacts;
use cloze_foundation::files::{hash, list, read};
use cloze_foundation::{Fault, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of these tasks in a results folder, and of a run's judgements by them in the run's own.
pub const JUDGED_FOLDER: &str = "judged";
/// Hexadecimal digits of a file's name.
const DIGITS: usize = 16;

/// A task that runs were judged by after training. `C` is its configuration: all of it where runs are judged, nothing that
/// matters where they are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged<C> {
    /// As reports show it.
    pub facts: TaskFacts,
    /// Which evaluation, with its options.
    pub config: C,
    /// Hash of what it asks: its law, its options, the data that they name.
    pub data: String,
}

impl<C> Judged<C> {
    /// The file that says it.
    pub fn file(&self, folder: &Path) -> PathBuf {
        file(folder, &self.facts.task)
    }
}

/// The file of the task of this name. Names hold any letters, so that the file's is a hash.
pub fn file(folder: &Path, task: &str) -> PathBuf {
    let name = &hash(task.as_bytes())[..DIGITS];
    folder.join(JUDGED_FOLDER).join(format!("{name}.json"))
}

/// Every such task of a results folder, by name.
///
/// # Errors
/// A file that cannot be read, or is none that cloze wrote.
pub fn judged<C: DeserializeOwned>(folder: &Path) -> Result<Vec<Judged<C>>> {
    let mut found: Vec<Judged<C>> = Vec::new();
    for path in list(&folder.join(JUDGED_FOLDER))? {
        let is_ours = |name: &str| {
            let digits = name.strip_suffix(".json").unwrap_or_default();
            digits.len() == DIGITS && digits.chars().all(|digit| digit.is_ascii_hexdigit())
        };
        if !path.file_name().and_then(|name| name.to_str()).is_some_and(is_ours) {
            continue;
        }
        let Some(bytes) = read(&path)? else { continue };
        let task: Judged<C> = serde_json::from_slice(&bytes).map_err(|error| foreign(&path, &error.to_string()))?;
        if task.file(folder) != path {
            return Err(foreign(&path, "its name is not that of its task"));
        }
        found.push(task);
    }
    found.sort_by(|one, other| one.facts.task.cmp(&other.facts.task));
    Ok(found)
}

fn foreign(path: &Path, why: &str) -> Fault {
    Fault::usage(format!("`{}` is no task that cloze wrote: {why}", path.display()))
        .remedy("put back what was there, or remove it: `cloze eval` by that task writes it again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn task(name: &str) -> Judged<Value> {
        let facts = serde_json::json!({
            "task": name, "title": name, "headline": "accuracy", "higher_is_better": true, "chance": 0.5,
        });
        Judged {
            facts: serde_json::from_value(facts).unwrap(),
            config: Value::Null,
            data: "d".to_owned(),
        }
    }

    #[test]
    fn tasks_are_found_by_name_and_a_file_that_is_none_is_a_fault() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        assert_eq!(judged::<Value>(folder).unwrap(), []);
        let write = |task: &Judged<Value>| {
            let path = task.file(folder);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, serde_json::to_vec(task).unwrap()).unwrap();
            path
        };
        let names = ["mine: \"é\" ..", "blimp"];
        let paths = names.map(|name| write(&task(name)));
        std::fs::write(folder.join(JUDGED_FOLDER).join("notes.json"), "mine").unwrap();
        assert_eq!(judged::<Value>(folder).unwrap(), [task("blimp"), task(names[0])]);
        std::fs::write(&paths[0], "{").unwrap();
        assert!(
            judged::<Value>(folder)
                .unwrap_err()
                .what
                .contains("no task that cloze wrote")
        );
        std::fs::copy(&paths[1], &paths[0]).unwrap();
        assert!(
            judged::<Value>(folder)
                .unwrap_err()
                .what
                .contains("not that of its task")
        );
    }
}
