//! What a `config.json` says of an encoder, and what it has to say.

use super::{Architecture, Network, Tokens};
use crate::block::ROTARY_BASE;
use crate::{Absolute, EncoderConfig, EncoderOptions, Precision, Preset};
use cloze_foundation::{Fault, Origin, Place, Result};
use cloze_options::{Member, Node, Options, Table, Words, Written};
use serde_json::{Map, Value, json};

/// Architectures whose configurations are alike.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) preset: Preset,
    model_type: &'static str,
    /// Rates of dropout, all of them the encoder's one rate.
    dropout: &'static [&'static str],
    /// What our encoders always have. A file that does not say means the same.
    fixed: &'static [(&'static str, Fixed)],
    /// Special tokens that are named.
    named: &'static [(&'static str, Role)],
    extra: Extra,
}

#[derive(Clone, Copy, Debug)]
enum Fixed {
    Word(&'static str),
    Number(f64),
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
    ("hidden_act", Fixed::Word("gelu")),
    ("position_embedding_type", Fixed::Word("absolute")),
    ("layer_norm_eps", Fixed::Number(1e-12)),
    ("add_cross_attention", Fixed::Flag(false)),
    ("tie_word_embeddings", Fixed::Flag(true)),
];
const BERT_DROPOUT: &[&str] = &["hidden_dropout_prob", "attention_probs_dropout_prob"];
const BERT_NAMED: &[(&str, Role)] = &[
    ("pad_token_id", Role::Pad),
    ("bos_token_id", Role::Start),
    ("eos_token_id", Role::End),
];
const DEBERTA_FIXED: &[(&str, Fixed)] = &[
    ("hidden_act", Fixed::Word("gelu")),
    ("layer_norm_eps", Fixed::Number(1e-7)),
    ("relative_attention", Fixed::Flag(true)),
    ("norm_rel_ebd", Fixed::Word("layer_norm")),
    ("conv_kernel_size", Fixed::Number(0.0)),
    ("legacy", Fixed::Flag(true)),
    ("tie_word_embeddings", Fixed::Flag(true)),
];
/// Both products with positions; files have them as a list, or as words with a bar between.
const PRODUCTS: [&str; 2] = ["p2c", "c2p"];
const MODERNBERT_FIXED: &[(&str, Fixed)] = &[
    ("hidden_activation", Fixed::Word("gelu")),
    ("classifier_activation", Fixed::Word("gelu")),
    ("norm_eps", Fixed::Number(1e-5)),
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
    fixed: BERT_FIXED,
    named: BERT_NAMED,
    extra: Extra::Bert,
};
const LIKE_MODERNBERT: Family = Family {
    preset: Preset::Modern,
    model_type: "modernbert",
    dropout: MODERNBERT_DROPOUT,
    fixed: MODERNBERT_FIXED,
    named: MODERNBERT_NAMED,
    extra: Extra::ModernBert,
};
pub(super) static BERT: Family = LIKE_BERT;
pub(super) static ELECTRA: Family = Family {
    model_type: "electra",
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
/// Ids of a vocabulary that is read; as of tokenizers.
const MOST_IDS: usize = 1 << 24;
const FULL: &str = "full_attention";
const ROTATIONS: [&str; 2] = [FULL, "sliding_attention"];

impl Family {
    /// Whether its embeddings and layers are like an encoder's.
    pub(super) fn holds(&self, config: &EncoderConfig) -> bool {
        let shares = config.blocks() < config.layers;
        if config.disentangled.is_some() != (self.extra == Extra::Deberta) {
            return false;
        }
        match self.extra {
            Extra::Bert | Extra::Deberta | Extra::ModernBert => !shares && !config.projects(),
            Extra::Electra => !shares,
            Extra::Albert => shares || config.projects(),
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
        "max_position_embeddings": blocks.window,
    });
    for (key, fixed) in family.fixed {
        config[*key] = match fixed {
            Fixed::Word(word) => json!(word),
            Fixed::Number(number) => json!(number),
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
        Extra::Bert | Extra::Electra | Extra::Albert => {
            config["type_vocab_size"] = json!(blocks.segments.max(FEWEST_SEGMENTS));
            config["is_decoder"] = json!(architecture.causal);
            if family.extra != Extra::Bert {
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
            config["layer_types"] = json!(vec![FULL; blocks.layers]);
            let rotation = json!({ "rope_type": "default", "rope_theta": ROTARY_BASE });
            config["rope_parameters"] = ROTATIONS
                .iter()
                .map(|kind| ((*kind).to_owned(), rotation.clone()))
                .collect();
            // As versions before 5 say it.
            config["global_attn_every_n_layers"] = json!(1);
            config["global_rope_theta"] = json!(ROTARY_BASE);
            config["local_rope_theta"] = json!(ROTARY_BASE);
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
    match family.extra {
        Extra::ModernBert => read.check_attention()?,
        Extra::Deberta => read.check_disentangled()?,
        Extra::Bert | Extra::Electra | Extra::Albert => {}
    }
    let mut blocks = read.blocks(architecture)?;
    let embedding = match family.extra {
        Extra::Electra | Extra::Albert => read.count("embedding_size", MOST_IDS)?,
        Extra::Bert | Extra::Deberta | Extra::ModernBert => blocks.width,
    };
    match family.extra {
        Extra::Bert | Extra::Electra | Extra::Albert => blocks.segments = read.count("type_vocab_size", MOST_IDS)?,
        Extra::Deberta => blocks.segments = read.segments()?,
        Extra::ModernBert => {}
    }
    let vocabulary = read.count("vocab_size", MOST_IDS)?;
    let mut tokens = Tokens {
        vocabulary,
        pad: 0,
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

/// A configuration, whose faults have their keys.
struct Reader(Map<String, Value>);

impl Reader {
    /// What is said under a key; `null` is nothing.
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn architecture(&self) -> Result<&'static Architecture> {
        let classes = self.get("architectures").and_then(Value::as_array);
        let class = classes.and_then(|classes| classes.first()).and_then(Value::as_str);
        let names: Vec<&str> = super::ARCHITECTURES.iter().map(|known| known.class).collect();
        let class = class.ok_or_else(|| {
            let fault = Fault::usage("it does not say of which class the model is");
            fault.at(Place::key("architectures")).allowed(&names)
        })?;
        let is_decoder = self.get("is_decoder").and_then(Value::as_bool).unwrap_or(false);
        let mut known = super::ARCHITECTURES
            .iter()
            .filter(|known| known.class == class)
            .peekable();
        if known.peek().is_none() {
            let fault = Fault::usage(format!("cloze does not read models of the class {class}"));
            let fault = fault.at(Place::key("architectures"));
            return Err(fault.allowed(&names).nearest(class, &names));
        }
        let says = |known: &&Architecture| known.family.extra == Extra::ModernBert || known.causal == is_decoder;
        known.find(says).ok_or_else(|| {
            let what = format!("{class} with is_decoder = {is_decoder} sees other positions than {class} does");
            Fault::usage(what)
                .at(Place::key("is_decoder"))
                .allowed([(!is_decoder).to_string()])
        })
    }

    /// What our encoders always have.
    fn check(&self, key: &str, fixed: Fixed) -> Result<()> {
        let Some(found) = self.get(key) else { return Ok(()) };
        let (is_same, wanted) = match fixed {
            Fixed::Word(word) => (found.as_str() == Some(word), word.to_owned()),
            Fixed::Number(number) => (found.as_f64() == Some(number), format!("{number:e}")),
            Fixed::Flag(flag) => (found.as_bool() == Some(flag), flag.to_string()),
        };
        if is_same {
            Ok(())
        } else {
            Err(other(key, found, [wanted]))
        }
    }

    /// Both products with positions; head and embedding widths that follow from the others.
    fn check_disentangled(&self) -> Result<()> {
        let empty = json!([]);
        let found = self.get("pos_att_type").unwrap_or(&empty);
        let mut products: Vec<&str> = match found {
            Value::String(words) => words.split('|').map(str::trim).collect(),
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        products.sort_unstable_by(|a, b| b.cmp(a));
        if products != PRODUCTS {
            return Err(other("pos_att_type", found, [PRODUCTS.join(" and ")]));
        }
        let width = self.count("hidden_size", usize::MAX >> 1)?;
        let heads = self.count("num_attention_heads", usize::MAX >> 1)?;
        for (key, wanted) in [("embedding_size", width), ("attention_head_size", width / heads)] {
            if let Some(found) = self.get(key).filter(|found| found.as_u64() != Some(wanted as u64)) {
                return Err(other(key, found, [wanted.to_string()]));
            }
        }
        Ok(())
    }

    /// Kinds of segments; none is one.
    fn segments(&self) -> Result<usize> {
        const KEY: &str = "type_vocab_size";
        match self.get(KEY).map(Value::as_u64) {
            None | Some(Some(0)) => Ok(1),
            Some(Some(1)) => Err(other(KEY, &json!(1), ["0", "2 or more"])),
            Some(_) => self.count(KEY, MOST_IDS),
        }
    }

    /// How positions are parts of attention, as an experiment would say it.
    fn disentangled(&self) -> Result<Table> {
        let mut written = Table::new();
        // Without buckets every distance has a row of its own, which the published models have for no window.
        let buckets = self.count("position_buckets", MOST_IDS)?;
        put(
            &mut written,
            "position_buckets",
            cloze_options::Value::Integer(buckets as i64),
        );
        // One that is not positive is the window.
        if let Some(most) = self
            .get("max_relative_positions")
            .filter(|most| most.as_i64().is_none_or(|most| most > 0))
        {
            let most = most
                .as_i64()
                .ok_or_else(|| other("max_relative_positions", most, ["a whole number"]))?;
            put(
                &mut written,
                "max_relative_positions",
                cloze_options::Value::Integer(most),
            );
        }
        let flag = |key: &str, usual: bool| match self.get(key) {
            None => Ok(usual),
            Some(found) => found.as_bool().ok_or_else(|| other(key, found, ["true", "false"])),
        };
        let shared = flag("share_att_key", false)?;
        put(&mut written, "shared_keys", cloze_options::Value::Boolean(shared));
        let absolute = match flag("position_biased_input", true)? {
            true => Absolute::Embeddings,
            false => Absolute::Nowhere,
        };
        put(
            &mut written,
            "absolute",
            cloze_options::Value::Text(absolute.name().to_owned()),
        );
        Ok(written)
    }

    /// Every block has to attend to all positions, with our base of rotations.
    fn check_attention(&self) -> Result<()> {
        match (self.get("layer_types"), self.get("global_attn_every_n_layers")) {
            (Some(Value::Array(kinds)), _) => {
                if let Some(kind) = kinds.iter().find(|kind| kind.as_str() != Some(FULL)) {
                    return Err(other("layer_types", kind, [format!("{FULL} in every layer")]));
                }
            }
            (Some(found), _) => return Err(other("layer_types", found, ["a list"])),
            (None, Some(every)) if every.as_u64() == Some(1) => {}
            (None, found) => {
                let every_third = json!(3);
                return Err(other(
                    "global_attn_every_n_layers",
                    found.unwrap_or(&every_third),
                    ["1"],
                ));
            }
        }
        let given = self
            .get("rope_parameters")
            .and_then(|kinds| kinds.get(FULL)?.get("rope_theta"));
        let published = json!(160_000.0);
        let base = given.or(self.get("global_rope_theta")).unwrap_or(&published);
        match base.as_f64() == Some(ROTARY_BASE) {
            true => Ok(()),
            false => Err(other("rope_parameters", base, [ROTARY_BASE.to_string()])),
        }
    }

    /// The blocks, within the ranges of what an experiment may ask for.
    fn blocks(&self, architecture: &Architecture) -> Result<EncoderConfig> {
        let family = architecture.family;
        let mut rates = Vec::new();
        for key in family.dropout {
            let usual = EncoderConfig::preset(family.preset, 2, 1, 2).dropout;
            let rate = self.get(key).map_or(Some(usual), Value::as_f64);
            rates.push(rate.ok_or_else(|| other(key, &self.0[*key], ["a rate"]))?);
        }
        if rates.iter().any(|rate| *rate != rates[0]) {
            let found = Value::from(rates);
            return Err(other(
                family.dropout[0],
                &found,
                [format!("one rate for {}", family.dropout.join(", "))],
            ));
        }
        let mut written = Table::new();
        let mut put = |key: &str, value| put(&mut written, key, value);
        put("preset", cloze_options::Value::Text(family.preset.name().to_owned()));
        put("dropout", cloze_options::Value::Float(rates[0]));
        if family.extra == Extra::Deberta {
            put("disentangled", cloze_options::Value::Table(self.disentangled()?));
        }
        let mut counts = vec![
            ("width", "hidden_size"),
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("feed_forward", "intermediate_size"),
            ("window", "max_position_embeddings"),
        ];
        let has_width = matches!(family.extra, Extra::Electra | Extra::Albert);
        if has_width && architecture.blocks == super::ENCODER {
            counts.push(("embedding_width", "embedding_size"));
        }
        if family.extra == Extra::Albert {
            counts.push(("layer_groups", "num_hidden_groups"));
            if let Some(found) = self.get("inner_group_num").filter(|count| count.as_u64() != Some(1)) {
                return Err(other("inner_group_num", found, ["1"]));
            }
        }
        for (ours, theirs) in counts {
            let count = self.count(theirs, usize::MAX >> 1)?;
            put(ours, cloze_options::Value::Integer(count as i64));
        }
        let node = Node {
            value: cloze_options::Value::Table(written),
            origin: Origin::Unknown,
        };
        let options = EncoderOptions::read(&Written::new(&node, "encoder"))?;
        Ok(EncoderConfig {
            precision: Precision::Float32,
            ..options.resolve()
        })
    }

    fn count(&self, key: &str, most: usize) -> Result<usize> {
        let Some(found) = self.get(key) else {
            return Err(Fault::usage(format!("`{key}` is missing")).at(Place::key(key)));
        };
        let count = found.as_u64().and_then(|count| usize::try_from(count).ok());
        count
            .filter(|count| (1..=most).contains(count))
            .ok_or_else(|| other(key, found, [format!("a whole number from 1 to {most}")]))
    }

    fn token(&self, key: &str, vocabulary: usize) -> Result<Option<u32>> {
        let Some(found) = self.get(key) else { return Ok(None) };
        let id = found.as_u64().filter(|id| *id < vocabulary as u64);
        let id = id.and_then(|id| u32::try_from(id).ok());
        id.map(Some)
            .ok_or_else(|| other(key, found, [format!("an id below {vocabulary}")]))
    }
}

/// A key of a table that nobody wrote.
fn put(table: &mut Table, key: &str, value: cloze_options::Value) {
    let (key_at, origin) = (Origin::Unknown, Origin::Unknown);
    let node = Node { value, origin };
    table.insert(key.to_owned(), Member { key: key_at, node });
}

/// A value that our encoder cannot have.
fn other<S: AsRef<str>>(key: &str, found: &Value, allowed: impl IntoIterator<Item = S>) -> Fault {
    let shown: String = found.to_string().chars().take(60).collect();
    let fault = Fault::usage(format!("`{key}` is {shown}, which cloze's encoder is not"));
    fault.at(Place::key(key)).allowed(allowed)
}
