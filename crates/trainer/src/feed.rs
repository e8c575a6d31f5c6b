//! From the order of a run to a batch: which windows a step reads, and what the objective makes of them.

use crate::{Shape, Stage};
use cloze_corpus::{BatchOrder, Shard, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Objective};

/// What an objective makes of some windows: each comes with the share of the budget that is used, and a draw of its own, which
/// is told its place among them.
pub fn corrupted(
    objective: &dyn Objective,
    windows: impl IntoIterator<Item = (Window, f64, Draw)>,
    vocabulary: &Vocabulary,
) -> Batch {
    let windows: Vec<(Window, f64, Draw)> = windows.into_iter().collect();
    let of = windows.len() as u32;
    let corrupt = |(index, (window, progress, draw)): (u32, (Window, f64, Draw))| {
        objective.corrupt(&window, vocabulary, progress, draw.among(index, of))
    };
    Batch::of(&(0..).zip(windows).map(corrupt).collect::<Vec<_>>())
}

/// The batches of a run: a function of the seed and the step, and of nothing that was done before.
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
    /// The windows that a step reads, which begins when `progress` of the budget is used.
    pub fn order(&self, step: u64, progress: f64) -> Vec<u64> {
        let Shape { length, windows } = self.shape.at(self.stages, progress);
        let order = BatchOrder {
            seed: self.seed,
            windows: self.text.windows(length),
        };
        let first = step * windows as u64;
        (first..first + windows as u64)
            .map(|position| order.window(position))
            .collect()
    }

    /// The windows themselves, each with the draw by which it is corrupted.
    pub fn read(&self, step: u64, progress: f64) -> impl Iterator<Item = (Window, Draw)> {
        let draw = Draw::new(self.seed, "corruption").step(step);
        let Shape { length, windows } = self.shape.at(self.stages, progress);
        (0..).zip(self.order(step, progress)).map(move |(place, index)| {
            let window = self.text.window(index, length, self.vocabulary);
            (window, draw.example(u64::from(place)).among(place, windows as u32))
        })
    }

    /// The batch of a step that begins when `progress` of the budget is used.
    pub fn batch(&self, step: u64, progress: f64) -> Batch {
        let windows = self.read(step, progress).map(|(window, draw)| (window, progress, draw));
        corrupted(&*self.objective, windows, self.vocabulary)
    }
}
