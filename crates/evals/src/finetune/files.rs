//! The parts of a set: files, hashes of what they hold, and the development part where there is no file of it.

use super::{BUILT_IN, Common, Named};
use cloze_corpus::sets::files;
use cloze_foundation::{Draw, Fault, Place, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The seed by which the development part is chosen: the same one for every run.
const SEED: u64 = 0x6465_7665;

/// Where the parts of a set are, each in one file or several.
pub(crate) struct Files {
    train: Vec<PathBuf>,
    test: Vec<PathBuf>,
    dev: Option<Vec<PathBuf>>,
}

impl Files {
    /// `None` where the built-in language is the set. Files of a folder or a glob are those with one of these endings, or any.
    ///
    /// # Errors
    /// A file that is not there.
    pub(crate) fn of(named: Named, data_root: Option<&Path>, endings: &[&str]) -> Result<Option<Self>> {
        let find = |key: &str, path: &Path| {
            files(&path.to_string_lossy(), data_root, endings).map_err(|fault| fault.at(Place::key(key)))
        };
        let (Some(train), Some(test)) = (named.train, named.test) else {
            return Ok(None);
        };
        Ok(Some(Self {
            train: find("train", train)?,
            test: find("test", test)?,
            dev: named.dev.map(|dev| find("dev", dev)).transpose()?,
        }))
    }

    /// Every part with its key, the training part first.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, &[PathBuf])> {
        let files = [
            ("train", Some(&self.train)),
            ("dev", self.dev.as_ref()),
            ("test", Some(&self.test)),
        ];
        files
            .into_iter()
            .filter_map(|(key, paths)| paths.map(|paths| (key, paths.as_slice())))
    }
}

/// The files of a part that was read, each with what it holds.
pub(crate) type Part<T> = Vec<(PathBuf, Vec<T>)>;

/// Reads every part with what reads a file, at its key: the training part, the development part and the test part.
///
/// # Errors
/// What `read` says.
pub(crate) fn located<T>(files: &Files, read: impl Fn(&Path) -> Result<Vec<T>>) -> Result<[Option<Part<T>>; 3]> {
    let part = |key: &str, paths: Option<&Vec<PathBuf>>| {
        let one = |path: &PathBuf| {
            let read = read(path).map_err(|fault| fault.at(Place::key(key)))?;
            Ok((path.clone(), read))
        };
        paths.map(|paths| paths.iter().map(one).collect()).transpose()
    };
    Ok([
        part("train", Some(&files.train))?,
        part("dev", files.dev.as_ref())?,
        part("test", Some(&files.test))?,
    ])
}

/// What the files of a part hold together.
pub(crate) fn joined<T>(part: Part<T>) -> Vec<T> {
    part.into_iter().flat_map(|(_, held)| held).collect()
}

/// Hashes of the files' bytes; where they are does not matter.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn hashed(named: Named, data_root: Option<&Path>, endings: &[&str]) -> Result<String> {
    let mut read = String::new();
    if let Some(files) = Files::of(named, data_root, endings)? {
        for (key, paths) in files.each() {
            for path in paths {
                read += &format!("{key} {}\n", cloze_corpus::sets::hash(path)?);
            }
        }
    }
    Ok(read)
}

/// The fault for an option of files where there are none.
pub(crate) fn of_files(key: &str) -> Fault {
    Fault::usage(format!("`{key}` is about files, and there are none"))
        .at(Place::key(key))
        .remedy("name `train` and `test`, or leave it out: the set is of the built-in language")
}

/// Refuses options of files where there are none; each comes with whether it is given.
///
/// # Errors
/// The first one that is.
pub(crate) fn no_options_of_files(options: &[(&str, bool)]) -> Result<()> {
    match options.iter().find(|(_, is_given)| *is_given) {
        Some((key, _)) => Err(of_files(key)),
        None => Ok(()),
    }
}

/// The training part without its development part, and that: about a share of the examples, by what they say and not by where
/// they stand, and all of those together that `together` calls by one name.
///
/// # Errors
/// So few different examples that one part would be empty.
pub(crate) fn parted<T>(all: Vec<T>, share: f64, together: impl Fn(&T) -> &str) -> Result<(Vec<T>, Vec<T>)> {
    let draw = Draw::new(SEED, "development part");
    let mut sizes: BTreeMap<(u64, String), usize> = BTreeMap::new();
    let key = |one: &T| {
        let name = together(one);
        (draw.purpose(name).stream().bits(), name.to_owned())
    };
    for one in &all {
        *sizes.entry(key(one)).or_default() += 1;
    }
    if sizes.len() < 2 {
        return Err(Fault::usage("the training part has no two different examples")
            .remedy("one is needed to train on and one to choose by"));
    }
    let wanted = (share * all.len() as f64).max(1.0);
    let (mut taken, mut last) = (0, None);
    for (place, (key, size)) in sizes.iter().enumerate() {
        // One group at least stays to be trained on.
        if taken as f64 >= wanted || place + 1 == sizes.len() {
            break;
        }
        taken += size;
        last = Some(key.clone());
    }
    let held_out = |one: &T| last.as_ref().is_some_and(|last| key(one) <= *last);
    let (dev, train) = all.into_iter().partition(held_out);
    Ok((train, dev))
}

/// At most so many of a part.
pub(crate) fn first<T>(mut part: Vec<T>, most: Option<usize>) -> Vec<T> {
    part.truncate(most.unwrap_or(usize::MAX));
    part
}

/// At most so many of a part that several files hold.
pub(crate) fn first_of<T>(mut part: Part<T>, most: Option<usize>) -> Part<T> {
    let mut left = most.unwrap_or(usize::MAX);
    for (_, held) in &mut part {
        held.truncate(left);
        left -= held.len();
    }
    part
}

/// How many texts of the built-in language the training part and the test part have.
pub(crate) fn built_in(common: &Common) -> [usize; 2] {
    common.examples.map_or(BUILT_IN, |examples| [examples; 2])
}

/// The options but for where the parts are: what is asked, and not from which folder.
pub(crate) fn without_places(options: &toml::Table) -> toml::Table {
    let mut asked = options.clone();
    for key in ["train", "dev", "test"] {
        asked.remove(key);
    }
    asked
}

/// A label of one part that the training part does not have.
pub(crate) fn unknown_label<'a>(
    part: &str,
    label: &str,
    place: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Fault {
    Fault::usage(format!(
        "the label `{}` is in the {part} part and not in the training part",
        label.escape_debug()
    ))
    .at(place)
    .allowed(known.clone().take(SHOWN))
    .nearest(label, known)
}

/// What to do where the training part has a label only behind what `examples` takes of it.
pub(crate) fn beyond() -> &'static str {
    "the training part has more labels behind its first examples, which `examples` takes: make it larger, or mix the lines of the file"
}

/// Labels that a fault lists.
const SHOWN: usize = 20;

/// What a guesser gets right of a test part who answers with the label that is most frequent in the training part.
pub(crate) fn guess(train: &[String], test: &[String]) -> f64 {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    train.iter().for_each(|label| *counts.entry(label).or_default() += 1);
    // The first of equally frequent ones.
    let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let right = most.map_or(0, |(most, _)| test.iter().filter(|label| label == most).count());
    right as f64 / test.len().max(1) as f64
}

/// What a person should know of a test part that shares examples with its training part.
pub(crate) fn shared<T: Ord>(task: &str, what: &str, [train, dev, test]: [&[T]; 3]) -> Option<String> {
    let known: BTreeSet<&T> = train.iter().chain(dev).collect();
    let again = test.iter().filter(|one| known.contains(one)).count();
    (again > 0).then(|| {
        format!(
            "{task}: {again} of {} {what} of the test part stand in the training or the development part too",
            test.len()
        )
    })
}
