//! Labelled sentences of dependency treebanks, as CoNLL-U files (universaldependencies.org/format.html).

use super::sentences::{SEEDS, Sentence, WORD};
use cloze_corpus::sets::{Column, ColumnsAsked, read_columns};
use cloze_foundation::{Draw, Fault, Result};
use std::path::{Path, PathBuf};

/// The columns.
const PART_OF_SPEECH: i64 = 4;
const HEAD: i64 = 7;
const RELATION: i64 = 8;
/// A head this far away or farther is far away.
const FAR: i64 = 5;

/// The sentences of CoNLL-U files. Their order does not matter: they are sorted by a key that is drawn from what they say, and
/// the first `most` of them are taken.
///
/// # Errors
/// What the reader of columns says; a head that is no number.
pub(super) fn of_files(paths: &[PathBuf], most: usize) -> Result<Vec<Sentence>> {
    let mut sentences = Vec::new();
    for path in paths {
        sentences.append(&mut of_file(path)?);
    }
    let draw = Draw::new(SEEDS[0], "order of sentences");
    sentences.sort_by_cached_key(|sentence| {
        let text = sentence.words.join(" ");
        (draw.purpose(&text).stream().bits(), text)
    });
    sentences.truncate(most);
    Ok(sentences)
}

fn of_file(path: &Path) -> Result<Vec<Sentence>> {
    let column = |number: i64| {
        let asked = ColumnsAsked {
            word: None,
            tag: Some(Column::Number(number)),
        };
        read_columns(path, &asked)
    };
    let [parts, heads, relations] = [column(PART_OF_SPEECH)?, column(HEAD)?, column(RELATION)?];
    let mut sentences = Vec::with_capacity(parts.len());
    for ((parts, heads), relations) in parts.into_iter().zip(heads).zip(relations) {
        let distances = (0..heads.tags.len()).map(|word| {
            let place = format!("{}:{}", path.display(), heads.lines[word]);
            let head: u32 = heads.tags[word]
                .parse()
                .map_err(|_| Fault::usage(format!("the head `{}` is no number", heads.tags[word])).at(place))?;
            Ok(Some(distance(head.into(), word as i64 + 1)))
        });
        let some = |tags: Vec<String>| tags.into_iter().map(Some).collect();
        sentences.push(Sentence {
            text: None,
            of_words: vec![
                (WORD[3], distances.collect::<Result<_>>()?),
                (WORD[0], some(parts.tags)),
                // `nsubj:pass` is a kind of `nsubj`.
                (WORD[2], some(relations.tags.iter().map(|tag| universal(tag)).collect())),
            ],
            words: parts.words,
            of_whole: Vec::new(),
        });
    }
    Ok(sentences)
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
    fn a_tree_becomes_labels_of_its_words_whatever_the_order_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let [path, second] = ["a.conllu", "b.conllu"].map(|name| folder.path().join(name));
        let read =
            |paths: &[&PathBuf], most| of_files(&paths.iter().map(|path| (*path).clone()).collect::<Vec<_>>(), most);
        let other = TREE.replace("Dogs", "Cats");
        std::fs::write(&path, [TREE, &other].concat()).unwrap();
        let found = read(&[&path], 10).unwrap();
        let dogs = found.iter().find(|sentence| sentence.words[0] == "Dogs").unwrap();
        let labels = |property: &str| {
            let (_, labels) = dogs.of_words.iter().find(|(name, _)| *name == property).unwrap();
            labels.iter().flatten().map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(labels("part-of-speech"), ["NOUN", "VERB", "PUNCT"]);
        assert_eq!(labels("dependency-label"), ["nsubj", "root", "punct"]);
        assert_eq!(labels("head-distance"), ["+1", "root", "-1"]);
        std::fs::write(&path, [&other, TREE].concat()).unwrap();
        assert_eq!(read(&[&path], 10).unwrap(), found);
        assert_eq!(read(&[&path], 1).unwrap(), found[..1]);
        // Nor does it matter in which file they are.
        std::fs::write(&path, &other).unwrap();
        std::fs::write(&second, TREE).unwrap();
        assert_eq!(read(&[&path, &second], 10).unwrap(), found);
        std::fs::write(&path, TREE.replace("\t2\tpunct", "\tx\tpunct")).unwrap();
        let fault = read(&[&path], 10).unwrap_err();
        assert!(fault.place().unwrap().ends_with("a.conllu:4"), "{fault}");
        assert_eq!(
            [distance(9, 1), distance(1, 9)],
            ["5 or more behind", "5 or more before"]
        );
    }
}
