//! Files that are complete or absent: written beside, synced, renamed.

use crate::{Fault, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

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
    let failed = |error: std::io::Error| {
        let mut fault = Fault::file("write", path, &error);
        fault.kind = crate::FaultKind::Run;
        fault
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = tempfile::Builder::new()
        .prefix(".part-")
        .tempfile_in(folder)
        .map_err(failed)?;
    fill(beside.as_file_mut()).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    let file = beside.persist(path).map_err(|error| failed(error.error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))
            .map_err(failed)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    drop(file);
    Ok(())
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
}
