//! Names in metrics files that more than one crate has to know, and how numbers under them read.

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
/// How alike the last states of different positions are: the mean cosine of two of them, on a few windows of held-out text. Near 1
/// an encoder says the same of every position.
pub const STATE_COSINE: &str = "state_cosine";
/// The entropy of a position's attention as a share of that of one that looks at all it sees alike: the mean over layers, heads
/// and positions, on the same windows.
pub const ATTENTION_ENTROPY: &str = "attention_entropy";
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

/// How far the score of a pair's right sentence is above that of the wrong one: what the pair's order is taken from, in nats of
/// its scoring rule. It says more than the order where most orders are alike, and is no number to compare rules by.
pub const MARGIN: &str = "margin";
/// The logistic of the margin: a vote for the right sentence between 0 and 1 where accuracy has 0 or 1.
pub const VOTE: &str = "vote";
/// Pairs of sentences, tokens, texts or words that were told right.
pub const ACCURACY: &str = "accuracy";
/// The harmonic mean of precision and recall: of entities, or of the words of an answer.
pub const F1: &str = "f1";
/// The share of what was answered that is right.
pub const PRECISION: &str = "precision";
/// The share of what is there that was answered.
pub const RECALL: &str = "recall";
/// The mean of the F1 of every class.
pub const MACRO_F1: &str = "macro_f1";
/// Matthews' correlation of truths and answers, from -1 to 1; 0 is chance.
pub const MATTHEWS: &str = "matthews";
/// The share of the answers that are a true one to the letter, but for case, punctuation and articles.
pub const EXACT_MATCH: &str = "exact_match";
/// Texts whose paraphrase is the nearest of all texts; where another one is as near it counts one half.
pub const RECALL_AT_1: &str = "recall_at_1";
/// The mean of one over the place at which a paraphrase stands among all texts, the nearest first.
pub const RECIPROCAL_RANK: &str = "reciprocal_rank";
/// Pairs of which both sentences got the same score. They count one half in an accuracy.
pub const TIES: &str = "ties";
/// Pairs of which a sentence stands in the training text.
pub const SEEN: &str = "seen";
/// Pairs of which a sentence is longer than the window, or texts that are.
pub const CUT: &str = "cut";
/// Pairs of which a sentence has a token that the tokenizer does not know, which is not scored.
pub const UNKNOWN: &str = "unknown";
/// 1 where a model that others trained has no head that an evaluation could ask.
pub const NO_HEAD: &str = "no_head";
/// That an evaluation asks for another window than a model that others trained has; its value is 1.
pub const NOT_ASKED: &str = "not_asked";
/// The share of questions whose answer is the most frequent label: what is right without reading.
pub const MAJORITY: &str = "majority";
/// Bits for each label of an online code by the states of a layer (Voita and Titov 2020).
pub const CODE_LENGTH: &str = "code_length";
/// How often as long a code without states would be.
pub const COMPRESSION: &str = "compression";
/// Which layer's code is the shortest; 0 are the embeddings.
pub const LAYER: &str = "layer";
/// In the brackets of what an encoder of the same shape gives that was not trained.
pub const UNTRAINED: &str = "untrained";
/// How much is known of what can be known: (unigram loss - loss) / (unigram loss - best loss).
pub const KNOWN: &str = "known";
/// Bits for each byte of a text under a likelihood of it; under a bound on one, `.upper_bound` stands behind it.
pub const BITS_PER_BYTE: &str = "bits_per_byte";
/// The best possible headline: what the law that made the questions is right about itself.
pub const CEILING: &str = "ceiling";
/// Mean over tasks of (headline - chance) / (best - chance). It is in no file: a report makes it.
pub const SCORE: &str = "score";

/// In what numbers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of one, shown in per cent.
    Share,
    /// Nats for each prediction.
    Nats,
    /// Nats of a pair of sentences; for each token where the metric is taken so.
    NatsOfPair,
    /// A number by itself.
    None,
}

/// Which numbers are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// High ones.
    Higher,
    /// Low ones.
    Lower,
    /// Neither: it describes, and judges nobody.
    Neither,
}

/// How the numbers of a metric read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name without what stands behind it: how it is taken (`accuracy.unseen`), who answered (`loss[generator]`).
    pub name: &'static str,
    /// In what they are shown.
    pub unit: Unit,
    /// Which of them are better.
    pub better: Better,
}

const fn metric(name: &'static str, unit: Unit, better: Better) -> Metric {
    Metric { name, unit, better }
}

/// Every metric that an evaluation of cloze gives, and what is found on held-out text in pretraining.
pub const METRICS: [Metric; 27] = [
    metric(ACCURACY, Unit::Share, Better::Higher),
    metric(SCORE, Unit::Share, Better::Higher),
    metric(LOSS, Unit::Nats, Better::Lower),
    metric(MARGIN, Unit::NatsOfPair, Better::Higher),
    metric(VOTE, Unit::Share, Better::Higher),
    metric(F1, Unit::Share, Better::Higher),
    metric(PRECISION, Unit::Share, Better::Higher),
    metric(RECALL, Unit::Share, Better::Higher),
    metric(MACRO_F1, Unit::Share, Better::Higher),
    metric(MATTHEWS, Unit::Share, Better::Higher),
    metric(EXACT_MATCH, Unit::Share, Better::Higher),
    metric(RECALL_AT_1, Unit::Share, Better::Higher),
    metric(RECIPROCAL_RANK, Unit::Share, Better::Higher),
    metric(LEARNING_RATE, Unit::None, Better::Neither),
    metric(TIES, Unit::Share, Better::Neither),
    metric(SEEN, Unit::Share, Better::Neither),
    metric(CUT, Unit::Share, Better::Neither),
    metric(UNKNOWN, Unit::Share, Better::Neither),
    metric(CEILING, Unit::Share, Better::Neither),
    metric(KNOWN, Unit::Share, Better::Higher),
    metric(BITS_PER_BYTE, Unit::None, Better::Lower),
    metric(MAJORITY, Unit::Share, Better::Neither),
    metric(CODE_LENGTH, Unit::None, Better::Lower),
    metric(COMPRESSION, Unit::None, Better::Higher),
    metric(LAYER, Unit::None, Better::Neither),
    metric(STATE_COSINE, Unit::None, Better::Neither),
    metric(ATTENTION_ENTROPY, Unit::Share, Better::Neither),
];

/// How the numbers of a metric read, however it is taken and whoever answered. One that is not known has no unit, and high
/// numbers are better.
pub fn of(name: &str) -> Metric {
    let bare = name.split(['[', '.']).next().unwrap_or_default();
    let known = METRICS.into_iter().find(|metric| metric.name == bare);
    known.unwrap_or(metric("", Unit::None, Better::Higher))
}

/// Metrics that a clock, or the number of the attempt, decides.
pub const CLOCKS: [&str; 4] = [TOKENS_PER_SECOND, LOST_SECONDS, RESUMED_AFTER, CORES_ELSEWHERE];
