//! Labelled texts in tokens, as a head reads them.

use super::Attention;
use cloze_foundation::draw::mix;
use cloze_kernels::Visibility;
use cloze_objectives::{Example, Model};

/// Where a head reads the encoder's states, and what it answers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The mean over a text: one class for all of it. Every position counts, since the first one of an encoder that only looks
    /// back has seen nothing.
    Text,
    /// Some positions: a class at each.
    Words,
    /// Some positions: which of them is the first one of the answer, and which the last one.
    Ends,
}

/// One text as it is tuned on or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exercise {
    /// `[CLS]` .. `[SEP]`, no longer than the window.
    pub(crate) ids: Vec<u32>,
    /// Where the second text of a pair begins.
    pub(crate) second: Option<usize>,
    /// The positions that are read, ascending; for [`Reads::Text`] all.
    pub(crate) read: Vec<u32>,
    /// A class for each position that is read; the class of the text; or the positions of the two ends.
    pub(crate) targets: Vec<u32>,
}

/// All that a task asks of a head.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    pub(crate) reads: Reads,
    /// Columns of the head's output.
    pub(crate) outputs: usize,
    pub(crate) train: Vec<Exercise>,
    pub(crate) dev: Vec<Exercise>,
    pub(crate) test: Vec<Exercise>,
    /// What fills a window that is shorter than its neighbours; nobody sees it.
    pub(crate) pad: u32,
}

impl Exercise {
    /// A number that tells what it says: examples are ordered by it, and not by where they stand in a file.
    pub(super) fn key(&self) -> u64 {
        let parts = [&self.ids, &self.read, &self.targets];
        let numbers = parts
            .into_iter()
            .flat_map(|part| std::iter::once(part.len() as u32).chain(part.iter().copied()));
        numbers.fold(0, |key, number| mix(key ^ u64::from(number)).wrapping_add(1))
    }

    /// As a model reads it: by who sees whom when the model reads a text of its own accord, or by everybody.
    pub(super) fn example(&self, model: &Model, attention: Attention, reads: Reads) -> Example {
        let own = model.reading(&self.ids);
        let visibility = match attention {
            Attention::Own => own.visibility.clone(),
            Attention::Bidirectional => Visibility::Bidirectional,
        };
        let weight = match reads {
            Reads::Text => 1.0 / self.read.len().max(1) as f32,
            Reads::Words | Reads::Ends => 1.0,
        };
        let segments = |second: usize| (0..self.ids.len()).map(|place| u32::from(place >= second)).collect();
        Example {
            visibility,
            segment_ids: self.second.map(segments),
            positions: self.read.clone(),
            weights: vec![weight; self.read.len()],
            targets: self.targets.clone(),
            ..own
        }
    }
}

/// An example in a longer window, whose other positions nobody sees who is not one of them.
pub(super) fn padded(example: &Example, length: usize, pad: u32) -> Example {
    let own = example.inputs.len();
    if own >= length || matches!(example.visibility, Visibility::Ranked(_)) {
        return example.clone();
    }
    let group = (0..length).map(|place| u32::from(place >= own)).collect();
    let mut longer = example.clone();
    longer.inputs.resize(length, pad);
    longer.originals.resize(length, pad);
    longer.visibility = example.visibility.within(group);
    let more = |column: Option<Vec<u32>>| {
        column.map(|mut column| {
            column.resize(length, column.last().copied().unwrap_or(0));
            column
        })
    };
    longer.position_ids = more(longer.position_ids);
    longer.segment_ids = more(longer.segment_ids);
    if let Some(scales) = &mut longer.score_scales {
        scales.resize(length, 1.0);
    }
    longer
}
