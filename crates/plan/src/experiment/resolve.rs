//! From written tables to a [`RunConfig`]: every default filled in, every range checked.

use super::arms::Arm;
use super::evaluate::Evaluate;
use crate::RunConfig;
use cloze_backbone::{EncoderConfig, EncoderOptions};
use cloze_corpus::CorpusOptions;
use cloze_foundation::Result;
use cloze_objectives::Objective;
use cloze_options::{Node, Options, Written};
use cloze_trainer::{BudgetOptions, OptimizerOptions};

/// Resolves one point of a sweep but for its seed, which is left at 0. `settings` holds the tables of the experiment and
/// the arm's `options` after every override.
///
/// # Errors
/// Any key or value that does not fit, with its place.
pub(crate) fn resolve(settings: &Node, arm: &Arm, evaluate: &Evaluate) -> Result<(RunConfig, Box<dyn Objective>)> {
    let tables = settings.top();
    let corpus = CorpusOptions::read(&tables.open("corpus"))?.resolve()?;
    let options = settings.find("options").map_or(&arm.options, |member| &member.node);
    let written = Written::new(options, &arm.key);
    let configured = cloze_objectives::read(&arm.objective, &written)?;
    let encoder = EncoderOptions::read(&tables.open("encoder"))?.resolve();
    let budget = tables.open("budget");
    let fitted = configured.on(&encoder).map_err(|fault| written.locate(fault))?;
    let found = BudgetOptions::read(&budget)?;
    let shortest = found.stages.iter().map(|stage| stage.window).min();
    // Where windows are shorter at first, they have to be long enough as well.
    if let Some(window) = shortest.filter(|window| *window < encoder.window) {
        let at_first = EncoderConfig {
            window,
            ..encoder.clone()
        };
        configured.on(&at_first).map_err(|fault| written.locate(fault))?;
    }
    if configured.reads_elsewhere() && found.batch < 2 {
        return Err(budget
            .open("batch")
            .fault("a window alone in its batch has no other beside it")
            .allowed(["2 or more"])
            .remedy("raise budget.batch, or ask about the order of segments: pairs = \"order\""));
    }
    let config = RunConfig {
        objective: arm.objective.clone(),
        options: fitted,
        evaluate: evaluate.tasks(&corpus.source)?,
        corpus,
        encoder,
        budget: found.resolve()?,
        optimizer: OptimizerOptions::read(&tables.open("optimizer"))?.resolve()?,
        points: evaluate.points,
        validation_windows: evaluate.validation_windows,
        seed: 0,
    };
    let stages = config.budget.shape(config.encoder.window).check(&config.budget.stages);
    stages.map_err(|fault| budget.locate(fault))?;
    Ok((config, configured))
}
