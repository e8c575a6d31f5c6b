//! What BERT calls accents: it takes every letter apart and drops the marks that take no place of their own. In Latin, Greek
//! and Cyrillic those are accents; in Hindi, Thai, Arabic or Hebrew they are vowels, and kana and Hangul become other letters.

use crate::WordCounts;
use std::collections::HashMap;
use tokenizers::normalizers::{BertNormalizer, unicode::NFC};
use tokenizers::{NormalizedString, Normalizer};

/// A text of whose characters more would change that carry no accents is not one to strip.
const MOST_CHANGED: f64 = 0.01;
/// Latin, Greek and Cyrillic letters without accents come before this one.
const AFTER_CYRILLIC: char = '\u{530}';

/// What stripping does unless somebody says: what BERT does, which is `None`; but in a text whose marks are no accents
/// everything is kept, which is `Some(false)`.
pub fn kept(cased: bool, counts: &WordCounts) -> Option<bool> {
    if cased {
        return None;
    }
    let (mut changed, mut characters) = (0, 0);
    let mut known = HashMap::new();
    for (word, count) in counts.iter() {
        characters += count * word.chars().count() as u64;
        if !word.is_ascii() {
            changed += count * without_accents(word, &mut known);
        }
    }
    (changed as f64 > MOST_CHANGED * characters as f64).then_some(false)
}

/// What stripping makes of a character.
#[derive(Clone, Copy)]
enum Stripped {
    Same,
    Gone,
    Begins(char),
}

/// How many characters of a word stripping would change that are no letters with accents.
fn without_accents(word: &str, known: &mut HashMap<char, Stripped>) -> u64 {
    let mut base = ' ';
    let mut changed = 0;
    for character in normalized(word, &NFC).chars() {
        match *known.entry(character).or_insert_with(|| stripped(character)) {
            Stripped::Same => base = character,
            Stripped::Begins(letter) => {
                base = letter;
                changed += u64::from(letter >= AFTER_CYRILLIC);
            }
            Stripped::Gone => changed += u64::from(base >= AFTER_CYRILLIC),
        }
    }
    changed
}

fn stripped(character: char) -> Stripped {
    let text = character.to_string();
    let left = normalized(&text, &BertNormalizer::new(false, false, Some(true), false));
    match left.chars().next() {
        None => Stripped::Gone,
        Some(_) if left == text => Stripped::Same,
        Some(letter) => Stripped::Begins(letter),
    }
}

fn normalized(text: &str, normalizer: &impl Normalizer) -> String {
    let mut normalized = NormalizedString::from(text);
    // Neither of the two can fail; where one did, the text would be taken as it is.
    let _ = normalizer.normalize(&mut normalized);
    normalized.get().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<bool> {
        let mut counts = WordCounts::default();
        counts.add(text);
        kept(false, &counts)
    }

    #[test]
    fn accents_are_stripped_and_vowels_are_not() {
        for text in [
            "It is naïve.",
            "Größe über alles, schön",
            "Thủ đô của Việt Nam là Hà Nội",
            "Tho\u{309}a thua\u{323}\u{302}n n\u{303} ọ\u{301}", // decomposed, and with marks that no letter is composed with
            "İstanbul'da şık çiçek",
            "Ελλάδα ϊ Ёлка й",
            "漢字",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        for text in ["किताब पेड़ हैं", "สวัสดีครับ ที่นี่", "שָׁלוֹם", "كِتَاب", "ガラスが", "한국어", "தமிழ்"]
        {
            assert_eq!(of(text), Some(false), "{text}");
        }
        assert_eq!(of(&format!("{} किताब", "text ".repeat(500))), None);
        let mut counts = WordCounts::default();
        counts.add("किताब");
        assert_eq!(kept(true, &counts), None);
    }
}
