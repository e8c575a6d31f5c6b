//! What an objective may ask about the training text as a whole: computed once, kept beside the prepared corpus.

use crate::{Prepared, Shard};
use cloze_foundation::{Fault, Result, files};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A question about the training text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// How often every id occurs.
    Unigrams,
}

impl Statistic {
    /// Every one that there is.
    pub const ALL: [Self; 1] = [Self::Unigrams];

    /// Its word: in file names, faults and run ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unigrams => "unigrams",
        }
    }

    /// The version of its law: raised when the same text gives other numbers. 1 is no part of a run id.
    pub fn version(self) -> u32 {
        match self {
            Self::Unigrams => 1,
        }
    }

    fn compute(self, text: &Shard, vocabulary: usize) -> Vec<u64> {
        match self {
            Self::Unigrams => unigrams(text, vocabulary),
        }
    }

    fn file(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}.json", self.name(), self.version()))
    }
}

/// Answers to the [`Statistic`]s that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    unigrams: Option<Vec<u64>>,
}

impl Statistics {
    /// What is asked about the training side of a corpus: read from its folder where it is there and right, else computed
    /// and put there.
    pub fn of(corpus: &Prepared, needs: &[Statistic]) -> Self {
        let mut found = Self::default();
        for need in needs {
            let path = need.file(&corpus.folder);
            let vocabulary = corpus.tokenizer.vocabulary().size;
            let counts = Kept::read(&path, *need, &corpus.hash, vocabulary).unwrap_or_else(|| {
                let counts = need.compute(&corpus.train, vocabulary);
                // A cache that others share may be read-only: then every run counts for itself.
                let _ = Kept::write(&path, *need, &corpus.hash, &counts);
                counts
            });
            match need {
                Statistic::Unigrams => found.unigrams = Some(counts),
            }
        }
        found
    }

    /// Hand-made counts by id, for tests and for text that is no prepared corpus.
    pub fn from_unigrams(counts: Vec<u64>) -> Self {
        Self { unigrams: Some(counts) }
    }

    /// How often every id occurs in the training text, `[SEP]` at each document's end included: V counts.
    ///
    /// # Errors
    /// If [`Statistic::Unigrams`] was not asked for.
    pub fn unigrams(&self) -> Result<&[u64]> {
        self.unigrams.as_deref().ok_or_else(|| missing(Statistic::Unigrams))
    }
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
    fn read(path: &Path, statistic: Statistic, corpus: &str, vocabulary: usize) -> Option<Vec<u64>> {
        let kept: Self = serde_json::from_str(&files::read_text(path).ok()?).ok()?;
        let right = kept.corpus == corpus
            && kept.version == statistic.version()
            && kept.counts.len() == vocabulary
            && kept.hash == Self::hash(&kept.counts);
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
