//! One file: asked for until it is whole, and then held against its hash.

use crate::Event;
use crate::client::{Client, ELSEWHERE, Failure, Patience};
use cloze_corpus::registry::RemoteFile;
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, FaultKind, Result};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that are asked of a connection at a time.
const PIECE: usize = 1 << 16;

/// What is told of the bytes that are here, by the teller that it is given.
pub type Progress<'a> = &'a mut dyn FnMut(&mut dyn FnMut(Event), u64);

/// Downloads a file to `path`, where it is whole or absent; what is there of it stands beside it in between, and the next
/// download goes on from there. `tell` is given the bytes that are here.
///
/// # Errors
/// A server that does not give the file or gives another one, and what the system says.
pub fn download(
    file: &RemoteFile,
    base: &str,
    path: &Path,
    patience: Patience,
    tell: &mut dyn FnMut(Event),
    progress: Progress,
) -> Result<()> {
    if is_there(path)? {
        return Ok(());
    }
    let client = Client::new(&format!("{base}{}", file.name), patience)?;
    let mut part = Part::open(path)?;
    if part.bytes > 0 {
        tell(Event::Resumed {
            file: file.name.to_owned(),
            from: part.bytes,
        });
    }
    // What was here, or came before a break, may be of another file: then once more from the beginning.
    let mut was_resumed = part.bytes > 0;
    let (mut attempts, mut most, mut is_last) = (0, part.bytes, false);
    loop {
        let done = attempt(&client, file, &mut part, &mut |bytes| progress(&mut *tell, bytes));
        if part.bytes == file.bytes {
            let seen = sha256(&part.path)?;
            if seen == file.sha256 {
                return part.finish(path);
            }
            part.restart()?;
            if is_last || !was_resumed {
                return Err(other(file, base, &seen));
            }
            (attempts, most, is_last) = (0, 0, true);
            continue;
        }
        was_resumed = true;
        // Only what is new shows that it goes on.
        attempts = if part.bytes > most { 1 } else { attempts + 1 };
        most = most.max(part.bytes);
        let (why, after) = match done {
            Ok(()) => (format!("it ends after {} of {} bytes", part.bytes, file.bytes), None),
            Err(Failure::Passing(why, after)) => (why, after),
            Err(Failure::NoRange) => {
                part.restart()?;
                ("it cannot be taken up there".to_owned(), None)
            }
            Err(Failure::Lasting(fault)) => return Err(fault.at(file.name)),
        };
        if attempts >= patience.attempts {
            return Err(Fault::run(format!("`{}` does not come: {why}", file.name))
                .remedy(
                    "the same command goes on from what is here. Is there a network? A proxy is taken from HTTPS_PROXY; --from \
                     names another place that has the file",
                ));
        }
        tell(Event::Again {
            file: file.name.to_owned(),
            why,
        });
        let doubled = patience.wait * 2_u32.pow((attempts - 1).min(6));
        std::thread::sleep(after.unwrap_or(doubled));
    }
}

/// Asks once and keeps what comes.
fn attempt(
    client: &Client,
    file: &RemoteFile,
    part: &mut Part,
    progress: &mut dyn FnMut(u64),
) -> std::result::Result<(), Failure> {
    if part.bytes == file.bytes {
        return Ok(());
    }
    let mut answer = client.get(part.bytes)?;
    if answer.from != part.bytes {
        part.restart().map_err(Failure::Lasting)?;
    }
    let offered = answer.bytes.map(|bytes| answer.from.saturating_add(bytes));
    if let Some(offered) = offered.filter(|offered| *offered != file.bytes) {
        return Err(Failure::Lasting(too(file, offered)));
    }
    let mut buffer = vec![0; PIECE];
    loop {
        let read = match answer.body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) => return Err(Failure::Passing(error.to_string(), None)),
        };
        if part.bytes + read as u64 > file.bytes {
            return Err(Failure::Lasting(too(file, part.bytes + read as u64)));
        }
        part.write(&buffer[..read]).map_err(Failure::Lasting)?;
        progress(part.bytes);
    }
}

/// Another size than the registry knows.
fn too(file: &RemoteFile, bytes: u64) -> Fault {
    let what = format!(
        "`{}` has {} bytes, and {bytes} or more are offered",
        file.name, file.bytes
    );
    Fault::run(what).remedy(ELSEWHERE)
}

/// Another file than the registry knows.
fn other(file: &RemoteFile, base: &str, seen: &str) -> Fault {
    Fault::run(format!(
        "`{}` is another file than the one that cloze knows: its SHA-256 is {seen}, and {} was to be expected",
        file.name, file.sha256
    ))
    .at(format!("{base}{}", file.name))
    .remedy("nothing of it was kept: it was changed where it lies, or on the way")
}

/// What is here of a file.
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Part {
    fn open(whole: &Path) -> Result<Self> {
        let mut name = whole.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let opened = File::options()
            .create(true)
            .append(false)
            .truncate(false)
            .write(true)
            .open(&path);
        let failed = |error: std::io::Error| unwritten(&path, &error);
        let mut file = opened.map_err(failed)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path, file, bytes })
    }

    fn restart(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        self.bytes = 0;
        emptied.map_err(|error| unwritten(&self.path, &error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|error| unwritten(&self.path, &error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn finish(self, whole: &Path) -> Result<()> {
        let synced = self.file.sync_all().and_then(|()| fs::rename(&self.path, whole));
        synced.map_err(|error| unwritten(whole, &error))
    }
}

/// What cannot be written is no fault of what was asked.
pub(crate) fn unwritten(path: &Path, error: &std::io::Error) -> Fault {
    let fault = Fault::file("write", path, error);
    let remedy = fault.remedy.as_ref().map(|_| {
        "free some space or choose a folder that you may write to, with --data-root; what is here is taken up again"
            .to_owned()
    });
    Fault {
        kind: FaultKind::Run,
        remedy,
        ..fault
    }
}

/// The SHA-256 of a file as 64 hexadecimal digits.
///
/// # Errors
/// What the system says.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| Fault::file("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(&buffer[..read]),
        }
    }
}
