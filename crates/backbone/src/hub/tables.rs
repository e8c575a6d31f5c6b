//! What transformers calls our parameters, class by class (the bodies are in `bodies.rs`). The files are those of its 5.24.0, in
//! `src/transformers/models`: `albert/modeling_albert.py`, `bert/modeling_bert.py`, `deberta_v2/modeling_deberta_v2.py`,
//! `electra/modeling_electra.py`, `modernbert/modeling_modernbert.py`, `modernbert_decoder/modeling_modernbert_decoder.py`,
//! `roberta/modeling_roberta.py`. `tests/parity` holds both against each other.

use super::bodies::{
    ALBERT_BODY, BERT_BODY, Body, DEBERTA_BODY, ELECTRA_BODY, MODERNBERT_BODY, MODERNBERT_DECODER_BODY, ROBERTA_BODY,
};
use super::config::{ALBERT, BERT, DEBERTA, ELECTRA, Family, MODERNBERT, MODERNBERT_DECODER, ROBERTA};
use super::rows::Size::{Embedding, One, Two, Vocabulary, Width};
use super::rows::{Row, dense, norm, vector};

/// A class of transformers.
#[derive(Debug)]
pub struct Architecture {
    /// Its name there.
    pub class: &'static str,
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

/// Where the generator of a model that is several networks is, below its folder.
pub const GENERATOR: &str = "generator";

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

const BERT_HEAD: [Row; 3] = [
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
const BERT_BUFFER: &str = "bert.embeddings.position_ids";
/// A pooler and what stands on it, and a buffer of older versions.
const BERT_WITHOUT: &[&str] = &["bert.pooler.", "cls.seq_relationship.", BERT_BUFFER];
const ALBERT_HEAD: [Row; 3] = [
    dense("head.dense", &["predictions.dense"], Width, Embedding),
    norm("head.norm", &["predictions.LayerNorm"], Embedding),
    vector("head.bias", &["predictions.bias"], Vocabulary),
];
const ALBERT_TIED: &[[&str; 2]] = &[
    ["predictions.decoder.weight", "albert.embeddings.word_embeddings.weight"],
    ["predictions.decoder.bias", "predictions.bias"],
];
const ALBERT_BUFFER: &str = "albert.embeddings.position_ids";
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
        causal: false,
        what: "BERT with its masked-token head",
        folder: None,
        family: &BERT,
        body: &BERT_BODY,
        root: "bert.",
        blocks: "encoder",
        heads: &BERT_HEAD,
        tied: BERT_TIED,
        without: BERT_WITHOUT,
    },
    // Its answer 1 is that the second segment is another text's.
    Architecture {
        class: "BertForPreTraining",
        causal: false,
        what: "BERT with its masked-token head and its verdict on two segments",
        folder: None,
        family: &BERT,
        body: &BERT_BODY,
        root: "bert.",
        blocks: "encoder",
        heads: &[
            BERT_HEAD[0],
            BERT_HEAD[1],
            BERT_HEAD[2],
            dense("pooler", &["bert.pooler.dense"], Width, Width),
            dense("verdict", &["cls.seq_relationship"], Width, Two),
        ],
        tied: BERT_TIED,
        without: &[BERT_BUFFER],
    },
    Architecture {
        class: "BertLMHeadModel",
        causal: true,
        what: "BERT as a decoder, with its head for the next token",
        folder: None,
        family: &BERT,
        body: &BERT_BODY,
        root: "bert.",
        blocks: "encoder",
        heads: &BERT_HEAD,
        tied: BERT_TIED,
        without: BERT_WITHOUT,
    },
    Architecture {
        class: "AlbertForMaskedLM",
        causal: false,
        what: "ALBERT, whose layers share weights, with its masked-token head",
        folder: None,
        family: &ALBERT,
        body: &ALBERT_BODY,
        root: "albert.",
        blocks: "encoder",
        heads: &ALBERT_HEAD,
        tied: ALBERT_TIED,
        without: &["albert.pooler.", "sop_classifier.", ALBERT_BUFFER],
    },
    // Its answer 1 is that the segments are swapped.
    Architecture {
        class: "AlbertForPreTraining",
        causal: false,
        what: "ALBERT with its masked-token head and its verdict on the order of two segments",
        folder: None,
        family: &ALBERT,
        body: &ALBERT_BODY,
        root: "albert.",
        blocks: "encoder",
        heads: &[
            ALBERT_HEAD[0],
            ALBERT_HEAD[1],
            ALBERT_HEAD[2],
            dense("pooler", &["albert.pooler"], Width, Width),
            dense("verdict", &["sop_classifier.classifier"], Width, Two),
        ],
        tied: ALBERT_TIED,
        without: &[ALBERT_BUFFER],
    },
    Architecture {
        class: "RobertaForMaskedLM",
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
        causal: false,
        what: "DeBERTa, with its masked-token head",
        folder: None,
        family: &DEBERTA,
        body: &DEBERTA_BODY,
        root: "deberta.",
        blocks: "encoder",
        heads: &BERT_HEAD,
        tied: DEBERTA_TIED,
        without: DEBERTA_WITHOUT,
    },
    // Read as the one above.
    Architecture {
        class: "DebertaV2ForMaskedLM",
        causal: false,
        what: "the generator of replaced-token detection",
        folder: Some(GENERATOR),
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
        causal: false,
        what: "ELECTRA's generator",
        folder: Some(GENERATOR),
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
