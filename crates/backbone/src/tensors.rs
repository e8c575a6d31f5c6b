//! Parameters as safetensors: path -> f32 tensor.

use crate::{Parameter, Parameters};
use burn::tensor::{Device, Shape, TensorData};
use cloze_foundation::{Fault, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::BTreeMap;

/// Tensors by name as a safetensors file, sorted by name: equal tensors give equal bytes.
///
/// # Errors
/// A tensor that cannot be read from its device.
pub fn serialise<'a>(tensors: impl IntoIterator<Item = (String, &'a Parameter)>) -> Result<Vec<u8>> {
    let mut read: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, parameter) in tensors {
        let data = parameter.data().map_err(|fault| about(&name, fault))?;
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

fn about(name: &str, fault: Fault) -> Fault {
    Fault {
        what: format!("tensor `{name}`: {}", fault.what),
        ..fault
    }
}

fn read(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    SafeTensors::deserialize(bytes).map_err(|error| Fault::usage(error.to_string()))
}

/// The numbers of an f32 tensor.
fn data(view: &TensorView) -> Result<TensorData> {
    if view.dtype() != Dtype::F32 {
        return Err(Fault::usage(format!("it holds {:?}, not f32", view.dtype())));
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
pub fn parameters(bytes: &[u8], device: &Device) -> Result<BTreeMap<String, Parameter>> {
    let inner = device.clone().inner();
    let mut parameters = BTreeMap::new();
    for (name, view) in read(bytes)?.iter() {
        let parameter = data(&view).and_then(|data| Parameter::from_data(data, &inner));
        parameters.insert(name.to_owned(), parameter.map_err(|fault| about(name, fault))?);
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
    let tensors = read(bytes)?;
    let inner = device.clone().inner();
    let find = |name: &str, shape: &[usize]| match tensors.tensor(name) {
        Ok(view) if view.shape() == shape => data(&view)
            .and_then(|data| Parameter::from_data(data, &inner))
            .map_err(|fault| format!("`{name}`: {}", fault.what)),
        Ok(view) => Err(format!(
            "`{name}` has the shape {:?}, the model {shape:?}",
            view.shape()
        )),
        Err(_) => Err(format!("there is no `{name}`")),
    };
    let (mut wrong, mut used) = (None, 0);
    model.change_parameters(&mut |name, old| match find(name, &old.shape()) {
        Ok(new) => {
            used += 1;
            new
        }
        Err(why) => {
            wrong.get_or_insert(why);
            old.inner()
        }
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
