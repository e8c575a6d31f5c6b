//! The last reading: text becomes tokens.

use super::survey::Survey;
use crate::cache::{GAZETTEER, HELD_OUT, MANIFEST, TOKENIZER, TRAIN, identity};
use crate::loss::Loss;
use crate::manifest::{Counts, Manifest};
use crate::memo::Memo;
use crate::shard::ShardWriter;
use crate::source::{Source, Text};
use crate::tokenizer::TOO_LONG;
use crate::{Part, Tokenizer, shard};
use cloze_foundation::{Fault, Place, Result, files};
use std::path::Path;

/// A side with more unknown tokens is refused: an objective could predict little of it, and would be compared on that.
pub const MOST_UNKNOWN: f64 = 0.05;

/// Writes everything beside and gives it its name at once. Another process may have prepared the same corpus meanwhile:
/// its files are the same bytes.
pub fn write(source: &Source, survey: Survey, tokenizer: &Tokenizer, phrases: &[String], folder: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Fault::run(format!("cannot write `{}`: {error}", folder.display()));
    let special = tokenizer.vocabulary().special;
    let Survey {
        split,
        counts,
        mut manifest,
    } = survey;
    files::write_folder(folder, |scratch| {
        let at = |name: &str| scratch.join(name);
        files::write_whole(&at(TOKENIZER), tokenizer.json().as_bytes())?;
        if !phrases.is_empty() {
            files::write_whole(&at(GAZETTEER), phrases.join("\n").as_bytes())?;
        }
        let mut memo = Memo::new(tokenizer);
        let mut held_out_text = blake3::Hasher::new();
        let (mut unknown, mut held_out_unknown, mut held_out_tokens) = (0, 0, 0);
        let (mut entities, mut held_out_entities) = (0, 0);
        let mut tokens = |writer: &mut ShardWriter, text: Text, entities: &mut u64| match text {
            Text::Piece(piece) => {
                let (tokens, spans) = match piece.entities {
                    [] => (memo.encode(piece.text), Vec::new()),
                    entities => tokenizer.encode_with(piece.text, entities),
                };
                *entities += writer.piece(&tokens, &spans, piece.goes_on).map_err(failed)?;
                Ok(tokens.ids.iter().filter(|id| **id == special.unknown).count() as u64)
            }
            Text::End => writer.end().map(|()| 0).map_err(failed),
        };
        let mut fill = |train: &mut ShardWriter, held_out: &mut ShardWriter| {
            source.documents(&split, &mut |part, text| {
                match part {
                    Part::Train => unknown += tokens(train, text, &mut entities)?,
                    Part::HeldOut => {
                        let (piece, end) = match text {
                            Text::Piece(piece) => (piece.text, "\n"),
                            Text::End => ("", "\0"),
                        };
                        held_out_text.update(piece.as_bytes()).update(end.as_bytes());
                        held_out_unknown += tokens(held_out, text, &mut held_out_entities)?;
                    }
                }
                Ok(())
            })
        };
        let train_tokens = shard::write(&at(TRAIN), special.end, |train| {
            held_out_tokens = shard::write(&at(HELD_OUT), special.end, |held_out| fill(train, held_out))?;
            Ok(())
        })?;
        (manifest.train.tokens, manifest.train.unknown) = (train_tokens, unknown);
        (manifest.held_out.tokens, manifest.held_out.unknown) = (held_out_tokens, held_out_unknown);
        (manifest.train.entities, manifest.held_out.entities) = (entities, held_out_entities);
        for side in [manifest.train, manifest.held_out] {
            if side.unknown_share() > MOST_UNKNOWN {
                return Err(too_unknown(&manifest, &side));
            }
        }
        manifest.key = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        manifest.hash = identity(scratch, &manifest)?;
        manifest.tokenizer_hash = files::hash(tokenizer.json().as_bytes());
        manifest.held_out_hash = held_out_text.finalize().to_hex().to_string();
        manifest.vocabulary = tokenizer.vocabulary().size;
        manifest.loss = Loss::of(tokenizer, &counts);
        let text = manifest
            .to_json()
            .map_err(|error| Fault::run(format!("the manifest cannot be written: {error}")))?;
        files::write_whole(&at(MANIFEST), text.as_bytes())
    })?;
    Ok(())
}

/// The fault for a tokenizer that does not know the text.
fn too_unknown(manifest: &Manifest, side: &Counts) -> Fault {
    let Manifest {
        source,
        tokenizer,
        too_long,
        train,
        ..
    } = manifest;
    // Of what was counted as words in training, more than half may be too long only in a text without spaces.
    let is_too_long = 2 * too_long > train.unknown;
    let why = match is_too_long {
        true => format!("; {too_long} words are longer than WordPiece takes"),
        false => String::new(),
    };
    let remedy = match (is_too_long, tokenizer.as_str()) {
        (true, _) => TOO_LONG,
        (false, "given as a file") => {
            "give a tokenizer that was made for text like this, or leave `tokenizer` out to train one"
        }
        (false, _) => {
            "raise tokenizer.vocab, so that more characters have a piece, or take tokenizer.kind = \"bpe\", which knows every text"
        }
    };
    Fault::usage(format!(
        "{:.1} % of the tokens of `{source}` are unknown to the tokenizer ({tokenizer}){why}",
        100.0 * side.unknown_share()
    ))
    .at(Place::key("corpus.tokenizer"))
    .allowed([format!("at most {} % unknown tokens", 100.0 * MOST_UNKNOWN)])
    .remedy(remedy)
}
