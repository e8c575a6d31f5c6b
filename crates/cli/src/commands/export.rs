//! `cloze export`: a trained run for Hugging Face.

use super::results::folder_of;
use crate::arguments::{ExportArguments, ExportForm};
use cloze_foundation::Result;
use cloze_foundation::files::read_text;
use cloze_runner::export::{self, Form};
use std::fmt::Write as _;

/// What was written, in words.
///
/// # Errors
/// No such run, or one that cannot be exported.
pub fn export(arguments: &ExportArguments) -> Result<String> {
    let ExportArguments {
        run,
        into,
        to,
        arm,
        seed,
        results,
        check,
    } = arguments;
    let place = if run.is_file() {
        folder_of(run, results)?
    } else {
        run.clone()
    };
    let words: Vec<String> = arm
        .iter()
        .cloned()
        .chain(seed.map(|seed| format!("seed={seed}")))
        .collect();
    let found = export::find(&place, &words, results)?;
    let form = match to {
        ExportForm::Hf => Form::Model,
        ExportForm::HfEncoder => Form::Encoder,
        ExportForm::SentenceTransformers => Form::Sentences,
    };
    let lines = check.as_deref().map(read_text).transpose()?;
    let lines: Option<Vec<String>> = lines.map(|text| text.lines().map(str::to_owned).collect());
    let exported = export::export(&found, form, into, lines.as_deref())?;
    let mut text = String::new();
    for part in &exported.parts {
        let folder = part.folder.map_or_else(|| into.clone(), |folder| into.join(folder));
        let _ = writeln!(text, "{}: {}, {}", folder.display(), part.class.class, part.class.what);
    }
    for (part, why) in &exported.left_out {
        let _ = writeln!(text, "left out: `{part}`, {why}");
    }
    Ok(text)
}
