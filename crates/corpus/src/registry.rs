//! Well-known data sets by name: what they are, under which licence, where they lie under a data root, and where they can be
//! downloaded.

mod blimp;
mod glue;
mod home;

pub use home::{Archive, Home, Member, RemoteFile};

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
    /// Labelled examples: an evaluation is given their files by path.
    Labelled,
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
    /// Where it can be downloaded as it is read here; `None` for what was made from what lies at its address.
    pub home: Option<Home>,
}

const fn set(
    used_as: Use,
    name: &'static str,
    path: &'static str,
    what: &'static str,
    licence: &'static str,
    address: &'static str,
    citation: &'static str,
) -> KnownSource {
    KnownSource {
        name,
        used_as,
        path: Some(path),
        what,
        licence,
        address,
        citation,
        home: None,
    }
}

impl KnownSource {
    const fn at_home(self, home: Home) -> Self {
        Self {
            home: Some(home),
            ..self
        }
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
        home: None,
    },
    set(
        Use::Corpus,
        "fiction",
        "corpora/fiction_eltec",
        "99 English novels of 1841-1920 (11.4 M words), split by whole novel",
        "texts public domain (five of them not in every country); TEI markup CC BY 4.0",
        "https://github.com/COST-ELTeC/ELTeC-eng @ 3db3b67, level1",
        "Schöch et al. 2021, Creating the European Literary Text Collection (ELTeC), Modern Languages Open",
    ),
    set(
        Use::Corpus,
        "biomedical",
        "corpora/biomedical_pmc_rct",
        "1,000 full texts of randomised controlled trials from PubMed Central (4.6 M words)",
        "CC BY or CC0, per article",
        "https://github.com/jayded/evidence-inference @ b9831b6, annotations/txt_files",
        "DeYoung et al. 2020, Evidence Inference 2.0: More Data, Better Models, BioNLP",
    ),
    set(
        Use::Corpus,
        "legal",
        "corpora/legal_uscode",
        "27 titles of the United States Code (2.5 M words), split by whole title",
        "public domain",
        "https://github.com/divegeek/uscode @ 03ecde9",
        "Office of the Law Revision Counsel, U.S. House of Representatives, United States Code",
    ),
    set(
        Use::Corpus,
        "technical",
        "corpora/technical_peps",
        "699 Python Enhancement Proposals with their markup and code (1.9 M words)",
        "public domain or CC0",
        "https://github.com/python/peps @ ba4deeb",
        "PEP authors, https://peps.python.org",
    ),
    set(
        Use::Corpus,
        "textbook",
        "corpora/textbook_us_history",
        "an introductory history textbook in 173 modules (373 k words)",
        "CC BY 4.0 at the commit named; later commits are not",
        "https://github.com/openstax/osbooks-us-history @ 046331c",
        "Corbett, Janssen, Lund, Pfannestiel & Vickery, U.S. History, OpenStax",
    ),
    set(
        Use::Corpus,
        "wikipedia",
        "corpora/wikipedia_articles",
        "101 long articles of English Wikipedia (438 k words)",
        "CC BY-SA 3.0 and GFDL",
        "https://github.com/piskvorky/gensim @ 37f90ec, gensim/test/test_data",
        "Wikipedia contributors",
    ),
    set(
        Use::Corpus,
        "wikitext2",
        "corpora/wikipedia_wikitext2_valid_test",
        "validation and test files of WikiText-2 (455 k tokens); the training file is not part of it",
        "CC BY-SA 3.0",
        "https://github.com/pytorch/examples @ 77f55b9, word_language_model/data/wikitext-2",
        "Merity, Xiong, Bradbury & Socher 2016, Pointer Sentinel Mixture Models, arXiv:1609.07843",
    )
    .at_home(Home {
        base: "https://raw.githubusercontent.com/pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/wikitext-2/",
        files: &[
            RemoteFile::plain("valid.txt", 1_121_681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"),
            RemoteFile::plain("test.txt", 1_256_449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"),
        ],
    }),
    // Size and hash of the archive as huggingface/datasets has them, `datasets/wikitext/dataset_infos.json`.
    set(
        Use::Corpus,
        "wikitext103",
        "corpora/wikipedia_wikitext103",
        "the training file of WikiText-103 with its rare words (103 M words of Wikipedia)",
        "CC BY-SA 3.0",
        "https://wikitext.smerity.com",
        "Merity, Xiong, Bradbury & Socher 2016, Pointer Sentinel Mixture Models, arXiv:1609.07843",
    )
    .at_home(Home {
        base: "https://wikitext.smerity.com/",
        files: &[RemoteFile::zip(
            "wikitext-103-raw-v1.zip",
            191_984_949,
            "91c00ae287f0d699e18605c84afc9e45c192bc6b7797ff8837e5474655a33794",
            &[Member::named("wikitext-103-raw/wiki.train.raw", "train.txt")],
        )],
    }),
    set(
        Use::Corpus,
        "child-directed",
        "research_only/child_directed_aochildes",
        "American-English speech to children in 888 transcripts (833 k words), split by transcript",
        "CC BY-NC-SA 3.0: research only, not for redistribution",
        "https://github.com/UIUCLearningLanguageLab/AOCHILDES @ e253481",
        "Huebner & Willits 2021, Using lexical context to discover the noun category; MacWhinney 2000, CHILDES",
    ),
    set(
        Use::MinimalPairs,
        "blimp",
        "minimal_pairs/blimp",
        "67 paradigms of 1,000 English minimal pairs in 13 phenomena",
        "CC BY 4.0",
        "https://github.com/alexwarstadt/blimp @ 3e56b06, data",
        "Warstadt et al. 2020, BLiMP: The Benchmark of Linguistic Minimal Pairs for English, TACL 8:377-392",
    )
    .at_home(blimp::HOME),
    set(
        Use::Labelled,
        "ud-ewt",
        "token/ud_english_ewt",
        "parts of speech and dependency trees of 16,622 English sentences (CoNLL-U)",
        "CC BY-SA 4.0",
        "https://github.com/UniversalDependencies/UD_English-EWT @ 15d613d",
        "Silveira et al. 2014, A Gold Standard Dependency Corpus for English, LREC; Universal Dependencies",
    )
    .at_home(Home {
        base: "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/15d613d8447b3478787d4c278730a1e48a945efb/",
        files: &[
            RemoteFile::plain("en_ewt-ud-train.conllu", 14_203_025, "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b"),
            RemoteFile::plain("en_ewt-ud-dev.conllu", 1_805_545, "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6"),
            RemoteFile::plain("en_ewt-ud-test.conllu", 1_804_515, "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd"),
        ],
    }),
    set(
        Use::Labelled,
        "uner-ewt",
        "token/uner_english_ewt",
        "persons, organisations and places in the development and test sentences of ud-ewt (columns, IOB2)",
        "CC BY-SA 4.0",
        "https://github.com/UniversalNER/UNER_English-EWT @ 8ed072d",
        "Mayhew et al. 2024, Universal NER, NAACL",
    )
    .at_home(Home {
        base: "https://raw.githubusercontent.com/UniversalNER/UNER_English-EWT/8ed072de2fd24022cc62458997fe96a8fe191ea4/",
        files: &[
            RemoteFile::plain("en_ewt-ud-dev.iob2", 620_415, "0cafd881cf31d39897b6d588420fab8fbbe4423d271725c59921ac9dd49c0713"),
            RemoteFile::plain("en_ewt-ud-test.iob2", 623_751, "821ad826d5f503ac03b4edc3fbc2174f21fbb005ec25863caf2051c434616d6e"),
        ],
    }),
    set(
        Use::Labelled,
        "wnut17",
        "token/wnut17",
        "emerging named entities in 5,690 noisy sentences (columns, IOB2)",
        "CC BY 4.0",
        "https://github.com/leondz/emerging_entities_17 @ e52a2d2",
        "Derczynski, Nichols, van Erp & Limsopatham 2017, Results of the WNUT2017 Shared Task on Novel and Emerging Entity \
         Recognition, W-NUT",
    )
    .at_home(Home {
        base: "https://raw.githubusercontent.com/leondz/emerging_entities_17/e52a2d2a71ac1a051ca2d532eef28653c5c02603/",
        files: &[
            RemoteFile::plain("wnut17train.conll", 493_781, "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5"),
            RemoteFile::plain("emerging.dev.conll", 114_749, "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8"),
            RemoteFile::plain("emerging.test.annotated", 192_425, "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0"),
        ],
    }),
    // Sizes and hashes as huggingface/datasets has them, `datasets/squad/dataset_infos.json`.
    set(
        Use::Labelled,
        "squad",
        "qa/squad_v1.1",
        "SQuAD 1.1: 98,169 questions whose answers are spans of a paragraph (training and development files, JSON)",
        "CC BY-SA 4.0",
        "https://rajpurkar.github.io/SQuAD-explorer",
        "Rajpurkar, Zhang, Lopyrev & Liang 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text, EMNLP",
    )
    .at_home(Home {
        base: "https://rajpurkar.github.io/SQuAD-explorer/dataset/",
        files: &[
            RemoteFile::plain("train-v1.1.json", 30_288_272, "3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955"),
            RemoteFile::plain("dev-v1.1.json", 4_854_279, "95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9"),
        ],
    }),
    glue::COLA,
    glue::SST2,
    glue::MRPC,
    glue::QQP,
    glue::STSB,
    glue::MNLI,
    glue::QNLI,
    glue::RTE,
    glue::WNLI,
];

/// Every data set that has a name.
pub fn sources() -> &'static [KnownSource] {
    SOURCES
}

/// The data set of this name.
pub fn find(name: &str) -> Option<&'static KnownSource> {
    SOURCES.iter().find(|source| source.name == name)
}

/// The names of those that can be downloaded.
pub fn downloads() -> impl Iterator<Item = &'static str> {
    SOURCES
        .iter()
        .filter(|source| source.home.is_some())
        .map(|source| source.name)
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
    look(name, data_root)?.map_err(|tried| missing(name, &tried))
}

/// [`locate`] for a set to be judged by, which no name of a corpus is.
///
/// # Errors
/// The same; what is near are the names beside the path.
pub fn locate_set(name: &str, data_root: Option<&Path>) -> Result<PathBuf> {
    look(name, data_root)?.map_err(|tried| {
        let beside: Vec<String> = tried.iter().flat_map(|path| beside(path)).collect();
        let (folder, own) = match name.rsplit_once('/') {
            Some((folder, own)) => (format!("{folder}/"), own),
            None => (String::new(), name),
        };
        let mut fault = nowhere(&tried)
            .allowed(["a file", "a folder", "a glob"])
            .nearest(own, beside)
            .remedy("a path is relative to the data root, then to here");
        fault.nearest = fault.nearest.map(|near| folder + &near);
        fault
    })
}

/// Names that are looked at for one that is near.
const MOST_NAMES: usize = 1000;

/// The names beside a path that is not there.
fn beside(path: &Path) -> Vec<String> {
    let folder = path
        .parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(MOST_NAMES);
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Where a name was found, or where it was looked for.
fn look(name: &str, data_root: Option<&Path>) -> Result<std::result::Result<PathBuf, Vec<PathBuf>>> {
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
            return Ok(Ok(path.clone()));
        }
    }
    Ok(Err(tried))
}

/// That there is nothing at some places.
fn nowhere(tried: &[PathBuf]) -> Fault {
    let tried: Vec<String> = tried.iter().map(|path| format!("`{}`", path.display())).collect();
    Fault::usage(format!("no data at {}", tried.join(" or ")))
}

/// The fault for a source that is nowhere.
pub(crate) fn missing(name: &str, tried: &[PathBuf]) -> Fault {
    // Other sets have names too, and are nothing to train on.
    let names = corpora;
    nowhere(tried)
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
    fn a_set_that_is_not_there_is_no_corpus_and_near_to_what_lies_beside_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("mine")).unwrap();
        std::fs::write(root.path().join("mine/train.csv"), "").unwrap();
        let fault = locate_set("mine/trian.csv", Some(root.path())).unwrap_err();
        assert_eq!(fault.nearest.as_deref(), Some("mine/train.csv"));
        let allowed = fault.allowed.as_deref().unwrap();
        assert!(allowed.contains("a glob") && !allowed.contains("fiction"), "{allowed}");
        let none = locate_set("fictoin", Some(root.path())).unwrap_err();
        assert_eq!(none.nearest, None);
        assert!(locate_set("mine", Some(root.path())).unwrap().is_dir());
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

    #[test]
    fn what_can_be_downloaded_comes_by_https_with_a_hash_and_lands_under_names_of_its_own() {
        assert!(downloads().count() > 10);
        for source in sources() {
            let Some(home) = source.home else { continue };
            assert!(
                home.base.starts_with("https://") && home.base.ends_with('/'),
                "{}",
                source.name
            );
            assert!(source.path.is_some() && !home.files.is_empty());
            let mut places: Vec<&str> = home.places().collect();
            for name in &places {
                assert!(Path::new(name).file_name() == Some(name.as_ref()), "{name}");
            }
            places.sort_unstable();
            let all = places.len();
            places.dedup();
            assert_eq!(places.len(), all, "{}", source.name);
            for file in home.files {
                assert!(file.bytes > 0 && file.sha256.len() == 64, "{}", file.name);
                let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
                assert!(file.sha256.chars().all(is_digit), "{}", file.name);
            }
        }
        let blimp = find("blimp").and_then(|source| source.home).unwrap();
        assert_eq!((blimp.files.len(), blimp.bytes()), (67, 29_576_684));
    }
}
