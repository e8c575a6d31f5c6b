//! The lexicon: classes of lexemes with their inflected forms, in lists (common to all topics, or of one topic) whose
//! frequencies fall as a power of the rank. The frequent words are listed in `words`; the tails are made of invented
//! roots and English affixes, so that a word's ending tells its class and subwords matter.

use super::formation::{Kind, SHAPES, Shape, invent, listed};
use super::morphology;
use super::words::TOPICS;
use cloze_foundation::{Draw, Stream};
use std::collections::{HashMap, HashSet};

/// Index of a word form.
pub type WordId = u32;
/// Index of a lexeme.
pub type LexemeId = u32;

/// Share of open-class words that come from the list common to all topics, in a class that has topics.
const COMMON_SHARE: f64 = 0.5;
/// Share of a topic's words that come from any topic instead of the document's own.
pub const LEAK: f64 = 0.1;

/// A word form.
#[derive(Clone, Debug)]
pub struct Word {
    /// Its letters, as they stand inside a sentence.
    pub text: String,
    /// Its lexeme; none for the grammar's own words.
    pub lexeme: Option<LexemeId>,
}

/// A lexeme: its place in the frequency order of one list, and its forms.
#[derive(Clone, Debug)]
pub struct Lexeme {
    /// Index of its class.
    pub class: usize,
    /// Index of its list within the class: 0 is common, `t + 1` belongs to topic `t`.
    pub list: usize,
    /// Place in its list, from 0.
    pub rank: usize,
    /// Probability within its list.
    pub share: f64,
    /// One word per form of its class.
    pub forms: Vec<WordId>,
}

/// One frequency list.
#[derive(Clone, Debug)]
pub struct List {
    /// Its first lexeme; the others follow.
    pub start: LexemeId,
    /// Cumulative probabilities.
    pub cumulative: Vec<f64>,
}

impl List {
    /// Draws a lexeme by its frequency.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> LexemeId {
        let unit = stream.unit();
        let rank = self
            .cumulative
            .partition_point(|below| *below <= unit)
            .min(self.cumulative.len() - 1);
        self.start + rank as LexemeId
    }
}

/// A class of lexemes that stand in the same places.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name in the grammar.
    pub name: &'static str,
    /// Names of its forms.
    pub forms: &'static [&'static str],
    /// Names of persons, places and organisations: a document has a favourite among them.
    pub proper: bool,
    /// Share of the common list: 1 where there is no other.
    pub common_share: f64,
    /// The common list, then one per topic.
    pub lists: Vec<List>,
}

/// All words of the language.
#[derive(Debug)]
pub struct Lexicon {
    /// Word forms; the grammar's own words come first.
    pub words: Vec<Word>,
    /// The classes of words that the grammar draws from.
    pub classes: Vec<Class>,
    /// Lexemes, those of a list side by side.
    pub lexemes: Vec<Lexeme>,
    ids: HashMap<String, WordId>,
}

impl Lexicon {
    /// Makes the lexicon around the grammar's own words, which no lexeme may look like. The seed
    /// decides the invented roots.
    pub fn new(literals: &[&str], seed: u64) -> Self {
        let mut lexicon = Self {
            words: Vec::new(),
            classes: Vec::new(),
            lexemes: Vec::new(),
            ids: HashMap::new(),
        };
        for literal in literals {
            lexicon.add_word((*literal).to_owned(), None);
        }
        let mut stream = Draw::new(seed, "the built-in language's lexicon").stream();
        // A listed word of a later class must not be taken by an invented one.
        let reserved: HashSet<String> = SHAPES
            .iter()
            .flat_map(|Shape(name, kind, ..)| {
                (0..=TOPICS.len())
                    .flat_map(|list| listed(name, *kind, list))
                    .map(|stem| kind.inflect(&stem))
            })
            .flatten()
            .collect();
        for Shape(name, kind, common, topical, patterns) in SHAPES {
            let forms = kind.forms();
            let topics = if *topical > 0 { TOPICS.len() } else { 0 };
            let common_share = if topics > 0 { COMMON_SHARE } else { 1.0 };
            let class = lexicon.classes.len();
            lexicon.classes.push(Class {
                name,
                forms,
                proper: *kind == Kind::Proper,
                common_share,
                lists: Vec::new(),
            });
            for list in 0..=topics {
                let mut stems = listed(name, *kind, list);
                if *kind == Kind::Manner && list > 0 {
                    stems.extend(
                        lexicon
                            .adjectives(list)
                            .iter()
                            .map(|adjective| morphology::manner(adjective)),
                    );
                }
                let size = if list == 0 { *common } else { *topical };
                let start = lexicon.lexemes.len();
                let mut stems = stems.into_iter();
                while lexicon.lexemes.len() - start < size {
                    let rank = lexicon.lexemes.len() - start;
                    if let Some(stem) = stems.next() {
                        lexicon.add_lexeme(class, list, rank, kind.inflect(&stem));
                        continue;
                    }
                    let Some(stem) = invent(patterns, &mut stream) else {
                        break;
                    };
                    let forms = kind.inflect(&stem);
                    if !forms.iter().any(|form| reserved.contains(form)) {
                        lexicon.add_lexeme(class, list, rank, forms);
                    }
                }
                let list = lexicon.weigh(start);
                lexicon.classes[class].lists.push(list);
            }
        }
        lexicon
    }

    /// The adjectives of one list.
    fn adjectives(&self, list: usize) -> Vec<String> {
        let of_list = |lexeme: &&Lexeme| self.classes[lexeme.class].name == "adjective" && lexeme.list == list;
        let text = |lexeme: &Lexeme| self.words[lexeme.forms[0] as usize].text.clone();
        self.lexemes.iter().filter(of_list).map(text).collect()
    }

    fn add_word(&mut self, text: String, lexeme: Option<LexemeId>) -> WordId {
        let id = self.words.len() as WordId;
        self.ids.insert(text.to_lowercase(), id);
        self.words.push(Word { text, lexeme });
        id
    }

    /// Adds a lexeme unless one of its forms is already a word.
    fn add_lexeme(&mut self, class: usize, list: usize, rank: usize, forms: Vec<String>) {
        if forms.iter().any(|form| self.id(form).is_some()) {
            return;
        }
        let lexeme = self.lexemes.len() as LexemeId;
        let forms = forms.into_iter().map(|form| match self.id(&form) {
            Some(id) => id,
            None => self.add_word(form, Some(lexeme)),
        });
        let forms = forms.collect();
        self.lexemes.push(Lexeme {
            class,
            list,
            rank,
            share: 0.0,
            forms,
        });
    }

    /// Zipf's law over the lexemes from `start` on. Square roots, unlike powers, are the same on every machine.
    fn weigh(&mut self, start: usize) -> List {
        let weight = |rank: usize| {
            let place = rank as f64 + 2.0;
            1.0 / (place * place.sqrt())
        };
        let total: f64 = (0..self.lexemes.len() - start).map(weight).sum();
        let mut sum = 0.0;
        let mut cumulative = Vec::new();
        for lexeme in &mut self.lexemes[start..] {
            lexeme.share = weight(lexeme.rank) / total;
            sum += lexeme.share;
            cumulative.push(sum);
        }
        List {
            start: start as LexemeId,
            cumulative,
        }
    }

    /// The class of a lexeme.
    pub fn class_of(&self, lexeme: LexemeId) -> &Class {
        &self.classes[self.lexemes[lexeme as usize].class]
    }

    /// The lexemes of a class.
    pub fn members(&self, class: usize) -> impl Iterator<Item = LexemeId> {
        self.classes[class]
            .lists
            .iter()
            .flat_map(|list| list.start..list.start + list.cumulative.len() as LexemeId)
    }

    /// The word spelt so, whatever its case.
    pub fn id(&self, text: &str) -> Option<WordId> {
        self.ids.get(&text.to_lowercase()).copied()
    }
}
