//! Rows of a batch that are alike until they meet others: the same token, at the same place where embeddings know it. The
//! masked copies of a sentence are alike in all rows but one each, so what is done to a row by itself, from its embedding to
//! its queries, keys and values in the first block, is done once for each kind of row.

use crate::forward::ids as tensor_ids;
use crate::{Absolute, Encoder, Forward};
use burn::tensor::{Int, Tensor};
use cloze_foundation::draw::mix;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// The kinds of rows of a batch.
pub(crate) struct Alike {
    /// A token id for each kind.
    pub(crate) ids: Tensor<1, Int>,
    /// How the kinds are embedded, as if they were one window.
    pub(crate) how: Forward,
    /// The kind of every row.
    pub(crate) kinds: Tensor<1, Int>,
}

impl Alike {
    /// `None` where rows are dropped from, learnt from or read again by later layers, where they are not on the host, or where kinds are not much fewer
    /// than rows.
    ///
    /// # Shapes
    /// - `ids`: `[N]`
    pub(crate) fn of(encoder: &Encoder, ids: &Tensor<1, Int>, how: &Forward) -> Option<Self> {
        let (config, device) = (encoder.config(), encoder.device());
        let drops = how.dropout.is_some() && config.dropout > 0.0;
        // Later layers would have to read the embeddings of all rows.
        if drops || config.embedding_residual || encoder.tokens.val().is_autodiff() || !cloze_kernels::is_flex(&device)
        {
            return None;
        }
        let place = |row: usize| match (&how.positions, config.absolute()) {
            (Some(places), Absolute::Embeddings) => places[row],
            (None, Absolute::Embeddings) => (row % how.length.max(1)) as u32,
            (_, Absolute::Nowhere | Absolute::Decoder) => 0,
        };
        let segment = |row: usize| how.segments.as_ref().map_or(0, |segments| segments[row]);
        let mut known: HashMap<(u32, u32, u32), usize, BuildHasherDefault<Numbers>> = HashMap::default();
        let (mut tokens, mut places, mut segments, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (row, id) in ids.clone().into_data().iter::<u32>().enumerate() {
            let kind = (id, place(row), segment(row));
            kinds.push(*known.entry(kind).or_insert_with(|| {
                tokens.push(kind.0);
                places.push(kind.1);
                segments.push(kind.2);
                tokens.len() - 1
            }) as u32);
        }
        if 2 * tokens.len() > kinds.len() {
            return None;
        }
        let how = Forward {
            positions: Some(Arc::from(places)),
            segments: how.segments.is_some().then(|| Arc::from(segments)),
            ..Forward::new(1, tokens.len())
        };
        Some(Self {
            ids: tensor_ids(&tokens, &device),
            how,
            kinds: tensor_ids(&kinds, &device),
        })
    }
}

/// A hash of a few numbers. The usual one, which withstands keys that somebody chose, took a twentieth of a judgement.
#[derive(Default)]
struct Numbers(u64);

impl Hasher for Numbers {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = mix(self.0 ^ u64::from(number));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
