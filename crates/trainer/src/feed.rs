//! From the order of a run to a batch: which windows a step reads, and what the objective makes of them.

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
    /// L.
    pub length: usize,
    /// B, windows in a step.
    pub windows: usize,
    /// The run's.
    pub seed: u64,
}

impl Feed<'_> {
    /// The windows that a step reads.
    pub fn order(&self, step: u64) -> Vec<u64> {
        let order = BatchOrder {
            seed: self.seed,
            windows: self.text.windows(self.length),
        };
        let first = step * self.windows as u64;
        (first..first + self.windows as u64)
            .map(|position| order.window(position))
            .collect()
    }

    /// The batch of a step that begins when `progress` of the budget is used.
    pub fn batch(&self, step: u64, progress: f64) -> Batch {
        let draw = Draw::new(self.seed, "corruption").step(step);
        let windows = self.order(step).into_iter().zip(0..).map(|(index, example)| {
            let window = self.text.window(index, self.length, self.vocabulary);
            (window, progress, draw.example(example))
        });
        corrupted(&*self.objective, windows, self.vocabulary)
    }
}
