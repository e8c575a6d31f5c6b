//! Entities that stand beside a text: in a list of an object of JSON, or in a column of tags.

use crate::clean::{clean_characters, clean_line};
use crate::json::Object;
use crate::sets::{TaggedSentence, check_tags, spans};
use cloze_foundation::{Fault, Result};
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// What an entity looks like in a list.
const FORMS: [&str; 2] = ["[start, end, kind]", "{ \"start\": .., \"end\": .. }"];

/// The entities in a field of an object, in characters of its text, from left to right: Unicode's code points, as Python counts
/// them. Of one inside another one the outer is kept.
///
/// # Errors
/// A field that is not there or holds no list; an entity that is not written as one, is empty, reaches beyond the text, or
/// begins inside another one and ends behind it.
pub fn in_list(object: &Object, field: &str, text: &str) -> Result<Vec<Range<usize>>> {
    let (found, fields) = object.field(field);
    let list = match found {
        Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Fault::usage(format!("the field `{field}` holds no list of entities")).allowed(FORMS)),
        None => {
            let fault = Fault::usage(format!("no list of entities in the field `{field}`"));
            return Err(fault.allowed(fields.clone()).nearest(field, fields));
        }
    };
    let length = text.chars().count();
    let read = |value: &Value| {
        let entity = range(value)
            .ok_or_else(|| Fault::usage(format!("`{}` is no entity", shortened(&value.to_string()))).allowed(FORMS))?;
        match entity.start < entity.end && entity.end <= length {
            true => Ok(entity),
            false => Err(Fault::usage(format!(
                "the entity from {} to {} is outside its text",
                entity.start, entity.end
            ))
            .allowed([format!("places from 0 to {length} that ascend, counted in characters")])),
        }
    };
    let mut entities = list.iter().map(read).collect::<Result<Vec<_>>>()?;
    entities.sort_unstable_by_key(|entity| (entity.start, std::cmp::Reverse(entity.end)));
    let mut outer: Vec<Range<usize>> = Vec::new();
    for entity in entities {
        match outer.last().filter(|last| entity.start < last.end) {
            None => outer.push(entity),
            Some(last) if entity.end <= last.end => {}
            Some(last) => {
                let what = format!("the entities {last:?} and {entity:?} overlap, and neither is inside the other");
                return Err(Fault::usage(what));
            }
        }
    }
    Ok(outer)
}

/// Where an entity of a list begins and ends.
fn range(value: &Value) -> Option<Range<usize>> {
    let (start, end) = match value {
        Value::Array(parts) => (parts.first()?, parts.get(1)?),
        Value::Object(parts) => (parts.get("start")?, parts.get("end")?),
        _ => return None,
    };
    let place = |value: &Value| usize::try_from(value.as_u64()?).ok();
    Some(place(start)?..place(end)?)
}

/// The beginning of what somebody wrote.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A cleaned line with its entities, in bytes of it.
#[derive(Debug, Default)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// From left to right.
    pub entities: Vec<Range<usize>>,
    /// Which of those that it was given these are: of one that has nothing but spaces in the line nothing is kept.
    pub kept: Vec<usize>,
    /// Whether the first one began in a line before.
    pub goes_on: bool,
}

impl Line {
    /// Takes the next line, whose entities are in its characters, from left to right.
    pub fn read(&mut self, line: &str, entities: impl IntoIterator<Item = Range<usize>>) {
        self.clear();
        let mut entities = entities.into_iter().enumerate().peekable();
        if entities.peek().is_none() {
            return clean_line(line, &mut self.text);
        }
        clean_characters(line, &mut self.text, |place, bytes| {
            while entities.next_if(|(_, entity)| entity.end <= place).is_some() {}
            let Some((number, _)) = entities.peek().filter(|(_, entity)| entity.contains(&place)) else {
                return;
            };
            let is_open = self.kept.last() == Some(number);
            match self.entities.last_mut().filter(|_| is_open) {
                Some(open) => open.end = bytes.end,
                None => {
                    self.entities.push(bytes);
                    self.kept.push(*number);
                }
            }
        });
    }

    fn clear(&mut self) {
        self.text.clear();
        self.entities.clear();
        self.kept.clear();
        self.goes_on = false;
    }

    /// Takes a sentence of words with tags as the next line: its words with a space between them.
    ///
    /// # Errors
    /// A tag that is none of an entity, at its line.
    pub fn read_tagged(&mut self, sentence: &TaggedSentence, path: &Path) -> Result<()> {
        check_tags(&sentence.tags, None).map_err(|(word, fault)| {
            fault
                .at(format!("{}:{}", path.display(), sentence.lines[word]))
                .remedy("name the column of the entities as corpus.entities: -1 is the last one")
        })?;
        self.clear();
        let mut words: Vec<Range<usize>> = Vec::with_capacity(sentence.words.len());
        for word in &sentence.words {
            let before = self.text.len();
            if before > 0 {
                self.text.push(' ');
            }
            let from = self.text.len();
            clean_line(word, &mut self.text);
            if self.text.len() == from {
                self.text.truncate(before);
            }
            words.push(from..self.text.len());
        }
        // Of a word nothing may be left.
        self.entities
            .extend(spans(&sentence.tags).into_iter().filter_map(|entity| {
                let mut left = words[entity.from..entity.to].iter().filter(|word| !word.is_empty());
                let first = left.next()?;
                Some(first.start..left.next_back().unwrap_or(first).end)
            }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str, entities: &[Range<usize>]) -> Vec<String> {
        let mut found = Line::default();
        found.read(line, entities.iter().cloned());
        found
            .entities
            .iter()
            .map(|entity| found.text[entity.clone()].to_owned())
            .collect()
    }

    #[test]
    fn an_entity_is_where_its_text_is_after_cleaning() {
        assert_eq!(
            read(" Zoë  met\tAda \u{FEFF}Lovelace.", &[1..4, 10..23]),
            ["Zoë", "Ada Lovelace"]
        );
        // What touches are two, and what is dropped is none.
        assert_eq!(read("New York", &[0..3, 3..8]), ["New", "York"]);
        assert_eq!(read("a \u{FEFF} b", &[2..3, 4..5]), ["b"]);
    }

    #[test]
    fn a_tagged_sentence_is_its_words_and_their_entities() {
        let sentence = |words: &[&str], tags: &[&str]| TaggedSentence {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            lines: (4..).take(words.len()).collect(),
        };
        let mut line = Line::default();
        let words = [
            "saw", "\u{FEFF}", "Ada", "\u{FEFF}", "Lovelace", "Paris", "saw", "\u{FEFF}",
        ];
        // IOB1, IOB2 and BIOES.
        for tags in [
            ["O", "I-PER", "I-PER", "I-PER", "I-PER", "I-LOC", "O", "I-PER"],
            ["O", "B-PER", "I-PER", "I-PER", "I-PER", "B-LOC", "O", "B-PER"],
            ["O", "B-PER", "I-PER", "I-PER", "E-PER", "S-LOC", "O", "S-PER"],
        ] {
            line.read_tagged(&sentence(&words, &tags), Path::new("a.conll"))
                .unwrap();
            assert_eq!(
                (line.text.as_str(), &line.entities[..]),
                ("saw Ada Lovelace Paris saw", &[4..16, 17..22][..])
            );
        }
        let fault = line
            .read_tagged(&sentence(&["a", "b"], &["O", "NNP"]), Path::new("a.conll"))
            .unwrap_err();
        assert_eq!(fault.place().as_deref(), Some("a.conll:5"));
        assert!(fault.remedy.unwrap().contains("corpus.entities"));
    }

    proptest! {
        #[test]
        fn entities_hold_what_is_left_of_their_characters(
            line in "[ab é\t\u{FEFF}\u{0}]{0,30}",
            cuts in prop::collection::btree_set(0usize..31, 0..8),
        ) {
            let length = line.chars().count();
            let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= length).collect();
            let entities: Vec<Range<usize>> = cuts.chunks_exact(2).map(|cut| cut[0]..cut[1]).collect();
            let cleaned = |entity: &Range<usize>| {
                let mut text = String::new();
                let own: String = line.chars().skip(entity.start).take(entity.len()).collect();
                clean_line(&own, &mut text);
                text
            };
            let expected: Vec<String> = entities.iter().map(cleaned).filter(|text| !text.is_empty()).collect();
            prop_assert_eq!(read(&line, &entities), expected);
        }
    }
}
