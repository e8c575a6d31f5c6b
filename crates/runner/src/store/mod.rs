//! The run store: where things lie on disk, and how they are written so that nothing half-written is read as whole.

pub mod attempt;
pub mod checkpoint;
pub mod folder;
pub mod layout;
pub mod lease;
pub mod marker;
pub mod parts;
pub mod recorder;
pub mod weights;

pub use attempt::{Attempt, Beat, Owner};
pub use checkpoint::Checkpoint;
pub use layout::{RunFolder, Store};
pub use lease::{Claim, Watch};
pub use marker::{Done, Failed, Marker};
pub use recorder::Recorder;
