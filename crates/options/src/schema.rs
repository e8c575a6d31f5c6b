//! JSON Schema (draft 2020-12) of options.

use crate::amount::Quantity;
use crate::field::{Field, Kind, Usual};
use serde_json::{Map, Value, json};

/// A schema with a description in front of all else.
pub fn described(meaning: &str, schema: Value) -> Value {
    match schema {
        Value::Object(schema) => {
            let description = ("description".to_owned(), Value::from(meaning));
            Value::Object(std::iter::once(description).chain(schema).collect())
        }
        other => other,
    }
}

/// The schema of a table with exactly these options.
pub fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), field.schema()))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.usual == Usual::Required)
        .map(|field| field.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema.insert("additionalProperties".into(), false.into());
    schema.into()
}

impl Field {
    /// The schema of the option's value.
    pub fn schema(&self) -> Value {
        let mut schema = described(&self.meaning, self.kind.schema());
        if let (Usual::Value(value), Value::Object(schema)) = (&self.usual, &mut schema)
            && let Ok(value) = serde_json::to_value(value)
        {
            schema.insert("default".into(), value);
        }
        schema
    }
}

impl Kind {
    /// The schema of what may be written.
    pub fn schema(&self) -> Value {
        let number = |kind: &str, range: &crate::Range| {
            let mut schema = Map::new();
            schema.insert("type".into(), kind.into());
            range.bound(&mut schema);
            Value::from(schema)
        };
        match self {
            Self::Number(range) => number("number", range),
            Self::Whole(range) => number("integer", range),
            Self::Amount(quantity, range) => {
                let range = if range.is_any() { crate::range::above(0) } else { *range };
                let suffixes = match quantity {
                    Quantity::Count => "[kKMGTP]",
                    Quantity::Time => "(s|min|h)",
                };
                let text = format!(r"^[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)? *{suffixes}?$");
                json!({ "anyOf": [number("number", &range), { "type": "string", "pattern": text }] })
            }
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Text => json!({ "type": "string", "pattern": r"\S" }),
            Self::Words(words) => {
                let names: Vec<&str> = words.iter().map(|word| word.name).collect();
                json!({ "enum": names })
            }
            Self::List(kind) => json!({ "type": "array", "items": kind.schema() }),
            Self::Table(fields) => object(fields),
            Self::Either(kinds) => {
                let kinds: Vec<Value> = kinds.iter().map(Self::schema).collect();
                json!({ "anyOf": kinds })
            }
            Self::Other { schema, .. } => schema.clone(),
        }
    }
}
