//! Prepared corpora on disk: verified whenever they are opened, and made again when they are wrong.
//!
//! Files are read for that, and not mapped: a disk that fails is then an error and no signal that ends the process.

use crate::manifest::Manifest;
use crate::prepared::Prepared;
use crate::reader::hash_file;
use crate::{Shard, Tokenizer};
use cloze_foundation::{Fault, Result, files};
use std::io::ErrorKind;
use std::path::Path;

pub const TOKENIZER: &str = "tokenizer.json";
pub const TRAIN: &str = "train.ids";
pub const HELD_OUT: &str = "held_out.ids";
pub const GAZETTEER: &str = "gazetteer.txt";
pub const MANIFEST: &str = "manifest.json";

/// What is in a place where a prepared corpus may be.
pub enum Found {
    /// What its manifest says, to the bit.
    Whole(Box<Prepared>),
    /// Nothing.
    Absent,
    /// Something else: why.
    Wrong(String),
}

impl Prepared {
    /// Opens what [`crate::prepare()`] left in `folder`, after a look at every byte of it.
    ///
    /// # Errors
    /// A missing or damaged folder, a disk that does not answer.
    pub fn open(folder: &Path) -> Result<Self> {
        let why = match look_here(folder)? {
            Found::Whole(prepared) => return Ok(*prepared),
            Found::Absent => "it is empty".to_owned(),
            Found::Wrong(why) => why,
        };
        Err(
            Fault::usage(format!("the prepared corpus `{}` is damaged: {why}", folder.display()))
                .remedy("run the same command again: the corpus is then prepared anew"),
        )
    }
}

/// Reads and verifies what is in `folder`.
///
/// # Errors
/// A disk that does not answer. That says nothing about what is on it.
pub fn look(folder: &Path) -> Result<Found> {
    let Some(text) = files::read(&folder.join(MANIFEST))? else {
        return Ok(match files::list(folder)?.is_empty() {
            true => Found::Absent,
            false => Found::Wrong(format!("{MANIFEST} is missing")),
        });
    };
    let manifest = match String::from_utf8(text) {
        Ok(text) => Manifest::from_json(&text),
        Err(error) => Err(error.to_string()),
    };
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(why) => return Ok(Found::Wrong(format!("{MANIFEST}: {why}"))),
    };
    for name in members(&manifest) {
        match std::fs::metadata(folder.join(name)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Wrong(format!("{name} is missing"))),
            Err(error) => return Err(Fault::file("read", &folder.join(name), &error)),
        }
    }
    let at = |name: &str| folder.join(name);
    if identity(folder, &manifest)? != manifest.hash {
        return Ok(Found::Wrong("its files are not what its manifest says".to_owned()));
    }
    Ok(Found::Whole(Box::new(Prepared {
        tokenizer: Tokenizer::load(&at(TOKENIZER))?,
        train: Shard::open(&at(TRAIN))?,
        held_out: Shard::open(&at(HELD_OUT))?,
        hash: manifest.hash.clone(),
        folder: folder.to_owned(),
        manifest,
    })))
}

/// [`look`], at something that has its own name: what is whole and was prepared under another one is another corpus.
fn look_here(folder: &Path) -> Result<Found> {
    Ok(match look(folder)? {
        Found::Whole(prepared) => {
            let (key, name) = (&prepared.manifest.key, folder.file_name().unwrap_or_default());
            if key.is_empty() || key.as_str() == name {
                Found::Whole(prepared)
            } else {
                Found::Wrong(format!("it is the corpus {key}"))
            }
        }
        other => other,
    })
}

/// The files of a prepared corpus beside its manifest.
fn members(manifest: &Manifest) -> impl Iterator<Item = &'static str> {
    let phrases = (manifest.phrases > 0).then_some(GAZETTEER);
    [TOKENIZER, TRAIN, HELD_OUT].into_iter().chain(phrases)
}

/// The hash of the tokenizer, of both shards and of the gazetteer, where there is one, in a folder: the identity of the data.
///
/// # Errors
/// A file that cannot be read.
pub fn identity(folder: &Path, manifest: &Manifest) -> Result<String> {
    let mut hashes = String::new();
    for name in members(manifest) {
        hashes += &hash_file(&folder.join(name))?;
    }
    Ok(files::hash(hashes.as_bytes()))
}

/// What is in `folder` and whole, if anything is; what is wrong is told and out of the way.
///
/// # Errors
/// A disk that does not answer, a folder that cannot be moved.
pub fn find(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Option<Prepared>> {
    match look_here(folder)? {
        Found::Whole(prepared) => Ok(Some(*prepared)),
        Found::Absent => Ok(None),
        Found::Wrong(why) => {
            say(&format!(
                "the prepared corpus `{}` is damaged ({why}); it is made again",
                folder.display()
            ));
            put_aside(folder)
        }
    }
}

/// Moves a folder away and removes it. Another process may have made it again since it was looked at: what turns out to be
/// whole is put back.
fn put_aside(folder: &Path) -> Result<Option<Prepared>> {
    let Some(aside) = files::move_aside(folder)? else {
        return Ok(None);
    };
    let back = match look(&aside)? {
        Found::Whole(_) if std::fs::rename(&aside, folder).is_ok() => look(folder)?,
        other => other,
    };
    files::remove(aside.parent().unwrap_or(&aside))?;
    Ok(match back {
        Found::Whole(prepared) if prepared.folder == folder => Some(*prepared),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
