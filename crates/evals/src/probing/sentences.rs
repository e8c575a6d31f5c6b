//! The labelled sentences that probes are asked about.

use cloze_corpus::{Tokenizer, fragment};
use cloze_foundation::Draw;

/// The seeds of the sentences that are learnt from, and of those that are asked about: the same ones for every run.
pub(super) const SEEDS: [u64; 2] = [0x7072_6f62, 0x6173_6b65];
/// Properties of words, and of whole sentences.
pub(super) const WORD: [&str; 5] = [
    "part-of-speech",
    "entity-type",
    "dependency-label",
    "head-distance",
    "tag",
];
pub(super) const WHOLE: [&str; 4] = ["subject-number", "topic", "sentence-length", "word-content"];

/// A sentence in words, with what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sentence {
    /// As text, where it is known; otherwise its words are read one by one.
    pub(super) text: Option<String>,
    /// Its words.
    pub(super) words: Vec<String>,
    /// A property of words with each word's label; a word may have none.
    pub(super) of_words: Vec<(&'static str, Vec<Option<String>>)>,
    /// A property of the whole with its label.
    pub(super) of_whole: Vec<(&'static str, String)>,
    /// The head of each word, words counted from 1; that of the root is 0. Nothing where no tree is known.
    pub(super) heads: Vec<usize>,
}

/// A sentence of a file, with the lines of its words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocatedSentence {
    pub(super) sentence: Sentence,
    pub(super) lines: Vec<u64>,
}

/// At most so many, whatever order they are given in: they are sorted by a key that is drawn from what they say.
pub(crate) fn sampled<T>(mut all: Vec<T>, most: usize, text: impl Fn(&T) -> String) -> Vec<T> {
    let draw = Draw::new(SEEDS[0], "order of sentences");
    all.sort_by_cached_key(|one| {
        let text = text(one);
        (draw.purpose(&text).stream().bits(), text)
    });
    all.truncate(most);
    all
}

/// Texts as one piece each, in tokens, and how many of them lose what is behind the end of `[CLS]` .. `[SEP]` in the window.
pub(crate) fn whole_texts<'a>(
    texts: impl Iterator<Item = &'a str>,
    tokenizer: &Tokenizer,
    window: usize,
) -> (Vec<Vec<Vec<u32>>>, usize) {
    let room = window.saturating_sub(2);
    let mut cut = 0;
    let one = |ids: Vec<u32>| {
        let inner = &ids[1..ids.len() - 1];
        cut += usize::from(inner.len() > room);
        vec![inner[..inner.len().min(room)].to_vec()]
    };
    (tokenizer.sentences(texts).into_iter().map(one).collect(), cut)
}

/// Sentences of the built-in language: to learn from, and to be asked about.
pub(super) fn of_the_language(count: usize) -> [Vec<Sentence>; 2] {
    SEEDS.map(|seed| {
        fragment::labelled(seed, count)
            .into_iter()
            .map(Sentence::from)
            .collect()
    })
}

impl From<fragment::Labelled> for Sentence {
    fn from(labelled: fragment::Labelled) -> Self {
        let words = (0..labelled.words.len())
            .map(|word| labelled.word(word).to_owned())
            .collect();
        let parts = labelled
            .words
            .iter()
            .map(|word| Some(word.part_of_speech.to_owned()))
            .collect();
        let mut kinds = vec![None; labelled.words.len()];
        for entity in &labelled.entities {
            kinds[entity.words.clone()].fill(Some(entity.kind.to_owned()));
        }
        let number = if labelled.subject.plural { "plural" } else { "singular" };
        Self {
            words,
            of_words: vec![(WORD[0], parts), (WORD[1], kinds)],
            of_whole: vec![(WHOLE[0], number.to_owned()), (WHOLE[1], labelled.topic.to_owned())],
            text: Some(labelled.text),
            heads: Vec::new(),
        }
    }
}

/// The tokens of each word, as far as `[CLS]` .. `[SEP]` fits the window.
pub(super) fn pieces(sentence: &Sentence, tokenizer: &Tokenizer, window: usize) -> Vec<Vec<u32>> {
    let of_text = sentence.text.as_ref().and_then(|text| {
        let encoded = tokenizer.encode(text);
        let mut words: Vec<Vec<u32>> = Vec::new();
        for (id, begins) in encoded.ids.into_iter().zip(encoded.word_starts) {
            if begins || words.is_empty() {
                words.push(Vec::new());
            }
            words.last_mut()?.push(id);
        }
        (words.len() == sentence.words.len()).then_some(words)
    });
    let mut words = of_text.unwrap_or_else(|| {
        let words = sentence.words.iter();
        words.map(|word| tokenizer.encode(word).ids).collect()
    });
    let mut room = window.saturating_sub(2);
    let whole = words.iter().take_while(|word| {
        let fits = word.len() <= room;
        room = room.saturating_sub(word.len());
        fits
    });
    let whole = whole.count();
    words.truncate(whole);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_the_language_are_apart_and_know_what_the_grammar_knows() {
        let [train, test] = of_the_language(300);
        let in_both = train.iter().filter(|sentence| test.contains(sentence)).count();
        assert!(in_both < 15, "{in_both} sentences are in both");
        let words: usize = train.iter().map(|sentence| sentence.words.len()).sum();
        let mean = words as f64 / train.len() as f64;
        assert!((mean - super::super::WORDS).abs() < 0.4, "{mean} words in a sentence");
        let sentence = &train[0];
        assert_eq!(sentence.of_words.len() + sentence.of_whole.len(), 4);
        assert!(
            sentence
                .of_words
                .iter()
                .all(|(_, labels)| labels.len() == sentence.words.len())
        );
    }
}
