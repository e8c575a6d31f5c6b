//! Minimal pairs: two sentences that differ in one respect, one acceptable and one not.

use crate::reader::each_object;
use cloze_foundation::{Fault, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinimalPair {
    /// The linguistic phenomenon (BLiMP's `linguistics_term`), the unit of the charts.
    pub phenomenon: String,
    /// The paradigm within it (BLiMP's `UID`), the unit of the macro average.
    pub paradigm: String,
    /// The acceptable sentence.
    pub good: String,
    /// The unacceptable one.
    pub bad: String,
}

/// Reads BLiMP's JSONL files (`.jsonl` or `.jsonl.gz`) from a folder, at most `limit` pairs of each paradigm (the
/// first ones), paradigms in alphabetical order.
///
/// Seven of BLiMP's pairs have the same sentence twice; they are kept, and are ties under any score.
///
/// # Errors
/// A missing folder, a folder without such files, a line that is not such an object: a usage fault with file and line.
pub fn read_blimp(folder: &Path, limit: usize) -> Result<Vec<MinimalPair>> {
    let failed = |error| Fault::file("read", folder, &error);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = crate::source::name(&path);
        if name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(
            Fault::usage(format!("no minimal pairs in `{}`", folder.display())).allowed([".jsonl", ".jsonl.gz"])
        );
    }
    files.sort();
    let mut pairs: Vec<MinimalPair> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for file in &files {
        each_object(file, |object| {
            let text = |field| object.text(field).map(str::to_owned);
            let pair = MinimalPair {
                phenomenon: text("linguistics_term")?,
                paradigm: text("UID")?,
                good: text("sentence_good")?,
                bad: text("sentence_bad")?,
            };
            let taken = taken.entry(pair.paradigm.clone()).or_default();
            if *taken < limit {
                *taken += 1;
                pairs.push(pair);
            }
            Ok(())
        })?;
    }
    // Stable: within a paradigm the pairs stay in the order of the file.
    pairs.sort_by(|a, b| a.paradigm.cmp(&b.paradigm));
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::gzip;

    fn line(paradigm: &str, number: usize) -> String {
        format!(
            "{{\"sentence_good\": \"good {number}\", \"sentence_bad\": \"bad {number}\", \
             \"linguistics_term\": \"agreement\", \"UID\": \"{paradigm}\", \"pairID\": \"{number}\"}}\n"
        )
    }

    #[test]
    fn the_first_pairs_of_each_paradigm_are_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let lines = |paradigm| (0..3).map(|number| line(paradigm, number)).collect::<String>();
        std::fs::write(folder.path().join("1.jsonl"), lines("b")).unwrap();
        std::fs::write(folder.path().join("2.jsonl.gz"), gzip(&lines("a"))).unwrap();
        std::fs::write(folder.path().join("README.md"), "not pairs").unwrap();
        let pairs = read_blimp(folder.path(), 2).unwrap();
        let found: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.paradigm.as_str(), pair.good.as_str()))
            .collect();
        assert_eq!(
            found,
            [("a", "good 0"), ("a", "good 1"), ("b", "good 0"), ("b", "good 1")]
        );
        assert_eq!(
            (pairs[0].phenomenon.as_str(), pairs[0].bad.as_str()),
            ("agreement", "bad 0")
        );
    }

    #[test]
    fn bad_folders_and_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            read_blimp(folder.path(), 1)
                .unwrap_err()
                .what
                .contains("no minimal pairs")
        );
        assert!(read_blimp(&folder.path().join("absent"), 1).is_err());
        std::fs::write(
            folder.path().join("1.jsonl"),
            format!("{}{{\"UID\": \"x\"}}\n", line("a", 0)),
        )
        .unwrap();
        let fault = read_blimp(folder.path(), 1).unwrap_err();
        assert!(fault.place().unwrap().ends_with("1.jsonl:2"));
    }

    #[test]
    fn blimp_is_read_whole() {
        let Some(root) = std::env::var_os("CLOZE_DATA") else {
            eprintln!("skipped: CLOZE_DATA is not set");
            return;
        };
        let pairs = read_blimp(&crate::registry::locate("blimp", Some(Path::new(&root))).unwrap(), 1000).unwrap();
        let count = |field: fn(&MinimalPair) -> &String| {
            pairs.iter().map(field).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(
            (
                pairs.len(),
                count(|pair| &pair.paradigm),
                count(|pair| &pair.phenomenon)
            ),
            (67_000, 67, 13)
        );
        // The README of the data set counts seven pairs whose sentences are the same.
        assert_eq!(pairs.iter().filter(|pair| pair.good == pair.bad).count(), 7);
    }
}
