//! `cloze data`: what experiments can name, what a source holds, and sets from their public homes.

use crate::arguments::DataCommand;
use crate::progress::Event;
use crate::terminal::{say, show};
use cloze_corpus::loss::Loss;
use cloze_corpus::{CorpusConfig, KnownSource, Manifest, fragment, prepare, present, registry};
use cloze_fetch::{Outcome, Patience};
use cloze_foundation::{Fault, Result};
use cloze_plan::{Experiment, expand};
use std::fmt::Write as _;
use std::path::Path;

/// Text to print.
///
/// # Errors
/// A source that cannot be prepared, a set that cannot be fetched.
pub fn execute(command: &DataCommand) -> Result<String> {
    match command {
        DataCommand::List { data_root } => Ok(list(data_root.as_deref())),
        DataCommand::Fetch { names, data_root, from } => fetch(names, data_root.as_deref(), from.as_deref()),
        DataCommand::Describe {
            source,
            data_root,
            vocab,
            set,
            results,
        } => {
            let config = config(source, *vocab, set)?;
            let say = &mut crate::terminal::say;
            let manifest = prepare::describe(&config, data_root.as_deref(), &results.join(".cache"), say)?;
            Ok(describe(source, &config, &manifest))
        }
    }
}

/// Fetches sets one after the other. What cannot be fetched at all is told before anything is.
fn fetch(names: &[String], root: Option<&Path>, from: Option<&str>) -> Result<String> {
    let mut sets = Vec::new();
    for name in names {
        let unknown = || Fault::usage(format!("`{name}` is no known set"));
        let unknown = || {
            unknown()
                .allowed(registry::downloads())
                .nearest(name, registry::downloads())
        };
        sets.push(registry::find(name).ok_or_else(unknown)?);
    }
    let root = root.ok_or_else(|| {
        Fault::usage("no data root is given").remedy("pass --data-root or set CLOZE_DATA: the folder that sets lie in")
    })?;
    let mut text = String::new();
    for known in sets {
        announce(known);
        let tell = &mut |event| tell(known.name, event);
        let place = match cloze_fetch::fetch(known, root, from, Patience::default(), tell)? {
            Outcome::WasThere(place) => format!("{}: was here: {}\n", known.name, place.display()),
            Outcome::Fetched(place) => format!("{}: here: {}\n", known.name, place.display()),
        };
        text.push_str(&place);
    }
    Ok(text)
}

/// What will be downloaded, and under which terms, before it is.
fn announce(known: &KnownSource) {
    let Some(home) = known.home else { return };
    say(&format!(
        "{}: {}\n  licence: {}\n  cite: {}\n  {} from {}",
        known.name,
        known.what,
        known.licence,
        known.citation,
        megabytes(home.bytes()),
        known.address
    ));
}

fn tell(name: &str, event: cloze_fetch::Event) {
    use cloze_fetch::Event as Fetching;
    match event {
        Fetching::Progress { done, of } => show(Event::Downloaded {
            name: name.to_owned(),
            done,
            of,
        }),
        Fetching::Resumed { file, from } => say(&format!("{name}: {file} goes on after {}", megabytes(from))),
        Fetching::Again { file, why } => say(&format!("{name}: {file} is asked for again: {why}")),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

/// The corpus, written as experiments write it, so that every key means the same here.
fn config(source: &str, vocab: Option<usize>, set: &[String]) -> Result<CorpusConfig> {
    let is_given = |argument: &String| {
        let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        ["corpus.tokenizer", "corpus.tokenizer.path", "corpus.tokenizer.vocab"].contains(&key)
            || (key, value) == ("corpus.tokenizer.kind", "file")
    };
    let vocab = vocab.or(if set.iter().any(is_given) {
        None
    } else {
        Some(VOCABULARY)
    });
    let tokenizer = vocab.map_or_else(String::new, |vocab| format!("tokenizer.vocab = {vocab}\n"));
    let text = format!(
        "question = \"What is in it?\"\n[corpus]\nsource = {}\n{tokenizer}[[arm]]\nobjective = \"mlm\"\n",
        toml::Value::from(source)
    );
    let plan = expand(&Experiment::parse("data", "cloze data describe", &text, set)?)?;
    let corpus = plan.runs.into_iter().map(|run| run.config.corpus).next();
    corpus.ok_or_else(|| Fault::run("a plan without a run"))
}

/// Of the tokenizer that counts tokens.
const VOCABULARY: usize = 8192;

fn describe(source: &str, config: &CorpusConfig, manifest: &Manifest) -> String {
    let mut text = format!("{source}\n");
    if let Some(known) = registry::find(source) {
        let _ = writeln!(
            text,
            "  {}\n  licence: {}\n  source: {}\n  cite: {}",
            known.what, known.licence, known.address, known.citation
        );
    }
    let _ = write!(text, "  files: {}", manifest.files);
    let _ = match manifest.copies {
        0 => writeln!(text),
        copies => writeln!(
            text,
            ", {copies} more left out because they have the same bytes as others"
        ),
    };
    let _ = writeln!(
        text,
        "  tokenizer: {}, {} tokens",
        manifest.tokenizer, manifest.vocabulary
    );
    if manifest.too_long > 0 {
        let _ = writeln!(
            text,
            "  left out of its training: {} words that are too long for it",
            manifest.too_long
        );
    }
    if let Some(loss) = &manifest.loss {
        lost(&mut text, loss);
    }
    let _ = match manifest.has_words {
        true => writeln!(text, "  words: whole words can be hidden"),
        false => writeln!(
            text,
            "  words: where they begin cannot be told, so that no objective can hide whole ones"
        ),
    };
    if manifest.train.entities + manifest.held_out.entities > 0 {
        let _ = writeln!(
            text,
            "  entities beside the text: {} in training, {} held out",
            manifest.train.entities, manifest.held_out.entities
        );
    }
    for (side, counts) in [("training", manifest.train), ("held out", manifest.held_out)] {
        let _ = writeln!(
            text,
            "  {side}: {} documents, {} words between spaces, {} tokens ({:.3} per word), {:.2} % unknown",
            counts.documents,
            counts.words,
            counts.tokens,
            counts.tokens as f64 / (counts.words as f64).max(1.0),
            100.0 * counts.unknown_share()
        );
    }
    let _ = writeln!(
        text,
        "  held out by: {} ({:.2} % were asked for)\n  hash: {}",
        manifest.split,
        100.0 * config.held_out,
        manifest.hash
    );
    if source == fragment::NAME {
        truth(&mut text);
    }
    text
}

/// What the tokenizer drops.
fn lost(text: &mut String, loss: &Loss) {
    let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let _ = writeln!(
        text,
        "  from tokens back to text: {:.2} % of the words come back changed, {:.2} % of them in case alone",
        percent(loss.changed, loss.words),
        percent(loss.lower_cased, loss.words)
    );
    if loss.lost > 0 {
        let named: Vec<String> = loss.named.iter().map(|(character, _)| shown(*character)).collect();
        let _ = writeln!(
            text,
            "  lost: {:.2} % of the characters, most often {}",
            percent(loss.lost, loss.characters),
            named.join(", ")
        );
    }
}

/// A character with its code point, without which marks cannot be told apart.
fn shown(character: char) -> String {
    match character.is_ascii_graphic() {
        true => character.to_string(),
        false => format!("{character} (U+{:04X})", u32::from(character)),
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

fn list(data_root: Option<&Path>) -> String {
    let mut text = String::new();
    for source in registry::sources() {
        let place = match (source.path, data_root) {
            (None, _) => "here: built in".to_owned(),
            (Some(path), Some(root)) if root.join(path).exists() => {
                let what = match present::has_files(source, root) {
                    Ok(()) => "here".to_owned(),
                    Err(fault) => format!("there, but not usable ({})", fault.what),
                };
                format!("{what}: {}", root.join(path).display())
            }
            (Some(path), root) => {
                let root = root.map_or_else(|| "<data root>".to_owned(), |root| root.display().to_string());
                match source.home {
                    Some(home) => format!(
                        "not here: `cloze data fetch {}` puts it at {root}/{path} ({} from {})",
                        source.name,
                        megabytes(home.bytes()),
                        source.address
                    ),
                    None => format!("not here: get it from {} and put it at {root}/{path}", source.address),
                }
            }
        };
        let _ = writeln!(
            text,
            "{:<22} {}\n{:<22} {}\n{:<22} {place}",
            source.name, source.what, "", source.licence, ""
        );
    }
    text.push_str(
        "\nThe data root is a folder with data sets: --data-root or CLOZE_DATA.\n\
         A source may also be a path or a glob: text, JSONL (.jsonl, .ndjson), an array in .json, each of them plain or gzipped, \
         or .parquet; texts are in the field `text` unless corpus.field names another. Words with tags (.conll) are read with \
         corpus.entities.\n",
    );
    text
}
