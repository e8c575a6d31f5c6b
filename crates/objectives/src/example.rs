//! What corruption makes of a window: numbers on the host.

use cloze_corpus::{Vocabulary, Window};
use cloze_kernels::Visibility;
use std::collections::BTreeMap;

/// The column of what is read in the place of each predicted token, M ids, where the inputs have the tokens themselves.
pub const READ_IN_PLACE: &str = "read_in_place";

/// Further integers that an objective needs beside the common ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Positions in the window; shifted by the window's offset when windows are batched.
    Positions(Vec<u32>),
    /// Anything else; concatenated as it is.
    Numbers(Vec<u32>),
}

/// Which part of a mixture an example is for. Where there is no mixture it is the first, with weight 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Counted from 0.
    pub index: usize,
    /// What the window counts in the loss beside other windows.
    pub weight: f64,
}

impl Default for Part {
    fn default() -> Self {
        Self { index: 0, weight: 1.0 }
    }
}

/// One corrupted window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// What the encoder reads, L ids.
    pub inputs: Vec<u32>,
    /// The window as it was, L ids.
    pub originals: Vec<u32>,
    /// Predicted positions, ascending, no duplicates: M of them.
    pub positions: Vec<u32>,
    /// What is to be predicted there, M ids.
    pub targets: Vec<u32>,
    /// Weight of each prediction in the loss, M numbers.
    pub weights: Vec<f32>,
    /// Which positions of the window see which.
    pub visibility: Visibility,
    /// Where each of the L inputs stands, below the encoder's window; `None` counts from 0. (MPNet's slots, packed documents.)
    pub position_ids: Option<Vec<u32>>,
    /// Segment of each of the L inputs, of as many as the objective's encoder has; `None` is segment 0.
    pub segment_ids: Option<Vec<u32>>,
    /// What each of the L queries' attention scores are multiplied by; `None` is 1.
    pub score_scales: Option<Vec<f32>>,
    /// The share of the budget that is used, where a weight in the loss may change along it; otherwise 0.
    pub progress: f64,
    /// What else the objective needs, by name.
    pub extra: BTreeMap<&'static str, Extra>,
    /// Which objective it is for, where several are mixed.
    pub part: Part,
}

impl Example {
    /// A window in which nothing is hidden and nothing predicted.
    pub fn of(window: &Window) -> Self {
        Self::reading(&window.ids)
    }

    /// A text in which nothing is hidden and nothing predicted.
    pub fn reading(ids: &[u32]) -> Self {
        Self {
            inputs: ids.to_vec(),
            originals: ids.to_vec(),
            ..Self::default()
        }
    }

    /// A window whose tokens from `first` on, 1 at least, are to be predicted, each at the position before it, with weight 1; but
    /// for `[CLS]`, which begins and follows from nothing.
    pub fn following(window: &Window, first: usize, vocabulary: &Vocabulary) -> Self {
        let mut example = Self::of(window);
        for (position, next) in window.ids.iter().enumerate().skip(first.max(1)) {
            if *next != vocabulary.special.start {
                example.positions.push(position as u32 - 1);
                example.targets.push(*next);
                example.weights.push(1.0);
            }
        }
        example
    }

    /// A window whose tokens at these positions (ascending) are to be predicted, with weight 1 each. The inputs are
    /// still as they were.
    pub fn predicting(window: &Window, positions: Vec<u32>) -> Self {
        let targets: Vec<u32> = positions
            .iter()
            .map(|position| window.ids[*position as usize])
            .collect();
        let weights = vec![1.0; positions.len()];
        Self {
            positions,
            targets,
            weights,
            ..Self::of(window)
        }
    }
}
