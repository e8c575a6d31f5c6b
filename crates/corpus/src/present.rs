//! Whether a data set that has a name is there, and not only its folder.

use crate::registry::{KnownSource, Use};
use crate::{pairs, source};
use cloze_foundation::Result;
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
    }
}
