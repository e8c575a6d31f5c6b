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
                note(&mut table.places, pair, place as u32);
            }
        }
        table
    }

    /// Puts `made` in the place of `pair` in every word. Returns the pairs whose counts may have changed: those that touch
    /// a place where it was, so that a long word costs no more than a look at each of its pieces.
    fn merge(&mut self, pair: Pair, made: u32) -> Vec<Pair> {
        let mut places = self.places.remove(&pair).unwrap_or_default();
        places.sort_unstable();
        places.dedup();
        let mut changed = Vec::new();
        for place in places {
            let word = &mut self.words[place as usize];
            let (pieces, at) = merged(&word.pieces, pair, made);
            let old = std::mem::replace(&mut word.pieces, pieces);
            for (left, right) in touched(&at, 2, old.len()).map(|first| (old[first], old[first + 1])) {
                if let Some(count) = self.counts.get_mut(&(left, right)) {
                    *count -= word.count;
                }
                changed.push((left, right));
            }
            // Every merge before has made the word one piece shorter.
            let now: Vec<usize> = at.iter().enumerate().map(|(before, first)| first - before).collect();
            for (left, right) in
                touched(&now, 1, word.pieces.len()).map(|first| (word.pieces[first], word.pieces[first + 1]))
            {
                *self.counts.entry((left, right)).or_default() += word.count;
                note(&mut self.places, (left, right), place);
                changed.push((left, right));
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

/// Lists a word under a pair, once for all the places that it has there in a row.
fn note(places: &mut HashMap<Pair, Vec<u32>>, pair: Pair, word: u32) {
    let words = places.entry(pair).or_default();
    if words.last() != Some(&word) {
        words.push(word);
    }
}

fn pairs(pieces: &[u32]) -> impl Iterator<Item = Pair> + '_ {
    pieces.windows(2).map(|pair| (pair[0], pair[1]))
}

/// Replaces the pair from left to right, without overlaps, and says where it was.
fn merged(pieces: &[u32], pair: Pair, made: u32) -> (Vec<u32>, Vec<usize>) {
    let (mut out, mut places) = (Vec::with_capacity(pieces.len()), Vec::new());
    let mut at = 0;
    while at < pieces.len() {
        if at + 1 < pieces.len() && (pieces[at], pieces[at + 1]) == pair {
            out.push(made);
            places.push(at);
            at += 2;
        } else {
            out.push(pieces[at]);
            at += 1;
        }
    }
    (out, places)
}

/// The first places of all pairs of neighbours, in a word of `length` pieces, of which one lies in a run of `width` pieces
/// that begins at one of `starts`: each once, ascending.
fn touched(starts: &[usize], width: usize, length: usize) -> impl Iterator<Item = usize> + '_ {
    let mut next = 0;
    starts.iter().flat_map(move |start| {
        let first = start.saturating_sub(1).max(next);
        next = (start + width).min(length.saturating_sub(1));
        first..next.max(first)
    })
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
                word.pieces = merged(&word.pieces, pair, made as u32).0;
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

    #[test]
    fn a_long_word_costs_time_and_memory_in_proportion_to_its_length() {
        // A hundred thousand random letters: the queue once had a candidate for every pair of the word after each merge.
        let mut state = 1u64;
        let letters = |_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (b'a' + (state >> 33) as u8 % 26) as char
        };
        let word: String = (0..100_000).map(letters).collect();
        let (mut pieces, words) = setup(&[(word, 1)]);
        let started = std::time::Instant::now();
        learn(&mut pieces, words, 2048, concatenate);
        assert_eq!(pieces.len(), 2048);
        assert!(
            started.elapsed() < std::time::Duration::from_secs(10),
            "{:?}",
            started.elapsed()
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
