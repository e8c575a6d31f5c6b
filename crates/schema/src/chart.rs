//! The charts that a report can be asked for. Each is a variant and a line here, and a file in the report, whose `match`
//! does not compile without it.

use cloze_options::{Words, word_options};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! charts {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal $(, where one of $keys:ident is swept)?;)+) => {
        /// Something that a report can draw.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ChartKind {
            $($(#[doc = $meaning])+ #[serde(rename = $word)] $name,)+
        }

        /// Every chart, in the order in which a report shows them.
        pub const CHARTS: &[Facts] = &[$(Facts {
            kind: ChartKind::$name,
            word: $word,
            meaning: concat!($($meaning),+).trim_ascii(),
            swept: [$($keys,)? &[]][0],
        }),+];

        impl Words for ChartKind {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            fn name(self) -> &'static str {
                self.facts().word
            }

            fn meaning(self) -> String {
                self.facts().meaning.trim().to_owned()
            }
        }

        word_options!(ChartKind);
    };
}

charts! {
    /// Differences from the baseline with their intervals: what is established, and how large it may be.
    Forest = "forest";
    /// Scores along training, with an interval over the seeds.
    LearningCurves = "learning-curves";
    /// The loss of held-out text under each arm's own objective.
    HeldOutLoss = "held-out-loss";
    /// The share of seeds that have left the plateau of word frequencies, along training.
    Onset = "onset";
    /// Every phenomenon of the minimal pairs, arms side by side.
    Phenomena = "phenomena";
    /// Every phenomenon along training, the easiest first, arms side by side. Drawn where judgements are on a log scale, or it is named.
    PhenomenaAlongTraining = "phenomena-along-training", where one of SPACINGS is swept;
    /// Probes of every layer, arms side by side. Drawn where it is named.
    Layers = "layers", where one of NEVER is swept;
    /// Scores over the masking rate, a curve for each series of arms.
    Ratio = "ratio", where one of RATES is swept;
    /// Scores over the width, the layers or the budget, a curve for each arm.
    Ladder = "ladder", where one of SIZES is swept;
    /// What the arms used on every axis of the budget.
    Budgets = "budgets";
}

/// The key path of the masking rate.
pub const RATE: &str = "options.rate";
const RATES: &[&str] = &[RATE];

/// The key path of how judgements lie along the budget. It is no axis of a sweep, and counts as one where they are on a log scale.
pub const SPACING: &str = "evaluate.spacing";
const SPACINGS: &[&str] = &[SPACING];

/// The key paths of sizes, along which an order of arms may hold or not.
pub const SIZES: &[&str] = &["encoder.width", "encoder.layers", "budget.amount"];

/// No key path: what depends on it is drawn only where an experiment names it.
const NEVER: &[&str] = &["-"];

/// What is known of a chart.
#[derive(Debug)]
pub struct Facts {
    /// Which one.
    pub kind: ChartKind,
    /// Its name in `report.charts`, and its file's.
    pub word: &'static str,
    /// What it shows.
    pub meaning: &'static str,
    swept: &'static [&'static str],
}

impl ChartKind {
    /// Its line of [`CHARTS`].
    pub fn facts(self) -> &'static Facts {
        &CHARTS[self as usize]
    }

    /// The charts that are drawn where the experiment names none; `is_swept` says whether a key path is.
    pub fn usual(is_swept: impl Fn(&str) -> bool) -> Vec<Self> {
        let wanted = CHARTS
            .iter()
            .filter(|facts| facts.swept.is_empty() || facts.swept.iter().any(|key| is_swept(key)));
        wanted.map(|facts| facts.kind).collect()
    }
}

impl fmt::Display for ChartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_chart_is_found_by_its_word_and_some_only_where_a_key_is_swept() {
        for facts in CHARTS {
            assert_eq!(
                (ChartKind::parse("chart", facts.word).ok(), facts.kind.to_string()),
                (Some(facts.kind), facts.word.to_owned())
            );
            assert_eq!(serde_json::to_value(facts.kind).unwrap(), facts.word);
            assert!(facts.meaning.ends_with('.') && !facts.meaning.starts_with(' '));
        }
        let words: BTreeSet<&str> = CHARTS.iter().map(|facts| facts.word).collect();
        assert_eq!(words.len(), CHARTS.len(), "two charts would be one file");
        assert!(!ChartKind::usual(|_| false).contains(&ChartKind::Ratio));
        let usual = ChartKind::usual(|key| key == "options.rate");
        assert_eq!(usual.len(), CHARTS.len() - 3);
        assert!(ChartKind::usual(|key| key == SPACING).contains(&ChartKind::PhenomenaAlongTraining));
        assert!(!usual.contains(&ChartKind::Layers) && !usual.contains(&ChartKind::Ladder));
        assert!(
            SIZES
                .iter()
                .all(|size| ChartKind::usual(|key| key == *size).contains(&ChartKind::Ladder))
        );
    }
}
