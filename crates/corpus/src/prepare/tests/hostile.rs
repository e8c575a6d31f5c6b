//! Texts that a tokenizer does not know, that change, that unpack to much.

use super::*;

/// A text of so many words in Thai without spaces: phrases that are longer than WordPiece takes.
fn thai(phrases: usize) -> String {
    let letters = [
        "ก", "ข", "ค", "ง", "จ", "ช", "ด", "ต", "น", "บ", "ป", "ม", "ย", "ร", "ล", "ว", "ส", "ห", "อ", "า", "เ", "ไ",
    ];
    let phrase = |number: usize| -> String {
        (0..140)
            .map(|at| letters[(number * 7 + at * at * 3 + at) % letters.len()])
            .collect()
    };
    (0..phrases).map(|number| phrase(number) + "\n").collect()
}

#[test]
fn a_text_that_the_tokenizer_does_not_know_is_refused_with_what_to_do() {
    let place = Place::new();
    let file = |name: &str, text: &str| fs::write(place.data.path().join(name), text).unwrap();
    // All phrases too long; most of them.
    file("all.txt", &thai(40));
    file(
        "most.txt",
        &format!("{}{}", thai(40), "a word of some letters\n".repeat(20)),
    );
    for source in ["all.txt", "most.txt"] {
        let fault = place.fault(&config(source));
        let said = fault.to_string();
        assert!(
            said.contains(source) && said.contains("corpus.tokenizer") && said.contains("longer than"),
            "{said}"
        );
        assert!(said.contains("tokenizer.kind = \"bpe\""), "{said}");
    }
    let bpe = CorpusConfig {
        tokenizer: TokenizerConfig::Bpe { vocab: 300 },
        ..config("all.txt")
    };
    let prepared = place.prepare(&bpe).unwrap();
    assert_eq!(prepared.manifest.train.unknown, 0);
    // It knows every text, but not where the words of this one begin.
    assert!(!prepared.has_words());

    // A tokenizer that was made for another text.
    let mut counts = WordCounts::default();
    counts.add(&novel(1));
    let (given, _) = Tokenizer::train(&TokenizerConfig::wordpiece(150), &counts).unwrap();
    file("mine.json", given.json());
    file("greek.txt", &"λόγος ην εν αρχή\nκαι ο λόγος\n".repeat(30));
    let elsewhere = Place::new();
    fs::copy(
        place.data.path().join("mine.json"),
        elsewhere.data.path().join("mine.json"),
    )
    .unwrap();
    fs::copy(
        place.data.path().join("greek.txt"),
        elsewhere.data.path().join("greek.txt"),
    )
    .unwrap();
    let fault = elsewhere.fault(&CorpusConfig {
        tokenizer: TokenizerConfig::File {
            path: "mine.json".into(),
        },
        ..config("greek.txt")
    });
    assert!(
        fault.what.contains("100.0 %") && fault.what.contains("greek.txt"),
        "{fault}"
    );
    assert_eq!(fault.allowed.as_deref(), Some("at most 5 % unknown tokens"));
}

#[test]
fn a_file_that_is_replaced_while_it_is_prepared_is_read_again() {
    let place = Place::new();
    let path = place.data.path().join("c.txt");
    let text = |word: &str| -> String {
        (0..200)
            .map(|line| format!("the {word} sees a dog {}\n", line % 7))
            .collect()
    };
    let (old, new) = (text("cat"), text("old blue fish"));
    for at in ["reading", "training", "tokenising"] {
        fs::write(&path, &old).unwrap();
        let mut lines = Vec::new();
        let mut say = |line: &str| {
            if line.starts_with(at) && !lines.iter().any(|line: &String| line.contains("changed")) {
                fs::write(&path, &new).unwrap();
            }
            lines.push(line.to_owned());
        };
        let cache = tempfile::tempdir().unwrap();
        let replaced = prepare(&config("c.txt"), Some(place.data.path()), cache.path(), &mut say).unwrap();
        let expected = Place::new();
        fs::write(expected.data.path().join("c.txt"), &new).unwrap();
        let expected = expected.prepare(&config("c.txt")).unwrap();
        assert!(
            lines.iter().any(|line| line.contains("changed while they were read")),
            "{at}: {lines:?}"
        );
        assert_eq!(
            (&replaced.hash, replaced.folder.file_name()),
            (&expected.hash, expected.folder.file_name()),
            "{at}"
        );
        // The old text has its own place, and what is there is of the old text.
        fs::write(&path, &old).unwrap();
        let again = prepare(&config("c.txt"), Some(place.data.path()), cache.path(), &mut |_| ()).unwrap();
        assert_ne!(again.hash, replaced.hash, "{at}");
    }
}

#[test]
fn a_gzip_of_much_text_is_streamed() {
    let place = Place::new();
    // Sixty-four megabytes in one line after the other, and one word of four million letters.
    let line = "the same words again and again,".repeat(8) + "\n";
    let text = line.repeat((64 << 20) / line.len()) + &"x".repeat(4_000_000) + "\n";
    fs::write(place.data.path().join("a.txt.gz"), gzip(&text)).unwrap();
    let prepared = place.prepare(&config("a.txt.gz")).unwrap();
    let Manifest {
        train,
        held_out,
        too_long,
        ..
    } = prepared.manifest;
    assert!(train.bytes + held_out.bytes >= text.len() as u64 - 1);
    assert!(too_long <= 62 && train.unknown + held_out.unknown <= 62, "{too_long}");
}
