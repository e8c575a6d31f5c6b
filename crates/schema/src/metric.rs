//! Names in metrics files that more than one room has to know.

/// The `task` of numbers from pretraining itself.
pub const PRETRAINING: &str = "pretraining";
/// A loss in nats for each prediction.
pub const LOSS: &str = "loss";
/// Mean loss in nats of tokens whose training-text frequencies are all that is known of them (add-one smoothed, special
/// tokens excluded). Held-out tokens, once a run; or those that an evaluation predicts, under its name.
pub const UNIGRAM_LOSS: &str = "unigram_loss";
/// A mean loss in nats of the same tokens below which nobody can be expected to come: everything else of the document is
/// known, and the law that it was made by. There for the built-in language alone.
pub const BEST_LOSS: &str = "best_loss";
/// The norm of all gradients together, before it is clipped.
pub const GRADIENT_NORM: &str = "gradient_norm";
/// The learning rate.
pub const LEARNING_RATE: &str = "learning_rate";
/// Tokens that the encoder read in a second of training.
pub const TOKENS_PER_SECOND: &str = "tokens_per_second";
/// 1 in the last row of a run whose loss or gradient stopped being a number.
pub const DIVERGED: &str = "diverged";
/// The metric of the first row of an attempt that is not the first: the last step whose rows earlier attempts have.
/// Their rows of later steps are superseded.
pub const RESUMED_AFTER: &str = "resumed_after_step";
/// Seconds of training that a killed attempt had spent after the step where this one starts.
pub const LOST_SECONDS: &str = "lost_seconds";
/// Cores that were busy with other processes while a run with a budget in seconds was trained, on average over the attempt.
pub const CORES_ELSEWHERE: &str = "cores_elsewhere";

/// Metrics that a clock, or the number of the attempt, decides.
pub const CLOCKS: [&str; 4] = [TOKENS_PER_SECOND, LOST_SECONDS, RESUMED_AFTER, CORES_ELSEWHERE];
