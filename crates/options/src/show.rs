//! Options as people read them: on a terminal, and in a page of docs.

use crate::field::{Field, Kind, Usual, told_once};
use std::fmt::Write as _;

/// One option: its key, then meaning, what is allowed and the default, each on a line; and, where `words` says so, what
/// its words mean.
pub fn option(path: &str, field: &Field, words: bool) -> String {
    let mut text = format!("{path}\n  {}\n", field.meaning);
    let _ = writeln!(text, "  allowed: {}", field.kind);
    if let (true, Kind::Words(known)) = (words, &field.kind) {
        for word in known {
            let _ = writeln!(text, "    {}: {}", word.name, word.meaning);
        }
    }
    match &field.usual {
        Usual::Required => text.push_str("  required\n"),
        usual => _ = writeln!(text, "  default: {usual}"),
    }
    text
}

/// Every option of a table, those in tables after the table's own; tables that mean the same once.
pub fn text(prefix: &str, fields: &[Field]) -> String {
    told_once(prefix, fields)
        .iter()
        .map(|(path, field)| option(path, field, false))
        .collect()
}

/// A Markdown table of options; what is in tables that mean the same stands once.
pub fn markdown(fields: &[Field]) -> String {
    let mut table = "| key | meaning | allowed | default |\n| --- | --- | --- | --- |\n".to_owned();
    for (path, field) in told_once("", fields) {
        let [meaning, allowed] = [field.meaning.clone(), field.kind.to_string()].map(|cell| cell.replace('|', "\\|"));
        let usual = match &field.usual {
            Usual::Value(value) => format!("`{value}`"),
            words => words.to_string(),
        };
        let _ = writeln!(table, "| `{path}` | {meaning} | {allowed} | {usual} |");
    }
    table
}
