use super::*;
use crate::reader::tests::gzip;
use std::fs;

/// Every document with its side.
fn read(source: &Source, share: f64) -> Vec<(Part, String)> {
    let split = source.split(share).unwrap();
    let mut documents = Vec::new();
    let mut open = String::new();
    source
        .documents(&split, &mut |part, text| {
            match text {
                Text::Piece(piece) => {
                    open += if open.is_empty() { "" } else { "\n" };
                    open += piece.text;
                }
                Text::End => documents.push((part, std::mem::take(&mut open))),
            }
            Ok(())
        })
        .unwrap();
    assert!(open.is_empty() && documents.iter().all(|(_, text)| !text.is_empty()));
    for part in [Part::Train, Part::HeldOut] {
        assert!(documents.iter().any(|(side, _)| *side == part), "nothing is {part:?}");
    }
    documents
}

fn texts(documents: &[(Part, String)]) -> Vec<&str> {
    documents.iter().map(|(_, text)| text.as_str()).collect()
}

/// The share of the text that is held out.
fn share(documents: &[(Part, String)]) -> f64 {
    let bytes = |wanted: fn(Part) -> bool| -> usize {
        let of_these = documents.iter().filter(|(part, _)| wanted(*part));
        of_these.map(|(_, text)| text.len() + 1).sum()
    };
    bytes(|part| part == Part::HeldOut) as f64 / bytes(|_| true) as f64
}

fn resolve(root: &Path, source: &str) -> Source {
    Source::resolve(source, 0, Some(root)).unwrap()
}

#[test]
fn a_document_is_a_file_a_block_a_line_an_object_or_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("deep")).unwrap();
    fs::create_dir_all(root.join("texts")).unwrap();
    fs::write(root.join("texts/b.txt"), "b one\n\nb two\n").unwrap();
    fs::write(root.join("texts/c.txt.gz"), gzip("c  one,\r\nc two")).unwrap();
    fs::write(root.join("texts/d.txt"), "d one d two").unwrap();
    fs::write(root.join("texts/empty.txt"), "\n").unwrap();
    fs::write(root.join("lines.txt"), "x\ny\nz\n").unwrap();
    assert_eq!(
        texts(&read(&resolve(root, "texts"), 0.35)),
        ["b one\nb two", "c one,\nc two", "d one d two"]
    );
    assert_eq!(texts(&read(&resolve(root, "texts/b.txt"), 0.5)), ["b one", "b two"]);
    assert_eq!(texts(&read(&resolve(root, "lines.txt"), 0.4)), ["x", "y", "z"]);
    let lines = "\u{FEFF}{\"text\": \"p\\nq\\u2028r\"}\n{\"text\": \" \"}\n{\"text\": \"s\"}\n";
    let array = "[{\"text\": \"p\\nq\\u2028r\"}, {\"text\": \" \"}, {\"text\": \"s\"}]";
    for (name, text) in [("c.jsonl", lines), ("d.ndjson", lines), ("e.json", array)] {
        let path = root.join("deep").join(name);
        fs::write(&path, text).unwrap();
        assert_eq!(
            texts(&read(&resolve(root, &format!("deep/{name}")), 0.5)),
            ["p\nq r", "s"],
            "{name}"
        );
        fs::remove_file(path).unwrap();
    }
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/tests/texts.parquet"),
        root.join("deep/f.parquet"),
    )
    .unwrap();
    let rows = Source::resolve("deep", 0, Some(root))
        .unwrap()
        .with_field("body")
        .unwrap();
    assert_eq!(
        texts(&read(&rows, 0.5)),
        ["The first row.", "Zeile zwei,\nmit Umbruch."]
    );
}

#[test]
fn texts_are_in_the_field_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("a.jsonl"), "{\"content\": \"one\"}\n{\"content\": \"two\"}\n").unwrap();
    fs::write(root.join("a.txt"), "one\ntwo\n").unwrap();
    let field = |source: &str, field: &str| resolve(root, source).with_field(field);
    assert_eq!(texts(&read(&field("a.jsonl", "content").unwrap(), 0.5)), ["one", "two"]);
    let fault = field("a.jsonl", "text").unwrap().split(0.5).unwrap_err();
    assert_eq!(fault.allowed.as_deref(), Some("content"));
    let useless = field("a.txt", "content").unwrap_err();
    assert_eq!(useless.place().as_deref(), Some("corpus.field"));
}

/// Every document in one piece, with its entities.
fn annotated(source: &Source) -> Vec<(String, Vec<String>)> {
    let split = source.split(0.5).unwrap();
    let mut documents: Vec<(String, Vec<String>)> = vec![Default::default()];
    source
        .documents(&split, &mut |_, text| {
            let (open, entities) = documents.last_mut().unwrap();
            match text {
                Text::Piece(piece) => {
                    *open += if open.is_empty() { "" } else { "/" };
                    *open += piece.text;
                    for (place, entity) in piece.entities.iter().enumerate() {
                        let text = &piece.text[entity.clone()];
                        match entities.last_mut().filter(|_| piece.goes_on && place == 0) {
                            Some(begun) => begun.push_str(&format!("/{text}")),
                            None => entities.push(text.to_owned()),
                        }
                    }
                }
                Text::End => documents.push(Default::default()),
            }
            Ok(())
        })
        .unwrap();
    documents.pop();
    documents
}

#[test]
fn entities_stand_in_lists_or_in_columns() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let with = |source: &str, entities: Column| resolve(root, source).with_entities(Some(&entities));
    // Of nested ones the outer is kept; one over a line break is one.
    let first =
        "{\"text\": \" Zoë  saw\\nNew\\nYork\", \"spans\": [[10, 18, \"LOC\"], [1, 4, \"PER\"], [1, 2, \"PER\"]]}";
    let second = "{\"text\": \"in Paris\", \"spans\": [{\"label\": \"LOC\", \"start\": 3, \"end\": 8}]}";
    let third = "{\"text\": \"none\", \"spans\": null}";
    fs::write(root.join("a.jsonl"), [first, second, third].join("\n")).unwrap();
    fs::write(root.join("b.json"), format!("[{}]", [first, second, third].join(","))).unwrap();
    let owned = |documents: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        documents
            .iter()
            .map(|(text, entities)| ((*text).to_owned(), owned(entities)))
            .collect()
    };
    let expected = owned(&[
        ("Zoë saw/New/York", &["Zoë", "New/York"]),
        ("in Paris", &["Paris"]),
        ("none", &[]),
    ]);
    for name in ["a.jsonl", "b.json"] {
        assert_eq!(
            annotated(&with(name, Column::from("spans")).unwrap()),
            expected,
            "{name}"
        );
    }
    let columns = "-DOCSTART- -X- O\n\nAda NNP B-PER\nLovelace NNP I-PER\nread VB O\n\nParis NNP B-LOC\n\n\
                   -DOCSTART- -X- O\n\nNo UH O\nwords NN O\nwith IN O\ntags NN O\nhere RB O\n";
    fs::write(root.join("c.conll"), columns).unwrap();
    let expected = owned(&[
        ("Ada Lovelace read/Paris", &["Ada Lovelace", "Paris"]),
        ("No words with tags here", &[]),
    ]);
    assert_eq!(annotated(&with("c.conll", Column::Number(3)).unwrap()), expected);
    let numbered: String = columns
        .lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("7\t{}\n", line.replace(' ', "\t")),
        })
        .collect();
    fs::write(root.join("d.iob2.gz"), gzip(&numbered)).unwrap();
    let second = with("d.iob2.gz", Column::Number(-1)).unwrap().with_field("2").unwrap();
    assert_eq!(annotated(&second), expected);
    // Beside other files they are not read: in a folder they have been something else so far.
    let Source::Files(files) = resolve(root, ".") else {
        panic!("files")
    };
    assert_eq!(files.files.len(), 1);
}

#[test]
fn an_entity_is_one_whatever_line_breaks_are_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x ".repeat(crate::clean::LONGEST_PIECE);
    let long = long.trim_end();
    let end = long.len() + 7;
    for (text, spans, expected) in [
        // Over three lines, one of them with nothing in it but spaces, and one that begins where another ends.
        (
            "Ada\n \nKing Lovelace read",
            "[[0, 10], [11, 19]]",
            vec!["Ada/King", "Lovelace"],
        ),
        ("Ada\nKing\nLovelace", "[[0, 17]]", vec!["Ada/King/Lovelace"]),
        // A line break at its end or its beginning is no part of it, and two that touch at one are two.
        ("Ada\nBo", "[[0, 4], [4, 6]]", vec!["Ada", "Bo"]),
        ("Ada\nBo", "[[0, 3], [3, 6]]", vec!["Ada", "Bo"]),
        ("\n\nAda", "[[0, 5]]", vec!["Ada"]),
        // Of one nothing is left in the line where it began.
        ("Bo \u{FEFF}\nAda", "[[0, 2], [3, 8]]", vec!["Bo", "Ada"]),
    ] {
        let line = format!("{{\"text\": {}, \"spans\": {spans}}}\n", serde_json::json!(text));
        fs::write(folder.path().join("a.jsonl"), line.repeat(2)).unwrap();
        let source = resolve(folder.path(), "a.jsonl");
        let found = annotated(&source.with_entities(Some(&Column::from("spans"))).unwrap());
        assert_eq!(found[0].1, expected, "{text:?}");
        assert_eq!(found.len(), 2);
    }
    // A line is cut where it is too long to be encoded at once: its entities are not.
    let line = format!("{{\"text\": \"Bo saw {long}\", \"spans\": [[0, 2], [3, {end}]]}}\n");
    fs::write(folder.path().join("a.jsonl"), line.repeat(2)).unwrap();
    let source = resolve(folder.path(), "a.jsonl");
    let found = annotated(&source.with_entities(Some(&Column::from("spans"))).unwrap());
    let spelt: Vec<String> = found[0].1.iter().map(|entity| entity.replace('/', " ")).collect();
    assert_eq!(spelt, ["Bo".to_owned(), format!("saw {long}")]);
}

#[test]
fn entities_that_cannot_be_are_refused_where_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (list, said) in [
        ("[[0, 6, \"PER\"]]", "outside its text"),
        ("[[2, 2, \"PER\"]]", "outside its text"),
        ("[[3, 1, \"PER\"]]", "outside its text"),
        ("[[-1, 1, \"PER\"]]", "is no entity"),
        ("[[0.5, 1, \"PER\"]]", "is no entity"),
        ("[\"Ada\"]", "is no entity"),
        ("[[0]]", "is no entity"),
        ("[{\"start\": 1}]", "is no entity"),
        ("[[0, 3], [2, 5]]", "overlap"),
        ("{}", "holds no list"),
        ("[], \"entitis\": 1", "no list of entities in the field `entities`"),
    ] {
        let field = if said.starts_with("no list") {
            "other"
        } else {
            "entities"
        };
        let lines = format!("{{\"text\": \"fine\", \"entities\": []}}\n{{\"text\": \"words\", \"{field}\": {list}}}\n");
        fs::write(root.join("a.jsonl"), lines).unwrap();
        let source = resolve(root, "a.jsonl")
            .with_entities(Some(&Column::from("entities")))
            .unwrap();
        let fault = source.split(0.5).unwrap_err();
        assert!(fault.what.contains(said), "{list}: {fault}");
        assert!(fault.place().unwrap().ends_with("a.jsonl:2"), "{fault}");
    }
    for (line, said) in [
        ("b", "1 columns in place of 2"),
        ("b NNP", "`NNP` is no tag of an entity"),
    ] {
        fs::write(root.join("b.conll"), format!("a O\n\n{line}\n")).unwrap();
        let source = resolve(root, "b.conll")
            .with_entities(Some(&Column::Number(-1)))
            .unwrap();
        let fault = source.split(0.5).unwrap_err();
        assert!(fault.what.contains(said), "{fault}");
        assert!(fault.place().unwrap().ends_with("b.conll:3"), "{fault}");
    }
    fs::write(root.join("c.txt"), "a\nb\n").unwrap();
    for (source, entities) in [
        ("a.jsonl", Some(Column::Number(1))),
        ("b.conll", Some(Column::from("tag"))),
        ("b.conll", None),
        ("c.txt", Some(Column::from("entities"))),
    ] {
        let fault = resolve(root, source).with_entities(entities.as_ref()).unwrap_err();
        assert_eq!(fault.place().as_deref(), Some("corpus.entities"), "{source}: {fault}");
    }
    let fault = resolve(root, "b.conll").with_field("word").unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("corpus.field"));
}

#[test]
fn whole_files_are_held_out_where_there_are_several() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..20 {
        let novel = format!("novel {number:2}\n\nends");
        fs::write(folder.path().join(format!("{number:02}.txt")), novel).unwrap();
    }
    let documents = read(&resolve(folder.path(), "."), 0.1);
    assert_eq!(documents.len(), 20);
    assert_eq!(documents.iter().filter(|(part, _)| *part == Part::HeldOut).count(), 2);
}

/// Sentences that can be told from each other.
fn sentences(count: usize) -> String {
    (0..count)
        .map(|number| format!("Sentence {number} of them all is this one.\n"))
        .collect()
}

#[test]
fn one_stray_blank_line_makes_no_documents() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (sentences(700), sentences(300));
    fs::write(folder.path().join("a.txt"), format!("{before}\n{after}")).unwrap();
    let documents = read(&resolve(folder.path(), "a.txt"), 0.05);
    assert_eq!(documents.len(), 1000);
    assert!((share(&documents) - 0.05).abs() < 0.005, "{}", share(&documents));
}

#[test]
fn of_a_large_file_and_a_small_one_neither_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.txt"), sentences(20_000)).unwrap();
    fs::write(folder.path().join("small.txt"), sentences(50)).unwrap();
    let source = resolve(folder.path(), ".");
    let documents = read(&source, 0.05);
    assert!((share(&documents) - 0.05).abs() < 0.005, "{}", share(&documents));
    // Stretches of lines from all over the large file; what is between two of them is a document.
    let places = documents.iter().filter(|(part, _)| *part == Part::HeldOut).count();
    assert!(
        (15..=64).contains(&places) && documents.len() <= 2 * places + 2,
        "{places} of {}",
        documents.len()
    );
    let described = source.split(0.05).unwrap().describe().to_owned();
    assert!(described.contains("lines of its files"), "{described}");
}

#[test]
fn a_text_that_is_there_twice_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.txt", "one"), ("b.txt", "two"), ("c.txt", "one"), ("d.txt", "three")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let source = resolve(folder.path(), ".").hashed().unwrap();
    assert_eq!(source.files(), (3, 1));
    assert_eq!(texts(&read(&source, 0.3)), ["one", "two", "three"]);
}

#[test]
fn a_file_that_changes_after_it_was_hashed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    for (name, old, new) in [
        ("a.txt", sentences(9).into_bytes(), sentences(8).into_bytes()),
        ("a.txt.gz", gzip(&sentences(9)), gzip(&sentences(8))),
        ("a.json", b"[\"a\", \"b\"]".to_vec(), b"[\"a\", \"c\"]".to_vec()),
    ] {
        let path = path.with_file_name(name);
        fs::write(&path, old).unwrap();
        let source = resolve(folder.path(), name).hashed().unwrap();
        let split = source.split(0.3).unwrap();
        fs::write(&path, new).unwrap();
        let fault = source.documents(&split, &mut |_, _| Ok(())).unwrap_err();
        assert!(fault.what.contains("changed while it was read"), "{fault}");
    }
}

#[test]
fn every_registered_corpus_is_looked_for_where_its_entry_says() {
    let root = tempfile::tempdir().unwrap();
    for known in registry::sources()
        .iter()
        .filter(|known| known.used_as == registry::Use::Corpus)
    {
        let Some(path) = known.path else { continue };
        assert!(Source::resolve(known.name, 0, Some(root.path())).is_err());
        fs::create_dir_all(root.path().join(path)).unwrap();
        fs::write(root.path().join(path).join("a.txt"), known.name).unwrap();
        assert_eq!(resolve(root.path(), known.name).files(), (1, 0), "{}", known.name);
    }
}

#[test]
#[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --lib -- --ignored every_registered"]
fn every_registered_corpus_can_be_read() {
    let root = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA");
    // Files as the READMEs of the data sets count them; a file of objects is one.
    let expected = [
        ("fiction", 99),
        ("biomedical", 1),
        ("legal", 27),
        ("technical", 1),
        ("textbook", 1),
        ("wikipedia", 1),
        ("wikitext2", 2),
        ("child-directed", 1),
    ];
    assert_eq!(
        expected.map(|(name, _)| name).to_vec(),
        // What has to be downloaded first is not among the data sets of a data root.
        registry::corpora()
            .filter(|name| !["fragment", "wikitext103"].contains(name))
            .collect::<Vec<_>>()
    );
    for (name, files) in expected {
        let source = resolve(Path::new(&root), name);
        let share = share(&read(&source, 0.1));
        eprintln!("{name}: {}", source.split(0.1).unwrap().describe());
        assert_eq!(source.files().0, files, "{name}");
        assert!((share - 0.1).abs() < 0.025, "{name}: {share}");
    }
}
