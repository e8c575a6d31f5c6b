//! The named entities that are known of a text: those of the built-in language, whose names are no other words.

use crate::ngrams::{Ngrams, Step, token, walk};
use crate::{Prepared, fragment};
use std::collections::{BTreeSet, HashSet};

/// The names that occur in the training text, each as its tokens with the word starts marked ([`token`]), in a fixed order.
/// None where nobody knows the names of the text.
pub(crate) fn of(corpus: &Prepared) -> Vec<Vec<u32>> {
    if !corpus.is_built_in() {
        return Vec::new();
    }
    let vocabulary = corpus.tokenizer.vocabulary();
    let spell = |name: &String| -> Vec<u32> {
        let encoded = corpus.tokenizer.encode(name);
        let tokens = encoded.ids.iter().zip(&encoded.word_starts);
        tokens.map(|(id, starts)| token(*id, *starts)).collect()
    };
    let known: HashSet<Vec<u32>> = fragment::names().iter().map(spell).collect();
    let longest = known.iter().map(|name| Ngrams::words(name).count()).max().unwrap_or(0);
    let mut found = BTreeSet::new();
    let mut last: Vec<Vec<u32>> = Vec::new();
    walk(corpus.train.pieces(), vocabulary, |step| match step {
        Step::Break => last.clear(),
        Step::Word(word) => {
            last.push(word.to_vec());
            if last.len() > longest {
                last.remove(0);
            }
            let names = (0..last.len()).map(|from| last[from..].concat());
            found.extend(names.filter(|name| known.contains(name)));
        }
    });
    found.into_iter().collect()
}
