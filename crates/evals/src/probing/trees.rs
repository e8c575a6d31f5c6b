//! Labelled sentences of dependency treebanks, as CoNLL-U files (universaldependencies.org/format.html).

use super::sentences::{LocatedSentence, Sentence, WORD};
use cloze_corpus::sets::{Column, ColumnsAsked, TaggedSentence, read_columns};
use cloze_foundation::{Fault, Result};
use std::path::Path;

/// The columns.
const PART_OF_SPEECH: i64 = 4;
const HEAD: i64 = 7;
const RELATION: i64 = 8;
/// A head this far away or farther is far away.
const FAR: i64 = 5;

/// The sentences of a CoNLL-U file.
///
/// # Errors
/// What the reader of columns says; heads that make no tree of a sentence.
pub(super) fn of_file(path: &Path, word: Option<&Column>) -> Result<Vec<LocatedSentence>> {
    let column = |number: i64| {
        let asked = ColumnsAsked {
            word: word.cloned(),
            tag: Some(Column::Number(number)),
        };
        read_columns(path, &asked)
    };
    let [parts, heads, relations] = [column(PART_OF_SPEECH)?, column(HEAD)?, column(RELATION)?];
    let mut sentences = Vec::with_capacity(parts.len());
    for ((parts, written), relations) in parts.into_iter().zip(heads).zip(relations) {
        let heads = heads_of(&written, path)?;
        let distances = heads.iter().enumerate();
        let distances = distances.map(|(word, head)| Some(distance(*head as i64, word as i64 + 1)));
        let some = |tags: Vec<String>| tags.into_iter().map(Some).collect();
        sentences.push(LocatedSentence {
            sentence: Sentence {
                of_words: vec![
                    (WORD[3], distances.collect()),
                    (WORD[0], some(parts.tags)),
                    // `nsubj:pass` is a kind of `nsubj`.
                    (WORD[2], some(relations.tags.iter().map(|tag| universal(tag)).collect())),
                ],
                words: parts.words,
                heads,
                ..Sentence::default()
            },
            lines: parts.lines,
        });
    }
    Ok(sentences)
}

/// The heads of a sentence, which make it a tree: one root, and every word below it.
fn heads_of(written: &TaggedSentence, path: &Path) -> Result<Vec<usize>> {
    let words = written.tags.len();
    let at = |word: usize, fault: Fault| fault.at(format!("{}:{}", path.display(), written.lines[word]));
    let mut heads = Vec::with_capacity(words);
    for (word, tag) in written.tags.iter().enumerate() {
        let head = tag
            .parse::<usize>()
            .ok()
            .filter(|head| *head <= words && *head != word + 1)
            .ok_or_else(|| {
                let fault = Fault::usage(format!("`{tag}` is not the head of word {}", word + 1));
                at(
                    word,
                    fault.allowed([format!("0 for the root, or the number of another word, up to {words}")]),
                )
            })?;
        heads.push(head);
    }
    let roots: Vec<usize> = (0..words).filter(|word| heads[*word] == 0).collect();
    if roots.len() > 1 {
        return Err(at(roots[1], Fault::usage("the sentence has a second root")));
    }
    match in_a_circle(&heads) {
        Some(word) => Err(at(
            word,
            Fault::usage(format!(
                "word {} is not below the root: its heads go round in a circle",
                word + 1
            )),
        )),
        None => Ok(heads),
    }
}

/// The first word from which heads never lead to the root. Every word is gone through once.
fn in_a_circle(heads: &[usize]) -> Option<usize> {
    let mut is_below = vec![false; heads.len()];
    for word in 0..heads.len() {
        let mut path = Vec::new();
        let mut at = word;
        while !is_below[at] {
            // A path longer than there are words has been somewhere twice.
            if path.len() == heads.len() {
                return Some(word);
            }
            path.push(at);
            match heads[at] {
                0 => break,
                head => at = head - 1,
            }
        }
        path.into_iter().for_each(|word| is_below[word] = true);
    }
    None
}

fn universal(relation: &str) -> String {
    relation.split(':').next().unwrap_or_default().to_owned()
}

/// How far behind a word its head stands, words counted from 1; the root's head is 0.
fn distance(head: i64, word: i64) -> String {
    match head - word {
        _ if head == 0 => "root".to_owned(),
        far if far >= FAR => format!("{FAR} or more behind"),
        far if far <= -FAR => format!("{FAR} or more before"),
        near => format!("{near:+}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "# text = Dogs bark .\n\
        1\tDogs\tdog\tNOUN\t_\t_\t2\tnsubj:outer\t_\t_\n\
        2\tbark\tbark\tVERB\t_\t_\t0\troot\t_\t_\n\
        3\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_\n\n";

    #[test]
    fn a_tree_becomes_labels_of_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.conllu");
        std::fs::write(&path, TREE).unwrap();
        let found = of_file(&path, None).unwrap().pop().unwrap();
        let labels = |property: &str| {
            let mut known = found.sentence.of_words.iter();
            let (_, labels) = known.find(|(name, _)| *name == property).unwrap();
            labels.iter().flatten().map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(labels("part-of-speech"), ["NOUN", "VERB", "PUNCT"]);
        assert_eq!(labels("dependency-label"), ["nsubj", "root", "punct"]);
        assert_eq!(labels("head-distance"), ["+1", "root", "-1"]);
        assert_eq!((found.sentence.heads, found.lines), (vec![2, 0, 2], vec![2, 3, 4]));
        assert_eq!(
            [distance(9, 1), distance(1, 9)],
            ["5 or more behind", "5 or more before"]
        );
    }

    #[test]
    fn heads_that_make_no_tree_are_refused_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.conllu");
        for (heads, line, what) in [
            (["2", "0", "x"], 4, "`x` is not the head of word 3"),
            (["2", "0", "7"], 4, "`7` is not the head of word 3"),
            (["2", "0", "3"], 4, "`3` is not the head of word 3"),
            (["2", "0", "0"], 4, "a second root"),
            (["2", "1", "0"], 2, "word 1 is not below the root"),
            (["0", "3", "2"], 3, "word 2 is not below the root"),
            (["2", "3", "1"], 2, "word 1 is not below the root"),
        ] {
            let [first, second, third] = heads;
            let text = TREE
                .replace("\t2\tnsubj", &format!("\t{first}\tnsubj"))
                .replace("\t0\troot", &format!("\t{second}\troot"))
                .replace("\t2\tpunct", &format!("\t{third}\tpunct"));
            std::fs::write(&path, text).unwrap();
            let fault = of_file(&path, None).unwrap_err();
            assert!(fault.place().unwrap().ends_with(&format!("a.conllu:{line}")), "{fault}");
            assert!(fault.what.contains(what), "{fault}");
        }
    }
}
