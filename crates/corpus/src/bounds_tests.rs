use super::*;
use crate::{CorpusConfig, SpecialTokens, TokenizerConfig, prepare};

fn corpus(cache: &std::path::Path, tokenizer: TokenizerConfig) -> Prepared {
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer,
        held_out: 0.1,
        words: 6000,
        ..CorpusConfig::default()
    };
    prepare(&config, None, cache, &mut |_| ()).unwrap()
}

#[test]
fn a_unigram_loss_is_that_of_a_count_by_hand() {
    let vocabulary = Vocabulary::new(8, SpecialTokens::FIRST);
    // 3, 0 and 1 of the ordinary ids 5, 6 and 7; the many ends of documents count for nothing.
    let unigram = Unigram::from_counts(&[0, 0, 0, 900, 0, 3, 0, 1], &vocabulary);
    let near = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}");
    near(unigram.loss([5]), (7.0_f64 / 4.0).ln());
    near(unigram.loss([6]), 7.0_f64.ln());
    near(
        unigram.loss([5, 3, 7, 99]),
        ((7.0_f64 / 4.0).ln() + (7.0_f64 / 2.0).ln()) / 2.0,
    );
    assert_eq!(unigram.loss([2, 3]), None);
}

#[test]
fn where_ends_are_predicted_they_have_their_share() {
    let cache = tempfile::tempdir().unwrap();
    let corpus = corpus(cache.path(), TokenizerConfig::wordpiece(700));
    let (with, without) = (Unigram::with_ends(&corpus).unwrap(), Unigram::of(&corpus).unwrap());
    let ids: Vec<u32> = corpus.train.ids().collect();
    let end = corpus.tokenizer.vocabulary().special.end;
    let ends = ids.iter().filter(|id| **id == end).count() as f64;
    // Of n ordinary tokens, V smoothed counts and the ends one is an end.
    let all = ids.len() as f64 + corpus.tokenizer.vocabulary().ordinary().len() as f64 + 1.0;
    assert!((with.loss([end]).unwrap() - (all / (ends + 1.0)).ln()).abs() < 1e-12);
    let word = ids.iter().copied().find(|id| *id != end).unwrap();
    let more = (all / (all - ends - 1.0)).ln();
    assert!((with.loss([word]).unwrap() - without.loss([word]).unwrap() - more).abs() < 1e-12);
}

#[test]
fn what_is_known_orders_the_bounds_and_the_best_ones_are_kept() {
    let cache = tempfile::tempdir().unwrap();
    for tokenizer in [TokenizerConfig::wordpiece(700), TokenizerConfig::Bpe { vocab: 600 }] {
        let corpus = corpus(cache.path(), tokenizer);
        let unigram = Unigram::of(&corpus).unwrap().loss(corpus.held_out.ids()).unwrap();
        let [all, before] = [Known::Everything, Known::WhatPrecedes].map(|known| best_of_all(&corpus, known).unwrap());
        assert!(
            0.0 < all && all < before && before < unigram,
            "{all} {before} {unigram}"
        );

        let files = || -> Vec<PathBuf> {
            let all = files::list(&corpus.folder).unwrap();
            let kept = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("best-");
            all.into_iter().filter(kept).collect()
        };
        let texts = || -> Vec<String> { files().iter().map(|path| files::read_text(path).unwrap()).collect() };
        let whole = texts();
        assert_eq!(whole.len(), 2);
        for damage in [
            |text: &str| text[..text.len() / 2].to_owned(),
            |text: &str| text.replace("\"bits\":4", "\"bits\":3"),
        ] {
            for path in files() {
                std::fs::write(&path, damage(&files::read_text(&path).unwrap())).unwrap();
            }
            assert_eq!(best_of_all(&corpus, Known::Everything), Some(all));
            assert_eq!(best_of_all(&corpus, Known::WhatPrecedes), Some(before));
            assert_eq!(texts(), whole);
        }
    }
}

#[test]
fn other_text_has_no_best_loss() {
    let cache = tempfile::tempdir().unwrap();
    let path = cache.path().join("novel.txt");
    std::fs::write(
        &path,
        "the doctor is old\n\nthe doctors are old\n\nthe house fell\n".repeat(20),
    )
    .unwrap();
    let config = CorpusConfig {
        source: path.display().to_string(),
        tokenizer: TokenizerConfig::wordpiece(60),
        held_out: 0.3,
        words: 0,
        ..CorpusConfig::default()
    };
    let corpus = prepare(&config, None, &cache.path().join("cache"), &mut |_| ()).unwrap();
    assert_eq!(best_of_all(&corpus, Known::Everything), None);
    assert!(Unigram::of(&corpus).unwrap().loss(corpus.held_out.ids()).is_some());
}
