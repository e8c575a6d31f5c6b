//! What an objective does to a text, counted: what it hides, where, and how much of it.

use serde::Serialize;
use std::collections::BTreeMap;

/// Into how many equal parts of a window positions are told apart.
pub const PARTS_OF_A_WINDOW: usize = 10;

/// Some of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many there are.
    pub of: u64,
    /// How many of them it is true of.
    pub found: u64,
}

impl Share {
    /// Counts one.
    pub fn count(&mut self, found: bool) {
        self.of += 1;
        self.found += u64::from(found);
    }

    /// The share; `None` of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.found as f64 / self.of as f64)
    }
}

/// What was counted over some windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// Windows.
    pub windows: u64,
    /// Windows in which nothing is predicted.
    pub empty: u64,
    /// Positions, those of special tokens included.
    pub tokens: u64,
    /// Predictions that the rate asks for, not rounded to whole tokens; `None` where no rate says how many.
    pub asked: Option<f64>,
    /// How many there are on average by the objective's own law, which may draw a token twice or end with a whole span.
    pub expected: Option<f64>,
    /// Tokens that are not special, and those of them that are predicted.
    pub predicted: Share,
    /// Predictions in a window, fewest and most.
    pub fewest: u64,
    /// The most of them in a window.
    pub most: u64,
    /// The same by where in the window the token stands.
    pub by_position: [Share; PARTS_OF_A_WINDOW],
    /// Special tokens, and those of them that are predicted.
    pub special: Share,
    /// Of the predicted tokens, those in whose place the encoder reads `[MASK]`.
    pub masked: Share,
    /// Those that it reads as they are.
    pub kept: Share,
    /// Those in whose place it reads another token.
    pub replaced: Share,
    /// Tokens that are not predicted, and those of them that it does not read as they are.
    pub hidden: Share,
    /// Runs of neighbouring predicted tokens by their length.
    pub runs: BTreeMap<u64, u64>,
    /// Words of which something is predicted, and those that are predicted whole.
    pub words: Share,
    /// Named entities that the text tells, and those that are predicted whole.
    pub entities: Share,
}

impl Audit {
    /// The mean length of a run of predicted tokens; `None` where there is none.
    pub fn mean_run(&self) -> Option<f64> {
        let runs: u64 = self.runs.values().sum();
        let tokens: u64 = self.runs.iter().map(|(length, runs)| length * runs).sum();
        (runs > 0).then(|| tokens as f64 / runs as f64)
    }

    /// The predictions that were asked for, as a share of the tokens that are not special.
    pub fn asked_share(&self) -> Option<f64> {
        self.share_of(self.asked?)
    }

    /// The share that the objective's law gives on average, where that is another.
    pub fn expected_share(&self) -> Option<f64> {
        self.share_of(self.expected.filter(|expected| Some(*expected) != self.asked)?)
    }

    fn share_of(&self, predictions: f64) -> Option<f64> {
        (self.predicted.of > 0).then(|| predictions / self.predicted.of as f64)
    }
}
