//! A model as the two files that transformers loads.

use super::config::{self, FEWEST_SEGMENTS};
use super::rows::How;
use super::{CONFIG, HubModel, Numbers, TENSORS};
use cloze_foundation::{Fault, Result};
use safetensors::{Dtype, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};

impl HubModel {
    /// The files by name: the same model gives the same bytes.
    ///
    /// # Errors
    /// A parameter that is missing.
    pub fn files(&self) -> Result<BTreeMap<&'static str, Vec<u8>>> {
        let failed = |error: serde_json::Error| Fault::run(format!("cannot write {CONFIG}: {error}"));
        let config = serde_json::to_string_pretty(&config::write(&self.network)).map_err(failed)? + "\n";
        Ok(BTreeMap::from([
            (CONFIG, config.into_bytes()),
            (TENSORS, self.tensors()?),
        ]))
    }

    fn tensors(&self) -> Result<Vec<u8>> {
        let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for pairing in self.network.pairings() {
            let numbers = match self.numbers.get(&pairing.ours) {
                Some(numbers) if pairing.how == How::Transposed => transposed(numbers),
                Some(numbers) => numbers.clone(),
                None if pairing.how == How::Segments => zeros(vec![FEWEST_SEGMENTS, self.network.embedding]),
                None if pairing.how.is_optional() => pairing.how.nothing(&pairing.shape),
                None => return Err(Fault::run(format!("there is no `{}`", pairing.ours))),
            };
            let numbers = match pairing.how {
                How::Behind(rows) => behind(rows, numbers),
                _ => numbers,
            };
            let parts = pairing.theirs.len();
            let mut shape = numbers.shape;
            shape[0] /= parts;
            let each = shape.iter().product::<usize>().max(1);
            for (name, values) in pairing.theirs.into_iter().zip(numbers.values.chunks(each)) {
                let bytes = values.iter().flat_map(|number| number.to_le_bytes()).collect();
                tensors.insert(name, (shape.clone(), bytes));
            }
        }
        let failed = |error: safetensors::SafeTensorError| Fault::run(format!("cannot serialise tensors: {error}"));
        let mut views = Vec::new();
        for (name, (shape, bytes)) in &tensors {
            views.push((
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(failed)?,
            ));
        }
        // Without it older versions of transformers refuse a file.
        let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        safetensors::serialize(views, Some(format)).map_err(failed)
    }
}

impl How {
    /// What stands there for nothing here.
    pub(super) fn nothing(self, shape: &[usize]) -> Numbers {
        let mut numbers = zeros(shape.to_vec());
        if self == Self::Identity {
            let diagonal = shape.last().map_or(1, |columns| columns + 1);
            numbers
                .values
                .iter_mut()
                .step_by(diagonal)
                .for_each(|number| *number = 1.0);
        }
        numbers
    }
}

fn zeros(shape: Vec<usize>) -> Numbers {
    Numbers {
        values: vec![0.0; shape.iter().product()],
        shape,
    }
}

/// With so many rows of zeros in front.
fn behind(rows: usize, mut numbers: Numbers) -> Numbers {
    if let [length, columns] = &mut numbers.shape[..] {
        let zeros = std::iter::repeat_n(0.0, rows * *columns);
        numbers.values = zeros.chain(std::mem::take(&mut numbers.values)).collect();
        *length += rows;
    }
    numbers
}

/// `[J, K]` of `[K, J]`; a vector is itself.
pub(super) fn transposed(numbers: &Numbers) -> Numbers {
    let [rows, columns] = numbers.shape[..] else {
        return numbers.clone();
    };
    let at = |index: usize| numbers.values[index % rows * columns + index / rows];
    Numbers {
        shape: vec![columns, rows],
        values: (0..rows * columns).map(at).collect(),
    }
}
