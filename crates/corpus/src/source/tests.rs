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
                    open += piece;
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
