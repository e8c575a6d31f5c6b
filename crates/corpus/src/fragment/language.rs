//! The grammar and the lexicon together: sampling documents, reading sentences.

use super::chart::Chart;
use super::grammar::{Grammar, Symbol};
use super::lexicon::{LEAK, LexemeId, Lexicon, WordId};
use super::words::TOPICS;
use cloze_foundation::{Draw, Stream};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// How many sentences a document has, all numbers being equally likely.
pub const SENTENCES: RangeInclusive<usize> = 4..=10;
/// How often a name is the document's favourite of its class instead of a fresh draw.
pub const FAVOUR: f64 = 0.75;

/// Decides the invented words. Chosen so that none of them is offensive.
const LEXICON_SEED: u64 = 9;

/// Auxiliaries that agree, singular and plural.
const AUXILIARIES: [[&str; 2]; 4] = [["is", "are"], ["was", "were"], ["has", "have"], ["does", "do"]];

/// What a terminal of the grammar is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terminal {
    /// One of the grammar's own words.
    Literal(WordId),
    /// A lexeme of this class in this form.
    Open {
        /// Index of the class.
        class: usize,
        /// Index of the form.
        form: usize,
    },
}

/// What the sentences of a document share.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// The topic.
    pub topic: usize,
    /// The favourite of each class; only classes of names use it.
    pub favourites: Vec<LexemeId>,
}

/// A grammar with its words.
pub struct Language {
    /// The rules.
    pub grammar: Grammar,
    /// The words.
    pub lexicon: Lexicon,
    /// What each symbol is; none for symbols that are expanded.
    pub terminals: Vec<Option<Terminal>>,
    /// The terminals that each word may be.
    pub tags: Vec<Vec<Symbol>>,
}

/// The built-in language.
pub static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
    Language::new(include_str!("grammar.txt")).expect("the grammar is part of the program and read by a test")
});

impl Language {
    /// Reads a grammar and ties its terminals to the lexicon.
    pub fn new(text: &str) -> Result<Self, String> {
        let grammar = Grammar::parse(text)?;
        let leaves = || (0..grammar.symbols()).filter(|symbol| grammar.expansions(*symbol as Symbol).is_empty());
        let literals: Vec<&str> = leaves()
            .map(|symbol| grammar.names[symbol].as_str())
            .filter(|name| !name.starts_with('<'))
            .collect();
        let lexicon = Lexicon::new(&literals, LEXICON_SEED);
        let mut terminals = vec![None; grammar.symbols()];
        let mut tags = vec![Vec::new(); lexicon.words.len()];
        for symbol in leaves() {
            let terminal = terminal(&lexicon, &grammar.names[symbol])?;
            terminals[symbol] = Some(terminal);
            match terminal {
                Terminal::Literal(word) => tags[word as usize].push(symbol as Symbol),
                Terminal::Open { class, form } => {
                    for lexeme in lexicon.lexemes.iter().filter(|lexeme| lexeme.class == class) {
                        tags[lexeme.forms[form] as usize].push(symbol as Symbol);
                    }
                }
            }
        }
        Ok(Self {
            grammar,
            lexicon,
            terminals,
            tags,
        })
    }

    /// Draws what a document's sentences share.
    pub fn latent(&self, stream: &mut Stream) -> Latent {
        let topic = stream.below(TOPICS.len());
        let favourites = self
            .lexicon
            .classes
            .iter()
            .map(|class| if class.proper { class.lists[0].draw(stream) } else { 0 });
        Latent {
            topic,
            favourites: favourites.collect(),
        }
    }

    /// Draws a lexeme of `class`.
    #[inline]
    pub fn lexeme(&self, class: usize, latent: &Latent, stream: &mut Stream) -> LexemeId {
        let index = class;
        let class = &self.lexicon.classes[index];
        if class.proper {
            return if stream.chance(FAVOUR) {
                latent.favourites[index]
            } else {
                class.lists[0].draw(stream)
            };
        }
        if class.lists.len() == 1 || stream.chance(class.common_share) {
            return class.lists[0].draw(stream);
        }
        let topic = if stream.chance(LEAK) {
            stream.below(TOPICS.len())
        } else {
            latent.topic
        };
        class.lists[topic + 1].draw(stream)
    }

    /// Expands `symbol` to words, lexemes chosen by `choose`, and appends them to `out`.
    pub fn expand(
        &self,
        symbol: Symbol,
        stream: &mut Stream,
        mut choose: impl FnMut(usize, &mut Stream) -> LexemeId,
        out: &mut Vec<WordId>,
    ) {
        let mut open = vec![symbol];
        while let Some(symbol) = open.pop() {
            match self.terminals[usize::from(symbol)] {
                Some(Terminal::Literal(word)) => out.push(word),
                Some(Terminal::Open { class, form }) => {
                    out.push(self.lexicon.lexemes[choose(class, stream) as usize].forms[form]);
                }
                None => {
                    let chosen = self.grammar.choose(symbol, stream);
                    open.extend(chosen.right);
                    open.push(chosen.left);
                }
            }
        }
    }

    /// The sentences of one document.
    pub fn document(&self, seed: u64, index: u64) -> Vec<Vec<WordId>> {
        let mut stream = Draw::new(seed, "fragment").example(index).stream();
        let latent = self.latent(&mut stream);
        let sentences = SENTENCES.start() + stream.below(SENTENCES.count());
        (0..sentences)
            .map(|_| {
                let mut words = Vec::with_capacity(16);
                self.expand(
                    self.grammar.root,
                    &mut stream,
                    |class, stream| self.lexeme(class, &latent, stream),
                    &mut words,
                );
                words
            })
            .collect()
    }

    /// Appends a sentence as text: a capital first, no space before the full stop.
    pub fn write(&self, sentence: &[WordId], out: &mut String) {
        for (place, word) in sentence.iter().enumerate() {
            let text = self.lexicon.words[*word as usize].text.as_str();
            if place == 0 {
                out.extend(text.chars().next().into_iter().flat_map(char::to_uppercase));
                out.push_str(text.get(1..).unwrap_or(""));
                continue;
            }
            if text != "." {
                out.push(' ');
            }
            out.push_str(text);
        }
    }

    /// The same verb in the other number; nothing where a word is no verb or does not show its number.
    pub fn other_number(&self, word: WordId) -> Option<WordId> {
        let text = self.lexicon.words[word as usize].text.as_str();
        let auxiliary = AUXILIARIES.iter().find_map(|[singular, plural]| match text {
            text if text == *singular => self.lexicon.id(plural),
            text if text == *plural => self.lexicon.id(singular),
            _ => None,
        });
        auxiliary.or_else(|| {
            let lexeme = &self.lexicon.lexemes[self.lexicon.words[word as usize].lexeme? as usize];
            let forms = self.lexicon.classes[lexeme.class].forms;
            let form = |name: &str| {
                forms
                    .iter()
                    .position(|form| *form == name)
                    .map(|form| lexeme.forms[form])
            };
            // Nouns have numbers too, and no past.
            form("past")?;
            match (form("s")?, form("p")?) {
                (singular, plural) if word == singular => Some(plural),
                (singular, plural) if word == plural => Some(singular),
                _ => None,
            }
        })
    }

    /// The chart of a sentence.
    pub fn chart(&self, sentence: &[WordId]) -> Chart<'_> {
        let tags: Vec<&[Symbol]> = sentence
            .iter()
            .map(|word| self.tags[*word as usize].as_slice())
            .collect();
        Chart::new(&self.grammar, &tags)
    }
}

/// What a terminal's name in the grammar means.
fn terminal(lexicon: &Lexicon, name: &str) -> Result<Terminal, String> {
    let unknown = || format!("`{name}` is not in the lexicon");
    let Some(open) = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')) else {
        return lexicon.id(name).map(Terminal::Literal).ok_or_else(unknown);
    };
    let (class, form) = open.split_once('.').unwrap_or((open, ""));
    let class = lexicon
        .classes
        .iter()
        .position(|known| known.name == class)
        .ok_or_else(unknown)?;
    let form = lexicon.classes[class]
        .forms
        .iter()
        .position(|known| *known == form)
        .ok_or_else(unknown)?;
    Ok(Terminal::Open { class, form })
}
