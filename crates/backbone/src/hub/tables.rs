//! What transformers calls our parameters, architecture by architecture. The files are those of its 5.24.0, in
//! `src/transformers/models`: `albert/modeling_albert.py`, `bert/modeling_bert.py`, `deberta_v2/modeling_deberta_v2.py`,
//! `electra/modeling_electra.py`, `modernbert/modeling_modernbert.py`, `modernbert_decoder/modeling_modernbert_decoder.py`,
//! `roberta/modeling_roberta.py`. `tests/parity` holds both against each other.

use super::config::{ALBERT, BERT, DEBERTA, ELECTRA, Family, MODERNBERT, MODERNBERT_DECODER, ROBERTA};
use super::rows::Size::{
    Attention, Columns, Embedding, Hidden, One, Pair, Relative, Segments, Vocabulary, Width, Window,
};
use super::rows::{Row, dense, norm, projection, segments, table, vector};

/// A class of transformers.
#[derive(Debug)]
pub struct Architecture {
    /// Its name there.
    pub class: &'static str,
    /// Other classes with its tensors, and further ones that are left out when they are read.
    pub(super) also: &'static [&'static str],
    /// Whether its positions see only what is before them.
    pub causal: bool,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Below the folder of a model that is several networks.
    pub folder: Option<&'static str>,
    pub(super) family: &'static Family,
    pub(super) body: &'static Body,
    /// Before the names of the body.
    pub(super) root: &'static str,
    /// Whose blocks the body's are.
    pub(super) blocks: &'static str,
    /// What is put on the body, by whole names.
    pub(super) heads: &'static [Row],
    /// Further tensors that a file may have because one of these is the same.
    pub(super) tied: &'static [[&'static str; 2]],
    /// What begins like this has no place in an encoder, and is left out when it is read.
    pub(super) without: &'static [&'static str],
}

/// ELECTRA's generator has a norm of its own where it shares the tables alone.
const OWN_NORM: [&str; 2] = ["generator_norm", "encoder.norm"];

/// What the encoder and the head of ELECTRA's generator are called in a model that has an encoder beside it.
const OF_GENERATOR: [[&str; 2]; 3] = [
    ["encoder.blocks.", "generator.blocks."],
    ["encoder.project.", "generator_project."],
    ["head.", "generator_head."],
];

/// The name of a table of the encoder as it was trained, where the encoder reads with another: a generator beside a
/// discriminator that adds to its embeddings (He et al. 2023) has those without what is added.
pub fn as_trained(path: &str) -> String {
    format!("trained.{path}")
}

impl Architecture {
    /// The parameter that stands in the place of one of ours, if the model has it.
    pub(super) fn instead(&self, path: &str) -> Option<String> {
        let [own, of] = OWN_NORM;
        if self.blocks != "generator" {
            return None;
        }
        let end = path.strip_prefix(of).filter(|end| end.starts_with('.'));
        Some(end.map_or_else(|| as_trained(path), |end| format!("{own}{end}")))
    }

    /// What a parameter of an encoder is called here, where this is ELECTRA's generator and not the encoder itself.
    pub(super) fn of_encoder(&self, path: &str) -> Option<String> {
        self.renamed(path, |[ours, own]| [ours, own])
    }

    /// What a parameter is called in an encoder.
    pub(super) fn in_encoder(&self, path: &str) -> String {
        let renamed = self.renamed(path, |[ours, own]| [own, ours]);
        renamed.unwrap_or_else(|| path.to_owned())
    }

    fn renamed(&self, path: &str, way: fn([&'static str; 2]) -> [&'static str; 2]) -> Option<String> {
        let named = |[from, to]: [&str; 2]| Some(format!("{to}{}", path.strip_prefix(from)?));
        let names = OF_GENERATOR.iter().filter(|_| self.blocks == "generator");
        names.map(|names| way(*names)).find_map(named)
    }

    /// Parts that it may have and need not.
    pub(super) fn may_have(&self) -> &'static [&'static str] {
        match self.blocks {
            "generator" => &[OWN_NORM[0], "generator_project"],
            _ => &[],
        }
    }
}

impl PartialEq for Architecture {
    fn eq(&self, other: &Self) -> bool {
        (self.class, self.causal) == (other.class, other.causal)
    }
}

/// Embeddings and blocks.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) before: &'static [Row],
    /// What all blocks read, below their root.
    pub(super) beside: &'static [Row],
    /// Where its blocks are, `{}` for the number of one.
    pub(super) layers: &'static str,
    pub(super) block: &'static [Row],
    pub(super) after: &'static [Row],
}

const BERT_TOKENS: Row = table("encoder.tokens", &["embeddings.word_embeddings"], Vocabulary);
const BERT_POSITIONS: Row = table("encoder.positions", &["embeddings.position_embeddings"], Window);
const BERT_SEGMENTS: Row = segments("encoder.segments", &["embeddings.token_type_embeddings"]);
const BERT_NORM: Row = norm("encoder.norm", &["embeddings.LayerNorm"], Embedding);

const BERT_OUTPUT: Row = dense("output", &["attention.output.dense"], Width, Width);
const BERT_ATTENTION_NORM: Row = norm("attention_norm", &["attention.output.LayerNorm"], Width);
const BERT_UP: Row = dense("up", &["intermediate.dense"], Width, Columns);
const BERT_DOWN: Row = dense("down", &["output.dense"], Hidden, Width);
const BERT_SECOND_NORM: Row = norm("feed_forward_norm", &["output.LayerNorm"], Width);

const BERT_EMBEDDED: Body = Body {
    before: &[BERT_TOKENS, BERT_POSITIONS, BERT_SEGMENTS, BERT_NORM],
    beside: &[],
    layers: "encoder.layer.{}",
    block: &[
        dense(
            "qkv",
            &["attention.self.query", "attention.self.key", "attention.self.value"],
            Width,
            Attention,
        ),
        BERT_OUTPUT,
        BERT_ATTENTION_NORM,
        BERT_UP,
        BERT_DOWN,
        BERT_SECOND_NORM,
    ],
    after: &[],
};

static BERT_BODY: Body = BERT_EMBEDDED;

static ROBERTA_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        table("encoder.positions", &["embeddings.position_embeddings"], Window).behind_unused(),
        BERT_SEGMENTS,
        BERT_NORM,
    ],
    ..BERT_EMBEDDED
};

static ELECTRA_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        BERT_POSITIONS,
        BERT_SEGMENTS,
        BERT_NORM,
        dense("encoder.project", &["embeddings_project"], Embedding, Width).where_projected(),
    ],
    ..BERT_EMBEDDED
};

static ALBERT_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        BERT_POSITIONS,
        BERT_SEGMENTS,
        BERT_NORM,
        projection("encoder.project", &["encoder.embedding_hidden_mapping_in"]),
    ],
    beside: &[],
    layers: "encoder.albert_layer_groups.{}.albert_layers.0",
    block: &[
        dense(
            "qkv",
            &["attention.query", "attention.key", "attention.value"],
            Width,
            Attention,
        ),
        dense("output", &["attention.dense"], Width, Width),
        norm("attention_norm", &["attention.LayerNorm"], Width),
        dense("up", &["ffn"], Width, Columns),
        dense("down", &["ffn_output"], Hidden, Width),
        norm("feed_forward_norm", &["full_layer_layer_norm"], Width),
    ],
    after: &[],
};

static DEBERTA_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        BERT_POSITIONS.where_placed(),
        table("encoder.segments", &["embeddings.token_type_embeddings"], Segments).where_segmented(),
        BERT_NORM,
    ],
    beside: &[
        table("relative.table", &["encoder.rel_embeddings"], Relative),
        norm("relative.norm", &["encoder.LayerNorm"], Width),
    ],
    block: &[
        dense(
            "qkv",
            &[
                "attention.self.query_proj",
                "attention.self.key_proj",
                "attention.self.value_proj",
            ],
            Width,
            Attention,
        ),
        dense(
            "relative",
            &["attention.self.pos_query_proj", "attention.self.pos_key_proj"],
            Width,
            Pair,
        )
        .where_apart(),
        BERT_OUTPUT,
        BERT_ATTENTION_NORM,
        BERT_UP,
        BERT_DOWN,
        BERT_SECOND_NORM,
    ],
    ..BERT_EMBEDDED
};

const MODERNBERT_BEFORE: &[Row] = &[
    table("encoder.tokens", &["embeddings.tok_embeddings"], Vocabulary),
    norm("encoder.norm", &["embeddings.norm"], Embedding),
];
const MODERNBERT_OUTPUT: Row = dense("output", &["attn.Wo"], Width, Width);
// The first block's is the identity.
const MODERNBERT_NORM: Row = norm("attention_norm", &["attn_norm"], Width).above_first();
const MODERNBERT_UP: Row = dense("up", &["mlp.Wi"], Width, Columns);
const MODERNBERT_DOWN: Row = dense("down", &["mlp.Wo"], Hidden, Width);
const MODERNBERT_SECOND_NORM: Row = norm("feed_forward_norm", &["mlp_norm"], Width);
const MODERNBERT_AFTER: &[Row] = &[norm("encoder.final_norm", &["final_norm"], Width)];

static MODERNBERT_BODY: Body = Body {
    before: MODERNBERT_BEFORE,
    beside: &[],
    layers: "layers.{}",
    block: &[
        dense("qkv", &["attn.Wqkv"], Width, Attention),
        MODERNBERT_OUTPUT,
        MODERNBERT_NORM,
        MODERNBERT_UP,
        MODERNBERT_DOWN,
        MODERNBERT_SECOND_NORM,
    ],
    after: MODERNBERT_AFTER,
};

static MODERNBERT_DECODER_BODY: Body = Body {
    before: MODERNBERT_BEFORE,
    beside: &[],
    layers: "layers.{}",
    block: &[
        dense("qkv", &["attn.q_proj", "attn.k_proj", "attn.v_proj"], Width, Attention),
        MODERNBERT_OUTPUT,
        MODERNBERT_NORM,
        MODERNBERT_UP,
        MODERNBERT_DOWN,
        MODERNBERT_SECOND_NORM,
    ],
    after: MODERNBERT_AFTER,
};

const BERT_HEAD: &[Row] = &[
    dense("head.dense", &["cls.predictions.transform.dense"], Width, Embedding),
    norm("head.norm", &["cls.predictions.transform.LayerNorm"], Embedding),
    vector("head.bias", &["cls.predictions.bias"], Vocabulary),
];
const BERT_TIED: &[[&str; 2]] = &[
    [
        "cls.predictions.decoder.weight",
        "bert.embeddings.word_embeddings.weight",
    ],
    ["cls.predictions.decoder.bias", "cls.predictions.bias"],
];
/// A pooler and what stands on it, which no masked model of cloze has, and a buffer of older versions.
const BERT_WITHOUT: &[&str] = &["bert.pooler.", "cls.seq_relationship.", "bert.embeddings.position_ids"];
const DEBERTA_TIED: &[[&str; 2]] = &[
    [
        "cls.predictions.decoder.weight",
        "deberta.embeddings.word_embeddings.weight",
    ],
    ["cls.predictions.decoder.bias", "cls.predictions.bias"],
];
/// Absolute positions that the encoder does not read, a buffer, and the heads of the published checkpoints.
const DEBERTA_WITHOUT: &[&str] = &[
    "deberta.embeddings.position_embeddings.",
    "deberta.embeddings.position_ids",
    "lm_predictions.",
    "mask_predictions.",
];
const ELECTRA_WITHOUT: &[&str] = &["electra.embeddings.position_ids"];

/// Every class that cloze writes and reads.
pub static ARCHITECTURES: &[Architecture] = &[
    Architecture {
        class: "BertForMaskedLM",
        also: &["BertForPreTraining"],
        causal: false,
        what: "BERT with its masked-token head",
        folder: None,
        family: &BERT,
        body: &BERT_BODY,
        root: "bert.",
        blocks: "encoder",
        heads: BERT_HEAD,
        tied: BERT_TIED,
        without: BERT_WITHOUT,
    },
    Architecture {
        class: "BertLMHeadModel",
        also: &[],
        causal: true,
        what: "BERT as a decoder, with its head for the next token",
        folder: None,
        family: &BERT,
        body: &BERT_BODY,
        root: "bert.",
        blocks: "encoder",
        heads: BERT_HEAD,
        tied: BERT_TIED,
        without: BERT_WITHOUT,
    },
    Architecture {
        class: "AlbertForMaskedLM",
        also: &["AlbertForPreTraining"],
        causal: false,
        what: "ALBERT, whose layers share weights, with its masked-token head",
        folder: None,
        family: &ALBERT,
        body: &ALBERT_BODY,
        root: "albert.",
        blocks: "encoder",
        heads: &[
            dense("head.dense", &["predictions.dense"], Width, Embedding),
            norm("head.norm", &["predictions.LayerNorm"], Embedding),
            vector("head.bias", &["predictions.bias"], Vocabulary),
        ],
        tied: &[
            ["predictions.decoder.weight", "albert.embeddings.word_embeddings.weight"],
            ["predictions.decoder.bias", "predictions.bias"],
        ],
        without: &["albert.pooler.", "albert.embeddings.position_ids", "sop_classifier."],
    },
    Architecture {
        class: "RobertaForMaskedLM",
        also: &[],
        causal: false,
        what: "RoBERTa with its masked-token head",
        folder: None,
        family: &ROBERTA,
        body: &ROBERTA_BODY,
        root: "roberta.",
        blocks: "encoder",
        heads: &[
            dense("head.dense", &["lm_head.dense"], Width, Embedding),
            norm("head.norm", &["lm_head.layer_norm"], Embedding),
            vector("head.bias", &["lm_head.bias"], Vocabulary),
        ],
        tied: &[
            ["lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"],
            ["lm_head.decoder.bias", "lm_head.bias"],
        ],
        without: &["roberta.pooler.", "roberta.embeddings.position_ids"],
    },
    Architecture {
        class: "DebertaV2ForMaskedLM",
        also: &[],
        causal: false,
        what: "DeBERTa, with its masked-token head",
        folder: None,
        family: &DEBERTA,
        body: &DEBERTA_BODY,
        root: "deberta.",
        blocks: "encoder",
        heads: BERT_HEAD,
        tied: DEBERTA_TIED,
        without: DEBERTA_WITHOUT,
    },
    // Read as the one above.
    Architecture {
        class: "DebertaV2ForMaskedLM",
        also: &[],
        causal: false,
        what: "the generator of replaced-token detection",
        folder: Some("generator"),
        family: &DEBERTA,
        body: &DEBERTA_BODY,
        root: "deberta.",
        blocks: "generator",
        heads: &[
            dense(
                "generator_head.dense",
                &["cls.predictions.transform.dense"],
                Width,
                Embedding,
            ),
            norm(
                "generator_head.norm",
                &["cls.predictions.transform.LayerNorm"],
                Embedding,
            ),
            vector("generator_head.bias", &["cls.predictions.bias"], Vocabulary),
        ],
        tied: DEBERTA_TIED,
        without: DEBERTA_WITHOUT,
    },
    Architecture {
        class: "ElectraForPreTraining",
        also: &[],
        causal: false,
        what: "ELECTRA's discriminator",
        folder: None,
        family: &ELECTRA,
        body: &ELECTRA_BODY,
        root: "electra.",
        blocks: "encoder",
        heads: &[
            dense(
                "discriminator_dense",
                &["discriminator_predictions.dense"],
                Width,
                Width,
            ),
            dense(
                "discriminator_output",
                &["discriminator_predictions.dense_prediction"],
                Width,
                One,
            ),
        ],
        tied: &[],
        without: ELECTRA_WITHOUT,
    },
    Architecture {
        class: "ElectraForMaskedLM",
        also: &[],
        causal: false,
        what: "ELECTRA's generator",
        folder: Some("generator"),
        family: &ELECTRA,
        body: &BERT_BODY,
        root: "electra.",
        blocks: "generator",
        heads: &[
            dense("generator_project", &["electra.embeddings_project"], Embedding, Width).where_projected(),
            dense(
                "generator_head.dense",
                &["generator_predictions.dense"],
                Width,
                Embedding,
            ),
            norm("generator_head.norm", &["generator_predictions.LayerNorm"], Embedding),
            vector("generator_head.bias", &["generator_lm_head.bias"], Vocabulary),
        ],
        tied: &[["generator_lm_head.weight", "electra.embeddings.word_embeddings.weight"]],
        without: ELECTRA_WITHOUT,
    },
    Architecture {
        class: "ModernBertForMaskedLM",
        also: &[],
        causal: false,
        what: "ModernBERT with global attention and its masked-token head",
        folder: None,
        family: &MODERNBERT,
        body: &MODERNBERT_BODY,
        root: "model.",
        blocks: "encoder",
        heads: &[
            dense("head.dense", &["head.dense"], Width, Embedding),
            norm("head.norm", &["head.norm"], Embedding),
            vector("head.bias", &["decoder.bias"], Vocabulary),
        ],
        tied: MODERNBERT_TIED,
        without: &[],
    },
    Architecture {
        class: "ModernBertDecoderForCausalLM",
        also: &[],
        causal: true,
        what: "ModernBERT as a decoder with global attention, and its head for the next token",
        folder: None,
        family: &MODERNBERT_DECODER,
        body: &MODERNBERT_DECODER_BODY,
        root: "model.",
        blocks: "encoder",
        heads: &[
            dense("head.dense", &["lm_head.dense"], Width, Embedding),
            norm("head.norm", &["lm_head.norm"], Embedding),
            vector("head.bias", &["decoder.bias"], Vocabulary),
        ],
        tied: MODERNBERT_TIED,
        without: &[],
    },
    alone(
        "BertModel",
        false,
        &BERT,
        &BERT_BODY,
        &["pooler.", "embeddings.position_ids"],
    ),
    alone(
        "BertModel",
        true,
        &BERT,
        &BERT_BODY,
        &["pooler.", "embeddings.position_ids"],
    ),
    alone(
        "AlbertModel",
        false,
        &ALBERT,
        &ALBERT_BODY,
        &["pooler.", "embeddings.position_ids"],
    ),
    alone(
        "RobertaModel",
        false,
        &ROBERTA,
        &ROBERTA_BODY,
        &["pooler.", "embeddings.position_ids"],
    ),
    alone(
        "DebertaV2Model",
        false,
        &DEBERTA,
        &DEBERTA_BODY,
        &["embeddings.position_embeddings.", "embeddings.position_ids"],
    ),
    alone(
        "ElectraModel",
        false,
        &ELECTRA,
        &ELECTRA_BODY,
        &["embeddings.position_ids"],
    ),
    alone("ModernBertModel", false, &MODERNBERT, &MODERNBERT_BODY, &[]),
    alone(
        "ModernBertDecoderModel",
        true,
        &MODERNBERT_DECODER,
        &MODERNBERT_DECODER_BODY,
        &[],
    ),
];

const MODERNBERT_TIED: &[[&str; 2]] = &[["decoder.weight", "model.embeddings.tok_embeddings.weight"]];

/// An encoder without heads.
const fn alone(
    class: &'static str,
    causal: bool,
    family: &'static Family,
    body: &'static Body,
    without: &'static [&'static str],
) -> Architecture {
    Architecture {
        class,
        also: &[],
        causal,
        what: "the encoder alone",
        folder: None,
        family,
        body,
        root: "",
        blocks: "encoder",
        heads: &[],
        tied: &[],
        without,
    }
}
