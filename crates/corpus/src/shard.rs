//! Token ids on disk, read in place through a memory map.

use crate::{Vocabulary, Window};
use cloze_foundation::Result;
use std::path::Path;

/// A stream of tokens: little-endian `u32`s, the id in the low 31 bits, bit 31 set where a word begins. Every document
/// ends with `[SEP]`.
pub struct Shard {
    _todo: (),
}

impl Shard {
    /// Opens a shard file.
    ///
    /// # Errors
    /// A missing file, or one whose size is not a multiple of 4.
    pub fn open(path: &Path) -> Result<Self> {
        let _ = path;
        todo!("helper A")
    }

    /// Tokens in the stream, `[SEP]`s included.
    pub fn tokens(&self) -> usize {
        todo!("helper A")
    }

    /// How many whole windows of `length` positions the stream gives (each takes `length - 1` tokens).
    pub fn windows(&self, length: usize) -> u64 {
        let _ = length;
        todo!("helper A")
    }

    /// Window `index` of `length` positions: `[CLS]` and the next `length - 1` tokens.
    pub fn window(&self, index: u64, length: usize, vocabulary: &Vocabulary) -> Window {
        let _ = (index, length, vocabulary);
        todo!("helper A")
    }
}
