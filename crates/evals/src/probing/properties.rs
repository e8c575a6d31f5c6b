//! What is asked of the sentences: a property, who is asked (words or sentences) and the right answers.

use super::sentences::{Sentence, WHOLE, WORD};
use std::collections::{BTreeMap, BTreeSet};

/// Ranges of sentence length, each with about as many sentences that are learnt from.
const LENGTHS: usize = 5;
/// Words whose presence is asked for (Conneau et al. 2018), and in which shares of the sentences such a word stands.
const CONTENTS: usize = 20;
const SHARES: (f64, f64) = (0.005, 0.05);
/// Words that are asked about at most, of either part: the first ones.
const MOST_WORDS: usize = 10_000;

/// Whom a question is about: a sentence, or one of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) sentence: usize,
    pub(super) word: Option<usize>,
    pub(super) class: u32,
}

/// A property with the questions that a probe learns from, and those that it is asked.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    /// Labels that are learnt from, in alphabetical order. A label of the questions alone is the class behind the last one: no
    /// probe answers it.
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Asked>,
    pub(super) test: Vec<Asked>,
}

/// Every property of two parts that has two labels at least. `known` says how many words of a sentence are read.
pub(super) fn properties(parts: [&[Sentence]; 2], known: [&[usize]; 2]) -> Vec<Property> {
    let lengths = cuts(parts[0]);
    let contents = contents(parts[0]);
    let label_of_whole = |name: &str, sentence: &Sentence| match name {
        "sentence-length" => Some(range(&lengths, sentence.words.len())),
        "word-content" => content(&contents, sentence),
        _ => find(&sentence.of_whole, name).cloned(),
    };
    let of_words = WORD.into_iter().map(|name| {
        let part = |part: usize| {
            let sentences = parts[part].iter().zip(known[part]).enumerate();
            let asked = sentences.flat_map(|(sentence, (labelled, known))| {
                let labels = find(&labelled.of_words, name)
                    .into_iter()
                    .flatten()
                    .take(*known)
                    .enumerate();
                labels.filter_map(move |(word, label)| Some((sentence, Some(word), label.clone()?)))
            });
            asked.take(MOST_WORDS).collect::<Vec<Answer>>()
        };
        (name, [part(0), part(1)])
    });
    let of_wholes = WHOLE.into_iter().map(|name| {
        let part = |part: usize| {
            let sentences = parts[part].iter().zip(known[part]).enumerate();
            // Of a sentence that is cut nobody can tell what stands behind the end.
            let whole = sentences.filter(|(_, (labelled, known))| labelled.words.len() == **known);
            let asked =
                whole.filter_map(|(sentence, (labelled, _))| Some((sentence, None, label_of_whole(name, labelled)?)));
            asked.collect::<Vec<Answer>>()
        };
        (name, [part(0), part(1)])
    });
    of_words
        .chain(of_wholes)
        .filter_map(|(name, [train, test])| Property::new(name, train, test))
        .collect()
}

type Answer = (usize, Option<usize>, String);

impl Property {
    fn new(name: &'static str, train: Vec<Answer>, test: Vec<Answer>) -> Option<Self> {
        let classes: BTreeSet<&String> = train.iter().map(|(.., label)| label).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let asked = |answers: &[Answer]| {
            let one = |(sentence, word, label): &Answer| Asked {
                sentence: *sentence,
                word: *word,
                class: classes.binary_search(label).unwrap_or(classes.len()) as u32,
            };
            answers.iter().map(one).collect::<Vec<_>>()
        };
        let (train, test) = (asked(&train), asked(&test));
        (classes.len() > 1 && !test.is_empty()).then_some(Self {
            name,
            classes,
            train,
            test,
        })
    }

    /// The share of the questions whose answer is the most frequent label that is learnt from.
    pub(super) fn majority(&self) -> f64 {
        let mut counts = vec![0_usize; self.classes.len()];
        self.train.iter().for_each(|asked| counts[asked.class as usize] += 1);
        let most = (0..counts.len()).rev().max_by_key(|class| counts[*class]).unwrap_or(0);
        let right = self.test.iter().filter(|asked| asked.class as usize == most).count();
        right as f64 / self.test.len() as f64
    }
}

fn find<'a, T>(named: &'a [(&str, T)], name: &str) -> Option<&'a T> {
    named.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The lengths at which a further range of them begins.
fn cuts(sentences: &[Sentence]) -> Vec<usize> {
    let mut lengths: Vec<usize> = sentences.iter().map(|sentence| sentence.words.len()).collect();
    lengths.sort_unstable();
    let mut cuts: Vec<usize> = (1..LENGTHS)
        .filter_map(|part| lengths.get(part * lengths.len() / LENGTHS).copied())
        .collect();
    cuts.dedup();
    cuts.retain(|cut| lengths.first().is_some_and(|shortest| cut > shortest));
    cuts
}

fn range(cuts: &[usize], length: usize) -> String {
    match cuts.partition_point(|cut| *cut <= length) {
        0 => format!("below {:04}", cuts.first().copied().unwrap_or(0)),
        place => format!("from {:04}", cuts[place - 1]),
    }
}

/// The words in some of the sentences, neither many nor few, the most frequent ones.
fn contents(sentences: &[Sentence]) -> BTreeSet<String> {
    let mut standing: BTreeMap<String, usize> = BTreeMap::new();
    for sentence in sentences {
        for word in lower(sentence) {
            *standing.entry(word).or_default() += 1;
        }
    }
    let share = |count: usize| count as f64 / sentences.len().max(1) as f64;
    let mut standing: Vec<(String, usize)> = standing.into_iter().collect();
    standing.retain(|(word, count)| {
        let is_word = word.chars().all(char::is_alphabetic);
        is_word && *count > 1 && (SHARES.0..=SHARES.1).contains(&share(*count))
    });
    standing.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    standing.into_iter().take(CONTENTS).map(|(word, _)| word).collect()
}

/// The one of these words that stands in a sentence; nothing if several do, or none.
fn content(contents: &BTreeSet<String>, sentence: &Sentence) -> Option<String> {
    let mut found = lower(sentence).into_iter().filter(|word| contents.contains(word));
    found.next().filter(|_| found.next().is_none())
}

fn lower(sentence: &Sentence) -> BTreeSet<String> {
    sentence.words.iter().map(|word| word.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(words: &str, parts: &[Option<&str>]) -> Sentence {
        let labels = parts.iter().map(|part| part.map(str::to_owned)).collect();
        Sentence {
            words: words.split(' ').map(str::to_owned).collect(),
            of_words: vec![("part-of-speech", labels)],
            ..Sentence::default()
        }
    }

    #[test]
    fn labels_of_words_are_classes_and_unknown_ones_are_nobodys_answer() {
        let train = [
            sentence("a dog barks", &[Some("D"), Some("N"), None]),
            sentence("dogs", &[Some("N")]),
        ];
        let test = [sentence("he barks", &[Some("P"), Some("N")])];
        let found = properties([&train, &test], [&[3, 1], &[2]]);
        let parts = &found[0];
        assert_eq!(
            (parts.name, parts.classes.as_slice()),
            ("part-of-speech", &["D".to_owned(), "N".to_owned()][..])
        );
        let classes = |asked: &[Asked]| asked.iter().map(|asked| asked.class).collect::<Vec<_>>();
        assert_eq!(
            (classes(&parts.train), classes(&parts.test)),
            (vec![0, 1, 1], vec![2, 1])
        );
        assert_eq!(parts.majority(), 0.5);
        // Words behind the window's end are not asked about.
        let cut = properties([&train, &test], [&[3, 1], &[1]]);
        assert_eq!(classes(&cut[0].test), [2]);
    }

    #[test]
    fn lengths_are_in_ranges_of_about_as_many_sentences() {
        let sentences: Vec<Sentence> = (1..=10)
            .map(|length| sentence(&vec!["w"; length].join(" "), &[]))
            .collect();
        assert_eq!(cuts(&sentences), [3, 5, 7, 9]);
        let ranges: Vec<String> = [1, 2, 3, 8, 9, 99].map(|length| range(&[3, 5, 7, 9], length)).into();
        assert_eq!(
            ranges,
            [
                "below 0003",
                "below 0003",
                "from 0003",
                "from 0007",
                "from 0009",
                "from 0009"
            ]
        );
        assert!(cuts(&sentences[..1]).is_empty());
    }

    #[test]
    fn contents_are_words_of_some_sentences_and_a_sentence_has_one_of_them_or_is_left_out() {
        let mut sentences: Vec<Sentence> = (0..96).map(|n| sentence(&format!("all w{n} ."), &[])).collect();
        sentences.extend(["Red all", "red all", "blue all", "blue red"].map(|words| sentence(words, &[])));
        let words = contents(&sentences);
        assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), ["blue", "red"]);
        let found = |words_of: &str| content(&words, &sentence(words_of, &[]));
        assert_eq!(found("RED all"), Some("red".to_owned()));
        assert_eq!([found("blue red"), found("all")], [None, None]);
    }
}
