//! Labels are held against the grammar: its charts say what would be ungrammatical.

use super::super::labels::{Derivation, ENTITY_TYPES, Labelled, PARTS_OF_SPEECH, labelled, part_of_speech};
use super::super::language::{LANGUAGE, Terminal};
use super::super::words::TOPIC_NAMES;
use super::read;
use std::collections::BTreeSet;

/// `word/PART word/PART`, as it is easily read.
fn tagged(sentence: &Labelled) -> String {
    let words = sentence.words.iter().enumerate();
    let tagged: Vec<String> = words
        .map(|(at, word)| format!("{}/{}", sentence.word(at), word.part_of_speech))
        .collect();
    tagged.join(" ")
}

#[test]
fn the_same_seed_gives_the_same_labels_whatever_the_count() {
    let sentences = labelled(3, 50);
    assert_eq!(sentences.len(), 50);
    assert_eq!(labelled(3, 7), sentences[..7]);
    assert_ne!(labelled(4, 7), sentences[..7]);
    // Not the sentences that texts of the same seed begin with.
    let texts: BTreeSet<String> = (0..50).map(|index| super::super::document(3, index)).collect();
    let begin = |sentence: &Labelled| texts.iter().any(|text| text.starts_with(&sentence.text));
    assert!(!sentences.iter().all(begin));
    assert_eq!(sentences.iter().filter(|sentence| begin(sentence)).count(), 0);
}

#[test]
fn words_lie_where_they_are_said_to_and_have_parts_of_speech_that_occur() {
    let sentences = labelled(1, 2000);
    let mut parts = BTreeSet::new();
    for sentence in &sentences {
        let words = &read(&sentence.text)[0];
        assert_eq!(words.len(), sentence.words.len());
        for (at, (word, label)) in words.iter().zip(&sentence.words).enumerate() {
            let known = &LANGUAGE.lexicon.words[*word as usize].text;
            assert_eq!(sentence.word(at).to_lowercase(), known.to_lowercase());
            parts.insert(label.part_of_speech);
        }
        assert_eq!(sentence.word(words.len()), "");
    }
    assert_eq!(parts.into_iter().collect::<Vec<_>>(), PARTS_OF_SPEECH);
    let kinds: BTreeSet<&str> = sentences.iter().flat_map(|s| &s.entities).map(|e| e.kind).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ENTITY_TYPES);
}

#[test]
fn a_word_is_the_same_wherever_it_stands_but_for_that() {
    for sentence in labelled(4, 500) {
        for (at, label) in sentence.words.iter().enumerate() {
            let word = sentence.word(at);
            let alone = part_of_speech(word);
            let is_three = word.eq_ignore_ascii_case("that");
            assert_eq!(
                alone,
                (!is_three).then_some(label.part_of_speech),
                "{word} in {}",
                sentence.text
            );
        }
    }
    assert_eq!(part_of_speech("xyz"), None);
}

#[test]
fn entities_are_the_proper_nouns() {
    for sentence in labelled(2, 500) {
        let proper = |at: &usize| sentence.words[*at].part_of_speech == "PROPN";
        let found: Vec<usize> = sentence
            .entities
            .iter()
            .flat_map(|entity| entity.words.clone())
            .collect();
        let expected: Vec<usize> = (0..sentence.words.len()).filter(proper).collect();
        assert_eq!(found, expected, "{}", sentence.text);
    }
}

#[test]
fn that_is_what_stands_around_it() {
    let mut seen = BTreeSet::new();
    for sentence in labelled(5, 3000) {
        for (at, word) in sentence.words.iter().enumerate() {
            if !sentence.word(at).eq_ignore_ascii_case("that") {
                continue;
            }
            seen.insert(word.part_of_speech);
            let before = at.checked_sub(1).map(|before| sentence.words[before].part_of_speech);
            let behind = sentence.words[at + 1].part_of_speech;
            match word.part_of_speech {
                "DET" => assert!(["ADJ", "NOUN"].contains(&behind), "{}", tagged(&sentence)),
                "PRON" => assert_eq!(before, Some("NOUN"), "{}", tagged(&sentence)),
                "SCONJ" => assert_eq!(before, Some("VERB"), "{}", tagged(&sentence)),
                other => panic!("{other}: {}", tagged(&sentence)),
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["DET", "PRON", "SCONJ"]);
}

/// A verb that shows its number agrees with the subject that is named: in the other number the sentence is none.
#[test]
fn the_subject_agrees_with_its_verb_and_the_grammar_refuses_the_other_number() {
    let (mut shown, mut with_attractors) = (0, 0);
    for index in 0..400 {
        let made = Derivation::draw(&LANGUAGE, 7, index);
        let subject = made.subject().unwrap();
        assert!(subject.head < subject.verb);
        let word = made.words[subject.verb];
        let Some(other) = LANGUAGE.other_number(word) else {
            continue;
        };
        let mut changed = made.words.clone();
        changed[subject.verb] = other;
        let mut text = String::new();
        LANGUAGE.write(&made.words, &mut text);
        assert!(LANGUAGE.chart(&made.words).probability() > 0.0, "{text}");
        assert_eq!(LANGUAGE.chart(&changed).probability(), 0.0, "{text}");
        let is_plural = LANGUAGE.tags[word as usize]
            .iter()
            .any(|tag| match LANGUAGE.terminals[usize::from(*tag)] {
                Some(Terminal::Open { class, form }) => LANGUAGE.lexicon.classes[class].forms[form] == "p",
                _ => ["are", "were", "have", "do"].contains(&LANGUAGE.lexicon.words[word as usize].text.as_str()),
            });
        assert_eq!(is_plural, subject.plural, "{text}");
        shown += 1;
        with_attractors += usize::from(subject.attractors > 0);
    }
    assert!(shown > 150 && with_attractors > 10, "{shown} {with_attractors}");
}

#[test]
fn attractors_and_distance_are_those_of_sentences_counted_by_hand() {
    let sentences = labelled(1, 5000);
    let find = |wanted: &dyn Fn(&Labelled) -> bool| sentences.iter().find(|s| wanted(s)).unwrap();
    // A pronoun or a name has nothing behind it.
    let short = find(&|s| s.word(0) == "They" && s.words[1].part_of_speech == "VERB");
    assert_eq!(
        (short.subject.plural, short.subject.distance(), short.subject.attractors),
        (true, 0, 0)
    );
    // "The N near the N is": two words of a place and the noun's own determiner.
    let place = find(&|s| {
        let parts: Vec<&str> = s.words.iter().take(6).map(|word| word.part_of_speech).collect();
        parts == ["DET", "NOUN", "ADP", "DET", "NOUN", "AUX"] && s.subject.attractors == 1
    });
    assert_eq!(
        (place.subject.head, place.subject.verb, place.subject.distance()),
        (1, 5, 3)
    );
    // Both members of a coordination are the subject.
    let both = find(&|s| {
        s.words
            .iter()
            .take(5)
            .map(|word| word.part_of_speech)
            .eq(["DET", "NOUN", "CCONJ", "DET", "NOUN"])
    });
    assert_eq!(
        (both.subject.plural, both.subject.head, both.subject.attractors),
        (true, 4, 0)
    );
}

#[test]
fn the_topic_is_guessed_as_often_as_the_best_guess_says() {
    let sentences = labelled(1, 4000);
    let topics: BTreeSet<&str> = sentences.iter().map(|sentence| sentence.topic).collect();
    assert_eq!(topics.len(), TOPIC_NAMES.len());
    let ceiling = sentences.iter().map(|sentence| sentence.best_topic_guess).sum::<f64>() / sentences.len() as f64;
    // Half of the open words are of no topic: a sentence tells of its own less than always, and more than nothing.
    assert!((0.4..0.8).contains(&ceiling), "{ceiling}");
    let uniform = 1.0 / TOPIC_NAMES.len() as f64;
    assert!(
        sentences
            .iter()
            .all(|sentence| sentence.best_topic_guess >= uniform - 1e-9)
    );
}
