//! The folder of a trained model.

use super::folder::{self, Manifest, Member};
use burn::tensor::Device;
use cloze_backbone::{Parameters, tensors};
use cloze_foundation::{Fault, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of a model's parameters.
pub const TENSORS: &str = folder::TENSORS;
/// The file of the tokenizer that they read text with.
pub const TOKENIZER: &str = "tokenizer.json";

/// Saves a trained model as a folder that appears whole, in place of what was there, with what is to lie `beside` the tensors.
/// Returns the hash of the tensors. What is there already with the same tensors is left as it is; otherwise `ready` is asked
/// before anything is touched.
///
/// # Errors
/// What `ready` or the system says; nothing half-written is left behind then.
pub fn save(
    folder: &Path,
    model: &dyn Parameters,
    beside: &[(&str, &[u8])],
    run: &str,
    step: u64,
    ready: impl FnOnce() -> Result<()>,
) -> Result<String> {
    let tensors = tensors::to_bytes(model)?;
    let hash = Member::of(&tensors).hash;
    let is_there = |contents: &BTreeMap<String, Vec<u8>>| contents.get(TENSORS) == Some(&tensors);
    if !folder::read(folder).is_ok_and(|(manifest, contents)| manifest.run == run && is_there(&contents)) {
        let tensors = (TENSORS, tensors.as_slice());
        let files: Vec<(&str, &[u8])> = std::iter::once(tensors).chain(beside.iter().copied()).collect();
        folder::replace(folder, run, step, &files, ready)?;
    }
    Ok(hash)
}

/// Puts saved weights into a model of the same shape.
///
/// # Errors
/// A folder that is missing, incomplete, damaged, of a later format, or of another model.
pub fn load(folder: &Path, model: &mut dyn Parameters, device: &Device) -> Result<Manifest> {
    let (manifest, files) = folder::read(folder)?;
    let tensors = files
        .get(TENSORS)
        .ok_or_else(|| Fault::usage(format!("`{}` has no {TENSORS}", folder.display())))?;
    tensors::from_bytes(tensors, model, device).map_err(|fault| Fault {
        what: format!("the weights in `{}` cannot be used: {}", folder.display(), fault.what),
        ..fault
    })?;
    Ok(manifest)
}
