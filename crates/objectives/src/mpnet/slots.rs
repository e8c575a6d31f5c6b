//! A batch with slots behind every window, one for each predicted token.

use super::{ORDER, SLOTS};
use crate::Batch;
use cloze_kernels::Ranks;

/// Windows with their slots behind them.
pub(super) struct Slotted {
    /// Who sees whom, where, and what is read.
    pub content: Batch,
    /// The rows of the predicted tokens, where the queries stand.
    pub rows: Vec<u32>,
    /// What the queries see.
    pub seen: Ranks,
}

impl Slotted {
    /// All windows have as many slots as the one with the most predictions; those beyond its own see nobody but each other.
    pub fn of(batch: &Batch) -> Self {
        let window_of = |position: u32| position as usize / batch.length;
        let columns = batch.positions.iter().zip(batch.extra(SLOTS)).zip(batch.extra(ORDER));
        let predictions: Vec<[u32; 3]> = columns
            .map(|((position, slot), order)| [*position, *slot, *order])
            .collect();
        let mut own: Vec<&[[u32; 3]]> = vec![&[]; batch.windows];
        for run in predictions.chunk_by(|[left, ..], [right, ..]| window_of(*left) == window_of(*right)) {
            own[window_of(run[0][0])] = run;
        }
        let most = own.iter().map(|run| run.len()).max().unwrap_or(0);
        let length = batch.length + most;
        let [
            mut inputs,
            mut places,
            mut rank,
            mut asking,
            mut last,
            mut group,
            mut rows,
        ] = [const { Vec::new() }; 7];
        for (window, run) in own.into_iter().enumerate() {
            let start = inputs.len();
            inputs.extend(&batch.inputs[window * batch.length..][..batch.length]);
            places.extend(0..batch.length as u32);
            rank.resize(start + batch.length, 0);
            last.resize(start + batch.length, u32::MAX);
            group.resize(start + length, 0);
            asking.resize(start + length, 0);
            for [position, slot, order] in run {
                let place = *position - (window * batch.length) as u32;
                let row = start + place as usize;
                rows.push(row as u32);
                (rank[row], asking[row]) = (*order + 1, *order);
                inputs.push(*slot);
                places.push(place);
                // Until the token itself is seen.
                last.push(*order);
            }
            group[start + batch.length + run.len()..].fill(1);
            inputs.resize(start + length, 0);
            places.resize(start + length, 0);
            last.resize(start + length, u32::MAX);
            rank.resize(start + length, 0);
        }
        let law = Ranks::new(rank).until(last).grouped(group);
        Self {
            content: Batch {
                windows: batch.windows,
                length,
                inputs,
                visibility: law.clone().into(),
                position_ids: Some(places.into()),
                ..Batch::default()
            },
            rows,
            seen: law.queried_by(asking),
        }
    }
}
