//! BLiMP, from its JSONL files.

use crate::pair_scores::{MeanOver, judge};
use crate::{Entry, Finding, Subject, When, Work};
use cloze_corpus::pairs::read_blimp;
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{Options, options};
use std::path::{Path, PathBuf};

/// BLiMP.
pub static ENTRY: Entry = Entry {
    name: "blimp",
    version: 1,
    uses_language: false,
    when: When::AtEveryPoint,
    title: "BLiMP",
    citation: "Warstadt et al. 2020, BLiMP: The Benchmark of Linguistic Minimal Pairs for English",
    summary: "Share of pairs in which the acceptable sentence gets the higher score; the mean over paradigms.",
    headline: "accuracy",
    higher_is_better: true,
    chance: Some(0.5),
    parts: || None,
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    // Its 67 paradigms have 7.4 words in a sentence (counted over all 134,000).
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::Sentences {
            count: 2.0 * 67.0 * settings.pairs as f64,
            words: 7.4,
        })
    },
    check,
    evaluate,
};

options! {
    /// Options of BLiMP.
    struct Settings {
        /// Pairs of each paradigm, the first ones.
        pairs: usize = 200, from(1).to(1000);
        /// The folder of the .jsonl or .jsonl.gz files, under the data root.
        path: PathBuf = PathBuf::from("minimal_pairs/blimp");
    }
}

/// The folder of the files; an absolute path needs no data root.
fn folder(path: &Path, data_root: Option<&Path>) -> Result<PathBuf> {
    match data_root {
        Some(root) => Ok(root.join(path)),
        None if path.is_absolute() => Ok(path.to_owned()),
        None => Err(Fault::usage(format!(
            "`{}` is under the data root, and there is none",
            path.display()
        ))
        .at(Place::key("path"))
        .remedy("give `--data-root FOLDER` or set CLOZE_DATA=FOLDER, or make `path` absolute")),
    }
}

fn check(options: &toml::Table, data_root: Option<&Path>) -> Result<()> {
    let settings = Settings::from_toml(options)?;
    read_blimp(&folder(&settings.path, data_root)?, 1).map(drop)
}

fn evaluate(subject: &Subject, options: &toml::Table) -> Result<Vec<Finding>> {
    let settings = Settings::from_toml(options)?;
    let pairs = read_blimp(&folder(&settings.path, subject.data_root)?, settings.pairs)?;
    judge(ENTRY.name, &pairs, subject, MeanOver::Paradigm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(options: &toml::Table) -> toml::Table {
        Settings::from_toml(options).unwrap().write()
    }

    const LINES: &str = r#"{"sentence_good": "she knows herself", "sentence_bad": "she knows itself", "linguistics_term": "anaphora", "UID": "gender"}
"#;

    #[test]
    fn missing_data_are_found_before_training() {
        let options = resolve(&toml::Table::new());
        let fault = (ENTRY.check)(&options, None).unwrap_err();
        assert!(
            fault
                .remedy
                .as_deref()
                .is_some_and(|remedy| remedy.contains("--data-root")),
            "{fault}"
        );

        let root = tempfile::tempdir().unwrap();
        assert!(
            (ENTRY.check)(&options, Some(root.path())).is_err(),
            "the folder does not exist"
        );
        let blimp = root.path().join("minimal_pairs/blimp");
        std::fs::create_dir_all(&blimp).unwrap();
        assert!(
            (ENTRY.check)(&options, Some(root.path())).is_err(),
            "the folder is empty"
        );
        std::fs::write(blimp.join("gender.jsonl"), LINES).unwrap();
        assert_eq!((ENTRY.check)(&options, Some(root.path())), Ok(()));
        let absolute = toml::Table::from_iter([("path".to_owned(), blimp.display().to_string().into())]);
        assert_eq!((ENTRY.check)(&resolve(&absolute), None), Ok(()));
    }
}
