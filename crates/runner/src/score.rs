//! Scores of the lines of a text.

use crate::loaded::Loaded;
use cloze_corpus::Encoded;
use cloze_foundation::files::hash;
use cloze_foundation::{Fault, Result};
use cloze_objectives::Rule;
use cloze_objectives::scoring::scored_tokens;
use serde::Serialize;
use std::collections::HashMap;

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// Its number, from 1.
    pub line: u64,
    /// The sum over its tokens: higher is more acceptable.
    pub score: f64,
    /// The same for each token; `None` of a line without a token that is scored.
    pub per_token: Option<f64>,
    /// Tokens that are scored: all but the special ones.
    pub tokens: usize,
    /// Tokens that the tokenizer does not know. They are not scored.
    pub unknown: usize,
    /// Whether it is longer than the window, and was scored without its end.
    pub cut: bool,
    /// The first line with the same tokens, with which it ties whatever the model knows.
    pub same_as: Option<u64>,
    /// The line.
    pub text: String,
}

/// Scores lines by one rule of a model. A score does not depend on the other lines.
pub struct Scorer<'a> {
    loaded: &'a Loaded,
    rule: Rule,
    /// Hashes of tokens, and the first line that had them.
    seen: HashMap<String, u64>,
}

impl<'a> Scorer<'a> {
    /// A scorer by the rule of this name, or by the first rule of the model.
    ///
    /// # Errors
    /// A model without rules, and a rule that it does not have.
    pub fn new(loaded: &'a Loaded, rule: Option<&str>) -> Result<Self> {
        let rules = loaded.model.rules();
        let Some(first) = rules.first() else {
            let what = format!("{} has no head that scores a text", loaded.title);
            return Err(Fault::usage(what).remedy("`cloze features` writes its states"));
        };
        let rule = match rule {
            Some(name) => loaded.model.rule(name).map_err(|fault| fault.at("--rule"))?,
            None => first,
        };
        Ok(Self {
            loaded,
            rule: rule.clone(),
            seen: HashMap::new(),
        })
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Scores some lines, numbered from 1.
    ///
    /// # Errors
    /// None that is expected: the rule is the model's.
    pub fn score(&mut self, lines: Vec<(u64, String)>) -> Result<Vec<Scored>> {
        let (loaded, vocabulary) = (self.loaded, &self.loaded.vocabulary);
        let read: Vec<(Encoded, bool)> = lines.iter().map(|(_, text)| loaded.sentence(text)).collect();
        let sentences: Vec<Encoded> = read.iter().map(|(sentence, _)| sentence.clone()).collect();
        let scores = loaded.model.score(&self.rule, &sentences, vocabulary)?;
        let all = lines.into_iter().zip(read).zip(scores);
        let scored = all.map(|(((line, text), (Encoded { ids, .. }, cut)), score)| {
            let tokens = scored_tokens(&ids, vocabulary);
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            let first = *self.seen.entry(hash(&bytes)).or_insert(line);
            Scored {
                line,
                score,
                per_token: (tokens > 0).then(|| score / tokens as f64),
                tokens,
                unknown: ids.iter().filter(|id| **id == vocabulary.special.unknown).count(),
                cut,
                same_as: (first != line).then_some(first),
                text,
            }
        });
        Ok(scored.collect())
    }
}
