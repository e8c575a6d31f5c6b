//! What a configuration says, key by key.

use super::{ACTIVATIONS, EPSILONS, EVERY, FULL, LOCAL, MOST_IDS, PRODUCTS, ROTATIONS, SLIDING};
use super::{Extra, Family, Fixed};
use crate::block::ROTARY_BASE;
use crate::hub::{ARCHITECTURES, Architecture, ENCODER};
use crate::{Absolute, EncoderConfig, EncoderOptions, Precision, Variant};
use cloze_foundation::{Fault, Origin, Place, Result};
use cloze_options::{Member, Node, Options, Table, Words, Written};
use serde_json::{Map, Value, json};

/// How transformers calls models with the head of a task.
const TUNED: [&str; 4] = [
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
];

/// A configuration, whose faults have their keys.
pub(super) struct Reader(pub(super) Map<String, Value>);

impl Reader {
    /// What is said under a key; `null` is nothing.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn architecture(&self) -> Result<&'static Architecture> {
        let classes = self.get("architectures").and_then(Value::as_array);
        let class = classes.and_then(|classes| classes.first()).and_then(Value::as_str);
        let mut names: Vec<&str> = ARCHITECTURES.iter().map(|known| known.class).collect();
        names.sort_unstable();
        names.dedup();
        let class = class.ok_or_else(|| {
            let fault = Fault::usage("it does not say of which class the model is");
            fault.at(Place::key("architectures")).allowed(&names)
        })?;
        let is_decoder = self.get("is_decoder").and_then(Value::as_bool).unwrap_or(false);
        let mut known = ARCHITECTURES.iter().filter(|known| known.class == class).peekable();
        if known.peek().is_none() {
            let fault = Fault::usage(format!("cloze does not read models of the class {class}"));
            let fault = fault.at(Place::key("architectures"));
            let fault = fault.allowed(&names).nearest(class, &names);
            return Err(match TUNED.iter().any(|task| class.ends_with(task)) {
                true => fault
                    .remedy("`model.base_model.save_pretrained(folder)` writes the encoder without the head of a task"),
                false => fault,
            });
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
    pub(super) fn check(&self, key: &str, fixed: Fixed) -> Result<()> {
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
    pub(super) fn check_disentangled(&self) -> Result<()> {
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
    pub(super) fn segments(&self) -> Result<usize> {
        const KEY: &str = "type_vocab_size";
        match self.get(KEY).map(Value::as_u64) {
            None | Some(Some(0)) => Ok(1),
            Some(Some(1)) => Err(other(KEY, &json!(1), ["0", "2 or more"])),
            Some(_) => self.count(KEY, MOST_IDS),
        }
    }

    /// How positions are parts of attention, as an experiment would say it.
    pub(super) fn disentangled(&self) -> Result<Table> {
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
    pub(super) fn variant(&self, family: &Family, blocks: &mut EncoderConfig) -> Result<Option<Variant>> {
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
    pub(super) fn rotations(&self, blocks: &mut EncoderConfig) -> Result<Vec<f64>> {
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

    pub(super) fn rotary_base(&self, kind: &str) -> Result<f64> {
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
    pub(super) fn blocks(&self, architecture: &Architecture) -> Result<EncoderConfig> {
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
        // Wider than the blocks too: ELECTRA's published generators are, read as encoders.
        let has_width = matches!(family.extra, Extra::Electra | Extra::Albert) && architecture.blocks == ENCODER;
        let embedding = has_width.then(|| self.count("embedding_size", MOST_IDS)).transpose()?;
        Ok(EncoderConfig {
            precision: Precision::Float32,
            embedding_width: embedding.filter(|embedding| *embedding != options.width),
            ..options.resolve()
        })
    }

    pub(super) fn unused_positions(&self, family: &Family) -> Result<usize> {
        let pad = self.token("pad_token_id", MOST_IDS)?;
        Ok(family.unused_positions(pad.unwrap_or(family.usual_pad())))
    }

    pub(super) fn count(&self, key: &str, most: usize) -> Result<usize> {
        let Some(found) = self.get(key) else {
            return Err(Fault::usage(format!("`{key}` is missing")).at(Place::key(key)));
        };
        let count = found.as_u64().and_then(|count| usize::try_from(count).ok());
        count
            .filter(|count| (1..=most).contains(count))
            .ok_or_else(|| other(key, found, [format!("a whole number from 1 to {most}")]))
    }

    pub(super) fn token(&self, key: &str, vocabulary: usize) -> Result<Option<u32>> {
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
pub(super) fn other<S: AsRef<str>>(key: &str, found: &Value, allowed: impl IntoIterator<Item = S>) -> Fault {
    let shown: String = found.to_string().chars().take(60).collect();
    let fault = Fault::usage(format!("`{key}` is {shown}, which cloze's encoder is not"));
    fault.at(Place::key(key)).allowed(allowed)
}
