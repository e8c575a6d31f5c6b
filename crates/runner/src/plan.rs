//! The plan: every run of an experiment, expanded, resolved and frozen on disk before the first one starts.

use crate::RunConfig;
use serde::{Deserialize, Serialize};

/// What the experiment wants from its report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportConfig {
    /// The arm that others are compared with.
    pub baseline: Option<String>,
    /// Charts to draw: `learning-curves`, `phenomena`, `ratio`, `budgets`.
    pub charts: Vec<String>,
}

/// A run in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Hash of the configuration, 16 hexadecimal digits.
    pub id: String,
    /// The arm's name: `mlm`, `mlm rate=0.4`.
    pub arm: String,
    /// What varies over the sweep, by key path, for charts over a swept key: `options.rate` -> 0.4.
    pub factors: toml::Table,
    /// Everything that decides the result.
    pub config: RunConfig,
    /// Expected training FLOPs.
    pub flops: f64,
}

/// A frozen plan, stored as `plan.json` in the experiment's results folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// File name of the experiment without `.toml`: the results folder's name.
    pub experiment: String,
    /// What it asks.
    pub question: String,
    /// The paper it follows.
    pub cites: Option<String>,
    /// Every run, arms in file order, seeds innermost.
    pub runs: Vec<PlannedRun>,
    /// What the report shows.
    pub report: ReportConfig,
}
