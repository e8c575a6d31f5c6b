//! Minimal pairs from people's own tables: CSV and TSV with or without a header, JSONL, plain text of two columns.

use super::{MinimalPair, few, name, sentence};
use crate::sets::{Column, Wanted, each_row, plain_name};
use cloze_foundation::{Fault, Result};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Which columns are read.
#[derive(Clone, Debug, Default)]
pub struct PairColumns<'a> {
    /// Of the acceptable sentence; `None` is BLiMP's `sentence_good`, and the first column where there is no header.
    pub good: Option<&'a Column>,
    /// Of the unacceptable one; `None` is `sentence_bad`, or the second column.
    pub bad: Option<&'a Column>,
    /// Of the phenomenon; `None` makes every paradigm one.
    pub phenomenon: Option<&'a Column>,
    /// Of the paradigm; `None` makes every file one, by its name.
    pub paradigm: Option<&'a Column>,
    /// Whether the first line names the columns; `None` is yes, but for a `.txt` and where columns are numbers.
    pub header: Option<bool>,
}

/// Reads the pairs of files, at most `limit` of each paradigm (the first ones), paradigms in alphabetical order.
///
/// # Errors
/// What [`read_table`](crate::sets::read_table) says of a table; a name or a sentence that cannot be told or scored; a file without a
/// pair, too many paradigms; a paradigm that is of two phenomena.
pub fn read_own_pairs(files: &[PathBuf], columns: &PairColumns, limit: usize) -> Result<Vec<MinimalPair>> {
    let mut wanted = vec![
        Wanted::new("good sentence", columns.good, ("sentence_good", 1)),
        Wanted::new("bad sentence", columns.bad, ("sentence_bad", 2)),
    ];
    let mut more = |what: &'static str, column| {
        let column: Option<&Column> = column;
        wanted.push(Wanted::new(what, Some(column?), ("", 0)));
        Some(wanted.len() - 1)
    };
    let paradigm = more("paradigm", columns.paradigm);
    let phenomenon = more("phenomenon", columns.phenomenon);
    let mut pairs: Vec<MinimalPair> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for file in files {
        let own = plain_name(file);
        let own = own.rsplit_once('.').map_or(own.as_str(), |(stem, _)| stem);
        let mut found = false;
        each_row(file, &wanted, columns.header, &mut |fields, place| {
            found = true;
            let paradigm = match paradigm {
                Some(at) => name(fields[at].trim(), "paradigm")?,
                None => name(own, "name of the file")?,
            };
            let pair = MinimalPair {
                phenomenon: phenomenon.map_or(Ok(paradigm.clone()), |at| name(fields[at].trim(), "phenomenon"))?,
                paradigm,
                good: sentence(fields[0], "good")?,
                bad: sentence(fields[1], "bad")?,
                place: Some(place.to_owned()),
            };
            let taken = taken.entry(pair.paradigm.clone()).or_default();
            if *taken < limit {
                *taken += 1;
                pairs.push(pair);
            }
            Ok(())
        })?;
        if !found {
            return Err(Fault::usage(format!("`{}` holds no minimal pair", file.display()))
                .at(file.display().to_string())
                .remedy("a line is a pair; remove the file, or say `header = false` if its first line is one"));
        }
    }
    few(taken.len(), "`path`", "paradigm")?;
    pairs.sort_by(|a, b| a.paradigm.cmp(&b.paradigm));
    let different: BTreeSet<(&str, &str)> = pairs
        .iter()
        .map(|pair| (pair.paradigm.as_str(), pair.phenomenon.as_str()))
        .collect();
    if different.len() > taken.len() {
        let twice = different.iter().zip(different.iter().skip(1)).find(|(a, b)| a.0 == b.0);
        let named = twice.map_or("", |(first, _)| first.0);
        return Err(Fault::usage(format!("the paradigm `{named}` is of two phenomena"))
            .remedy("a paradigm belongs to one phenomenon: give the two other names"));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::gzip;
    use crate::sets::{TABLES, files};

    fn put(folder: &tempfile::TempDir, name: &str, text: &str) {
        let bytes = if name.ends_with(".gz") {
            gzip(text)
        } else {
            text.as_bytes().to_vec()
        };
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }

    fn read(folder: &tempfile::TempDir, path: &str, columns: &PairColumns) -> Result<Vec<[String; 4]>> {
        let files = files(path, Some(folder.path()), TABLES)?;
        let pairs = read_own_pairs(&files, columns, 10)?.into_iter();
        Ok(pairs
            .map(|pair| [pair.phenomenon, pair.paradigm, pair.good, pair.bad])
            .collect())
    }

    #[test]
    fn one_set_in_four_formats_is_one_set() {
        let folder = tempfile::tempdir().unwrap();
        put(
            &folder,
            "a.jsonl",
            "{\"sentence_good\": \"dogs bark\", \"sentence_bad\": \"dogs, barks\"}\n",
        );
        put(
            &folder,
            "a.csv",
            "sentence_bad,n,sentence_good\n\"dogs, barks\",1,dogs bark\n",
        );
        put(
            &folder,
            "a.tsv.gz",
            "sentence_good\tsentence_bad\ndogs bark\tdogs, barks\n",
        );
        put(&folder, "a.txt", "dogs bark\tdogs, barks\n");
        let expected = [["a", "a", "dogs bark", "dogs, barks"].map(str::to_owned)];
        for path in ["a.jsonl", "a.csv", "a.tsv.gz", "a.txt"] {
            assert_eq!(
                read(&folder, path, &PairColumns::default()).unwrap(),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn columns_are_named_or_numbered_and_files_found_by_folder_and_glob() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mine")).unwrap();
        put(&folder, "mine/b.tsv", "x\tok\tnot ok\tp1\n");
        put(&folder, "mine/c.tsv", "x\tfine\tnot fine\tp2\n");
        put(&folder, "mine/notes.md", "no table");
        let [good, bad, paradigm, phenomenon] = [2, 3, -1, 1].map(Column::Number);
        let columns = PairColumns {
            good: Some(&good),
            bad: Some(&bad),
            phenomenon: Some(&phenomenon),
            paradigm: Some(&paradigm),
            header: None,
        };
        let expected = [["x", "p1", "ok", "not ok"], ["x", "p2", "fine", "not fine"]];
        for path in ["mine", "mine/*.tsv", "m?ne/[bc].tsv"] {
            assert_eq!(read(&folder, path, &columns).unwrap(), expected, "{path}");
        }
        let second = PairColumns {
            phenomenon: None,
            ..columns.clone()
        };
        assert_eq!(read(&folder, "mine/b.tsv", &second).unwrap()[0][0], "p1");
        put(&folder, "mine/c.tsv", "y\tfine\tnot fine\tp1\n");
        assert!(
            read(&folder, "mine", &columns)
                .unwrap_err()
                .what
                .contains("`p1` is of two phenomena")
        );
    }

    #[test]
    fn what_cannot_be_judged_is_refused_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, text: &str| {
            put(&folder, name, text);
            read(&folder, name, &PairColumns::default()).unwrap_err()
        };
        for (text, said) in [
            ("good\tbad\n \tbad\n", "`good` is empty"),
            ("good\tbad\ngood\tbad\tmore\n", "has 3 columns"),
            (&format!("a\tb\n{}\tb\n", "x".repeat(5000)), "5000 characters"),
        ] {
            let fault = refused("a.txt", text);
            assert!(
                fault.place().unwrap().ends_with("a.txt:2") && fault.what.contains(said),
                "{fault}"
            );
        }
        assert!(
            refused("a.csv", "sentence_good,sentence_bad\n")
                .what
                .contains("holds no minimal pair")
        );
        assert!(refused("a.csv", "good,bad\na,b\n").what.contains("`sentence_good`"));
        assert!(files("absent/*.tsv", Some(folder.path()), TABLES).is_err());
        let everywhere = files("**/*.tsv", Some(folder.path()), TABLES).unwrap_err();
        assert!(everywhere.what.contains("every folder"), "{everywhere}");
        std::fs::create_dir(folder.path().join("d.tsv")).unwrap();
        assert!(
            files("*.tsv", Some(folder.path()), TABLES)
                .unwrap_err()
                .what
                .contains("is not a file")
        );
    }
}
