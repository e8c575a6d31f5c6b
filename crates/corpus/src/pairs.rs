//! Minimal pairs: two sentences that differ in one respect, one acceptable and one not.

use cloze_foundation::Result;
use std::path::Path;

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinimalPair {
    /// The linguistic phenomenon (BLiMP's `linguistics_term`), the unit of the charts.
    pub phenomenon: String,
    /// The paradigm within it (BLiMP's `UID`), the unit of the macro average.
    pub paradigm: String,
    /// The acceptable sentence.
    pub good: String,
    /// The unacceptable one.
    pub bad: String,
}

/// Reads BLiMP's JSONL files (`.jsonl` or `.jsonl.gz`) from a folder, at most `limit` pairs of each paradigm (the
/// first ones), paradigms in alphabetical order.
///
/// # Errors
/// A missing folder, a folder without such files, a line that is not such an object: a usage fault with file and line.
pub fn read_blimp(folder: &Path, limit: usize) -> Result<Vec<MinimalPair>> {
    let _ = (folder, limit);
    todo!("helper A")
}
