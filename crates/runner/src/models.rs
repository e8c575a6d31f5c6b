//! Models that others trained, as arms of a plan: whether they have been judged, and judging what is left. Nothing is trained, so
//! that one process does it, after the runs.

mod judge;

pub(crate) use judge::{judge, look};

use crate::store::Store;
use crate::store::judged::{self, Judgement, Question};
use cloze_foundation::Result;
use cloze_plan::{ModelConfig, TaskConfig};
use cloze_schema::PlannedModel;
use std::fmt;
use std::path::Path;

/// Where the judging of a model stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By so many evaluations, of so many.
    Judged {
        /// Whose findings are there.
        by: usize,
        /// That were planned.
        of: usize,
    },
    /// Its folder holds another model now; the next `run` judges that.
    Changed,
    /// What was found cannot be used: why, and what to do.
    Damaged(String),
    /// Its folder cannot be looked at: why. What was found of it is kept.
    Unknown(String),
}

impl Standing {
    /// Looks at what was found of a model, and at its folder as it is now.
    ///
    /// # Errors
    /// A plan that cloze did not write.
    pub fn of(model: &PlannedModel, store: &Store, data_root: Option<&Path>) -> Result<Self> {
        let config = ModelConfig::of(model)?;
        let of = config.evaluate.len();
        let by = match left(model, &config, store) {
            Ok(left) => of - left.len(),
            Err(why) => return Ok(Self::Damaged(why)),
        };
        let now = match &model.data {
            Some(data) => config.holds(data, data_root),
            None => config.planned(&model.arm, data_root).map(|_| true),
        };
        Ok(match now {
            Err(fault) => Self::Unknown(fault.what),
            Ok(false) if by > 0 => Self::Changed,
            Ok(_) => Self::Judged { by, of },
        })
    }

    /// Whether what was found is of another model than the folder holds now, as far as that can be seen.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Changed | Self::Unknown(_))
    }

    /// Whether a `run` would judge it by something.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Judged { by, of } => by < of,
            Self::Changed | Self::Damaged(_) | Self::Unknown(_) => true,
        }
    }

    /// Whether somebody should look at it.
    pub fn is_bad(&self) -> bool {
        !matches!(self, Self::Judged { .. })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged { by, of } if by == of => write!(f, "judged"),
            Self::Judged { by: 0, .. } => write!(f, "not judged yet"),
            Self::Judged { by, of } => write!(f, "judged by {by} of {of} evaluations"),
            Self::Changed => write!(
                f,
                "its folder was changed since it was judged; the next `run` judges it again"
            ),
            Self::Damaged(why) => write!(f, "INCOMPLETE: {why}"),
            Self::Unknown(why) => write!(f, "cannot be looked at: {why}"),
        }
    }
}

/// The evaluations that have not judged a model, or why that cannot be said.
fn left(model: &PlannedModel, config: &ModelConfig, store: &Store) -> std::result::Result<Vec<TaskConfig>, String> {
    let mut left = Vec::new();
    for task in &config.evaluate {
        if read(model, task.name(), store)?.is_none() {
            left.push(task.clone());
        }
    }
    Ok(left)
}

/// What a task found of a model as the plan knows it.
fn read(model: &PlannedModel, task: &str, store: &Store) -> std::result::Result<Option<Judgement>, String> {
    let (Some(weights), Some(data)) = (model.judged(), &model.data) else {
        return Ok(None);
    };
    let Some(data) = data.tasks.get(task) else {
        return Ok(None);
    };
    let question = Question {
        weights: &weights,
        task,
        data,
    };
    judged::read(&store.model(&model.id), &question).map_err(|unusable| {
        let what = unusable.fault.what;
        format!("{what}; put it back, or remove it and have `cloze run` judge by `{task}` again")
    })
}

/// All that was found of a model, or of which task it cannot be had.
pub(crate) fn found(model: &PlannedModel, store: &Store) -> (Judgement, Vec<String>) {
    let (mut all, mut damaged) = (Judgement::default(), Vec::new());
    let config = match ModelConfig::of(model) {
        Ok(config) => config,
        Err(fault) => return (all, vec![fault.what]),
    };
    for task in &config.evaluate {
        match read(model, task.name(), store) {
            Ok(found) => {
                let found = found.unwrap_or_default();
                all.rows.extend(found.rows);
                all.items.extend(found.items);
            }
            Err(why) => damaged.push(why),
        }
    }
    (all, damaged)
}
