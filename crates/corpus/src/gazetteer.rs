//! Phrases that a person knows of a text: one a line, in a file of their own.

use crate::clean::clean_line;
use crate::reader::{each_line, with_bytes};
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, Place, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Phrases that a file may have.
const MOST: usize = 1_000_000;
/// Words that a phrase may have: as many runs are looked at where each word ends.
const LONGEST: usize = 16;
/// Bytes that a phrase may have.
const LARGEST: usize = 500;
/// Where the path stands in an experiment.
const KEY: &str = "corpus.gazetteer";

/// The phrases of a file, cleaned as text is, each once, sorted; empty lines are skipped.
///
/// # Errors
/// A file that cannot be read or has no phrase; more or longer phrases than are looked for: at its key, and at its line.
pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut take = |line: &str| {
        let mut phrase = String::new();
        clean_line(line, &mut phrase);
        let words = phrase.split(' ').count();
        if phrase.len() > LARGEST || words > LONGEST {
            let what = format!("a phrase of {words} words and {} bytes", phrase.len());
            return Err(Fault::usage(what)
                .allowed([format!("up to {LONGEST} words and {LARGEST} bytes")])
                .remedy("a gazetteer has one phrase a line"));
        }
        if !phrase.is_empty() {
            found.insert(phrase);
        }
        match found.len() > MOST {
            true => Err(Fault::usage("a gazetteer of too many phrases").allowed([format!("up to {MOST}")])),
            false => Ok(()),
        }
    };
    let read = with_bytes(path, None, |reader| {
        each_line(reader, path, |number, line| {
            take(line).map_err(|fault| fault.at(format!("{}:{number}", path.display())))
        })
    });
    read.map_err(|fault| fault.at(Place::key(KEY)))?;
    if found.is_empty() {
        return Err(Fault::usage(format!("`{}` has no phrase", path.display()))
            .at(Place::key(KEY))
            .allowed(["one phrase a line"]));
    }
    Ok(found.into_iter().collect())
}

/// Where the file lies: below the data root where there is one of that name, otherwise as it is written.
///
/// # Errors
/// A system that does not say whether there is one: it would be another file.
pub(crate) fn place(path: &Path, data_root: Option<&Path>) -> Result<PathBuf> {
    if let Some(under_root) = data_root.map(|root| root.join(path))
        && is_there(&under_root)?
    {
        return Ok(under_root);
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_cleaned_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        let read_of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        assert_eq!(
            read_of("\u{FEFF}New  York\r\n\nAda Lovelace\n New York \n").unwrap(),
            ["Ada Lovelace", "New York"]
        );
        for (text, said) in [
            ("\n \n", "has no phrase"),
            (&*format!("a\n{}", "w ".repeat(17)), "17 words"),
            (&"x".repeat(501), "501 bytes"),
        ] {
            let fault = read_of(text).unwrap_err();
            assert!(fault.what.contains(said), "{fault}");
            assert!(fault.place().unwrap().contains("corpus.gazetteer"), "{fault}");
        }
        assert!(
            read_of(&format!("a\n{}", "w ".repeat(17)))
                .unwrap_err()
                .to_string()
                .contains("names.txt:2")
        );
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).is_err());
        assert!(read(&folder.path().join("absent")).is_err());
        assert_eq!(place(Path::new("names.txt"), Some(folder.path())).unwrap(), path);
        assert_eq!(
            place(Path::new("other.txt"), Some(folder.path())).unwrap(),
            Path::new("other.txt")
        );
    }
}
