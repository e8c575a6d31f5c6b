//! The files that a source stands for: a file, a folder, or a glob.

use super::kind::{ENDINGS, Kind};
use crate::{reader, registry};
use cloze_foundation::{Fault, Place, Result};
use glob::{MatchOptions, Pattern};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// As shells match: a star stays within a folder, and a hidden file has to be named.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Folders that are entered before it is given up: links from each of some folders to all others have no end in practice.
const MOST_FOLDERS: usize = if cfg!(test) { 1_000 } else { 100_000 };

/// The files of a source, sorted by path, none of them twice. What exists is taken by its name, also where that could be
/// read as a pattern.
///
/// # Errors
/// Nothing there, or nothing that can be read.
pub fn files(source: &str, data_root: Option<&Path>) -> Result<Vec<PathBuf>> {
    match registry::locate(source, data_root) {
        Ok(path) => found(&path),
        Err(_) if source.contains(['*', '?', '[']) => matches(source, data_root),
        Err(fault) => Err(fault),
    }
}

/// The last part of a path.
pub fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_readable(path: &Path) -> bool {
    let name = name(path).to_ascii_lowercase();
    Kind::of(path).is_some() && !name.starts_with("readme") && !name.starts_with('.')
}

fn unreadable(what: String) -> Fault {
    Fault::usage(what).allowed(ENDINGS)
}

/// Leaves files of a kind out where there are others: beside texts they are more often about them.
fn only_alone(files: &mut Vec<PathBuf>, kind: Kind) {
    let is_other = |file: &PathBuf| Kind::of(file) != Some(kind);
    if files.iter().any(is_other) {
        files.retain(is_other);
    }
}

/// The file itself, or every readable file below the folder; JSON and columns where there is nothing else.
fn found(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return match is_readable(path) {
            true => reader::open(path).map(|_| vec![path.to_owned()]),
            false => Err(unreadable(format!(
                "`{}` is not a kind of file that holds a corpus",
                path.display()
            ))),
        };
    }
    let mut files = walk(path, usize::MAX, &|_| true)?;
    only_alone(&mut files, Kind::Array);
    only_alone(&mut files, Kind::Columns);
    match files.is_empty() {
        true => Err(unreadable(format!("the folder `{}` holds no text", path.display()))),
        false => Ok(files),
    }
}

/// The readable files of a glob, under the data root or else from the working directory. Of its parts, those that are
/// folders by their names come before those that are patterns.
fn matches(pattern: &str, data_root: Option<&Path>) -> Result<Vec<PathBuf>> {
    let roots = data_root.map(Path::to_owned).into_iter().chain([PathBuf::new()]);
    let mut tried = Vec::new();
    for root in roots {
        tried.push(root.join(pattern));
        let mut folder = root;
        let mut parts: Vec<&OsStr> = Path::new(pattern).iter().collect();
        while parts.len() > 1 && folder.join(parts[0]).is_dir() {
            folder.push(parts.remove(0));
        }
        let rest: PathBuf = parts.iter().collect();
        let rest = Pattern::new(&rest.to_string_lossy()).map_err(|error| {
            Fault::usage(format!("`{pattern}` is not a glob: {}", error.msg)).at(Place::key("corpus.source"))
        })?;
        let depth = match rest.as_str().contains("**") {
            true => usize::MAX,
            false => parts.len(),
        };
        let here = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &folder,
        };
        if here.is_dir() {
            let own = |path: &Path| {
                path.strip_prefix(here)
                    .is_ok_and(|own| rest.matches_path_with(own, MATCHING))
            };
            let mut files = walk(here, depth, &own)?;
            only_alone(&mut files, Kind::Columns);
            if !files.is_empty() {
                return Ok(files);
            }
        }
    }
    Err(registry::missing(pattern, &tried))
}

/// Whether a folder holds the results of an experiment, whose metrics are no text to train on.
fn is_results(folder: &Path) -> bool {
    folder.join("plan.json").is_file()
        && ["metrics.parquet", "runs"]
            .iter()
            .any(|name| folder.join(name).exists())
}

/// A folder to enter, and the real folders that it is in.
struct Entered {
    path: PathBuf,
    depth: usize,
    within: Vec<PathBuf>,
}

/// The readable files that are wanted, at most `depth` folders deep. Links are followed, but not back to a folder that they
/// are in, and no file is given twice, whatever leads there: a text that is counted twice may be trained on and held out.
fn walk(folder: &Path, depth: usize, is_wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entered = 0;
    let mut folders = vec![Entered {
        path: folder.to_owned(),
        depth,
        within: Vec::new(),
    }];
    while let Some(Entered {
        path,
        depth,
        mut within,
    }) = folders.pop()
    {
        let failed = |error| Fault::file("read", &path, &error);
        let real = path.canonicalize().map_err(failed)?;
        if within.contains(&real) {
            continue;
        }
        entered += 1;
        if entered > MOST_FOLDERS {
            return Err(
                Fault::usage(format!("more than {MOST_FOLDERS} folders in `{}`", folder.display()))
                    .remedy("name a folder further down; links between its folders multiply them"),
            );
        }
        within.push(real);
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let inner = entry.map_err(failed)?.path();
            if name(&inner).starts_with('.') {
                continue;
            }
            if !inner.is_dir() {
                if is_readable(&inner) && is_wanted(&inner) {
                    // A pipe or a broken link under the name of a text is no text, and not nothing.
                    reader::open(&inner)?;
                    files.push(inner);
                }
            } else if depth > 1 && !is_results(&inner) {
                folders.push(Entered {
                    path: inner,
                    depth: depth - 1,
                    within: within.clone(),
                });
            }
        }
    }
    files.sort();
    let mut real = HashSet::new();
    files.retain(|file| real.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
