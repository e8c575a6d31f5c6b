//! How words are formed: which classes there are, how they are inflected, and what their rare words are made of.

use super::morphology;
use super::words::{COMMON, NAMES, TOPICS};
use cloze_foundation::Stream;

/// A class: its name, its inflection, the sizes of its common list and of each topic's, and the patterns of its tail, in
/// which `*` is a root.
pub struct Shape(pub &'static str, pub Kind, pub usize, pub usize, pub &'static str);

/// How the words of a class are inflected.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Singular and plural.
    Noun,
    /// See [`morphology::VERB_FORMS`].
    Verb,
    /// Not at all.
    Bare,
    /// Not at all; made from the adjectives of the same list.
    Manner,
    /// Not at all; begins with a capital.
    Proper,
}

/// Every class.
pub const SHAPES: &[Shape] = &[
    Shape("m", Kind::Noun, 24, 0, "*man"),
    Shape("f", Kind::Noun, 24, 0, "*woman"),
    Shape("e", Kind::Noun, 20, 16, "*er *ist *ian"),
    Shape("t", Kind::Noun, 36, 48, "* *let *ness *ment *age"),
    Shape("adjective", Kind::Bare, 32, 24, "*y *ful *less *ish *ic"),
    Shape("manner", Kind::Manner, 14, 12, ""),
    Shape("move", Kind::Verb, 20, 9, "* *le out*"),
    Shape("act", Kind::Verb, 36, 24, "* *ize *ify re*"),
    Shape("give", Kind::Verb, 10, 0, "*"),
    Shape("say", Kind::Verb, 10, 0, "*"),
    Shape("know", Kind::Verb, 9, 0, "*"),
    Shape("happen", Kind::Verb, 12, 6, "*ate de*"),
    Shape("name-m", Kind::Proper, 80, 0, "*us *o *rick"),
    Shape("name-f", Kind::Proper, 80, 0, "*a *ia *elle"),
    Shape("place", Kind::Proper, 70, 0, "*ville *ton *ford *burg"),
    Shape("organisation", Kind::Proper, 50, 0, "*corp *tech *soft *bank"),
];

impl Kind {
    /// The names of the forms.
    pub fn forms(self) -> &'static [&'static str] {
        match self {
            Kind::Noun => &["s", "p"],
            Kind::Verb => morphology::VERB_FORMS,
            Kind::Bare | Kind::Manner | Kind::Proper => &[""],
        }
    }

    /// What Universal Dependencies call words of this kind.
    pub fn part_of_speech(self) -> &'static str {
        match self {
            Kind::Noun => "NOUN",
            Kind::Verb => "VERB",
            Kind::Bare => "ADJ",
            Kind::Manner => "ADV",
            Kind::Proper => "PROPN",
        }
    }

    /// The forms of a word.
    pub fn inflect(self, stem: &str) -> Vec<String> {
        match self {
            Kind::Noun => vec![stem.to_owned(), morphology::plural(stem)],
            Kind::Verb => morphology::verb(stem),
            Kind::Bare | Kind::Manner => vec![stem.to_owned()],
            Kind::Proper => vec![stem[..1].to_uppercase() + &stem[1..]],
        }
    }
}

/// The words that are listed for a class: those of list 0 are common, those of list `t + 1` belong to topic `t`.
pub fn listed(class: &str, kind: Kind, list: usize) -> Vec<String> {
    let table = match list.checked_sub(1) {
        Some(topic) => TOPICS[topic],
        None if kind == Kind::Proper => NAMES,
        None => COMMON,
    };
    let words = table
        .iter()
        .filter(|(name, _)| *name == class)
        .flat_map(|(_, words)| words.split(' '));
    words.map(str::to_owned).collect()
}

const ONSETS: &str = "b br bl d dr f fl fr g gl gr h j k kl l m n p pl pr r s sk sl sp st str t tr v w z";
const VOWELS: &str = "a e i o u a e i o u ai ea oi ou";
const CODAS: &str = "b d f l m n p r t v nd nt rk rm rn lt mp sk st ft";

/// An invented root of one syllable, or sometimes two.
fn root(stream: &mut Stream) -> String {
    let mut pick = |table: &'static str| {
        let parts: Vec<&str> = table.split(' ').collect();
        parts[stream.below(parts.len())]
    };
    let mut out = [pick(ONSETS), pick(VOWELS), pick(CODAS)].concat();
    if pick("one one two") == "two" {
        out += pick("an el in om ar ev il");
    }
    out
}

/// A new word from one of the patterns.
pub fn invent(patterns: &str, stream: &mut Stream) -> Option<String> {
    let patterns: Vec<&str> = patterns.split(' ').filter(|pattern| !pattern.is_empty()).collect();
    let pattern = patterns.get(stream.below(patterns.len().max(1)))?;
    Some(pattern.replace('*', &root(stream)))
}
