//! What is asked of the sentences: a property, who is asked (words or sentences) and the right answers.

use super::sentences::{SEEDS, Sentence, WHOLE, WORD};
use cloze_foundation::Draw;
use std::collections::{BTreeMap, BTreeSet};

/// Ranges of sentence length, each with about as many sentences that are learnt from.
const LENGTHS: usize = 5;
/// Words whose presence is asked for (Conneau et al. 2018), and in which shares of the sentences such a word stands.
const CONTENTS: usize = 20;
const SHARES: (f64, f64) = (0.005, 0.05);
/// Words that are asked about at most, of either part: the first ones.
const MOST_WORDS: usize = 10_000;
/// Whether a word is another one's head.
pub(super) const ARC: &str = "dependency-arc";
/// What stands for a word that is somebody's head, and for one that is not.
const HEAD: [&str; 2] = ["head", "not the head"];

/// A sentence, or one of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sentence: usize,
    pub(crate) word: Option<usize>,
}

/// Whom a question is about, or which two, and the class of the right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) of: Place,
    pub(crate) with: Option<Place>,
    pub(crate) class: u32,
}

/// A question with the label that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) of: Place,
    pub(crate) with: Option<Place>,
    pub(crate) label: String,
}

/// A property with the questions that a probe learns from, and those that it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// Nothing where it is all that is asked.
    pub(crate) name: &'static str,
    /// Labels that are learnt from, in alphabetical order. A label of the questions alone is the class behind the last one: no
    /// probe answers it.
    pub(crate) classes: Vec<String>,
    pub(crate) train: Vec<Asked>,
    pub(crate) test: Vec<Asked>,
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
    let sentences = |part: usize| parts[part].iter().zip(known[part].iter().copied()).enumerate();
    let of_words = WORD.into_iter().map(|name| {
        let part = |part: usize| {
            let asked = sentences(part).flat_map(|(sentence, (labelled, known))| {
                let labels = find(&labelled.of_words, name).into_iter().flatten().take(known);
                labels.enumerate().filter_map(move |(word, label)| {
                    Some(Answer {
                        of: Place::word(sentence, word),
                        with: None,
                        label: label.clone()?,
                    })
                })
            });
            asked.take(MOST_WORDS).collect::<Vec<Answer>>()
        };
        (name, [part(0), part(1)])
    });
    let of_wholes = WHOLE.into_iter().map(|name| {
        let part = |part: usize| {
            // Of a sentence that is cut nobody can tell what stands behind the end.
            let whole = sentences(part).filter(|(_, (labelled, known))| labelled.words.len() == *known);
            let asked = whole.filter_map(|(sentence, (labelled, _))| {
                Some(Answer {
                    of: Place::whole(sentence),
                    with: None,
                    label: label_of_whole(name, labelled)?,
                })
            });
            asked.collect::<Vec<Answer>>()
        };
        (name, [part(0), part(1)])
    });
    let arcs = |part: usize| {
        let asked = sentences(part).flat_map(|(sentence, (labelled, known))| arcs(sentence, labelled, known));
        asked.take(MOST_WORDS).collect::<Vec<Answer>>()
    };
    of_words
        .chain(of_wholes)
        .chain(std::iter::once((ARC, [arcs(0), arcs(1)])))
        .filter_map(|(name, [train, test])| Property::new(name, &train, &test))
        .collect()
}

/// For every word but the root its head, and beside it another word of the sentence, drawn by what the sentence says: which of
/// them is the head (as the edges of Tenney et al. 2019 are asked for, with as many that are none).
fn arcs(sentence: usize, labelled: &Sentence, known: usize) -> Vec<Answer> {
    let draw = Draw::new(SEEDS[0], "words that are not the head").purpose(&labelled.words.join(" "));
    let mut asked = Vec::new();
    for (word, head) in labelled.heads.iter().take(known).enumerate() {
        let Some(head) = head.checked_sub(1).filter(|head| *head < known) else {
            continue;
        };
        let others: Vec<usize> = (0..known).filter(|other| ![word, head].contains(other)).collect();
        if others.is_empty() {
            continue;
        }
        let other = others[draw.example(word as u64).stream().below(others.len())];
        asked.extend([(head, HEAD[0]), (other, HEAD[1])].map(|(other, label)| Answer {
            of: Place::word(sentence, word),
            with: Some(Place::word(sentence, other)),
            label: label.to_owned(),
        }));
    }
    asked
}

impl Place {
    pub(crate) fn whole(sentence: usize) -> Self {
        Self { sentence, word: None }
    }

    fn word(sentence: usize, word: usize) -> Self {
        Self {
            sentence,
            word: Some(word),
        }
    }
}

impl Property {
    /// Nothing where there are no two labels to learn, or no question.
    pub(crate) fn new(name: &'static str, train: &[Answer], test: &[Answer]) -> Option<Self> {
        let classes: BTreeSet<&String> = train.iter().map(|answer| &answer.label).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let asked = |answers: &[Answer]| {
            let one = |answer: &Answer| Asked {
                of: answer.of,
                with: answer.with,
                class: classes.binary_search(&answer.label).unwrap_or(classes.len()) as u32,
            };
            answers.iter().map(one).collect::<Vec<_>>()
        };
        let (train, test) = (asked(train), asked(test));
        (classes.len() > 1 && !test.is_empty()).then_some(Self {
            name,
            classes,
            train,
            test,
        })
    }

    /// Whether it is asked of two at a time.
    pub(crate) fn is_of_two(&self) -> bool {
        self.train.iter().any(|asked| asked.with.is_some())
    }

    /// The share of the questions whose answer is the most frequent label that is learnt from.
    pub(crate) fn majority(&self) -> f64 {
        let mut counts = vec![0_usize; self.classes.len()];
        self.train.iter().for_each(|asked| counts[asked.class as usize] += 1);
        let most = (0..counts.len()).rev().max_by_key(|class| counts[*class]).unwrap_or(0);
        let right = self.test.iter().filter(|asked| asked.class as usize == most).count();
        right as f64 / self.test.len() as f64
    }

    /// What a person should know of questions whose answer is not learnt from.
    pub(crate) fn told(&self, task: &str) -> Option<String> {
        let unknown = |asked: &&Asked| asked.class as usize == self.classes.len();
        let count = self.test.iter().filter(unknown).count();
        let of = if self.name.is_empty() {
            String::new()
        } else {
            format!(" of {}", self.name)
        };
        (count > 0).then(|| {
            format!(
                "{task}: the answers to {count} of {} questions{of} are not among what is learnt from, and count as wrong",
                self.test.len()
            )
        })
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
        let told = parts.told("mine").unwrap();
        assert!(
            told.starts_with("mine: the answers to 1 of 2 questions of part-of-speech"),
            "{told}"
        );
        // Words behind the window's end are not asked about.
        let cut = properties([&train, &test], [&[3, 1], &[1]]);
        assert_eq!(classes(&cut[0].test), [2]);
    }

    #[test]
    fn every_arc_stands_beside_a_pair_that_is_none() {
        let mut tree = sentence("the dog sees a cat", &[]);
        tree.heads = vec![2, 3, 0, 5, 3];
        // The root has no head, and what stands behind the window's end is nobody's.
        for (known, words) in [(5, [0, 1, 3, 4].as_slice()), (4, &[0, 1]), (2, &[]), (0, &[])] {
            let found = arcs(7, &tree, known);
            let asked: Vec<usize> = found.chunks_exact(2).filter_map(|two| two[0].of.word).collect();
            assert_eq!((found.len(), asked.as_slice()), (2 * words.len(), words), "{known}");
            for two in found.chunks_exact(2) {
                let [head, other] = [0, 1].map(|place| two[place].with.and_then(|with| with.word).unwrap());
                let word = two[0].of.word.unwrap();
                assert_eq!((two[0].of, two[0].of.sentence), (two[1].of, 7));
                assert_eq!(head + 1, tree.heads[word]);
                assert!(other != head && other != word && other < known);
                assert_eq!([&two[0].label, &two[1].label], HEAD);
            }
        }
        let property = properties([&[tree.clone()], &[tree]], [&[5], &[5]]).pop().unwrap();
        assert_eq!(
            (property.name, property.majority(), property.is_of_two()),
            (ARC, 0.5, true)
        );
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
