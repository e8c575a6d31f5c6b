//! Learning pair merges (Sennrich, Haddow & Birch 2016, algorithm 1) so that the same counts give the same merges.
//!
//! The trainer of the `tokenizers` crate breaks ties by ids that it hands out in the order of a hash map
//! (tokenizers-0.23.2, `models/bpe/trainer.rs`); this one breaks them by the pieces' text.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Two neighbouring pieces.
pub type Pair = (u32, u32);

/// A word as pieces, and how often it occurs.
pub struct Word {
    /// Ids of its pieces, single characters at first.
    pub pieces: Vec<u32>,
    /// Occurrences in the training text.
    pub count: u64,
}

/// A pair seen once is not worth a piece.
const LEAST_COUNT: u64 = 2;

/// Merges the most frequent pair again and again until there are `size` pieces or no pair occurs twice. The new pieces
/// are appended to `pieces` (`join` makes their text); the merges are returned in order. Of equally frequent pairs the
/// one whose text is smallest goes first.
pub fn learn(pieces: &mut Vec<String>, words: Vec<Word>, size: usize, join: fn(&str, &str) -> String) -> Vec<Pair> {
    let mut ids: HashMap<String, u32> = pieces.iter().cloned().zip(0..).collect();
    let mut table = PairTable::new(words);
    let mut queue = BinaryHeap::new();
    for (pair, count) in &table.counts {
        queue.push(candidate(pieces, *pair, *count));
    }
    let mut merges = Vec::new();
    while pieces.len() < size {
        let Some((count, _, pair)) = queue.pop() else { break };
        if count < LEAST_COUNT {
            break;
        }
        if table.counts.get(&pair) != Some(&count) {
            continue; // An older count; the present one has its own place in the queue.
        }
        // Different pairs can make the same piece: a + ##bc and ab + ##c.
        let text = join(&pieces[pair.0 as usize], &pieces[pair.1 as usize]);
        let made = *ids.entry(text).or_insert_with_key(|text| {
            pieces.push(text.clone());
            (pieces.len() - 1) as u32
        });
        merges.push(pair);
        for changed in table.merge(pair, made) {
            if let Some(count) = table.counts.get(&changed) {
                queue.push(candidate(pieces, changed, *count));
            }
        }
    }
    merges
}

type Candidate = (u64, Reverse<String>, Pair);

fn candidate(pieces: &[String], pair: Pair, count: u64) -> Candidate {
    // No piece holds a NUL, so the joined text sorts like the pair of texts.
    (
        count,
        Reverse(format!("{}\0{}", pieces[pair.0 as usize], pieces[pair.1 as usize])),
        pair,
    )
}

/// How often each pair occurs, and in which words: what one merge changes is then found without a look at the rest.
struct PairTable {
    words: Vec<Word>,
    counts: HashMap<Pair, u64>,
    /// Words that hold the pair; some may have lost it since, some may be listed twice.
    places: HashMap<Pair, Vec<u32>>,
}

impl PairTable {
    fn new(words: Vec<Word>) -> Self {
        let mut table = Self {
            words,
            counts: HashMap::new(),
            places: HashMap::new(),
        };
        for (place, word) in table.words.iter().enumerate() {
            for pair in pairs(&word.pieces) {
                *table.counts.entry(pair).or_default() += word.count;
                table.places.entry(pair).or_default().push(place as u32);
            }
        }
        table
    }

    /// Puts `made` in the place of `pair` in every word. Returns the pairs whose counts may have changed.
    fn merge(&mut self, pair: Pair, made: u32) -> Vec<Pair> {
        let mut places = self.places.remove(&pair).unwrap_or_default();
        places.sort_unstable();
        places.dedup();
        let mut changed = Vec::new();
        for place in places {
            let word = &mut self.words[place as usize];
            for old in pairs(&word.pieces) {
                if let Some(count) = self.counts.get_mut(&old) {
                    *count -= word.count;
                    changed.push(old);
                }
            }
            word.pieces = merged(&word.pieces, pair, made);
            for new in pairs(&word.pieces) {
                *self.counts.entry(new).or_default() += word.count;
                if new.0 == made || new.1 == made {
                    changed.push(new);
                    self.places.entry(new).or_default().push(place);
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for pair in &changed {
            if self.counts.get(pair) == Some(&0) {
                self.counts.remove(pair);
            }
        }
        changed
    }
}

fn pairs(pieces: &[u32]) -> impl Iterator<Item = Pair> + '_ {
    pieces.windows(2).map(|pair| (pair[0], pair[1]))
}

/// Replaces the pair from left to right, without overlaps.
fn merged(pieces: &[u32], pair: Pair, made: u32) -> Vec<u32> {
    let mut out = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while at < pieces.len() {
        if at + 1 < pieces.len() && (pieces[at], pieces[at + 1]) == pair {
            out.push(made);
            at += 2;
        } else {
            out.push(pieces[at]);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn concatenate(left: &str, right: &str) -> String {
        format!("{left}{right}")
    }

    fn setup(counts: &[(String, u64)]) -> (Vec<String>, Vec<Word>) {
        let mut pieces: Vec<String> = counts
            .iter()
            .flat_map(|(word, _)| word.chars())
            .map(|letter| letter.to_string())
            .collect();
        pieces.sort();
        pieces.dedup();
        let id = |letter: char| pieces.iter().position(|piece| *piece == letter.to_string()).unwrap() as u32;
        let words = counts
            .iter()
            .map(|(word, count)| Word {
                pieces: word.chars().map(id).collect(),
                count: *count,
            })
            .collect();
        (pieces, words)
    }

    fn texts(pieces: &[String], merges: &[Pair]) -> Vec<(String, String)> {
        merges
            .iter()
            .map(|(left, right)| (pieces[*left as usize].clone(), pieces[*right as usize].clone()))
            .collect()
    }

    /// The definition: count every pair anew before each merge.
    fn by_definition(mut pieces: Vec<String>, mut words: Vec<Word>, size: usize) -> Vec<(String, String)> {
        let mut merges = Vec::new();
        while pieces.len() < size {
            let mut counts: HashMap<(String, String), (u64, Pair)> = HashMap::new();
            for word in &words {
                for pair in pairs(&word.pieces) {
                    let key = (pieces[pair.0 as usize].clone(), pieces[pair.1 as usize].clone());
                    counts.entry(key).or_insert((0, pair)).0 += word.count;
                }
            }
            let best = counts.into_iter().max_by(|a, b| a.1.0.cmp(&b.1.0).then(b.0.cmp(&a.0)));
            let Some((key, (count, pair))) = best else { break };
            if count < LEAST_COUNT {
                break;
            }
            let text = format!("{}{}", key.0, key.1);
            let made = pieces.iter().position(|piece| *piece == text).unwrap_or_else(|| {
                pieces.push(text);
                pieces.len() - 1
            });
            for word in &mut words {
                word.pieces = merged(&word.pieces, pair, made as u32);
            }
            merges.push(key);
        }
        merges
    }

    #[test]
    fn the_example_of_the_paper() {
        // Sennrich et al. 2016, figure 1 and algorithm 1: e s, es t, then lo (tied with the others by text here).
        let counts = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)];
        let (mut pieces, words) = setup(&counts.map(|(word, count)| (word.to_owned(), count)));
        let size = pieces.len() + 4;
        let merges = learn(&mut pieces, words, size, concatenate);
        let expected = [("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w")];
        assert_eq!(
            texts(&pieces, &merges),
            expected.map(|(left, right)| (left.to_owned(), right.to_owned()))
        );
    }

    proptest! {
        #[test]
        fn incremental_counts_are_the_counts(words in prop::collection::vec(("[abc]{1,9}", 1u64..9), 1..12)) {
            let (mut pieces, first) = setup(&words);
            let (_, second) = setup(&words);
            let expected = by_definition(pieces.clone(), second, 40);
            let merges = learn(&mut pieces, first, 40, concatenate);
            prop_assert_eq!(texts(&pieces, &merges), expected);
        }
    }
}
