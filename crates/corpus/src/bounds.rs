//! Two losses to hold a model's against, on the tokens that it is asked about: that of a scorer who knows nothing but how
//! frequent each token is, and where the built-in language is read, the best possible one.
//!
//! A masked model that is trained for too short a time answers with the frequencies of its tokens, whatever stands around
//! them; for a while its loss stays at that plateau.

use crate::fragment::{self, Known, best_loss};
use crate::{Prepared, Statistic, Statistics, Vocabulary};
use cloze_foundation::{Result, files};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Raised when the same text gives another best loss.
const VERSION: u32 = 1;
/// Documents of held-out text over which the best loss of all of it is taken.
const DOCUMENTS: usize = 64;

/// Losses by a token's frequency in the training text, add-one smoothed over the ordinary ids.
pub struct Unigram {
    nats: Vec<Option<f64>>,
}

impl Unigram {
    /// Of a corpus' training text.
    ///
    /// # Errors
    /// None of a prepared corpus.
    pub fn of(corpus: &Prepared) -> Result<Self> {
        let statistics = Statistics::of(corpus, &[Statistic::Unigrams]);
        Ok(Self::from_counts(statistics.unigrams()?, corpus.tokenizer.vocabulary()))
    }

    /// The same where the end of a document is predicted too.
    ///
    /// # Errors
    /// None of a prepared corpus.
    pub fn with_ends(corpus: &Prepared) -> Result<Self> {
        let statistics = Statistics::of(corpus, &[Statistic::Unigrams]);
        let vocabulary = corpus.tokenizer.vocabulary();
        let ids = vocabulary.ordinary().iter().copied().chain([vocabulary.special.end]);
        Ok(Self::over(ids, statistics.unigrams()?, vocabulary.size))
    }

    /// From how often every id occurs.
    ///
    /// # Shapes
    /// - `counts`: V
    pub fn from_counts(counts: &[u64], vocabulary: &Vocabulary) -> Self {
        Self::over(vocabulary.ordinary().iter().copied(), counts, vocabulary.size)
    }

    fn over(ids: impl Iterator<Item = u32> + Clone, counts: &[u64], size: usize) -> Self {
        let count = |id: u32| counts.get(id as usize).copied().unwrap_or(0) as f64 + 1.0;
        let total: f64 = ids.clone().map(count).sum();
        let mut nats = vec![None; size];
        for id in ids {
            nats[id as usize] = Some((total / count(id)).ln());
        }
        Self { nats }
    }

    /// The mean loss in nats of those ids among these that it is about; `None` where there is none.
    pub fn loss(&self, ids: impl IntoIterator<Item = u32>) -> Option<f64> {
        let known = ids
            .into_iter()
            .filter_map(|id| self.nats.get(id as usize).copied().flatten());
        let (sum, count) = known.fold((0.0, 0_u64), |(sum, count), nats| (sum + nats, count + 1));
        (count > 0).then(|| sum / count as f64)
    }
}

/// The best possible mean loss over the held-out tokens at these places of the stream, where the corpus is the built-in
/// language: see [`best_loss`]. It is kept beside the prepared corpus.
pub fn best(corpus: &Prepared, known: Known, places: &[usize]) -> Option<f64> {
    if corpus.manifest.source != fragment::NAME {
        return None;
    }
    let kept = Kept::of(corpus, known, places);
    kept.read().unwrap_or_else(|| {
        let stream = Stream::of(corpus);
        let end = corpus.tokenizer.vocabulary().special.end;
        let mut wanted = vec![false; stream.ids.len()];
        for place in places {
            if let Some(wanted) = wanted.get_mut(*place) {
                *wanted = true;
            }
        }
        let found = best_loss((&stream.ids, &stream.starts), end, &corpus.tokenizer, known, &|place| {
            wanted[place]
        });
        // A cache that others share may be read-only: then every run computes for itself.
        let _ = kept.write(found);
        found
    })
}

/// [`best`] over all of the held-out text: over documents spread evenly over it.
pub fn best_of_all(corpus: &Prepared, known: Known) -> Option<f64> {
    if corpus.manifest.source != fragment::NAME {
        return None;
    }
    let vocabulary = corpus.tokenizer.vocabulary();
    let stream = Stream::of(corpus);
    let documents: Vec<&[u32]> = stream.ids.split_inclusive(|id| *id == vocabulary.special.end).collect();
    let taken = documents.len().min(DOCUMENTS);
    let chosen: Vec<usize> = (0..taken).map(|index| index * documents.len() / taken).collect();
    let (mut places, mut first) = (Vec::new(), 0);
    for (index, document) in documents.iter().enumerate() {
        if chosen.binary_search(&index).is_ok() {
            let here = (first..).zip(*document).filter(|(_, id)| !vocabulary.is_special(**id));
            places.extend(here.map(|(place, _)| place));
        }
        first += document.len();
    }
    best(corpus, known, &places)
}

/// The held-out tokens.
struct Stream {
    ids: Vec<u32>,
    starts: Vec<bool>,
}

impl Stream {
    fn of(corpus: &Prepared) -> Self {
        let text = &corpus.held_out;
        // One window of everything, without its `[CLS]`.
        let mut window = text.window(0, text.tokens() + 1, corpus.tokenizer.vocabulary());
        Self {
            ids: window.ids.split_off(1),
            starts: window.word_starts.split_off(1),
        }
    }
}

/// A best loss on disk.
struct Kept {
    path: PathBuf,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// What was computed, of what.
    key: String,
    /// Of the number, in nats and to the bit: decimals may lose the last one.
    bits: Option<u64>,
    /// Hash of both.
    hash: String,
}

impl Kept {
    fn of(corpus: &Prepared, known: Known, places: &[usize]) -> Self {
        let places: Vec<u8> = places.iter().flat_map(|place| (*place as u64).to_le_bytes()).collect();
        let (language, places) = (fragment::VERSION, files::hash(&places));
        let key = format!(
            "best loss {VERSION} {known:?} language {language} corpus {} {places}",
            corpus.hash
        );
        let name = format!("best-{}.json", &files::hash(key.as_bytes())[..16]);
        Self {
            path: corpus.folder.join(name),
            key,
        }
    }

    fn hash(&self, bits: Option<u64>) -> String {
        files::hash(format!("{} {bits:?}", self.key).as_bytes())
    }

    fn read(&self) -> Option<Option<f64>> {
        let written: Written = serde_json::from_str(&files::read_text(&self.path).ok()?).ok()?;
        let right = written.key == self.key && written.hash == self.hash(written.bits);
        right.then(|| written.bits.map(f64::from_bits))
    }

    fn write(&self, nats: Option<f64>) -> Result<()> {
        let bits = nats.map(f64::to_bits);
        let written = Written {
            key: self.key.clone(),
            bits,
            hash: self.hash(bits),
        };
        let text = serde_json::to_string(&written)
            .map_err(|error| cloze_foundation::Fault::run(format!("cannot encode a loss: {error}")))?;
        files::write_whole(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
