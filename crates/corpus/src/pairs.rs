//! Minimal pairs: two sentences that differ in one respect, one acceptable and one not.

mod own;

use crate::json::each_object;
use cloze_foundation::{Fault, Result};
pub use own::{PairColumns, read_own_pairs};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Characters that the name of a phenomenon or a paradigm may have: it stands in tables and charts.
const LONGEST_NAME: usize = 100;
/// Characters that a sentence may have. A tokenizer may take the square of a word's length.
const LONGEST_SENTENCE: usize = 4000;
/// Paradigms that a folder may have: each is a line of numbers at every judgement.
const MOST_PARADIGMS: usize = 1000;
/// Endings of the files that are read.
const ENDINGS: [&str; 2] = [".jsonl", ".jsonl.gz"];

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
    /// File and line, where it was read from one.
    pub place: Option<String>,
}

/// The files of a folder that hold pairs, sorted by path.
///
/// # Errors
/// A folder that is missing or has no such file; something of that name that is no file (a pipe, a device).
pub fn blimp_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Fault::file("read", folder, &error);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = crate::source::name(&path);
        if !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let kind = std::fs::metadata(&path).map_err(|error| Fault::file("read", &path, &error))?;
        if !kind.is_file() {
            return Err(Fault::usage(format!("`{}` is not a file", path.display()))
                .remedy("minimal pairs are read from plain files; remove it, or give it another name"));
        }
        files.push(path);
    }
    if files.is_empty() {
        return Err(Fault::usage(format!("no minimal pairs in `{}`", folder.display())).allowed(ENDINGS));
    }
    files.sort();
    Ok(files)
}

/// Reads BLiMP's JSONL files (`.jsonl` or `.jsonl.gz`) from a folder, at most `limit` pairs of each paradigm (the
/// first ones), paradigms in alphabetical order.
///
/// Seven of BLiMP's pairs have the same sentence twice; they are kept, and are ties under any score.
///
/// # Errors
/// What [`blimp_files`] says; a file without a pair, a line that is not such an object, a name or a sentence that is too
/// long: a usage fault with file and line.
pub fn read_blimp(folder: &Path, limit: usize) -> Result<Vec<MinimalPair>> {
    let mut pairs: Vec<MinimalPair> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for file in &blimp_files(folder)? {
        let mut found = 0_usize;
        each_object(file, |object| {
            found += 1;
            let pair = MinimalPair {
                phenomenon: name(object.text("linguistics_term")?, "linguistics_term")?,
                paradigm: name(object.text("UID")?, "UID")?,
                good: sentence(object.text("sentence_good")?, "sentence_good")?,
                bad: sentence(object.text("sentence_bad")?, "sentence_bad")?,
                place: Some(object.place().to_owned()),
            };
            let taken = taken.entry(pair.paradigm.clone()).or_default();
            if *taken < limit {
                *taken += 1;
                pairs.push(pair);
            }
            Ok(())
        })?;
        if found == 0 {
            return Err(Fault::usage(format!("`{}` holds no minimal pair", file.display()))
                .at(file.display().to_string())
                .remedy("fetch the file again, or remove it"));
        }
    }
    few(taken.len(), &format!("`{}`", folder.display()), "UID")?;
    // Stable: within a paradigm the pairs stay in the order of the file.
    pairs.sort_by(|a, b| a.paradigm.cmp(&b.paradigm));
    Ok(pairs)
}

/// Refuses more paradigms than can be told of.
fn few(paradigms: usize, of: &str, field: &str) -> Result<()> {
    if paradigms <= MOST_PARADIGMS {
        return Ok(());
    }
    Err(Fault::usage(format!("{of} has {paradigms} paradigms"))
        .allowed([format!("up to {MOST_PARADIGMS}")])
        .remedy(format!("`{field}` names the paradigm of a pair, not the pair")))
}

/// A name that can stand in tables and charts.
fn name(name: &str, field: &str) -> Result<String> {
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) {
        return Err(Fault::usage(format!("the name in `{field}` has {length} characters"))
            .allowed([format!("1 to {LONGEST_NAME} characters")]));
    }
    match name.chars().find(|letter| letter.is_control() || *letter == '/') {
        Some(letter) => Err(Fault::usage(format!("the name in `{field}` holds {letter:?}"))
            .remedy("it is shown in tables and charts, behind the task's name and a `/`")),
        None => Ok(name.to_owned()),
    }
}

/// A sentence that can be scored.
fn sentence(text: &str, field: &str) -> Result<String> {
    match text.chars().count() {
        _ if text.trim().is_empty() => Err(Fault::usage(format!("the sentence in `{field}` is empty"))
            .remedy("an empty sentence has no score to compare: remove the pair")),
        length if length > LONGEST_SENTENCE => Err(Fault::usage(format!(
            "the sentence in `{field}` has {length} characters"
        ))
        .allowed([format!("up to {LONGEST_SENTENCE}")])),
        _ => Ok(text.to_owned()),
    }
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
        assert!(pairs[3].place.as_ref().unwrap().ends_with("1.jsonl:2"));
    }

    #[test]
    fn bad_folders_and_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let read = || read_blimp(folder.path(), 1).unwrap_err();
        let put = |text: &str| std::fs::write(folder.path().join("1.jsonl"), text).unwrap();
        assert!(read().what.contains("no minimal pairs"));
        assert!(read_blimp(&folder.path().join("absent"), 1).is_err());
        put("");
        assert!(read().what.contains("holds no minimal pair"), "{}", read());
        put(&format!("{}{{\"UID\": \"x\"}}\n", line("a", 0)));
        assert!(read().place().unwrap().ends_with("1.jsonl:2"));
        for (name, said) in [
            ("", "0 characters"),
            (&"x".repeat(200_000), "200000 characters"),
            ("a/b", "'/'"),
        ] {
            put(&(line("a", 0) + &line(name, 0)));
            let fault = read();
            assert!(fault.place().unwrap().ends_with("1.jsonl:2"), "{fault}");
            assert!(fault.what.contains("`UID`") && fault.what.contains(said), "{fault}");
        }
        put(&line("a", 0).replace("good 0", &"x".repeat(5000)));
        assert!(read().what.contains("`sentence_good` has 5000 characters"));
        put(&(0..1001)
            .map(|number| line(&format!("{number}"), 0))
            .collect::<String>());
        assert!(read().what.contains("1001 paradigms"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.jsonl"), line("a", 0)).unwrap();
        let device = folder.path().join("2.jsonl");
        std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
        assert!(read_blimp(folder.path(), 1).unwrap_err().what.contains("is not a file"));
        std::fs::remove_file(&device).unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("3.jsonl")).unwrap();
        let fault = read_blimp(folder.path(), 1).unwrap_err();
        assert!(fault.what.contains("3.jsonl` is not a file"), "{fault}");
    }

    #[test]
    #[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --lib -- --ignored blimp_is_read_whole"]
    fn blimp_is_read_whole() {
        let root = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA says where the data sets are");
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
