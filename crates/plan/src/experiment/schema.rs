//! The JSON Schema of an experiment file, so that editors complete and check its keys.

use super::arms::ArmOptions;
use super::file::{fields, swept};
use cloze_evals::EVALUATIONS;
use cloze_objectives::OBJECTIVES;
use cloze_options::{Field, Options, described, object, rows};
use serde_json::{Map, Value, json};

/// The schema (draft 2020-12) of an experiment file, as text. Keys are sorted, whatever order maps keep.
pub fn schema() -> String {
    let mut schema = object(&fields());
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "An experiment of cloze".into();
    schema["$defs"] = json!({ LISTS: changes(&values), OVERRIDES: changes(&|field| field.kind.schema()) });
    format!("{:#}\n", sorted(&schema))
}

/// What is needed in many places stands once: lists of values by key path,
pub(crate) const LISTS: &str = "lists";
/// and values by key path.
pub(crate) const OVERRIDES: &str = "overrides";

/// Points to one of these.
pub(crate) fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
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

/// A table of exactly these keys.
fn table(properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A list of values of an option, at least one.
fn values(field: &Field) -> Value {
    json!({ "type": "array", "items": field.kind.schema(), "minItems": 1 })
}

/// A table with `leaf` of every one of these options, those inside tables too.
fn nested(fields: &[&Field], leaf: &dyn Fn(&Field) -> Value) -> Map<String, Value> {
    let property = |field: &&Field| {
        let inner = nested(&field.kind.inner(), leaf);
        let own = leaf(field);
        let schema = if inner.is_empty() {
            own
        } else {
            json!({ "anyOf": [own, table(inner, &[])] })
        };
        (field.name.to_owned(), described(&field.meaning, schema))
    };
    fields.iter().map(property).collect()
}

/// A table with `leaf` of every key that a sweep may change, by its path in quotes or table by table.
fn changes(leaf: &dyn Fn(&Field) -> Value) -> Value {
    let mut properties = Map::new();
    for (name, fields) in swept() {
        for (path, field) in rows(name, &fields) {
            properties.insert(path, described(&field.meaning, leaf(field)));
        }
        let fields: Vec<&Field> = fields.iter().collect();
        properties.insert(name.to_owned(), table(nested(&fields, leaf), &[]));
    }
    let mut schema = table(properties, &[]);
    // What an objective's options are is not known where several objectives are swept together.
    schema["patternProperties"] = json!({ r"^options(\.|$)": {} });
    schema
}

/// `[sweep.random]`.
pub(crate) fn drawn(drawing: &[Field], interval: &[Field]) -> Value {
    let mut schema = changes(&|_| object(interval));
    for field in drawing {
        schema["properties"][field.name] = field.schema();
    }
    schema["required"] = json!(["samples"]);
    schema
}

/// The properties of these options, and what they are called if they are written by one name.
fn properties(fields: &[Field]) -> Map<String, Value> {
    fields
        .iter()
        .map(|field| (field.name.to_owned(), field.schema()))
        .collect()
}

/// `[[arm]]`: what may stand beside the objective depends on it.
pub(crate) fn arms() -> Value {
    let arm = |entry: &&cloze_objectives::Entry| {
        let options = (entry.options)();
        let mut properties = properties(&ArmOptions::fields());
        properties.extend(self::properties(&options));
        properties.insert(
            "objective".into(),
            described(entry.summary, json!({ "const": entry.name })),
        );
        let mut grid = nested(&options.iter().collect::<Vec<_>>(), &values);
        for (path, field) in rows("", &options) {
            grid.entry(path)
                .or_insert_with(|| described(&field.meaning, values(field)));
        }
        properties.insert("grid".into(), table(grid, &[]));
        let mut schema = table(properties, &["objective"]);
        schema["title"] = entry.title.into();
        schema
    };
    let arms: Vec<Value> = OBJECTIVES.iter().map(arm).collect();
    json!({ "type": "array", "items": { "oneOf": arms }, "minItems": 1 })
}

/// `evaluate.tasks`: a name, or a table whose other keys depend on it.
pub(crate) fn tasks() -> Value {
    let names: Vec<&str> = EVALUATIONS.iter().map(|entry| entry.name).collect();
    let task = |entry: &&cloze_evals::Entry| {
        let mut properties = properties(&(entry.options)());
        properties.insert("task".into(), described(entry.summary, json!({ "const": entry.name })));
        table(properties, &["task"])
    };
    let items = std::iter::once(json!({ "enum": names })).chain(EVALUATIONS.iter().map(task));
    json!({ "type": "array", "items": { "oneOf": items.collect::<Vec<_>>() } })
}
