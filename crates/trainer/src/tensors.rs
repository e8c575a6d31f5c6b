//! Parameters as safetensors (path -> f32 tensor).

use burn::tensor::{Device, Shape, Tensor, TensorData};
use cloze_backbone::{Parameter, Parameters};
use cloze_foundation::{Fault, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::BTreeMap;

/// Tensors by name as a safetensors file, sorted by name: equal tensors give equal bytes.
///
/// # Errors
/// A tensor that cannot be read from its device.
pub(crate) fn serialise<'a>(tensors: impl IntoIterator<Item = (String, &'a Parameter)>) -> Result<Vec<u8>> {
    let mut read: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, parameter) in tensors {
        let data = match parameter {
            Parameter::Vector(vector) => vector.try_to_data(),
            Parameter::Matrix(matrix) => matrix.try_to_data(),
        };
        let data = data.map_err(|error| Fault::run(format!("cannot read `{name}` from its device: {error}")))?;
        let data = data.convert::<f32>();
        let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
        read.push((name, data.shape().to_vec(), bytes));
    }
    let failed = |error: safetensors::SafeTensorError| Fault::run(format!("cannot serialise tensors: {error}"));
    let mut views = Vec::new();
    for (name, shape, bytes) in &read {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(failed)?;
        views.push((name.as_str(), view));
    }
    safetensors::serialize(views, None).map_err(failed)
}

/// The numbers of an f32 tensor.
pub(crate) fn data(view: &TensorView) -> std::result::Result<TensorData, String> {
    if view.dtype() != Dtype::F32 {
        return Err(format!("it holds {:?}, not f32", view.dtype()));
    }
    let numbers = view
        .data()
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    let shape = Shape::from(view.shape().to_vec());
    Ok(TensorData::new(numbers.collect::<Vec<f32>>(), shape))
}

/// The tensors of a safetensors file by name, on a device, without gradients.
///
/// # Errors
/// Bytes that are not such a file, or a tensor that is neither a vector nor a matrix.
pub(crate) fn parameters(bytes: &[u8], device: &Device) -> Result<BTreeMap<String, Parameter>> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| Fault::usage(error.to_string()))?;
    let inner = device.clone().inner();
    let mut parameters = BTreeMap::new();
    for (name, view) in tensors.iter() {
        let bad = |why: String| Fault::usage(format!("tensor `{name}`: {why}"));
        let parameter = match view.shape().len() {
            1 => Parameter::Vector(Tensor::from_data(data(&view).map_err(bad)?, &inner)),
            2 => Parameter::Matrix(Tensor::from_data(data(&view).map_err(bad)?, &inner)),
            rank => return Err(bad(format!("it has {rank} dimensions"))),
        };
        parameters.insert(name.to_owned(), parameter);
    }
    Ok(parameters)
}

/// The parameters of a model as a safetensors file.
///
/// # Errors
/// A tensor that cannot be read from its device.
pub fn to_bytes(model: &dyn Parameters) -> Result<Vec<u8>> {
    let mut parameters = Vec::new();
    model.each_parameter(&mut |path, parameter| parameters.push((path.to_owned(), parameter.clone())));
    serialise(parameters.iter().map(|(path, parameter)| (path.clone(), parameter)))
}

/// Puts the parameters of a safetensors file into a model of the same shape.
///
/// # Errors
/// Bytes that are not such a file, or are of another model.
pub fn from_bytes(bytes: &[u8], model: &mut dyn Parameters, device: &Device) -> Result<()> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| Fault::usage(error.to_string()))?;
    let (mut wrong, mut used) = (None, 0);
    let mut values = |name: &str, shape: &[usize]| {
        let found = match tensors.tensor(name) {
            Ok(view) if view.shape() == shape => data(&view).map_err(|why| format!("`{name}`: {why}")),
            Ok(view) => Err(format!(
                "`{name}` has the shape {:?}, the model {shape:?}",
                view.shape()
            )),
            Err(_) => Err(format!("there is no `{name}`")),
        };
        match found {
            Ok(data) => {
                used += 1;
                Some(data)
            }
            Err(why) => {
                wrong.get_or_insert(why);
                None
            }
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
        Some(why) => Err(Fault::usage(why)),
        None if used != tensors.len() => Err(Fault::usage(format!(
            "{} tensors, the model takes {used}",
            tensors.len()
        ))),
        None => Ok(()),
    }
}
