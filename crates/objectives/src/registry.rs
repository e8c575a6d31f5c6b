//! The one list of objectives.

use crate::{Entry, Objective};
use cloze_foundation::{Fault, Result};

/// Every objective. A new one is a file and a line here.
pub static OBJECTIVES: &[&Entry] = &[
    &crate::mlm::ENTRY,
    &crate::whole_word::ENTRY,
    &crate::span::ENTRY,
    &crate::electra::ENTRY,
    &crate::autoregressive::ENTRY,
];

/// The entry with this name.
///
/// # Errors
/// An unknown name, with the names that exist and the nearest one.
pub fn find(name: &str) -> Result<&'static Entry> {
    OBJECTIVES
        .iter()
        .copied()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let names = || OBJECTIVES.iter().map(|entry| entry.name);
            Fault::usage(format!("unknown objective `{name}`"))
                .allowed(names())
                .nearest(name, names())
                .remedy("`cloze explain` lists the objectives")
        })
}

/// An objective from its name and option table.
///
/// # Errors
/// An unknown objective or key, or a value outside its range.
pub fn configure(name: &str, options: &toml::Table) -> Result<Box<dyn Objective>> {
    (find(name)?.configure)(options)
        .map_err(|fault| fault.remedy(format!("`cloze explain {name}` describes its options")))
}
