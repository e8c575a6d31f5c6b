//! SentencePiece's table of replacements within a `tokenizer.json` (`Precompiled`): the length of a trie in bytes, the trie, and what
//! its leaves stand for, each ended by a zero (`spm_precompiled-0.1.4/src/lib.rs`). The `tokenizers` crate takes as much memory as the
//! length claims, and follows the trie wherever it leads; here both are checked before it sees them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::HashSet;

/// The key of a table.
const KEY: &str = "precompiled_charsmap";
/// Bytes of the number that says how long a trie is.
const LENGTH: usize = 4;
/// Bytes of a trie: those of SentencePiece have a fifth of a million.
const MOST_BYTES: usize = 1 << 24;

/// Checks every table of the `normalizer` of a `tokenizer.json`.
///
/// # Errors
/// Why one cannot be used.
pub(super) fn check(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(table) => table.iter().try_for_each(|(key, inner)| match inner {
            Value::String(text) if key == KEY => one(text).map_err(|why| format!("its {KEY} {why}")),
            inner => check(inner),
        }),
        Value::Array(list) => list.iter().try_for_each(check),
        _ => Ok(()),
    }
}

fn one(text: &str) -> Result<(), String> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("is not base64: {error}"))?;
    let (begins, rest) = bytes.split_first_chunk::<LENGTH>().ok_or("is too short")?;
    let claimed = u32::from_le_bytes(*begins) as usize;
    if claimed > rest.len() {
        return Err(format!("claims a trie of {claimed} bytes, and has {}", rest.len()));
    }
    if claimed > MOST_BYTES {
        return Err(format!(
            "has a trie of {claimed} bytes, and {MOST_BYTES} are read at most"
        ));
    }
    let (trie, replacements) = rest.split_at(claimed / LENGTH * LENGTH);
    let replacements = std::str::from_utf8(replacements).map_err(|error| format!("holds no text: {error}"))?;
    let units: Vec<Unit> = trie
        .as_chunks()
        .0
        .iter()
        .map(|four| Unit(u32::from_le_bytes(*four)))
        .collect();
    match is_sound(&units, replacements) {
        true => Ok(()),
        false => Err("leads out of itself".to_owned()),
    }
}

/// A node of a trie in an array (Darts-clone, whose layout `spm_precompiled` reads).
#[derive(Clone, Copy)]
struct Unit(u32);

impl Unit {
    fn has_leaf(self) -> bool {
        self.0 >> 8 & 1 == 1
    }

    fn value(self) -> usize {
        (self.0 & 0x7fff_ffff) as usize
    }

    /// The byte that leads here; more than a byte at a leaf.
    fn label(self) -> u32 {
        self.0 & 0x8000_00ff
    }

    fn offset(self) -> usize {
        ((self.0 >> 10) as usize) << ((self.0 & 1 << 9) >> 6)
    }
}

/// Whether every text stays within the trie, and every leaf stands for a part of the replacements.
fn is_sound(units: &[Unit], replacements: &str) -> bool {
    let Some(root) = units.first() else { return false };
    let mut open = vec![root.offset()];
    let mut seen: HashSet<usize> = open.iter().copied().collect();
    while let Some(node) = open.pop() {
        // No byte of a text is looked up behind a zero.
        for byte in 1..=u8::MAX {
            let place = node ^ usize::from(byte);
            let Some(unit) = units.get(place) else { return false };
            if unit.label() != u32::from(byte) {
                continue;
            }
            let next = place ^ unit.offset();
            let leaf = units.get(next).map(|leaf| leaf.value());
            if unit.has_leaf() && !leaf.is_some_and(|at| replacements.is_char_boundary(at)) {
                return false;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie in which `a` leads to a leaf of this value, in front of `b`.
    fn table(value: u32) -> Vec<u8> {
        let mut units = [0u32; 512];
        units[0] = 256 << 10;
        let (place, leaf) = (256 ^ u32::from(b'a'), 0x80);
        units[place as usize] = (place ^ leaf) << 10 | 1 << 8 | u32::from(b'a');
        units[leaf as usize] = 1 << 31 | value;
        let trie: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        [&(trie.len() as u32).to_le_bytes()[..], &trie, "b\0é\0".as_bytes()].concat()
    }

    fn checked(bytes: &[u8]) -> Result<(), String> {
        let text = STANDARD.encode(bytes);
        let one = serde_json::json!({ "type": "Precompiled", KEY: text });
        let several = serde_json::json!({ "type": "Sequence", "normalizers": [{ "type": "NFC" }, one.clone()] });
        let [one, several] = [one, several].map(|normalizer| check(&normalizer));
        assert_eq!(one, several);
        one
    }

    #[test]
    fn a_table_is_checked_before_anybody_believes_it() {
        for value in [0, 2, 4, 5] {
            assert_eq!(checked(&table(value)), Ok(()), "{value}");
        }
        // Beyond the replacements, and within a letter.
        for value in [3, 6, 1 << 30] {
            assert!(
                checked(&table(value)).unwrap_err().contains("leads out of itself"),
                "{value}"
            );
        }
        // 4 GiB of trie, of which no byte is there.
        let claims = [&u32::MAX.to_le_bytes()[..], b"none"].concat();
        let why = checked(&claims).unwrap_err();
        assert!(why.contains("claims a trie of 4294967295 bytes, and has 4"), "{why}");
        let mut leads_out = table(0);
        leads_out[4..8].copy_from_slice(&(1u32 << 30).to_le_bytes());
        for (bytes, says) in [
            (&b""[..], "too short"),
            (&[0; 4], "leads out"),
            (&leads_out, "leads out"),
            (&[table(0), vec![0xff]].concat(), "no text"),
        ] {
            let why = checked(bytes).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        assert!(check(&serde_json::json!({ "precompiled_charsmap": "?" })).is_err());
        assert_eq!(check(&Value::Null), Ok(()));
    }
}
