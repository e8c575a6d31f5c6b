//! `cloze data`: what experiments can name, and what a source holds.

use crate::arguments::DataCommand;
use cloze_corpus::{CorpusConfig, TokenizerConfig, fragment, prepare, registry};
use cloze_foundation::Result;
use std::fmt::Write as _;

/// Text to print.
///
/// # Errors
/// A source that cannot be prepared.
pub fn execute(command: &DataCommand) -> Result<String> {
    match command {
        DataCommand::List => Ok(list()),
        DataCommand::Describe {
            source,
            data_root,
            vocab,
            results,
        } => {
            let config = CorpusConfig {
                source: source.clone(),
                tokenizer: TokenizerConfig::Wordpiece { vocab: *vocab },
                held_out: 0.05,
                words: 1_500_000,
            };
            let say = &mut crate::terminal::say;
            let manifest = prepare::describe(&config, data_root.as_deref(), &results.join(".cache"), say)?;
            let mut text = format!("{source}\n");
            if let Some(known) = registry::find(source) {
                let _ = writeln!(
                    text,
                    "  {}\n  licence: {}\n  source: {}\n  cite: {}",
                    known.what, known.licence, known.address, known.citation
                );
            }
            let _ = writeln!(text, "  files: {}", manifest.files);
            let _ = writeln!(
                text,
                "  vocabulary: {} WordPiece tokens, lower-cased",
                manifest.vocabulary
            );
            for (side, counts) in [("training", manifest.train), ("held out", manifest.held_out)] {
                let _ = writeln!(
                    text,
                    "  {side}: {} documents, {} words, {} tokens ({:.3} per word), {:.2} % unknown",
                    counts.documents,
                    counts.words,
                    counts.tokens,
                    counts.tokens as f64 / (counts.words as f64).max(1.0),
                    100.0 * counts.unknown
                );
            }
            let _ = writeln!(text, "  held out by: {}\n  hash: {}", manifest.split, manifest.hash);
            if source == fragment::NAME {
                truth(&mut text);
            }
            Ok(text)
        }
    }
}

/// Documents that the figures about the built-in language are averaged over: their standard errors fall below 0.01.
const SAMPLE: usize = 1000;

fn truth(text: &mut String) {
    let truth = fragment::truth(SAMPLE);
    let rows = [
        ("entropy, nats per word", truth.entropy_per_word, truth.entropy_error),
        (
            "best possible accuracy on one hidden word",
            truth.best_masked_accuracy,
            truth.accuracy_error,
        ),
        (
            "best possible loss on one hidden word, nats",
            truth.best_masked_loss,
            truth.loss_error,
        ),
    ];
    for (what, value, error) in rows {
        let _ = writeln!(text, "  {what}: {value:.3} (standard error {error:.3})");
    }
    let _ = writeln!(text, "  {}", truth.method);
}

fn list() -> String {
    let mut text = String::new();
    for source in registry::sources() {
        let place = source
            .path
            .map_or_else(|| "built in".to_owned(), |path| format!("<data root>/{path}"));
        let _ = writeln!(
            text,
            "{:<22} {}\n{:<22} {place}; {}",
            source.name, source.what, "", source.licence
        );
    }
    text.push_str("\nA source may also be a path or a glob: text, JSONL (field `text`), either gzipped.\n");
    text
}
