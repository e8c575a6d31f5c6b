//! What an objective may know of a tokenizer: sizes and special ids.

/// The special tokens in the order of their ids in a trained tokenizer: BERT's names and RoBERTa's.
pub const SPECIAL_NAMES: [[&str; 2]; 5] = [
    ["[PAD]", "<pad>"],
    ["[UNK]", "<unk>"],
    ["[CLS]", "<s>"],
    ["[SEP]", "</s>"],
    ["[MASK]", "<mask>"],
];

/// The five special tokens that cloze needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// `[PAD]`; cloze never pads, but the id is reserved as in BERT.
    pub pad: u32,
    /// `[UNK]`.
    pub unknown: u32,
    /// `[CLS]`: first position of every window and sentence; beginning of sequence for left-to-right scoring.
    pub start: u32,
    /// `[SEP]`: ends every document and every scored sentence.
    pub end: u32,
    /// `[MASK]`.
    pub mask: u32,
}

impl SpecialTokens {
    /// As cloze's own tokenizers number them: the first ids, in the order of their names.
    pub const FIRST: Self = Self {
        pad: 0,
        unknown: 1,
        start: 2,
        end: 3,
        mask: 4,
    };
}

/// Sizes and special ids of a tokenizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// V.
    pub size: usize,
    /// Their ids.
    pub special: SpecialTokens,
    ordinary: Vec<u32>,
}

impl Vocabulary {
    /// A vocabulary of `size` ids, all ordinary but the special ones.
    pub fn new(size: usize, special: SpecialTokens) -> Self {
        let mut vocabulary = Self {
            size,
            special,
            ordinary: Vec::new(),
        };
        vocabulary.ordinary = (0..size as u32).filter(|id| !vocabulary.is_special(*id)).collect();
        vocabulary
    }

    /// Whether `id` is one of the special tokens, `[UNK]` included.
    #[inline]
    pub fn is_special(&self, id: u32) -> bool {
        let SpecialTokens {
            pad,
            unknown,
            start,
            end,
            mask,
        } = self.special;
        id == pad || id == unknown || id == start || id == end || id == mask
    }

    /// Every id that is not special, ascending: the pool of random replacements.
    pub fn ordinary(&self) -> &[u32] {
        &self.ordinary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_ids_are_never_replacements_wherever_they_lie() {
        // RoBERTa's order, with the mask at the end.
        let vocabulary = Vocabulary::new(
            8,
            SpecialTokens {
                pad: 1,
                unknown: 3,
                start: 0,
                end: 2,
                mask: 7,
            },
        );
        assert_eq!(vocabulary.ordinary(), [4, 5, 6]);
        assert!(vocabulary.is_special(7) && !vocabulary.is_special(6));
    }
}
