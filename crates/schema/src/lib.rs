//! What runs write and reports read.

pub mod audit;
pub mod axis;
pub mod baseline;
pub mod chart;
pub mod claim;
pub mod data;
pub mod history;
pub mod items;
pub mod judged;
pub mod metric;
pub mod model;
pub mod parquet;
pub mod plan;
pub mod row;
mod rows;
pub mod runs;
pub mod sequential;
pub mod states;
pub mod superseded;
pub mod texts;
pub mod tuning;

pub use audit::{Audit, Share};
pub use axis::{AXES, Axis, Spent};
pub use chart::ChartKind;
pub use claim::{Check, Claim};
pub use data::{BUILT_IN, RunData};
pub use history::{Frozen, History, history};
pub use items::{Credit, Items, RunItems};
pub use judged::{Judged, judged};
pub use model::PlannedModel;
pub use plan::{MeanOver, ObjectiveFacts, Plan, PlannedRun, ReportConfig, TaskFacts};
pub use row::{AttemptRows, Label, Row, SCHEMA_VERSION, Split};
pub use sequential::Sequential;
pub use states::States;
pub use superseded::latest;
pub use tuning::{Choice, Part, Trial, Tuning};
