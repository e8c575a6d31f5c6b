//! A model from the two files that transformers writes. Files are other people's: nothing in them is believed before it is
//! checked, and no more memory is taken than the files are large.

use super::rows::{How, Pairing};
use super::write::transposed;
use super::{CONFIG, HubModel, Numbers, TENSORS, config};
use cloze_foundation::files::{is_there, read, read_text};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where people have pickled weights, or weights in several files.
const PICKLED: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
const SEVERAL: &str = "model.safetensors.index.json";
/// Names that are listed of those that are missing, or have no place.
const MOST_NAMED: usize = 5;
/// What BERT's first files call a norm's weight and bias.
pub(super) const OLD_NAMES: [[&str; 2]; 2] = [
    ["LayerNorm.gamma", "LayerNorm.weight"],
    ["LayerNorm.beta", "LayerNorm.bias"],
];

/// Whether a folder has weights that are read, by the names of its files.
///
/// # Errors
/// One without, with pickled weights, or with weights in several files, and what to do.
pub fn check(folder: &Path) -> Result<()> {
    match is_there(&folder.join(TENSORS))? {
        true => Ok(()),
        false => Err(without_tensors(folder)?),
    }
}

impl HubModel {
    /// Reads a folder.
    ///
    /// # Errors
    /// A folder without the two files, with pickled weights, or with weights in several files; and as [`HubModel::parse`].
    pub fn read(folder: &Path) -> Result<Self> {
        let at = |name: &str| folder.join(name).display().to_string();
        let text = read_text(&folder.join(CONFIG))?;
        let Some(tensors) = read(&folder.join(TENSORS))? else {
            return Err(without_tensors(folder)?);
        };
        Self::parse(&text, &tensors).map_err(|(file, fault)| fault.at(at(file)))
    }

    /// Reads the contents of the two files. A fault comes with the name of its file.
    ///
    /// # Errors
    /// A configuration of another network than our encoder is; tensors that are missing, have no place, are of another shape or
    /// are no 32-bit floats, by name.
    pub fn parse(config: &str, tensors: &[u8]) -> std::result::Result<Self, (&'static str, Fault)> {
        let network = config::read(config).map_err(|fault| (CONFIG, fault))?;
        let mut model = Self {
            network,
            numbers: BTreeMap::new(),
            left_out: Vec::new(),
        };
        model.take(tensors).map_err(|fault| (TENSORS, fault))?;
        Ok(model)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let broken = |why: String| Fault::usage(format!("it is no safetensors file: {why}"));
        let tensors = caught(|| SafeTensors::deserialize(bytes))
            .ok_or_else(|| broken("its header claims what cannot be".to_owned()))?
            .map_err(|error| broken(error.to_string()))?;
        let tensors: BTreeMap<String, TensorView<'_>> =
            tensors.iter().map(|(name, view)| (known_name(name), view)).collect();
        let pairings = self.network.pairings();
        let wanted: BTreeSet<&str> = pairings
            .iter()
            .flat_map(|one| &one.theirs)
            .map(String::as_str)
            .collect();
        let missing = wanted.iter().filter(|name| !tensors.contains_key(**name));
        refuse("has no", "which the configuration asks for", missing.copied())?;
        let mut unknown = Vec::new();
        for name in tensors.keys().filter(|name| !wanted.contains(name.as_str())) {
            match self.network.architecture.tied.iter().find(|[tied, _]| tied == name) {
                Some([_, to]) if tensors[name].data() == tensors[*to].data() => {}
                Some([_, to]) => {
                    let what = format!("`{name}` is not the same as `{to}`: cloze's heads are tied to the embeddings");
                    return Err(Fault::usage(what));
                }
                None if self
                    .network
                    .architecture
                    .without
                    .iter()
                    .any(|begins| name.starts_with(begins)) =>
                {
                    self.left_out.push(name.clone());
                }
                None => unknown.push(name.as_str()),
            }
        }
        refuse("has", "for which the architecture has no place", unknown.into_iter())?;
        for pairing in &pairings {
            let numbers = joined(pairing, &tensors)?;
            self.numbers.insert(pairing.ours.clone(), numbers);
        }
        self.settle_segments();
        self.settle_projection(&pairings)
    }

    /// A projection between equal widths is none here, and has to be one that does nothing there.
    fn settle_projection(&mut self, pairings: &[Pairing]) -> Result<()> {
        for pairing in pairings
            .iter()
            .filter(|pairing| matches!(pairing.how, How::Identity | How::Zeros))
        {
            let found = self.numbers.remove(&pairing.ours);
            if found.is_some_and(|found| found != pairing.how.nothing(&pairing.shape)) {
                let what = format!(
                    "`{}` projects between equal widths, which cloze's encoder does not",
                    pairing.theirs.join("`, `")
                );
                return Err(Fault::usage(what));
            }
        }
        Ok(())
    }

    /// A table of segments that says nothing is none; that of one kind is a part of the positions.
    fn settle_segments(&mut self) {
        const SEGMENTS: &str = "encoder.segments";
        let Some(segments) = self.numbers.remove(SEGMENTS) else {
            return;
        };
        let says_nothing = segments.values.iter().all(|number| number.to_bits() == 0);
        if self.network.blocks.segments > super::config::FEWEST_SEGMENTS || !says_nothing && segments.shape[0] > 1 {
            self.numbers.insert(SEGMENTS.to_owned(), segments);
            return;
        }
        self.network.blocks.segments = 1;
        if let Some(positions) = self.numbers.get_mut("encoder.positions").filter(|_| !says_nothing) {
            let rows = positions.values.chunks_mut(segments.values.len().max(1));
            rows.for_each(|row| {
                row.iter_mut()
                    .zip(&segments.values)
                    .for_each(|(number, add)| *number += add)
            });
        }
    }
}

fn known_name(name: &str) -> String {
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

/// The parameter of ours that tensors are. Their shapes are checked before a number is copied.
fn joined(pairing: &Pairing, tensors: &BTreeMap<String, TensorView<'_>>) -> Result<Numbers> {
    let mut whole = pairing.shape.clone();
    if pairing.how == How::Transposed {
        whole.reverse();
    }
    let unused = match pairing.how {
        How::Behind(rows) => rows,
        _ => 0,
    };
    let mut each = whole.clone();
    each[0] = each[0] / pairing.theirs.len() + unused;
    let mut values = Vec::new();
    for name in &pairing.theirs {
        let view = &tensors[name];
        // Our encoders have no table for one kind of segments; a file has one row.
        let is_one = pairing.how == How::Segments && whole[0] == 0 && view.shape() == [1, whole[1]];
        if view.shape() != each && !is_one {
            let what = format!(
                "`{name}` has the shape {:?}, and the configuration says {each:?}",
                view.shape()
            );
            return Err(Fault::usage(what));
        }
        if is_one {
            whole[0] = 1;
        }
        if view.dtype() != Dtype::F32 {
            let what = format!("`{name}` holds {:?}, and cloze reads 32-bit floats", view.dtype());
            return Err(Fault::usage(what).remedy("save it again with `model.float().save_pretrained(..)`"));
        }
        let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let before = unused * each.get(1).copied().unwrap_or_default();
        values.extend(view.data().chunks_exact(4).skip(before).map(number));
    }
    if let Some(place) = values.iter().position(|number| !number.is_finite()) {
        let what = format!(
            "`{}` holds {}, which is no number",
            pairing.theirs.join("`, `"),
            values[place]
        );
        return Err(Fault::usage(what));
    }
    let numbers = Numbers { shape: whole, values };
    Ok(match pairing.how {
        How::Transposed => transposed(&numbers),
        How::AsItIs | How::Behind(_) | How::Segments | How::Identity | How::Zeros => numbers,
    })
}

/// What to say of a folder that has no weights that are read.
fn without_tensors(folder: &Path) -> Result<Fault> {
    let fault = |what: &str| Fault::usage(what.to_owned()).at(folder.display().to_string());
    for name in PICKLED {
        if is_there(&folder.join(name))? {
            let what =
                format!("its weights are pickled (`{name}`), and reading a pickle runs whatever code stands in it");
            return Ok(fault(&what).remedy(
                "if you trust the file, convert it once: `AutoModel.from_pretrained(folder).save_pretrained(folder)`, with the \
                 model's own class, writes model.safetensors",
            ));
        }
    }
    if is_there(&folder.join(SEVERAL))? {
        return Ok(fault("its weights are in several files")
            .remedy("save it as one: `model.save_pretrained(folder, max_shard_size=\"100GB\")`"));
    }
    Ok(fault(&format!("it has no {TENSORS}")))
}
