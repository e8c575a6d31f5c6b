//! From written tables to a [`RunConfig`]: every default filled in, every range checked.

use super::arms::Arm;
use super::dimension::OPTIONS;
use super::evaluate::Evaluate;
use super::swept::swept;
use crate::{RunConfig, Start};
use cloze_backbone::{Disentangled, EncoderConfig, EncoderOptions, InitialValues};
use cloze_corpus::{CorpusConfig, CorpusOptions};
use cloze_foundation::{Fault, Place, Result};
use cloze_objectives::Objective;
use cloze_options::{Node, Options, Words, Written};
use cloze_trainer::{BudgetOptions, OptimizerOptions};
use std::path::Path;

/// Resolves one point of a sweep but for its seed, which is left at 0. `settings` holds the tables of the experiment and
/// the arm's `options` after every override.
///
/// # Errors
/// Any key or value that does not fit, with its place.
pub(crate) fn resolve(
    settings: &Node,
    arm: &Arm,
    evaluate: &Evaluate,
    data_root: Option<&Path>,
) -> Result<(RunConfig, Box<dyn Objective>)> {
    let tables = settings.top();
    let mut corpus = CorpusOptions::read(&tables.open("corpus"))?.resolve()?;
    let configured = cloze_objectives::read(&arm.objective, &options(settings, arm))?;
    let asked = EncoderOptions::read(&tables.open("encoder"))?;
    let encoder = match &asked.from {
        None => asked.resolve(),
        Some(place) => begun(&asked, place, &tables, &mut corpus, data_root)?,
    };
    let budget = tables.open("budget");
    let here = |fault: Fault| match is_shared(&fault) {
        // What all arms have is wrong for this one.
        true => locate(settings, arm, fault).at(format!("arm `{}`", arm.name)),
        false => locate(settings, arm, fault),
    };
    let fitted = configured.on(&encoder).map_err(here)?;
    let found = BudgetOptions::read(&budget)?;
    let shortest = found.stages.iter().map(|stage| stage.window).min();
    // Where windows are shorter at first, they have to be long enough as well.
    if let Some(window) = shortest.filter(|window| *window < encoder.window) {
        let at_first = EncoderConfig {
            window,
            ..encoder.clone()
        };
        configured.fitted(&at_first).map_err(here)?;
    }
    if configured.reads_elsewhere() && found.batch < 2 {
        return Err(budget
            .open("batch")
            .fault("a window alone in its batch has no other beside it")
            .allowed(["2 or more"])
            .remedy("raise budget.batch, or ask about the order of segments: pairs = \"order\""));
    }
    let optimizer = tables.open("optimizer");
    let moved = OptimizerOptions::read(&optimizer)?.resolve(found.batch * encoder.window);
    let moved = moved.map_err(|fault| optimizer.locate(fault))?;
    let config = RunConfig {
        objective: arm.objective.clone(),
        options: fitted,
        evaluate: evaluate.tasks(&corpus.source)?,
        corpus,
        encoder,
        budget: found.resolve()?,
        optimizer: moved,
        points: evaluate.points,
        spacing: evaluate.spacing(),
        validation_windows: evaluate.validation_windows,
        seed: 0,
    };
    let stages = config.budget.shape(config.encoder.window).check(&config.budget.stages);
    stages.map_err(|fault| budget.locate(fault))?;
    Ok((config, configured))
}

/// The options of an arm at a point of the sweep.
fn options<'a>(settings: &'a Node, arm: &'a Arm) -> Written<'a> {
    let options = settings.find(OPTIONS).map_or(&arm.options, |member| &member.node);
    Written::new(options, &arm.key)
}

/// A fault whose place is a key of an arm, of its options or of the experiment's tables, at this point of the sweep where that was
/// written.
pub(crate) fn locate(settings: &Node, arm: &Arm, mut fault: Fault) -> Fault {
    if is_shared(&fault) {
        return settings.top().locate(fault);
    }
    let objective = Place::key("objective");
    match fault.places.first_mut() {
        Some(place) if *place == objective => {
            *place = arm.said.of(arm.key.joined(&objective.key));
            fault
        }
        _ => options(settings, arm).locate(fault),
    }
}

/// Whether the place of a fault is a key of a table that all arms have.
fn is_shared(fault: &Fault) -> bool {
    let first = fault.places.first().filter(|place| place.is_unlocated());
    let table = first.and_then(|place| place.key.segments().first());
    table.is_some_and(|table| swept().iter().any(|(name, _)| name == table))
}

const LEAVE_OUT: &str = "leave it out: what the encoder is made of stands in its folder";

/// How an encoder attends, as it would be written.
fn attends(encoder: &EncoderConfig) -> String {
    match encoder.disentangled {
        None => "has attention by content alone".to_owned(),
        Some(Disentangled {
            position_buckets,
            max_relative_positions,
            shared_keys,
            absolute,
        }) => format!(
            "has disentangled = {{ position_buckets = {position_buckets}, max_relative_positions = {max_relative_positions}, \
             shared_keys = {shared_keys}, absolute = \"{}\" }}",
            absolute.name()
        ),
    }
}

/// The encoder of a folder, which begins with the weights that are there. The text is read with its own tokenizer.
fn begun(
    asked: &EncoderOptions,
    place: &Path,
    tables: &Written<'_>,
    corpus: &mut CorpusConfig,
    data_root: Option<&Path>,
) -> Result<EncoderConfig> {
    let table = tables.open("encoder");
    let start = Start::of(place, data_root).map_err(|fault| fault.at(table.open("from").place()))?;
    let own = start.encoder();
    // What is left out follows from the folder's window.
    let given = EncoderOptions {
        window: own.window,
        ..asked.clone()
    };
    if asked.initial_values != InitialValues::Normal {
        let what = "blocks that begin with a folder's weights are not drawn";
        return Err(table.open("initial_values").fault(what).remedy(LEAVE_OUT));
    }
    let given = given.resolve();
    let number = |count: usize| count.to_string();
    for (key, asked, own) in [
        ("preset", given.preset.name().to_owned(), own.preset.name().to_owned()),
        ("width", number(given.width), number(own.width)),
        ("layers", number(given.layers), number(own.layers)),
        ("layer_groups", number(given.blocks()), number(own.blocks())),
        ("heads", number(given.heads), number(own.heads)),
        ("feed_forward", number(given.feed_forward), number(own.feed_forward)),
        (
            "embedding_width",
            number(given.table_width()),
            number(own.table_width()),
        ),
        ("pre_norm", given.pre_norm.to_string(), own.pre_norm.to_string()),
        (
            "embedding_residual",
            given.embedding_residual.to_string(),
            own.embedding_residual.to_string(),
        ),
        (
            "value_embeddings",
            given.value_embeddings.to_string(),
            own.value_embeddings.to_string(),
        ),
    ] {
        if table.get(key).is_some() && asked != own {
            let what = format!("the encoder of `{}` has {key} = {own}", place.display());
            let fault = table.open(key).fault(what).allowed([own]);
            return Err(fault.remedy(LEAVE_OUT));
        }
    }
    // A mask decoder may be left away: what reads the encoder knows nothing of it.
    let without_decoder = own.disentangled.map(Disentangled::without_decoder);
    let disentangled = match table.get("disentangled") {
        None => own.disentangled,
        Some(_) => given.disentangled,
    };
    if disentangled != own.disentangled && disentangled != without_decoder {
        let what = format!("the encoder of `{}` {}", place.display(), attends(own));
        return Err(table.open("disentangled").fault(what).remedy(LEAVE_OUT));
    }
    let window = match table.get("window") {
        None => own.window,
        Some(written) if asked.window > own.window => {
            let what = format!(
                "the encoder of `{}` reads {} positions at most",
                place.display(),
                own.window
            );
            return Err(written.fault(what).allowed([format!("2 to {}", own.window)]));
        }
        Some(_) => asked.window,
    };
    let tokenizer = tables.open("corpus").get("tokenizer");
    match tokenizer {
        None => {
            corpus.tokenizer = start
                .tokenizer()
                .map_err(|fault| fault.at(table.open("from").place()))?
        }
        Some(written) if !start.reads_with(&corpus.tokenizer, data_root)? => {
            let what = format!(
                "weights that begin with those of `{}` need its tokenizer",
                place.display()
            );
            return Err(written
                .fault(what)
                .remedy("leave `tokenizer` out: it is then that of the folder"));
        }
        Some(_) => {}
    }
    Ok(EncoderConfig {
        window,
        dropout: asked.dropout.unwrap_or(own.dropout),
        precision: asked.precision,
        // Of heads and of training, and not of the encoder in the folder.
        logit_cap: asked.logit_cap,
        z_loss: asked.z_loss,
        // Nothing is drawn but blocks of a generator.
        initial_values: InitialValues::Normal,
        disentangled,
        from: Some(place.to_owned()),
        ..own.clone()
    })
}
