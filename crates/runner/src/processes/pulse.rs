//! The signs of life of an attempt.

use crate::store::{Attempt, Beat};
use cloze_foundation::{Fault, Result};
use cloze_schema::Spent;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Signs of life, given by a thread of its own: a judgement may take minutes.
pub struct Pulse {
    shared: Arc<(Mutex<(Beat, bool)>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    /// Gives one now and then one every `interval`, until it is dropped.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn start(attempt: Attempt, interval: Duration) -> Result<Self> {
        let shared = Arc::new((Mutex::new((Beat::default(), false)), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let give = move || {
            let (state, wake) = &*theirs;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.1 {
                state.0.count += 1;
                let beat = state.0;
                drop(state);
                // A full disk stops nothing here; what has to be written says so itself.
                let _ = attempt.give_beat(&beat);
                state = theirs.0.lock().unwrap_or_else(PoisonError::into_inner);
                if !state.1 {
                    (state, _) = wake
                        .wait_timeout(state, interval)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        let thread = std::thread::Builder::new().spawn(give);
        let thread = thread.map_err(|error| Fault::run(format!("cannot start a thread: {error}")))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// What the next one will say.
    pub fn note(&self, spent: Spent, share: f64) {
        let mut state = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.0.spent, state.0.share) = (spent, share);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
