//! The run store: where things lie on disk, and how they are written so that nothing half-written is read as whole.

pub mod attempt;
pub mod checkpoint;
pub mod ending;
pub mod folder;
pub mod judged;
pub mod layout;
pub mod lease;
pub mod marker;
pub mod origin;
pub mod parts;
pub mod recorder;
pub mod unusable;
pub mod weights;

pub use attempt::{Attempt, Beat, Owner};
pub use checkpoint::Checkpoint;
pub use ending::{Ending, Flaw};
pub use layout::{RunFolder, Store};
pub use lease::{Claim, Watch};
pub use marker::{Done, Failed, Marker};
pub use origin::Origin;
pub use recorder::Recorder;
pub use unusable::{Trouble, Unusable};
