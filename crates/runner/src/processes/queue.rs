//! The runs of a sweep that are still to be trained, and which of them can be had.

use super::{Progress, Stop};
use crate::store::{Claim, Marker, Store, Watch};
use cloze_foundation::Result;
use cloze_plan::{PlannedRun, title};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long to wait before looking again at runs that others hold.
const POLL: Duration = Duration::from_millis(200);

/// What is to be done with a run.
#[derive(Debug)]
pub enum Turn {
    /// Train it, as the attempt after this number.
    Train {
        /// The last attempt, which is over; 0 if there was none.
        after: u32,
    },
    /// Nothing: another process has ended it.
    EndedElsewhere(Marker),
}

/// Shared by the threads that look after runs.
pub struct Queue<'a> {
    store: &'a Store,
    retry_diverged: bool,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    waiting: VecDeque<&'a PlannedRun>,
    /// Taken out and neither ended nor put back.
    out: usize,
    watch: Watch,
    told: HashSet<String>,
}

impl<'a> Queue<'a> {
    /// All of them wait. A run that another process has held in silence for `lease` is taken over.
    pub fn new(runs: &[&'a PlannedRun], store: &'a Store, lease: Duration, retry_diverged: bool) -> Self {
        Self {
            store,
            retry_diverged,
            state: Mutex::new(State {
                waiting: runs.iter().copied().collect(),
                out: 0,
                watch: Watch::new(lease),
                told: HashSet::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next run and what to do with it; waits while all that are left are held by other processes. `None` when
    /// nothing is left, or a stop is asked for.
    pub fn next(&self, stop: &Stop, progress: &dyn Progress) -> Option<Result<(&'a PlannedRun, Turn)>> {
        loop {
            let mut state = self.state();
            for _ in 0..state.waiting.len() {
                if stop.requested() {
                    return None;
                }
                let run = state.waiting.pop_front()?;
                match self.turn(run, &mut state, progress) {
                    Ok(None) => state.waiting.push_back(run),
                    Ok(Some(turn)) => {
                        state.out += 1;
                        return Some(Ok((run, turn)));
                    }
                    Err(fault) => {
                        state.out += 1;
                        return Some(Err(fault.at(title(run))));
                    }
                }
            }
            // What another thread has taken out may come back.
            if state.waiting.is_empty() && state.out == 0 || stop.requested() {
                return None;
            }
            drop(state);
            std::thread::sleep(POLL);
        }
    }

    fn turn(&self, run: &PlannedRun, state: &mut State, progress: &dyn Progress) -> Result<Option<Turn>> {
        let folder = self.store.run(&run.id);
        match folder.marker()? {
            Some(marker @ Marker::Done(_)) => return Ok(Some(Turn::EndedElsewhere(marker))),
            Some(marker @ Marker::Diverged(_)) if !self.retry_diverged => {
                return Ok(Some(Turn::EndedElsewhere(marker)));
            }
            _ => {}
        }
        match state.watch.look(&folder)? {
            Claim::Free(after) => Ok(Some(Turn::Train { after })),
            Claim::Held(attempt) => {
                if state.told.insert(run.id.clone()) {
                    let owner = attempt.owner();
                    let by = owner.map_or_else(
                        || "?".to_owned(),
                        |owner| format!("{} (process {})", owner.host, owner.pid),
                    );
                    progress.say(&format!("{}: held by {by}; waiting", title(run)));
                }
                Ok(None)
            }
        }
    }

    /// A run that was taken out turned out to be another process's.
    pub fn put_back(&self, run: &'a PlannedRun) {
        let mut state = self.state();
        state.out -= 1;
        state.waiting.push_back(run);
    }

    /// A run that was taken out needs nothing more.
    pub fn done_with_one(&self) {
        self.state().out -= 1;
    }

    /// Nothing more is to be started.
    pub fn close(&self) {
        self.state().waiting.clear();
    }
}
