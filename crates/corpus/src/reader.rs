//! Bytes of a corpus: plain or gzipped, hashed while they are read, as lines with numbers, and faults that name both.

use cloze_foundation::{Fault, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

const BUFFER: usize = 1 << 16;
/// The longest line, and the longest object of JSON: a small gzip may hold an endless one, and it is held in memory.
pub const LONGEST_LINE: usize = 64 << 20;
/// A byte-order mark, which editors on Windows put in front of UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// Whether a file name says that it is gzipped.
pub fn is_gzip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// Opens a file that has an end. A pipe has a writer who may never come, and a device such as `/dev/zero` never ends.
///
/// # Errors
/// What the system says, and a path to something that is no regular file.
pub fn open(path: &Path) -> Result<File> {
    let failed = |error| Fault::file("read", path, &error);
    // Looked at before it is opened: opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Fault::usage(format!(
            "`{}` is not a file that can be read to its end",
            path.display()
        ))
        .allowed(["a regular file"])
        .remedy("write what a pipe or a device gives into a file first"));
    }
    File::open(path).map_err(failed)
}

/// The BLAKE3 hash of a file's bytes as 64 hexadecimal digits.
///
/// # Errors
/// As [`open`], and what reading says.
pub fn hash_file(path: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(open(path)?)
        .map_err(|error| Fault::file("read", path, &error))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// A reader that hashes what goes through it, where somebody wants to know.
struct Hashed<'a, R> {
    inner: R,
    hasher: Option<&'a mut blake3::Hasher>,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// Gives `read` the unpacked bytes of a file. Where its hash is known, the bytes that were read have to be those.
///
/// # Errors
/// What opening, reading and `read` say; a file that changed since it was hashed.
pub fn with_bytes<T>(
    path: &Path,
    expected: Option<&str>,
    read: impl FnOnce(&mut dyn BufRead) -> Result<T>,
) -> Result<T> {
    let mut hasher = blake3::Hasher::new();
    let hashed = Hashed {
        inner: open(path)?,
        hasher: expected.is_some().then_some(&mut hasher),
    };
    let raw = BufReader::with_capacity(BUFFER, hashed);
    let mut reader: Box<dyn BufRead + '_> = if is_gzip(path) {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    let given = read(&mut *reader)?;
    if let Some(expected) = expected {
        std::io::copy(&mut reader, &mut std::io::sink()).map_err(|error| unread(path, None, &error))?;
        drop(reader);
        if hasher.finalize().to_hex().as_str() != expected {
            return Err(changed(path));
        }
    }
    Ok(given)
}

/// A file that is not what it was a moment before.
pub fn changed(path: &Path) -> Fault {
    Fault::run(format!("`{}` changed while it was read", path.display()))
        .remedy("run the same command again when nothing writes to it")
}

/// Bytes that could not be read or unpacked.
pub fn unread(path: &Path, line: Option<u64>, error: &std::io::Error) -> Fault {
    if !is_gzip(path) {
        return Fault::file("read", path, error);
    }
    let place = line.map_or_else(String::new, |line| format!(":{line}"));
    Fault::usage(format!("`{}` is a corrupt gzip: {error}", path.display()))
        .at(format!("{}{place}", path.display()))
        .remedy("fetch the file again and compare its checksum")
}

/// Gives `visit` every line of an open file with its number from 1. Lines end at `\n` and nowhere else: JSON strings may
/// hold the other line separators of Unicode.
///
/// # Errors
/// A gzip that is damaged or ends too early, bytes that are not UTF-8 text, a line longer than `LONGEST_LINE`, and what `visit`
/// returns.
pub fn each_line(reader: &mut dyn BufRead, path: &Path, mut visit: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let mut bytes = Vec::new();
    for number in 1u64.. {
        bytes.clear();
        let mut limited = (&mut *reader).take(LONGEST_LINE as u64 + 1);
        let read = limited
            .read_until(b'\n', &mut bytes)
            .map_err(|error| unread(path, Some(number), &error))?;
        if read == 0 {
            break;
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > LONGEST_LINE {
            return Err(Fault::usage("the line is too long")
                .at(format!("{}:{number}", path.display()))
                .allowed([format!("lines of up to {} MiB", LONGEST_LINE >> 20)])
                .remedy("break the text into lines; a blank one ends a document"));
        }
        let line = std::str::from_utf8(&bytes).map_err(|error| not_utf8(path, number, &bytes, error))?;
        if let Some(at) = line.find('\0') {
            return Err(binary(path, number, line, at));
        }
        let line = match number {
            1 => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line),
            _ => line,
        };
        visit(number, line)?;
    }
    Ok(())
}

/// What to do with text in another encoding, as a command that can be copied.
fn not_utf8(path: &Path, line: u64, bytes: &[u8], error: std::str::Utf8Error) -> Fault {
    let is_utf_32 = line == 1 && (bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]));
    let is_utf_16 = line == 1 && (bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]));
    let (what, from) = match () {
        () if is_utf_32 => ("the text is UTF-32, not UTF-8", "UTF-32"),
        () if is_utf_16 => ("the text is UTF-16, not UTF-8", "UTF-16"),
        () => ("the text is not UTF-8", "WINDOWS-1252"),
    };
    let which = match is_utf_16 || is_utf_32 {
        true => "",
        false => ", if that is the encoding that it was written in",
    };
    Fault::usage(what)
        .at(format!("{}:{line}:{}", path.display(), error.valid_up_to() + 1))
        .remedy(format!("convert it{which}: {}", conversion(path, from)))
}

/// The command that converts a file from an encoding.
fn conversion(path: &Path, from: &str) -> String {
    let plain = match is_gzip(path) {
        true => path.with_extension(""),
        false => path.to_owned(),
    };
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let converted = format!("utf8-{}", name(&plain));
    match is_gzip(path) {
        true => format!(
            "gzip -dc {} | iconv -f {from} -t UTF-8 > {}",
            quoted(&path.to_string_lossy()),
            quoted(&converted)
        ),
        false => format!(
            "iconv -f {from} -t UTF-8 {} > {}",
            quoted(&path.to_string_lossy()),
            quoted(&converted)
        ),
    }
}

/// A byte of 0, which no text has: what is written in two bytes a character has one in each, and is UTF-8 by accident.
fn binary(path: &Path, number: u64, line: &str, at: usize) -> Fault {
    let zeros = line.bytes().filter(|byte| *byte == 0).count();
    let fault = Fault::usage("the text holds bytes of 0, so it is not UTF-8 text").at(format!(
        "{}:{number}:{}",
        path.display(),
        at + 1
    ));
    if 3 * zeros < line.len() {
        return fault.remedy("take these bytes out of it, as `tr -d '\\000'` does");
    }
    fault.remedy(format!(
        "if it is UTF-16, convert it: {}",
        conversion(path, if at.is_multiple_of(2) { "UTF-16BE" } else { "UTF-16LE" })
    ))
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
pub(crate) mod tests;
