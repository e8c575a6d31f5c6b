//! Windows put together, with positions counted over the whole batch.

use crate::{Example, Extra, Part};
use std::collections::{BTreeMap, BTreeSet};

/// A batch of B examples of L positions: everything flat, positions in `0..B·L`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// B.
    pub windows: usize,
    /// L.
    pub length: usize,
    /// `[B·L]` ids that the encoder reads.
    pub inputs: Vec<u32>,
    /// `[B·L]` ids as they were.
    pub originals: Vec<u32>,
    /// `[M]` predicted positions.
    pub positions: Vec<u32>,
    /// `[M]` ids to predict.
    pub targets: Vec<u32>,
    /// `[M]` weights.
    pub weights: Vec<f32>,
    /// What else the objective needs.
    pub extra: BTreeMap<&'static str, Vec<u32>>,
    /// The same windows by the part of a mixture that they are for, parts without a window left out; empty where all are
    /// for the first with weight 1.
    pub portions: Vec<Portion>,
}

/// The windows of a batch that are for one part of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Portion {
    /// Which part.
    pub part: usize,
    /// The weights of its windows over the number of all windows: what its mean loss is multiplied with.
    pub weight: f64,
    /// Its windows alone.
    pub batch: Batch,
}

/// The sizes that FLOPs depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// B.
    pub windows: usize,
    /// L.
    pub length: usize,
    /// M, over the batch.
    pub predicted: usize,
    /// Lengths of the extra columns.
    pub extra: BTreeMap<&'static str, usize>,
    /// Those of the parts of a mixture, as [`Batch::portions`] has them.
    pub portions: Vec<(usize, Sizes)>,
}

impl Batch {
    /// Puts examples of one length together.
    pub fn of(examples: &[Example]) -> Self {
        let mut batch = Self::together(examples);
        if examples.iter().any(|example| example.part != Part::default()) {
            let parts: BTreeSet<usize> = examples.iter().map(|example| example.part.index).collect();
            batch.portions = parts.into_iter().map(|part| Portion::of(part, examples)).collect();
        }
        batch
    }

    fn together(examples: &[Example]) -> Self {
        let length = examples.first().map_or(0, |example| example.inputs.len());
        let mut batch = Self {
            windows: examples.len(),
            length,
            ..Self::default()
        };
        for (index, example) in examples.iter().enumerate() {
            debug_assert_eq!(example.inputs.len(), length);
            let offset = (index * length) as u32;
            batch.inputs.extend(&example.inputs);
            batch.originals.extend(&example.originals);
            batch
                .positions
                .extend(example.positions.iter().map(|position| position + offset));
            batch.targets.extend(&example.targets);
            batch.weights.extend(&example.weights);
            for (name, extra) in &example.extra {
                let column = batch.extra.entry(name).or_default();
                match extra {
                    Extra::Positions(positions) => column.extend(positions.iter().map(|position| position + offset)),
                    Extra::Numbers(numbers) => column.extend(numbers),
                }
            }
        }
        batch
    }

    /// What FLOPs depend on.
    pub fn sizes(&self) -> Sizes {
        let extra = self.extra.iter().map(|(name, column)| (*name, column.len())).collect();
        let portions = self.portions.iter();
        Sizes {
            windows: self.windows,
            length: self.length,
            predicted: self.positions.len(),
            extra,
            portions: portions
                .map(|portion| (portion.part, portion.batch.sizes()))
                .collect(),
        }
    }

    /// An extra column, empty where no example had it.
    pub fn extra(&self, name: &str) -> &[u32] {
        self.extra.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Portion {
    fn of(part: usize, examples: &[Example]) -> Self {
        let own = || examples.iter().filter(|example| example.part.index == part);
        let weight: f64 = own().map(|example| example.part.weight).sum();
        Self {
            part,
            weight: weight / examples.len() as f64,
            batch: Batch::together(&own().cloned().collect::<Vec<_>>()),
        }
    }
}
