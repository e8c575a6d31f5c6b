//! What runs write and reports read.

pub mod axis;
pub mod chart;
pub mod claim;
pub mod metric;
pub mod parquet;
pub mod plan;
pub mod row;
mod rows;
pub mod superseded;
pub mod texts;

pub use axis::{AXES, Axis, Spent};
pub use chart::ChartKind;
pub use claim::{Check, Claim};
pub use plan::{Plan, PlannedRun, ReportConfig, TaskFacts};
pub use row::{AttemptRows, Label, Row, SCHEMA_VERSION, Split};
pub use superseded::latest;
