//! The files that a path of a set stands for: a file, those of a folder, or those that match a glob.

use crate::registry::locate_set;
use cloze_foundation::{Fault, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Files that a pattern may stand for.
const MOST_FILES: usize = 1000;

/// The files that a path stands for, sorted by path: the file itself, or those of a folder or of a glob whose names end in one of
/// `endings`, `.gz` behind it or not. Without endings they may have any name but those of what explains. What is hidden is none of
/// them, unless it is named or the pattern has its dot.
///
/// # Errors
/// Nothing there, nothing that can be read, too many; something of such a name that is no file.
pub fn files(path: &str, data_root: Option<&Path>, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = match locate_set(path, data_root) {
        Ok(found) if found.is_dir() => {
            let folder = found.to_string_lossy();
            matching(&format!("{}/*", glob::Pattern::escape(&folder)), endings)?
        }
        Ok(found) => vec![found],
        Err(fault) if !path.contains(['*', '?', '[']) => return Err(fault),
        Err(fault) => {
            let under = data_root.map(|root| glob::Pattern::escape(&root.to_string_lossy()) + "/" + path);
            let mut found = Vec::new();
            for pattern in under.into_iter().chain([path.to_owned()]) {
                if found.is_empty() {
                    found = matching(&pattern, endings)?;
                }
            }
            if found.is_empty() {
                return Err(fault);
            }
            found
        }
    };
    files.sort();
    if files.is_empty() || files.len() > MOST_FILES {
        return Err(
            Fault::usage(format!("`{path}` has {} files to be judged by", files.len())).allowed([match endings {
                [] => format!("1 to {MOST_FILES}"),
                _ => format!("1 to {MOST_FILES} files that end in {}", endings.join(", ")),
            }]),
        );
    }
    for file in &files {
        let kind = std::fs::metadata(file).map_err(|error| Fault::file("read", file, &error))?;
        if !kind.is_file() {
            return Err(Fault::usage(format!("`{}` is not a file", file.display()))
                .remedy("sets are read from plain files; remove it, or give it another name"));
        }
    }
    Ok(files)
}

/// The files of a glob that can be read by their names.
fn matching(pattern: &str, endings: &[&str]) -> Result<Vec<PathBuf>> {
    if pattern.contains("**") {
        return Err(Fault::usage(format!("`{pattern}` looks into every folder below"))
            .remedy("name the folder: `*` stands for what is in it"));
    }
    let found =
        glob::glob(pattern).map_err(|error| Fault::usage(format!("`{pattern}` is not a glob: {}", error.msg)))?;
    // As shells match: what is hidden has to be named, by a dot where its name begins. A copy that an editor left is no part of a set.
    // The library's own option leaves such files out even then.
    let is_hidden = |name: &OsStr| name.to_string_lossy().starts_with('.');
    let is_meant = |path: &Path| {
        // The folder itself and the one above, which `.*` has as well.
        let text = path.to_string_lossy();
        let is_entry = !matches!(text.rsplit(std::path::is_separator).next(), Some("." | ".."));
        let mut names = path.iter().rev().zip(Path::new(pattern).iter().rev());
        is_entry && names.all(|(own, asked)| !is_hidden(own) || is_hidden(asked))
    };
    let is_read = |path: &PathBuf| {
        let name = super::plain_name(path);
        let is_kind = match endings {
            [] => !name.starts_with("readme"),
            _ => endings.iter().any(|ending| name.ends_with(ending)),
        };
        is_kind && is_meant(path)
    };
    found
        .map(|path| path.map_err(|error| Fault::file("read", error.path(), error.error())))
        .filter(|path| path.as_ref().map_or(true, is_read))
        .take(MOST_FILES + 1)
        .collect()
}
