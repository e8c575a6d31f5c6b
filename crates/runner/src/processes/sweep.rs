//! A sweep while it is trained: threads that take runs out of the queue and have each trained in a process.

use super::queue::{Queue, Rules, Turn};
use super::ready::corpus_of;
use super::supervise::{Outcome, Said, supervise};
use super::{Errand, Progress, RunOptions, Stop};
use crate::provenance::build;
use crate::store::{Failed, Marker, RunFolder, Store};
use cloze_corpus::{CorpusConfig, Prepared};
use cloze_foundation::files::{read, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_plan::{PlannedRun, cost, title};
use std::sync::{Mutex, PoisonError};

/// What every run of a sweep shares.
pub(super) struct Sweep<'a> {
    pub(super) store: &'a Store,
    pub(super) corpora: &'a [(CorpusConfig, Prepared)],
    pub(super) options: &'a RunOptions,
    pub(super) progress: &'a dyn Progress,
    pub(super) stop: &'a Stop,
    /// Of each run's process.
    pub(super) threads: usize,
}

/// How a run came to its end in this sweep.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// Whether it was trained here, and not by another process meanwhile.
    pub(super) here: bool,
}

impl Sweep<'_> {
    /// Trains all of them, `jobs` at a time; gives the ids of those that were begun, and how each of them ended.
    pub(super) fn train_all(&self, runs: &[&PlannedRun], jobs: usize, rules: Rules) -> Vec<(String, Ended)> {
        let seconds = cost::seconds(runs, self.options.data_root.as_deref());
        self.progress.begin(runs, &seconds);
        let queue = Queue::new(runs, self.store, rules);
        let ended = Mutex::new(Vec::new());
        let work = || {
            while let Some((run, turn)) = queue.next(self.stop, self.progress) {
                // What is the matter with one run is no reason to leave the others.
                let taken = turn
                    .and_then(|turn| self.take(run, turn))
                    .unwrap_or_else(|fault| broken(&fault));
                if taken.outcome == Outcome::Elsewhere {
                    queue.put_back(run);
                    continue;
                }
                if let Outcome::Ended(marker) = &taken.outcome {
                    self.progress.ended(run, marker);
                    if self.options.fail_fast && matches!(marker, Marker::Failed(_)) {
                        queue.close();
                    }
                }
                queue.done_with_one();
                ended
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((run.id.clone(), taken));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..jobs {
                // Where the system gives no more threads, fewer runs are trained at a time.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        ended.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, run: &PlannedRun, turn: Turn) -> Result<Ended> {
        Ok(match turn {
            Turn::EndedElsewhere(marker) => Ended {
                outcome: Outcome::Ended(marker),
                here: false,
            },
            Turn::Train { after, retry } => self.train_one(run, after, retry)?,
        })
    }

    fn train_one(&self, run: &PlannedRun, after: u32, retry: Option<u32>) -> Result<Ended> {
        self.progress.started(run);
        let (folder, options) = (self.store.run(&run.id), self.options);
        let config = serde_json::to_string_pretty(&run.config).map_err(|error| Fault::run(error.to_string()))?;
        write_config(&folder, &(config + "\n"))?;
        let errand = Errand {
            folder: self.store.root().to_owned(),
            id: run.id.clone(),
            arm: run.arm.clone(),
            corpus: corpus_of(self.corpora, &run.config.corpus)?.folder.clone(),
            device: options.device.clone(),
            data_root: options.data_root.clone(),
            after,
            token: token(),
            data: run.data.as_ref().map(cloze_schema::RunData::short).unwrap_or_default(),
            retry,
            build: build(),
            command: options.command.clone(),
            checkpoint: options.checkpoint,
            lease: options.lease,
            stop_signal: options.stop_signal.clone(),
        };
        let data = run.data.as_ref();
        let told = |said| match said {
            Said::Tick(tick) => self.progress.ticked(run, &tick),
            Said::Judging(judging) => self.progress.judging(&run.id, &title(run), &judging),
        };
        let (outcome, here) = supervise(&errand, data, &options.program, self.threads, self.stop, &told)?;
        Ok(Ended { outcome, here })
    }
}

/// A run that could not be begun or looked at.
fn broken(fault: &Fault) -> Ended {
    let failed = Failed {
        reason: fault.to_string(),
        stderr: Vec::new(),
        attempt: None,
    };
    Ended {
        outcome: Outcome::Ended(Marker::Failed(failed)),
        here: true,
    }
}

/// Leaves the configuration where the run's process reads it. Nobody holds the run yet: another process may begin it at the
/// same moment, and leaves the same there.
fn write_config(folder: &RunFolder, text: &str) -> Result<()> {
    let path = folder.config();
    if read(&path)?.is_some_and(|found| found == text.as_bytes()) {
        return Ok(());
    }
    write_whole(&path, text.as_bytes())
}

/// A word that no other attempt anywhere has.
fn token() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!(
        "{:016x}{:016x}",
        RandomState::new().build_hasher().finish(),
        RandomState::new().build_hasher().finish()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_may_begin_a_run_while_its_holder_sweeps_its_folder() {
        let place = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let folder = Store::new(place.path().to_owned()).run(&round.to_string());
            let begin = || {
                let written = write_config(&folder, "{}\n");
                // Whoever is first claims the run, and sweeps while the other one still writes.
                folder.sweep().unwrap();
                written
            };
            std::thread::scope(|scope| {
                for writer in [scope.spawn(begin), scope.spawn(begin)] {
                    assert_eq!(writer.join().unwrap(), Ok(()), "round {round}");
                }
            });
            assert_eq!(read(&folder.config()).unwrap().unwrap(), b"{}\n");
        }
    }
}
