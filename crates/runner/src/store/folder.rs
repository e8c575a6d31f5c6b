//! Folders of files with a manifest: complete or absent, and verified whenever they are read.

use cloze_foundation::files::{hash, list, read_text, write_folder, write_whole};
use cloze_foundation::{Fault, FaultKind, Result};
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
    write_folder(folder, |scratch| {
        for (name, bytes) in files {
            write_whole(&scratch.join(name), bytes)?;
        }
        write_whole(&scratch.join(MANIFEST), (text + "\n").as_bytes())
    })?;
    Ok(())
}

/// Reads a folder and checks every file against the manifest.
///
/// # Errors
/// A folder that is missing, incomplete, damaged, or of a later format.
pub fn read(folder: &Path) -> Result<(Manifest, BTreeMap<String, Vec<u8>>)> {
    let bad = |why: String| Fault::usage(format!("`{}` cannot be used: {why}", folder.display()));
    let text = read_text(&folder.join(MANIFEST)).map_err(|fault| Fault {
        kind: FaultKind::Usage,
        ..fault
    })?;
    // The version first: a later format may say everything else in another way.
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| bad(format!("{MANIFEST}: {error}")))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > u64::from(FORMAT) => {
            return Err(bad(format!("format {format}, this cloze knows up to {FORMAT}")));
        }
        Some(_) => {}
        None => return Err(bad(format!("{MANIFEST} has no format"))),
    }
    let mut manifest: Manifest = serde_json::from_value(value).map_err(|error| bad(format!("{MANIFEST}: {error}")))?;
    if manifest.format == 1 {
        let only = Member {
            bytes: manifest.bytes,
            hash: manifest.hash.clone(),
        };
        manifest.files.insert(TENSORS.to_owned(), only);
    }
    let mut contents = BTreeMap::new();
    for (name, member) in &manifest.files {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(bad(format!("{MANIFEST} names `{name}`")));
        }
        let path = folder.join(name);
        let length = std::fs::metadata(&path)
            .map_err(|error| bad(format!("{name}: {error}")))?
            .len();
        if length != member.bytes {
            return Err(bad(format!(
                "{name} has {length} bytes, its manifest says {} (damaged?)",
                member.bytes
            )));
        }
        let bytes = std::fs::read(&path).map_err(|error| bad(format!("{name}: {error}")))?;
        if hash(&bytes) != member.hash {
            return Err(bad(format!("{name} is not what its manifest says (damaged?)")));
        }
        contents.insert(name.clone(), bytes);
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
