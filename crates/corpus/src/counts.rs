//! How often each word occurs: what tokenizers are trained on.

use std::collections::HashMap;

/// Different words that are counted. Where a text has more, those seen least are forgotten, so that a text of any length
/// needs a bounded memory.
const MOST: usize = 1 << 23;

/// How often each word between spaces occurs in a cleaned text.
#[derive(Clone, Debug, Default)]
pub struct WordCounts {
    counts: HashMap<String, u64>,
    total: u64,
}

impl WordCounts {
    /// Counts the words of a cleaned text.
    pub fn add(&mut self, text: &str) {
        self.add_within(text, MOST);
    }

    fn add_within(&mut self, text: &str, most: usize) {
        for word in text.split_ascii_whitespace() {
            self.total += 1;
            match self.counts.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    let mut least = 1;
                    while self.counts.len() >= most {
                        self.counts.retain(|_, count| *count > least);
                        least *= 2;
                    }
                    self.counts.insert(word.to_owned(), 1);
                }
            }
        }
    }

    /// Words counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Different words.
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Every word with its count, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(word, count)| (word.as_str(), *count))
    }

    /// The most frequent words, of equally frequent ones the first by their letters.
    pub fn frequent(&self, most: usize) -> Vec<(&str, u64)> {
        let mut words: Vec<(&str, u64)> = self.iter().collect();
        let order = |word: &(&str, u64)| (std::cmp::Reverse(word.1), word.0.to_owned());
        if words.len() > most {
            words.select_nth_unstable_by_key(most, order);
            words.truncate(most);
        }
        words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_the_rarest_forgotten_first() {
        let mut counts = WordCounts::default();
        counts.add_within("a b a\nc a b d", 3);
        // There was no room for d beside a, b and c.
        assert_eq!(counts.frequent(9), [("a", 3), ("b", 2), ("d", 1)]);
        assert_eq!((counts.total(), counts.distinct()), (7, 3));
        assert_eq!(counts.frequent(1), [("a", 3)]);
    }
}
