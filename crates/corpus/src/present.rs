//! Whether a data set that has a name is there, and not only its folder.

use crate::registry::{KnownSource, Use};
use crate::{pairs, source};
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, Result};
use std::path::Path;

/// Looks whether a data set that lies under a root has files that can be read.
///
/// # Errors
/// Why not.
pub fn has_files(known: &KnownSource, root: &Path) -> Result<()> {
    match (known.used_as, known.path) {
        (_, None) => Ok(()),
        (Use::Corpus, Some(_)) => source::files(known.name, Some(root)).map(drop),
        (Use::MinimalPairs, Some(path)) => pairs::blimp_files(&root.join(path)).map(drop),
        (Use::Labelled, Some(path)) => labelled(known, &root.join(path)),
    }
}

/// Whether each file is there as it is downloaded, or gzipped.
fn labelled(known: &KnownSource, folder: &Path) -> Result<()> {
    for name in known.home.iter().flat_map(|home| home.places()) {
        if !is_there(&folder.join(name))? && !is_there(&folder.join(format!("{name}.gz")))? {
            return Err(Fault::usage(format!("`{name}` is missing")));
        }
    }
    Ok(())
}
