//! Lines of a plain or gzipped file, each with its number, and faults that name both.

use cloze_foundation::{Fault, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

const BUFFER: usize = 1 << 16;
/// The longest line: a small gzip may hold an endless one, and a line is held in memory.
pub const LONGEST_LINE: usize = 64 << 20;

/// Whether a file name says that it is gzipped.
pub fn is_gzip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// Gives `visit` every line of a file with its number from 1. Lines end at `\n` and nowhere else: JSON strings may hold
/// the other line separators of Unicode.
///
/// # Errors
/// An unreadable file, a gzip that is damaged or ends too early, bytes that are not UTF-8, a line longer than
/// [`LONGEST_LINE`], and what `visit` returns.
pub fn each_line(path: &Path, mut visit: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let file = BufReader::with_capacity(
        BUFFER,
        File::open(path).map_err(|error| Fault::file("read", path, &error))?,
    );
    let gzip = is_gzip(path);
    let reader: Box<dyn Read> = if gzip {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    let mut bytes = Vec::new();
    for number in 1u64.. {
        bytes.clear();
        let mut limited = reader.by_ref().take(LONGEST_LINE as u64 + 1);
        let read = limited.read_until(b'\n', &mut bytes).map_err(|error| match gzip {
            true => Fault::usage(format!("`{}` is a corrupt gzip: {error}", path.display()))
                .at(format!("{}:{number}", path.display()))
                .remedy("fetch the file again and compare its checksum"),
            false => Fault::file("read", path, &error),
        })?;
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
        let line = std::str::from_utf8(&bytes).map_err(|error| {
            Fault::usage("the text is not UTF-8")
                .at(format!("{}:{number}:{}", path.display(), error.valid_up_to() + 1))
                .remedy("convert the file, for example with `iconv -t UTF-8`")
        })?;
        visit(number, line)?;
    }
    Ok(())
}

/// As [`each_line`], each line read as a JSON object; blank lines are skipped. `visit`'s faults get the line as place.
///
/// # Errors
/// As [`each_line`], and a line that is not a JSON object.
pub fn each_object(path: &Path, mut visit: impl FnMut(&Object) -> Result<()>) -> Result<()> {
    each_line(path, |number, line| {
        if line.trim().is_empty() {
            return Ok(());
        }
        let place = format!("{}:{number}", path.display());
        match serde_json::from_str(line) {
            Ok(serde_json::Value::Object(fields)) => {
                let object = Object { fields, place };
                visit(&object).map_err(|fault| fault.at(object.place))
            }
            Ok(_) => Err(Fault::usage("the line is JSON but not an object").at(place)),
            Err(error) => Err(Fault::usage(format!("the line is not JSON: {error}")).at(place)),
        }
    })
}

/// One line of JSONL.
pub struct Object {
    fields: serde_json::Map<String, serde_json::Value>,
    place: String,
}

impl Object {
    /// File and line.
    pub fn place(&self) -> String {
        self.place.clone()
    }

    /// The string in `field`.
    ///
    /// # Errors
    /// A field that is missing or not a string; the fault names those that are strings.
    pub fn text(&self, field: &str) -> Result<&str> {
        self.fields
            .get(field)
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| {
                let strings = || {
                    self.fields
                        .iter()
                        .filter(|(_, value)| value.is_string())
                        .map(|(name, _)| name)
                };
                Fault::usage(format!("no string in the field `{field}`"))
                    .allowed(strings())
                    .nearest(field, strings())
            })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

    pub(crate) fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn lines(path: &Path) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        each_line(path, |_, line| {
            lines.push(line.to_owned());
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn plain_and_gzipped_lines_are_the_same_and_end_at_newlines_only() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, zipped) = (folder.path().join("a.txt"), folder.path().join("a.txt.gz"));
        let text = "one\u{2028}still one\n\nthree";
        std::fs::write(&plain, text).unwrap();
        // Two members, one after the other, are one gzip file.
        std::fs::write(&zipped, [gzip("one\u{2028}still "), gzip("one\n\nthree")].concat()).unwrap();
        assert_eq!(lines(&plain).unwrap(), ["one\u{2028}still one", "", "three"]);
        assert_eq!(lines(&plain).unwrap(), lines(&zipped).unwrap());
    }

    #[test]
    fn damage_is_a_usage_fault_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt.gz");
        let whole = gzip(&"a line of text\n".repeat(1000));
        let mut flipped = whole.clone();
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 0xFF;
        for bytes in [
            whole[..whole.len() - 10].to_vec(),
            flipped,
            b"not a gzip".to_vec(),
            Vec::new(),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            let fault = lines(&path).unwrap_err();
            assert!(
                fault.what.contains("a.txt.gz") && fault.what.contains("corrupt gzip"),
                "{fault}"
            );
            assert_eq!(fault.exit_status(), 2);
        }
        let path = folder.path().join("b.txt");
        std::fs::write(&path, b"fine\nna\xEFve").unwrap();
        assert!(lines(&path).unwrap_err().place().unwrap().ends_with("b.txt:2:3"));
    }

    #[test]
    fn a_bad_line_is_named_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let place = |text: &str| {
            std::fs::write(&path, text).unwrap();
            each_object(&path, |object| object.text("text").map(|_| ())).unwrap_err()
        };
        let fault = place("{\"text\": \"a\"}\n\n{\"text\": ");
        assert!(fault.place().unwrap().ends_with("a.jsonl:3") && fault.what.contains("not JSON"));
        assert!(place("[1]").what.contains("not an object"));
        let fault = place("{\"test\": \"a\"}");
        assert_eq!(fault.nearest.as_deref(), Some("test"));
    }
}
