//! Where documents come from: the built-in language; text, JSONL, gzip; a file, a folder, a glob.

use crate::clean;
use crate::reader::{each_line, each_object, is_gzip};
use crate::split::{Part, choose, choose_numbered};
use crate::{fragment, registry};
use cloze_foundation::{Fault, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The seed of the built-in language's text: the same for every run, because the text is the corpus.
const FRAGMENT_SEED: u64 = 1;
/// Endings of the files that can be read.
const ENDINGS: [&str; 4] = [".txt", ".jsonl", ".txt.gz", ".jsonl.gz"];

/// A source whose files are known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in language.
    Fragment {
        /// Words to generate.
        words: u64,
    },
    /// Files, sorted by path.
    Files(Vec<PathBuf>),
}

/// How the files of a source divide into documents, and which are held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    unit: Unit,
    /// Places of the held-out files or documents.
    held_out: HashSet<u64>,
    /// Words of the built-in language before the held-out ones begin.
    train_words: u64,
    /// The split in words.
    described: String,
}

/// What one document of a text file is. A line of JSONL is always one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// The whole file (a novel).
    File,
    /// Lines up to a blank one, in a text file that is alone.
    Block,
    /// A line, in a text file that is alone and has no blank lines.
    Line,
}

impl Source {
    /// Finds the files of `source`: `"fragment"`, a registered name, a path or a glob.
    ///
    /// # Errors
    /// Nothing there, or nothing that can be read.
    pub fn resolve(source: &str, words: u64, data_root: Option<&Path>) -> Result<Self> {
        if source == fragment::NAME {
            return Ok(Self::Fragment { words });
        }
        if registry::find(source).is_some_and(|known| known.used_as != registry::Use::Corpus) {
            return Err(Fault::usage(format!("`{source}` is not a corpus to train on")).allowed(registry::corpora()));
        }
        let is_pattern = source.contains(['*', '?', '[']);
        let files = if is_pattern {
            matches(source, data_root)?
        } else {
            found(&registry::locate(source, data_root)?)?
        };
        Ok(Self::Files(files))
    }

    /// Decides what a document is and holds out the share of them; for the built-in language the last words.
    ///
    /// # Errors
    /// Fewer than two documents; whatever reading them gives.
    pub fn split(&self, share: f64) -> Result<Division> {
        let files = match self {
            Self::Fragment { words } => {
                let train_words = (*words as f64 * (1.0 - share)).round() as u64;
                let described = format!("the documents after the first {train_words} words are held out");
                return Ok(Division {
                    unit: Unit::Line,
                    held_out: HashSet::new(),
                    train_words,
                    described,
                });
            }
            Self::Files(files) => files,
        };
        let split = |unit, held_out: HashSet<u64>, of: u64, what: &str| {
            let described = format!("{} of {of} {what} are held out", held_out.len());
            Division {
                unit,
                held_out,
                train_words: 0,
                described,
            }
        };
        if files.len() > 1 && !files.iter().any(|path| is_jsonl(path)) {
            let held_out = choose(files.iter().map(|path| name(path)), share, "files")?;
            return Ok(split(Unit::File, held_out, files.len() as u64, "files"));
        }
        // Nobody wants a document, so none is held in memory: a file of lines may be one long block.
        let count = |unit| each_document(files, unit, &HashSet::new(), |_| false, &mut |_, _| Ok(()));
        let mut unit = if files.len() == 1 { Unit::Block } else { Unit::File };
        let mut documents = count(unit)?;
        if documents == 1 && unit == Unit::Block {
            unit = Unit::Line;
            documents = count(unit)?;
        }
        if documents == 0 {
            return Err(empty(files));
        }
        Ok(split(
            unit,
            choose_numbered(documents, share, "documents")?,
            documents,
            "documents",
        ))
    }

    /// Gives `visit` every cleaned, non-empty document of `part` (of both without one), in order.
    ///
    /// # Errors
    /// Damaged files, and what `visit` returns.
    pub fn documents(
        &self,
        split: &Division,
        part: Option<Part>,
        visit: &mut dyn FnMut(Part, &str) -> Result<()>,
    ) -> Result<()> {
        let wanted = |candidate: Part| part.is_none_or(|part| part == candidate);
        match self {
            Self::Files(files) => each_document(files, split.unit, &split.held_out, wanted, visit).map(|_| ()),
            Self::Fragment { words } => {
                let mut so_far = 0;
                for index in 0.. {
                    if so_far >= *words {
                        break;
                    }
                    let part = if so_far < split.train_words {
                        Part::Train
                    } else {
                        Part::HeldOut
                    };
                    let text = clean::clean(&fragment::document(FRAGMENT_SEED, index));
                    // An empty document counts as one word, so that the loop ends whatever the grammar does.
                    so_far += (text.split_ascii_whitespace().count() as u64).max(1);
                    if wanted(part) && !text.is_empty() {
                        visit(part, &text)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Division {
    /// The split in words: `"5 of 99 files are held out"`.
    pub fn describe(&self) -> &str {
        &self.described
    }
}

/// Gives `visit` every document that is `wanted`; returns how many there are, files passed over unread left out.
fn each_document(
    files: &[PathBuf],
    unit: Unit,
    held_out: &HashSet<u64>,
    wanted: impl Fn(Part) -> bool,
    visit: &mut dyn FnMut(Part, &str) -> Result<()>,
) -> Result<u64> {
    // A number is a place among all non-empty documents; where files are the unit, it is the file's place, so that a
    // whole file can be passed over unread.
    let by_file = unit == Unit::File && !files.iter().any(|path| is_jsonl(path));
    let mut number = 0;
    let side = |number: u64| {
        if held_out.contains(&number) {
            Part::HeldOut
        } else {
            Part::Train
        }
    };
    let mut finish = |number: &mut u64, text: &mut String| -> Result<()> {
        if !text.is_empty() {
            if wanted(side(*number)) {
                visit(side(*number), text)?;
            }
            *number += 1;
            text.clear();
        }
        Ok(())
    };
    for (place, path) in files.iter().enumerate() {
        if by_file {
            number = place as u64;
            if !wanted(side(number)) {
                continue;
            }
        }
        let mut text = String::new();
        if is_jsonl(path) {
            each_object(path, |object| {
                text.push_str(&clean::clean(object.text("text")?));
                finish(&mut number, &mut text)
            })?;
            continue;
        }
        each_line(path, |_, line| {
            clean::push_line(line, &mut text);
            if !wanted(side(number)) {
                // All that matters is that there is something.
                text.truncate(text.chars().next().map_or(0, char::len_utf8));
            }
            let ends = match unit {
                Unit::File => false,
                Unit::Block => line.trim().is_empty(),
                Unit::Line => true,
            };
            if ends { finish(&mut number, &mut text) } else { Ok(()) }
        })?;
        finish(&mut number, &mut text)?;
    }
    Ok(number)
}

/// The fault for a source without a word in it.
pub(crate) fn empty(files: &[PathBuf]) -> Fault {
    let first = files
        .first()
        .map_or_else(String::new, |path| format!(" (`{}` is the first)", path.display()));
    Fault::usage(format!(
        "the corpus is empty: not a word in {} file(s){first}",
        files.len()
    ))
    .at("corpus.source")
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_jsonl(path: &Path) -> bool {
    let plain = if is_gzip(path) {
        path.with_extension("")
    } else {
        path.to_owned()
    };
    plain
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"))
}

fn is_readable(path: &Path) -> bool {
    let name = name(path).to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.starts_with("readme") && !name.starts_with('.')
}

fn unreadable(what: String) -> Fault {
    Fault::usage(what).allowed(ENDINGS)
}

/// The file itself, or every readable file below the folder.
fn found(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return match is_readable(path) {
            true => Ok(vec![path.to_owned()]),
            false => Err(unreadable(format!(
                "`{}` is not a kind of file that holds a corpus",
                path.display()
            ))),
        };
    }
    let mut files = Vec::new();
    walk(path, &mut files)?;
    files.sort();
    match files.is_empty() {
        true => Err(unreadable(format!("the folder `{}` holds no text", path.display()))),
        false => Ok(files),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error| Fault::file("read", folder, &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // The entry's own type, so that a link to a parent folder is not followed in circles.
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry.path().is_file() && is_readable(&entry.path()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The readable files of a glob, under the data root or else from the working directory.
fn matches(pattern: &str, data_root: Option<&Path>) -> Result<Vec<PathBuf>> {
    let under_root = data_root.map(|root| PathBuf::from(glob::Pattern::escape(&root.to_string_lossy())).join(pattern));
    let tried: Vec<PathBuf> = under_root.into_iter().chain([PathBuf::from(pattern)]).collect();
    for candidate in &tried {
        let paths = glob::glob(&candidate.to_string_lossy())
            .map_err(|error| Fault::usage(format!("`{pattern}` is not a glob: {}", error.msg)).at("corpus.source"))?;
        let mut files: Vec<PathBuf> = paths
            .filter_map(|path| path.ok())
            .filter(|path| path.is_file() && is_readable(path))
            .collect();
        files.sort();
        if !files.is_empty() {
            return Ok(files);
        }
    }
    Err(registry::missing(pattern, &tried))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::gzip;

    fn read(source: &Source, share: f64) -> Vec<(Part, String)> {
        let split = source.split(share).unwrap();
        let mut documents = Vec::new();
        let mut collect = |part: Part, text: &str| {
            documents.push((part, text.to_owned()));
            Ok(())
        };
        source.documents(&split, None, &mut collect).unwrap();
        for part in [Part::Train, Part::HeldOut] {
            let mut side = Vec::new();
            source
                .documents(&split, Some(part), &mut |part, text| {
                    side.push((part, text.to_owned()));
                    Ok(())
                })
                .unwrap();
            let expected: Vec<_> = documents.iter().filter(|(found, _)| *found == part).cloned().collect();
            assert_eq!(side, expected);
            assert!(!side.is_empty());
        }
        documents
    }

    fn texts(documents: &[(Part, String)]) -> Vec<&str> {
        documents.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn a_document_is_a_file_a_block_a_line_or_an_object() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("deep")).unwrap();
        std::fs::write(root.join("b.txt"), "b one\n\nb two\n").unwrap();
        std::fs::write(root.join("deep/a.txt.gz"), gzip("a  one\r\n")).unwrap();
        std::fs::write(root.join("empty.txt"), "\n").unwrap();
        std::fs::write(root.join("lines.txt"), "x\ny\nz\n").unwrap();
        let resolve = |source: &str| Source::resolve(source, 0, Some(root)).unwrap();
        let whole = read(
            &Source::Files(vec![root.join("b.txt"), root.join("deep/a.txt.gz")]),
            0.5,
        );
        assert_eq!(texts(&whole), ["b one\nb two", "a one"]);
        assert_eq!(texts(&read(&resolve("b.txt"), 0.5)), ["b one", "b two"]);
        assert_eq!(texts(&read(&resolve("lines.txt"), 0.4)), ["x", "y", "z"]);
        let lines = "{\"text\": \"p\\nq\\u2028r\"}\n{\"text\": \" \"}\n{\"text\": \"s\"}\n";
        std::fs::write(root.join("deep/c.jsonl"), lines).unwrap();
        assert_eq!(texts(&read(&resolve("deep/c.jsonl"), 0.5)), ["p\nq r", "s"]);
        assert_eq!(texts(&read(&resolve("deep"), 0.4)), ["a one", "p\nq r", "s"]);
        let Source::Files(files) = resolve("deep/*") else {
            panic!("files")
        };
        assert_eq!(files, [root.join("deep/a.txt.gz"), root.join("deep/c.jsonl")]);
    }

    #[test]
    fn whole_files_are_held_out_where_there_are_several() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..20 {
            std::fs::write(
                folder.path().join(format!("{number:02}.txt")),
                format!("novel {number}\n\nends"),
            )
            .unwrap();
        }
        let source = Source::resolve(".", 0, Some(folder.path())).unwrap();
        let documents = read(&source, 0.1);
        assert_eq!(documents.len(), 20);
        assert_eq!(documents.iter().filter(|(part, _)| *part == Part::HeldOut).count(), 2);
    }

    #[test]
    #[ignore = "reads the data sets: set CLOZE_DATA and run with --include-ignored"]
    fn every_registered_corpus_can_be_read() {
        let root = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA is the folder of the data sets");
        // Documents as the READMEs of the data sets count them.
        let expected = [
            ("fiction", 99),
            ("biomedical", 1000),
            ("legal", 27),
            ("technical", 699),
            ("textbook", 173),
            ("wikipedia", 101),
            ("wikitext2", 2),
            ("child-directed", 888),
        ];
        assert_eq!(
            expected.map(|(name, _)| name).to_vec(),
            registry::corpora().skip(1).collect::<Vec<_>>()
        );
        for (name, documents) in expected.into_iter().skip(1) {
            let source = Source::resolve(name, 0, Some(Path::new(&root))).unwrap();
            assert_eq!(read(&source, 0.1).len(), documents, "{name}");
        }
    }
}
