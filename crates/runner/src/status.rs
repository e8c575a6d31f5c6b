//! Where the runs of a plan stand, as far as the store says.

use crate::store::{Attempt, Marker, RunFolder, attempt::Owner};
use cloze_foundation::Result;
use std::fmt;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It has ended, one way or another.
    Ended(Marker),
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
}

impl Status {
    /// Looks at a run.
    ///
    /// # Errors
    /// A marker that cannot be read.
    pub fn of(run: &RunFolder) -> Result<Self> {
        if let Some(marker) = run.marker()? {
            return Ok(Self::Ended(marker));
        }
        let Some(attempt) = Attempt::latest(run)? else {
            return Ok(Self::Missing);
        };
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

    /// Whether somebody should look at it.
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Ended(Marker::Diverged(_) | Marker::Failed(_)))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(Marker::Done(_)) => write!(f, "done"),
            Self::Ended(marker) => write!(f, "{marker}"),
            Self::Held { owner, share, .. } => {
                write!(f, "running, {:.0} %", share * 100.0)?;
                match owner {
                    Some(owner) => write!(f, ", on {} (process {})", owner.host, owner.pid),
                    None => Ok(()),
                }
            }
            Self::Begun { share, how } => write!(f, "left at {:.0} % ({how}); the next `run` goes on", share * 100.0),
            Self::Missing => write!(f, "missing"),
        }
    }
}
