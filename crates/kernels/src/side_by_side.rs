//! Independent pieces of work side by side: a piece is done by one thread from its beginning to its end, and the operations in it
//! are not shared out. Where there are pieces enough that is faster than to share out every operation, which waits for its
//! slowest part each time. The bits are the same: how operations are cut does not depend on the threads.

use crate::{flush_subnormals, is_flex};
use burn::tensor::Device;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pools of one thread: what asks for parallel work inside of one gets that thread alone.
static LANES: Mutex<Vec<Arc<ThreadPool>>> = Mutex::new(Vec::new());

/// So many of them, or fewer where the system gives no more threads.
fn lanes(wanted: usize) -> Vec<Arc<ThreadPool>> {
    let mut known = open(&LANES);
    while known.len() < wanted {
        let name = format!("lane-{}", known.len());
        let lane = ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(move |_| name.clone())
            .start_handler(|_| flush_subnormals());
        match lane.build() {
            Ok(lane) => known.push(Arc::new(lane)),
            Err(_) => break,
        }
    }
    known.iter().take(wanted).cloned().collect()
}

/// How many pieces at a time a device gains by. All but the host's processor have one queue for whoever asks.
pub fn at_a_time(device: &Device) -> usize {
    if is_flex(device) { usize::MAX } else { 1 }
}

/// What `work` makes of every piece, in their order, at most `most` pieces at a time and never more than there are threads to
/// compute with. A single piece is done by the calling thread, with whatever threads it has; so are all, one after the other, in a
/// piece of other work.
pub fn side_by_side<T: Send, R: Send>(pieces: Vec<T>, most: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let wanted = rayon::current_num_threads().min(most).min(pieces.len());
    let lanes = if wanted > 1 { lanes(wanted) } else { Vec::new() };
    let Some((first, others)) = lanes.split_first() else {
        return pieces.into_iter().map(work).collect();
    };
    let (waiting, done) = (Mutex::new(pieces.into_iter().enumerate()), Mutex::new(Vec::new()));
    let take = || {
        loop {
            let next = open(&waiting).next();
            let Some((place, piece)) = next else { break };
            let result = work(piece);
            open(&done).push((place, result));
        }
    };
    std::thread::scope(|scope| {
        for lane in others {
            if std::thread::Builder::new()
                .spawn_scoped(scope, || lane.install(take))
                .is_err()
            {
                break;
            }
        }
        first.install(take);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A piece that panicked has left what is shared whole: nothing of it is changed while a piece is done.
fn open<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_stand_in_the_order_of_the_pieces_and_no_more_are_done_at_a_time_than_is_said() {
        let pool = ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        for (pieces, most) in [(0, 4), (1, 4), (50, 1), (50, 2), (50, usize::MAX)] {
            let (now, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let found = pool.install(|| {
                side_by_side((0..pieces).collect(), most, |piece: usize| {
                    let others = now.fetch_add(1, Ordering::SeqCst);
                    highest.fetch_max(others + 1, Ordering::SeqCst);
                    // Later ones are done earlier.
                    std::thread::sleep(std::time::Duration::from_micros(50 * (50 - piece as u64)));
                    // In a piece there is one thread, and further pieces are done in their turn.
                    let alone = pieces < 2 || most < 2 || rayon::current_num_threads() == 1;
                    let inner = side_by_side(vec![piece, piece + 1], 2, |piece| piece * 2);
                    now.fetch_sub(1, Ordering::SeqCst);
                    (alone, inner)
                })
            });
            let expected: Vec<(bool, Vec<usize>)> = (0..pieces)
                .map(|piece| (true, vec![2 * piece, 2 * piece + 2]))
                .collect();
            assert_eq!(found, expected, "{pieces} pieces, {most} at a time");
            let highest = highest.into_inner();
            assert!(highest <= most.min(4) && highest <= pieces, "{highest} at a time");
        }
    }
}
