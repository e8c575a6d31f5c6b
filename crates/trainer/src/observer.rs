//! What a run says while it trains, and to whom; where it stands between two steps, and how it is judged.

use crate::Learner;
use crate::meter::{Meter, Reading};
use cloze_backbone::tensors;
use cloze_foundation::Result;
use cloze_objectives::{Memory, Model, Objective};
use cloze_schema::{Items, Spent, Split};
use serde::{Deserialize, Serialize};

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// Share of the budget used, in [0, 1].
    pub share: f64,
    /// What was used.
    pub spent: Spent,
    /// Mean training loss of the interval.
    pub loss: f64,
    /// Tokens the encoder read per second of training in the interval.
    pub tokens_per_second: f64,
}

/// Where a run stands between two steps. With the weights and the optimizer's moments it is all there is to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// What was used.
    pub spent: Spent,
    /// Share of the budget up to which numbers were reported and judgements made. Less than what `spent` says where
    /// a step was taken and its judgement was not.
    pub reported: f64,
    /// Sums of the interval that goes on.
    pub meter: Reading,
    /// What the objective remembers; nothing for most, and in older checkpoints.
    #[serde(default, skip_serializing_if = "Memory::is_empty")]
    pub memory: Memory,
}

/// A run as it was saved between two steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// Where it stood.
    pub position: Position,
    /// Its weights, as a safetensors file.
    pub model: Vec<u8>,
    /// The optimizer's moments, as a safetensors file.
    pub optimizer: Vec<u8>,
}

impl Saved {
    /// Puts weights and moments into a learner of the same shape.
    ///
    /// # Errors
    /// What was saved of another model, or is damaged.
    pub fn restore(&self, learner: &mut Learner) -> Result<()> {
        let device = &learner.device;
        tensors::from_bytes(&self.model, &mut learner.model, device)?;
        learner
            .optimizer
            .restore(self.position.spent.steps(), &self.optimizer, device)
    }
}

/// A moment between two steps, at which a run can be saved and left.
pub struct Moment<'a> {
    pub(crate) learner: &'a Learner,
    /// The clock of the run, which stands still while it is judged.
    pub spent: &'a Spent,
    /// See [`Position`].
    pub reported: f64,
    pub(crate) meter: &'a Meter,
    pub(crate) objective: &'a dyn Objective,
}

impl Moment<'_> {
    /// Everything that the run needs to go on from here, read from the device.
    ///
    /// # Errors
    /// A tensor that cannot be read from its device.
    pub fn save(&self) -> Result<Saved> {
        Ok(Saved {
            position: Position {
                spent: *self.spent,
                reported: self.reported,
                meter: self.meter.read(),
                memory: self.objective.memory(),
            },
            model: tensors::to_bytes(&self.learner.model)?,
            optimizer: tensors::serialise(
                self.learner
                    .optimizer
                    .moments()
                    .iter()
                    .map(|(name, value)| (name.clone(), value)),
            )?,
        })
    }
}

/// Who is told what happens in a run. An error ends the run.
pub trait Observer {
    /// Between two steps, and between two evaluations of a judgement.
    ///
    /// # Errors
    /// Where the run is to stop here, or cannot be saved.
    fn at(&mut self, moment: &Moment) -> Result<()> {
        let _ = moment;
        Ok(())
    }

    /// A number to keep.
    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64);

    /// Which items the run got right, by the judgement at the end of its budget. Told once, before the last numbers.
    fn items(&mut self, items: Vec<Items>) {
        let _ = items;
    }

    /// The numbers so far belong together: a good time to write them.
    ///
    /// # Errors
    /// Where they cannot be written.
    fn flush(&mut self) -> Result<()>;

    /// Once every hundredth of the budget.
    ///
    /// # Errors
    /// Where nobody listens any more.
    fn tick(&mut self, tick: &Tick) -> Result<()>;
}

/// One number that an evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The evaluation by the name that it has in the experiment, `minimal-pairs`, or a part of it: `minimal-pairs/agreement`.
    pub task: String,
    /// `accuracy`, `ties`, `loss`. In brackets what is not the headline's own: a scoring rule beside the headline one, or a
    /// network beside the encoder that answers, as in `accuracy[generator]`.
    pub metric: String,
    /// The number.
    pub value: f64,
}

/// What an evaluation found in a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Its numbers.
    pub findings: Vec<Finding>,
    /// Which items were right, where it is made of items.
    pub items: Vec<Items>,
}

/// Evaluations, as the loop knows them: so many, each asked for in its turn. What they do is not the trainer's.
pub trait Judge {
    /// How many evaluations there are.
    fn count(&self) -> usize;

    /// What evaluation number `which` finds in a frozen model, at a share of the budget.
    ///
    /// # Errors
    /// What the evaluation says.
    fn judge(&self, which: usize, model: &Model, share: f64) -> Result<Judgement>;
}

/// Nobody judges: only the validation loss is computed.
pub struct Unjudged;

impl Judge for Unjudged {
    fn count(&self) -> usize {
        0
    }

    fn judge(&self, _: usize, _: &Model, _: f64) -> Result<Judgement> {
        Ok(Judgement::default())
    }
}
