//! Every key of an experiment file, declared once: what is allowed, what `cloze explain` says, the JSON Schema and what may
//! be swept come from here and from the types named here.

use super::arms::Arms;
use super::evaluate::{Evaluate, ReportOptions};
use super::swept::Swept;
use super::tune::Tune;
use crate::sweep::Sweep;
use cloze_backbone::EncoderOptions;
use cloze_corpus::CorpusOptions;
use cloze_options::{Field, Options, options};
use cloze_schema::Claim;
use cloze_trainer::{BudgetOptions, OptimizerOptions};

options! {
    /// An experiment.
    pub(crate) struct File {
        /// What the experiment asks, in one sentence.
        pub(crate) question: String => "say in one sentence what the experiment asks: question = \"...\"";
        /// The paper it follows.
        pub(crate) cites: Option<String> = None;
        /// The text to train on.
        corpus: Swept<CorpusOptions> = Swept::default() => "the built-in language";
        /// The encoder, the same for every arm.
        encoder: Swept<EncoderOptions> = Swept::default() => "`modern`, two layers of width 128";
        /// When a run ends.
        budget: Swept<BudgetOptions> = Swept::default() => "two million tokens";
        /// Who updates the weights, with warm-up and linear decay to zero at the end of the budget.
        optimizer: Swept<OptimizerOptions> = Swept::default() => "AdamW with a peak learning rate of 0.001";
        /// What is crossed with every arm.
        pub(crate) sweep: Sweep = Sweep::default() => "three seeds";
        /// The same trials for every arm, before it is trained.
        pub(crate) tune: Option<Tune> = None => "nothing is tuned: every arm is trained as it is written";
        /// What is compared: an objective, its options, and what this arm sweeps or sets by itself.
        pub(crate) arm: Arms => "add [[arm]] with objective = \"mlm\"";
        /// What judges a run.
        pub(crate) evaluate: Evaluate = Evaluate::default() => "the usual evaluations";
        /// What the report shows.
        pub(crate) report: ReportOptions = ReportOptions::default() => "the usual charts";
        /// What is claimed before the first run.
        pub(crate) claim: Vec<Claim> = Vec::new() => "none";
    }
}

/// Every key of an experiment file, as it is declared.
pub fn fields() -> Vec<Field> {
    File::fields()
}
