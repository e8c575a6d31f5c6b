use super::*;
use crate::{CorpusConfig, prepare};
use std::fs;

fn config() -> CorpusConfig {
    CorpusConfig {
        words: 2_000,
        tokenizer: crate::TokenizerConfig::wordpiece(300),
        held_out: 0.2,
        ..CorpusConfig::default()
    }
}

/// Prepares and says what was said.
fn prepared(cache: &Path) -> (Prepared, Vec<String>) {
    let mut said = Vec::new();
    let prepared = prepare(&config(), None, cache, &mut |line| said.push(line.to_owned())).unwrap();
    (prepared, said)
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    [TOKENIZER, TRAIN, HELD_OUT, MANIFEST]
        .iter()
        .map(|name| fs::read(folder.join(name)).unwrap())
        .collect()
}

#[test]
fn whatever_is_wrong_with_a_cache_is_found_told_and_made_again() {
    let cache = tempfile::tempdir().unwrap();
    let (first, _) = prepared(cache.path());
    let (folder, whole) = (first.folder.clone(), bytes(&first.folder));
    let change = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(folder.join(name)).unwrap();
        change(&mut bytes);
        fs::write(folder.join(name), bytes).unwrap();
    };
    let damages: [(&str, &dyn Fn()); 9] = [
        ("a flipped bit in the training tokens", &|| {
            change(TRAIN, &|bytes| bytes[400] ^= 1)
        }),
        ("many of them", &|| {
            change(TRAIN, &|bytes| {
                bytes.iter_mut().step_by(400).for_each(|byte| *byte ^= 1)
            })
        }),
        ("a flipped bit in the held-out tokens", &|| {
            change(HELD_OUT, &|bytes| bytes[40] ^= 1)
        }),
        ("a shard that is cut short", &|| {
            change(TRAIN, &|bytes| bytes.truncate(400))
        }),
        ("another piece in the tokenizer", &|| {
            change(TOKENIZER, &|bytes| bytes[3] ^= 1)
        }),
        ("another number in the manifest", &|| {
            change(MANIFEST, &|bytes| {
                let text = String::from_utf8(bytes.clone()).unwrap();
                *bytes = text.replacen("\"documents\": ", "\"documents\": 1", 1).into_bytes();
            });
        }),
        ("a manifest that is none", &|| change(MANIFEST, &|bytes| bytes.clear())),
        ("no manifest", &|| fs::remove_file(folder.join(MANIFEST)).unwrap()),
        ("no shard", &|| fs::remove_file(folder.join(HELD_OUT)).unwrap()),
    ];
    for (what, damage) in damages {
        damage();
        let refused = Prepared::open(&folder).err().expect(what);
        assert!(
            refused.what.contains("damaged") && refused.remedy.unwrap().contains("prepared anew"),
            "{what}"
        );
        let (again, said) = prepared(cache.path());
        assert!(
            said.iter()
                .any(|line| line.contains("damaged") && line.contains("made again")),
            "{what}: {said:?}"
        );
        assert_eq!(
            (again.hash, bytes(&folder)),
            (first.hash.clone(), whole.clone()),
            "{what}"
        );
        assert_eq!(
            fs::read_dir(cache.path()).unwrap().count(),
            1,
            "{what}: something is left"
        );
        assert_eq!(
            prepared(cache.path()).1,
            [""; 0],
            "{what}: what is whole is only opened"
        );
    }
    assert!(Prepared::open(&cache.path().join("absent")).is_err());
}

#[test]
fn what_is_whole_again_by_the_time_it_is_moved_is_put_back() {
    let cache = tempfile::tempdir().unwrap();
    let (first, _) = prepared(cache.path());
    let back = put_aside(&first.folder).unwrap().expect("what was whole");
    assert_eq!((back.hash, back.folder), (first.hash, first.folder));
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1, "something is left");
}
