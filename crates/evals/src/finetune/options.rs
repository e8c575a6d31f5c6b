//! What fine-tuning is told: the recipe, and the options that all of its tasks have.

use cloze_foundation::{Fault, Place, Result};
use cloze_options::{options, words};
use cloze_trainer::OptimizerConfig;
use cloze_trainer::optimizer::Kind;
use std::path::{Path, PathBuf};

words! {
    /// Who sees whom while an encoder is tuned and asked.
    pub(crate) enum Attention {
        /// As it was trained: what was trained to look back only looks back only.
        Own = "own",
        /// Everybody sees everybody, whatever it was trained to.
        Bidirectional = "bidirectional",
    }
}

options! {
    /// How an encoder is tuned, the same for every objective.
    pub(crate) struct Recipe {
        /// Passes over the training part.
        pub(crate) epochs: usize = 5, from(1).to(1000);
        /// Examples of a step.
        pub(crate) batch: usize = 16, from(1).to(4096);
        /// The learning rates that are tried, one trial each; the best one on the development part is used.
        pub(crate) trials: Vec<f64> = vec![3e-4, 1e-3, 3e-3], above(0);
        /// The share of the training part that is the development part, where there is no file of it.
        pub(crate) development: f64 = 0.1, above(0).below(1);
        /// Who updates the weights.
        pub(crate) optimizer: Kind = Kind::AdamW;
        /// The share of the steps over which the learning rate rises from 0; then it falls linearly to 0.
        pub(crate) warmup: f64 = 0.1, from(0).below(1);
        /// Decoupled weight decay, on matrices only.
        pub(crate) weight_decay: f64 = 0.01, from(0);
    }
    check Self::fits
}

/// Trials that there may be.
const MOST_TRIALS: usize = 100;

impl Recipe {
    fn fits(&self) -> Result<()> {
        match self.trials.len() {
            1..=MOST_TRIALS => Ok(()),
            count => Err(Fault::usage(format!("{count} trials"))
                .at(Place::key("trials"))
                .allowed([format!("1 to {MOST_TRIALS} learning rates")])),
        }
    }

    /// The optimizer of a trial.
    pub(super) fn optimizer(&self, rate: f64) -> OptimizerConfig {
        let usual = OptimizerConfig::of(self.optimizer);
        // The rate of matrices between hidden states keeps its usual proportion to the other one.
        OptimizerConfig {
            peak_lr: rate,
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            ..usual.with_rates(|other| other * rate / usual.peak_lr)
        }
    }
}

/// Where the parts of a set are said to be; nowhere, if the built-in language is the set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named<'a> {
    pub(crate) train: Option<&'a Path>,
    pub(crate) dev: Option<&'a Path>,
    pub(crate) test: Option<&'a Path>,
}

impl Named<'_> {
    /// Refuses a part without the one that it needs.
    pub(crate) fn fits(self) -> Result<()> {
        let lone = |has: &str, needs: &str| {
            Err(Fault::usage(format!("`{has}` without `{needs}`"))
                .at(Place::key(has))
                .remedy(format!("name both files; without `train` and `test` the built-in language is the set, where there is one; `{needs}` is missing")))
        };
        match (self.train, self.test, self.dev) {
            (Some(_), None, _) => lone("train", "test"),
            (None, Some(_), _) => lone("test", "train"),
            (None, None, Some(_)) => lone("dev", "train"),
            _ => Ok(()),
        }
    }
}

options! {
    /// The files of a set.
    pub(crate) struct TrainAndTest {
        /// The file of the training part, under the data root or from here.
        pub(crate) train: Option<PathBuf> = None => "sentences of the built-in language, where it has such labels";
        /// The file of the test part.
        pub(crate) test: Option<PathBuf> = None => "other sentences of the built-in language";
    }
    check |parts| parts.named().fits()
}

impl TrainAndTest {
    /// Where its parts are.
    pub(crate) fn named(&self) -> Named<'_> {
        Named {
            train: self.train.as_deref(),
            dev: None,
            test: self.test.as_deref(),
        }
    }
}

options! {
    /// The options of all tasks that are fine-tuned.
    pub(crate) struct Common {
        with pub(crate) files: TrainAndTest;
        /// The file of the development part, by which the learning rate and the epoch are chosen.
        pub(crate) dev: Option<PathBuf> = None => "a share of the training part";
        /// At most so many examples of the training part and of the test part, the first ones.
        pub(crate) examples: Option<usize> = None, from(10).to(1_000_000) => "all of a file; of the built-in language 500 to train on and 1000 to test on";
        /// Fine-tuning seeds, nested in the run's own; their mean is the run's score.
        pub(crate) seeds: usize = 2, from(1).to(100);
        /// Who sees whom.
        pub(crate) attention: Attention = Attention::Own;
        /// How it is tuned.
        pub(crate) recipe: Recipe = Recipe::default();
    }
    check |common| common.named().fits()
}

impl Common {
    /// Where its parts are.
    pub(crate) fn named(&self) -> Named<'_> {
        Named {
            dev: self.dev.as_deref(),
            ..self.files.named()
        }
    }
}
