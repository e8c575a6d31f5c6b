//! Which hidden tokens belong together when it is told what they cost: by frequency, by part of speech.

use super::masks::Unit;
use cloze_corpus::{Prepared, Statistic, Statistics, Window, fragment};
use cloze_foundation::Result;

/// Bands of frequency, the most frequent tokens first: what they are called of single tokens, of the tokens of whole words and of those
/// of spans, and the share of the running training text at which each ends.
const BANDS: [([&str; 3], f64); 3] = [
    (["frequent", "words/frequent", "spans/frequent"], 0.5),
    (["middling", "words/middling", "spans/middling"], 0.9),
    (["rare", "words/rare", "spans/rare"], 1.0),
];

/// The names of all groups.
pub(super) fn names() -> Vec<&'static str> {
    let bands = BANDS.into_iter().flat_map(|(names, _)| names);
    bands.chain(fragment::PARTS_OF_SPEECH).collect()
}

/// What is needed to tell the groups of a token.
pub(super) struct Groups {
    /// By id, its place among [`BANDS`].
    bands: Vec<usize>,
}

impl Groups {
    pub(super) fn of(corpus: &Prepared) -> Result<Self> {
        let statistics = Statistics::of(corpus, &[Statistic::Unigrams]);
        Ok(Self {
            bands: bands(statistics.unigrams()?),
        })
    }

    /// The groups of every position of a window where such units are hidden. Parts of speech are those of the built-in language,
    /// and told of single tokens.
    ///
    /// # Shapes
    /// - result: L
    pub(super) fn of_window(&self, window: &Window, corpus: &Prepared, unit: Unit) -> Vec<Vec<&'static str>> {
        let bands = window.ids.iter().map(|id| self.bands.get(*id as usize));
        let name = |band: &usize| BANDS[*band].0[unit as usize];
        let mut groups: Vec<Vec<&str>> = bands.map(|band| band.map(name).into_iter().collect()).collect();
        if unit == Unit::Tokens && corpus.manifest.source == fragment::NAME {
            for word in window.words(corpus.tokenizer.vocabulary()) {
                let text = corpus.tokenizer.decode(&window.ids[word.clone()]);
                let part = fragment::part_of_speech(text.trim());
                word.for_each(|place| groups[place].extend(part));
            }
        }
        groups
    }
}

/// The band of every id, by its place.
///
/// # Shapes
/// - `counts` and result: V
fn bands(counts: &[u64]) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..counts.len()).collect();
    ids.sort_by_key(|id| (std::cmp::Reverse(counts[*id]), *id));
    let total = counts.iter().sum::<u64>().max(1) as f64;
    let (mut before, mut bands) = (0, vec![BANDS.len() - 1; counts.len()]);
    for id in ids {
        let band = BANDS.iter().position(|(_, end)| (before as f64) < end * total);
        bands[id] = band.unwrap_or(BANDS.len() - 1);
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
        assert_eq!(bands(&[1, 10, 0, 4, 4, 1]), [2, 0, 2, 1, 1, 2]);
        assert_eq!(bands(&[0, 0]), [0, 0]);
        assert_eq!(bands(&[]), [0; 0]);
    }
}
