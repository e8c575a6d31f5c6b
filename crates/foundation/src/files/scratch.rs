//! Files and folders that are being written: their names say by which process, so that what a dead one left can be told
//! from what a live one is about to rename.

use super::{list, remove};
use crate::Result;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// How the names of files and folders begin that are being written. Readers ignore them.
const SCRATCH: &str = ".part-";
/// What nobody is known to write counts as left behind when it has not changed for so long.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// Where process numbers mean something: this boot and this process namespace, in 8 hexadecimal digits. `None` where the
/// system does not say.
fn place() -> Option<&'static str> {
    static PLACE: LazyLock<Option<String>> = LazyLock::new(|| {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let text = format!("{} {}", boot.trim(), namespace.display());
        Some(super::hash(text.as_bytes())[..8].to_owned())
    });
    PLACE.as_deref()
}

/// How a name begins of what this process writes.
pub(super) fn prefix() -> String {
    match place() {
        Some(place) => format!("{SCRATCH}{place}-{}-", std::process::id()),
        None => SCRATCH.to_owned(),
    }
}

/// Whether a name is one of what is being written.
pub fn is_scratch(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH))
}

/// Whether whoever wrote it is gone for certain, or has not touched it for a day.
fn is_left(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut words = name[SCRATCH.len()..].split('-');
    if let (Some(there), Some(Ok(writer)), Some(_)) = (words.next(), words.next().map(str::parse::<u32>), words.next())
        && place() == Some(there)
        && matches!(fs::exists(format!("/proc/{writer}")), Ok(false))
    {
        return true;
    }
    touched(path).is_some_and(|when| SystemTime::now().duration_since(when).is_ok_and(|age| age > STALE))
}

/// When it, or anything in it, was last changed.
fn touched(path: &Path) -> Option<SystemTime> {
    let found = fs::symlink_metadata(path).ok()?;
    let inside = if found.is_dir() { list(path).ok()? } else { Vec::new() };
    let inside = inside.iter().filter_map(|path| touched(path)).max();
    found.modified().ok().max(inside)
}

/// Removes what processes that were killed while they wrote left in `folder`. What a live process may still write stays, so
/// that anybody may sweep at any time.
///
/// # Errors
/// A folder that cannot be listed. What cannot be removed stays.
pub fn sweep_scratch(folder: &Path) -> Result<()> {
    for path in list(folder)? {
        if is_scratch(&path) && is_left(&path) {
            // Another process may be sweeping as well.
            let _ = remove(&path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write_whole;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_dead_process_left_is_swept_and_what_a_live_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let here = place().unwrap();
        let dead = format!("{SCRATCH}{here}-{}-abc", child.id());
        let kept = [
            "a.txt".to_owned(),
            format!("{SCRATCH}{here}-{}-abc", std::process::id()),
            format!("{SCRATCH}00000000-{}-abc", child.id()),
            format!("{SCRATCH}abcdef"),
        ];
        for name in kept.iter().chain([&dead]) {
            write_whole(&folder.path().join(name), b"x").unwrap();
        }
        fs::create_dir(folder.path().join(format!("{dead}-folder"))).unwrap();
        write_whole(&folder.path().join(format!("{dead}-folder/x")), b"x").unwrap();
        sweep_scratch(folder.path()).unwrap();
        let mut left: Vec<String> = list(folder.path())
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        left.sort();
        let mut kept = kept.to_vec();
        kept.sort();
        assert_eq!(left, kept);
        // A day later nobody writes them any more.
        let old = SystemTime::now() - 2 * STALE;
        for name in &kept {
            let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        sweep_scratch(folder.path()).unwrap();
        let left = list(folder.path()).unwrap();
        // This process lives, but what it has not touched for a day is no longer being written.
        assert_eq!(left, [folder.path().join("a.txt")]);
    }
}
