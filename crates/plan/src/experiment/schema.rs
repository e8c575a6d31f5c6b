//! The JSON Schema of an experiment file, so that editors complete and check its keys.

use super::file::fields;
use super::shapes::{LISTS, OVERRIDES, changes, shared, values};
use cloze_options::object;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A part of the schema that is as long as this, as text, and stands in several places stands once among the definitions.
const LONG: usize = 200;

/// The schema (draft 2020-12) of an experiment file, as text. Keys are sorted, whatever order maps keep.
pub fn schema() -> String {
    let mut schema = object(&fields());
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "An experiment of cloze".into();
    schema["$defs"] = json!({ LISTS: changes(&values), OVERRIDES: changes(&|field| field.kind.schema()) });
    format!("{:#}\n", sorted(&once(sorted(&schema))))
}

/// The same schema with every long part that stands in several places as a definition that those point to.
fn once(mut schema: Value) -> Value {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    inner(&mut schema, &mut |part| {
        *places.entry(part.to_string()).or_default() += 1;
        true
    });
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut definitions = Map::new();
    inner(&mut schema, &mut |part| {
        let text = part.to_string();
        if text.len() < LONG || places.get(&text).is_none_or(|places| *places < 2) {
            return true;
        }
        let number = names.len() + 1;
        let name = names.entry(text).or_insert_with(|| {
            let name = format!("part-{number}");
            definitions.insert(name.clone(), part.clone());
            name
        });
        *part = shared(name);
        false
    });
    for (name, part) in definitions {
        schema["$defs"][name] = part;
    }
    schema
}

/// Shows every schema within a schema, outer ones first, and goes into those of which `look` says so.
fn inner(schema: &mut Value, look: &mut dyn FnMut(&mut Value) -> bool) {
    let Value::Object(keywords) = schema else { return };
    for (keyword, value) in keywords {
        let parts: Vec<&mut Value> = match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => named.values_mut().collect(),
            ("anyOf" | "oneOf", Value::Array(several)) => several.iter_mut().collect(),
            ("items" | "additionalProperties", one) => vec![one],
            _ => Vec::new(),
        };
        for part in parts {
            if look(part) {
                inner(part, look);
            }
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
