use super::*;
use crate::SpecialTokens;
use crate::vocabulary::SPECIAL_NAMES;
use proptest::prelude::*;

const TEXT: &str = "The lowest of the low tokens are lower than the token; don't they know it's newer, \
                    the newest widest token of them all? (The token.) ";

fn counts() -> WordCounts {
    let mut counts = WordCounts::default();
    counts.add(&TEXT.repeat(20));
    counts
}

fn trained(config: &TokenizerConfig, counts: &WordCounts) -> Tokenizer {
    Tokenizer::train(config, counts).unwrap().0
}

pub(super) static BOTH: std::sync::LazyLock<[Tokenizer; 2]> = std::sync::LazyLock::new(both);

fn both() -> [Tokenizer; 2] {
    [TokenizerConfig::wordpiece(120), TokenizerConfig::Bpe { vocab: 330 }].map(|config| trained(&config, &counts()))
}

fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    tokenizer
        .encode(text)
        .ids
        .into_iter()
        .map(|id| tokenizer.piece(id).unwrap())
        .collect()
}

#[test]
fn two_trainings_give_the_same_bytes() {
    for [first, second] in [both(), both()].map(|pair| pair.map(|tokenizer| tokenizer.json)) {
        assert_ne!(first, second);
    }
    for (first, second) in both().iter().zip(&both()) {
        assert_eq!(first.json(), second.json());
    }
}

#[test]
fn upstream_reads_the_file_and_gives_the_same_tokens() {
    let folder = tempfile::tempdir().unwrap();
    for tokenizer in both() {
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, tokenizer.json()).unwrap();
        let upstream = tokenizers::Tokenizer::from_file(&path).unwrap();
        let ids = upstream.encode(TEXT.trim(), false).unwrap().get_ids().to_vec();
        assert_eq!(tokenizer.encode(TEXT).ids, ids);
        assert_eq!(
            tokenizer.sentence(TEXT),
            upstream.encode(TEXT.trim(), true).unwrap().get_ids()
        );
        let SpecialTokens {
            pad,
            unknown,
            start,
            end,
            mask,
        } = tokenizer.vocabulary().special;
        assert_eq!([pad, unknown, start, end, mask], [0, 1, 2, 3, 4]);
        assert_eq!(Tokenizer::load(&path).unwrap().vocabulary(), tokenizer.vocabulary());
        // Saved by upstream again, it is the same file.
        assert_eq!(upstream.to_string(true).unwrap(), tokenizer.json());
    }
}

#[test]
fn words_begin_where_people_say_they_do() {
    let [wordpiece, bpe] = both();
    let encoded = wordpiece.encode("LOWEST  lowx\nDon't");
    let [x, ..] = wordpiece.encode("lowx").ids[..] else {
        panic!("no tokens")
    };
    assert_eq!(wordpiece.piece(x).as_deref(), Some("[UNK]"), "x was never seen");
    assert_eq!(
        pieces(&wordpiece, "lowest token; don't"),
        ["lowest", "token", ";", "don", "'", "t"]
    );
    assert_eq!(encoded.word_starts.first(), Some(&true));
    let long = wordpiece.encode("tokenlower lowtoken");
    let starts: Vec<usize> = (0..long.ids.len()).filter(|place| long.word_starts[*place]).collect();
    assert_eq!(starts.len(), 2);
    assert!(long.ids.len() > 2 && pieces(&wordpiece, "tokenlower")[1].starts_with("##"));
    assert_eq!(pieces(&bpe, "the token"), ["Ġthe", "Ġtoken"]);
    let encoded = bpe.encode("xyz don't");
    // x y z are single bytes of one word; then the word don and, GPT-2's way, the word 't.
    assert_eq!(encoded.word_starts.iter().filter(|starts| **starts).count(), 3);
    assert!(encoded.ids.len() > 4);
}

#[test]
fn special_names_in_a_text_are_only_text() {
    for tokenizer in both() {
        let special = tokenizer.vocabulary().special;
        let ids = tokenizer.encode("[MASK] the [SEP]").ids;
        assert!(ids.len() > 3 && !ids.contains(&special.mask) && !ids.contains(&special.end));
    }
}

#[test]
fn robertas_names_will_do_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let [_, bpe] = both();
    let mut json = bpe.json().to_owned();
    for [bert, roberta] in SPECIAL_NAMES {
        json = json.replace(bert, roberta);
    }
    std::fs::write(&path, &json).unwrap();
    assert_eq!(Tokenizer::load(&path).unwrap().vocabulary(), bpe.vocabulary());
    std::fs::write(&path, json.replace("<mask>", "<mast>")).unwrap();
    let fault = Tokenizer::load(&path).err().unwrap();
    assert!(
        fault.what.contains("no [MASK] (nor <mask>)") && fault.remedy.unwrap().contains("<mast>"),
        "{}",
        fault.what
    );
    std::fs::write(&path, "{\"model\": 1}").unwrap();
    assert!(
        Tokenizer::load(&path)
            .err()
            .unwrap()
            .what
            .contains("not a tokenizer.json")
    );
}

#[test]
fn a_file_is_stripped_of_padding_and_truncation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let [wordpiece, _] = both();
    let mut upstream: tokenizers::Tokenizer = wordpiece.json().parse().unwrap();
    let short = tokenizers::TruncationParams {
        max_length: 3,
        ..Default::default()
    };
    upstream.with_truncation(Some(short)).unwrap();
    upstream.with_padding(Some(tokenizers::PaddingParams::default()));
    upstream.save(&path, false).unwrap();
    assert_eq!(Tokenizer::load(&path).unwrap().encode(TEXT), wordpiece.encode(TEXT));
}

#[test]
fn merges_stop_where_nothing_repeats() {
    let mut counts = WordCounts::default();
    counts.add("abc abd");
    let tokenizer = trained(&TokenizerConfig::wordpiece(1000), &counts);
    // Special tokens, a ##b ##c ##d, and ab, the only pair that occurs twice.
    assert_eq!(tokenizer.vocabulary().size, 5 + 4 + 1);
    assert_eq!(pieces(&tokenizer, "abc"), ["ab", "##c"]);
}

proptest! {
    #[test]
    fn bytes_survive(text in "[ -~éß漢🎈]{0,40}") {
        let [_, bpe] = &*BOTH;
        let decoded = bpe.decode(&bpe.encode(&text).ids);
        let expected = clean::clean(&text);
        prop_assert_eq!(decoded.trim(), expected);
    }
}

/// Loads a tokenizer that `change` has changed.
fn changed(change: impl FnOnce(&mut serde_json::Value)) -> Result<Tokenizer> {
    let [_, bpe] = &*BOTH;
    let mut json: serde_json::Value = serde_json::from_str(bpe.json()).unwrap();
    change(&mut json);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, json.to_string()).unwrap();
    Tokenizer::load(&path)
}

#[test]
fn a_table_that_claims_more_than_is_there_is_refused_before_memory_is_taken_for_it() {
    let refused = changed(|json| {
        // A trie of 4 GiB less a byte; the rest is one zero.
        json["normalizer"] = serde_json::json!({ "type": "Precompiled", "precompiled_charsmap": "/////wA=" });
    });
    let refused = refused.err().unwrap().to_string();
    assert!(
        refused.contains("claims a trie of 4294967295 bytes, and has 1") && refused.contains("tokenizer.json"),
        "{refused}"
    );
}

#[test]
fn a_tokenizer_that_draws_is_refused() {
    for dropout in [0.1, 1.0] {
        let fault = changed(|json| json["model"]["dropout"] = dropout.into()).err().unwrap();
        assert!(
            fault.what.contains("BPE dropout") && fault.remedy.unwrap().contains("model.dropout"),
            "{}",
            fault.what
        );
    }
    for none in [serde_json::Value::Null, 0.0.into()] {
        assert!(changed(|json| json["model"]["dropout"] = none).is_ok());
    }
}

#[test]
fn a_tokenizer_of_nothing_but_special_tokens_is_refused() {
    let fault = changed(|json| {
        let names = SPECIAL_NAMES
            .iter()
            .zip(0..)
            .map(|([name, _], id)| ((*name).to_owned(), id.into()));
        json["model"] = serde_json::json!({
            "type": "WordLevel",
            "vocab": names.collect::<serde_json::Map<_, _>>(),
            "unk_token": "[UNK]",
        });
    })
    .err()
    .unwrap();
    assert!(fault.what.contains("no tokens but the special ones"), "{}", fault.what);
    assert_eq!(fault.exit_status(), 2);
}

#[test]
fn a_tokenizer_whose_ids_have_a_great_gap_is_refused() {
    let with_last = |id: usize| {
        changed(|json| {
            let added = json["added_tokens"].as_array_mut().unwrap();
            let mut last = added[0].clone();
            last["id"] = id.into();
            last["content"] = "<last>".into();
            added.push(last);
            json["model"]["vocab"]["<last>"] = id.into();
        })
    };
    assert!(with_last(1_000).is_ok());
    let fault = with_last(5_000_000).err().unwrap();
    assert!(fault.what.contains("stand for nothing"), "{}", fault.what);
}

#[test]
fn a_tokenizer_with_two_tokens_of_one_id_is_refused() {
    let fault = changed(|json| {
        let vocab = json["model"]["vocab"].as_object_mut().unwrap();
        let last = vocab.values().filter_map(serde_json::Value::as_u64).max().unwrap();
        let (name, _) = vocab.iter().find(|(_, id)| id.as_u64() == Some(last - 1)).unwrap();
        let name = name.clone();
        vocab.insert(name, last.into());
    })
    .err()
    .unwrap();
    assert!(fault.what.contains("two tokens of one id"), "{}", fault.what);
}

/// The text of every word.
fn words(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    let encoded = tokenizer.encode(text);
    let mut words: Vec<Vec<u32>> = Vec::new();
    for (id, starts) in encoded.ids.iter().zip(&encoded.word_starts) {
        match words.last_mut().filter(|_| !starts) {
            Some(word) => word.push(*id),
            None => words.push(vec![*id]),
        }
    }
    words
        .iter()
        .map(|word| tokenizer.decode(word).trim().to_owned())
        .collect()
}

#[test]
fn words_are_unicodes_where_the_tokenizer_splits_nothing() {
    // As Llama's, Gemma's and SentencePiece's without a split: spaces are letters, and a line is one piece.
    let metaspace = |split: bool| serde_json::json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": split});
    let replace = serde_json::json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let prepend = serde_json::json!({"type": "Prepend", "prepend": "▁"});
    let sequence = |steps: Vec<&serde_json::Value>| serde_json::json!({"type": "Sequence", "normalizers": steps});
    let model = serde_json::json!({
        "type": "BPE", "dropout": null, "unk_token": "[UNK]", "fuse_unk": true, "byte_fallback": false,
        "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "▁": 5, "a": 6, "b": 7, "▁a": 8, "ab": 9, ",": 10, "'": 11,
                  "一": 12, "二": 13, "三": 14, "一二": 15},
        "merges": ["▁ a", "a b", "一 二"],
    });
    let build = |normalizer: serde_json::Value, pre_tokenizer: serde_json::Value| {
        changed(|json| {
            json["normalizer"] = normalizer;
            json["pre_tokenizer"] = pre_tokenizer;
            json["model"] = model.clone();
            json["decoder"] =
                serde_json::json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
        })
        .unwrap()
    };
    let null = serde_json::Value::Null;
    let llama = build(sequence(vec![&prepend, &replace]), null.clone());
    let gemma = build(
        replace.clone(),
        serde_json::json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}),
    );
    let whole = build(null.clone(), metaspace(false));
    for tokenizer in [&llama, &gemma, &whole] {
        assert!(!tokenizer.splits_words());
        assert_eq!(words(tokenizer, "abba ab, b'a"), ["abba", "ab", ",", "b'a"]);
        // A token over two ideographs begins one word; the next ideograph begins another.
        assert_eq!(words(tokenizer, "一二三 a"), ["一二", "三", "a"]);
    }
    let splitting = build(null, metaspace(true));
    assert!(splitting.splits_words());
    assert_eq!(words(&splitting, "abba ab, b'a"), ["abba", "ab,", "b'a"]);
}

#[test]
fn words_of_byte_level_bpe_are_ideographs_and_whole_where_marks_are() {
    let [_, bpe] = &*BOTH;
    assert!(bpe.splits_words());
    assert_eq!(
        words(bpe, "今天天气好, the low"),
        ["今", "天", "天", "气", "好", ",", "the", "low"]
    );
    // GPT-2's expression cuts at each vowel sign, and at a decomposed accent.
    assert_eq!(words(bpe, "किताब हैं ."), ["किताब", "हैं", "."]);
    assert_eq!(words(bpe, "x\u{304}yz don't"), ["x\u{304}yz", "don", "'t"]);
}
