//! The lines of a text that a model is asked about.

use super::results::folder_of;
use crate::arguments::AskedArguments;
use crate::terminal::say;
use cloze_corpus::{each_line, with_bytes};
use cloze_foundation::{Fault, Result};
use cloze_runner::foreign::told;
use cloze_runner::loaded::Loaded;
use cloze_trainer::device;
use std::path::Path;

/// Lines, and bytes of lines, that are read at a time.
const LINES: usize = 512;
const BYTES: usize = 1 << 20;

/// The model that is meant, and what is to be said of it.
///
/// # Errors
/// No such model; one that cannot be read.
pub fn load(asked: &AskedArguments) -> Result<Loaded> {
    let place = match asked.model.is_file() {
        true => folder_of(&asked.model, &asked.results)?,
        false => asked.model.clone(),
    };
    let seed = asked.seed.map(|seed| format!("seed={seed}"));
    let words: Vec<String> = asked.arm.iter().cloned().chain(seed).collect();
    let device = device::open(&asked.device)?;
    device::join_pool()?;
    let loaded = Loaded::of(&place, &words, &asked.results, &device)?;
    told(&loaded).iter().for_each(|line| say(line));
    Ok(loaded)
}

/// Gives `take` the lines of a text, some at a time, with their numbers from 1.
///
/// # Errors
/// What reading says, with the line; a text without a line; what `take` returns.
pub fn each_part(text: &Path, take: &mut dyn FnMut(Vec<(u64, String)>) -> Result<()>) -> Result<()> {
    let (mut part, mut bytes, mut count) = (Vec::new(), 0, 0);
    let mut visit = |number: u64, line: &str| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        part.push((number, line.to_owned()));
        (bytes, count) = (bytes + line.len(), number);
        if part.len() < LINES && bytes < BYTES {
            return Ok(());
        }
        bytes = 0;
        take(std::mem::take(&mut part))
    };
    match text == Path::new("-") {
        true => each_line(&mut std::io::stdin().lock(), Path::new("stdin"), &mut visit)?,
        false => with_bytes(text, None, |reader| each_line(reader, text, &mut visit))?,
    }
    if count == 0 {
        return Err(Fault::usage("the text has no line").at(text.display().to_string()));
    }
    match part.is_empty() {
        true => Ok(()),
        false => take(part),
    }
}
