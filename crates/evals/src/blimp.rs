//! BLiMP, from its JSONL files.

use crate::development_set::{self, Set, check_apart};
use crate::pair_set::PairSet;
use crate::{Asks, Chance, Entry, When, Work, asked};
use cloze_corpus::MinimalPair;
use cloze_corpus::pairs::{blimp_files, read_blimp};
use cloze_foundation::{Fault, Place, Result, files};
use cloze_options::{Options, Written, options};
use cloze_schema::MeanOver;
use cloze_schema::metric::ACCURACY;
use std::path::{Path, PathBuf};

/// Where BLiMP is, under the data root.
const USUAL: &str = "minimal_pairs/blimp";

/// BLiMP.
pub static ENTRY: Entry = Entry {
    name: "blimp",
    // 2: where a window cuts the longer of two sentences, the other one loses the same tokens.
    version: 2,
    uses_language: false,
    when: When::AtEveryPoint,
    title: "BLiMP",
    title_of: |options| title(&Settings::from_toml(options).ok()?),
    citation: "Warstadt et al. 2020, BLiMP: The Benchmark of Linguistic Minimal Pairs for English",
    summary: "Share of pairs in which the acceptable sentence gets the higher score; the mean over paradigms. Other pairs in \
              BLiMP's format are judged alike; give them a `name`.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::Always(0.5),
    asks: Asks::Sentences,
    mean_over: Some(MeanOver::Paradigms),
    parts: || None,
    options: Settings::fields,
    resolve,
    // Its 67 paradigms have 7.4 words in a sentence (counted over all 134,000).
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::Sentences {
            count: 2.0 * 67.0 * settings.pairs as f64,
            words: 7.4,
        })
    },
    check,
    data,
    open: |options, ground| {
        let settings = Settings::from_toml(options)?;
        let pairs = settings.pairs(ground.data_root)?;
        let note = development_set::short(&pairs, settings.pairs).filter(|_| settings.set == Set::Development);
        Ok(Box::new(
            PairSet::open(&pairs, ground, MeanOver::Paradigms, 1)?.noting(note),
        ))
    },
};

options! {
    /// Options of BLiMP.
    struct Settings {
        /// Pairs of each paradigm, the first ones.
        pairs: usize = 200, from(1).to(1000);
        /// Which pairs: the first ones of the files, or later ones that share no sentence with them.
        #[since = "0.2"]
        set: Set = Set::Test;
        /// How many pairs of each paradigm, from the first on, a development set shares no sentence with.
        #[since = "0.2"]
        apart_from: Option<usize> = None, from(1).to(1000) => "as many as `pairs`";
        /// The folder of the .jsonl or .jsonl.gz files, under the data root or from here.
        path: PathBuf = PathBuf::from(USUAL);
    }
    check Self::fits
}

impl Settings {
    fn fits(&self) -> Result<()> {
        check_apart(self.set, self.apart_from)
    }

    fn pairs(&self, data_root: Option<&Path>) -> Result<Vec<MinimalPair>> {
        let folder = folder(&self.path, data_root)?;
        match self.set {
            Set::Test => read_blimp(&folder, self.pairs),
            Set::Development => {
                let all = read_blimp(&folder, usize::MAX)?;
                development_set::of(all, self.pairs, self.apart_from.unwrap_or(self.pairs))
            }
        }
    }
}

/// A development set says what it is apart from.
fn resolve(written: &Written<'_>) -> Result<toml::Table> {
    let mut settings = Settings::read(written)?;
    if settings.set == Set::Development {
        settings.apart_from = settings.apart_from.or(Some(settings.pairs));
    }
    Ok(settings.write())
}

/// The folder of the files: under the data root, then from here.
fn folder(path: &Path, data_root: Option<&Path>) -> Result<PathBuf> {
    let under = data_root.map(|root| root.join(path));
    if let Some(found) = [under.as_deref(), Some(path)]
        .into_iter()
        .flatten()
        .find(|found| found.exists())
    {
        return Ok(found.to_owned());
    }
    match under {
        Some(missing) => Ok(missing),
        None if path.is_absolute() => Ok(path.to_owned()),
        None => Err(
            Fault::usage(format!("`{}` is not here, and there is no data root", path.display()))
                .at(Place::key("path"))
                .remedy("give `--data-root FOLDER` or set CLOZE_DATA=FOLDER, or name the folder by `path`, from here or absolute"),
        ),
    }
}

/// Pairs from another folder are somebody else's.
fn title(settings: &Settings) -> Option<String> {
    let path = &settings.path;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let title = match path == Path::new(USUAL) {
        true => ENTRY.title.to_owned(),
        false => format!("Minimal pairs of `{name}`"),
    };
    match settings.set {
        Set::Development => Some(format!("{title}, development set")),
        Set::Test => (title != ENTRY.title).then_some(title),
    }
}

fn check(options: &toml::Table, data_root: Option<&Path>) -> Result<()> {
    let settings = Settings::from_toml(options)?;
    match settings.set {
        Set::Test => read_blimp(&folder(&settings.path, data_root)?, 1).map(drop),
        Set::Development => settings.pairs(data_root).map(drop),
    }
}

/// The files' names and contents; where the folder is does not matter.
fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let settings = Settings::from_toml(options)?;
    let mut read = String::new();
    for path in blimp_files(&folder(&settings.path, data_root)?)? {
        let bytes = std::fs::read(&path).map_err(|error| Fault::file("read", &path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        read += &format!("{} {name}\n", files::hash(&bytes));
    }
    let mut options = settings.write();
    options.remove("path");
    Ok(asked(&ENTRY, &options, &read))
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
    fn the_work_is_two_sentences_a_pair() {
        let options = resolve(&toml::Table::from_iter([("pairs".to_owned(), 7.into())]));
        let Some(Work::Sentences { count, .. }) = (ENTRY.work)(&options) else {
            panic!("no work")
        };
        assert_eq!(count, 938.0);
    }

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
        std::fs::write(blimp.join("other.jsonl"), "\n").unwrap();
        let fault = (ENTRY.check)(&options, Some(root.path())).unwrap_err();
        assert!(fault.what.contains("other.jsonl` holds no minimal pair"), "{fault}");
        std::fs::remove_file(blimp.join("other.jsonl")).unwrap();
        let absolute = toml::Table::from_iter([("path".to_owned(), blimp.display().to_string().into())]);
        assert_eq!((ENTRY.check)(&resolve(&absolute), None), Ok(()));
    }

    #[test]
    fn a_folder_is_looked_for_under_the_data_root_and_then_from_here() {
        // Tests run in the folder of their crate.
        let (root, here) = (tempfile::tempdir().unwrap(), Path::new("src"));
        assert_eq!(folder(here, Some(root.path())).unwrap(), here);
        assert_eq!(folder(here, None).unwrap(), here);
        std::fs::create_dir(root.path().join("src")).unwrap();
        assert_eq!(folder(here, Some(root.path())).unwrap(), root.path().join("src"));
        assert!(folder(Path::new("no such folder"), None).is_err());
    }

    #[test]
    fn the_hash_of_what_is_asked_is_that_of_files_and_options_wherever_they_are() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["minimal_pairs/blimp", "copy"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
            std::fs::write(root.path().join(folder).join("gender.jsonl"), LINES).unwrap();
        }
        let hash = |options: &str| (ENTRY.data)(&resolve(&options.parse().unwrap()), Some(root.path())).unwrap();
        let first = hash("");
        assert_eq!((hash(""), hash("path = \"copy\"")), (first.clone(), first.clone()));
        assert_ne!(hash("pairs = 7"), first);
        let [ten, twenty] = [10, 20].map(|apart| hash(&format!("set = \"development\"\napart_from = {apart}")));
        assert!(ten != first && twenty != first && ten != twenty);
        let changed = LINES.replace("itself", "himself");
        std::fs::write(root.path().join("copy/gender.jsonl"), changed).unwrap();
        assert_ne!(hash("path = \"copy\""), first);
        std::fs::write(root.path().join("minimal_pairs/blimp/more.jsonl"), LINES).unwrap();
        assert_ne!(hash(""), first);
    }

    #[test]
    fn only_pairs_from_the_usual_place_are_called_by_the_name_of_the_paper() {
        let titled = |options: &str| ENTRY.titled(&resolve(&options.parse().unwrap()));
        assert_eq!(titled(""), "BLiMP");
        assert_eq!(titled("path = \"pairs/zorro\""), "Minimal pairs of `zorro`");
        assert_eq!(titled("set = \"development\""), "BLiMP, development set");
    }
}
