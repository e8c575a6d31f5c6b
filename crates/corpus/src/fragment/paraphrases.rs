//! Pairs of sentences that say the same, in another order or another construction. The language has no passive; what it can say
//! twice stands in [`CONSTRUCTIONS`].
//!
//! They come in twos, side by side: the second pair is of the same words and says something else, since who does it and to
//! whom it is done have changed places. So whoever counts words finds a sentence's paraphrase in half of the cases, and has to
//! know their order for more.

use super::language::LANGUAGE;
use super::lexicon::WordId;
use super::pairs::{Filler, Turn};
use cloze_foundation::Draw;
use std::collections::{BTreeSet, HashMap};

/// Draws for two pairs before they are given up.
const ATTEMPTS: u64 = 60;

/// What can be said in two ways, as templates (see [`paradigms`](super::paradigms)): `{ first | second }` are the two, and the
/// second template is the first one with two of its persons exchanged.
const CONSTRUCTIONS: [(&str, [&str; 2]); 8] = [
    (
        "coordinated-subjects",
        [
            "{ <name-m1> and <name-f1> | <name-f1> and <name-m1> } <act1.past> <name-m2> .",
            "{ <name-m2> and <name-f1> | <name-f1> and <name-m2> } <act1.past> <name-m1> .",
        ],
    ),
    (
        "coordinated-predicates",
        [
            "the <e1.N> { <move1.past> and <act1.past> the <e2.N> | <act1.past> the <e2.N> and <move1.past> } .",
            "the <e2.N> { <move1.past> and <act1.past> the <e1.N> | <act1.past> the <e1.N> and <move1.past> } .",
        ],
    ),
    (
        "subject-relative",
        [
            "the <e1.N> { who | that } <act1.past> the <e2.N> <move1.past> .",
            "the <e2.N> { who | that } <act1.past> the <e1.N> <move1.past> .",
        ],
    ),
    (
        "object-relative",
        [
            "the <e1.N> { who | that } the <e2.N> <act1.past> <move1.past> .",
            "the <e2.N> { who | that } the <e1.N> <act1.past> <move1.past> .",
        ],
    ),
    (
        "adverb",
        [
            "the <e1.N> who <act1.past> the <e2.N> { G:often/usually N:is/are | N:is/are G:often/usually } <adjective1> .",
            "the <e2.N> who <act1.past> the <e1.N> { G:often/usually N:is/are | N:is/are G:often/usually } <adjective1> .",
        ],
    ),
    (
        "negated-object",
        [
            "the <e1.s> G:does/did not <act1.base> { any | a } <e2.s> .",
            "the <e2.s> G:does/did not <act1.base> { any | a } <e1.s> .",
        ],
    ),
    (
        "indefinite",
        [
            "{ some | a } <e1.s> <act1.past> the <e2.s> .",
            "{ some | a } <e2.s> <act1.past> the <e1.s> .",
        ],
    ),
    (
        "adjectives",
        [
            "the { <adjective1> <adjective2> | <adjective2> <adjective1> } <e1.N> <act1.past> the <e2.N> .",
            "the { <adjective1> <adjective2> | <adjective2> <adjective1> } <e2.N> <act1.past> the <e1.N> .",
        ],
    ),
];

/// Two sentences that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paraphrase {
    /// How they differ.
    pub construction: &'static str,
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
}

/// `count` pairs, the same for the same seed; pairs 2k and 2k + 1 are of the same words. No sentence stands in two of them.
/// Fewer where the language has no more.
pub fn paraphrases(seed: u64, count: usize) -> Vec<Paraphrase> {
    let draw = Draw::new(seed, "paraphrases");
    let (mut found, mut known) = (Vec::with_capacity(count + 1), BTreeSet::new());
    for index in 0..count.div_ceil(2) {
        let construction = &CONSTRUCTIONS[index % CONSTRUCTIONS.len()];
        let twins = (0..ATTEMPTS).find_map(|attempt| {
            let twins = twins(construction, draw.example(index as u64).step(attempt), index)?;
            let texts: BTreeSet<&String> = twins.iter().flat_map(|pair| [&pair.first, &pair.second]).collect();
            (texts.len() == 4 && texts.iter().all(|text| !known.contains(*text))).then_some(twins)
        });
        for pair in twins.into_iter().flatten() {
            known.extend([pair.first.clone(), pair.second.clone()]);
            found.push(pair);
        }
    }
    found.truncate(count);
    found
}

/// A pair and the one of the same words; none where a sentence is not grammatical.
fn twins((construction, templates): &(&'static str, [&str; 2]), draw: Draw, index: usize) -> Option<[Paraphrase; 2]> {
    let round = index / CONSTRUCTIONS.len();
    let turn = Turn {
        number: round % 2,
        gender: round / 2 % 2,
    };
    let mut stream = draw.stream();
    let mut lexemes = HashMap::new();
    let mut pair = |template: &str| {
        let (first, second) = Filler::new(&LANGUAGE, turn, &mut lexemes, &mut stream).fill(template)?;
        let text = |words: &[WordId]| {
            let mut out = String::new();
            LANGUAGE.write(words, &mut out);
            (LANGUAGE.chart(words).probability() > 0.0).then_some(out)
        };
        Some(Paraphrase {
            construction,
            first: text(&first)?,
            second: text(&second)?,
        })
    };
    Some([pair(templates[0])?, pair(templates[1])?])
}
