//! What an objective may ask about the training text as a whole: computed once, kept beside the prepared corpus.

use crate::{Ngrams, Prepared, Shard, names};
use cloze_foundation::{Fault, Result, files};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A question about the training text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// How often every id occurs.
    Unigrams,
    /// Which n-grams of words occur often.
    Ngrams {
        /// More often than this.
        above: u64,
    },
    /// Which of its words are known to be named entities.
    Names,
}

impl Statistic {
    /// Its word: in file names, faults and run ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unigrams => "unigrams",
            Self::Ngrams { .. } => "ngrams",
            Self::Names => "names",
        }
    }

    /// The version of its law: raised when the same text gives other numbers. 1 is no part of a run id.
    pub fn version(self) -> u32 {
        match self {
            Self::Unigrams | Self::Ngrams { .. } | Self::Names => 1,
        }
    }

    /// Its numbers, as they are kept.
    fn compute(self, corpus: &Prepared) -> Vec<u64> {
        let vocabulary = corpus.tokenizer.vocabulary();
        match self {
            Self::Unigrams => unigrams(&corpus.train, vocabulary.size),
            Self::Ngrams { above } => Ngrams::of(&corpus.train, vocabulary, above).to_numbers(),
            // Each after the number of its tokens.
            Self::Names => {
                let tokens = |name: Vec<u32>| [vec![name.len() as u32], name].concat();
                names::of(corpus).into_iter().flat_map(tokens).map(u64::from).collect()
            }
        }
    }

    fn file(self, folder: &Path) -> PathBuf {
        let which = match self {
            Self::Unigrams | Self::Names => String::new(),
            Self::Ngrams { above } => format!("-above-{above}"),
        };
        folder.join(format!("{}{which}-{}.json", self.name(), self.version()))
    }
}

/// Answers to the [`Statistic`]s that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    unigrams: Option<Vec<u64>>,
    ngrams: BTreeMap<u64, Ngrams>,
    names: Option<Vec<Vec<u32>>>,
    annotated: bool,
}

impl Statistics {
    /// What is asked about the training side of a corpus: read from its folder where it is there and right, else computed
    /// and put there.
    pub fn of(corpus: &Prepared, needs: &[Statistic]) -> Self {
        let mut found = Self {
            annotated: corpus.manifest.train.entities > 0,
            ..Self::default()
        };
        for need in needs {
            let path = need.file(&corpus.folder);
            let kept = Kept::read(&path, *need, &corpus.hash);
            if kept.is_some_and(|numbers| found.take(*need, numbers, corpus)) {
                continue;
            }
            let numbers = need.compute(corpus);
            // A cache that others share may be read-only: then every run counts for itself.
            let _ = Kept::write(&path, *need, &corpus.hash, &numbers);
            found.take(*need, numbers, corpus);
        }
        found
    }

    /// Takes a statistic's numbers; false if they cannot be its.
    fn take(&mut self, statistic: Statistic, numbers: Vec<u64>, corpus: &Prepared) -> bool {
        match statistic {
            Statistic::Unigrams => {
                let is_right = numbers.len() == corpus.tokenizer.vocabulary().size;
                self.unigrams = is_right.then_some(numbers);
                is_right
            }
            Statistic::Ngrams { above } => {
                let ngrams = Ngrams::from_numbers(&numbers);
                let is_right = ngrams.is_some();
                self.ngrams.extend(ngrams.map(|ngrams| (above, ngrams)));
                is_right
            }
            Statistic::Names => {
                self.names = names_from(&numbers);
                self.names.is_some()
            }
        }
    }

    /// Hand-made counts by id, for tests and for text that is no prepared corpus.
    pub fn from_unigrams(counts: Vec<u64>) -> Self {
        Self {
            unigrams: Some(counts),
            ..Self::default()
        }
    }

    /// Counts of the n-grams that occur more than `above` times in a text that is no prepared corpus.
    pub fn from_ngrams(above: u64, ngrams: Ngrams) -> Self {
        Self {
            ngrams: BTreeMap::from([(above, ngrams)]),
            ..Self::default()
        }
    }

    /// Hand-made names, for tests and for text that is no prepared corpus.
    pub fn from_names(names: Vec<Vec<u32>>) -> Self {
        Self {
            names: Some(names),
            ..Self::default()
        }
    }

    /// The named entities that are known of the training text, each as its tokens with the word starts marked
    /// ([`token`](crate::ngrams::token)); none where none are known.
    ///
    /// # Errors
    /// If [`Statistic::Names`] was not asked for.
    pub fn names(&self) -> Result<&[Vec<u32>]> {
        self.names.as_deref().ok_or_else(|| missing(Statistic::Names))
    }

    /// Whether entities stand beside the training text: windows have them ([`ENTITIES`](crate::annotations::ENTITIES)).
    pub fn annotated(&self) -> bool {
        self.annotated
    }

    /// How often every id occurs in the training text, `[SEP]` at each document's end included: V counts.
    ///
    /// # Errors
    /// If [`Statistic::Unigrams`] was not asked for.
    pub fn unigrams(&self) -> Result<&[u64]> {
        self.unigrams.as_deref().ok_or_else(|| missing(Statistic::Unigrams))
    }

    /// The n-grams of words that occur more than `above` times in the training text.
    ///
    /// # Errors
    /// If [`Statistic::Ngrams`] was not asked for with this number.
    pub fn ngrams(&self, above: u64) -> Result<&Ngrams> {
        self.ngrams
            .get(&above)
            .ok_or_else(|| missing(Statistic::Ngrams { above }))
    }
}

/// Names as they are kept.
fn names_from(mut numbers: &[u64]) -> Option<Vec<Vec<u32>>> {
    let mut names = Vec::new();
    while let [length, rest @ ..] = numbers {
        let (name, others) = rest.split_at_checked(usize::try_from(*length).ok()?)?;
        let name: std::result::Result<Vec<u32>, _> = name.iter().copied().map(u32::try_from).collect();
        names.push(name.ok()?);
        numbers = others;
    }
    Some(names)
}

fn missing(statistic: Statistic) -> Fault {
    Fault::run(format!(
        "the statistic `{}` of the corpus was not computed",
        statistic.name()
    ))
    .remedy("an objective names the statistics that it reads in `Objective::needs`")
}

/// One pass over the text. An id beyond the vocabulary, which no whole shard has, is left out.
fn unigrams(text: &Shard, vocabulary: usize) -> Vec<u64> {
    let mut counts = vec![0; vocabulary];
    for id in text.ids() {
        if let Some(count) = counts.get_mut(id as usize) {
            *count += 1;
        }
    }
    counts
}

/// The file of a statistic.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Hash of the corpus that was counted.
    corpus: String,
    /// Version of the law.
    version: u32,
    /// Hash of the counts.
    hash: String,
    counts: Vec<u64>,
}

impl Kept {
    fn hash(counts: &[u64]) -> String {
        let bytes: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        files::hash(&bytes)
    }

    /// The counts, if the file is there, whole, and about this text under this law.
    fn read(path: &Path, statistic: Statistic, corpus: &str) -> Option<Vec<u64>> {
        let kept: Self = serde_json::from_str(&files::read_text(path).ok()?).ok()?;
        let right =
            kept.corpus == corpus && kept.version == statistic.version() && kept.hash == Self::hash(&kept.counts);
        right.then_some(kept.counts)
    }

    fn write(path: &Path, statistic: Statistic, corpus: &str, counts: &[u64]) -> Result<()> {
        let kept = Self {
            corpus: corpus.to_owned(),
            version: statistic.version(),
            hash: Self::hash(counts),
            counts: counts.to_vec(),
        };
        let text = serde_json::to_string(&kept).map_err(|error| Fault::run(error.to_string()))?;
        files::write_whole(path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::Encoded;
    use crate::{CorpusConfig, TokenizerConfig, prepare, shard};

    #[test]
    fn unigrams_are_those_of_a_count_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        shard::write(&path, 3, |writer| {
            for ids in [vec![5, 6, 5], vec![5]] {
                let word_starts = vec![true; ids.len()];
                writer.document(&Encoded { ids, word_starts }).unwrap();
            }
            Ok(())
        })
        .unwrap();
        let text = Shard::open(&path).unwrap();
        assert_eq!(unigrams(&text, 8), [0, 0, 0, 2, 0, 3, 1, 0]);
        assert_eq!(unigrams(&text, 6), [0, 0, 0, 2, 0, 3]);
    }

    #[test]
    fn ngrams_are_kept_by_how_often_they_have_to_occur() {
        let cache = tempfile::tempdir().unwrap();
        let config = CorpusConfig {
            source: "fragment".to_owned(),
            tokenizer: TokenizerConfig::wordpiece(300),
            held_out: 0.2,
            words: 2000,
            ..CorpusConfig::default()
        };
        let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
        let asked = || Statistics::of(&corpus, &[10, 5].map(|above| Statistic::Ngrams { above }));
        let first = asked();
        let [many, more] = [10, 5].map(|above| first.ngrams(above).unwrap().iter().count());
        assert!(0 < many && many < more);
        assert!(first.ngrams(7).is_err());
        assert_eq!(asked(), first);
        let path = Statistic::Ngrams { above: 10 }.file(&corpus.folder);
        let whole = std::fs::read_to_string(&path).unwrap();
        // Numbers that are no n-grams are counted again.
        Kept::write(&path, Statistic::Ngrams { above: 10 }, &corpus.hash, &[1, 2]).unwrap();
        assert_eq!(asked(), first);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    }

    #[test]
    fn the_names_of_the_built_in_language_are_known_and_of_files_none() {
        let cache = tempfile::tempdir().unwrap();
        let mut config = CorpusConfig {
            source: "fragment".to_owned(),
            tokenizer: TokenizerConfig::wordpiece(300),
            held_out: 0.2,
            words: 2000,
            ..CorpusConfig::default()
        };
        let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
        let asked = || Statistics::of(&corpus, &[Statistic::Names]);
        let names = asked().names().unwrap().to_vec();
        let spelt = |name: &Vec<u32>| {
            let ids: Vec<u32> = name.iter().map(|token| token & 0x7FFF_FFFF).collect();
            corpus.tokenizer.decode(&ids)
        };
        let spelt: Vec<String> = names.iter().map(spelt).collect();
        // Those that 2,000 words have, and among them the most frequent ones.
        assert!(spelt.len() > 40 && spelt.len() < 280, "{}", spelt.len());
        assert!(
            ["john", "mary", "london"]
                .iter()
                .all(|name| spelt.contains(&(*name).to_owned())),
            "{spelt:?}"
        );
        assert!(!spelt.contains(&"the".to_owned()));
        assert_eq!(asked().names().unwrap(), names);
        assert!(Statistics::default().names().is_err());
        assert_eq!(names_from(&[2, 7]), None);

        let text = cache.path().join("text.txt");
        std::fs::write(&text, "john saw mary in london\n\n".repeat(200)).unwrap();
        config.source = text.to_string_lossy().into_owned();
        let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
        assert!(Statistics::of(&corpus, &[Statistic::Names]).names().unwrap().is_empty());
    }

    #[test]
    fn the_names_of_own_text_are_those_of_its_gazetteer() {
        let cache = tempfile::tempdir().unwrap();
        let at = |name: &str| cache.path().join(name);
        std::fs::write(
            at("text.txt"),
            "Ada Lovelace met Mary in New York City.\n\n".repeat(200),
        )
        .unwrap();
        for (tokenizer, expected) in [
            (
                TokenizerConfig::wordpiece(300),
                ["ada lovelace", "new york", "new york city"],
            ),
            (
                TokenizerConfig::Bpe { vocab: 400 },
                ["Ada Lovelace", "New York", "New York City"],
            ),
        ] {
            let config = |phrases: &str| {
                std::fs::write(at("names.txt"), phrases).unwrap();
                CorpusConfig {
                    source: at("text.txt").to_string_lossy().into_owned(),
                    tokenizer: tokenizer.clone(),
                    held_out: 0.2,
                    gazetteer: Some("names.txt".into()),
                    ..CorpusConfig::default()
                }
            };
            let prepared =
                |config: &CorpusConfig| prepare(config, Some(cache.path()), &at("cache"), &mut |_| ()).unwrap();
            // What does not occur, is spelt with unknown letters, or is a part of a word is no name of the text.
            let first = prepared(&config(
                "New York City\nAda Lovelace\nNew York\nParis\nLove\n\u{4e2d}\u{56fd}\n",
            ));
            let names = Statistics::of(&first, &[Statistic::Names]).names().unwrap().to_vec();
            let spelt = |name: &Vec<u32>| {
                let ids: Vec<u32> = name.iter().map(|token| token & 0x7FFF_FFFF).collect();
                first.tokenizer.decode(&ids).trim().to_owned()
            };
            let mut spelt: Vec<String> = names.iter().map(spelt).collect();
            spelt.sort_unstable();
            spelt.dedup();
            assert_eq!(spelt, expected);
            // Other phrases are other data, the same ones in another order are not.
            let other = prepared(&config("Mary\n"));
            assert_ne!(other.hash, first.hash);
            assert_eq!(other.hashes().held_out, first.hashes().held_out);
            let again = prepared(&config(
                "Love\nParis\nNew York\nAda  Lovelace\nNew York City\n\u{4e2d}\u{56fd}",
            ));
            assert_eq!((again.hash, &again.folder), (first.hash.clone(), &first.folder));
            let without = prepared(&CorpusConfig {
                gazetteer: None,
                ..config("x")
            });
            assert_ne!(without.hash, first.hash);
            // A gazetteer that was changed where it is kept is made anew.
            std::fs::write(first.folder.join(crate::cache::GAZETTEER), "Mary").unwrap();
            assert!(crate::Prepared::open(&first.folder).is_err());
        }
    }

    #[test]
    fn a_statistic_is_kept_and_made_again_when_its_file_is_wrong() {
        let cache = tempfile::tempdir().unwrap();
        let config = CorpusConfig {
            source: "fragment".to_owned(),
            tokenizer: TokenizerConfig::wordpiece(300),
            held_out: 0.2,
            words: 2000,
            ..CorpusConfig::default()
        };
        let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
        let asked = || Statistics::of(&corpus, &[Statistic::Unigrams]);
        let first = asked();
        let counts = first.unigrams().unwrap();
        assert_eq!(counts.iter().sum::<u64>(), corpus.train.tokens() as u64);
        assert_eq!(
            counts[corpus.tokenizer.vocabulary().special.end as usize],
            corpus.manifest.train.documents
        );
        assert!(Statistics::of(&corpus, &[]).unigrams().is_err());

        let path = Statistic::Unigrams.file(&corpus.folder);
        let whole = std::fs::read_to_string(&path).unwrap();
        // What is kept is read, not counted again: a file of other numbers with the right hash is believed.
        let other: Vec<u64> = (0..counts.len() as u64).collect();
        Kept::write(&path, Statistic::Unigrams, &corpus.hash, &other).unwrap();
        assert_eq!(asked().unigrams().unwrap(), other);
        let other_text = std::fs::read_to_string(&path).unwrap();
        for wrong in [
            String::new(),
            whole[..whole.len() / 2].to_owned(),
            whole.replace(&corpus.hash, "another corpus"),
            whole.replace("\"version\":1", "\"version\":2"),
            // One count changed, its hash not.
            other_text.replace(",7,", ",8,"),
        ] {
            std::fs::write(&path, wrong).unwrap();
            assert_eq!(asked(), first);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
        }
    }
}
