use super::*;
use crate::Shard;
use crate::WordCounts;
use crate::cache::{HELD_OUT, MANIFEST, TOKENIZER, TRAIN};
use crate::reader::tests::gzip;
use std::fs;

/// Numbered sentences, so that every document can be told from every other.
fn novel(number: usize) -> String {
    (0..40)
        .map(|line| format!("The {number}th novel has a line {line}, and it isn't long.\n"))
        .collect()
}

fn novels(folder: &Path, count: usize) {
    for number in 0..count {
        fs::write(folder.join(format!("novel{number}.txt.gz")), gzip(&novel(number))).unwrap();
    }
    fs::write(folder.join("README.md"), "not a novel").unwrap();
    fs::write(folder.join("README.txt"), "not a novel").unwrap();
    fs::write(folder.join("metadata.tsv"), "not\ta\tnovel").unwrap();
}

fn config(source: &str) -> CorpusConfig {
    CorpusConfig {
        source: source.to_owned(),
        tokenizer: TokenizerConfig::wordpiece(150),
        held_out: 0.2,
        words: 3000,
        ..CorpusConfig::default()
    }
}

struct Place {
    data: tempfile::TempDir,
    cache: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    fn prepare(&self, config: &CorpusConfig) -> Result<Prepared> {
        prepare(config, Some(self.data.path()), self.cache.path(), &mut |_| {})
    }

    /// The fault, after a look that nothing was written.
    fn fault(&self, config: &CorpusConfig) -> Fault {
        let fault = self.prepare(config).err().expect("a fault");
        assert_eq!(
            fs::read_dir(self.cache.path()).unwrap().count(),
            0,
            "something was written"
        );
        assert_eq!(fault.exit_status(), 2, "{fault}");
        fault
    }
}

fn text(prepared: &Prepared, shard: &Shard) -> String {
    let vocabulary = prepared.tokenizer.vocabulary();
    (0..shard.windows(2))
        .map(|index| shard.window(index, 2, vocabulary).ids[1])
        .fold(String::new(), |text, id| {
            text + &prepared.tokenizer.piece(id).unwrap() + " "
        })
}

#[test]
fn whole_novels_are_held_out_and_every_token_is_there() {
    let place = Place::new();
    novels(place.data.path(), 10);
    let prepared = place.prepare(&config("*.gz")).unwrap();
    let Manifest {
        train, held_out, files, ..
    } = prepared.manifest.clone();
    assert_eq!((files, train.documents, held_out.documents), (10, 8, 2));
    // Eleven words between spaces in each of forty lines.
    assert_eq!((train.words, held_out.words), (8 * 40 * 11, 2 * 40 * 11));
    assert_eq!((train.unknown, held_out.unknown), (0, 0));
    assert!(
        prepared.manifest.split.contains("20.00 % of the text, 2 of 10 files"),
        "{}",
        prepared.manifest.split
    );
    let separators = |shard: &Shard| text(&prepared, shard).matches("[SEP]").count();
    assert_eq!((separators(&prepared.train), separators(&prepared.held_out)), (8, 2));
    // A document's tokens are those of its text.
    let held_out = text(&prepared, &prepared.held_out);
    let whole = (0..10).filter(|number| {
        let ids = prepared.tokenizer.encode(&novel(*number)).ids;
        let pieces: String = ids
            .iter()
            .map(|id| prepared.tokenizer.piece(*id).unwrap() + " ")
            .collect();
        held_out.contains(&pieces)
    });
    assert_eq!(whole.count(), 2);
}

#[test]
fn the_second_time_only_opens_and_the_bytes_depend_on_nothing_else() {
    let (place, elsewhere) = (Place::new(), Place::new());
    novels(place.data.path(), 10);
    novels(elsewhere.data.path(), 10);
    for tokenizer in [TokenizerConfig::wordpiece(150), TokenizerConfig::Bpe { vocab: 400 }] {
        let config = CorpusConfig {
            tokenizer,
            ..config("*.gz")
        };
        let first = place.prepare(&config).unwrap();
        let mut said = 0;
        let again = prepare(&config, Some(place.data.path()), place.cache.path(), &mut |_| said += 1).unwrap();
        assert_eq!((said, &again.hash, &again.folder), (0, &first.hash, &first.folder));
        let other = elsewhere.prepare(&config).unwrap();
        for name in [TOKENIZER, TRAIN, HELD_OUT, MANIFEST] {
            assert_eq!(
                fs::read(first.folder.join(name)).unwrap(),
                fs::read(other.folder.join(name)).unwrap(),
                "{name}"
            );
        }
        assert_eq!(first.folder.file_name(), other.folder.file_name());
    }
}

#[test]
fn another_text_is_another_corpus() {
    let place = Place::new();
    novels(place.data.path(), 4);
    let first = place.prepare(&config("*.gz")).unwrap();
    fs::write(place.data.path().join("novel0.txt.gz"), gzip("Rewritten.")).unwrap();
    let second = place.prepare(&config("*.gz")).unwrap();
    assert!(first.hash != second.hash && first.folder != second.folder);
}

#[test]
fn a_given_tokenizer_is_used_as_it_is() {
    let place = Place::new();
    novels(place.data.path(), 4);
    let trained = place.prepare(&config("*.gz")).unwrap();
    fs::copy(trained.folder.join(TOKENIZER), place.data.path().join("mine.json")).unwrap();
    let given = CorpusConfig {
        tokenizer: TokenizerConfig::File {
            path: "mine.json".into(),
        },
        held_out: 0.5,
        ..config("*.gz")
    };
    let other_split = place.prepare(&given).unwrap();
    assert_eq!(other_split.tokenizer.json(), trained.tokenizer.json());
    assert_ne!(other_split.hash, trained.hash);
    // The same split and the same tokenizer are the same data, however they were asked for.
    let same_split = place.prepare(&CorpusConfig { held_out: 0.2, ..given }).unwrap();
    assert_eq!(same_split.hash, trained.hash);
    assert_ne!(same_split.folder, trained.folder);
}

#[test]
fn bad_input_is_one_fault_and_nothing_is_written() {
    let place = Place::new();
    let file = |name: &str, bytes: &[u8]| fs::write(place.data.path().join(name), bytes).unwrap();
    let fault = place.fault(&config("absent.txt"));
    assert!(fault.what.contains("no data at") && fault.place().as_deref() == Some("corpus.source"));
    assert!(place.fault(&config("blimp")).what.contains("not a corpus"));
    assert!(place.fault(&config("absent*.txt")).what.contains("no data at"));
    assert!(place.fault(&config("a[")).what.contains("not a glob"));
    assert_eq!(place.fault(&config("fictoin")).nearest.as_deref(), Some("fiction"));
    file("a.pdf", b"%PDF");
    assert!(place.fault(&config("a.pdf")).allowed.unwrap().contains(".jsonl.gz"));
    fs::create_dir(place.data.path().join("bare")).unwrap();
    assert!(place.fault(&config("bare")).what.contains("holds no text"));
    file("empty.txt", b" \n\n\x01\n");
    assert!(place.fault(&config("empty.txt")).what.contains("empty"));
    file("one.txt", b"only one line");
    assert!(
        place
            .fault(&config("one.txt"))
            .what
            .contains("the corpus is one document")
    );
    let whole = gzip(&novel(1));
    file("torn.txt.gz", &whole[..whole.len() / 2]);
    assert!(place.fault(&config("torn.txt.gz")).what.contains("corrupt gzip"));
    file("bad.jsonl", b"{\"text\": \"a b\"}\n{\"text\": 3}\n");
    assert!(
        place
            .fault(&config("bad.jsonl"))
            .place()
            .unwrap()
            .ends_with("bad.jsonl:2")
    );
    file("good.txt", novel(1).as_bytes());
    for held_out in [0.0, 1.0, -1.0, f64::NAN] {
        let fault = place.fault(&CorpusConfig {
            held_out,
            ..config("good.txt")
        });
        assert_eq!(fault.place().as_deref(), Some("corpus.held_out"));
    }
    for (tokenizer, key) in [
        (TokenizerConfig::wordpiece(10), "corpus.tokenizer"),
        (TokenizerConfig::Bpe { vocab: 261 }, "corpus.tokenizer.vocab"),
    ] {
        let fault = place.fault(&CorpusConfig {
            tokenizer,
            ..config("good.txt")
        });
        assert!(fault.place().unwrap().contains(key), "{fault}");
    }
    let absent = TokenizerConfig::File {
        path: "absent.json".into(),
    };
    let fault = place.fault(&CorpusConfig {
        tokenizer: absent,
        ..config("good.txt")
    });
    assert_eq!(fault.place().as_deref(), Some("corpus.tokenizer.path"));
}

#[test]
fn a_tokenizer_without_mask_is_a_fault_before_any_reading() {
    let place = Place::new();
    novels(place.data.path(), 4);
    let counts = {
        let mut counts = WordCounts::default();
        counts.add(&novel(1));
        counts
    };
    let json = Tokenizer::train(&TokenizerConfig::wordpiece(150), &counts)
        .unwrap()
        .0
        .json()
        .replace("[MASK]", "[BLANK]");
    fs::write(place.data.path().join("mine.json"), json).unwrap();
    let tokenizer = TokenizerConfig::File {
        path: "mine.json".into(),
    };
    let fault = place.fault(&CorpusConfig {
        tokenizer,
        ..config("*.gz")
    });
    assert!(fault.what.contains("no [MASK]") && fault.remedy.unwrap().contains("[BLANK]"));
}

#[test]
fn the_built_in_language_is_cut_at_its_words() {
    let place = Place::new();
    let prepared = place
        .prepare(&CorpusConfig {
            held_out: 0.1,
            ..config("fragment")
        })
        .unwrap();
    let Manifest {
        train, held_out, files, ..
    } = prepared.manifest;
    assert_eq!(files, 0);
    // Documents are whole, so each side may run over by less than one of them.
    assert!(
        (2700..3000).contains(&train.words) && (1..=500).contains(&held_out.words),
        "{train:?} {held_out:?}"
    );
}

#[test]
fn what_identifies_data_is_the_text_and_the_tokenizer() {
    let place = Place::new();
    novels(place.data.path(), 10);
    let of = |tokenizer| {
        place
            .prepare(&CorpusConfig {
                tokenizer,
                ..config("*.gz")
            })
            .unwrap()
            .hashes()
    };
    let (first, second) = (
        of(TokenizerConfig::wordpiece(150)),
        of(TokenizerConfig::Bpe { vocab: 300 }),
    );
    assert_eq!(first.held_out, second.held_out);
    assert!(first.corpus != second.corpus && first.tokenizer != second.tokenizer);
    // Another novel among those for training.
    let trained_on = (0..10).map(|number| format!("novel{number}.txt.gz"));
    let mut kept = 0;
    for name in trained_on {
        let path = place.data.path().join(&name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, gzip(&novel(30))).unwrap();
        let changed = of(TokenizerConfig::wordpiece(150));
        assert_ne!(changed.corpus, first.corpus, "{name}");
        kept += usize::from(changed.held_out == first.held_out);
        fs::write(&path, whole).unwrap();
    }
    assert!(kept >= 7, "{kept} of 10 leave the held-out text as it is");
}

#[test]
fn the_built_in_language_has_the_tokens_that_it_always_had() {
    // Golden: the committed results rest on these. Another text of the language is another version of it.
    let cache = tempfile::tempdir().unwrap();
    let prepared = prepare(&CorpusConfig::default(), None, cache.path(), &mut |_| ()).unwrap();
    let expected = (1, "c1d361ee7145626c50bec4fc509fc391d501a6715f8bcff4736abc57b29c851e");
    assert_eq!((fragment::VERSION, prepared.hash.as_str()), expected);
}

#[test]
fn a_corpus_is_checked_without_reading_it() {
    let place = Place::new();
    novels(place.data.path(), 2);
    fs::write(place.data.path().join("empty.txt"), "").unwrap();
    fs::write(place.data.path().join("bad.json"), "{}").unwrap();
    let check = |config: CorpusConfig| check(&config, Some(place.data.path()));
    assert_eq!(check(config("fragment")), Ok(()));
    assert_eq!(check(config("*.gz")), Ok(()));
    let bad = |path: &str| TokenizerConfig::File { path: path.into() };
    for (config, key) in [
        (config("absent.txt"), "corpus.source"),
        (config("empty.txt"), "corpus.source"),
        (config("blimp"), "corpus.source"),
        (
            CorpusConfig {
                field: "body".into(),
                ..config("*.gz")
            },
            "corpus.field",
        ),
        (
            CorpusConfig {
                held_out: 1.0,
                ..config("*.gz")
            },
            "corpus.held_out",
        ),
        (
            CorpusConfig {
                tokenizer: bad("absent.json"),
                ..config("*.gz")
            },
            "corpus.tokenizer.path",
        ),
        (
            CorpusConfig {
                tokenizer: bad("bad.json"),
                ..config("*.gz")
            },
            "corpus.tokenizer.path",
        ),
    ] {
        let fault = check(config).unwrap_err();
        assert!(fault.place().unwrap().starts_with(key), "{key}: {fault}");
    }
    assert_eq!(fs::read_dir(place.cache.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --lib -- --ignored preparing_the_novels"]
fn preparing_the_novels_takes_seconds() {
    let root = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA");
    let cache = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let fiction = CorpusConfig {
        tokenizer: TokenizerConfig::wordpiece(8192),
        held_out: 0.05,
        ..config("fiction")
    };
    let mut say = |line: &str| eprintln!("{:6.1} s  {line}", start.elapsed().as_secs_f64());
    let prepared = prepare(&fiction, Some(Path::new(&root)), cache.path(), &mut say).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{seconds:6.1} s  {:#?}", prepared.manifest);
    let Manifest {
        train,
        held_out,
        files,
        vocabulary,
        ..
    } = prepared.manifest;
    assert_eq!((files, vocabulary), (99, 8192));
    let share = held_out.bytes as f64 / (train.bytes + held_out.bytes) as f64;
    assert!((share - 0.05).abs() < 0.0125, "{share}");
    // The README of the data set counts 11.39 M words.
    assert!((11_380_000..11_400_000).contains(&(train.words + held_out.words)));
    assert!(
        held_out.unknown_share() < 1e-3 && seconds < 120.0,
        "{held_out:?}, {seconds} s"
    );
}

mod entities;
mod hostile;
