//! Well-known data sets by name: what they are, under which licence, and where they lie under a data root.

use crate::fragment;
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, Result};
use std::path::{Path, PathBuf};

/// What a data set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Text to train on: a `corpus.source`.
    Corpus,
    /// Minimal pairs to judge by.
    MinimalPairs,
}

/// A data set that cloze knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSource {
    /// The name in an experiment.
    pub name: &'static str,
    /// What it is for.
    pub used_as: Use,
    /// Where it lies under the data root; `None` for the built-in language, which needs none.
    pub path: Option<&'static str>,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// Under which terms it may be used.
    pub licence: &'static str,
    /// Where it comes from.
    pub address: &'static str,
    /// Whom to cite.
    pub citation: &'static str,
}

const fn corpus(
    name: &'static str,
    path: &'static str,
    what: &'static str,
    licence: &'static str,
    address: &'static str,
    citation: &'static str,
) -> KnownSource {
    KnownSource {
        name,
        used_as: Use::Corpus,
        path: Some(path),
        what,
        licence,
        address,
        citation,
    }
}

const SOURCES: &[KnownSource] = &[
    KnownSource {
        name: fragment::NAME,
        used_as: Use::Corpus,
        path: None,
        what: "the built-in language: generated, needs no data, and its truth is known",
        licence: "part of cloze",
        address: "none; `corpus.words` says how much is generated",
        citation: "cloze",
    },
    corpus(
        "fiction",
        "corpora/fiction_eltec",
        "99 English novels of 1841-1920 (11.4 M words), split by whole novel",
        "texts public domain (five of them not in every country); TEI markup CC BY 4.0",
        "https://github.com/COST-ELTeC/ELTeC-eng @ 3db3b67, level1",
        "Schöch et al. 2021, Creating the European Literary Text Collection (ELTeC), Modern Languages Open",
    ),
    corpus(
        "biomedical",
        "corpora/biomedical_pmc_rct",
        "1,000 full texts of randomised controlled trials from PubMed Central (4.6 M words)",
        "CC BY or CC0, per article",
        "https://github.com/jayded/evidence-inference @ b9831b6, annotations/txt_files",
        "DeYoung et al. 2020, Evidence Inference 2.0: More Data, Better Models, BioNLP",
    ),
    corpus(
        "legal",
        "corpora/legal_uscode",
        "27 titles of the United States Code (2.5 M words), split by whole title",
        "public domain",
        "https://github.com/divegeek/uscode @ 03ecde9",
        "Office of the Law Revision Counsel, U.S. House of Representatives, United States Code",
    ),
    corpus(
        "technical",
        "corpora/technical_peps",
        "699 Python Enhancement Proposals with their markup and code (1.9 M words)",
        "public domain or CC0",
        "https://github.com/python/peps @ ba4deeb",
        "PEP authors, https://peps.python.org",
    ),
    corpus(
        "textbook",
        "corpora/textbook_us_history",
        "an introductory history textbook in 173 modules (373 k words)",
        "CC BY 4.0 at the commit named; later commits are not",
        "https://github.com/openstax/osbooks-us-history @ 046331c",
        "Corbett, Janssen, Lund, Pfannestiel & Vickery, U.S. History, OpenStax",
    ),
    corpus(
        "wikipedia",
        "corpora/wikipedia_articles",
        "101 long articles of English Wikipedia (438 k words)",
        "CC BY-SA 3.0 and GFDL",
        "https://github.com/piskvorky/gensim @ 37f90ec, gensim/test/test_data",
        "Wikipedia contributors",
    ),
    corpus(
        "wikitext2",
        "corpora/wikipedia_wikitext2_valid_test",
        "validation and test files of WikiText-2 (455 k tokens); the training file is not part of it",
        "CC BY-SA 3.0",
        "https://github.com/pytorch/examples @ 77f55b9, word_language_model/data/wikitext-2",
        "Merity, Xiong, Bradbury & Socher 2016, Pointer Sentinel Mixture Models, arXiv:1609.07843",
    ),
    corpus(
        "child-directed",
        "research_only/child_directed_aochildes",
        "American-English speech to children in 888 transcripts (833 k words), split by transcript",
        "CC BY-NC-SA 3.0: research only, not for redistribution",
        "https://github.com/UIUCLearningLanguageLab/AOCHILDES @ e253481",
        "Huebner & Willits 2021, Using lexical context to discover the noun category; MacWhinney 2000, CHILDES",
    ),
    KnownSource {
        name: "blimp",
        used_as: Use::MinimalPairs,
        path: Some("minimal_pairs/blimp"),
        what: "67 paradigms of 1,000 English minimal pairs in 13 phenomena",
        licence: "CC BY 4.0",
        address: "https://github.com/alexwarstadt/blimp @ 3e56b06, data",
        citation: "Warstadt et al. 2020, BLiMP: The Benchmark of Linguistic Minimal Pairs for English, TACL 8:377-392",
    },
];

/// Every data set that has a name.
pub fn sources() -> &'static [KnownSource] {
    SOURCES
}

/// The data set of this name.
pub fn find(name: &str) -> Option<&'static KnownSource> {
    SOURCES.iter().find(|source| source.name == name)
}

/// The names of those that can be trained on.
pub fn corpora() -> impl Iterator<Item = &'static str> {
    SOURCES
        .iter()
        .filter(|source| source.used_as == Use::Corpus)
        .map(|source| source.name)
}

/// The file or folder that `name` stands for: a registered name under the data root, or a path relative to the data
/// root (if it exists there) or else to the working directory.
///
/// # Errors
/// A registered name without a data root, and a path that does not exist: usage faults that say where was looked.
pub fn locate(name: &str, data_root: Option<&Path>) -> Result<PathBuf> {
    let registered = find(name).and_then(|source| source.path);
    let tried: Vec<PathBuf> = match (registered, data_root) {
        (Some(path), Some(root)) => vec![root.join(path)],
        (Some(path), None) => {
            return Err(Fault::usage(format!(
                "`{name}` lies at `{path}` under a data root, and none is given"
            ))
            .remedy("pass --data-root or set CLOZE_DATA; for a file of that name write `./` before it"));
        }
        (None, Some(root)) => vec![root.join(name), PathBuf::from(name)],
        (None, None) => vec![PathBuf::from(name)],
    };
    for path in &tried {
        if is_there(path)? {
            return Ok(path.clone());
        }
    }
    Err(missing(name, &tried))
}

/// The fault for a source that is nowhere.
pub(crate) fn missing(name: &str, tried: &[PathBuf]) -> Fault {
    let tried: Vec<String> = tried.iter().map(|path| format!("`{}`", path.display())).collect();
    // Other sets have names too, and are nothing to train on.
    let names = corpora;
    Fault::usage(format!("no data at {}", tried.join(" or ")))
        .allowed(names().chain(["a file", "a folder", "a glob"]))
        .nearest(name, names())
        .remedy("`cloze data list` says what each name is; a path is relative to the data root, then to here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_resolve_under_the_root_first() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("corpora/fiction_eltec")).unwrap();
        std::fs::create_dir_all(root.path().join("mine")).unwrap();
        let fiction = locate("fiction", Some(root.path())).unwrap();
        assert!(fiction.ends_with("corpora/fiction_eltec"));
        assert_eq!(locate("mine", Some(root.path())).unwrap(), root.path().join("mine"));
        assert_eq!(locate("src", Some(root.path())).unwrap(), PathBuf::from("src"));
    }

    #[test]
    fn a_slip_gets_the_name_and_a_name_without_root_gets_a_remedy() {
        let root = tempfile::tempdir().unwrap();
        let fault = locate("ficton", Some(root.path())).unwrap_err();
        assert_eq!((fault.nearest.as_deref(), fault.exit_status()), (Some("fiction"), 2));
        assert!(
            locate("fiction", None)
                .unwrap_err()
                .remedy
                .unwrap()
                .contains("--data-root")
        );
        assert!(
            locate("legal", Some(root.path()))
                .unwrap_err()
                .what
                .contains("legal_uscode")
        );
    }

    #[test]
    fn names_are_unique_and_words() {
        for source in sources() {
            assert_eq!(find(source.name), Some(source));
            assert!(
                source
                    .name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            );
        }
    }
}
