//! Which hidden tokens belong together when it is told what they cost: by frequency, by part of speech.

use cloze_corpus::{Prepared, Statistic, Statistics, Window, fragment};
use cloze_foundation::Result;

/// Bands of frequency, each with the share of the running training text at which it ends, the most frequent tokens first.
const BANDS: [(&str, f64); 3] = [("frequent", 0.5), ("middling", 0.9), ("rare", 1.0)];

/// The names of all groups.
pub(super) fn names() -> Vec<&'static str> {
    let bands = BANDS.map(|(name, _)| name);
    bands.into_iter().chain(fragment::PARTS_OF_SPEECH).collect()
}

/// What is needed to tell the groups of a token.
pub(super) struct Groups {
    /// By id.
    bands: Vec<&'static str>,
}

impl Groups {
    pub(super) fn of(corpus: &Prepared) -> Result<Self> {
        let statistics = Statistics::of(corpus, &[Statistic::Unigrams]);
        Ok(Self {
            bands: bands(statistics.unigrams()?),
        })
    }

    /// The groups of every position of a window. Parts of speech are those of the built-in language.
    ///
    /// # Shapes
    /// - result: L
    pub(super) fn of_window(&self, window: &Window, corpus: &Prepared) -> Vec<Vec<&'static str>> {
        let bands = window.ids.iter().map(|id| self.bands.get(*id as usize).copied());
        let mut groups: Vec<Vec<&str>> = bands.map(|band| band.into_iter().collect()).collect();
        if corpus.manifest.source == fragment::NAME {
            for word in window.words(corpus.tokenizer.vocabulary()) {
                let text = corpus.tokenizer.decode(&window.ids[word.clone()]);
                let part = fragment::part_of_speech(text.trim());
                word.for_each(|place| groups[place].extend(part));
            }
        }
        groups
    }
}

/// The band of every id.
///
/// # Shapes
/// - `counts` and result: V
fn bands(counts: &[u64]) -> Vec<&'static str> {
    let mut ids: Vec<usize> = (0..counts.len()).collect();
    ids.sort_by_key(|id| (std::cmp::Reverse(counts[*id]), *id));
    let total = counts.iter().sum::<u64>().max(1) as f64;
    let (mut before, mut bands) = (0, vec![BANDS[BANDS.len() - 1].0; counts.len()]);
    for id in ids {
        let band = BANDS.iter().find(|(_, end)| (before as f64) < end * total);
        if let Some((name, _)) = band {
            bands[id] = name;
        }
        before += counts[id];
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_end_at_their_shares_of_the_running_text() {
        // Of 20 tokens ten are the second id, eight the fourth and fifth, two the others.
        assert_eq!(
            bands(&[1, 10, 0, 4, 4, 1]),
            ["rare", "frequent", "rare", "middling", "middling", "rare"]
        );
        assert_eq!(bands(&[0, 0]), ["frequent", "frequent"]);
        assert_eq!(bands(&[]), [""; 0]);
    }
}
