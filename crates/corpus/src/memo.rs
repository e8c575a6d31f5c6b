//! Encoding a whole corpus quickly: natural text repeats its words, so each is encoded once and remembered.

use crate::tokenizer::Encoded;
use crate::{Tokenizer, clean};
use std::collections::HashMap;

/// Words remembered before the memory is emptied; about 100 bytes each.
const CAPACITY: usize = 1 << 20;
/// Bytes of a word that is remembered: longer ones do not repeat.
const LONGEST: usize = 256;

/// A tokenizer that remembers words, if its tokens depend on one word at a time.
pub struct Memo<'a> {
    tokenizer: &'a Tokenizer,
    words: Option<HashMap<String, Encoded>>,
}

impl<'a> Memo<'a> {
    /// Nothing remembered yet.
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self {
            tokenizer,
            words: tokenizer.is_word_wise().then(HashMap::new),
        }
    }

    /// Exactly what [`Tokenizer::encode`] gives for a text that is already clean.
    pub fn encode(&mut self, text: &str) -> Encoded {
        let Some(words) = &mut self.words else {
            return self.tokenizer.encode(text);
        };
        let mut encoded = Encoded::default();
        let pieces = text.lines().flat_map(clean::pieces);
        for word in pieces.flat_map(str::split_ascii_whitespace) {
            if let Some(known) = words.get(word) {
                encoded.extend(known);
                continue;
            }
            let new = self.tokenizer.encode_piece(word);
            encoded.extend(&new);
            if words.len() == CAPACITY {
                words.clear();
            }
            if word.len() <= LONGEST {
                words.insert(word.to_owned(), new);
            }
        }
        encoded
    }
}

impl Tokenizer {
    /// What [`Tokenizer::sentence`] gives for each of many texts.
    pub fn sentences<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<Vec<u32>> {
        let read = self.sentences_with_words(texts).into_iter();
        read.map(|sentence| sentence.ids).collect()
    }

    /// What [`Tokenizer::sentence_with_words`] gives for each of many texts.
    pub fn sentences_with_words<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<Encoded> {
        if !self.cleans() {
            return texts.into_iter().map(|text| self.sentence_with_words(text)).collect();
        }
        let mut memo = Memo::new(self);
        let mut sentence = |text: &str| self.between_ends(&memo.encode(&clean::clean(text)));
        texts.into_iter().map(&mut sentence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TokenizerConfig, WordCounts};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static TRAINED: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
        let mut counts = WordCounts::default();
        counts.add(&"it's a naïve, 3rd café (don't they'll ...) 漢字 low lower lowest ".repeat(9));
        [TokenizerConfig::wordpiece(150), TokenizerConfig::Bpe { vocab: 300 }]
            .map(|config| Tokenizer::train(&config, &counts).unwrap().0)
    });

    proptest! {
        #[test]
        fn remembered_words_give_the_tokens_of_the_whole_line(
            text in "([a-fA-F0-9'.,\\[\\]#é\u{301}字漢कि\u{94D}กี่かカǅΣ\u{200B}]|[ \n\t\u{A0}]|low|'s|[MASK]){0,30}",
            anything: String,
        ) {
            for tokenizer in &*TRAINED {
                prop_assert!(tokenizer.is_word_wise());
                for text in [&text, &anything] {
                    let text = clean::clean(text);
                    let mut memo = Memo::new(tokenizer);
                    prop_assert_eq!(memo.encode(&text), tokenizer.encode(&text));
                    prop_assert_eq!(memo.encode(&text), tokenizer.encode(&text));
                    prop_assert_eq!(
                        tokenizer.sentences_with_words([text.as_str()]),
                        [tokenizer.sentence_with_words(&text)]
                    );
                }
            }
        }
    }
}
