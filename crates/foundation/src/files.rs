//! Files that are complete or absent: written beside, synced, renamed.

use crate::{Fault, FaultKind, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How the names of files and folders begin that are being written. Readers ignore them.
const SCRATCH: &str = ".part-";

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Names in a folder survive a power loss once the folder itself is synced.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Fault {
    Fault {
        kind: FaultKind::Run,
        ..Fault::file("write", path, error)
    }
}

/// Writes `bytes` to `path` so that at every moment, also after a kill or a power loss, `path` holds either what it
/// held before or all of `bytes`. Missing parent folders are made.
///
/// # Errors
/// What the system says, with the path; the old file is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole_with(path, |file| file.write_all(bytes))
}

/// [`write_whole`] for a writer that fills the file itself.
///
/// # Errors
/// As [`write_whole`].
pub fn write_whole_with(path: &Path, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let folder = parent(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempfile_in(folder)
        .map_err(failed)?;
    fill(beside.as_file_mut()).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        beside
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))
            .map_err(failed)?;
    }
    let (file, scratch) = beside.into_parts();
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&scratch, path).map_err(failed)?;
    let _gone = scratch.keep(); // it has another name now, so there is nothing to clean up
    sync_folder(folder).map_err(failed)
}

/// Fills a folder beside `path` and gives it that name once everything in it is synced, so that `path` is complete or
/// absent. `fill` is given the folder to write to. Missing parent folders are made. Where `path` is a folder with
/// something in it already, it is left as it is and the answer is false: of several processes that try, one succeeds.
///
/// # Errors
/// What `fill` or the system says; nothing is left behind then.
pub fn write_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<bool> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let parent = parent(path);
    fs::create_dir_all(parent).map_err(failed)?;
    let beside = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempdir_in(parent)
        .map_err(failed)?;
    fill(beside.path())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Scratch folders are private; what is finished may be shared.
        fs::set_permissions(beside.path(), fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    sync_folder(beside.path()).map_err(failed)?;
    match fs::rename(beside.path(), path) {
        Ok(()) => {
            let _gone = beside.keep(); // it has another name now, so there is nothing to clean up
            sync_folder(parent).map_err(failed)?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Removes a file or a folder with all that is in it; what is not there counts as removed.
///
/// # Errors
/// What the system says.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::file("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Gives a file or a folder a scratch name beside its own, at once, and says which; `None` where it is not there.
///
/// # Errors
/// What the system says; it then has its own name still.
pub fn move_aside(path: &Path) -> Result<Option<PathBuf>> {
    let failed = |error: std::io::Error| Fault::file("move", path, &error);
    let aside = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempdir_in(parent(path))
        .map_err(failed)?;
    let inside = aside.path().join("aside");
    match fs::rename(path, &inside) {
        Ok(()) => {
            let _kept = aside.keep();
            Ok(Some(inside))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Removes what a process that was killed while it wrote left in `folder`. Only for the folder's one writer.
///
/// # Errors
/// What the system says.
pub fn sweep_scratch(folder: &Path) -> Result<()> {
    for path in list(folder)? {
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH))
        {
            remove(&path)?;
        }
    }
    Ok(())
}

/// What is in a folder, sorted by name; nothing where there is no folder.
///
/// # Errors
/// A folder that cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| Fault::file("list", folder, &error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Reads a whole file as UTF-8 text.
///
/// # Errors
/// A missing or unreadable file, or one that is not UTF-8, is a usage fault that names it.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| Fault::file("read", path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        Fault::usage(format!(
            "`{}` is not UTF-8 text (first bad byte at offset {})",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })
}

/// The BLAKE3 hash of `bytes` as 64 hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_scratch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old").unwrap();
        let result = write_whole_with(&path, |file| {
            file.write_all(b"half")?;
            Err(std::io::Error::other("disk is full"))
        });
        assert!(result.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_appears_whole_and_only_for_the_first() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep").join("a");
        let fill = |text: &'static str| move |scratch: &Path| write_whole(&scratch.join("x"), text.as_bytes());
        assert!(write_folder(&path, fill("first")).unwrap());
        assert!(!write_folder(&path, fill("second")).unwrap());
        assert_eq!(read_text(&path.join("x")).unwrap(), "first");
        let refused = write_folder(&place.path().join("b"), |_| Err(Fault::run("no")));
        assert!(refused.is_err());
        assert_eq!(list(place.path()).unwrap(), [place.path().join("deep")]);
        assert_eq!(list(&place.path().join("deep")).unwrap(), std::slice::from_ref(&path));

        let aside = move_aside(&path).unwrap().unwrap();
        assert!(!path.exists() && aside.join("x").exists());
        assert_eq!(move_aside(&path).unwrap(), None);
        remove(aside.parent().unwrap()).unwrap();

        fs::create_dir(place.path().join(".part-left")).unwrap();
        sweep_scratch(place.path()).unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(list(&place.path().join("deep")).unwrap(), Vec::<PathBuf>::new());
    }
}
