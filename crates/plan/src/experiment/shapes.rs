//! Shapes of JSON Schema that several parts of an experiment file have.

use super::swept::swept;
use cloze_options::{Field, described, object, rows};
use serde_json::{Map, Value, json};

/// What is needed in many places stands once: lists of values by key path,
pub(crate) const LISTS: &str = "lists";
/// and values by key path.
pub(crate) const OVERRIDES: &str = "overrides";

/// Points to one of these.
pub(crate) fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A table of exactly these keys.
pub(crate) fn table(properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A list of values of an option, at least one.
pub(crate) fn values(field: &Field) -> Value {
    json!({ "type": "array", "items": field.kind.schema(), "minItems": 1 })
}

/// A list of values of whatever kind, at least one.
pub(crate) fn any_values() -> Value {
    json!({ "type": "array", "minItems": 1 })
}

/// A table with `leaf` of every one of these options, those inside tables too.
pub(crate) fn nested(fields: &[&Field], leaf: &dyn Fn(&Field) -> Value) -> Map<String, Value> {
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
pub(crate) fn changes(leaf: &dyn Fn(&Field) -> Value) -> Value {
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
pub(crate) fn properties(fields: &[Field]) -> Map<String, Value> {
    fields
        .iter()
        .map(|field| (field.name.to_owned(), field.schema()))
        .collect()
}
