//! From a `[corpus]` table to a tokenizer and two shards, once, in a cache that is keyed by content.

mod config;
mod survey;
mod write;

pub use config::CorpusConfig;

use crate::manifest::Manifest;
use crate::source::Source;
use crate::tokenizer::Tokenizer;
use crate::{Prepared, TokenizerConfig, cache, fragment, gazetteer, reader, source};
use cloze_foundation::{Fault, Place, Result, files};
use config::FORMAT;
use std::path::Path;
use survey::Survey;

/// How often files that change while they are read are begun with again.
const TRIES: usize = 3;

/// Reads, cleans, splits, trains or loads the tokenizer, tokenises and writes
/// `cache/<key>/{tokenizer.json, train.ids, held_out.ids, manifest.json}`; only opens and verifies what is already there.
/// `say` is told what is going on, one line per stage.
///
/// # Errors
/// A missing source, an empty corpus, damaged files, a tokenizer without `[MASK]` or one that does not know the text:
/// usage faults; nothing is left behind.
pub fn prepare(
    config: &CorpusConfig,
    data_root: Option<&Path>,
    cache: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Prepared> {
    let plan = TokenizerPlan::of(&config.tokenizer, data_root)?;
    let phrases = phrases(config, data_root)?;
    for tries in 1.. {
        let source = resolve(config, data_root)?.hashed()?;
        let folder = cache.join(&key(config, &source, &plan, &phrases)?[..16]);
        if let Some(prepared) = cache::find(&folder, say)? {
            return Ok(prepared);
        }
        let Err(fault) = make(config, &source, &plan, &phrases, &folder, say) else {
            return Prepared::open(&folder);
        };
        // A file that changes while it is read may give any fault.
        if tries == TRIES || resolve(config, data_root)?.hashed()? == source {
            return Err(fault);
        }
        say(&format!(
            "files of `{}` changed while they were read; they are read again",
            config.source
        ));
    }
    Err(Fault::run("a corpus was never prepared"))
}

/// The name in the cache of the corpus as it is now, prepared or not: a hash of what it holds and how it becomes tokens.
///
/// # Errors
/// A source that cannot be read.
pub fn name_in_cache(config: &CorpusConfig, data_root: Option<&Path>) -> Result<String> {
    let plan = TokenizerPlan::of(&config.tokenizer, data_root)?;
    let phrases = phrases(config, data_root)?;
    let mut key = key(config, &resolve(config, data_root)?.hashed()?, &plan, &phrases)?;
    key.truncate(16);
    Ok(key)
}

/// What [`prepare`] finds out about a corpus, for people who only want to know.
///
/// # Errors
/// As [`prepare`].
pub fn describe(
    config: &CorpusConfig,
    data_root: Option<&Path>,
    cache: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Manifest> {
    prepare(config, data_root, cache, say).map(|prepared| prepared.manifest)
}

/// Looks whether a corpus can be prepared, without reading it: whether its files are there and can be read, and whether its
/// tokenizer and its gazetteer are such.
///
/// # Errors
/// What is wrong, at its key (`corpus.source`, `corpus.field`, `corpus.entities`, `corpus.held_out`, `corpus.tokenizer.path`, `corpus.gazetteer`).
pub fn check(config: &CorpusConfig, data_root: Option<&Path>) -> Result<()> {
    TokenizerPlan::of(&config.tokenizer, data_root)?;
    phrases(config, data_root)?;
    let source = resolve(config, data_root)?;
    if let Source::Files(files) = &source {
        let mut is_empty = true;
        for file in &files.files {
            let opened = reader::open(&file.path).map_err(|fault| fault.at(Place::key("corpus.source")))?;
            is_empty &= opened.metadata().is_ok_and(|metadata| metadata.len() == 0);
        }
        if is_empty {
            return Err(source.empty());
        }
    }
    Ok(())
}

/// How long [`prepare`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// No time: it is done.
    Prepared,
    /// No longer than a person waits for an answer: there is little text.
    Quick,
    /// Longer.
    Slow,
}

/// How long [`prepare`] would take.
///
/// # Errors
/// As [`check`].
pub fn readiness(config: &CorpusConfig, data_root: Option<&Path>, cache: &Path) -> Result<Readiness> {
    let bytes = match &resolve(config, data_root)? {
        Source::Fragment { words } => words.saturating_mul(LETTERS_A_WORD),
        Source::Files(files) => {
            let length = |file: &source::TextFile| std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
            files.files.iter().map(length).sum()
        }
    };
    if files::is_there(cache)? && files::is_there(&cache.join(name_in_cache(config, data_root)?))? {
        return Ok(Readiness::Prepared);
    }
    Ok(match bytes <= FEW_BYTES {
        true => Readiness::Quick,
        false => Readiness::Slow,
    })
}

/// Text that is prepared within some seconds.
const FEW_BYTES: u64 = 4 << 20;
/// Of the built-in language, with the space.
const LETTERS_A_WORD: u64 = 6;

fn resolve(config: &CorpusConfig, data_root: Option<&Path>) -> Result<Source> {
    if !(config.held_out > 0.0 && config.held_out < 1.0) {
        return Err(Fault::usage(format!("a held-out share of {}", config.held_out))
            .at(Place::key("corpus.held_out"))
            .allowed(["above 0 and below 1"]));
    }
    Source::resolve(&config.source, config.words, data_root)
        .map_err(|fault| fault.at(Place::key("corpus.source")))?
        .with_field(&config.field)?
        .with_entities(config.entities.as_ref())
}

/// The phrases of the gazetteer; none where there is no gazetteer.
fn phrases(config: &CorpusConfig, data_root: Option<&Path>) -> Result<Vec<String>> {
    match &config.gazetteer {
        None => Ok(Vec::new()),
        Some(path) => gazetteer::read(&gazetteer::place(path, data_root)?),
    }
}

/// Where the tokenizer comes from.
enum TokenizerPlan {
    Given(Box<Tokenizer>),
    Trained,
}

impl TokenizerPlan {
    fn of(config: &TokenizerConfig, data_root: Option<&Path>) -> Result<Self> {
        let Some(file) = config.file(data_root)? else {
            return Ok(Self::Trained);
        };
        Tokenizer::load(&file)
            .map(|tokenizer| Self::Given(Box::new(tokenizer)))
            .map_err(|fault| fault.at(Place::key("corpus.tokenizer.path")))
    }
}

/// Hash of everything that decides the tokens and what is known of them: format, split, tokenizer, phrases, and the source's
/// content (not its place).
fn key(config: &CorpusConfig, source: &Source, plan: &TokenizerPlan, phrases: &[String]) -> Result<String> {
    let tokenizer = match plan {
        TokenizerPlan::Given(tokenizer) => files::hash(tokenizer.json().as_bytes()),
        TokenizerPlan::Trained => serde_json::to_string(&config.tokenizer)
            .map_err(|error| Fault::run(format!("the tokenizer's options cannot be written: {error}")))?,
    };
    let mut key = format!("format {FORMAT}\nheld out {}\ntokenizer {tokenizer}\n", config.held_out);
    if !phrases.is_empty() {
        key += &format!("gazetteer {}\n", files::hash(phrases.join("\n").as_bytes()));
    }
    match source {
        Source::Fragment { words } => key += &format!("fragment {} words {words}\n", fragment::VERSION),
        Source::Files(files) => {
            key += &format!("field {:?}\n", files.fields.text);
            if let Some(entities) = &files.fields.entities {
                key += &format!("entities {entities}, each whole\n");
            }
            for file in &files.files {
                key += &format!(
                    "{} {}\n",
                    source::name(&file.path),
                    file.hash.as_deref().unwrap_or_default()
                );
            }
        }
    }
    Ok(files::hash(key.as_bytes()))
}

/// Reads the corpus three times: how it divides, which words it has, which tokens they are.
fn make(
    config: &CorpusConfig,
    source: &Source,
    plan: &TokenizerPlan,
    phrases: &[String],
    folder: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut survey = Survey::of(source, config, say)?;
    let trained;
    let tokenizer = match plan {
        TokenizerPlan::Given(tokenizer) => {
            "given as a file".clone_into(&mut survey.manifest.tokenizer);
            tokenizer
        }
        TokenizerPlan::Trained => {
            let words = survey.counts.distinct();
            say(&format!("training the tokenizer on {words} different words"));
            let (tokenizer, how) = Tokenizer::train(&config.tokenizer, &survey.counts)
                .map_err(|fault| fault.at(format!("the text of `{}`", config.source)))?;
            survey.manifest.tokenizer = how.described;
            survey.manifest.too_long = how.too_long;
            trained = tokenizer;
            &trained
        }
    };
    say(&format!(
        "tokenising {} words",
        survey.manifest.train.words + survey.manifest.held_out.words
    ));
    survey.manifest.phrases = phrases.len() as u64;
    write::write(source, survey, tokenizer, phrases, folder)
}

#[cfg(test)]
mod tests;
