use super::*;
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, prepare};

fn ids(tokens: &[u32]) -> Encoded {
    tokens.to_vec().into()
}

#[test]
fn a_contrast_ends_where_the_sentences_are_equal_again() {
    let contrast = |good: &[u32], bad: &[u32]| Contrast::of(&[ids(good), ids(bad)]);
    // One token for another, in the middle.
    assert_eq!(
        contrast(&[2, 7, 8, 9, 3], &[2, 7, 5, 9, 3]),
        Contrast {
            ends: [3, 3],
            before: 2,
            after: 2
        }
    );
    // One token more.
    assert_eq!(
        contrast(&[2, 7, 3], &[2, 7, 7, 3]),
        Contrast {
            ends: [2, 3],
            before: 2,
            after: 1
        }
    );
    // Two that swap.
    assert_eq!(
        contrast(&[2, 5, 6, 3], &[2, 6, 5, 3]),
        Contrast {
            ends: [3, 3],
            before: 1,
            after: 1
        }
    );
    assert!(contrast(&[2, 7, 3], &[2, 7, 3]).is_none());
    // Both lose the same of what they have in common, whichever is longer.
    let longer = contrast(&[2, 7, 8, 9, 3], &[2, 7, 5, 8, 9, 3]);
    assert_eq!(longer.within(6), [5, 6]);
    assert_eq!(longer.within(5), [4, 5]);
    assert_eq!(contrast(&[2, 7, 3], &[2, 7, 3]).within(2), [2, 2]);
}

fn corpus(cache: &std::path::Path, text: &str) -> Prepared {
    let path = cache.join("text.txt");
    std::fs::write(&path, text).unwrap();
    let config = CorpusConfig {
        source: path.display().to_string(),
        tokenizer: TokenizerConfig::wordpiece(90),
        held_out: 0.2,
        words: 0,
        ..CorpusConfig::default()
    };
    prepare(&config, None, &cache.join("cache"), &mut |_| ()).unwrap()
}

fn pair(good: &str, bad: &str, line: u32) -> MinimalPair {
    MinimalPair {
        phenomenon: "p".to_owned(),
        paradigm: "q".to_owned(),
        good: good.to_owned(),
        bad: bad.to_owned(),
        place: Some(format!("pairs.jsonl:{line}")),
    }
}

#[test]
fn what_the_window_cuts_is_counted_and_what_it_would_hide_is_refused_with_its_line() {
    let cache = tempfile::tempdir().unwrap();
    let corpus = corpus(cache.path(), &"the dog sees the cat\n\n".repeat(20));
    let ground = |window| Ground {
        task: "pairs",
        corpus: &corpus,
        window,
        data_root: None,
    };
    let pairs = [
        pair("the dog sees", "the cat sees", 1),
        pair("the dog sees the cat the dog", "the cat sees the cat the dog", 2),
        pair("the dog sees the cat", "the dog sees the dog", 3),
    ];
    let open = |window| PairSet::open(&pairs, &ground(window), MeanOver::Paradigms, 1);
    let lengths = |set: &PairSet| -> Vec<usize> {
        set.pairs
            .iter()
            .flatten()
            .map(|index| set.sentences[*index].ids.len())
            .collect()
    };
    let all = open(9).unwrap();
    assert_eq!((all.cut, lengths(&all)), (0, vec![5, 5, 9, 9, 7, 7]));
    assert!(all.warnings().is_empty());
    let one = open(7).unwrap();
    assert_eq!((one.cut, lengths(&one)), (1, vec![5, 5, 7, 7, 7, 7]));
    assert!(one.warnings()[0].contains("pairs: 1 of 3 pairs") && one.warnings()[0].contains("encoder.window = 7"));
    // The third pair's contrast is its sixth token.
    assert_eq!(open(6).map(|set| set.cut).unwrap(), 2);
    let fault = open(5).map(|set| set.cut).unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("encoder.window: pairs.jsonl:3"));
    assert!(
        fault.what.contains("1 of 3 pairs") && fault.remedy.as_ref().unwrap().contains("6 or more"),
        "{fault}"
    );
}

#[test]
fn a_pair_is_seen_where_a_sentence_of_it_stands_in_the_training_text() {
    let cache = tempfile::tempdir().unwrap();
    let text = "then the dog sees the cat again\n\n".repeat(20) + &"the old dog sees\n\n".repeat(20);
    let corpus = corpus(cache.path(), &text);
    let ground = Ground {
        task: "pairs",
        corpus: &corpus,
        window: 16,
        data_root: None,
    };
    let pairs = [
        pair("the dog sees the cat", "the dog sees cat the", 1),
        pair("the cat sees the dog", "the dog sees the old", 2),
        pair("the dog the cat", "the old dog sees", 3),
    ];
    let set = PairSet::open(&pairs, &ground, MeanOver::Paradigms, 1).unwrap();
    assert_eq!(set.seen, [true, false, true]);
}

#[test]
fn unknown_tokens_are_counted_and_a_set_that_differs_in_nothing_else_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    let corpus = corpus(cache.path(), &"the dog sees the cat\n\n".repeat(20));
    let open = |pairs: &[MinimalPair], window| {
        let ground = Ground {
            task: "pairs",
            corpus: &corpus,
            window,
            data_root: None,
        };
        PairSet::open(pairs, &ground, MeanOver::Paradigms, 1)
    };
    let known = pair("the dog sees", "the cat sees", 1);
    let in_the_contrast = pair("the dog sees the cat", "the dog \u{2603} the cat", 2);
    let beside_it = pair("the dog sees \u{2603}", "the cat sees \u{2603}", 3);
    let alike = pair("the \u{2603} sees", "the \u{2602} sees", 4);
    let mixed = [known.clone(), in_the_contrast.clone(), beside_it.clone(), alike.clone()];
    let set = open(&mixed, 16).unwrap();
    assert_eq!(set.unknown, [false, true, true, true]);
    let told = set.warnings();
    assert!(told[0].contains("1 of 4 pairs are the same tokens"), "{told:?}");
    assert!(
        told[1].starts_with("pairs: 3 of 4 pairs (75.0 %) have a token that the tokenizer does not know"),
        "{told:?}"
    );
    // What the window cuts off is not read.
    let cut = open(&[known, beside_it.clone()], 4).unwrap();
    assert_eq!((cut.unknown, cut.cut), (vec![false, false], 2));
    // One pair tells something: its words are known where they differ.
    assert!(open(&[in_the_contrast.clone(), beside_it], 16).is_ok());
    let fault = open(&[in_the_contrast, alike.clone()], 16).map(|_| ()).unwrap_err();
    assert!(
        fault.what.contains("differs in tokens that the tokenizer knows"),
        "{fault}"
    );
    let fault = open(&[alike], 16).map(|_| ()).unwrap_err();
    assert!(fault.what.contains("can be told apart"), "{fault}");
}
