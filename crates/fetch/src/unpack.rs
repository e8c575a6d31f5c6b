//! Archives: the members that a set consists of are taken out by name, and nothing else is.
//!
//! No path of an archive is ever used to write to, so that none can lead elsewhere; what is no plain file is refused; and no
//! archive becomes more than [`MOST_EXPANSION`] times as large.

use crate::download::unwritten;
use cloze_corpus::registry::{Archive, Member};
use cloze_foundation::{Fault, FaultKind, Result};
use flate2::read::GzDecoder;
use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// How many times as large as its archive the unpacked text may be. Text of data sets becomes three to six times smaller.
const MOST_EXPANSION: u64 = 20;
/// What the headers of an archive may add to that.
const SLACK: u64 = 1 << 20;
/// Members that an archive may have.
const MOST_MEMBERS: usize = 100_000;

/// Takes `members` out of an archive into `folder`.
///
/// # Errors
/// What is no such archive, lacks a member, has it twice or as something else than a file, or grows too large: a run's fault
/// with the archive's name.
pub fn unpack(archive: &Path, kind: Archive, members: &[Member], folder: &Path) -> Result<()> {
    let bytes = std::fs::metadata(archive)
        .map_err(|error| Fault::file("read", archive, &error))?
        .len();
    let mut taking = Taking {
        members,
        folder,
        taken: HashSet::new(),
        left: bytes.saturating_mul(MOST_EXPANSION).saturating_add(SLACK),
    };
    let file = File::open(archive).map_err(|error| Fault::file("read", archive, &error))?;
    let done = match kind {
        Archive::Zip => taking.zip(file),
        Archive::TarGz => taking.tar(file),
    };
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    done.and_then(|()| taking.is_complete()).map_err(|fault| fault.at(name))
}

struct Taking<'a> {
    members: &'a [Member],
    folder: &'a Path,
    taken: HashSet<&'a str>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Taking<'a> {
    fn zip(&mut self, file: File) -> Result<()> {
        let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(&error))?;
        if archive.len() > MOST_MEMBERS {
            return Err(too_many());
        }
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| broken(&error))?;
            let Some(member) = self.member(entry.name().as_bytes()) else {
                continue;
            };
            let is_file = entry.is_file() && !entry.is_symlink() && !entry.encrypted();
            self.take(member, is_file, &mut entry)?;
        }
        Ok(())
    }

    fn tar(&mut self, file: File) -> Result<()> {
        // What is skipped is unpacked too, so that it counts.
        let all = GzDecoder::new(file).take(self.left);
        let mut archive = tar::Archive::new(all);
        for (index, entry) in archive.entries().map_err(|error| broken(&error))?.enumerate() {
            if index == MOST_MEMBERS {
                return Err(too_many());
            }
            let mut entry = entry.map_err(|error| broken(&error))?;
            let path = entry.path_bytes().into_owned();
            let Some(member) = self.member(path.strip_prefix(b"./").unwrap_or(&path)) else {
                continue;
            };
            let is_file = entry.header().entry_type().is_file();
            self.take(member, is_file, &mut entry)?;
        }
        Ok(())
    }

    fn member(&self, path: &[u8]) -> Option<&'a Member> {
        self.members.iter().find(|member| member.path.as_bytes() == path)
    }

    /// Writes a member under its own name.
    fn take(&mut self, member: &'a Member, is_file: bool, bytes: &mut dyn Read) -> Result<()> {
        if !is_file {
            return Err(Fault::run(format!("`{}` is no plain file in the archive", member.path)));
        }
        if !self.taken.insert(member.path) {
            return Err(Fault::run(format!("the archive has `{}` twice", member.path)));
        }
        let path = self.folder.join(member.name);
        let mut to = File::create_new(&path).map_err(|error| unwritten(&path, &error))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match bytes.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(&error)),
            };
            self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                Fault::run(format!(
                    "the archive becomes more than {MOST_EXPANSION} times as large: it is no archive of text"
                ))
            })?;
            std::io::Write::write_all(&mut to, &buffer[..read]).map_err(|error| unwritten(&path, &error))?;
        }
        to.sync_all().map_err(|error| unwritten(&path, &error))
    }

    fn is_complete(&self) -> Result<()> {
        match self.members.iter().find(|member| !self.taken.contains(member.path)) {
            None => Ok(()),
            Some(member) => Err(Fault::run(format!("the archive has no `{}`", member.path))),
        }
    }
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault {
        kind: FaultKind::Run,
        ..Fault::usage(format!("the archive cannot be read: {error}"))
    }
}

fn too_many() -> Fault {
    Fault::run(format!("the archive has more than {MOST_MEMBERS} members"))
}
