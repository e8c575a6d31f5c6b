//! The JSON Schema of an experiment file, so that editors complete and check its keys.

use super::file::fields;
use super::shapes::{LISTS, OVERRIDES, changes, values};
use cloze_options::object;
use serde_json::{Value, json};

/// The schema (draft 2020-12) of an experiment file, as text. Keys are sorted, whatever order maps keep.
pub fn schema() -> String {
    let mut schema = object(&fields());
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "An experiment of cloze".into();
    schema["$defs"] = json!({ LISTS: changes(&values), OVERRIDES: changes(&|field| field.kind.schema()) });
    format!("{:#}\n", sorted(&schema))
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
