//! The `[corpus]` table as it is written.

use crate::sets::Column;
use crate::{CorpusConfig, TokenizerConfig, fragment, source};
use cloze_foundation::{Fault, Place, Result};
use cloze_options::range::from;
use cloze_options::{Count, options, words};
use std::path::PathBuf;

words! {
    /// How a text becomes tokens.
    pub enum TokenizerKind {
        /// WordPiece trained on the training text, lower-cased and without accents unless it is told otherwise (BERT).
        Wordpiece = "wordpiece",
        /// Byte-level BPE trained on the training text (GPT-2).
        Bpe = "bpe",
        /// A given `tokenizer.json` with `[PAD] [UNK] [CLS] [SEP] [MASK]` (or RoBERTa's names for them).
        File = "file",
    }
}

options! {
    /// How a text becomes tokens.
    pub struct TokenizerOptions {
        /// `wordpiece` or `bpe`, trained on the training text, or a given `file`.
        pub kind: Option<TokenizerKind> = None => "`file` where a path is given, else `wordpiece`";
        /// V, special tokens included, of a trained tokenizer; at least 261 for `bpe`.
        pub vocab: Option<usize> = None, from(64).to(1_000_000) => "2048";
        /// The tokenizer.json of `file`.
        pub path: Option<PathBuf> = None => "none";
        /// Whether `wordpiece` keeps upper and lower case apart, as bert-base-cased does.
        pub cased: Option<bool> = None => "false";
        /// Whether `wordpiece` drops accents.
        pub strip_accents: Option<bool> = None => "as BERT: not if `cased`; nor where marks are vowel signs or make other letters (Hindi, Thai, Arabic, kana, Hangul)";
        /// How many characters `wordpiece` has pieces for at most, the most frequent ones.
        pub alphabet: Option<usize> = None, from(1).to(1_000_000) => "as many as there is room for";
    }
    check |options| options.resolve().map(drop)
}

impl TokenizerOptions {
    /// The tokenizer, every default filled in.
    ///
    /// # Errors
    /// An option that the kind has no use for, a file without a path, a vocabulary that does not hold the alphabet.
    pub fn resolve(&self) -> Result<TokenizerConfig> {
        use TokenizerKind::{Bpe, File, Wordpiece};
        let usual = if self.path.is_some() { File } else { Wordpiece };
        let kind = self.kind.unwrap_or(usual);
        let given = [
            ("vocab", self.vocab.is_some(), kind != File),
            ("path", self.path.is_some(), kind == File),
            ("cased", self.cased.is_some(), kind == Wordpiece),
            ("strip_accents", self.strip_accents.is_some(), kind == Wordpiece),
            ("alphabet", self.alphabet.is_some(), kind == Wordpiece),
        ];
        if let Some((name, ..)) = given.iter().find(|(_, is_given, is_used)| *is_given && !is_used) {
            let used = given.iter().filter(|(.., is_used)| *is_used).map(|(name, ..)| *name);
            return Err(Fault::usage(format!("a {kind} tokenizer has no `{name}`"))
                .at(Place::key(*name))
                .allowed(std::iter::once("kind").chain(used)));
        }
        let vocab = self.vocab.unwrap_or(2048);
        match (kind, &self.path) {
            (File, Some(path)) => Ok(TokenizerConfig::File { path: path.clone() }),
            (File, None) => Err(Fault::usage("a tokenizer of kind = \"file\" needs a `path`")
                .at(Place::key("path"))
                .remedy("name a tokenizer.json")),
            (Wordpiece, _) => Ok(TokenizerConfig::Wordpiece {
                vocab,
                cased: self.cased.unwrap_or_default(),
                strip_accents: self.strip_accents,
                alphabet: self.alphabet,
            }),
            // Five special tokens and the 256 bytes have to fit.
            (Bpe, _) if vocab < 261 => Err(Fault::usage(format!("vocab = {vocab} is out of range"))
                .at(Place::key("vocab"))
                .allowed([from(261).to(1_000_000).to_string()])),
            (Bpe, _) => Ok(TokenizerConfig::Bpe { vocab }),
        }
    }
}

options! {
    /// The text to train on.
    pub struct CorpusOptions {
        /// `fragment` (the built-in language), a name from `cloze data list`, a path or a glob.
        pub source: String = fragment::NAME.to_owned();
        /// Where objects of JSON and rows of parquet have their text.
        pub field: String = source::FIELD.to_owned();
        /// Where entities stand beside the text, for `entity`: the field of objects of JSON that lists them, or the number of the column of tags (-1 is the last one).
        #[since = "0.2"]
        pub entities: Option<Column> = None => "nowhere";
        /// How text becomes tokens.
        pub tokenizer: TokenizerOptions = TokenizerOptions::default() => "{ kind = \"wordpiece\", vocab = 2048 }";
        /// About the share of the text that is kept for validation: whole documents, where some come near it.
        pub held_out: f64 = 0.05, above(0).below(1);
        /// Words to generate, of the built-in language only.
        pub words: Option<Count> = None, from(1e3).to(1e12) => "\"1.5M\"";
        /// A file of the phrases, one a line, that are the named entities and fixed expressions of the text: what `entity` hides whole.
        pub gazetteer: Option<PathBuf> = None => "the names of the built-in language, and none of other text";
    }
    check Self::fits
}

/// Words that are generated if nobody says how many.
const WORDS: Count = Count(1_500_000);

impl CorpusOptions {
    fn is_built_in(&self) -> bool {
        self.source == fragment::NAME
    }

    /// Own text has the words that it has, and its entities stand in one place.
    fn fits(&self) -> Result<()> {
        if self.entities.is_some() && (self.is_built_in() || self.gazetteer.is_some()) {
            let known = match self.is_built_in() {
                true => "the names of the built-in language are known",
                false => "the names of a text are those of `gazetteer` or stand beside it",
            };
            return Err(Fault::usage(format!("{known}, and `entities` is given"))
                .at(Place::key("entities"))
                .remedy("leave it out"));
        }
        if self.words.is_none() || self.is_built_in() {
            return Ok(());
        }
        let what = format!(
            "`words` is how much of the built-in language is generated, and the source is `{}`",
            self.source
        );
        Err(Fault::usage(what)
            .at(Place::key("words"))
            .remedy("leave it out: all of the source is read. A smaller part of it is a smaller file"))
    }

    /// The corpus, every default filled in.
    ///
    /// # Errors
    /// As [`TokenizerOptions::resolve`].
    pub fn resolve(&self) -> Result<CorpusConfig> {
        // What a source has no use for has its default, so that it is no part of an id.
        let is_built_in = self.is_built_in();
        Ok(CorpusConfig {
            source: self.source.clone(),
            field: if is_built_in {
                source::FIELD.to_owned()
            } else {
                self.field.clone()
            },
            entities: self.entities.clone(),
            tokenizer: self.tokenizer.resolve()?,
            held_out: self.held_out,
            words: self.words.unwrap_or(WORDS).0,
            gazetteer: self.gazetteer.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_options::{Options, tree};

    fn read(text: &str) -> Result<TokenizerConfig> {
        TokenizerOptions::read(&tree::parse("", text)?.top())?.resolve()
    }

    #[test]
    fn a_tokenizer_is_trained_or_given() {
        assert_eq!(read(""), Ok(TokenizerConfig::wordpiece(2048)));
        assert_eq!(read("kind = \"bpe\""), Ok(TokenizerConfig::Bpe { vocab: 2048 }));
        assert_eq!(read("path = \"x\""), Ok(TokenizerConfig::File { path: "x".into() }));
        for (text, key) in [
            ("kind = \"wordpiece\"\npath = \"x\"", "path"),
            ("kind = \"file\"", "path"),
            ("path = \"x\"\nvocab = 100", "vocab"),
            ("path = \"x\"\ncased = true", "cased"),
            ("kind = \"bpe\"\nstrip_accents = true", "strip_accents"),
            ("kind = \"bpe\"\nalphabet = 300", "alphabet"),
            ("kind = \"bpe\"\nvocab = 260", "vocab"),
            ("vocab = 63", "vocab"),
            ("alphabet = 0", "alphabet"),
            ("kind = \"words\"", "kind"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.places[0].key.to_string(), key, "{fault}");
        }
    }

    /// What is hashed into a run's id.
    fn hashed(config: &TokenizerConfig) -> String {
        serde_json::to_string(config).unwrap()
    }

    #[test]
    fn options_that_are_not_written_are_not_hashed() {
        assert_eq!(hashed(&read("").unwrap()), "{\"kind\":\"wordpiece\",\"vocab\":2048}");
        assert_eq!(read("cased = false"), read(""));
        let all = read("vocab = 100\ncased = true\nstrip_accents = true\nalphabet = 300").unwrap();
        let json = hashed(&all);
        assert!(
            ["cased", "strip_accents", "alphabet"]
                .iter()
                .all(|key| json.contains(key)),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<TokenizerConfig>(&json).unwrap(), all);
    }

    fn corpus(text: &str) -> CorpusConfig {
        let read = CorpusOptions::read(&tree::parse("", text).unwrap().top());
        read.unwrap().resolve().unwrap()
    }

    #[test]
    fn what_a_source_has_no_use_for_is_no_part_of_it() {
        assert_eq!(corpus("field = \"body\""), corpus(""));
        let own = CorpusOptions::read(&tree::parse("", "source = \"a.txt\"\nwords = 2000").unwrap().top());
        assert!(own.unwrap_err().place().unwrap().contains("words"));
        assert_ne!(corpus("words = 2000"), corpus(""));
        assert_ne!(
            corpus("source = \"a.jsonl\"\nfield = \"body\""),
            corpus("source = \"a.jsonl\"")
        );
        let json = serde_json::to_string(&corpus("")).unwrap();
        assert!(!json.contains("field") && !json.contains("entities"), "{json}");
    }

    #[test]
    fn entities_stand_in_one_place() {
        for (text, entities) in [
            ("entities = \"ents\"", Column::from("ents")),
            ("entities = -1", Column::Number(-1)),
        ] {
            let config = corpus(&format!("source = \"a.jsonl\"\n{text}"));
            assert_eq!(config.entities, Some(entities));
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<CorpusConfig>(&json).unwrap(), config);
        }
        for text in [
            "entities = \"x\"",
            "source = \"a.jsonl\"\nentities = \"x\"\ngazetteer = \"b.txt\"",
        ] {
            let fault = CorpusOptions::read(&tree::parse("", text).unwrap().top()).unwrap_err();
            assert_eq!(fault.places[0].key.to_string(), "entities", "{fault}");
        }
    }
}
