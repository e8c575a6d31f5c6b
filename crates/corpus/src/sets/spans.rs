//! Entities in tags: IOB1, IOB2 and BIOES (also called IOBES), read as the scorer of CoNLL's shared tasks reads them.

use cloze_foundation::Fault;
use cloze_options::words;

/// The tag of a word that is part of nothing.
pub const OUTSIDE: &str = "O";

words! {
    /// How tags say where entities begin and end.
    pub enum Scheme {
        /// `I-` inside, `B-` only where an entity begins right behind another one of its kind (Ramshaw & Marcus 1995).
        Iob1 = "iob1",
        /// `B-` at every beginning, `I-` behind it (BIO).
        Iob2 = "iob2",
        /// `B-`, `I-` and at the end `E-`; `S-` for a single word (IOBES).
        Bioes = "bioes",
    }
}

impl Scheme {
    /// The letters that stand before the hyphen.
    fn letters(self) -> &'static str {
        match self {
            Self::Iob1 | Self::Iob2 => "BI",
            Self::Bioes => "BIES",
        }
    }

    /// Whether the tag may stand behind this one.
    fn follows(self, before: Option<Tag>, tag: Option<Tag>) -> bool {
        let inside = |before: Option<Tag>, tag: Tag| {
            before.is_some_and(|before| before.kind == tag.kind && matches!(before.letter, 'B' | 'I'))
        };
        let goes_on = |before: Option<Tag>| before.is_some_and(|before| matches!(before.letter, 'B' | 'I'));
        match (self, tag) {
            (Self::Iob1, Some(tag)) => tag.letter == 'I' || before.is_some_and(|before| before.kind == tag.kind),
            (Self::Iob2, Some(tag)) => tag.letter == 'B' || inside(before, tag),
            (Self::Bioes, Some(tag)) => match tag.letter {
                'I' | 'E' => inside(before, tag),
                _ => !goes_on(before),
            },
            (Self::Bioes, None) => !goes_on(before),
            (_, None) => true,
        }
    }
}

/// An entity: words `from..to`, both counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first word.
    pub from: usize,
    /// The word behind its last one.
    pub to: usize,
    /// Its kind: `PER`.
    pub kind: String,
}

/// A tag that is not `O`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag<'a> {
    letter: char,
    kind: &'a str,
}

impl<'a> Tag<'a> {
    /// `Some(None)` for `O`, `None` for what is no tag.
    fn read(tag: &'a str, letters: &str) -> Option<Option<Self>> {
        if tag == OUTSIDE {
            return Some(None);
        }
        let (letter, kind) = tag.split_once('-')?;
        let letter = letter.chars().next().filter(|_| letter.len() == 1)?;
        (letters.contains(letter) && !kind.is_empty()).then_some(Some(Self { letter, kind }))
    }
}

/// Checks that tags are those of a scheme; without one, that they are those of any, in whatever order.
///
/// # Errors
/// The place of the first tag that is none or may not stand where it does, with the fault.
pub fn check_tags(tags: &[String], scheme: Option<Scheme>) -> std::result::Result<(), (usize, Fault)> {
    let letters = scheme.map_or("BIES", Scheme::letters);
    let mut before = None;
    for (place, written) in tags.iter().enumerate() {
        let Some(tag) = Tag::read(written, letters) else {
            let allowed = letters.chars().map(|letter| format!("{letter}-KIND"));
            return Err((
                place,
                Fault::usage(format!("`{written}` is no tag of an entity"))
                    .allowed(std::iter::once(OUTSIDE.to_owned()).chain(allowed))
                    .remedy("name the column of the entities with `column`; classes of words are judged by task = \"part-of-speech\""),
            ));
        };
        if let Some(scheme) = scheme.filter(|scheme| !scheme.follows(before, tag)) {
            let behind = before.map_or("nothing".to_owned(), |tag| format!("`{}-{}`", tag.letter, tag.kind));
            return Err((
                place,
                Fault::usage(format!("`{written}` behind {behind} is not {scheme}"))
                    .remedy("leave `scheme` out to have tags read as the scorer of CoNLL's shared tasks reads them"),
            ));
        }
        before = tag;
    }
    match scheme {
        Some(scheme) if !scheme.follows(before, None) => Err((
            tags.len() - 1,
            Fault::usage(format!("an entity does not end: that is not {scheme}")),
        )),
        _ => Ok(()),
    }
}

/// The entities of tags in their order. An entity begins at `B` or `S`, behind `E`, `S` or `O`, and where the kind changes, and
/// goes on otherwise (`startOfChunk` and `endOfChunk` of conlleval.pl, which read all three schemes at once). What is no tag is `O`.
pub fn spans<S: AsRef<str>>(tags: &[S]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut before: Option<Tag> = None;
    for (place, tag) in tags.iter().enumerate() {
        let tag = Tag::read(tag.as_ref(), "BIES").flatten();
        if let Some(Tag { letter, kind }) = tag {
            let begins = matches!(letter, 'B' | 'S')
                || before.is_none_or(|before| matches!(before.letter, 'E' | 'S') || before.kind != kind);
            match found.last_mut().filter(|_| !begins) {
                Some(last) => last.to = place + 1,
                None => found.push(Span {
                    from: place,
                    to: place + 1,
                    kind: kind.to_owned(),
                }),
            }
        }
        before = tag;
    }
    found
}

/// The tags of entities in a sentence of so many words, as IOB2 has them: what a model is taught, whatever scheme a file has.
pub fn iob2(spans: &[Span], words: usize) -> Vec<String> {
    let mut tags = vec![OUTSIDE.to_owned(); words];
    for span in spans {
        for (place, tag) in tags.iter_mut().enumerate().take(span.to).skip(span.from) {
            *tag = format!("{}-{}", if place == span.from { 'B' } else { 'I' }, span.kind);
        }
    }
    tags
}
