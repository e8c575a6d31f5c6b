//! `cloze features`: the hidden states of every line of a text.

use super::lines::{each_part, load};
use crate::arguments::{FeaturesArguments, Pooling};
use crate::terminal::say;
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use cloze_runner::features::{Features, Pool};
use cloze_schema::States;

type Encode = fn(&States) -> Result<Vec<u8>>;
/// Endings of files, and how these are written.
const FORMATS: [(&str, Encode); 2] = [("parquet", States::parquet), ("safetensors", States::safetensors)];

/// Writes the file and says what is in it.
///
/// # Errors
/// No such model, a layer that it does not have, a text that cannot be read, a file that cannot be written.
pub fn features(arguments: &FeaturesArguments) -> Result<String> {
    let FeaturesArguments {
        asked,
        out,
        layer,
        pool,
    } = arguments;
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = FORMATS.iter().find(|(name, _)| *name == ending);
    let (_, encode) = format.ok_or_else(|| {
        let fault = Fault::usage(format!("`{}` says no format", out.display())).at("--out");
        fault
            .allowed(FORMATS.map(|(name, _)| format!(".{name}")))
            .nearest(ending, FORMATS.map(|(name, _)| name))
    })?;
    let loaded = load(asked)?;
    let pool = match pool {
        Pooling::Mean => Pool::Mean,
        Pooling::None => Pool::None,
    };
    let mut features = Features::new(&loaded, *layer, pool)?;
    each_part(&asked.text, &mut |lines| features.take(&lines))?;
    if features.cut > 0 {
        let window = loaded.window();
        say(&format!(
            "{} lines are longer than the window of {window} tokens, and their end was not read",
            features.cut
        ));
    }
    let states = features.finish();
    write_whole(out, &encode(&states)?)?;
    Ok(format!(
        "{}: {} states of {} numbers\n",
        out.display(),
        states.rows(),
        states.width
    ))
}
