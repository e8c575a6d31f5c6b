//! Labelled sentences of people's own files: trees, or words with a tag each.

use super::sentences::{LocatedSentence, Sentence, WORD, sampled};
use super::trees;
use crate::finetune::{Files, Part, located, unknown_label};
use cloze_corpus::sets::{ColumnsAsked, TaggedSentence, check_tags, read_columns, spans, universal_columns};
use cloze_foundation::{Fault, Place, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// The properties of words whose labels stand in a file: none may stand in the test part alone.
const WRITTEN: [&str; 4] = [WORD[0], WORD[1], WORD[2], WORD[4]];

/// At most so many sentences of the training part and of the test part: words with their tags where a column of these is asked for,
/// and otherwise trees.
///
/// # Errors
/// What the readers say; a file that is not CoNLL-U where trees are asked for; a label of the test part that the training part does
/// not have.
pub(super) fn of_files(files: &Files, columns: &ColumnsAsked, most: usize) -> Result<[Vec<Sentence>; 2]> {
    let mut paths = files
        .each()
        .flat_map(|(key, paths)| paths.iter().map(move |path| (key, path)));
    let [train, test] = match columns.tag {
        Some(_) => tagged(files, columns)?,
        None => {
            if let Some((key, path)) = paths.find(|(_, path)| !universal_columns(path)) {
                return Err(Fault::usage(format!(
                    "`{}` is not CoNLL-U, whose trees are probed for",
                    path.display()
                ))
                .at(Place::key(key))
                .remedy("name the column of the tags with `column`; trees are in files that end in .conllu"));
            }
            let [train, _, test] = located(files, |path| trees::of_file(path, columns.word.as_ref()))?;
            [train, test].map(Option::unwrap_or_default)
        }
    };
    check_labels(&train, &test).map_err(|fault| fault.at(Place::key("test")))?;
    Ok([train, test].map(|part| {
        let sentences = part.into_iter().flat_map(|(_, read)| read).map(|read| read.sentence);
        sampled(sentences.collect(), most, |sentence| sentence.words.join(" "))
    }))
}

/// Words with a tag each. Where all tags of the training part are those of entities a word of an entity has its kind, and others
/// are not asked about; otherwise a word has its tag.
fn tagged(files: &Files, columns: &ColumnsAsked) -> Result<[Part<LocatedSentence>; 2]> {
    let [train, _, test] = located(files, |path| read_columns(path, columns))?;
    let parts = [train, test].map(Option::unwrap_or_default);
    let tags = || {
        parts[0]
            .iter()
            .flat_map(|(_, sentences)| sentences)
            .map(|one| &one.tags)
    };
    let are_entities = tags().all(|tags| check_tags(tags, None).is_ok()) && tags().any(|tags| !spans(tags).is_empty());
    let read = |sentence: TaggedSentence, path: &Path| -> Result<LocatedSentence> {
        let labels = match are_entities {
            true => {
                let at = |line: u64| format!("{}:{line}", path.display());
                check_tags(&sentence.tags, None).map_err(|(place, fault)| fault.at(at(sentence.lines[place])))?;
                let mut kinds = vec![None; sentence.tags.len()];
                for span in spans(&sentence.tags) {
                    kinds[span.from..span.to].fill(Some(span.kind));
                }
                (WORD[1], kinds)
            }
            false => (WORD[4], sentence.tags.into_iter().map(Some).collect()),
        };
        Ok(LocatedSentence {
            sentence: Sentence {
                words: sentence.words,
                of_words: vec![labels],
                ..Sentence::default()
            },
            lines: sentence.lines,
        })
    };
    let [train, test] = parts.map(|part| {
        let file = |(path, sentences): (std::path::PathBuf, Vec<TaggedSentence>)| {
            let read = sentences.into_iter().map(|sentence| read(sentence, &path));
            let read = read.collect::<Result<_>>()?;
            Ok((path, read))
        };
        part.into_iter().map(file).collect::<Result<Part<LocatedSentence>>>()
    });
    let at = |key: &'static str| move |fault: Fault| fault.at(Place::key(key));
    Ok([train.map_err(at("train"))?, test.map_err(at("test"))?])
}

/// Refuses a label that the test part alone has.
fn check_labels(train: &Part<LocatedSentence>, test: &Part<LocatedSentence>) -> Result<()> {
    fn labels<'a>(read: &'a LocatedSentence, property: &str) -> impl Iterator<Item = (&'a str, u64)> {
        let known = read.sentence.of_words.iter().filter(move |(name, _)| *name == property);
        let labels = known.flat_map(|(_, labels)| labels).zip(&read.lines);
        labels.filter_map(|(label, line)| Some((label.as_deref()?, *line)))
    }
    for property in WRITTEN {
        let train = train.iter().flat_map(|(_, sentences)| sentences);
        let known: BTreeSet<&str> = train
            .flat_map(|read| labels(read, property))
            .map(|(label, _)| label)
            .collect();
        for (path, sentences) in test {
            let mut asked = sentences.iter().flat_map(|read| labels(read, property));
            if let Some((label, line)) = asked.find(|(label, _)| !known.contains(label)) {
                let place = format!("{}:{line}", path.display());
                return Err(unknown_label("test", label, &place, known.iter().copied()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finetune::Named;
    use cloze_corpus::sets::Column;

    fn tree(noun: &str, part: &str) -> String {
        format!("1\t{noun}\t_\t{part}\t_\t_\t2\tnsubj\t_\t_\n2\tbark\t_\tVERB\t_\t_\t0\troot\t_\t_\n\n")
    }

    fn read(train: &Path, test: &Path, column: Option<i64>, most: usize) -> Result<[Vec<Sentence>; 2]> {
        let named = Named {
            train: Some(train),
            dev: None,
            test: Some(test),
        };
        let columns = ColumnsAsked {
            word: column.map(|_| Column::Number(1)),
            tag: column.map(Column::Number),
        };
        of_files(&Files::of(named, None, &[])?.unwrap(), &columns, most)
    }

    #[test]
    fn neither_the_order_of_a_file_nor_in_which_file_a_sentence_is_matters() {
        let folder = tempfile::tempdir().unwrap();
        let [path, parts] = ["a.conllu", "parts"].map(|name| folder.path().join(name));
        std::fs::create_dir(&parts).unwrap();
        let (dogs, cats) = (tree("Dogs", "NOUN"), tree("Cats", "NOUN"));
        std::fs::write(&path, [dogs.as_str(), &cats].concat()).unwrap();
        let [found, other] = read(&path, &path, None, 10).unwrap();
        assert_eq!((found.len(), &found), (2, &other));
        std::fs::write(&path, [cats.as_str(), &dogs].concat()).unwrap();
        assert_eq!(read(&path, &path, None, 10).unwrap()[0], found);
        assert_eq!(read(&path, &path, None, 1).unwrap()[0], found[..1]);
        std::fs::write(parts.join("a.conllu"), &cats).unwrap();
        std::fs::write(parts.join("b.conllu"), &dogs).unwrap();
        assert_eq!(read(&parts, &path, None, 10).unwrap()[0], found);
    }

    #[test]
    fn tags_alone_are_kinds_of_entities_where_they_are_such_and_labels_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let labels = |sentence: &Sentence| -> Vec<(&'static str, Vec<String>)> {
            let shown =
                |labels: &Vec<Option<String>>| labels.iter().map(|one| one.clone().unwrap_or_default()).collect();
            sentence
                .of_words
                .iter()
                .map(|(name, labels)| (*name, shown(labels)))
                .collect()
        };
        let of = |property: &'static str, labels: [&str; 3]| vec![(property, labels.map(str::to_owned).to_vec())];
        let path = put("a.iob2", "in\tO\tIN\nTampa\tB-LOC\tNN\nbay\tI-LOC\tNN\n");
        let [entities, _] = read(&path, &path, Some(2), 10).unwrap();
        assert_eq!(labels(&entities[0]), of("entity-type", ["", "LOC", "LOC"]));
        // Which column it is has to be said.
        let fault = read(&path, &path, None, 10).unwrap_err();
        assert!(fault.what.contains("not CoNLL-U") && fault.is_at("train"), "{fault}");
        let [tags, _] = read(&path, &path, Some(3), 10).unwrap();
        assert_eq!(labels(&tags[0]), of("tag", ["IN", "NN", "NN"]));
        // A column of trees is a column of tags if it is asked for.
        let trees = put("a.conllu", &tree("Dogs", "NOUN"));
        let named = ColumnsAsked {
            word: None,
            tag: Some(Column::Number(4)),
        };
        let parts = Named {
            train: Some(&trees),
            dev: None,
            test: Some(&trees),
        };
        let [found, _] = of_files(&Files::of(parts, None, &[]).unwrap().unwrap(), &named, 10).unwrap();
        assert_eq!((found[0].of_words[0].0, found[0].heads.len()), ("tag", 0));

        let refused = |name: &str, text: &str| read(&path, &put(name, text), Some(2), 10).unwrap_err();
        let is_at = |fault: &Fault, place: &str| format!("{fault:?}").contains(place);
        let fault = refused("b.iob2", "in\tO\tIN\nTampa\tLOC\tNN\n");
        assert!(
            fault.what.contains("`LOC` is no tag of an entity") && is_at(&fault, "b.iob2:2"),
            "{fault}"
        );
        let fault = refused("c.iob2", "in\tO\tIN\nTampa\tB-PER\tNN\n");
        assert!(
            fault.what.contains("`PER` is in the test part and not") && is_at(&fault, "c.iob2:2"),
            "{fault}"
        );
    }

    #[test]
    fn a_label_that_the_test_part_alone_has_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let train = put("a.conllu", tree("Dogs", "NOUN"));
        let test = put("b.conllu", tree("Dogs", "NOUN") + &tree("Dogs", "ZZZ"));
        let fault = read(&train, &test, None, 10).unwrap_err();
        assert!(
            fault.what.contains("`ZZZ`") && format!("{fault:?}").contains("b.conllu:4"),
            "{fault}"
        );
        let test = put("c.conllu", tree("Dogs", "NOUN").replace("nsubj", "obj"));
        let fault = read(&train, &test, None, 10).unwrap_err();
        assert!(
            fault.what.contains("`obj`") && format!("{fault:?}").contains("c.conllu:1"),
            "{fault}"
        );
        // How far away heads are is no label that a file has: such an answer is unknown, and told.
        let far = "1\tDogs\t_\tNOUN\t_\t_\t3\tnsubj\t_\t_\n2\tDogs\t_\tNOUN\t_\t_\t3\tnsubj\t_\t_\n3\tbark\t_\tVERB\t_\t_\t0\troot\t_\t_\n";
        assert!(read(&train, &put("d.conllu", far.to_owned()), None, 10).is_ok());
    }
}
