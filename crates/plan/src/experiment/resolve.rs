//! From written tables to a [`RunConfig`]: every default filled in, every range checked.

use super::amount::Unit;
use super::judge::Evaluate;
use super::keys::keys_of;
use super::node::{Node, to_toml};
use super::section::{Section, locate};
use crate::{Budget, Equalise, OptimizerConfig, RunConfig};
use cloze_backbone::{EncoderConfig, Precision, Preset};
use cloze_corpus::{CorpusConfig, TokenizerConfig};
use cloze_foundation::{Fault, Result};
use cloze_objectives::Objective;

/// Learned positions of the published `bert` (Devlin et al. 2019, section A.2), the longest window it may have.
pub const LEARNED_POSITIONS: usize = 512;
/// The longest window of `modern` (ModernBERT's context, Warner et al. 2024).
pub const ROTARY_POSITIONS: usize = 8192;

/// Resolves one point of a sweep but for its seed, which is left at 0. `settings` holds the tables of the experiment and
/// the arm's `options` after every override; `arm` is the arm's key path, for faults.
///
/// # Errors
/// Any key or value that does not fit, with its place.
pub(crate) fn resolve(
    settings: &Node,
    objective: &str,
    arm: &str,
    evaluate: &Evaluate,
) -> Result<(RunConfig, Box<dyn Objective>)> {
    let corpus = corpus(settings)?;
    let options = settings.find("options").map(|entry| &entry.node);
    let table = options.and_then(Node::table).map(to_toml).unwrap_or_default();
    let configured = cloze_objectives::configure(objective, &table)
        .map_err(|fault| locate(fault, options.unwrap_or(settings), arm))?;
    let config = RunConfig {
        objective: objective.to_owned(),
        options: configured.options(),
        evaluate: evaluate.tasks(&corpus.source)?,
        corpus,
        encoder: encoder(settings)?,
        budget: budget(settings)?,
        optimizer: optimizer(settings)?,
        points: evaluate.points,
        validation_windows: evaluate.validation_windows,
        seed: 0,
    };
    Ok((config, configured))
}

/// Whether a share lies strictly between 0 and 1.
fn is_share(number: f64) -> bool {
    number > 0.0 && number < 1.0
}

fn corpus(settings: &Node) -> Result<CorpusConfig> {
    let section = Section::open(settings, "corpus", &keys_of("corpus"))?;
    let words = section.amount("words", Unit::Count)?.unwrap_or(1.5e6);
    if !(1e3..=1e12).contains(&words) {
        return Err(section
            .fault("words", format!("words = {words} is out of range"))
            .allowed(["1k to 1T"]));
    }
    Ok(CorpusConfig {
        source: section.text("source")?.unwrap_or("fragment").to_owned(),
        tokenizer: tokenizer(&section)?,
        held_out: section
            .number("held_out", is_share, "above 0 and below 1")?
            .unwrap_or(0.05),
        words: words as u64,
    })
}

fn tokenizer(corpus: &Section<'_>) -> Result<TokenizerConfig> {
    let Some(entry) = corpus.get("tokenizer") else {
        return Ok(TokenizerConfig::Wordpiece { vocab: 2048 });
    };
    let path = corpus.path_of("tokenizer");
    let any = Section::of(&entry.node, &path, &["kind", "vocab", "path"])?;
    let kind = any
        .word("kind", &["wordpiece", "bpe", "file"])?
        .unwrap_or(if any.has("path") { "file" } else { "wordpiece" });
    if kind == "file" {
        let section = Section::of(&entry.node, &path, &["kind", "path"])?;
        let file = section.required_text("path", "name a tokenizer.json")?;
        return Ok(TokenizerConfig::File { path: file.into() });
    }
    let section = Section::of(&entry.node, &path, &["kind", "vocab"])?;
    // Five special tokens and, for byte-level BPE, the 256 bytes have to fit; so does an alphabet for WordPiece.
    let least = if kind == "bpe" { 261 } else { 64 };
    let vocab = section.whole("vocab", least, 1_000_000)?.unwrap_or(2048);
    Ok(if kind == "bpe" {
        TokenizerConfig::Bpe { vocab }
    } else {
        TokenizerConfig::Wordpiece { vocab }
    })
}

fn encoder(settings: &Node) -> Result<EncoderConfig> {
    let section = Section::open(settings, "encoder", &keys_of("encoder"))?;
    let preset = match section.word("preset", &["modern", "bert"])? {
        Some("bert") => Preset::Bert,
        _ => Preset::Modern,
    };
    let width = section.whole("width", 1, 65_536)?.unwrap_or(128);
    let layers = section.whole("layers", 1, 1024)?.unwrap_or(2);
    let window = section.whole("window", 2, i64::MAX)?.unwrap_or(64);
    let usual = EncoderConfig::preset(preset, width, layers, window);
    let encoder = EncoderConfig {
        heads: section.whole("heads", 1, 4096)?.unwrap_or(usual.heads),
        feed_forward: section
            .whole("feed_forward", 1, 1_048_576)?
            .unwrap_or(usual.feed_forward),
        dropout: section
            .number("dropout", |rate| (0.0..1.0).contains(&rate), "from 0 to below 1")?
            .unwrap_or(usual.dropout),
        precision: match section.word("precision", &["float32", "bfloat16"])? {
            Some("bfloat16") => Precision::Bfloat16,
            _ => Precision::Float32,
        },
        ..usual
    };
    let (kind, positions) = match preset {
        Preset::Bert => ("learned", LEARNED_POSITIONS),
        Preset::Modern => ("rotary", ROTARY_POSITIONS),
    };
    if window > positions {
        let fault = section
            .fault(
                "window",
                format!("a window of {window} is longer than the {positions} {kind} positions of this preset"),
            )
            .allowed([format!("2 to {positions}")]);
        return Err(if preset == Preset::Bert && window <= ROTARY_POSITIONS {
            fault.remedy("shorten the window, or choose preset = \"modern\"")
        } else {
            fault.remedy("shorten the window")
        });
    }
    encoder.check().map_err(|fault| locate(fault, settings, ""))?;
    Ok(encoder)
}

fn budget(settings: &Node) -> Result<Budget> {
    let section = Section::open(settings, "budget", &keys_of("budget"))?;
    let equalise = match section.word("equalise", &["tokens", "predictions", "steps", "flops", "seconds"])? {
        Some("predictions") => Equalise::Predictions,
        Some("steps") => Equalise::Steps,
        Some("flops") => Equalise::Flops,
        Some("seconds") => Equalise::Seconds,
        _ => Equalise::Tokens,
    };
    let unit = if equalise == Equalise::Seconds {
        Unit::Time
    } else {
        Unit::Count
    };
    let amount = match section.amount("amount", unit)? {
        Some(amount) => amount,
        None if equalise == Equalise::Tokens => 2e6,
        None => {
            // The default is a number of tokens; on another axis it would be a guess.
            let fault: Fault = section.fault("amount", "`budget.amount` is missing");
            return Err(fault.allowed([unit.allowed()]));
        }
    };
    Ok(Budget {
        equalise,
        amount,
        batch: section.whole("batch", 1, 1_000_000)?.unwrap_or(16),
    })
}

fn optimizer(settings: &Node) -> Result<OptimizerConfig> {
    let section = Section::open(settings, "optimizer", &keys_of("optimizer"))?;
    let share = |key: &str, usual: f64| {
        Ok::<_, Fault>(
            section
                .number(key, |share| (0.0..1.0).contains(&share), "from 0 to below 1")?
                .unwrap_or(usual),
        )
    };
    let positive =
        |key: &str, usual: f64| Ok::<_, Fault>(section.number(key, |number| number > 0.0, "above 0")?.unwrap_or(usual));
    let not_negative = |key: &str, usual: f64| {
        Ok::<_, Fault>(
            section
                .number(key, |number| number >= 0.0, "0 or above")?
                .unwrap_or(usual),
        )
    };
    Ok(OptimizerConfig {
        peak_lr: positive("peak_lr", 1e-3)?,
        warmup: share("warmup", 0.06)?,
        weight_decay: not_negative("weight_decay", 0.01)?,
        beta_1: share("beta_1", 0.9)?,
        beta_2: share("beta_2", 0.98)?,
        epsilon: positive("epsilon", 1e-6)?,
        clip: not_negative("clip", 1.0)?,
    })
}
