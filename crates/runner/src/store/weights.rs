//! Trained weights: a folder with `model.safetensors` (path -> f32 tensor) and a manifest, complete or absent.

use burn::tensor::{Device, Shape, Tensor, TensorData};
use cloze_backbone::{Parameter, Parameters};
use cloze_foundation::files::{hash, read_text, write_whole};
use cloze_foundation::{Fault, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::Path;

const TENSORS: &str = "model.safetensors";
const MANIFEST: &str = "manifest.json";
/// Version of the folder's format.
const FORMAT: u32 = 1;

/// What a weights folder says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// The run that made them.
    pub run: String,
    /// The optimizer step after which they were taken.
    pub step: u64,
    /// Size of `model.safetensors`.
    pub bytes: u64,
    /// BLAKE3 of `model.safetensors`.
    pub hash: String,
}

/// The parameters of a model as a safetensors file, sorted by path: equal weights give equal bytes.
///
/// # Errors
/// A tensor that cannot be read from its device.
pub fn to_bytes(model: &dyn Parameters) -> Result<Vec<u8>> {
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut unreadable = None;
    model.each_parameter(&mut |path, parameter| {
        let data = match parameter {
            Parameter::Vector(vector) => vector.try_to_data(),
            Parameter::Matrix(matrix) => matrix.try_to_data(),
        };
        let values = data.map(|data| {
            let data = data.convert::<f32>();
            let bytes: Vec<u8> = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
            (data.shape().to_vec(), bytes)
        });
        match values {
            Ok((shape, bytes)) => tensors.push((path.to_owned(), shape, bytes)),
            Err(error) => unreadable = Some(format!("cannot read parameter `{path}`: {error}")),
        }
    });
    if let Some(what) = unreadable {
        return Err(Fault::run(what));
    }
    let failed = |error: safetensors::SafeTensorError| Fault::run(format!("cannot serialise the weights: {error}"));
    let mut views = Vec::new();
    for (path, shape, bytes) in &tensors {
        views.push((
            path.as_str(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(failed)?,
        ));
    }
    safetensors::serialize(views, None).map_err(failed)
}

/// Saves weights as a folder that appears whole: filled beside, synced, renamed. Returns the hash of the tensors.
///
/// # Errors
/// What the system says; nothing is left behind then.
pub fn save(folder: &Path, model: &dyn Parameters, run: &str, step: u64) -> Result<String> {
    let tensors = to_bytes(model)?;
    let manifest = Manifest {
        format: FORMAT,
        run: run.to_owned(),
        step,
        bytes: tensors.len() as u64,
        hash: hash(&tensors),
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Fault::run(error.to_string()))?;
    let failed = |error: std::io::Error| {
        let fault = Fault::file("write", folder, &error);
        Fault {
            kind: cloze_foundation::FaultKind::Run,
            ..fault
        }
    };
    let parent = folder.parent().unwrap_or(Path::new("."));
    let beside = tempfile::Builder::new()
        .prefix(".part-")
        .tempdir_in(parent)
        .map_err(failed)?;
    write_whole(&beside.path().join(TENSORS), &tensors)?;
    write_whole(&beside.path().join(MANIFEST), text.as_bytes())?;
    fs::rename(beside.path(), folder).map_err(failed)?;
    let _gone = beside.keep(); // it has another name now, so there is nothing to clean up
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(failed)?;
    }
    Ok(manifest.hash)
}

/// Puts saved weights into a model of the same shape.
///
/// # Errors
/// A folder that is missing, incomplete, damaged, of a later format, or of another model.
pub fn load(folder: &Path, model: &mut dyn Parameters, device: &Device) -> Result<Manifest> {
    let bad = |why: String| Fault::usage(format!("the weights in `{}` cannot be used: {why}", folder.display()));
    let manifest: Manifest = serde_json::from_str(&read_text(&folder.join(MANIFEST))?)
        .map_err(|error| bad(format!("{MANIFEST}: {error}")))?;
    if manifest.format > FORMAT {
        return Err(bad(format!(
            "format {}, this cloze knows up to {FORMAT}",
            manifest.format
        )));
    }
    let path = folder.join(TENSORS);
    let bytes = fs::read(&path).map_err(|error| Fault::file("read", &path, &error))?;
    if hash(&bytes) != manifest.hash {
        return Err(bad(format!("{TENSORS} is not what the manifest says (damaged?)")));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| bad(error.to_string()))?;
    let mut wrong = None;
    let mut used = 0;
    let mut values = |name: &str, shape: &[usize]| match tensors.tensor(name) {
        Ok(view) if view.dtype() == Dtype::F32 && view.shape() == shape => {
            used += 1;
            let numbers = view
                .data()
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
            Some(TensorData::new(
                numbers.collect::<Vec<f32>>(),
                Shape::from(shape.to_vec()),
            ))
        }
        Ok(view) => {
            wrong = Some(format!(
                "`{name}` is {:?} {:?}, the model has f32 {shape:?}",
                view.dtype(),
                view.shape()
            ));
            None
        }
        Err(_) => {
            wrong = Some(format!("there is no `{name}`"));
            None
        }
    };
    let inner = device.clone().inner();
    model.change_parameters(&mut |name, parameter| match parameter {
        Parameter::Vector(old) => Parameter::Vector(match values(name, &old.dims()) {
            Some(data) => Tensor::from_data(data, &inner),
            None => old,
        }),
        Parameter::Matrix(old) => Parameter::Matrix(match values(name, &old.dims()) {
            Some(data) => Tensor::from_data(data, &inner),
            None => old,
        }),
    });
    match wrong {
        Some(why) => Err(bad(why)),
        None if used != tensors.len() => Err(bad(format!("it has {} tensors, the model takes {used}", tensors.len()))),
        None => Ok(manifest),
    }
}
