//! Which classes of transformers a model of ours is.

use super::config::Family;
use super::{ARCHITECTURES, Architecture, ENCODER};
use crate::{Absolute, EncoderConfig, Preset};
use cloze_foundation::{Fault, Result};
use cloze_kernels::Visibility;
use cloze_options::Words;
use std::collections::BTreeSet;

/// Parts that have no counterpart on an encoder of a preset, and why.
const REASONS: &[(Preset, &str, &str)] = &[
    (
        Preset::Bert,
        "discriminator_dense",
        "ELECTRA's classes have it on an encoder with the exact GELU alone, and without DeBERTa's attention",
    ),
    (
        Preset::Modern,
        "discriminator_dense",
        "transformers has no model of ModernBERT with a discriminator's head",
    ),
    (
        Preset::Modern,
        "generator",
        "the generator's first block has a norm before attention, and ModernBERT's first block has none",
    ),
];

/// Parts that only training uses: a class that has no place for them answers without.
const OF_TRAINING: &[(&str, &str)] = &[
    (
        "boundary",
        "SpanBERT's head for tokens between boundaries, which the published checkpoints leave out too",
    ),
    (
        "added_positions",
        "what the discriminator adds to its positions, which is in them",
    ),
    (
        "added_tokens",
        "what the discriminator adds to its tokens, which is in them",
    ),
    (
        "discriminator",
        "DeBERTaV3's verdict on every token, which transformers has no class for",
    ),
    ("norm", "the norm below that verdict"),
    ("pooler", "what the verdict on two segments reads"),
    ("verdict", "whether two segments belong together"),
];

/// What of a model these classes leave out, and why.
pub fn left_out<'a>(
    classes: &[&Architecture],
    paths: impl IntoIterator<Item = &'a str>,
) -> Vec<(&'static str, &'static str)> {
    let parts = parts_of(paths);
    let is_placed = |part: &str| classes.iter().any(|class| class.parts().contains(part));
    let left = OF_TRAINING
        .iter()
        .filter(|(part, _)| parts.contains(part) && !is_placed(part));
    left.copied().collect()
}

/// The parts that parameters are of: `head` of `head.dense.weight`.
fn parts_of<'a>(paths: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    paths.into_iter().filter_map(|path| path.split('.').next()).collect()
}

/// The classes whose networks are together a model with these parameters, the one that evaluations ask first. With `alone`
/// it is the encoder's class. Layers that share a block are that to ALBERT's classes; where these have no place for the model,
/// each layer has a copy of its block in another class.
///
/// # Errors
/// A part of the model, or a law of who sees whom, that has no counterpart, by name.
pub fn of<'a>(
    config: &EncoderConfig,
    visibility: &Visibility,
    paths: impl IntoIterator<Item = &'a str>,
    alone: bool,
) -> Result<Vec<&'static Architecture>> {
    let parts = parts_of(paths);
    let exact = of_parts(config, visibility, parts.clone(), alone, Family::holds);
    exact.or_else(|fault| {
        let has_copies = ARCHITECTURES.iter().any(|one| one.family.copies(config));
        of_parts(config, visibility, parts, alone, Family::copies)
            .map_err(|of_copies| if has_copies && !alone { of_copies } else { fault })
    })
}

/// The same by one meaning of what a family has a place for.
fn of_parts(
    config: &EncoderConfig,
    visibility: &Visibility,
    parts: BTreeSet<&str>,
    alone: bool,
    places: fn(&Family, &EncoderConfig) -> bool,
) -> Result<Vec<&'static Architecture>> {
    let preset = config.preset;
    let causal = match visibility {
        Visibility::Bidirectional => false,
        Visibility::Causal => true,
        Visibility::Ranked(_) => {
            let what =
                "transformers has no encoder of this preset whose positions see what this model's see: they are ranked";
            return Err(Fault::usage(what).allowed(["all positions", "those before it"]));
        }
    };
    let known = |architecture: &&Architecture| {
        let sees = architecture.causal == causal || architecture.blocks != ENCODER;
        let family = architecture.family;
        family.is_written() && family.preset == preset && sees && places(family, config)
    };
    if config.pre_norm {
        let what = "no class that cloze writes has its norms before attention and feed-forward and none on embeddings";
        return Err(Fault::usage(what).remedy("train a `bert` without `pre_norm`, or `modern`, to export one"));
    }
    if config.embedding_residual {
        let what = "no class of transformers reads embeddings before later layers";
        return Err(Fault::usage(what).remedy("train an encoder without `embedding_residual` to export one"));
    }
    if config.value_embeddings {
        let what = "no class of transformers that cloze writes has a table of tokens beside the values of attention";
        return Err(Fault::usage(what).remedy("train an encoder without `value_embeddings` to export one"));
    }
    let has_logits = ["head", "generator_head"].iter().any(|head| parts.contains(head));
    if config.logit_cap.is_some() && has_logits && !alone {
        let what = "no class that cloze writes caps the logits of its head";
        return Err(Fault::usage(what).remedy("train a model without `logit_cap` to export one with its head"));
    }
    if !ARCHITECTURES.iter().any(|one| one.blocks == ENCODER && known(&one)) {
        // BERT's layers that share a block are copies in its classes; ModernBERT has none for them.
        let unknown = [
            (config.disentangled.is_some(), "disentangled attention"),
            (
                preset == Preset::Modern && config.layer_groups.is_some(),
                "layers that share a block",
            ),
            (config.embedding_width.is_some(), "projected embeddings"),
        ];
        let unknown: Vec<&str> = unknown
            .into_iter()
            .filter_map(|(has, what)| has.then_some(what))
            .collect();
        let what = format!(
            "transformers has no {} `{}` encoder with {}",
            if causal { "causal" } else { "bidirectional" },
            preset.name(),
            unknown.join(" and ")
        );
        return Err(
            Fault::usage(what).remedy("nor has it a class for the encoder alone: train another encoder to export one")
        );
    }
    let heads = ARCHITECTURES
        .iter()
        .filter(known)
        .filter(|known| !known.heads.is_empty());
    let of_training = |part: &str| {
        OF_TRAINING.iter().any(|(own, _)| *own == part) && !heads.clone().any(|class| class.parts().contains(part))
    };
    let parts: BTreeSet<&str> = parts
        .into_iter()
        .filter(|part| *part != ENCODER && !of_training(part))
        .collect();
    let encoder = || {
        let found = ARCHITECTURES.iter().filter(known).find(|known| known.heads.is_empty());
        found.ok_or_else(|| Fault::usage("transformers has no such encoder"))
    };
    if alone || parts.is_empty() {
        return Ok(vec![encoder()?]);
    }
    if config.absolute() == Absolute::Decoder {
        let what =
            "transformers predicts tokens without an enhanced mask decoder, which this model's head is trained on";
        return Err(Fault::usage(what));
    }
    let of_parts = heads.clone().filter(|architecture| {
        let mut own = architecture.parts();
        architecture.may_have().iter().for_each(|part| _ = own.remove(part));
        own.is_subset(&parts)
    });
    let mut of_parts: Vec<&'static Architecture> = of_parts.collect();
    // A class all of whose heads another one has beside further ones says less of the same blocks.
    let all = of_parts.clone();
    of_parts.retain(|one| !all.iter().any(|other| one.is_within(other)));
    let placed = of_parts
        .iter()
        .flat_map(|found| found.parts().into_iter().chain(found.may_have().iter().copied()));
    let placed: BTreeSet<&str> = placed.collect();
    let left: Vec<&str> = parts.difference(&placed).copied().collect();
    if left.is_empty() {
        // Where no head is the encoder's own, it stands alone beside its helper.
        if of_parts.iter().all(|found| found.folder.is_some()) {
            of_parts.insert(0, encoder()?);
        }
        return Ok(of_parts);
    }
    let reasons = REASONS
        .iter()
        .filter(|(of, part, _)| *of == preset && left.contains(part));
    let reasons: Vec<&str> = reasons.map(|(.., why)| *why).collect();
    let have = if left.len() == 1 { "has" } else { "have" };
    let mut what = format!("`{}` {have} no counterpart in transformers", left.join("`, `"));
    let classes: BTreeSet<&str> = heads.map(|known| known.class).collect();
    what = match reasons.is_empty() {
        true => format!("{what}: of this encoder it has no class with such a part"),
        false => format!("{what}: {}", reasons.join("; ")),
    };
    Err(Fault::usage(what).allowed(classes))
}

impl Architecture {
    /// Whether another class is made of all of its parts and of further ones.
    fn is_within(&self, other: &Self) -> bool {
        let (own, others) = (self.parts(), other.parts());
        own.len() < others.len() && own.is_subset(&others)
    }

    /// Whether a model of it has this part, by its path in an encoder with heads: `head`, `verdict`.
    pub fn has(&self, part: &str) -> bool {
        let mut parts = self.parts().into_iter();
        parts.any(|own| self.in_encoder(&format!("{own}.")) == format!("{part}."))
    }

    /// The parts of a model that it is made of, the encoder left out.
    fn parts(&self) -> BTreeSet<&'static str> {
        let heads = self.heads.iter().map(super::rows::Row::part);
        heads.chain([self.blocks]).filter(|part| *part != ENCODER).collect()
    }
}
