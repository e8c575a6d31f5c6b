//! The run store: where things lie on disk, and how they are written so that nothing half-written is read as whole.

pub mod layout;
pub mod marker;
pub mod metrics;
pub mod parquet;
pub mod weights;

pub use layout::{RunFolder, Store};
pub use marker::{Done, Failed, Marker};
pub use metrics::{Label, Recorder, Row, Split};
