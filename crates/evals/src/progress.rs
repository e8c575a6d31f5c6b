//! How far a judgement is, for whoever waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How far a judgement is: so many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// What is counted: `sentences`, `steps`.
    pub what: &'static str,
}

/// Who is told how far a judgement is: at its beginning, as often as something is done, and at its end; by several threads.
pub type Told<'a> = &'a (dyn Fn(Progress) + Sync);

/// Counts what is done of a judgement.
pub struct Counter<'a> {
    told: Told<'a>,
    done: AtomicUsize,
    of: usize,
    what: &'static str,
}

impl<'a> Counter<'a> {
    /// Begins, with nothing done.
    pub fn new(told: Told<'a>, of: usize, what: &'static str) -> Self {
        let done = AtomicUsize::new(0);
        told(Progress { done: 0, of, what });
        Self { told, done, of, what }
    }

    /// So many more are done, or are left out.
    pub fn add(&self, more: usize) {
        let before = self.done.fetch_add(more, Ordering::Relaxed);
        (self.told)(Progress {
            done: (before + more).min(self.of),
            of: self.of,
            what: self.what,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_is_told_begins_at_nothing_rises_and_never_goes_beyond_all() {
        let told = Mutex::new(Vec::new());
        let tell = |progress: Progress| told.lock().unwrap().push((progress.done, progress.of, progress.what));
        let counter = Counter::new(&tell, 5, "steps");
        counter.add(2);
        counter.add(2);
        counter.add(7);
        assert_eq!(
            *told.lock().unwrap(),
            [(0, 5, "steps"), (2, 5, "steps"), (4, 5, "steps"), (5, 5, "steps")]
        );
    }
}
