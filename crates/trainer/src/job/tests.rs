use super::*;
use cloze_corpus::tokenizer::Encoded;
use cloze_corpus::{CorpusConfig, Shard, TokenizerConfig, prepare, shard};
use std::path::Path;

const LENGTH: usize = 32;

fn prepared(folder: &Path, text: &str) -> Prepared {
    std::fs::write(folder.join("a.txt"), text).unwrap();
    let config = CorpusConfig {
        source: "a.txt".to_owned(),
        tokenizer: TokenizerConfig::Bpe { vocab: 300 },
        held_out: 0.2,
        ..CorpusConfig::default()
    };
    prepare(&config, Some(folder), &folder.join("cache"), &mut |_| ()).unwrap()
}

fn checked(objective: &str, corpus: &Prepared) -> Result<()> {
    check(objective, &toml::Table::new(), LENGTH, corpus)
}

#[test]
fn whole_words_are_not_hidden_in_a_text_that_has_none() {
    let place = tempfile::tempdir().unwrap();
    let thai = prepared(
        place.path(),
        &"ประเทศไทยมีภูมิอากาศแบบร้อนชื้นและมีฝนตกชุกในฤดูมรสุม\n".repeat(20),
    );
    for objective in ["whole-word", "span"] {
        let fault = checked(objective, &thai).unwrap_err();
        assert!(
            fault.what.contains(objective) && fault.what.contains("cannot be told"),
            "{fault}"
        );
        assert_eq!(
            (fault.place().as_deref(), fault.exit_status()),
            (Some("arm.objective"), 2)
        );
    }
    for objective in ["mlm", "electra", "autoregressive"] {
        assert_eq!(checked(objective, &thai), Ok(()), "{objective}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let chinese = prepared(
        elsewhere.path(),
        &"今天天气好，我们去公园玩。孩子在树下读书\n".repeat(20),
    );
    assert_eq!(checked("whole-word", &chinese), Ok(()));
}

#[test]
fn an_objective_that_would_predict_nothing_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let corpus = prepared(place.path(), &"some words of a text\n".repeat(50));
    let special = corpus.tokenizer.vocabulary().special;
    let path = place.path().join("unknown.ids");
    shard::write(&path, special.end, |writer| {
        let (ids, word_starts) = (vec![special.unknown; 500], vec![true; 500]);
        writer.document(&Encoded { ids, word_starts }).unwrap();
        Ok(())
    })
    .unwrap();
    assert_eq!(checked("mlm", &corpus), Ok(()));
    let unknown = Prepared {
        train: Shard::open(&path).unwrap(),
        ..corpus
    };
    for objective in ["mlm", "whole-word", "span", "electra"] {
        let fault = checked(objective, &unknown).unwrap_err();
        assert!(fault.what.contains("predict nothing"), "{objective}: {fault}");
    }
}

#[test]
fn a_text_shorter_than_a_window_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let corpus = prepared(place.path(), &"some words\n".repeat(6));
    let fault = check("mlm", &toml::Table::new(), 4096, &corpus).unwrap_err();
    assert!(fault.what.contains("too few for a window"), "{fault}");
}
