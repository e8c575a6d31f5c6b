//! Minimal pairs, made from the templates of `paradigms` in twos that mirror each other: a pair counts only if the grammar
//! gives the good sentence a probability and the bad one none.

use super::grammar::bind;
use super::language::{LANGUAGE, Language, Latent};
use super::lexicon::{LexemeId, WordId};
use super::paradigms::{PARADIGMS, Paradigm};
use crate::MinimalPair;
use cloze_foundation::{Draw, Stream};
use std::collections::HashMap;

/// Lexemes of a rank at or above this are too rare to be known after a short training.
const FREQUENT: usize = 10;
/// Draws for one pair before it is given up.
const ATTEMPTS: u64 = 60;

/// Two pairs of a paradigm that mirror each other; none if no draw of the templates gives grammatical sentences against
/// ungrammatical ones.
///
/// What the first pair's good sentence has and its bad one has not, the second pair's bad sentence has and its good one
/// has not, letter by letter. So whoever adds up scores of single words, or of the tokens that a word is made of, is right
/// about one of the two and wrong about the other, or cannot tell either.
fn mirrored(paradigm: &Paradigm, draw: Draw, index: usize) -> Option<[MinimalPair; 2]> {
    let forms = match paradigm.templates {
        [only] => [
            (*only, Turn { number: 0, gender: 0 }),
            (*only, Turn { number: 1, gender: 1 }),
        ],
        [first, second, ..] => {
            let number = index % 2;
            let gender = index / 2 % 2;
            [first, second].map(|template| (*template, Turn { number, gender }))
        }
        [] => return None,
    };
    (0..ATTEMPTS).find_map(|attempt| {
        let mut stream = draw.example(index as u64).step(attempt).stream();
        let mut lexemes = HashMap::new();
        let mut pair = |(template, turn): (&str, Turn)| {
            let (good, bad) = Filler::new(&LANGUAGE, turn, &mut lexemes, &mut stream).fill(template)?;
            let grammatical = LANGUAGE.chart(&good).probability() > 0.0 && LANGUAGE.chart(&bad).probability() == 0.0;
            grammatical.then(|| {
                let text = |sentence: &[WordId]| {
                    let mut out = String::new();
                    LANGUAGE.write(sentence, &mut out);
                    out
                };
                MinimalPair {
                    phenomenon: paradigm.phenomenon.to_owned(),
                    paradigm: paradigm.name.to_owned(),
                    good: text(&good),
                    bad: text(&bad),
                    place: None,
                }
            })
        };
        Some([pair(forms[0])?, pair(forms[1])?])
    })
}

/// `count` pairs of every paradigm, rounded up to an even number.
pub fn generate(seed: u64, count: usize) -> Vec<MinimalPair> {
    let mut pairs = Vec::new();
    for paradigm in PARADIGMS {
        let draw = Draw::new(seed, "minimal pairs")
            .purpose(paradigm.phenomenon)
            .purpose(paradigm.name);
        pairs.extend(
            (0..count.div_ceil(2))
                .filter_map(|index| mirrored(paradigm, draw, index))
                .flatten(),
        );
    }
    pairs
}

/// Which values a template's variables have.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) number: usize,
    pub(super) gender: usize,
}

/// Fills one template.
pub(super) struct Filler<'a> {
    language: &'a Language,
    stream: &'a mut Stream,
    latent: Latent,
    bound: HashMap<&'static str, &'static str>,
    /// Those that are to be the same again: in this template, and in the one that mirrors it.
    lexemes: &'a mut HashMap<String, LexemeId>,
}

impl<'a> Filler<'a> {
    pub(super) fn new(
        language: &'a Language,
        turn: Turn,
        lexemes: &'a mut HashMap<String, LexemeId>,
        stream: &'a mut Stream,
    ) -> Self {
        let bound = HashMap::from([
            ("N", ["s", "p"][turn.number]),
            ("M", ["p", "s"][turn.number]),
            ("G", ["m", "f"][turn.gender]),
            ("F", ["f", "m"][turn.gender]),
        ]);
        let latent = language.latent(stream);
        Self {
            language,
            stream,
            latent,
            bound,
            lexemes,
        }
    }

    /// The good and the bad sentence; none if the template names something unknown.
    pub(super) fn fill(mut self, template: &str) -> Option<(Vec<WordId>, Vec<WordId>)> {
        let mut sides = [Vec::new(), Vec::new()];
        let mut within: &[usize] = &[0, 1];
        for token in template.split(' ') {
            match token {
                "{" => within = &[0],
                "|" => within = &[1],
                "}" => within = &[0, 1],
                _ => {
                    let mut words = Vec::new();
                    self.token(token, &mut words)?;
                    within.iter().for_each(|side| sides[*side].extend_from_slice(&words));
                }
            }
        }
        let [good, bad] = sides;
        Some((good, bad))
    }

    fn token(&mut self, token: &str, out: &mut Vec<WordId>) -> Option<()> {
        let lexicon = &self.language.lexicon;
        if let Some((variable, options)) = token.split_once(':') {
            let options: Vec<&str> = options.split('/').collect();
            let index = match self.bound.get(variable) {
                Some(value) => usize::from(matches!(*value, "p" | "f")),
                None => self.stream.below(options.len()),
            };
            out.push(lexicon.id(options.get(index)?)?);
            return Some(());
        }
        let bound = bind(token, &self.bound);
        if let Some(open) = bound.strip_prefix('<').and_then(|open| open.strip_suffix('>')) {
            let (tagged, form) = open.split_once('.').unwrap_or((open, ""));
            let name = tagged.trim_end_matches(char::is_numeric);
            let class = lexicon.classes.iter().position(|class| class.name == name)?;
            let lexeme = match self.lexemes.get(tagged) {
                Some(lexeme) => *lexeme,
                None => self.frequent(class),
            };
            if name != tagged {
                self.lexemes.insert(tagged.to_owned(), lexeme);
            }
            let form = lexicon.classes[class].forms.iter().position(|known| *known == form)?;
            out.push(lexicon.lexemes[lexeme as usize].forms[form]);
            return Some(());
        }
        if let Some(word) = lexicon.id(&bound) {
            out.push(word);
            return Some(());
        }
        let symbol = self.language.grammar.symbol(&bound)?;
        let (language, latent) = (self.language, &self.latent);
        language.expand(
            symbol,
            self.stream,
            |class, stream| frequent(language, latent, class, stream),
            out,
        );
        Some(())
    }

    fn frequent(&mut self, class: usize) -> LexemeId {
        frequent(self.language, &self.latent, class, self.stream)
    }
}

/// Draws a frequent lexeme.
fn frequent(language: &Language, latent: &Latent, class: usize, stream: &mut Stream) -> LexemeId {
    loop {
        let lexeme = language.lexeme(class, latent, stream);
        if language.lexicon.lexemes[lexeme as usize].rank < FREQUENT {
            return lexeme;
        }
    }
}
