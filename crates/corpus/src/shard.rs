//! Token ids on disk, read in place through a memory map.

use crate::annotations::ENTITIES;
use crate::tokenizer::Encoded;
use crate::{Vocabulary, Window};
use cloze_foundation::{Fault, Result, files};
use memmap2::Mmap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

/// Bit 31 of a stored token: a word begins here.
const WORD_START: u32 = 1 << 31;
/// Bit 30: an entity that stands beside the text begins here.
const ENTITY_START: u32 = 1 << 30;
/// Bit 29: the entity goes on.
const ENTITY: u32 = 1 << 29;
/// The id; vocabularies are far smaller.
const ID: u32 = ENTITY - 1;
const TOKEN_BYTES: usize = size_of::<u32>();

/// A stream of tokens: little-endian `u32`s, the id in the low 29 bits, bit 31 set where a word begins, bits 30 and 29 where an
/// entity that stands beside the text begins and goes on. Every document ends with `[SEP]`.
pub struct Shard {
    bytes: Mmap,
}

impl Shard {
    /// Opens a shard file.
    ///
    /// # Errors
    /// A missing file, or one whose size is not a multiple of 4.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error| Fault::file("read", path, &error);
        let file = File::open(path).map_err(failed)?;
        // SAFETY: a shard is renamed into place when it is complete and never written again by cloze.
        let bytes = unsafe { Mmap::map(&file) }.map_err(failed)?;
        if bytes.len() % TOKEN_BYTES != 0 {
            return Err(Fault::usage(format!(
                "`{}` is not a whole shard: {} bytes",
                path.display(),
                bytes.len()
            ))
            .remedy("run the same command again: the corpus is then prepared anew"));
        }
        Ok(Self { bytes })
    }

    /// Tokens in the stream, `[SEP]`s included.
    pub fn tokens(&self) -> usize {
        self.bytes.len() / TOKEN_BYTES
    }

    /// How many whole windows of `length` positions the stream gives (each takes `length - 1` tokens).
    pub fn windows(&self, length: usize) -> u64 {
        match length.checked_sub(1) {
            None | Some(0) => 0,
            Some(body) => (self.tokens() / body) as u64,
        }
    }

    /// Window `index` of `length` positions: `[CLS]` and the next `length - 1` tokens.
    ///
    /// # Panics
    /// If `index` is not below [`windows`](Self::windows).
    pub fn window(&self, index: u64, length: usize, vocabulary: &Vocabulary) -> Window {
        assert!(
            index < self.windows(length),
            "window {index} of {}",
            self.windows(length)
        );
        let body = (length - 1) * TOKEN_BYTES;
        let from = index as usize * body;
        let mut window = Window::new(Vec::with_capacity(length), Vec::with_capacity(length));
        window.ids.push(vocabulary.special.start);
        window.word_starts.push(true);
        let mut entities: Vec<Range<usize>> = Vec::new();
        for (token, position) in stored(&self.bytes[from..from + body]).zip(1..) {
            window.ids.push(token & ID);
            window.word_starts.push(token & WORD_START != 0);
            // One that began in the window before goes on here.
            match entities.last_mut().filter(|last| last.end == position) {
                Some(last) if token & (ENTITY | ENTITY_START) == ENTITY => last.end += 1,
                _ if token & (ENTITY | ENTITY_START) != 0 => entities.push(position..position + 1),
                _ => {}
            }
        }
        if !entities.is_empty() {
            window.annotations.put_spans(ENTITIES, entities);
        }
        window
    }

    /// Every token of the stream in order, and whether a word begins there.
    pub fn pieces(&self) -> impl Iterator<Item = (u32, bool)> {
        stored(&self.bytes).map(|token| (token & ID, token & WORD_START != 0))
    }

    /// Every id of the stream in order, `[SEP]`s included.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        stored(&self.bytes).map(|token| token & ID)
    }
}

fn stored(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let tokens = bytes.chunks_exact(TOKEN_BYTES);
    tokens.map(|token| u32::from_le_bytes(token.try_into().expect("chunks have four bytes")))
}

/// Adds documents to a shard that is being written.
pub struct ShardWriter<'a> {
    out: BufWriter<&'a mut File>,
    end: u32,
    tokens: u64,
    /// Whether a document has begun.
    is_open: bool,
    /// Whether the last token is of an entity.
    in_entity: bool,
}

impl ShardWriter<'_> {
    /// Adds one document and its `[SEP]`; nothing for a document without tokens.
    ///
    /// # Errors
    /// What the system says.
    pub fn document(&mut self, document: &Encoded) -> std::io::Result<()> {
        self.piece(document, &[], false)?;
        self.end()
    }

    /// Adds the next piece of a document, with the tokens of its entities from left to right; where the last one of the piece
    /// before `goes_on`, the first of these is more of it. Gives how many entities begin here.
    ///
    /// # Errors
    /// What the system says.
    pub fn piece(&mut self, piece: &Encoded, entities: &[Range<usize>], goes_on: bool) -> std::io::Result<u64> {
        let mut entities = entities.iter().peekable();
        let mut begun = 0;
        for (place, (id, starts)) in piece.ids.iter().zip(&piece.word_starts).enumerate() {
            while entities.next_if(|entity| entity.end <= place).is_some() {}
            let mark = match entities.peek() {
                Some(entity) if entity.start < place => ENTITY,
                Some(entity) if entity.start == place => match place == 0 && goes_on && self.in_entity {
                    true => ENTITY,
                    false => ENTITY_START,
                },
                _ => 0,
            };
            begun += u64::from(mark == ENTITY_START);
            self.in_entity = mark != 0;
            self.token(id | mark, *starts)?;
        }
        self.is_open |= !piece.ids.is_empty();
        Ok(begun)
    }

    /// Ends a document, if any of it was added.
    ///
    /// # Errors
    /// What the system says.
    pub fn end(&mut self) -> std::io::Result<()> {
        self.in_entity = false;
        match std::mem::take(&mut self.is_open) {
            true => self.token(self.end, true),
            false => Ok(()),
        }
    }

    fn token(&mut self, id: u32, starts: bool) -> std::io::Result<()> {
        self.tokens += 1;
        let token = if starts { id | WORD_START } else { id };
        self.out.write_all(&token.to_le_bytes())
    }
}

/// Writes a shard, document by document and never more than a buffer in memory; `path` then holds all of it or is
/// absent. Returns its number of tokens.
///
/// # Errors
/// Whatever `fill` returns, and failures to write.
pub fn write(path: &Path, end: u32, fill: impl FnOnce(&mut ShardWriter) -> Result<()>) -> Result<u64> {
    let mut tokens = 0;
    let mut cause = None;
    let written = files::write_whole_with(path, |file| {
        let mut writer = ShardWriter {
            out: BufWriter::with_capacity(1 << 20, file),
            end,
            tokens: 0,
            is_open: false,
            in_entity: false,
        };
        if let Err(fault) = fill(&mut writer) {
            cause = Some(fault);
            return Err(std::io::Error::other("the documents could not be read"));
        }
        tokens = writer.tokens;
        writer.out.flush()
    });
    match cause {
        Some(fault) => Err(fault),
        None => written.map(|()| tokens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpecialTokens;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(
            100,
            SpecialTokens {
                pad: 0,
                unknown: 1,
                start: 2,
                end: 3,
                mask: 4,
            },
        )
    }

    #[test]
    fn windows_are_the_stream_cut_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        let tokens = write(&path, 3, |writer| {
            let long = Encoded {
                ids: vec![10, 11, 12, 13],
                word_starts: vec![true, false, true, true],
            };
            writer.document(&long).unwrap();
            writer.document(&Encoded::default()).unwrap();
            writer
                .document(&Encoded {
                    ids: vec![14, 15],
                    word_starts: vec![true, false],
                })
                .unwrap();
            Ok(())
        })
        .unwrap();
        let shard = Shard::open(&path).unwrap();
        assert_eq!((tokens, shard.tokens()), (8, 8));
        assert_eq!(shard.ids().collect::<Vec<_>>(), [10, 11, 12, 13, 3, 14, 15, 3]);
        assert_eq!((shard.windows(4), shard.windows(9), shard.windows(10)), (2, 1, 0));
        assert_eq!((shard.windows(0), shard.windows(1)), (0, 0));
        let first = Window::new(vec![2, 10, 11, 12], vec![true, true, false, true]);
        let second = Window::new(vec![2, 13, 3, 14], vec![true; 4]);
        assert_eq!(shard.window(0, 4, &vocabulary()), first);
        assert_eq!(shard.window(1, 4, &vocabulary()), second);
    }

    #[test]
    fn entities_are_in_the_windows_that_have_their_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        let document = Encoded {
            ids: (10..19).collect(),
            word_starts: vec![true; 9],
        };
        write(&path, 3, |writer| {
            assert_eq!(writer.piece(&document, &[0..1, 1..3, 4..7, 8..9], false).unwrap(), 4);
            assert_eq!(writer.piece(&document, &[0..1, 1..2], false).unwrap(), 2);
            writer.end().unwrap();
            Ok(())
        })
        .unwrap();
        let shard = Shard::open(&path).unwrap();
        assert!(shard.ids().eq((10..19).chain(10..19).chain([3])));
        assert!(shard.pieces().all(|(id, starts)| id < 19 && starts));
        let spans = |index| {
            shard
                .window(index, 7, &vocabulary())
                .annotations
                .spans(ENTITIES)
                .to_vec()
        };
        // One is cut by the end of a window, and its rest is one of the next.
        assert_eq!(spans(0), [1..2, 2..4, 5..7]);
        assert_eq!(spans(1), [1..2, 3..4, 4..5, 5..6]);
        assert_eq!(
            shard.window(2, 7, &vocabulary()).annotations,
            crate::Annotations::default()
        );
    }

    #[test]
    fn an_entity_that_goes_on_in_the_next_piece_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        let piece = Encoded {
            ids: vec![10, 11, 12],
            word_starts: vec![true; 3],
        };
        write(&path, 3, |writer| {
            let begun = [
                writer.piece(&piece, std::slice::from_ref(&(1..3)), false).unwrap(),
                // Over a whole piece, and to its end.
                writer.piece(&piece, std::slice::from_ref(&(0..3)), true).unwrap(),
                writer.piece(&piece, &[0..1, 1..2], true).unwrap(),
                // Nothing is before it that it could be more of.
                writer.piece(&piece, std::slice::from_ref(&(0..1)), true).unwrap(),
            ];
            assert_eq!(begun, [1, 0, 1, 1]);
            writer.end().unwrap();
            Ok(())
        })
        .unwrap();
        let window = Shard::open(&path).unwrap().window(0, 13, &vocabulary());
        assert_eq!(window.annotations.spans(ENTITIES), [2..8, 8..9, 10..11]);
    }

    #[test]
    fn a_fault_while_reading_leaves_no_shard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        let fault = write(&path, 3, |_| Err(Fault::usage("corrupt gzip"))).unwrap_err();
        assert_eq!(fault.what, "corrupt gzip");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_torn_or_missing_shard_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.ids");
        std::fs::write(&path, [1, 2, 3]).unwrap();
        assert!(Shard::open(&path).err().unwrap().what.contains("not a whole shard"));
        assert!(Shard::open(&folder.path().join("absent.ids")).is_err());
        std::fs::write(&path, []).unwrap();
        assert_eq!(Shard::open(&path).unwrap().tokens(), 0);
    }
}
