//! Relative positions as parts of attention (He et al. 2021, DeBERTa; He et al. 2023, DeBERTaV3): what is configured, and the
//! table that all blocks read.

use crate::init::STANDARD_DEVIATION;
use crate::{EncoderConfig, Init, LayerNorm};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use cloze_foundation::{Fault, Place, Result};
use cloze_kernels::{Positions, Relative};
use cloze_options::{options, words};
use serde::{Deserialize, Serialize};

words! {
    /// Where an encoder that knows how far apart tokens are is told where they stand.
    pub enum Absolute {
        /// Nowhere (the published encoders of DeBERTaV3).
        Nowhere = "none",
        /// In the embeddings, as BERT is (`position_biased_input`).
        Embeddings = "embeddings",
        /// Only before a token is predicted: the enhanced mask decoder (He et al. 2021, section 3.2).
        Decoder = "decoder",
    }
}

/// The fewest buckets: two exact distances on either side, and one step beyond them.
const FEWEST: usize = 4;

options! {
    /// Attention by content and by relative position.
    #[derive(Copy)]
    pub struct DisentangledOptions {
        /// S, buckets of distances on either side: half of them are of one distance each, the others grow with its logarithm.
        pub position_buckets: Option<usize> = None, from(FEWEST as f64).to(8192) => "half of the window, as published";
        /// The distance beyond which all are alike.
        pub max_relative_positions: Option<usize> = None, from(FEWEST as f64).to(8192) => "the window";
        /// Whether positions are projected by the matrices of the content's queries and keys (`share_att_key`), and not by their own.
        pub shared_keys: bool = true;
        /// Where absolute positions enter.
        pub absolute: Absolute = Absolute::Nowhere;
    }
}

/// Disentangled attention, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disentangled {
    /// S.
    pub position_buckets: usize,
    /// The distance beyond which all are alike.
    pub max_relative_positions: usize,
    /// Whether positions are projected as the content is.
    pub shared_keys: bool,
    /// Where absolute positions enter.
    pub absolute: Absolute,
}

impl DisentangledOptions {
    /// For windows of so many positions. A farthest distance that no bucket depends on is the window.
    pub(crate) fn resolve(&self, window: usize) -> Disentangled {
        let position_buckets = self.position_buckets.unwrap_or((window / 2).max(FEWEST));
        let matters = window > position_buckets / 2 + 1;
        Disentangled {
            position_buckets,
            max_relative_positions: self.max_relative_positions.filter(|_| matters).unwrap_or(window),
            shared_keys: self.shared_keys,
            absolute: self.absolute,
        }
    }

    /// Checks that there are no more buckets than distances, and that they reach beyond the exact ones.
    pub(crate) fn fits(&self, window: usize) -> Result<()> {
        let most = window.max(FEWEST);
        if let Some(buckets) = self.position_buckets.filter(|buckets| *buckets > most) {
            let what = format!("{buckets} buckets on either side are more than the {window} positions of a window");
            return Err(Fault::usage(what)
                .at(Place::key("disentangled.position_buckets"))
                .allowed([format!("{FEWEST} to {most}")])
                .remedy("or lengthen encoder.window"));
        }
        let resolved = self.resolve(window);
        let exact = resolved.position_buckets / 2;
        if resolved.max_relative_positions > exact + 1 || window <= exact + 1 {
            return Ok(());
        }
        let what = format!(
            "a farthest distance of {} is not beyond the {exact} that have buckets of their own",
            resolved.max_relative_positions
        );
        Err(Fault::usage(what)
            .at(Place::key("disentangled.max_relative_positions"))
            .allowed([format!("{} or more", exact + 2)])
            .remedy("or fewer encoder.disentangled.position_buckets"))
    }
}

impl Disentangled {
    /// Which row of the table is for which distance.
    pub(crate) fn relative(&self, positions: Positions) -> Relative {
        Relative {
            buckets: self.position_buckets,
            farthest: self.max_relative_positions,
            positions,
        }
    }

    /// The same where nobody decodes.
    pub fn without_decoder(self) -> Self {
        match self.absolute {
            Absolute::Decoder => Self {
                absolute: Absolute::Nowhere,
                ..self
            },
            Absolute::Nowhere | Absolute::Embeddings => self,
        }
    }

    /// Rows of the table.
    pub fn rows(&self) -> usize {
        2 * self.position_buckets
    }

    /// R: rows that a window of so many positions asks for.
    pub fn asked(&self, length: usize) -> usize {
        self.relative(Positions::Counted(length)).within(length).len()
    }
}

/// The table of relative positions and its norm (`norm_rel_ebd` of the published configurations).
#[derive(Module, Debug)]
pub(crate) struct RelativePositions {
    /// `[2 S, D]`.
    table: Param<Tensor<2>>,
    norm: LayerNorm,
}

impl RelativePositions {
    /// That of an encoder, if its attention is disentangled.
    pub(crate) fn of(config: &EncoderConfig, init: &Init) -> Option<Self> {
        let rows = config.disentangled?.rows();
        let init = init.at("relative");
        Some(Self {
            table: init.normal("table", [rows, config.width], STANDARD_DEVIATION),
            norm: LayerNorm::of(config, config.width, &init.at("norm")),
        })
    }

    /// # Shapes
    /// - result: `[2 S, D]`
    pub(crate) fn normed(&self) -> Tensor<2> {
        self.norm.forward(self.table.val())
    }
}
