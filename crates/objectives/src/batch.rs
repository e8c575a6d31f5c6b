//! Windows put together, with positions counted over the whole batch.

use crate::{Example, Extra, Part};
use cloze_kernels::Visibility;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// Who sees whom, over all `B·L` positions.
    pub visibility: Visibility,
    /// `[B·L]` places of the inputs; `None` counts from 0 in each window.
    pub position_ids: Option<Arc<[u32]>>,
    /// `[B·L]` segments of the inputs; `None` is segment 0.
    pub segment_ids: Option<Arc<[u32]>>,
    /// `[B·L]` scales of the queries' attention scores; `None` is 1.
    pub score_scales: Option<Arc<[f32]>>,
    /// The share of the budget that is used: the examples of an objective are of one moment.
    pub progress: f64,
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
    /// What attention looks at where ranks say who sees whom; `None` for the two plain laws.
    pub looks: Option<Looks>,
    /// Lengths of the extra columns.
    pub extra: BTreeMap<&'static str, usize>,
    /// Those of the parts of a mixture, as [`Batch::portions`] has them.
    pub portions: Vec<(usize, Sizes)>,
}

/// How many keys queries see under a law of ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Those at all positions of the batch.
    pub all: usize,
    /// Those at the predicted positions.
    pub predicted: usize,
}

impl Looks {
    fn of(batch: &Batch) -> Option<Self> {
        let Visibility::Ranked(ranks) = &batch.visibility else {
            return None;
        };
        let seen = ranks.seen(batch.length);
        Some(Self {
            all: seen.iter().sum(),
            predicted: batch.positions.iter().map(|position| seen[*position as usize]).sum(),
        })
    }
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
            visibility: Visibility::joined(examples.iter().map(|example| &example.visibility), length),
            position_ids: joined(
                examples,
                |example| example.position_ids.as_deref(),
                |place| place as u32,
            ),
            segment_ids: joined(examples, |example| example.segment_ids.as_deref(), |_| 0),
            score_scales: joined(examples, |example| example.score_scales.as_deref(), |_| 1.0),
            progress: examples.first().map_or(0.0, |example| example.progress),
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
            looks: Looks::of(self),
            extra,
            portions: portions.map(|portion| (portion.part, portion.batch.sizes())).collect(),
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

/// A column of a number per input: absent if no example has it, and the usual number, which depends on the place in the
/// window, for the examples that do not.
fn joined<T: Copy>(
    examples: &[Example],
    column: impl Fn(&Example) -> Option<&[T]>,
    usual: impl Fn(usize) -> T,
) -> Option<Arc<[T]>> {
    if examples.iter().all(|example| column(example).is_none()) {
        return None;
    }
    let of = |example: &Example| match column(example) {
        Some(numbers) => numbers.to_vec(),
        None => (0..example.inputs.len()).map(&usual).collect(),
    };
    Some(examples.iter().flat_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_kernels::Ranks;

    fn example() -> Example {
        Example {
            inputs: vec![7, 8, 9],
            originals: vec![7, 8, 9],
            ..Example::default()
        }
    }

    #[test]
    fn usual_examples_make_a_batch_that_says_nothing_more() {
        let batch = Batch::of(&[example(), example()]);
        assert_eq!(batch.visibility, Visibility::Bidirectional);
        assert_eq!(
            (batch.position_ids, batch.segment_ids, batch.score_scales),
            (None, None, None)
        );
        let causal = || Example {
            visibility: Visibility::Causal,
            ..example()
        };
        assert_eq!(Batch::of(&[causal(), causal()]).visibility, Visibility::Causal);
    }

    #[test]
    fn looks_are_counted_where_ranks_say_who_sees_whom() {
        assert_eq!(Batch::of(&[example()]).sizes().looks, None);
        let prefix = Example {
            visibility: Visibility::prefix(3, 2),
            positions: vec![1],
            ..example()
        };
        // Two positions see two, one sees three; beside them three that see three.
        let looks = Looks { all: 16, predicted: 2 };
        assert_eq!(Batch::of(&[prefix, example()]).sizes().looks, Some(looks));
    }

    #[test]
    fn what_one_example_has_is_spelt_out_for_the_others() {
        let special = Example {
            visibility: Visibility::Causal,
            position_ids: Some(vec![4, 0, 1]),
            segment_ids: Some(vec![0, 1, 1]),
            score_scales: Some(vec![0.5, 1.0, 2.0]),
            ..example()
        };
        let batch = Batch::of(&[example(), special]);
        assert_eq!(batch.visibility, Ranks::new(vec![0, 0, 0, 0, 1, 2]).into());
        assert_eq!(batch.position_ids.as_deref(), Some(&[0, 1, 2, 4, 0, 1][..]));
        assert_eq!(batch.segment_ids.as_deref(), Some(&[0, 0, 0, 0, 1, 1][..]));
        assert_eq!(batch.score_scales.as_deref(), Some(&[1.0, 1.0, 1.0, 0.5, 1.0, 2.0][..]));
    }
}
