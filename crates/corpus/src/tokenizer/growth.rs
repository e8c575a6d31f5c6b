//! How far the `normalizer` of a `tokenizer.json` may lengthen a text. Replacements are done one after the other, so that nine of them, each
//! of one character by ten, would make a thousand million of one.

use serde_json::Value;

/// Characters that may come of one. SentencePiece's replacements put one in the place of one.
const MOST: usize = 64;
/// The keys of what is put into a text: `Replace` and `Prepend`.
const KEYS: [&str; 2] = ["content", "prepend"];

/// Checks all replacements together.
///
/// # Errors
/// Why they cannot be used.
pub(super) fn check(normalizer: &Value) -> Result<(), String> {
    let growth = growth(normalizer);
    if growth > MOST {
        return Err(format!(
            "its normalizer may make more than {MOST} characters of one, by what it puts in their place"
        ));
    }
    Ok(())
}

/// How many characters may come of one at most, whatever the text.
fn growth(value: &Value) -> usize {
    let product = |all: &mut dyn Iterator<Item = usize>| all.fold(1_usize, usize::saturating_mul);
    match value {
        Value::Object(table) => product(&mut table.iter().map(|(key, inner)| match inner {
            Value::String(text) if KEYS.contains(&key.as_str()) => text.chars().count().max(1),
            inner => growth(inner),
        })),
        Value::Array(list) => product(&mut list.iter().map(growth)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn replacements_multiply_and_what_puts_one_for_one_does_not() {
        let replace = |content: &str| json!({ "type": "Replace", "pattern": { "Regex": "." }, "content": content });
        let of = |steps: Vec<Value>| json!({ "type": "Sequence", "normalizers": steps });
        assert_eq!(growth(&Value::Null), 1);
        assert_eq!(
            growth(&of(vec![
                json!({ "type": "Prepend", "prepend": "\u{2581}" }),
                replace("\u{2581}"),
                replace("")
            ])),
            1
        );
        assert_eq!(growth(&of(vec![replace("aaaa"), of(vec![replace("aaaa")])])), 16);
        assert!(check(&of(vec![replace("aaaa"); 3])).is_ok());
        assert!(check(&of(vec![replace("aaaa"); 4])).is_err());
        // Beyond what a number holds.
        assert!(check(&of(vec![replace(&"a".repeat(1 << 20)); 9])).is_err());
    }
}
