//! Files that are complete or absent: written beside, synced, renamed.

mod scratch;

pub use scratch::{is_scratch, sweep_scratch};

use crate::{Fault, FaultKind, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// More than any text is that cloze reads whole. A device that never ends is refused in place of filling the memory.
const LONGEST_TEXT: u64 = 1 << 30;

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
    let scratch = filled(path, fill).map_err(failed)?;
    fs::rename(&scratch, path).map_err(failed)?;
    let _gone = scratch.keep(); // it has another name now, so there is nothing to clean up
    sync_folder(parent(path)).map_err(failed)
}

/// [`write_whole`] where there is no file of that name: of several that try, one succeeds, and for the others, who leave what
/// is there, the answer is false.
///
/// # Errors
/// As [`write_whole`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<bool> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let scratch = filled(path, |file| file.write_all(bytes)).map_err(failed)?;
    let linked = match fs::hard_link(&scratch, path) {
        Ok(()) => true,
        // A network file system may report a failure of what succeeded.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read(path).map_err(failed)? == bytes,
        // Not every file system has links.
        Err(_) if !is_there(path)? => {
            fs::rename(&scratch, path).map_err(failed)?;
            let _gone = scratch.keep();
            sync_folder(parent(path)).map_err(failed)?;
            return Ok(true);
        }
        Err(_) => false,
    };
    drop(scratch);
    sync_folder(parent(path)).map_err(failed)?;
    Ok(linked)
}

/// A file beside `path` with everything in it and synced, which is removed when it is dropped.
fn filled(path: &Path, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> std::io::Result<tempfile::TempPath> {
    let folder = parent(path);
    fs::create_dir_all(folder)?;
    let mut beside = tempfile::Builder::new()
        .prefix(&scratch::prefix())
        .tempfile_in(folder)?;
    fill(beside.as_file_mut())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        beside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    let (file, scratch) = beside.into_parts();
    file.sync_all()?;
    Ok(scratch)
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
    let beside = filled_folder(path, fill)?;
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

/// [`write_folder`] in place of what is there. Once the new folder is complete beside the old one, `ready` is asked, and on its
/// fault nothing is changed; then the old one is renamed away and the new one in: `path` is never a mixture, and absent for
/// the moment between two renames.
///
/// # Errors
/// What `fill`, `ready` or the system says.
pub fn replace_folder(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<()>,
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let parent = parent(path);
    let beside = filled_folder(path, fill)?;
    ready()?;
    // What was there goes into a folder that is swept if this process dies before it has removed it.
    let old = tempfile::Builder::new()
        .prefix(&scratch::prefix())
        .tempdir_in(parent)
        .map_err(failed)?;
    match fs::rename(path, old.path().join("old")) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::rename(beside.path(), path).map_err(failed)?;
    let _gone = beside.keep();
    sync_folder(parent).map_err(failed)
}

/// A folder beside `path` with everything in it synced, which is removed when it is dropped.
fn filled_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<tempfile::TempDir> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let parent = parent(path);
    fs::create_dir_all(parent).map_err(failed)?;
    let beside = tempfile::Builder::new()
        .prefix(&scratch::prefix())
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
    Ok(beside)
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
        .prefix(&scratch::prefix())
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

/// Whether there is something of this name. An error of the system is an error, and not absence.
///
/// # Errors
/// What the system says.
pub fn is_there(path: &Path) -> Result<bool> {
    fs::exists(path).map_err(|error| Fault::file("look at", path, &error))
}

/// `folder/name`, or, where there is something of that name, with the first number behind it that is free.
///
/// # Errors
/// What the system says.
pub fn free_name(folder: &Path, name: &str) -> Result<PathBuf> {
    let mut path = folder.join(name);
    let mut number = 2_u64;
    while is_there(&path)? {
        path = folder.join(format!("{name}.{number}"));
        number += 1;
    }
    Ok(path)
}

/// What is in a file; `None` where there is no such file, and only then.
///
/// # Errors
/// What the system says; a file beyond any that is read whole.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match whole(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::file("read", path, &error)),
    }
}

/// The first bytes of a file, no more than `most`, and how many it has; `None` where there is no such file, and only then.
///
/// # Errors
/// As [`read`].
pub fn head(path: &Path, most: u64) -> Result<Option<(Vec<u8>, u64)>> {
    part(path, 0, most)
}

/// As [`head`], the bytes from one on.
///
/// # Errors
/// As [`read`].
pub fn part(path: &Path, from: u64, most: u64) -> Result<Option<(Vec<u8>, u64)>> {
    let begun = || {
        let (mut file, size) = opened(path)?;
        if size > LONGEST_TEXT {
            return Err(too_long());
        }
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::with_capacity(size.min(most) as usize);
        file.take(most).read_to_end(&mut bytes)?;
        Ok((bytes, size))
    };
    match begun() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::file("read", path, &error)),
    }
}

/// A regular file and its length.
fn opened(path: &Path) -> std::io::Result<(File, u64)> {
    // A pipe would be waited for, and a device may have no end: neither is ever opened.
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(std::io::Error::other(
            "it is no regular file; put back what was there, or remove it",
        ));
    }
    Ok((File::open(path)?, found.len()))
}

fn too_long() -> std::io::Error {
    std::io::Error::other("it is longer than 1 GiB")
}

fn whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let (file, size) = opened(path)?;
    if size > LONGEST_TEXT {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // It may grow while it is read.
    file.take(LONGEST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(too_long());
    }
    Ok(bytes)
}

/// Reads a whole file as UTF-8 text.
///
/// # Errors
/// A missing or unreadable file, or one that is not UTF-8, is a usage fault that names it.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = whole(path).map_err(|error| Fault::file("read", path, &error))?;
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
    fn what_is_too_long_is_refused_by_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        File::create(&path).unwrap().set_len(1 << 34).unwrap();
        let refused = [read_text(&path).map(drop), read(&path).map(drop)];
        for fault in refused {
            assert!(fault.unwrap_err().to_string().contains("longer than 1 GiB"));
        }
    }

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
    fn of_a_file_no_more_than_its_head_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(head(&path, 2).unwrap(), None);
        write_whole(&path, b"abc").unwrap();
        assert_eq!(head(&path, 2).unwrap(), Some((b"ab".to_vec(), 3)));
        assert_eq!(head(&path, 9).unwrap(), Some((b"abc".to_vec(), 3)));
        assert!(
            head(folder.path(), 2)
                .unwrap_err()
                .to_string()
                .contains("no regular file")
        );
        // A hole takes no room on the disk.
        File::create(&path).unwrap().set_len(LONGEST_TEXT + 1).unwrap();
        assert!(head(&path, 2).unwrap_err().to_string().contains("longer than 1 GiB"));
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

        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(list(&place.path().join("deep")).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_new_file_is_written_once_and_a_folder_is_replaced_only_when_it_may_be() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/DONE");
        assert!(write_new(&path, b"first").unwrap());
        assert!(!write_new(&path, b"second").unwrap());
        assert_eq!(read(&path).unwrap().unwrap(), b"first");
        let raced = place.path().join("race");
        let path = &raced;
        let winners: usize = std::thread::scope(|scope| {
            let write = |number: u8| scope.spawn(move || usize::from(write_new(path, &[number; 9]).unwrap()));
            let writers: Vec<_> = (0..8).map(write).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        assert_eq!(winners, 1);

        let path = place.path().join("final");
        let fill = |text: &'static str| move |scratch: &Path| write_whole(&scratch.join(text), text.as_bytes());
        replace_folder(&path, fill("a"), || Ok(())).unwrap();
        replace_folder(&path, fill("b"), || Ok(())).unwrap();
        assert!(replace_folder(&path, fill("c"), || Err(Fault::run("not mine"))).is_err());
        assert_eq!(list(&path).unwrap(), [path.join("b")]);
        let left = list(place.path()).unwrap();
        assert_eq!(left.len(), 3, "nothing is left behind: {left:?}");
    }

    #[test]
    fn an_error_is_not_absence() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(read(&place.path().join("absent")).unwrap(), None);
        assert!(read(place.path()).is_err(), "a folder");
        write_whole(&place.path().join("a"), b"x").unwrap();
        let through = place.path().join("a").join("b");
        assert!(
            read(&through).is_err() && is_there(&through).is_err(),
            "a file on the way"
        );
    }
}
