//! Folders of files with a manifest: complete or absent, and verified whenever they are read.

use super::unusable::{Trouble, Unusable};
use cloze_foundation::files::{self, hash, list, replace_folder, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

const MANIFEST: &str = "manifest.json";
/// The file of a model's parameters.
pub const TENSORS: &str = "model.safetensors";
/// Version of the format. Version 1 had one file, `model.safetensors`, with its size and hash in the manifest itself.
pub const FORMAT: u32 = 2;

/// A file as its manifest knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3.
    pub hash: String,
}

impl Member {
    /// What the manifest will say of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            hash: hash(bytes),
        }
    }

    /// Reads the file, which has to be this one.
    ///
    /// # Errors
    /// One that is missing, cannot be read, or is not what was written.
    pub fn read(&self, path: &Path) -> std::result::Result<Vec<u8>, Unusable> {
        let bytes = Unusable::unless_read(path, files::read(path))?;
        if Self::of(&bytes) == *self {
            Ok(bytes)
        } else {
            Err(Unusable::wrong(format!(
                "`{}` is not what was written (damaged?)",
                path.display()
            )))
        }
    }
}

/// Whether a file that is listed lies where it should: a plain name, in the folder itself.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.')
}

/// What a folder says of itself. It is written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// The run it belongs to, and so its configuration.
    pub run: String,
    /// The optimizer step after which it was made.
    pub step: u64,
    /// Its files by name.
    #[serde(default)]
    pub files: BTreeMap<String, Member>,
    /// Version 1: the size of its one file.
    #[serde(default, skip_serializing)]
    bytes: u64,
    /// Version 1: the hash of its one file.
    #[serde(default, skip_serializing)]
    hash: String,
}

/// Writes a folder that appears whole. Where there is a folder of that name, it is left as it is.
///
/// # Errors
/// What the system says; nothing is left behind then.
pub fn write(folder: &Path, run: &str, step: u64, files: &[(&str, &[u8])]) -> Result<()> {
    write_folder(folder, |scratch| fill(scratch, run, step, files)).map(drop)
}

/// [`write()`] in place of what is there, if `ready` says so when everything is written.
///
/// # Errors
/// What `ready` or the system says; nothing is left behind then.
pub fn replace(
    folder: &Path,
    run: &str,
    step: u64,
    files: &[(&str, &[u8])],
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    replace_folder(folder, |scratch| fill(scratch, run, step, files), ready)
}

fn fill(scratch: &Path, run: &str, step: u64, files: &[(&str, &[u8])]) -> Result<()> {
    let manifest = Manifest {
        format: FORMAT,
        run: run.to_owned(),
        step,
        files: files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), Member::of(bytes)))
            .collect(),
        bytes: 0,
        hash: String::new(),
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Fault::run(error.to_string()))?;
    for (name, bytes) in files {
        write_whole(&scratch.join(name), bytes)?;
    }
    write_whole(&scratch.join(MANIFEST), (text + "\n").as_bytes())
}

/// Reads a folder and checks every file against the manifest.
///
/// # Errors
/// A folder that is missing, incomplete, damaged, of a later format, or that the system does not give.
pub fn read(folder: &Path) -> std::result::Result<(Manifest, BTreeMap<String, Vec<u8>>), Unusable> {
    let words = |why: String| format!("`{}` cannot be used: {why}", folder.display());
    let wrong = |why: String| Unusable::wrong(words(why));
    let path = folder.join(MANIFEST);
    let text = Unusable::unless_read(&path, files::read(&path))?;
    // The version first: a later format may say everything else in another way.
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| wrong(format!("{MANIFEST}: {error}")))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > u64::from(FORMAT) => {
            let what = words(format!("format {format}, this cloze knows up to {FORMAT}"));
            let fault = Fault::usage(what).remedy("use the version of cloze that made it");
            return Err(Unusable::new(Trouble::Unreadable, fault));
        }
        Some(_) => {}
        None => return Err(wrong(format!("{MANIFEST} has no format"))),
    }
    let mut manifest: Manifest =
        serde_json::from_value(value).map_err(|error| wrong(format!("{MANIFEST}: {error}")))?;
    if manifest.format == 1 {
        let only = Member {
            bytes: manifest.bytes,
            hash: manifest.hash.clone(),
        };
        manifest.files.insert(TENSORS.to_owned(), only);
    }
    let mut contents = BTreeMap::new();
    for (name, member) in &manifest.files {
        if !is_plain(name) {
            return Err(wrong(format!("{MANIFEST} names `{name}`")));
        }
        let in_folder = |unusable: Unusable| Unusable {
            fault: Fault {
                what: words(unusable.fault.what),
                ..unusable.fault
            },
            ..unusable
        };
        contents.insert(name.clone(), member.read(&folder.join(name)).map_err(in_folder)?);
    }
    Ok((manifest, contents))
}

/// Bytes of all files in a folder, the manifest included.
///
/// # Errors
/// A folder that cannot be listed.
pub fn size(folder: &Path) -> Result<u64> {
    let sizes = list(folder)?;
    Ok(sizes
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|file| file.len())
        .sum())
}
