//! Pairs of sentences that differ in the number of the main verb alone, by what makes agreement hard: nouns of the other
//! number before the verb (Linzen et al. 2016), and words between. The sentences are the language's own, drawn until there are
//! enough of every kind; as many subjects are singular as plural, so that whoever always prefers "are" is right about half.

use super::labels::{Derivation, Subject};
use super::language::{LANGUAGE, Language};
use crate::MinimalPair;

/// The kinds of pairs, by attractors and by distance. No sentence is of both.
pub const AGREEMENT: [&str; 7] = [
    "attractors-0",
    "attractors-1",
    "attractors-2-or-more",
    "distance-0",
    "distance-1-to-3",
    "distance-4-to-6",
    "distance-7-or-more",
];
/// Where the kinds of distance begin in that list, and from which distance on each is.
const DISTANCES: (usize, [usize; 4]) = (3, [0, 1, 4, 7]);

/// Words of the longest sentences.
const LONGEST: usize = 24;
/// Sentences that are drawn for each pair that is wanted, at most. Of two attractors and more there is one in hundreds.
const DRAWS: u64 = 4000;

/// A pair, with what the grammar itself is right about.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreementPair {
    /// The pair; its phenomenon is the kind, its paradigm the number of the subject.
    pub pair: MinimalPair,
    /// Whether the grammar gives the good sentence the higher probability: 1 if so, one half where both are alike.
    pub ceiling: f64,
}

/// `count` pairs of every kind, half of them with a plural subject; fewer where the language has too few. The same for the same
/// seed, and in the order of [`AGREEMENT`].
pub fn agreement_pairs(seed: u64, count: usize) -> Vec<AgreementPair> {
    let each = count.div_ceil(2);
    let mut found: Vec<[Vec<AgreementPair>; 2]> = AGREEMENT.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    let mut missing = 2 * AGREEMENT.len();
    for index in 0..DRAWS * each as u64 {
        if missing == 0 {
            break;
        }
        let made = Derivation::draw(&LANGUAGE, seed, index);
        let Some(subject) = made.subject().filter(|_| made.words.len() <= LONGEST) else {
            continue;
        };
        let kind = kind(&subject, index);
        let full = &mut found[kind][usize::from(subject.plural)];
        if full.len() == each {
            continue;
        }
        if let Some(pair) = pair(&LANGUAGE, &made, &subject, AGREEMENT[kind]) {
            full.push(pair);
            missing -= usize::from(full.len() == each);
        }
    }
    found.into_iter().flatten().flatten().collect()
}

/// Every second sentence is for the distance.
fn kind(subject: &Subject, index: u64) -> usize {
    if index.is_multiple_of(2) {
        return subject.attractors.min(DISTANCES.0 - 1);
    }
    DISTANCES.0 + DISTANCES.1.partition_point(|from| *from <= subject.distance()) - 1
}

/// Nothing where the verb does not show its number.
fn pair(language: &Language, made: &Derivation, subject: &Subject, kind: &str) -> Option<AgreementPair> {
    let mut wrong = made.words.clone();
    wrong[subject.verb] = language.other_number(wrong[subject.verb])?;
    let [good, bad] = [&made.words, &wrong].map(|words| {
        let mut text = String::new();
        language.write(words, &mut text);
        (text, language.chart(words).probability())
    });
    let ceiling = match good.1.total_cmp(&bad.1) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let number = if subject.plural { "plural" } else { "singular" };
    let pair = MinimalPair {
        phenomenon: kind.to_owned(),
        paradigm: format!("{kind}-{number}"),
        good: good.0,
        bad: bad.0,
        place: None,
    };
    Some(AgreementPair { pair, ceiling })
}
