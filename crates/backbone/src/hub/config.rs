//! What a `config.json` says of an encoder, and what it has to say.

mod reader;

use super::{Network, Tokens};
use crate::block::ROTARY_BASE;
use crate::{Absolute, EncoderConfig, Preset};
use cloze_foundation::{Fault, Result};
use reader::Reader;
use serde_json::{Value, json};

/// Architectures whose configurations are alike.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) preset: Preset,
    model_type: &'static str,
    /// Rates of dropout, all of them the encoder's one rate.
    dropout: &'static [&'static str],
    /// What is added to the variance in the norms.
    epsilon: &'static str,
    /// The activation, where it may be GELU's approximation.
    activation: Option<&'static str>,
    /// What our encoders always have. A file that does not say means the same.
    fixed: &'static [(&'static str, Fixed)],
    /// Special tokens that are named.
    named: &'static [(&'static str, Role)],
    extra: Extra,
}

#[derive(Clone, Copy, Debug)]
enum Fixed {
    Word(&'static str),
    Count(u64),
    Flag(bool),
}

#[derive(Clone, Copy, Debug)]
enum Role {
    Pad,
    Start,
    End,
}

/// What only some families say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    /// Segments, and whether it is a decoder.
    Bert,
    /// The same, and positions are counted from behind the padding token.
    Roberta,
    /// The same, and the width of the embeddings.
    Electra,
    /// That too, and groups of layers that share weights.
    Albert,
    /// Segments, where there are several, and how positions are parts of attention.
    Deberta,
    /// Which blocks attend to all positions, and the bases of rotations.
    ModernBert,
}

const BERT_FIXED: &[(&str, Fixed)] = &[
    ("position_embedding_type", Fixed::Word("absolute")),
    ("add_cross_attention", Fixed::Flag(false)),
    ("tie_word_embeddings", Fixed::Flag(true)),
];
/// Its discriminator has an activation of its own.
const ELECTRA_FIXED: &[(&str, Fixed)] = &[
    ("hidden_act", Fixed::Word("gelu")),
    BERT_FIXED[0],
    BERT_FIXED[1],
    BERT_FIXED[2],
];
const BERT_DROPOUT: &[&str] = &["hidden_dropout_prob", "attention_probs_dropout_prob"];
const BERT_NAMED: &[(&str, Role)] = &[
    ("pad_token_id", Role::Pad),
    ("bos_token_id", Role::Start),
    ("eos_token_id", Role::End),
];
const DEBERTA_FIXED: &[(&str, Fixed)] = &[
    ("relative_attention", Fixed::Flag(true)),
    ("norm_rel_ebd", Fixed::Word("layer_norm")),
    ("conv_kernel_size", Fixed::Count(0)),
    ("legacy", Fixed::Flag(true)),
    ("tie_word_embeddings", Fixed::Flag(true)),
];
/// Both products with positions; files have them as a list, or as words with a bar between.
const PRODUCTS: [&str; 2] = ["p2c", "c2p"];
const MODERNBERT_FIXED: &[(&str, Fixed)] = &[
    ("hidden_activation", Fixed::Word("gelu")),
    ("classifier_activation", Fixed::Word("gelu")),
    ("norm_bias", Fixed::Flag(false)),
    ("attention_bias", Fixed::Flag(false)),
    ("mlp_bias", Fixed::Flag(false)),
    ("classifier_bias", Fixed::Flag(false)),
    ("decoder_bias", Fixed::Flag(true)),
    ("tie_word_embeddings", Fixed::Flag(true)),
];
const MODERNBERT_DROPOUT: &[&str] = &["embedding_dropout", "attention_dropout", "mlp_dropout"];
const MODERNBERT_NAMED: &[(&str, Role)] = &[
    ("pad_token_id", Role::Pad),
    ("bos_token_id", Role::Start),
    ("eos_token_id", Role::End),
    ("cls_token_id", Role::Start),
    ("sep_token_id", Role::End),
];

const LIKE_BERT: Family = Family {
    preset: Preset::Bert,
    model_type: "bert",
    dropout: BERT_DROPOUT,
    epsilon: "layer_norm_eps",
    activation: Some("hidden_act"),
    fixed: BERT_FIXED,
    named: BERT_NAMED,
    extra: Extra::Bert,
};
const LIKE_MODERNBERT: Family = Family {
    preset: Preset::Modern,
    model_type: "modernbert",
    dropout: MODERNBERT_DROPOUT,
    epsilon: "norm_eps",
    activation: None,
    fixed: MODERNBERT_FIXED,
    named: MODERNBERT_NAMED,
    extra: Extra::ModernBert,
};
pub(super) static BERT: Family = LIKE_BERT;
pub(super) static ROBERTA: Family = Family {
    model_type: "roberta",
    extra: Extra::Roberta,
    ..LIKE_BERT
};
pub(super) static ELECTRA: Family = Family {
    model_type: "electra",
    activation: None,
    fixed: ELECTRA_FIXED,
    extra: Extra::Electra,
    ..LIKE_BERT
};
pub(super) static ALBERT: Family = Family {
    model_type: "albert",
    extra: Extra::Albert,
    ..LIKE_BERT
};
pub(super) static DEBERTA: Family = Family {
    model_type: "deberta-v2",
    fixed: DEBERTA_FIXED,
    extra: Extra::Deberta,
    ..LIKE_BERT
};
pub(super) static MODERNBERT: Family = LIKE_MODERNBERT;
pub(super) static MODERNBERT_DECODER: Family = Family {
    model_type: "modernbert-decoder",
    ..LIKE_MODERNBERT
};

/// Rows of the table of segments where there is one kind: tokenizers of pairs number two.
pub(super) const FEWEST_SEGMENTS: usize = 2;
/// What may be added to a variance.
const EPSILONS: std::ops::RangeInclusive<f64> = 1e-15..=0.1;
/// Ids of a vocabulary that is read; as of tokenizers.
const MOST_IDS: usize = 1 << 24;
const FULL: &str = "full_attention";
const SLIDING: &str = "sliding_attention";
/// Kinds of attention, and what its base of rotations is where a configuration does not say: the key and the value of versions
/// before 5 (transformers, `configuration_modernbert.py`).
const ROTATIONS: [(&str, &str, f64); 2] = [
    (FULL, "global_rope_theta", 160_000.0),
    (SLIDING, "local_rope_theta", ROTARY_BASE),
];
/// What else these configurations have where they do not say.
const EVERY: u64 = 3;
const LOCAL: usize = 128;
/// The activations that there are, and whether they are approximations.
const ACTIVATIONS: [(&str, bool); 3] = [("gelu", false), ("gelu_new", true), ("gelu_pytorch_tanh", true)];

impl Family {
    /// Whether models of ours are written as it.
    pub(super) fn is_written(&self) -> bool {
        self.extra != Extra::Roberta
    }

    /// The id of `[PAD]` where a configuration does not say.
    fn usual_pad(&self) -> u32 {
        u32::from(self.extra == Extra::Roberta)
    }

    /// Rows of the table of positions before that of the first position (transformers, `modeling_roberta.py`:
    /// `create_position_ids_from_input_ids`).
    pub(super) fn unused_positions(&self, pad: u32) -> usize {
        match self.extra {
            Extra::Roberta => pad as usize + 1,
            _ => 0,
        }
    }

    /// Whether its embeddings and layers are like an encoder's.
    pub(super) fn holds(&self, config: &EncoderConfig) -> bool {
        let shares = config.blocks() < config.layers;
        // Nor are its norms elsewhere: there is no table of names for Megatron-BERT.
        if config.pre_norm || config.disentangled.is_some() != (self.extra == Extra::Deberta) {
            return false;
        }
        match self.extra {
            Extra::Bert | Extra::Roberta | Extra::Deberta | Extra::ModernBert => !shares && !config.projects(),
            // Its heads have the exact activation, and say so by a key of their own.
            Extra::Electra => !shares && !config.approximates(),
            Extra::Albert => shares || config.projects(),
        }
    }

    /// Whether it has a place for an encoder whose layers share blocks, as a copy for each layer. ModernBERT has not: its first
    /// block has no norm before attention and all others have one.
    pub(super) fn copies(&self, config: &EncoderConfig) -> bool {
        let apart = EncoderConfig {
            layer_groups: None,
            ..config.clone()
        };
        self.extra != Extra::ModernBert && config.blocks() < config.layers && self.holds(&apart)
    }

    /// Our block that is the block number `layer` there, for as many as there are.
    pub(super) fn blocks(&self, config: &EncoderConfig) -> Vec<usize> {
        match self.extra {
            Extra::Albert => (0..config.blocks()).collect(),
            _ => (0..config.layers).map(|layer| config.block_of(layer)).collect(),
        }
    }
}

/// The configuration, with its keys in order.
pub(super) fn write(network: &Network) -> Value {
    let Network {
        architecture,
        blocks,
        embedding,
        tokens,
    } = network;
    let family = architecture.family;
    let mut config = json!({
        "architectures": [architecture.class],
        "model_type": family.model_type,
        "dtype": "float32",
        "initializer_range": crate::init::STANDARD_DEVIATION,
        "vocab_size": tokens.vocabulary,
        "hidden_size": blocks.width,
        "num_hidden_layers": blocks.layers,
        "num_attention_heads": blocks.heads,
        "intermediate_size": blocks.feed_forward,
        "max_position_embeddings": blocks.window + network.unused_positions(),
    });
    config[family.epsilon] = json!(blocks.epsilon());
    if let Some(key) = family.activation {
        config[key] = json!(ACTIVATIONS[usize::from(blocks.approximates())].0);
    }
    for (key, fixed) in family.fixed {
        config[*key] = match fixed {
            Fixed::Word(word) => json!(word),
            Fixed::Count(count) => json!(count),
            Fixed::Flag(flag) => json!(flag),
        };
    }
    for key in family.dropout {
        config[*key] = json!(blocks.dropout);
    }
    for (key, role) in family.named {
        config[*key] = json!(match role {
            Role::Pad => tokens.pad,
            Role::Start => tokens.start,
            Role::End => tokens.end,
        });
    }
    match family.extra {
        Extra::Bert | Extra::Roberta | Extra::Electra | Extra::Albert => {
            config["type_vocab_size"] = json!(blocks.segments.max(FEWEST_SEGMENTS));
            config["is_decoder"] = json!(architecture.causal);
            if matches!(family.extra, Extra::Electra | Extra::Albert) {
                config["embedding_size"] = json!(embedding);
            }
            if family.extra == Extra::Albert {
                config["num_hidden_groups"] = json!(blocks.blocks());
                config["inner_group_num"] = json!(1);
            }
        }
        Extra::Deberta => {
            config["type_vocab_size"] = json!(blocks.segment_rows());
            config["position_biased_input"] = json!(blocks.absolute() == Absolute::Embeddings);
            config["pos_att_type"] = json!(PRODUCTS);
            if let Some(disentangled) = &blocks.disentangled {
                config["position_buckets"] = json!(disentangled.position_buckets);
                config["max_relative_positions"] = json!(disentangled.max_relative_positions);
                config["share_att_key"] = json!(disentangled.shared_keys);
            }
        }
        Extra::ModernBert => {
            let full = blocks.rotary_base(0);
            let kinds = (0..blocks.layers).map(|layer| match blocks.rotary_base(layer) == full {
                true => FULL,
                false => SLIDING,
            });
            let kinds: Vec<&str> = kinds.collect();
            let sliding = kinds.iter().position(|kind| *kind == SLIDING);
            let bases = [full, blocks.rotary_base(sliding.unwrap_or(0))];
            config["rope_parameters"] = ROTATIONS
                .iter()
                .zip(bases)
                .map(|((kind, ..), base)| {
                    (
                        (*kind).to_owned(),
                        json!({ "rope_type": "default", "rope_theta": base }),
                    )
                })
                .collect();
            // As versions before 5 say it.
            for ((_, key, _), base) in ROTATIONS.iter().zip(bases) {
                config[*key] = json!(base);
            }
            match sliding {
                None => config["global_attn_every_n_layers"] = json!(1),
                Some(_) => config["local_attention"] = json!(2 * (blocks.window - 1)),
            }
            config["layer_types"] = json!(kinds);
        }
    }
    config
}

/// The network that a configuration is of.
///
/// # Errors
/// A class that is not known, a key that is missing or out of range, and what our encoder does not do, by its key.
pub(super) fn read(text: &str) -> Result<Network> {
    let value: Value = serde_json::from_str(text).map_err(|error| Fault::usage(format!("it is not JSON: {error}")))?;
    let Value::Object(map) = value else {
        return Err(Fault::usage("it is not a JSON object"));
    };
    let read = Reader(map);
    let architecture = read.architecture()?;
    let family = architecture.family;
    for (key, fixed) in family.fixed {
        read.check(key, *fixed)?;
    }
    if family.extra == Extra::Deberta {
        read.check_disentangled()?;
    }
    let mut blocks = read.blocks(architecture)?;
    blocks.variant = read.variant(family, &mut blocks)?;
    let embedding = match family.extra {
        Extra::Electra | Extra::Albert => read.count("embedding_size", MOST_IDS)?,
        Extra::Bert | Extra::Roberta | Extra::Deberta | Extra::ModernBert => blocks.width,
    };
    match family.extra {
        Extra::Bert | Extra::Roberta | Extra::Electra | Extra::Albert => {
            blocks.segments = read.count("type_vocab_size", MOST_IDS)?
        }
        Extra::Deberta => blocks.segments = read.segments()?,
        Extra::ModernBert => {}
    }
    let vocabulary = read.count("vocab_size", MOST_IDS)?;
    let mut tokens = Tokens {
        vocabulary,
        pad: family.usual_pad(),
        start: 0,
        end: 0,
    };
    for (key, role) in family.named {
        let Some(id) = read.token(key, vocabulary)? else {
            continue;
        };
        match role {
            Role::Pad => tokens.pad = id,
            Role::Start => tokens.start = id,
            Role::End => tokens.end = id,
        }
    }
    Ok(Network {
        architecture,
        blocks,
        embedding,
        tokens,
    })
}
