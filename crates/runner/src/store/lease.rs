//! Which runs are free: nobody has them, or whoever had them is dead.

use super::{Attempt, RunFolder};
use cloze_foundation::Result;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long an attempt elsewhere may be silent before it counts as dead, if nobody says otherwise.
pub const USUAL: Duration = Duration::from_secs(60);
/// The longest time between two signs of life.
const LONGEST_BEAT: Duration = Duration::from_secs(5);
/// Signs of life in a lease.
const BEATS: u32 = 8;

/// The time between two signs of life.
pub fn beat(lease: Duration) -> Duration {
    (lease / BEATS).min(LONGEST_BEAT)
}

/// Whether a run can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Yes, by the attempt after this number.
    Free(u32),
    /// Not now: this attempt may be alive.
    Held(Attempt),
}

/// What was seen of other processes' attempts. Machines' clocks differ, so what counts is how long *this* process has
/// seen no new sign of life.
#[derive(Debug)]
pub struct Watch {
    lease: Duration,
    seen: HashMap<PathBuf, (u64, Instant)>,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(lease: Duration) -> Self {
        Self {
            lease,
            seen: HashMap::new(),
        }
    }

    /// Looks at a run.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn look(&mut self, run: &RunFolder) -> Result<Claim> {
        let Some(latest) = Attempt::latest(run)? else {
            return Ok(Claim::Free(0));
        };
        if latest.is_over() {
            return Ok(Claim::Free(latest.number));
        }
        let count = latest.beat().map_or(0, |beat| beat.count);
        let now = Instant::now();
        let (seen, since) = self.seen.entry(latest.folder().to_owned()).or_insert((count, now));
        if *seen != count {
            (*seen, *since) = (count, now);
        }
        Ok(if now.duration_since(*since) >= self.lease {
            Claim::Free(latest.number)
        } else {
            Claim::Held(latest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Provenance;
    use crate::store::Store;

    fn provenance() -> Provenance {
        Provenance {
            cloze: "test".to_owned(),
            built_from: None,
            command: None,
            git: None,
            device: "flex".to_owned(),
            threads: 1,
            data: String::new(),
            corpus: None,
            tokenizer: None,
            processor: String::new(),
            system: String::new(),
            started: 0,
            ended: None,
            load_average: None,
            cores_elsewhere: None,
        }
    }

    #[test]
    fn a_run_is_claimed_once_and_free_again_when_its_owner_ends_dies_or_falls_silent() {
        let place = tempfile::tempdir().unwrap();
        let run = Store::new(place.path()).run("0123");
        let mut watch = Watch::new(Duration::from_millis(60));
        assert_eq!(watch.look(&run).unwrap(), Claim::Free(0));
        let first = Attempt::claim(&run, 0, "a", &provenance()).unwrap().unwrap();
        assert_eq!(Attempt::claim(&run, 0, "b", &provenance()).unwrap(), None);
        assert_eq!(watch.look(&run).unwrap(), Claim::Held(first.clone()));
        for count in 1..5 {
            std::thread::sleep(Duration::from_millis(25));
            first
                .give_beat(&super::super::attempt::Beat {
                    count,
                    ..Default::default()
                })
                .unwrap();
            assert_eq!(
                watch.look(&run).unwrap(),
                Claim::Held(first.clone()),
                "it gives signs of life"
            );
        }
        std::thread::sleep(Duration::from_millis(80));
        assert_eq!(
            watch.look(&run).unwrap(),
            Claim::Free(1),
            "silent for longer than the lease"
        );

        let second = Attempt::claim(&run, 1, "c", &provenance()).unwrap().unwrap();
        assert!(!first.is_latest(&run).unwrap() && second.is_latest(&run).unwrap());
        second.end("interrupted").unwrap();
        assert_eq!(watch.look(&run).unwrap(), Claim::Free(2));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_is_gone_is_recognised_and_one_elsewhere_never_is() {
        use crate::store::attempt::Owner;
        let here = Owner::this("x");
        assert!(!here.is_gone());
        // Starts are told apart by ticks of 10 ms, and this process may be that young.
        std::thread::sleep(Duration::from_millis(30));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut other = here.clone();
        other.pid = child.id();
        assert!(other.is_gone(), "another process has taken the number");
        child.kill().unwrap();
        child.wait().unwrap();
        other.host = "elsewhere".to_owned();
        assert!(!other.is_gone());
        // Another boot under this name may be another machine of the name: two of them would take every run from each other.
        let mut booted = here.clone();
        let identity = booted.identity.take().unwrap();
        booted.identity = identity.split_once(' ').map(|(_, rest)| format!("another-boot {rest}"));
        booted.pid = child.id();
        assert!(!booted.is_gone());
    }

    #[test]
    fn a_folder_that_is_no_attempt_is_passed_over() {
        let place = tempfile::tempdir().unwrap();
        let run = Store::new(place.path()).run("0123");
        let first = Attempt::claim(&run, 0, "a", &provenance()).unwrap().unwrap();
        for foreign in ["4294967295", "99999", "2", "000002", "x"] {
            std::fs::create_dir(run.attempts().join(foreign)).unwrap();
        }
        // 99999 is a number that cloze may have given.
        assert_eq!(Attempt::latest(&run).unwrap().unwrap().number, 99_999);
        std::fs::remove_dir(run.attempts().join("99999")).unwrap();
        assert_eq!(Attempt::latest(&run).unwrap(), Some(first));
    }

    #[test]
    fn seconds_are_those_of_the_training_that_goes_on() {
        use super::super::attempt::{Beat, Ended};
        use cloze_schema::Axis;
        let place = tempfile::tempdir().unwrap();
        let run = Store::new(place.path()).run("0123");
        let attempt = |after: u32, seconds: f64, how: &str| {
            let attempt = Attempt::claim(&run, after, &after.to_string(), &provenance())
                .unwrap()
                .unwrap();
            let mut beat = Beat::default();
            beat.spent[Axis::Seconds] = seconds;
            attempt.give_beat(&beat).unwrap();
            attempt.end(how).unwrap();
            Attempt::seconds_spent(&run).unwrap()
        };
        assert_eq!(attempt(0, 7.0, "interrupted"), 7.0);
        assert_eq!(attempt(1, 9.0, "failed: no disk"), 9.0);
        // It was trained to its end and is trained again, on other data say.
        assert_eq!(attempt(2, 30.0, Ended::DIVERGED), 0.0);
        assert_eq!(attempt(3, 2.0, "interrupted"), 2.0);
    }

    #[test]
    fn of_many_that_claim_at_once_one_succeeds() {
        let place = tempfile::tempdir().unwrap();
        let run = Store::new(place.path()).run("0123");
        for after in 0..5 {
            let won: usize = std::thread::scope(|scope| {
                let claims: Vec<_> = (0..8)
                    .map(|number| {
                        let run = &run;
                        scope.spawn(move || {
                            Attempt::claim(run, after, &format!("{after} {number}"), &provenance()).unwrap()
                        })
                    })
                    .collect();
                claims.into_iter().filter_map(|claim| claim.join().unwrap()).count()
            });
            assert_eq!(won, 1);
        }
    }
}
