//! Sentences with what the grammar knows of them: the part of speech of every word, entities, the main subject and its
//! verb, the topic. A word may be two things ("that" is three); the labels are those of the derivation that made the
//! sentence.

use super::formation::{SHAPES, Shape};
use super::grammar::Symbol;
use super::language::{LANGUAGE, Language, Terminal};
use super::latent::Evidence;
use super::lexicon::WordId;
use super::words::TOPIC_NAMES;
use cloze_foundation::{Draw, Stream};
use std::ops::Range;

/// The parts of speech, as Universal Dependencies call them.
pub const PARTS_OF_SPEECH: [&str; 13] = [
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "NOUN", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "VERB",
];
/// The types of entities.
pub const ENTITY_TYPES: [&str; 3] = ["organisation", "person", "place"];

/// The grammar's own words by part of speech; `that` is what the rule says that it stands in.
const CLOSED: [(&str, &str); 8] = [
    ("DET", "the a every this these those many several some any no"),
    ("AUX", "is was are were has have had does do did will can"),
    (
        "PRON",
        "he she it they him her them himself herself itself themselves who which what",
    ),
    ("ADP", "near behind beside in"),
    ("ADV", "often still usually sometimes ever already"),
    ("PART", "not"),
    ("CCONJ", "and"),
    ("PUNCT", "."),
];

/// A sentence of the language, with what is true of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The sentence as text.
    pub text: String,
    /// Its words in order, the full stop among them.
    pub words: Vec<LabelledWord>,
    /// The entities in order. Names of the language are single words.
    pub entities: Vec<Entity>,
    /// The subject of the main clause.
    pub subject: Subject,
    /// The name of the topic that its words were drawn by.
    pub topic: &'static str,
    /// The probability that the best guess of the topic is right, for whoever knows the language and reads this sentence.
    pub best_topic_guess: f64,
}

/// A word of a labelled sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledWord {
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// One of [`PARTS_OF_SPEECH`].
    pub part_of_speech: &'static str,
}

/// A name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its words.
    pub words: Range<usize>,
    /// One of [`ENTITY_TYPES`].
    pub kind: &'static str,
}

/// The subject of the main clause, and the verb that agrees with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whether it is plural.
    pub plural: bool,
    /// Its last word that decides the number: its noun, name or pronoun, or the last member of "the boy and the girl".
    pub head: usize,
    /// The verb or auxiliary that agrees with it; a past tense or `can` does not show that it does.
    pub verb: usize,
    /// The nouns and names between the two that have the other number (Linzen et al. 2016).
    pub attractors: usize,
}

impl Subject {
    /// The words between the head and the verb.
    pub fn distance(&self) -> usize {
        self.verb - self.head - 1
    }
}

impl Labelled {
    /// A word as it stands in the text.
    pub fn word(&self, index: usize) -> &str {
        let bytes = self.words.get(index).map_or(0..0, |word| word.bytes.clone());
        &self.text[bytes]
    }
}

/// The first `count` labelled sentences of a seed. Each is a function of the seed and its number, from draws that no text
/// of the language is made of.
pub fn labelled(seed: u64, count: usize) -> Vec<Labelled> {
    (0..count as u64)
        .filter_map(|index| Derivation::draw(&LANGUAGE, seed, index).labelled())
        .collect()
}

/// What a word of the language is wherever it stands, whatever its case; nothing of `that`, which is three things, and of what
/// is no word of it.
pub fn part_of_speech(word: &str) -> Option<&'static str> {
    let word = &LANGUAGE.lexicon.words[LANGUAGE.lexicon.id(word)? as usize];
    match word.lexeme {
        Some(lexeme) => of_class(LANGUAGE.lexicon.class_of(lexeme).name),
        None => closed(&word.text),
    }
}

fn of_class(class: &str) -> Option<&'static str> {
    let found = SHAPES.iter().find(|Shape(name, ..)| *name == class);
    found.map(|Shape(_, kind, ..)| kind.part_of_speech())
}

/// A node of a derivation.
struct Node {
    symbol: Symbol,
    parent: Option<usize>,
    words: Range<usize>,
}

/// How a sentence was made.
pub(super) struct Derivation<'l> {
    language: &'l Language,
    topic: usize,
    /// Every parent before its children, children from left to right.
    nodes: Vec<Node>,
    /// The words, and the node of each.
    pub(super) words: Vec<WordId>,
    leaves: Vec<usize>,
}

impl<'l> Derivation<'l> {
    /// Sentence `index` of a seed.
    pub(super) fn draw(language: &'l Language, seed: u64, index: u64) -> Self {
        let mut stream = Draw::new(seed, "labelled sentences").example(index).stream();
        let latent = language.latent(&mut stream);
        let mut made = Self {
            language,
            topic: latent.topic,
            nodes: Vec::new(),
            words: Vec::new(),
            leaves: Vec::new(),
        };
        made.expand(|class, stream| language.lexeme(class, &latent, stream), &mut stream);
        made
    }

    /// As [`Language::expand`] does from the root, but what becomes of every symbol is kept.
    fn expand(&mut self, mut choose: impl FnMut(usize, &mut Stream) -> u32, stream: &mut Stream) {
        let language = self.language;
        let mut open = vec![(language.grammar.root, None)];
        while let Some((symbol, parent)) = open.pop() {
            let node = self.nodes.len();
            let at = self.words.len();
            self.nodes.push(Node {
                symbol,
                parent,
                words: at..at,
            });
            let word = match language.terminals[usize::from(symbol)] {
                Some(Terminal::Literal(word)) => word,
                Some(Terminal::Open { class, form }) => {
                    language.lexicon.lexemes[choose(class, stream) as usize].forms[form]
                }
                None => {
                    let rule = language.grammar.choose(symbol, stream);
                    open.extend(rule.right.map(|right| (right, Some(node))));
                    open.push((rule.left, Some(node)));
                    continue;
                }
            };
            self.words.push(word);
            self.leaves.push(node);
            let mut above = Some(node);
            while let Some(node) = above {
                self.nodes[node].words.end = at + 1;
                above = self.nodes[node].parent;
            }
        }
    }

    fn name(&self, node: usize) -> &'l str {
        &self.language.grammar.names[usize::from(self.nodes[node].symbol)]
    }

    /// The first node of this kind within some words.
    fn first(&self, kinds: &[&str], within: &Range<usize>) -> Option<usize> {
        (0..self.nodes.len()).find(|node| {
            let words = &self.nodes[*node].words;
            let inside = within.start <= words.start && words.end <= within.end;
            inside && kinds.contains(&self.name(*node).split('[').next().unwrap_or_default())
        })
    }

    fn part_of_speech(&self, word: usize) -> Option<&'static str> {
        let leaf = self.leaves[word];
        match self.terminal(word)? {
            Terminal::Open { class, .. } => of_class(self.language.lexicon.classes[class].name),
            Terminal::Literal(_) if self.name(leaf) == "that" => {
                let rule = self.nodes[leaf].parent.map(|parent| self.name(parent))?;
                Some(match rule {
                    rule if rule.starts_with("Plain[") => "DET",
                    rule if rule.starts_with("Who[") => "PRON",
                    _ => "SCONJ",
                })
            }
            Terminal::Literal(_) => closed(self.name(leaf)),
        }
    }

    fn terminal(&self, word: usize) -> Option<Terminal> {
        self.language.terminals[usize::from(self.nodes[self.leaves[word]].symbol)]
    }

    /// Whether a word is a plural noun; nothing where it is neither a noun nor a name.
    fn plural_noun(&self, word: usize) -> Option<bool> {
        let Terminal::Open { class, form } = self.terminal(word)? else {
            return None;
        };
        let is_noun = ["NOUN", "PROPN"].contains(&self.part_of_speech(word)?);
        is_noun.then(|| self.language.lexicon.classes[class].forms[form] == "p")
    }

    /// The main clause's subject and its verb.
    pub(super) fn subject(&self) -> Option<Subject> {
        let whole = 0..self.words.len();
        let node = self.first(&["Subject", "Negated"], &whole)?;
        let words = self.nodes[node].words.clone();
        let plural = self.name(node).contains("[p,");
        // What follows the noun's own phrase does not decide the number: a place, a relative clause.
        let own = self.first(&["Core", "Member"], &words);
        let own = own.filter(|own| self.name(*own) != "Member");
        let head = own.map_or(words.end, |own| self.nodes[own].words.end) - 1;
        let is_verb = |word: &usize| matches!(self.part_of_speech(*word), Some("VERB" | "AUX"));
        let verb = (words.end..self.words.len()).find(is_verb)?;
        let attractors = (head + 1..words.end).filter(|word| self.plural_noun(*word) == Some(!plural));
        Some(Subject {
            plural,
            head,
            verb,
            attractors: attractors.count(),
        })
    }

    fn labelled(&self) -> Option<Labelled> {
        let language = self.language;
        let mut text = String::new();
        language.write(&self.words, &mut text);
        let (mut words, mut entities, mut at) = (Vec::new(), Vec::new(), 0);
        for (place, word) in self.words.iter().enumerate() {
            let word = &language.lexicon.words[*word as usize];
            at += usize::from(place > 0 && word.text != ".");
            words.push(LabelledWord {
                bytes: at..at + word.text.len(),
                part_of_speech: self.part_of_speech(place)?,
            });
            at += word.text.len();
            let kind = word
                .lexeme
                .and_then(|lexeme| entity(language.lexicon.class_of(lexeme).name));
            entities.extend(kind.map(|kind| Entity {
                words: place..place + 1,
                kind,
            }));
        }
        let lexeme = |word: &WordId| language.lexicon.words[*word as usize].lexeme;
        let evidence = Evidence::new(language, self.words.iter().filter_map(lexeme));
        Some(Labelled {
            text,
            words,
            entities,
            subject: self.subject()?,
            topic: TOPIC_NAMES[self.topic],
            best_topic_guess: evidence.prediction().topics().iter().copied().fold(0.0, f64::max),
        })
    }
}

fn closed(word: &str) -> Option<&'static str> {
    let found = CLOSED
        .iter()
        .find(|(_, words)| words.split(' ').any(|known| known == word));
    found.map(|(part, _)| *part)
}

fn entity(class: &str) -> Option<&'static str> {
    match class {
        "name-m" | "name-f" => Some("person"),
        "place" => Some("place"),
        "organisation" => Some("organisation"),
        _ => None,
    }
}
