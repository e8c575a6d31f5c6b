//! The tokenizer of a folder of Hugging Face, which reads a text as `AutoTokenizer` does with `split_special_tokens=True`: nothing
//! is cleaned before it, and what is spelt like a special token is text.

use super::{Tokenizer, load};
use cloze_foundation::files::{is_there, read, read_text};
use cloze_foundation::{Fault, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of a whole tokenizer.
const WHOLE: &str = "tokenizer.json";
/// A vocabulary of WordPiece, a piece a line, and one of byte-level BPE with its merges: as tokenizers were saved before.
const PIECES: &str = "vocab.txt";
const BYTES: [&str; 2] = ["vocab.json", "merges.txt"];
/// A model of SentencePiece, which only its own library reads.
const SENTENCE_PIECE: [&str; 2] = ["spiece.model", "sentencepiece.bpe.model"];
const CONFIG: &str = "tokenizer_config.json";

impl Tokenizer {
    /// Reads the tokenizer of a folder: its `tokenizer.json`; or the vocabulary of a WordPiece tokenizer (`vocab.txt`), or of a
    /// byte-level one (`vocab.json`, `merges.txt`), with what `tokenizer_config.json` says of them.
    ///
    /// # Errors
    /// A folder without any of these, and as [`Tokenizer::load`].
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let at = |name: &str| folder.join(name);
        let has = |name: &str| is_there(&at(name));
        let (json, from) = if has(WHOLE)? {
            (load::read(&at(WHOLE))?, WHOLE)
        } else if has(PIECES)? {
            (word_piece(&read_text(&at(PIECES))?, &config(&at(CONFIG))?), PIECES)
        } else if has(BYTES[0])? && has(BYTES[1])? {
            let json = byte_level(&at(BYTES[0]), &read_text(&at(BYTES[1]))?, &config(&at(CONFIG))?)?;
            (json, BYTES[0])
        } else {
            return Err(without(folder)?);
        };
        let tokenizer = load::from_json(json, &at(from).display().to_string())?;
        Ok(Self {
            cleans: false,
            ..tokenizer
        })
    }
}

fn without(folder: &Path) -> Result<Fault> {
    let place = folder.display();
    let save = format!("save it again: `AutoTokenizer.from_pretrained(\"{place}\").save_pretrained(\"{place}\")`");
    for name in SENTENCE_PIECE {
        if is_there(&folder.join(name))? {
            let what = format!("`{place}` has its tokenizer as `{name}`, which cloze does not read");
            return Ok(Fault::usage(what).allowed([WHOLE]).remedy(save));
        }
    }
    let fault = Fault::usage(format!("`{place}` has no tokenizer"));
    Ok(fault
        .allowed([WHOLE.to_owned(), PIECES.to_owned(), BYTES.join(" with ")])
        .remedy(save))
}

/// What a configuration says; nothing where there is none.
fn config(path: &Path) -> Result<Value> {
    let Some(bytes) = read(path)? else {
        return Ok(Value::Null);
    };
    let refused = |error: serde_json::Error| Fault::usage(format!("it is not JSON: {error}"));
    serde_json::from_slice(&bytes).map_err(|error| refused(error).at(path.display().to_string()))
}

/// As transformers makes one of `vocab.txt` (`models/bert/tokenization_bert.py`): of a piece that stands there twice the last
/// line counts.
fn word_piece(text: &str, config: &Value) -> String {
    let pieces = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let mut pieces: Vec<&str> = pieces.collect();
    if pieces.last() == Some(&"") {
        pieces.pop();
    }
    let vocabulary: BTreeMap<&str, usize> = pieces.iter().zip(0..).map(|(piece, id)| (*piece, id)).collect();
    let flag = |key: &str, usual: bool| config.get(key).and_then(Value::as_bool).unwrap_or(usual);
    let unknown = named(config, "unk_token").unwrap_or("[UNK]");
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": flag("tokenize_chinese_chars", true),
            "strip_accents": config.get("strip_accents").and_then(Value::as_bool),
            "lowercase": flag("do_lower_case", true),
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    });
    tokenizer.to_string()
}

/// As transformers makes one of `vocab.json` and `merges.txt` (`models/roberta/tokenization_roberta.py`).
fn byte_level(vocabulary: &Path, merges: &str, config: &Value) -> Result<String> {
    let place = vocabulary.display().to_string();
    let vocabulary: Value = serde_json::from_str(&load::read(vocabulary)?)
        .map_err(|error| Fault::usage(format!("it is not JSON: {error}")).at(place))?;
    let is_merge = |line: &&str| !line.is_empty() && !line.starts_with("#version");
    let merges: Vec<&str> = merges
        .split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .filter(is_merge)
        .collect();
    let prefix = config.get("add_prefix_space").and_then(Value::as_bool).unwrap_or(false);
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": true });
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": bytes,
        "decoder": bytes,
        "model": { "type": "BPE", "vocab": vocabulary, "merges": merges },
    });
    Ok(tokenizer.to_string())
}

/// A special token's text, which is written as it is or in a table.
fn named<'a>(config: &'a Value, key: &str) -> Option<&'a str> {
    let token = config.get(key)?;
    token.as_str().or_else(|| token.get("content")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/parity/folders")
            .join(name)
    }

    #[test]
    fn a_folder_gives_the_ids_of_auto_tokenizer() {
        for name in ["word-piece", "cased", "bytes", "byte-level", "unigram"] {
            let tokenizer = Tokenizer::of_folder(&golden(name)).unwrap();
            let lines = std::fs::read_to_string(golden(name).join("ids.json")).unwrap();
            let lines: Vec<(String, Vec<u32>)> = serde_json::from_str(&lines).unwrap();
            let unknown = tokenizer.vocabulary().special.unknown;
            let known = lines.iter().flat_map(|(_, ids)| ids).filter(|id| **id != unknown);
            assert!(lines.len() > 100 && known.count() > 6 * lines.len(), "{name}");
            for (line, ids) in &lines {
                assert_eq!(tokenizer.sentence(line), *ids, "{name}: {line:?}");
            }
            let texts = lines.iter().map(|(line, _)| line.as_str());
            let ids: Vec<&Vec<u32>> = lines.iter().map(|(_, ids)| ids).collect();
            assert_eq!(tokenizer.sentences(texts).iter().collect::<Vec<_>>(), ids);
        }
    }

    #[test]
    fn a_folder_without_a_tokenizer_that_is_read_says_how_to_make_one() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
        let refused = || Tokenizer::of_folder(place.path()).err().unwrap();
        assert!(refused().allowed.unwrap().contains("vocab.txt"));
        write("spiece.model", "model");
        let fault = refused();
        assert!(fault.what.contains("spiece.model") && fault.remedy.unwrap().contains("save_pretrained"));
        write("vocab.txt", "one\ntwo\n");
        assert!(refused().what.contains("[PAD]"));
        write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\r\na\n##b\na\n");
        let tokenizer = Tokenizer::of_folder(place.path()).unwrap();
        // Of a piece that stands there twice the last line counts.
        assert_eq!(tokenizer.sentence("AB a"), [2, 7, 6, 7, 3]);
        write("tokenizer_config.json", "{");
        assert!(refused().to_string().contains("tokenizer_config.json"));
        for text in [
            "",
            "{}",
            "[]",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}",
        ] {
            write("tokenizer.json", text);
            refused();
        }
    }
}
