//! The embeddings and blocks of each architecture, as transformers calls them: the same for all classes of a model.

use super::rows::Size::{Attention, Columns, Embedding, Hidden, Pair, Relative, Segments, Vocabulary, Width, Window};
use super::rows::{Row, dense, norm, projection, segments, table};

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

pub(super) static BERT_BODY: Body = BERT_EMBEDDED;

pub(super) static ROBERTA_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        table("encoder.positions", &["embeddings.position_embeddings"], Window).behind_unused(),
        BERT_SEGMENTS,
        BERT_NORM,
    ],
    ..BERT_EMBEDDED
};

pub(super) static ELECTRA_BODY: Body = Body {
    before: &[
        BERT_TOKENS,
        BERT_POSITIONS,
        BERT_SEGMENTS,
        BERT_NORM,
        dense("encoder.project", &["embeddings_project"], Embedding, Width).where_projected(),
    ],
    ..BERT_EMBEDDED
};

pub(super) static ALBERT_BODY: Body = Body {
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

pub(super) static DEBERTA_BODY: Body = Body {
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
const MODERNBERT_AFTER: &[Row] = &[norm("encoder.final_norm", &["final_norm"], Width)];
const MODERNBERT_BLOCK: [Row; 6] = modernbert_block(&["attn.Wqkv"]);
const MODERNBERT_DECODER_BLOCK: [Row; 6] = modernbert_block(&["attn.q_proj", "attn.k_proj", "attn.v_proj"]);

pub(super) static MODERNBERT_BODY: Body = modernbert(&MODERNBERT_BLOCK);
pub(super) static MODERNBERT_DECODER_BODY: Body = modernbert(&MODERNBERT_DECODER_BLOCK);

/// The decoder has its queries, keys and values in three matrices, and all else as the encoder has it.
const fn modernbert_block(attention: &'static [&'static str]) -> [Row; 6] {
    [
        dense("qkv", attention, Width, Attention),
        dense("output", &["attn.Wo"], Width, Width),
        // The first block's is the identity.
        norm("attention_norm", &["attn_norm"], Width).above_first(),
        dense("up", &["mlp.Wi"], Width, Columns),
        dense("down", &["mlp.Wo"], Hidden, Width),
        norm("feed_forward_norm", &["mlp_norm"], Width),
    ]
}

const fn modernbert(block: &'static [Row]) -> Body {
    Body {
        before: MODERNBERT_BEFORE,
        beside: &[],
        layers: "layers.{}",
        block,
        after: MODERNBERT_AFTER,
    }
}
