//! A model from the two files that transformers writes. Files are other people's: nothing in them is believed before it is
//! checked, and no more memory is taken than the files are large.

use super::config::FEWEST_SEGMENTS;
use super::header::{Listed, broken, header_size, known_name, listing};
use super::rows::{How, Pairing};
use super::write::transposed;
use super::{CONFIG, HubModel, Network, Numbers, TENSORS, config};
use crate::EncoderConfig;
use cloze_foundation::files::{is_there, part, read, read_text};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// Where people have pickled weights, or weights in several files.
const PICKLED: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
const SEVERAL: &str = "model.safetensors.index.json";
/// Weights of other libraries, and how transformers is told to read them. Its version 5 reads neither.
const OTHERS: [(&str, &str, &str); 2] = [
    ("tf_model.h5", "TensorFlow's", "from_tf"),
    ("flax_model.msgpack", "Flax's", "from_flax"),
];

/// Whether a folder is one of Hugging Face's: its configuration says of which class the model is.
///
/// # Errors
/// A configuration that cannot be read, or is not JSON.
pub fn is_hub(folder: &Path) -> Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let path = folder.join(CONFIG);
    let Some(bytes) = read(&path)? else {
        return Ok(false);
    };
    let config: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Fault::usage(format!("it is not JSON: {error}")).at(path.display().to_string()))?;
    Ok(["architectures", "model_type"]
        .iter()
        .any(|key| config.get(key).is_some()))
}

/// What the encoder of a folder is made of, if it holds a model that is read: by its configuration and the names, kinds and shapes of
/// its tensors. No numbers are read but those of a table of two segments, which is none where all are zero.
///
/// # Errors
/// A folder without the two files, with pickled weights, or with weights in several files, and what to do; a configuration of
/// another network than our encoder is; tensors that are missing, have no place, are of another shape or are no 32-bit floats, by
/// name; a file that ends before its tensors do.
pub fn check(folder: &Path) -> Result<EncoderConfig> {
    let [config, tensors] = [CONFIG, TENSORS].map(|name| folder.join(name));
    let mut network = config::read(&read_text(&config)?).map_err(|fault| fault.at(config.display().to_string()))?;
    let Some(listing) = listing(&tensors)? else {
        return Err(without_tensors(folder)?);
    };
    let pairings = network.pairings();
    let checked = network.check(&pairings, &listing);
    checked.map_err(|fault| fault.at(tensors.display().to_string()))?;
    let segments = pairings.iter().find(|pairing| pairing.how == How::Segments);
    if let Some(listed) = segments.and_then(|pairing| listing.get(pairing.theirs.first()?)) {
        let Range { start, end } = listed.bytes;
        let says_nothing = part(&tensors, start, end.saturating_sub(start))?
            .is_none_or(|(bytes, _)| bytes.iter().all(|byte| *byte == 0));
        network.keeps_segments(&listed.shape, says_nothing);
    }
    Ok(network.encoder_config())
}

impl Network {
    /// Whether it keeps its table of segments: one of two kinds that are all zero is none, and that of one kind is a part of the positions.
    fn keeps_segments(&mut self, shape: &[usize], says_nothing: bool) -> bool {
        let stays = self.blocks.segments > FEWEST_SEGMENTS || !says_nothing && shape[0] > 1;
        if !stays {
            self.blocks.segments = 1;
        }
        stays
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
        if is_there(&folder.join(TENSORS))? {
            // What the two say of themselves, before the numbers are in memory.
            config::read(&text).map_err(|fault| fault.at(at(CONFIG)))?;
            listing(&folder.join(TENSORS))?;
        }
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
        header_size(bytes, bytes.len() as u64)?;
        let tensors = caught(|| SafeTensors::deserialize(bytes))
            .ok_or_else(|| broken("its header claims what cannot be"))?
            .map_err(|error| broken(&error.to_string()))?;
        let tensors: BTreeMap<String, TensorView<'_>> =
            tensors.iter().map(|(name, view)| (known_name(name), view)).collect();
        let listed = |view: &TensorView<'_>| Listed {
            kind: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: 0..0,
        };
        let listing = tensors.iter().map(|(name, view)| (name.clone(), listed(view)));
        let pairings = self.network.pairings();
        self.left_out = self.network.check(&pairings, &listing.collect())?;
        for [name, to] in self.network.architecture.tied {
            let is_other = |tied: &TensorView<'_>| tensors.get(*to).is_none_or(|own| own.data() != tied.data());
            if tensors.get(*name).is_some_and(is_other) {
                let what = format!("`{name}` is not the same as `{to}`: cloze's heads are tied to the embeddings");
                return Err(Fault::usage(what));
            }
        }
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

    /// Puts a table of segments where [`keeps_segments`](Network::keeps_segments) says.
    fn settle_segments(&mut self) {
        const SEGMENTS: &str = "encoder.segments";
        let Some(segments) = self.numbers.remove(SEGMENTS) else {
            return;
        };
        let says_nothing = segments.values.iter().all(|number| number.to_bits() == 0);
        if self.network.keeps_segments(&segments.shape, says_nothing) {
            self.numbers.insert(SEGMENTS.to_owned(), segments);
            return;
        }
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

/// The parameter of ours that tensors are, whose shapes have been checked.
fn joined(pairing: &Pairing, tensors: &BTreeMap<String, TensorView<'_>>) -> Result<Numbers> {
    let (mut whole, each) = (pairing.whole(), pairing.each());
    let before = pairing.unused() * each.get(1).copied().unwrap_or_default();
    let mut values = Vec::new();
    for name in &pairing.theirs {
        let view = &tensors[name];
        if pairing.is_one_kind(view.shape()) {
            whole[0] = 1;
        }
        let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
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
    for (name, whose, read) in OTHERS {
        if is_there(&folder.join(name))? {
            return Ok(fault(&format!("its weights are {whose} (`{name}`)")).remedy(format!(
                "convert it once, with transformers below version 5 and {} installed: `AutoModel.from_pretrained(folder, {read}=True)\
                 .save_pretrained(folder)`, with the model's own class, writes model.safetensors",
                whose.trim_end_matches("'s")
            )));
        }
    }
    if is_there(&folder.join(SEVERAL))? {
        return Ok(fault("its weights are in several files")
            .remedy("save it as one: `model.save_pretrained(folder, max_shard_size=\"100GB\")`"));
    }
    Ok(fault(&format!("it has no {TENSORS}")))
}
