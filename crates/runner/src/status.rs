//! Where the runs of a plan stand, as far as the store says.

use crate::data::Now;
use crate::needs::{Need, Spared, Wait};
use crate::store::ending::words;
use crate::store::{Attempt, Ending, Failed, Marker, RunFolder, attempt::Owner};
use cloze_foundation::Result;
use cloze_schema::RunData;
use std::fmt;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It is done or has diverged, and everything that it left is there.
    Ended(Marker),
    /// Its last attempt broke.
    Failed(Failed),
    /// It ended with other data than there are now: in what they differ. The next `run` trains it again.
    OtherData(Vec<String>),
    /// It says that it has ended, but something that it left is missing or damaged: what, and what to do.
    Flawed(String),
    /// A process has it and has not said that it left.
    Held {
        /// The attempt.
        attempt: Attempt,
        /// Which process.
        owner: Option<Owner>,
        /// Share of the budget that was used at the last sign of life.
        share: f64,
    },
    /// It was begun and left.
    Begun {
        /// Share of the budget that was used at the last sign of life.
        share: f64,
        /// How the last attempt ended.
        how: String,
    },
    /// Nothing was done.
    Missing,
    /// Nothing was done, nor needs to be.
    NotNeeded(Spared),
    /// Nothing was done yet: whether it is needed is seen later.
    Later(Wait),
}

impl Status {
    /// Looks at a run. Where `data` is not given, the data are not compared.
    ///
    /// # Errors
    /// A marker that cannot be read.
    pub fn of(run: &RunFolder, data: Option<&RunData>) -> Result<Self> {
        let ended = match Ending::of(run, data)? {
            Ending::Open => None,
            Ending::Whole(marker) => return Ok(Self::Ended(marker)),
            Ending::Flawed(flaws) => return Ok(Self::Flawed(words(run, &flaws))),
            Ending::Failed(failed) => Some(Self::Failed(failed)),
            Ending::OtherData(marker) => {
                let before = marker.data().cloned().unwrap_or_default();
                Some(Self::OtherData(
                    data.map_or_else(Vec::new, |data| data.differences(&before)),
                ))
            }
        };
        let Some(attempt) = Attempt::latest(run)? else {
            return Ok(ended.unwrap_or(Self::Missing));
        };
        // Whoever has it now is about to begin again.
        if let Some(ended) = ended
            && attempt.is_over()
        {
            return Ok(ended);
        }
        let share = attempt.beat().map_or(0.0, |beat| beat.share);
        Ok(if attempt.is_over() {
            let ended = attempt.ended();
            Self::Begun {
                share,
                how: ended.map_or_else(|| "its process died".to_owned(), |ended| ended.how),
            }
        } else {
            Self::Held {
                owner: attempt.owner(),
                attempt,
                share,
            }
        })
    }

    /// [`of`](Self::of) a run whose data are known as far as they can be without preparing anything: where the text is not
    /// prepared, the provenance of the run says whether it is another one.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn held_against(run: &RunFolder, now: &Now) -> Result<Self> {
        let status = Self::of(run, now.data())?;
        Ok(match &status {
            Self::Ended(marker) if now.is_other_text(run, marker) == Some(true) => {
                Self::OtherData(vec!["the text".to_owned()])
            }
            _ => status,
        })
    }

    /// With whether the run is needed, which matters where nothing was done.
    #[must_use]
    pub fn with(self, need: Need) -> Self {
        match (self, need) {
            (Self::Missing, Need::Not(why)) => Self::NotNeeded(why),
            (Self::Missing, Need::Later(wait)) => Self::Later(wait),
            (status, _) => status,
        }
    }

    /// Whether somebody should look at it.
    pub fn is_bad(&self) -> bool {
        matches!(
            self,
            Self::Ended(Marker::Diverged(_)) | Self::Failed(_) | Self::Flawed(_) | Self::OtherData(_)
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(Marker::Done(_)) => write!(f, "done"),
            Self::Ended(marker) => write!(f, "{marker}"),
            Self::Failed(failed) => write!(f, "{}", Marker::Failed(failed.clone())),
            Self::OtherData(differences) => write!(
                f,
                "ended with other data ({} changed since); the next `run` trains it again",
                differences.join(", ")
            ),
            Self::Flawed(why) => write!(f, "INCOMPLETE: {why}"),
            Self::Held { owner, share, .. } => {
                write!(f, "running, {:.0} %", share * 100.0)?;
                match owner {
                    Some(owner) => write!(f, ", on {} (process {})", owner.host, owner.pid),
                    None => Ok(()),
                }
            }
            Self::Begun { share, how } => write!(f, "left at {:.0} % ({how}); the next `run` goes on", share * 100.0),
            Self::Missing => write!(f, "missing"),
            Self::NotNeeded(Spared::Decided(seeds)) => {
                write!(f, "not needed: its arm was decided after {seeds} seeds")
            }
            Self::NotNeeded(Spared::Point) => write!(f, "not needed: the trials of its arm chose another point"),
            Self::NotNeeded(Spared::Untuned) => write!(f, "not needed: no point of its arm came to a score"),
            Self::NotNeeded(Spared::Alone) => write!(f, "not needed: nothing that its arm is compared with is trained"),
            Self::Later(Wait::Look(seeds)) => write!(f, "not needed yet: it is for the look after {seeds} seeds"),
            Self::Later(Wait::Trials) => write!(f, "not needed yet: it is for after the trials of its arm"),
        }
    }
}
