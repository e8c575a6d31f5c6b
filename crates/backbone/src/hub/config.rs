//! What a `config.json` says of an encoder, and what it has to say.

use super::{Architecture, Network, Tokens};
use crate::block::ROTARY_BASE;
use crate::{Absolute, EncoderConfig, EncoderOptions, Precision, Preset, Variant};
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
        if config.disentangled.is_some() != (self.extra == Extra::Deberta) {
            return false;
        }
        match self.extra {
            Extra::Bert | Extra::Roberta | Extra::Deberta | Extra::ModernBert => !shares && !config.projects(),
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
            .filter(|known| known.class == class || known.also.contains(&class))
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
            Fixed::Count(count) => (found.as_f64() == Some(count as f64), count.to_string()),
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

    /// In what the encoder differs from its preset, if it does. Where some layers attend to near positions alone, the window is
    /// shortened to what those see whole.
    fn variant(&self, family: &Family, blocks: &mut EncoderConfig) -> Result<Option<Variant>> {
        let usual = blocks.epsilon();
        let epsilon = self.get(family.epsilon);
        let approximate = match family.activation.and_then(|key| Some((key, self.get(key)?))) {
            None => false,
            Some((key, found)) => {
                let known = ACTIVATIONS.iter().find(|(name, _)| found.as_str() == Some(name));
                let known = known.ok_or_else(|| other(key, found, ACTIVATIONS.map(|(name, _)| name)))?;
                known.1
            }
        };
        let bases = match family.extra {
            Extra::ModernBert => self.rotations(blocks)?,
            _ => Vec::new(),
        };
        let variant = Variant {
            epsilon: match epsilon {
                None => usual,
                Some(found) => found
                    .as_f64()
                    .filter(|epsilon| EPSILONS.contains(epsilon))
                    .ok_or_else(|| other(family.epsilon, found, ["a number from 1e-15 to 0.1"]))?,
            },
            approximate,
            bases,
        };
        let is_usual =
            variant.epsilon == usual && !approximate && variant.bases.iter().all(|base| *base == ROTARY_BASE);
        Ok((!is_usual).then_some(variant))
    }

    /// The base of rotations of every layer.
    fn rotations(&self, blocks: &mut EncoderConfig) -> Result<Vec<f64>> {
        let every = match self.get("global_attn_every_n_layers") {
            Some(found) => match found.as_u64() {
                Some(every) if every > 0 => every,
                _ => return Err(other("global_attn_every_n_layers", found, ["a whole number from 1"])),
            },
            None => EVERY,
        };
        let by_turns = |layer: u64| if layer.is_multiple_of(every) { FULL } else { SLIDING };
        let kinds: Vec<&str> = match self.get("layer_types") {
            Some(Value::Array(kinds)) if kinds.len() == blocks.layers => {
                let known = |kind: &Value| {
                    let known = [FULL, SLIDING].into_iter().find(|known| kind.as_str() == Some(known));
                    known.ok_or_else(|| other("layer_types", kind, [FULL, SLIDING]))
                };
                kinds.iter().map(known).collect::<Result<_>>()?
            }
            Some(found) => return Err(other("layer_types", found, ["a list of as many as there are layers"])),
            None => (0..blocks.layers as u64).map(by_turns).collect(),
        };
        if kinds.contains(&SLIDING) {
            // It sees half of it on each side (`modeling_modernbert.py`: `sliding_window`).
            let near = match self.get("local_attention") {
                Some(_) => self.count("local_attention", MOST_IDS)?,
                None => LOCAL,
            };
            blocks.window = blocks.window.min(near / 2 + 1).max(2);
        }
        kinds.into_iter().map(|kind| self.rotary_base(kind)).collect()
    }

    fn rotary_base(&self, kind: &str) -> Result<f64> {
        let parameters = self.get("rope_parameters").and_then(|kinds| kinds.get(kind));
        let rotations = parameters.and_then(|parameters| parameters.get("rope_type"));
        if let Some(found) = rotations.filter(|found| found.as_str() != Some("default")) {
            return Err(other("rope_parameters", found, ["rope_type = \"default\""]));
        }
        let (key, published) = match ROTATIONS.iter().find(|(known, ..)| *known == kind) {
            Some((_, key, published)) => (*key, *published),
            None => ("rope_parameters", ROTARY_BASE),
        };
        let given = parameters.and_then(|parameters| parameters.get("rope_theta"));
        match given.or(self.get(key)) {
            None => Ok(published),
            Some(found) => found
                .as_f64()
                .filter(|base| (1.0..1e12).contains(base))
                .ok_or_else(|| other(key, found, ["a base from 1 to 1e12"])),
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
            let mut count = self.count(theirs, usize::MAX >> 1)?;
            if ours == "window" {
                count = count.saturating_sub(self.unused_positions(family)?);
            }
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

    fn unused_positions(&self, family: &Family) -> Result<usize> {
        let pad = self.token("pad_token_id", MOST_IDS)?;
        Ok(family.unused_positions(pad.unwrap_or(family.usual_pad())))
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
