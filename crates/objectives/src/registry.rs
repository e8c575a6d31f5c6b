//! The one list of objectives.

use crate::{Entry, Objective};
use cloze_foundation::{Fault, Result};
use cloze_options::Written;

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

/// An objective from its name and its options as they were written.
///
/// # Errors
/// An unknown objective or key, or a value outside its range, with its place.
pub fn read(name: &str, options: &Written<'_>) -> Result<Box<dyn Objective>> {
    (find(name)?.configure)(options)
        .map_err(|fault| fault.remedy(format!("`cloze explain {name}` describes its options")))
}

/// An objective from its name and a frozen option table.
///
/// # Errors
/// As [`read`]; places are keys alone.
pub fn configure(name: &str, options: &toml::Table) -> Result<Box<dyn Objective>> {
    read(name, &Written::new(&options.into(), ""))
}
