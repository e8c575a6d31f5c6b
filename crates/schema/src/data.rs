//! Which data a run was made from: two runs of one id and other data are two runs.

use cloze_foundation::files::hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What experiments call the built-in language, whose text is generated.
pub const BUILT_IN: &str = "fragment";

/// Hexadecimal digits of [`RunData::short`].
const DIGITS: usize = 16;

/// The data of a run, as BLAKE3 hashes in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunData {
    /// Tokenizer, training tokens and held-out tokens together.
    pub corpus: String,
    /// The tokenizer.
    pub tokenizer: String,
    /// The held-out text, whatever the tokenizer.
    pub held_out: String,
    /// What each evaluation reads, by the name that its rows have.
    #[serde(default)]
    pub tasks: BTreeMap<String, String>,
    /// The weights that it begins with, where they are not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl RunData {
    /// All of it in 16 hexadecimal digits: the column `data` of the metrics.
    pub fn short(&self) -> String {
        let Self {
            corpus,
            tokenizer,
            held_out,
            tasks,
            start,
        } = self;
        let mut text = format!("corpus {corpus}\ntokenizer {tokenizer}\nheld out {held_out}\n");
        for (task, data) in tasks {
            text += &format!("task {task:?} {data}\n");
        }
        if let Some(start) = start {
            text += &format!("start {start}\n");
        }
        hash(text.as_bytes())[..DIGITS].to_owned()
    }

    /// What differs from `other`, in words.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut words = Vec::new();
        for (what, mine, theirs) in [
            ("the tokenizer", &self.tokenizer, &other.tokenizer),
            ("the held-out text", &self.held_out, &other.held_out),
        ] {
            if mine != theirs {
                words.push(what.to_owned());
            }
        }
        // The corpus' hash is over both of those and the training text.
        if words.is_empty() && self.corpus != other.corpus {
            words.push("the training text".to_owned());
        }
        if self.start != other.start {
            words.push("the weights that it begins with".to_owned());
        }
        let names = self.tasks.keys().chain(other.tasks.keys());
        let mut names: Vec<&String> = names
            .filter(|name| self.tasks.get(*name) != other.tasks.get(*name))
            .collect();
        names.sort_unstable();
        names.dedup();
        words.extend(names.iter().map(|name| format!("what `{name}` reads")));
        words
    }
}

/// Whether two runs of one configuration were made from the same data. Where it is not known of one of them, because
/// cloze did not write it down then, equal configurations are taken for equal data.
pub fn is_same(one: Option<&RunData>, other: Option<&RunData>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> RunData {
        RunData {
            corpus: "c".to_owned(),
            tokenizer: "t".to_owned(),
            held_out: "h".to_owned(),
            tasks: BTreeMap::from([("blimp".to_owned(), "b".to_owned())]),
            start: None,
        }
    }

    #[test]
    fn every_part_changes_the_digits_and_is_named() {
        type Change = fn(&mut RunData);
        let changes: [(Change, &str); 6] = [
            (|data| data.corpus.push('x'), "the training text"),
            (|data| data.tokenizer.push('x'), "the tokenizer"),
            (
                |data| data.start = Some(String::new()),
                "the weights that it begins with",
            ),
            (|data| data.held_out.push('x'), "the held-out text"),
            (
                |data| data.tasks.values_mut().for_each(|hash| hash.push('x')),
                "what `blimp` reads",
            ),
            (
                |data| _ = data.tasks.insert("mine".to_owned(), String::new()),
                "what `mine` reads",
            ),
        ];
        let mut seen = vec![data().short()];
        assert_eq!(seen[0].len(), DIGITS);
        for (change, words) in changes {
            let mut other = data();
            change(&mut other);
            assert!(!seen.contains(&other.short()), "{words}");
            seen.push(other.short());
            assert_eq!(data().differences(&other), [words]);
            assert!(!is_same(Some(&data()), Some(&other)));
        }
        assert!(is_same(Some(&data()), Some(&data())) && is_same(None, Some(&data())));
    }
}
