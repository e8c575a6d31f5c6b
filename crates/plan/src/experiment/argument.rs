//! `--set a.b=c`: the experiment file with one key changed, before it is validated.

use cloze_foundation::{Fault, Origin, Result};
use cloze_options::{Member, Node, Value};
use toml::de::{DeTable, DeValue};

/// Puts one argument into the document. The value is TOML; what is not, is a string without its quotes.
///
/// # Errors
/// No `=`, a key that is not a key path, a value that begins like TOML and is not.
pub(crate) fn apply(document: &mut Node, argument: &str) -> Result<()> {
    let origin = Origin::Argument(argument.into());
    let refuse = |what: String| {
        Fault::usage(what)
            .at(&origin)
            .remedy("write it as in `--set budget.amount=500k` or `--set sweep.seeds=[1,2]`")
    };
    let (key, text) = argument
        .split_once('=')
        .ok_or_else(|| refuse("an override needs a key and a value".into()))?;
    let path = key_path(key).ok_or_else(|| refuse(format!("`{}` is not a key path", key.trim())))?;
    let text = text.trim();
    let node = match DeValue::parse(text) {
        Ok(value) => Node::read(value.get_ref(), value.span(), &|_| origin.clone())?,
        Err(_) if text.is_empty() => return Err(refuse(format!("`{}` is given no value", key.trim()))),
        Err(error) if text.starts_with(['"', '\'', '[', '{']) => {
            return Err(refuse(format!(
                "the value is not valid TOML: {}",
                error.message().replace('\n', ", ")
            )));
        }
        Err(_) => Node {
            value: Value::Text(text.to_owned()),
            origin: origin.clone(),
        },
    };
    document.put(
        &path,
        Member {
            key: origin.clone(),
            node,
        },
    )
}

/// The segments of a key path as TOML reads them, quotes included.
fn key_path(key: &str) -> Option<Vec<String>> {
    if key.contains(['\n', '\r', '[', '#']) {
        return None;
    }
    let text = format!("{key} = 0");
    let document = DeTable::parse(&text).ok()?;
    let mut path = Vec::new();
    let mut table = document.get_ref();
    loop {
        let (key, value) = table.iter().next()?;
        path.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}
