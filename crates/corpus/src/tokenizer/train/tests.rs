use super::*;
use crate::Tokenizer;
use crate::loss::Loss;

fn counts(text: &str) -> WordCounts {
    let mut counts = WordCounts::default();
    counts.add(text);
    counts
}

fn wordpiece(vocab: usize, change: impl FnOnce(&mut bool, &mut Option<bool>, &mut Option<usize>)) -> TokenizerConfig {
    let mut config = TokenizerConfig::wordpiece(vocab);
    if let TokenizerConfig::Wordpiece {
        cased,
        strip_accents,
        alphabet,
        ..
    } = &mut config
    {
        change(cased, strip_accents, alphabet);
    }
    config
}

fn tokenizer(config: &TokenizerConfig, counts: &WordCounts) -> Tokenizer {
    Tokenizer::train(config, counts).unwrap().0
}

/// The pieces of a text.
fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    let ids = tokenizer.encode(text).ids;
    ids.iter().map(|id| tokenizer.piece(*id).unwrap()).collect()
}

/// So many ideographs, the first ones the most frequent.
fn ideographs(count: u32) -> String {
    let character = |number| char::from_u32(0x4E00 + number).unwrap();
    (0..count)
        .flat_map(|number| std::iter::repeat_n(character(number), 1 + 2_000 / (number as usize + 1)))
        .collect()
}

#[test]
fn the_alphabet_is_not_limited_while_there_is_room() {
    let text = ideographs(900);
    let all = tokenizer(&TokenizerConfig::wordpiece(1024), &counts(&text));
    assert_eq!(all.vocabulary().size, 5 + 900);
    let unknown = all.vocabulary().special.unknown;
    assert!(!all.encode(&text).ids.contains(&unknown));
    // Where there is no room for all, the most frequent ones are known.
    let some = tokenizer(&TokenizerConfig::wordpiece(256), &counts(&text));
    assert_eq!(some.vocabulary().size, 256);
    let share = |tokenizer: &Tokenizer| {
        let ids = tokenizer.encode(&text).ids;
        ids.iter().filter(|id| **id == unknown).count() as f64 / ids.len() as f64
    };
    assert!((0.01..0.2).contains(&share(&some)), "{}", share(&some));
    let limited = tokenizer(&wordpiece(1024, |_, _, alphabet| *alphabet = Some(100)), &counts(&text));
    assert_eq!(limited.vocabulary().size, 5 + 100);
}

#[test]
fn rare_characters_leave_room_for_merges() {
    // Words of a few letters, and a noise of many characters, a three-thousandth of the text.
    let words = "token lower newest widest ".repeat(50_000);
    let both = format!(
        "{words} {}",
        ideographs(400)
            .chars()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<String>()
    );
    let trained = tokenizer(&TokenizerConfig::wordpiece(128), &counts(&both));
    assert_eq!(pieces(&trained, "newest token"), ["newest", "token"]);
}

#[test]
fn case_and_accents_are_kept_as_they_are_told_to_be() {
    let text = "Größe Über café İstanbul ".repeat(20);
    for (change, expected) in [
        ((false, None), "große uber cafe istanbul"),
        ((true, None), "Größe Über café İstanbul"),
        ((false, Some(false)), "größe über café i\u{307}stanbul"),
        ((true, Some(true)), "Große Uber cafe Istanbul"),
    ] {
        let config = wordpiece(200, |cased, strip, _| (*cased, *strip) = change);
        let trained = tokenizer(&config, &counts(&text));
        assert_eq!(
            trained.decode(&trained.encode("Größe Über café İstanbul").ids),
            expected,
            "{change:?}"
        );
    }
}

#[test]
fn vowel_signs_are_kept_unless_they_are_to_go_and_that_is_said() {
    let text = "किताब में बच्चे खेलते हैं और पढ़ते हैं ".repeat(20);
    let (kept, how) = Tokenizer::train(&TokenizerConfig::wordpiece(200), &counts(&text)).unwrap();
    assert!(
        how.described.contains("accents kept, because many are vowel signs"),
        "{}",
        how.described
    );
    assert_eq!(kept.decode(&kept.encode("बच्चे हैं").ids), "बच्चे हैं");
    assert_eq!(Loss::of(&kept, &counts(&text)).unwrap().changed, 0);

    let (gone, how) = Tokenizer::train(&wordpiece(200, |_, strip, _| *strip = Some(true)), &counts(&text)).unwrap();
    assert!(how.described.contains("accents stripped"), "{}", how.described);
    let loss = Loss::of(&gone, &counts(&text)).unwrap();
    assert!(loss.changed > loss.words / 2 && loss.lower_cased == 0, "{loss:?}");
    assert!(loss.named.iter().any(|(mark, _)| *mark == '\u{94D}'), "{loss:?}");
    let english = Loss::of(&gone, &counts("The the")).unwrap();
    assert_eq!((english.words, english.changed), (2, 2));
}

#[test]
fn what_is_lost_is_counted() {
    let text = "The the the café café über";
    let trained = tokenizer(&TokenizerConfig::wordpiece(100), &counts(text));
    let loss = Loss::of(&trained, &counts(text)).unwrap();
    let expected = Loss {
        words: 6,
        changed: 4,
        lower_cased: 1,
        characters: 3 * 3 + 2 * 4 + 4,
        lost: 3,
        named: vec![('é', 2), ('ü', 1)],
    };
    assert_eq!(loss, expected);
}

#[test]
fn words_beyond_the_limit_are_left_out_and_counted() {
    let long = "xyz".repeat(40);
    let text = format!("{} {long} {long}", "low lower lowest ".repeat(30));
    let (trained, how) = Tokenizer::train(&TokenizerConfig::wordpiece(200), &counts(&text)).unwrap();
    assert_eq!(how.too_long, 2);
    // Nothing was learnt from them, not even their letters.
    assert_eq!(trained.id("x"), None);
    assert_eq!(trained.encode(&long).ids, [trained.vocabulary().special.unknown]);
    assert_eq!(pieces(&trained, "lowest"), ["lowest"]);
    // BPE has no such limit.
    let (_, how) = Tokenizer::train(&TokenizerConfig::Bpe { vocab: 300 }, &counts(&text)).unwrap();
    assert_eq!(how.too_long, 0);

    let fault = Tokenizer::train(&TokenizerConfig::wordpiece(200), &counts(&long))
        .err()
        .unwrap();
    assert!(
        fault.what.contains("longer than the 100 characters") && fault.remedy.unwrap().contains("bpe"),
        "{}",
        fault.what
    );
}
