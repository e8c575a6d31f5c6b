//! The phrases that are known of a text: those of its gazetteer, or the names of the built-in language, which are no other
//! words.

use crate::cache::GAZETTEER;
use crate::ngrams::{Ngrams, Step, token, walk};
use crate::{Prepared, fragment};
use cloze_foundation::files;
use std::collections::{BTreeSet, HashSet};

/// The names that occur in the training text, each as its tokens with the word starts marked ([`token`]), in a fixed order.
/// None where nobody knows the names of the text.
pub(crate) fn of(corpus: &Prepared) -> Vec<Vec<u32>> {
    let vocabulary = corpus.tokenizer.vocabulary();
    let known = known(corpus);
    if known.is_empty() {
        return Vec::new();
    }
    // Few words begin a name.
    let first = |name: &Vec<u32>| Ngrams::words(name).next().map(<[u32]>::to_vec);
    let begin: HashSet<Vec<u32>> = known.iter().filter_map(first).collect();
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
            let begins = (0..last.len()).filter(|from| begin.contains(&last[*from]));
            let names = begins.map(|from| last[from..].concat());
            found.extend(names.filter(|name| known.contains(name)));
        }
    });
    found.into_iter().collect()
}

/// What is known, whether it occurs or not.
fn known(corpus: &Prepared) -> HashSet<Vec<u32>> {
    let spell = |name: &str| -> Vec<u32> {
        let encoded = corpus.tokenizer.encode(name);
        let tokens = encoded.ids.iter().zip(&encoded.word_starts);
        tokens.map(|(id, starts)| token(*id, *starts)).collect()
    };
    if corpus.manifest.phrases == 0 {
        let names = if corpus.is_built_in() {
            fragment::names()
        } else {
            Vec::new()
        };
        return names.iter().map(|name| spell(name)).collect();
    }
    // It was verified when the corpus was opened.
    let text = files::read_text(&corpus.folder.join(GAZETTEER)).unwrap_or_default();
    let unknown = corpus.tokenizer.vocabulary().special.unknown;
    // What the tokenizer does not know would stand for every other word that it does not know.
    let is_known = |name: &Vec<u32>| {
        !name.is_empty()
            && !name
                .iter()
                .any(|id| [token(unknown, true), token(unknown, false)].contains(id))
    };
    // A byte-level tokenizer spells a word otherwise where a space is before it.
    let both = |name: &str| [spell(name), spell(&format!(" {name}"))];
    text.lines().flat_map(both).filter(is_known).collect()
}
