//! What the header of a file of tensors says: their names, kinds and shapes, held against those of a network before a number is read.

use super::rows::Pairing;
use super::{Architecture, Network};
use cloze_foundation::files::head;
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

/// Bytes that the header of a file of tensors may have: the names of any model that is read take less.
const MOST_HEADER: u64 = 1 << 24;
/// Bytes that say how long the header is.
const LENGTH: u64 = 8;

/// Names that are listed of those that are missing, or have no place.
const MOST_NAMED: usize = 5;
/// What BERT's first files call a norm's weight and bias.
pub(super) const OLD_NAMES: [[&str; 2]; 2] = [
    ["LayerNorm.gamma", "LayerNorm.weight"],
    ["LayerNorm.beta", "LayerNorm.bias"],
];

/// Whether a file of tensors is as long as its header says; false where there is none. No number is read.
///
/// # Errors
/// One that is not, or is none of safetensors.
pub fn is_whole(path: &Path) -> Result<bool> {
    Ok(listing(path)?.is_some())
}

/// What the header of a file of tensors says of one.
pub(super) struct Listed {
    pub(super) kind: Dtype,
    pub(super) shape: Vec<usize>,
    /// Its bytes in the file; none where the numbers are in memory already.
    pub(super) bytes: Range<u64>,
}

/// What a file's header says of its tensors, by their names today.
pub(super) type Listing = BTreeMap<String, Listed>;

/// Reads the header of a file, which has to be as long as that says; `None` where there is no such file.
pub(super) fn listing(path: &Path) -> Result<Option<Listing>> {
    let refused = |fault: Fault| fault.at(path.display().to_string());
    let Some((begins, length)) = head(path, LENGTH)? else {
        return Ok(None);
    };
    let size = header_size(&begins, length).map_err(refused)?;
    let Some((bytes, _)) = head(path, LENGTH + size)? else {
        return Ok(None);
    };
    let inner = bytes.get(LENGTH as usize..).unwrap_or_default();
    let metadata = caught(|| serde_json::from_slice::<Metadata>(inner))
        .ok_or_else(|| refused(broken("its header claims what cannot be")))?
        .map_err(|error| refused(broken(&error.to_string())))?;
    let wanted = (metadata.data_len() as u64).saturating_add(LENGTH + size);
    if wanted != length {
        let why = format!("its header says that it has {wanted} bytes, and it has {length}");
        return Err(refused(broken(&why)));
    }
    let listed = metadata.tensors().into_iter().map(|(name, info)| {
        let at = |offset: usize| LENGTH + size + offset as u64;
        let listed = Listed {
            kind: info.dtype,
            shape: info.shape.clone(),
            bytes: at(info.data_offsets.0)..at(info.data_offsets.1),
        };
        (known_name(&name), listed)
    });
    Ok(Some(listed.collect()))
}

/// How long the header of a file of `length` bytes is, by its first bytes.
pub(super) fn header_size(begins: &[u8], length: u64) -> Result<u64> {
    let first = begins.get(..LENGTH as usize).and_then(|first| first.try_into().ok());
    match first.map(u64::from_le_bytes) {
        Some(size) if size > MOST_HEADER => Err(broken(&format!("its header claims {size} bytes"))),
        Some(size) if size <= length.saturating_sub(LENGTH) => Ok(size),
        _ => Err(broken("it ends within its header")),
    }
}

pub(super) fn broken(why: &str) -> Fault {
    Fault::usage(format!("it is no safetensors file: {why}"))
}

impl Network {
    /// Holds the tensors of a file against what the network is made of; gives those that have no place in an encoder.
    pub(super) fn check(&self, pairings: &[Pairing], listing: &Listing) -> Result<Vec<String>> {
        let names = pairings.iter().flat_map(|one| &one.theirs);
        let wanted: BTreeSet<&str> = names.map(String::as_str).collect();
        let missing = wanted.iter().filter(|name| !listing.contains_key(**name));
        refuse("has no", "which the configuration asks for", missing.copied())?;
        let Architecture { tied, without, .. } = self.architecture;
        let (mut left_out, mut unknown) = (Vec::new(), Vec::new());
        for name in listing.keys().filter(|name| !wanted.contains(name.as_str())) {
            if tied.iter().any(|[tied, _]| tied == name) {
                continue;
            }
            match without.iter().any(|begins| name.starts_with(begins)) {
                true => left_out.push(name.clone()),
                false => unknown.push(name.as_str()),
            }
        }
        refuse("has", "for which the architecture has no place", unknown.into_iter())?;
        for pairing in pairings {
            let each = pairing.each();
            for name in &pairing.theirs {
                let Listed { kind, shape, .. } = &listing[name];
                if *shape != each && !pairing.is_one_kind(shape) {
                    let what = format!("`{name}` has the shape {shape:?}, and the configuration says {each:?}");
                    return Err(Fault::usage(what));
                }
                if *kind != Dtype::F32 {
                    let what = format!("`{name}` holds {kind:?}, and cloze reads 32-bit floats");
                    return Err(Fault::usage(what).remedy("save it again with `model.float().save_pretrained(..)`"));
                }
            }
        }
        Ok(left_out)
    }
}

pub(super) fn known_name(name: &str) -> String {
    let old = OLD_NAMES
        .iter()
        .find_map(|[old, new]| Some((name.strip_suffix(old)?, new)));
    old.map_or_else(|| name.to_owned(), |(before, new)| format!("{before}{new}"))
}

/// A fault that names some tensors, if there are any.
fn refuse<'a>(has: &str, which: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return Ok(());
    }
    let shown = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| name.chars().take(100).collect::<String>());
    let mut list = shown.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMED {
        list = format!("{list} and {} more", names.len() - MOST_NAMED);
    }
    Err(Fault::usage(format!("it {has} {list}, {which}")))
}
