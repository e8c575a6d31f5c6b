//! Batch order: a keyed permutation with random access, so that nothing about the position in the data is saved.

/// The order in which a run sees the windows of a shard: for each epoch a permutation keyed by (seed, epoch).
/// Every arm with the same seed sees the same text in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOrder {
    /// The run's seed.
    pub seed: u64,
    /// Windows in the shard; at least 1.
    pub windows: u64,
}

impl BatchOrder {
    /// The window seen at `position`, counted from 0 over all epochs.
    pub fn window(&self, position: u64) -> u64 {
        let _ = position;
        todo!("helper A: Feistel network with cycle walking, keyed by (seed, epoch)")
    }
}
