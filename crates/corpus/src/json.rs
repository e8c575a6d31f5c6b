//! Objects of JSON: one a line, or the elements of an array, never all of them in memory.

use crate::reader::{BYTE_ORDER_MARK, LONGEST_LINE, each_line, unread, with_bytes};
use cloze_foundation::{Fault, Result};
use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::path::Path;

/// One object.
pub struct Object {
    value: Value,
    place: String,
}

impl Object {
    /// File and line, or file and element.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The number or the truth value in `field` as it is written, if it is one.
    pub fn plain(&self, field: &str) -> Option<String> {
        let found = self.value.get(field)?;
        (found.is_number() || found.is_boolean()).then(|| found.to_string())
    }

    /// What is in `field`, and the names of all fields.
    pub fn field(&self, field: &str) -> (Option<&Value>, impl Iterator<Item = &String> + Clone) {
        let fields = self.value.as_object().into_iter().flat_map(serde_json::Map::keys);
        (self.value.get(field), fields)
    }

    /// The string in `field`; a string that is no object is its own text.
    ///
    /// # Errors
    /// A field that is missing or not a string; the fault names those that are strings.
    pub fn text(&self, field: &str) -> Result<&str> {
        let found = match &self.value {
            Value::String(text) => Some(text.as_str()),
            value => value.get(field).and_then(Value::as_str),
        };
        found.ok_or_else(|| {
            let strings = || {
                let fields = self.value.as_object().into_iter().flatten();
                fields.filter(|(_, value)| value.is_string()).map(|(name, _)| name)
            };
            let fault = Fault::usage(format!("no string in the field `{field}`"));
            match strings().next() {
                Some(_) => fault.allowed(strings()).nearest(field, strings()),
                None => fault.remedy("each object needs a string; here there is none in any field"),
            }
        })
    }
}

/// Gives `visit` the objects of a file of lines; blank lines are skipped. `visit`'s faults get the line as place.
///
/// # Errors
/// An unreadable file, as [`each_line`], and a line that is not a JSON object.
pub fn each_object(path: &Path, visit: impl FnMut(&Object) -> Result<()>) -> Result<()> {
    with_bytes(path, None, |reader| each_object_of(reader, path, visit))
}

/// As [`each_object`], of the bytes of a file that is open.
///
/// # Errors
/// As [`each_object`].
pub fn each_object_of(
    reader: &mut dyn BufRead,
    path: &Path,
    mut visit: impl FnMut(&Object) -> Result<()>,
) -> Result<()> {
    each_line(reader, path, |number, line| {
        if line.trim().is_empty() {
            return Ok(());
        }
        let place = format!("{}:{number}", path.display());
        match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => {
                let object = Object { value, place };
                visit(&object).map_err(|fault| fault.at(object.place))
            }
            Ok(_) => Err(Fault::usage("the line is JSON but not an object").at(place)),
            Err(error) => Err(Fault::usage(format!("the line is not JSON: {error}")).at(place)),
        }
    })
}

/// Gives `visit` the elements of the array that a file is, or its objects where it is not one array but several objects,
/// one after the other.
///
/// # Errors
/// An unreadable file, what is no JSON or neither of the two, an element larger than [`LONGEST_LINE`], and what `visit`
/// returns, with the number of the element.
pub fn each_element_of(
    reader: &mut dyn BufRead,
    path: &Path,
    visit: &mut dyn FnMut(&Object) -> Result<()>,
) -> Result<()> {
    let first = first_letter(reader).map_err(|error| unread(path, None, &error))?;
    let left = Cell::new(LONGEST_LINE);
    let mut each = Each {
        visit,
        path,
        left: &left,
        number: 0,
        fault: None,
    };
    let limited = Limited {
        inner: reader,
        left: &left,
    };
    let mut json = serde_json::Deserializer::from_reader(limited);
    let read = match first {
        Some(b'[') => json.deserialize_seq(&mut each).and_then(|()| json.end()),
        Some(b'{') => json.into_iter::<Value>().try_for_each(|value| each.take(value?)),
        None => Ok(()),
        Some(_) => {
            let what = format!("`{}` is neither an array nor objects of JSON", path.display());
            return Err(Fault::usage(what).at(path.display().to_string()));
        }
    };
    let (fault, number) = (each.fault, each.number);
    read.map_err(|error| {
        fault.unwrap_or_else(|| match error.is_io() {
            true => unread(path, None, &error.into()),
            false => Fault::usage(format!("`{}` is not JSON: {error}", path.display()))
                .at(format!("{}, after element {number}", path.display())),
        })
    })
}

/// The first byte that is no white space and no byte-order mark, which is left to be read.
fn first_letter(reader: &mut dyn BufRead) -> std::io::Result<Option<u8>> {
    let mark = BYTE_ORDER_MARK.as_bytes();
    if reader.fill_buf()?.starts_with(mark) {
        reader.consume(mark.len());
    }
    loop {
        let buffer = reader.fill_buf()?;
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match buffer.get(blank) {
            Some(byte) => return Ok(Some(*byte)),
            None if buffer.is_empty() => return Ok(None),
            None => reader.consume(blank),
        }
    }
}

/// Gives up when more is read than an element may have.
struct Limited<'a> {
    inner: &'a mut dyn BufRead,
    left: &'a Cell<usize>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // The parser asks for a byte at a time; what is left is counted where the inner reader has its buffer.
        let read = self.inner.read(buffer)?;
        match self.left.get().checked_sub(read) {
            Some(left) => self.left.set(left),
            None => {
                let most = LONGEST_LINE >> 20;
                return Err(std::io::Error::other(format!("an element of more than {most} MiB")));
            }
        }
        Ok(read)
    }
}

/// Hands elements on as they are parsed.
struct Each<'a> {
    visit: &'a mut dyn FnMut(&Object) -> Result<()>,
    path: &'a Path,
    left: &'a Cell<usize>,
    number: u64,
    fault: Option<Fault>,
}

impl Each<'_> {
    fn take(&mut self, value: Value) -> serde_json::Result<()> {
        self.left.set(LONGEST_LINE);
        self.number += 1;
        let place = format!("{}, element {}", self.path.display(), self.number);
        let object = Object { value, place };
        let taken = match object.value {
            Value::Object(_) | Value::String(_) => (self.visit)(&object),
            _ => Err(Fault::usage("the element is neither an object nor a string")),
        };
        taken.map_err(|fault| {
            self.fault = Some(fault.at(object.place));
            serde_json::Error::custom("refused")
        })
    }
}

impl<'de> Visitor<'de> for &mut Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<(), A::Error> {
        while let Some(value) = elements.next_element()? {
            self.take(value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::gzip;

    fn texts(name: &str, bytes: &[u8], field: &str) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut texts = Vec::new();
        with_bytes(&path, None, |reader| {
            each_element_of(reader, &path, &mut |object| {
                texts.push(object.text(field)?.to_owned());
                Ok(())
            })
        })?;
        Ok(texts)
    }

    #[test]
    fn an_array_and_objects_one_after_the_other_give_the_same_texts() {
        let array = "\u{FEFF}\n [ {\"text\": \"a\\nb\", \"n\": [1]},\n\t\"c\" ]\n";
        let objects = "{\"text\": \"a\\nb\"}\n{\n  \"text\": \"c\"\n}";
        for text in [array, objects] {
            assert_eq!(texts("a.json", text.as_bytes(), "text").unwrap(), ["a\nb", "c"]);
            assert_eq!(texts("a.json.gz", &gzip(text), "text").unwrap(), ["a\nb", "c"]);
        }
        assert_eq!(texts("a.json", b" \n", "text").unwrap(), Vec::<String>::new());
        assert_eq!(texts("a.json", b"[]", "text").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_element() {
        let fault = |text: &str| texts("a.json", text.as_bytes(), "body").unwrap_err();
        let missing = fault("[{\"body\": \"x\"}, {\"boody\": \"y\"}]");
        assert_eq!(missing.nearest.as_deref(), Some("boody"));
        assert!(missing.place().unwrap().ends_with("a.json, element 2"), "{missing}");
        assert!(fault("[{\"body\": \"x\"}, 3]").place().unwrap().ends_with("element 2"));
        assert!(fault("[{\"body\": \"x\"}, {").what.contains("not JSON"));
        assert!(fault("[{\"body\": \"x\"}] more").what.contains("not JSON"));
        assert!(fault("nothing").what.contains("neither an array nor objects"));
        let deep = format!("[{}", "[".repeat(100_000));
        assert!(fault(&deep).what.contains("not JSON"));
    }

    #[test]
    fn an_endless_element_ends_the_reading_and_not_the_memory() {
        let line = format!("[\"{}", "a".repeat(LONGEST_LINE + 1));
        let fault = texts("a.json.gz", &gzip(&line), "text").unwrap_err();
        assert!(fault.what.contains("more than 64 MiB"), "{fault}");
    }
}
