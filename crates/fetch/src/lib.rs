//! Data sets from their public homes: downloaded with their hashes, taken up where a download was broken off, unpacked, and
//! put in their place whole or not at all.

mod client;
mod download;
mod place;
mod unpack;

pub use client::Patience;
pub use place::{Outcome, fetch};

/// What happens, for whoever looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many bytes of the set are here, of so many.
    Progress {
        /// Bytes that are here.
        done: u64,
        /// Bytes in all.
        of: u64,
    },
    /// A file goes on from where an earlier download of it ended.
    Resumed {
        /// Its name.
        file: String,
        /// Bytes that were here.
        from: u64,
    },
    /// A download was broken off and is tried again.
    Again {
        /// Its name.
        file: String,
        /// Why.
        why: String,
    },
}
