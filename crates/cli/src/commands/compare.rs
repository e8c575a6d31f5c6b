//! `cloze compare`: results folders held against each other.

use super::results::folder_of;
use crate::plain::plain_json;
use cloze_foundation::{Fault, Result};
use cloze_report::Across;
use std::path::{Path, PathBuf};

/// The comparison as Markdown, or as JSON.
///
/// # Errors
/// A path that is neither a results folder nor an experiment file with one, a damaged file, folders of which nothing is
/// comparable.
pub fn compare(of: &[PathBuf], results: &Path, json: bool) -> Result<String> {
    let mut folders = Vec::with_capacity(of.len());
    for path in of {
        let folder = folder_of(path, results)?;
        if !folder.is_dir() {
            return Err(Fault::usage(format!("`{}` holds no results yet", folder.display()))
                .remedy("`cloze run` on the experiment trains its runs"));
        }
        folders.push(folder);
    }
    let across = Across::read(&folders)?;
    Ok(if json { plain_json(&across.json) } else { across.text })
}
