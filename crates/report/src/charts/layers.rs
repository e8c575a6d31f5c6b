//! The leading score of every evaluation that tells layers apart, by layer: a panel for each property that it asks about, in it
//! every arm, and in grey the same encoders with initial values in place of trained ones.

use super::profile::shown;
use crate::curves::over_seeds;
use crate::figure::{Estimate, Figure, Panel, Scale, look};
use crate::ground::Field;
use crate::score::{Score, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_schema::metric::UNTRAINED;
use std::collections::BTreeMap;

/// So many panels are drawn.
const MOST_PANELS: usize = 24;
/// Pixels between the bars of two arms at one layer.
const ASIDE: f64 = 5.0;

/// The layers of each property.
type Properties = BTreeMap<String, BTreeMap<usize, Score>>;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let properties = |scored: &Scored| -> Properties {
        let mut found = Properties::new();
        for part in study.view.parts(&scored.score) {
            if let Some((property, layer)) = part.layer() {
                found
                    .entry(property.to_owned())
                    .or_default()
                    .insert(layer, part.clone());
            }
        }
        found
    };
    let scores = study.scores.iter().map(|scored| (scored, properties(scored)));
    let scores: Vec<(&Scored, Properties)> = scores.filter(|(_, properties)| !properties.is_empty()).collect();
    let title = match scores.as_slice() {
        [] => return Ok(Err("no evaluation of this experiment tells layers apart".to_owned())),
        [(scored, _)] => format!("{} by layer", scored.score.title()),
        _ => "By layer".to_owned(),
    };
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new(title, 2, 160.0).one_x().legend(names);
    let mut asked = Vec::new();
    for (scored, properties) in &scores {
        for field in &scored.fields {
            asked.extend(
                properties
                    .iter()
                    .map(|(property, layers)| (*scored, field, property, layers)),
            );
        }
    }
    let left_out = asked.len().saturating_sub(MOST_PANELS);
    for (scored, field, property, layers) in asked.into_iter().take(MOST_PANELS) {
        let title = match (scores.len() > 1, property.is_empty()) {
            (false, true) => "whole texts".to_owned(),
            (true, true) => scored.score.evaluation(),
            (false, false) => readable(property),
            (true, false) => format!("{}: {}", scored.score.evaluation(), readable(property)),
        };
        // Beside each other long names of axes have no room.
        let y = match scores.len() > 1 {
            true => format!("{} ({})", scored.score.metric, scored.score.unit()),
            false => scored.score.label(),
        };
        figure.panel(panel(study, &scored.score, (field, field.titled(&title), y), layers)?);
    }
    figure.say(
        "Line with symbols: mean over seeds at every layer; layer 0 are the embeddings. Bar: Student's t 95 % interval of the mean, \
         from three seeds on. Grey lines: encoders of the same shapes with initial values, which tell what is there without \
         training.",
    );
    if left_out > 0 {
        figure.say(format!(
            "{left_out} more panels have no room here; all numbers are in table.csv."
        ));
    }
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}

fn panel(
    study: &Study,
    whole: &Score,
    (field, title, y): (&Field, String, String),
    layers: &BTreeMap<usize, Score>,
) -> Result<Panel> {
    let ticks = layers.keys().map(|layer| *layer as f64).collect();
    let x = Scale::around("layer").ticks(ticks);
    let mut panel = Panel::new(title, x, Scale::around(y));
    let estimates = |arm: usize, of: &dyn Fn(&Score) -> Score| -> Result<Vec<Estimate>> {
        let mut estimates = Vec::new();
        for (layer, part) in layers {
            if let Some(found) = over_seeds(&study.view.final_of(&of(part), arm)?)? {
                let mut estimate = Estimate::new(*layer as f64, &found);
                estimate.mean *= whole.scale();
                estimate.interval = estimate.interval.map(|interval| shown(whole, interval));
                estimates.push(estimate);
            }
        }
        Ok(estimates)
    };
    let untrained = |part: &Score| {
        let metric = format!("{}[{UNTRAINED}]", part.metric);
        Score::new(&part.task, &metric, &study.view.plan.tasks)
    };
    let arms = study.shown_of(field);
    for arm in &arms {
        panel.background(&estimates(*arm, &untrained)?);
    }
    for (place, arm) in arms.iter().enumerate() {
        let (found, look) = (estimates(*arm, &Score::clone)?, look(study.place(*arm)));
        panel.bars(look, &found, ASIDE * (place as f64 - (arms.len() - 1) as f64 / 2.0));
        panel.means(look, &found);
    }
    Ok(panel)
}
