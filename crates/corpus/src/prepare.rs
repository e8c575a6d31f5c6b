//! From a `[corpus]` table to a tokenizer and two shards, once, in a cache that is keyed by content.

use crate::manifest::{Counts, Manifest};
use crate::memo::Memo;
use crate::source::{self, Division, Source};
use crate::split::Part;
use crate::train::WordCounts;
use crate::{Shard, Tokenizer, TokenizerConfig, fragment, shard};
use cloze_foundation::{Fault, Result, files};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Part of the key: raised when cleaning, training, splitting or the files' format change.
const FORMAT: u32 = 1;
const TOKENIZER: &str = "tokenizer.json";
const TRAIN: &str = "train.ids";
const HELD_OUT: &str = "held_out.ids";
const MANIFEST: &str = "manifest.json";

/// The resolved `[corpus]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusConfig {
    /// `"fragment"` (the built-in language), or a path or glob, relative to the data root or the working directory.
    pub source: String,
    /// How text becomes tokens.
    pub tokenizer: TokenizerConfig,
    /// Share of whole documents (files, for a folder of files) held out for validation.
    pub held_out: f64,
    /// Words to generate, for the built-in language only.
    pub words: u64,
}

/// A corpus that is ready for training.
pub struct Prepared {
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// Training tokens.
    pub train: Shard,
    /// Held-out tokens.
    pub held_out: Shard,
    /// Hash of tokenizer and both shards: the identity of the data.
    pub hash: String,
    /// The cache folder that holds it.
    pub folder: PathBuf,
    /// What it is, in numbers.
    pub manifest: Manifest,
}

impl Prepared {
    /// Opens what [`prepare`] left in `folder`.
    ///
    /// # Errors
    /// A missing or damaged folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let damaged = |what: String| {
            Fault::usage(format!("the prepared corpus `{}` is damaged: {what}", folder.display()))
                .remedy("delete the folder; the next run prepares the corpus again")
        };
        let text = files::read_text(&folder.join(MANIFEST))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| damaged(format!("{MANIFEST} is not a manifest: {error}")))?;
        let tokenizer = Tokenizer::load(&folder.join(TOKENIZER))?;
        let (train, held_out) = (Shard::open(&folder.join(TRAIN))?, Shard::open(&folder.join(HELD_OUT))?);
        for (name, shard, counts) in [
            (TRAIN, &train, &manifest.train),
            (HELD_OUT, &held_out, &manifest.held_out),
        ] {
            if shard.tokens() as u64 != counts.tokens {
                return Err(damaged(format!(
                    "{name} has {} tokens, not {}",
                    shard.tokens(),
                    counts.tokens
                )));
            }
        }
        Ok(Self {
            tokenizer,
            train,
            held_out,
            hash: manifest.hash.clone(),
            folder: folder.to_owned(),
            manifest,
        })
    }

    /// BLAKE3 of the tokenizer's file and of the held-out shard.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hashes(&self) -> Result<[String; 2]> {
        Ok([
            hash_file(&self.folder.join(TOKENIZER))?,
            hash_file(&self.folder.join(HELD_OUT))?,
        ])
    }
}

/// Reads, cleans, splits by whole documents, trains or loads the tokenizer, tokenises and writes
/// `cache/<key>/{tokenizer.json, train.ids, held_out.ids, manifest.json}`; does nothing when that is already there.
/// `say` is told what is going on, one line per stage.
///
/// # Errors
/// A missing source, an empty corpus, a damaged gzip, bad JSONL, a tokenizer without `[MASK]`: usage faults; nothing is
/// left behind.
pub fn prepare(
    config: &CorpusConfig,
    data_root: Option<&Path>,
    cache: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Prepared> {
    if !(config.held_out > 0.0 && config.held_out < 1.0) {
        return Err(Fault::usage(format!("a held-out share of {}", config.held_out))
            .at("corpus.held_out")
            .allowed(["above 0 and below 1"]));
    }
    let (source, plan, key) = keyed(config, data_root)?;
    let folder = cache.join(key);
    if folder.join(MANIFEST).is_file() {
        return Prepared::open(&folder);
    }
    let survey = Survey::of(&source, config, say)?;
    let tokenizer = match plan {
        TokenizerPlan::Given(tokenizer) => *tokenizer,
        TokenizerPlan::Train(train, vocab) => {
            say(&format!(
                "training the tokenizer on {} different words",
                survey.counts.distinct()
            ));
            train(vocab, &survey.counts)?
        }
    };
    say(&format!(
        "tokenising {} words",
        survey.train.words + survey.held_out.words
    ));
    write(config, &source, survey, &tokenizer, cache, &folder)?;
    Prepared::open(&folder)
}

/// What is read, how it becomes tokens, and the name of the folder of that in the cache.
fn keyed(config: &CorpusConfig, data_root: Option<&Path>) -> Result<(Source, TokenizerPlan, String)> {
    let source = Source::resolve(&config.source, config.words, data_root).map_err(|fault| fault.at("corpus.source"))?;
    let plan = TokenizerPlan::of(&config.tokenizer, data_root)?;
    let mut key = key(config, &source, &plan)?;
    key.truncate(16);
    Ok((source, plan, key))
}

/// The name in the cache of the corpus as it is now, prepared or not: a hash of what it holds and how it becomes tokens.
///
/// # Errors
/// A source that cannot be read.
pub fn name_in_cache(config: &CorpusConfig, data_root: Option<&Path>) -> Result<String> {
    keyed(config, data_root).map(|(_, _, key)| key)
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

/// Where the tokenizer comes from.
enum TokenizerPlan {
    Given(Box<Tokenizer>),
    Train(fn(usize, &WordCounts) -> Result<Tokenizer>, usize),
}

impl TokenizerPlan {
    fn of(config: &TokenizerConfig, data_root: Option<&Path>) -> Result<Self> {
        let path = match config {
            TokenizerConfig::Wordpiece { vocab } => return Ok(Self::Train(Tokenizer::train_wordpiece, *vocab)),
            TokenizerConfig::Bpe { vocab } => return Ok(Self::Train(Tokenizer::train_bpe, *vocab)),
            TokenizerConfig::File { path } => path,
        };
        let under_root = data_root.map(|root| root.join(path)).filter(|path| path.exists());
        let tokenizer = Tokenizer::load(under_root.as_ref().unwrap_or(path));
        tokenizer
            .map(|tokenizer| Self::Given(Box::new(tokenizer)))
            .map_err(|fault| fault.at("corpus.tokenizer.path"))
    }
}

/// Hash of everything that decides the tokens: format, split, tokenizer, and the source's content (not its place).
fn key(config: &CorpusConfig, source: &Source, plan: &TokenizerPlan) -> Result<String> {
    let tokenizer = match plan {
        TokenizerPlan::Given(tokenizer) => files::hash(tokenizer.json().as_bytes()),
        TokenizerPlan::Train(..) => serde_json::to_string(&config.tokenizer)
            .map_err(|error| Fault::run(format!("the tokenizer's options cannot be written: {error}")))?,
    };
    let mut key = format!("format {FORMAT}\nheld out {}\ntokenizer {tokenizer}\n", config.held_out);
    match source {
        Source::Fragment { words } => key += &format!("fragment {} words {words}\n", fragment::VERSION),
        Source::Files(paths) => {
            for path in paths {
                let content = hash_file(path)?;
                key += &format!("{} {content}\n", source::name(path));
            }
        }
    }
    Ok(files::hash(key.as_bytes()))
}

fn hash_file(path: &Path) -> Result<String> {
    let failed = |error| Fault::file("read", path, &error);
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(File::open(path).map_err(failed)?)
        .map_err(failed)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The first reading: how the corpus is split and which words it has.
struct Survey {
    split: Division,
    counts: WordCounts,
    train: Counts,
    held_out: Counts,
}

impl Survey {
    fn of(source: &Source, config: &CorpusConfig, say: &mut dyn FnMut(&str)) -> Result<Self> {
        say(&format!("reading `{}`", config.source));
        let split = source.split(config.held_out)?;
        let mut survey = Self {
            split,
            counts: WordCounts::default(),
            train: Counts::default(),
            held_out: Counts::default(),
        };
        let (mut train, mut held_out) = (Counts::default(), Counts::default());
        source.documents(&survey.split, None, &mut |part, text| {
            let before = survey.counts.total();
            let counts = match part {
                Part::Train => {
                    survey.counts.add(text);
                    train.words += survey.counts.total() - before;
                    &mut train
                }
                Part::HeldOut => {
                    held_out.words += text.split_ascii_whitespace().count() as u64;
                    &mut held_out
                }
            };
            counts.documents += 1;
            Ok(())
        })?;
        (survey.train, survey.held_out) = (train, held_out);
        for (side, counts) in [("training", &survey.train), ("held-out", &survey.held_out)] {
            if counts.words == 0 {
                let files = match source {
                    Source::Fragment { .. } => &[][..],
                    Source::Files(files) => files,
                };
                let mut fault = source::empty(files);
                fault.what += &format!(" (on the {side} side of the split)");
                return Err(fault.remedy("give more text, or another share in corpus.held_out (or more corpus.words)"));
            }
        }
        say(&format!(
            "{} words; {}",
            survey.train.words + survey.held_out.words,
            survey.split.describe()
        ));
        Ok(survey)
    }
}

/// The second reading: everything is written beside and appears under its name at once.
fn write(
    config: &CorpusConfig,
    source: &Source,
    mut survey: Survey,
    tokenizer: &Tokenizer,
    cache: &Path,
    folder: &Path,
) -> Result<()> {
    let failed = |error: std::io::Error| Fault::run(format!("cannot write to `{}`: {error}", cache.display()));
    // Another process may have prepared the same corpus meanwhile: its files are the same bytes.
    files::write_folder(folder, |scratch| {
        let at = |name: &str| scratch.join(name);
        files::write_whole(&at(TOKENIZER), tokenizer.json().as_bytes())?;
        let special = tokenizer.vocabulary().special;
        let mut memo = Memo::new(tokenizer);
        let sides = [
            (Part::Train, TRAIN, &mut survey.train),
            (Part::HeldOut, HELD_OUT, &mut survey.held_out),
        ];
        for (part, name, counts) in sides {
            let mut unknown = 0;
            counts.tokens = shard::write(&at(name), special.end, |writer| {
                source.documents(&survey.split, Some(part), &mut |_, text| {
                    let document = memo.encode(text);
                    unknown += document.ids.iter().filter(|id| **id == special.unknown).count();
                    writer.document(&document).map_err(failed)
                })
            })?;
            counts.unknown = unknown as f64 / counts.tokens.max(1) as f64;
        }
        let mut identity = String::new();
        for name in [TOKENIZER, TRAIN, HELD_OUT] {
            identity += &hash_file(&at(name))?;
        }
        let manifest = Manifest {
            source: config.source.clone(),
            hash: files::hash(identity.as_bytes()),
            vocabulary: tokenizer.vocabulary().size,
            files: if let Source::Files(files) = source {
                files.len()
            } else {
                0
            },
            split: survey.split.describe().to_owned(),
            train: survey.train,
            held_out: survey.held_out,
        };
        let text = serde_json::to_string_pretty(&manifest)
            .map_err(|error| Fault::run(format!("the manifest cannot be written: {error}")))?;
        files::write_whole(&at(MANIFEST), text.as_bytes())
    })?;
    Ok(())
}

#[cfg(test)]
#[path = "prepare_tests.rs"]
mod tests;
