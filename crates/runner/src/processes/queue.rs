//! The runs of a sweep that are still to be trained, and which of them can be had.

use super::{Progress, Stop};
use crate::store::ending::words;
use crate::store::{Claim, Ending, Marker, Store, Watch};
use cloze_foundation::{Fault, Result};
use cloze_plan::{PlannedRun, title};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long to wait before looking again at runs that others hold.
const POLL: Duration = Duration::from_millis(200);

/// What is to be done with a run.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time")]
pub enum Turn {
    /// Train it, as the attempt after this number.
    Train {
        /// The last attempt, which is over; 0 if there was none.
        after: u32,
        /// The attempt that diverged and is made again.
        retry: Option<u32>,
    },
    /// Nothing: another process has ended it.
    EndedElsewhere(Marker),
}

/// How runs are taken out of a [`Queue`].
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// A run that another process has held in silence for so long is taken over.
    pub lease: Duration,
    /// The attempt of each run that diverged and is to be made again: that one, and no later one.
    pub retry: HashMap<String, u32>,
    /// No run is begun while another one of the sweep is trained on this machine.
    pub alone: bool,
}

/// Shared by the threads that look after runs.
pub struct Queue<'a> {
    store: &'a Store,
    rules: Rules,
    all: Vec<&'a PlannedRun>,
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
    /// All of them wait.
    pub fn new(runs: &[&'a PlannedRun], store: &'a Store, rules: Rules) -> Self {
        Self {
            store,
            all: runs.to_vec(),
            state: Mutex::new(State {
                waiting: runs.iter().copied().collect(),
                out: 0,
                watch: Watch::new(rules.lease),
                told: HashSet::new(),
            }),
            rules,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next run and what to do with it, or why that cannot be known; waits while all that are left are held by other
    /// processes. `None` when nothing is left, or a stop is asked for.
    pub fn next(&self, stop: &Stop, progress: &dyn Progress) -> Option<(&'a PlannedRun, Result<Turn>)> {
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
                        return Some((run, Ok(turn)));
                    }
                    Err(fault) => {
                        state.out += 1;
                        return Some((run, Err(fault)));
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
        let retry = match Ending::of(&folder, run.data.as_ref())? {
            Ending::Whole(Marker::Diverged(diverged)) if self.rules.retry.get(&run.id) == Some(&diverged.attempt) => {
                Some(diverged.attempt)
            }
            Ending::Whole(marker) => return Ok(Some(Turn::EndedElsewhere(marker))),
            Ending::Flawed(flaws) => return Err(Fault::run(words(&folder, &flaws))),
            Ending::Open | Ending::Failed(_) | Ending::OtherData(_) => None,
        };
        match state.watch.look(&folder)? {
            Claim::Free(_) if self.rules.alone && self.another_is_trained_here(run, &mut state.watch)? => Ok(None),
            Claim::Free(after) => Ok(Some(Turn::Train { after, retry })),
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

    /// Whether a process of this machine, this one's children included, has another run of the sweep.
    fn another_is_trained_here(&self, run: &PlannedRun, watch: &mut Watch) -> Result<bool> {
        for other in self.all.iter().filter(|other| other.id != run.id) {
            if let Claim::Held(attempt) = watch.look(&self.store.run(&other.id))?
                && attempt.owner().is_some_and(|owner| owner.is_here())
            {
                return Ok(true);
            }
        }
        Ok(false)
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
