//! From the order of a run to a batch: which windows a step reads, and what the objective makes of them.

use crate::{Shape, Stage};
use cloze_corpus::{BatchOrder, Shard, Visit, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Objective};
use std::sync::Arc;

/// What an objective makes of some windows: each comes with the share of the budget that is used, and a draw of its own.
pub fn corrupted(
    objective: &dyn Objective,
    windows: impl IntoIterator<Item = (Window, f64, Draw)>,
    vocabulary: &Vocabulary,
) -> Batch {
    let corrupt = |(window, progress, draw)| objective.corrupt(&window, vocabulary, progress, draw);
    let windows = side_by_side(objective, windows).into_iter();
    Batch::of(&windows.map(corrupt).collect::<Vec<_>>())
}

/// The windows of a batch as they know of each other: every draw is told its place among them, and every window has the one
/// half a batch away beside it, if the objective reads it: held-out windows next to each other may be one document.
pub(crate) fn side_by_side(
    objective: &dyn Objective,
    windows: impl IntoIterator<Item = (Window, f64, Draw)>,
) -> Vec<(Window, f64, Draw)> {
    let mut windows: Vec<(Window, f64, Draw)> = windows.into_iter().collect();
    let of = windows.len();
    let others: Vec<Arc<Window>> = match objective.reads_elsewhere() && of > 1 {
        true => windows.iter().map(|(window, ..)| Arc::new(window.clone())).collect(),
        false => Vec::new(),
    };
    for (place, (window, _, draw)) in windows.iter_mut().enumerate() {
        *draw = draw.among(place as u32, of as u32);
        window.elsewhere = others.get((place + of / 2) % of).cloned();
    }
    windows
}

/// The batches of a run: a function of the seed and the step, and of nothing that was done before but what the objective
/// remembers.
pub struct Feed<'a> {
    /// Hides and asks.
    pub objective: Box<dyn Objective>,
    /// What is read.
    pub text: &'a Shard,
    /// Its words.
    pub vocabulary: &'a Vocabulary,
    /// L and B, once all stages are over.
    pub shape: Shape,
    /// When windows are shorter.
    pub stages: &'a [Stage],
    /// The run's.
    pub seed: u64,
}

impl Feed<'_> {
    /// The windows of a length in the order of the run.
    fn all(&self, length: usize) -> BatchOrder {
        BatchOrder {
            seed: self.seed,
            windows: self.text.windows(length),
        }
    }

    /// The windows that a step reads, which begins when `progress` of the budget is used.
    pub fn order(&self, step: u64, progress: f64) -> Vec<u64> {
        let shape = self.shape.at(self.stages, progress);
        let order = self.all(shape.length);
        positions(step, shape).map(|position| order.window(position)).collect()
    }

    /// The windows themselves, each with the draw by which it is corrupted.
    pub fn read(&self, step: u64, progress: f64) -> impl Iterator<Item = (Window, Draw)> {
        let shape = self.shape.at(self.stages, progress);
        let (order, own) = (self.all(shape.length), Draw::new(self.seed, "window"));
        let draw = Draw::new(self.seed, "corruption").step(step);
        (0..).zip(positions(step, shape)).map(move |(place, position)| {
            let index = order.window(position);
            let mut window = self.text.window(index, shape.length, self.vocabulary);
            window.visit = Some(Visit {
                draw: own.example(index),
                epoch: order.epoch(position),
            });
            (
                window,
                draw.example(u64::from(place)).among(place, shape.windows as u32),
            )
        })
    }

    /// The batch of a step that begins when `progress` of the budget is used.
    pub fn batch(&self, step: u64, progress: f64) -> Batch {
        let windows = self.read(step, progress).map(|(window, draw)| (window, progress, draw));
        corrupted(&*self.objective, windows, self.vocabulary)
    }
}

/// The places of a step's windows in the order of the run.
fn positions(step: u64, shape: Shape) -> std::ops::Range<u64> {
    let first = step * shape.windows as u64;
    first..first + shape.windows as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::tokenizer::Encoded;
    use cloze_corpus::{SpecialTokens, shard};
    use std::collections::BTreeSet;

    #[test]
    fn a_window_is_told_which_visit_it_is() {
        let vocabulary = Vocabulary::new(100, SpecialTokens::FIRST);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.ids");
        let document = Encoded {
            ids: (0..8 * 31).map(|index| 5 + index % 95).collect(),
            word_starts: vec![true; 8 * 31],
        };
        shard::write(&path, vocabulary.special.end, |writer| {
            writer.document(&document).unwrap();
            Ok(())
        })
        .unwrap();
        // Eight windows, four in a step: what is read in each epoch, in whichever order.
        let epochs = |options: &str| {
            let feed = Feed {
                objective: cloze_objectives::configure("mlm", &options.parse().unwrap()).unwrap(),
                text: &Shard::open(&path).unwrap(),
                vocabulary: &vocabulary,
                shape: Shape { length: 32, windows: 4 },
                stages: &[],
                seed: 1,
            };
            let read = |step| {
                feed.batch(step, 0.0)
                    .inputs
                    .chunks(32)
                    .map(<[u32]>::to_vec)
                    .collect::<Vec<_>>()
            };
            (0..4)
                .map(|epoch| [2 * epoch, 2 * epoch + 1].map(read).concat().into_iter().collect())
                .collect()
        };
        let found: Vec<BTreeSet<Vec<u32>>> = epochs("copies = 2");
        assert!(found[0].len() == 8 && found[0] == found[2] && found[1] == found[3]);
        assert!(
            found[0].is_disjoint(&found[1]),
            "each window has its other mask in the next epoch"
        );
        let found: Vec<BTreeSet<Vec<u32>>> = epochs("");
        assert!(found[0].is_disjoint(&found[2]));
    }
}
