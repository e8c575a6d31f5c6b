//! A whole set: its files are gathered beside its place, and put there together.

use crate::Event;
use crate::client::Patience;
use crate::download::{download, sha256, unwritten};
use crate::unpack::unpack;
use cloze_corpus::registry::{Home, KnownSource, downloads};
use cloze_foundation::files::{is_there, remove, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Where sets are gathered, in the data root.
const GATHERED: &str = ".fetch";

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there, with the files that it is to have.
    WasThere(PathBuf),
    /// It is there now.
    Fetched(PathBuf),
}

/// Puts a set in its place under a data root, from its home, or from another place that has its files under the same names.
///
/// Each file is downloaded into `.fetch` in the data root, where a later call takes it up, and is held against its size and
/// SHA-256. When all of them are there, the folder of the set is made whole beside its place and renamed.
///
/// # Errors
/// A set that cannot be downloaded; something else in its place; another process that fetches it; what servers and the system
/// say. Its place is untouched then.
pub fn fetch(
    known: &KnownSource,
    root: &Path,
    from: Option<&str>,
    patience: Patience,
    tell: &mut dyn FnMut(Event),
) -> Result<Outcome> {
    let (Some(home), Some(path)) = (known.home, known.path) else {
        return Err(not_to_be_had(known));
    };
    let place = root.join(path);
    if let Some(names) = in_place(&place)? {
        return was_there(known, &home, place, &names);
    }
    let gathered = root.join(GATHERED).join(known.name);
    fs::create_dir_all(&gathered).map_err(|error| unwritten(&gathered, &error))?;
    let lock = lock(&gathered, known)?;
    let base = match from {
        Some(from) if from.ends_with('/') => from.to_owned(),
        Some(from) => format!("{from}/"),
        None => home.base.to_owned(),
    };
    let mut before = 0;
    for file in home.files {
        let mut progress = |tell: &mut dyn FnMut(Event), bytes: u64| {
            tell(Event::Progress {
                done: before + bytes,
                of: home.bytes(),
            });
        };
        download(file, &base, &gathered.join(file.name), patience, tell, &mut progress)?;
        before += file.bytes;
        tell(Event::Progress {
            done: before,
            of: home.bytes(),
        });
    }
    let is_first = write_folder(&place, |folder| {
        for file in home.files {
            let here = gathered.join(file.name);
            match file.archive {
                // Copied, so that nothing has to be downloaded again if this is broken off.
                None => copy(&here, &folder.join(file.name))?,
                Some((kind, members)) => unpack(&here, kind, members, folder)?,
            }
        }
        write_whole(&folder.join("README.md"), readme(known, &home, &base).as_bytes())
    })?;
    drop(lock);
    remove(&gathered)?;
    // Others may be gathering.
    let _ = fs::remove_dir(root.join(GATHERED));
    match is_first {
        true => Ok(Outcome::Fetched(place)),
        false => Err(occupied(&place, "something came there meanwhile")),
    }
}

fn not_to_be_had(known: &KnownSource) -> Fault {
    let fault = match known.path {
        None => Fault::usage(format!("`{}` is generated and needs no data", known.name)),
        Some(path) => Fault::usage(format!(
            "`{}` was made from what lies at {}, and cannot be downloaded as it is read here",
            known.name, known.address
        ))
        .remedy(format!(
            "put its text at {path} in the data root, or name your own files as `corpus.source`"
        )),
    };
    fault.allowed(downloads())
}

/// The names of what is in a folder; `None` where there is none, or an empty one.
fn in_place(place: &Path) -> Result<Option<Vec<String>>> {
    if !is_there(place)? {
        return Ok(None);
    }
    let files = cloze_foundation::files::list(place)?;
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<String> = files.iter().filter_map(name).collect();
    Ok((!names.is_empty()).then_some(names))
}

/// Whether what is there is the set. What is kept as it is downloaded has its hash; of what was unpacked, or gzipped later, the
/// names are known.
fn was_there(known: &KnownSource, home: &Home, place: PathBuf, names: &[String]) -> Result<Outcome> {
    let has = |name: &str| names.iter().any(|there| there == name);
    for name in home.places() {
        if !has(name) && !has(&format!("{name}.gz")) {
            return Err(occupied(&place, &format!("`{name}` is not in it")));
        }
    }
    for file in home
        .files
        .iter()
        .filter(|file| file.archive.is_none() && has(file.name))
    {
        if sha256(&place.join(file.name))? != file.sha256 {
            return Err(occupied(
                &place,
                &format!("`{}` is another file than that of {}", file.name, known.name),
            ));
        }
    }
    Ok(Outcome::WasThere(place))
}

fn occupied(place: &Path, why: &str) -> Fault {
    Fault::usage(format!("`{}` is there, and {why}", place.display()))
        .remedy("move it away, or name another folder with --data-root: what is there is not changed")
}

/// One process gathers a set at a time. A lock ends with its process.
fn lock(gathered: &Path, known: &KnownSource) -> Result<File> {
    let path = gathered.join("lock");
    let file = File::create(&path).map_err(|error| unwritten(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::usage(format!("another process is fetching `{}`", known.name)).remedy("wait for it"))
        }
        // Not every file system has locks.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = |error: std::io::Error| unwritten(to, &error);
    // A second name costs no space, where the file system has such.
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map_err(failed)?;
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

/// What is said of a set beside its files: its terms travel with it.
fn readme(known: &KnownSource, home: &Home, base: &str) -> String {
    let mut text = format!(
        "# {}\n\n- What: {}\n- Licence: {}\n- Source: {}\n- Citation: {}\n\nDownloaded by `cloze data fetch {}`:\n\n",
        known.name, known.what, known.licence, known.address, known.citation, known.name
    );
    for file in home.files {
        let _ = writeln!(
            text,
            "- {base}{} ({} bytes, SHA-256 {})",
            file.name, file.bytes, file.sha256
        );
    }
    text
}
