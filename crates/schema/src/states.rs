//! Hidden states of a text as a file: parquet for tables, safetensors for arrays. docs/judging.md describes them for users.

use crate::parquet::encode;
use cloze_foundation::{Fault, Result};
use polars::prelude::{
    Column, DataFrame, DataType, Float32Type, IntoSeries, ListBuilderTrait, ListPrimitiveChunkedBuilder,
};
use safetensors::{Dtype, tensor::TensorView};

/// Version of the file, in its metadata. Columns are only ever added.
pub const STATES_VERSION: u32 = 1;
/// The key of the version.
pub const STATES_KEY: &str = "cloze.states_version";

/// States, a row each.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// D.
    pub width: usize,
    /// n · D numbers, row by row.
    pub numbers: Vec<f32>,
    lines: Vec<u64>,
    layers: Vec<u64>,
    /// Positions and tokens, where each position has a row.
    positions: Option<[Vec<u64>; 2]>,
}

impl States {
    /// None yet. Rows of positions have a place in their line and a token.
    pub fn new(width: usize, of_positions: bool) -> Self {
        Self {
            width,
            numbers: Vec::new(),
            lines: Vec::new(),
            layers: Vec::new(),
            positions: of_positions.then(|| [Vec::new(), Vec::new()]),
        }
    }

    /// Adds a row: of a line, counted from 1; a layer, where 0 are the embeddings; and, if it is of one, a position and its
    /// token.
    ///
    /// # Shapes
    /// - `state`: D numbers
    pub fn push(&mut self, line: u64, layer: usize, position: Option<(usize, u32)>, state: &[f32]) {
        self.lines.push(line);
        self.layers.push(layer as u64);
        if let (Some([positions, tokens]), Some((position, token))) = (&mut self.positions, position) {
            positions.push(position as u64);
            tokens.push(u64::from(token));
        }
        self.numbers.extend_from_slice(state);
    }

    /// n.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    fn counts(&self) -> Vec<(&'static str, &[u64])> {
        let mut columns = vec![("line", self.lines.as_slice()), ("layer", &self.layers)];
        if let Some([positions, tokens]) = &self.positions {
            columns.extend([("position", positions.as_slice()), ("token", tokens)]);
        }
        columns
    }

    /// As parquet: columns `line`, `layer`, of positions also `position` and `token`, and `state`, a list of D numbers.
    ///
    /// # Errors
    /// polars' own words if it refuses.
    pub fn parquet(&self) -> Result<Vec<u8>> {
        encode((STATES_KEY, STATES_VERSION), || {
            let counts = self.counts().into_iter();
            let mut columns: Vec<Column> = counts
                .map(|(name, numbers)| Column::new(name.into(), numbers))
                .collect();
            let mut states = ListPrimitiveChunkedBuilder::<Float32Type>::new(
                "state".into(),
                self.rows(),
                self.numbers.len(),
                DataType::Float32,
            );
            for state in self.numbers.chunks(self.width.max(1)) {
                states.append_slice(state);
            }
            columns.push(states.finish().into_series().into());
            DataFrame::new(self.rows(), columns)
        })
    }

    /// As safetensors: `states` `[n, D]`, and `line`, `layer`, of positions also `position` and `token`, each `[n]`.
    ///
    /// # Errors
    /// What the library says.
    pub fn safetensors(&self) -> Result<Vec<u8>> {
        let failed = |error: safetensors::SafeTensorError| Fault::run(format!("cannot encode states: {error}"));
        let states: Vec<u8> = self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let counts: Vec<(&str, Vec<u8>)> = self
            .counts()
            .into_iter()
            .map(|(name, numbers)| (name, numbers.iter().flat_map(|number| number.to_le_bytes()).collect()))
            .collect();
        let mut views = vec![(
            "states",
            TensorView::new(Dtype::F32, vec![self.rows(), self.width], &states).map_err(failed)?,
        )];
        for (name, bytes) in &counts {
            views.push((
                *name,
                TensorView::new(Dtype::I64, vec![self.rows()], bytes).map_err(failed)?,
            ));
        }
        let version = [(STATES_KEY.to_owned(), STATES_VERSION.to_string())];
        safetensors::serialize(views, Some(version.into())).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{ParquetReader, SerReader};
    use std::io::Cursor;

    fn states() -> States {
        let mut states = States::new(2, true);
        states.push(1, 3, Some((0, 2)), &[0.5, -1.0]);
        states.push(4, 3, Some((1, 7)), &[0.25, 8.0]);
        states
    }

    #[test]
    fn both_files_hold_the_rows_and_equal_rows_give_equal_bytes() {
        let states = states();
        let bytes = states.parquet().unwrap();
        assert_eq!(bytes, states.parquet().unwrap());
        let frame = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
        assert_eq!((frame.height(), frame.width()), (2, 5));
        let lists = frame.column("state").unwrap().list().unwrap().get_as_series(1).unwrap();
        assert_eq!(
            lists.f32().unwrap().into_no_null_iter().collect::<Vec<_>>(),
            [0.25, 8.0]
        );
        let bytes = states.safetensors().unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("states").unwrap().shape(), [2, 2]);
        assert_eq!(tensors.tensor("states").unwrap().data()[12..], 8.0f32.to_le_bytes());
        assert_eq!(tensors.tensor("token").unwrap().data()[8..], 7u64.to_le_bytes());
        assert_eq!(tensors.names().len(), 5);
        let pooled = States::new(2, false).safetensors().unwrap();
        assert_eq!(safetensors::SafeTensors::deserialize(&pooled).unwrap().names().len(), 3);
    }
}
