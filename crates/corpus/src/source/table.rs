//! Parquet, the format of the Hugging Face hub: a column of text.

use crate::reader::{changed, open};
use cloze_foundation::{Fault, Result};
use memmap2::Mmap;
use std::path::Path;

/// Gives `visit` the texts of a column, row by row; a row without one gives an empty text.
///
/// # Errors
/// A file that cannot be read or changed since it was hashed, a column that is not there, and what `visit` returns.
pub fn each_text(
    path: &Path,
    expected: Option<&str>,
    column: &str,
    visit: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    let failed = |error| Fault::file("read", path, &error);
    // SAFETY: a file that is cut short while it is mapped ends the process, one that is replaced does not matter. Tables
    // are written whole and read often; a reader of their parts would have to hold them in memory.
    let bytes = unsafe { Mmap::map(&open(path)?) }.map_err(failed)?;
    if expected.is_some_and(|hash| blake3::hash(&bytes).to_hex().as_str() != hash) {
        return Err(changed(path));
    }
    let place = || path.display().to_string();
    let mut row = 0u64;
    cloze_schema::texts::each(&bytes, column, &mut |text| {
        row += 1;
        visit(text.unwrap_or_default()).map_err(|fault| fault.at(format!("{}, row {row}", place())))
    })
    .map_err(|fault| match fault.places.is_empty() {
        true => fault.at(place()),
        false => fault,
    })
}
