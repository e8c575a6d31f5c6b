//! A tokenizer as `AutoTokenizer` of transformers loads it and gives our ids.

use super::Tokenizer;
use cloze_foundation::{Fault, Result};
use serde_json::{Value, json};

/// What [`clean`](crate::clean::clean_line) drops: control characters that are no white space, byte order marks, replacement
/// characters.
const DROPPED: &str = "[\u{1}-\u{8}\u{e}-\u{1f}\u{7f}-\u{84}\u{86}-\u{9f}\u{fffd}\u{feff}]";
/// What it makes one space: Unicode's white space, and U+0000.
const SPACES: &str =
    "[\u{0}\u{9}-\u{d} \u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}]+";

impl Tokenizer {
    /// The files by name, for a model that reads `window` positions and, with `pairs`, segments.
    ///
    /// The `tokenizer.json` cleans a text itself as cloze cleans it before, and puts the text between the two tokens that begin
    /// and end a sentence. A special token that is spelt in a text is that token there, as `fill-mask` needs it; with
    /// `split_special_tokens=True` it is text, as it is for cloze.
    ///
    /// # Errors
    /// None that is expected: the tokenizer was read from JSON.
    pub fn for_transformers(&self, window: usize, pairs: bool) -> Result<[(&'static str, String); 3]> {
        let special = self.vocabulary.special;
        let name = |id| self.piece(id).unwrap_or_default();
        let [pad, unknown, start, end, mask] =
            [special.pad, special.unknown, special.start, special.end, special.mask].map(name);
        let names = json!({
            "pad_token": pad, "unk_token": unknown, "cls_token": start, "sep_token": end, "mask_token": mask,
        });
        let mut inputs = vec!["input_ids", "attention_mask"];
        if pairs {
            inputs.insert(1, "token_type_ids");
        }
        let mut config = names.clone();
        config["tokenizer_class"] = json!("PreTrainedTokenizerFast");
        config["model_max_length"] = json!(window);
        config["model_input_names"] = json!(inputs);
        config["clean_up_tokenization_spaces"] = json!(false);
        Ok([
            (
                "tokenizer.json",
                self.cleaning([(&start, special.start), (&end, special.end)])?,
            ),
            ("tokenizer_config.json", pretty(&config)?),
            ("special_tokens_map.json", pretty(&names)?),
        ])
    }

    /// The `tokenizer.json` with what else cloze does to a text; one that has it already is as it is.
    fn cleaning(&self, [start, end]: [(&str, u32); 2]) -> Result<String> {
        let before: Value = serde_json::from_str(&self.json).map_err(not_json)?;
        let mut value = before.clone();
        let replace = |pattern: &str, content: &str| json!({ "type": "Replace", "pattern": { "Regex": pattern }, "content": content });
        let strip = json!({ "type": "Strip", "strip_left": true, "strip_right": true });
        let mut steps = vec![replace(DROPPED, ""), replace(SPACES, " "), strip];
        let own = match before["normalizer"]["normalizers"].as_array() {
            Some(own) if before["normalizer"]["type"] == "Sequence" => own.clone(),
            _ if before["normalizer"].is_null() => Vec::new(),
            _ => vec![before["normalizer"].clone()],
        };
        if !own.starts_with(&steps) {
            steps.extend(own);
            value["normalizer"] = json!({ "type": "Sequence", "normalizers": steps });
        }
        value["post_processor"] = json!({ "type": "BertProcessing", "sep": [end.0, end.1], "cls": [start.0, start.1] });
        value["padding"] = Value::Null;
        value["truncation"] = Value::Null;
        match value == before {
            true => Ok(self.json.clone()),
            false => pretty(&value),
        }
    }
}

fn pretty(value: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(not_json)?;
    Ok(text + "\n")
}

fn not_json(error: serde_json::Error) -> Fault {
    Fault::run(format!("the tokenizer's JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::super::tests::BOTH;
    use proptest::prelude::*;

    /// As upstream reads the exported file.
    fn exported(tokenizer: &super::Tokenizer) -> tokenizers::Tokenizer {
        let [(_, json), ..] = tokenizer.for_transformers(32, true).unwrap();
        let mut upstream: tokenizers::Tokenizer = json.parse().unwrap();
        upstream.set_encode_special_tokens(true);
        upstream
    }

    #[test]
    fn what_is_exported_is_read_and_exported_again_to_the_same_bytes() {
        for tokenizer in BOTH.iter() {
            let files = tokenizer.for_transformers(32, true).unwrap();
            let again = load::from_json(files[0].1.clone(), "here").unwrap();
            assert_eq!(again.for_transformers(32, true).unwrap(), files);
            assert_eq!(again.vocabulary(), tokenizer.vocabulary());
        }
    }

    #[test]
    fn special_tokens_are_named_and_begin_and_end_a_text() {
        for tokenizer in BOTH.iter() {
            let [(_, _), (_, config), (_, map)] = tokenizer.for_transformers(32, false).unwrap();
            assert!(map.contains("\"mask_token\": \"[MASK]\""), "{map}");
            assert!(
                config.contains("\"model_max_length\": 32") && !config.contains("token_type_ids"),
                "{config}"
            );
            let ids = exported(tokenizer)
                .encode("the low [MASK]", true)
                .unwrap()
                .get_ids()
                .to_vec();
            assert_eq!(ids, tokenizer.sentence("the low [MASK]"));
        }
    }

    proptest! {
        #[test]
        fn upstream_gives_our_ids(text in r"[a-eNwÉé\[\]MASK\t\n\r \x00\x01\x0b\x7f\u{85}\u{a0}\u{fffd}\u{feff}\u{2028}\u{200d}\u{3000}本ไ👍.]{0,40}") {
            for tokenizer in BOTH.iter() {
                let ids = exported(tokenizer).encode(&*text, true).unwrap().get_ids().to_vec();
                prop_assert_eq!(ids, tokenizer.sentence(&text));
            }
        }
    }
}
