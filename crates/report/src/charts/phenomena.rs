//! The leading score by phenomenon and arm: a row for each phenomenon, in it every arm with its mean and seeds.

use crate::figure::{Figure, Panel, Scale, look};
use crate::score::readable;
use crate::view::{View, over_seeds};
use cloze_foundation::Result;

pub(super) fn draw(view: &View) -> Result<Option<Figure>> {
    let mut headlines = view.headlines().into_iter();
    let Some(whole) = headlines.find(|score| !view.parts(score).is_empty()) else {
        return Ok(None);
    };
    let (parts, scale) = (view.parts(&whole), whole.scale());
    let names = parts
        .iter()
        .map(|part| readable(part.part().unwrap_or_default()))
        .collect();
    let mut panel = Panel::rows(names, view.arms.len(), Scale::around(whole.label()));
    panel.chance(whole.chance().map(|chance| chance * scale));
    for (row, part) in parts.iter().enumerate() {
        for (arm, values) in view.finals(part)?.iter().enumerate() {
            let Some(found) = over_seeds(values)? else { continue };
            let clear = part.chance().is_none() || part.side_of_chance(&found).is_some();
            let seeds: Vec<f64> = values.values().map(|value| value * scale).collect();
            panel.dots(look(arm), (row, arm), found.mean * scale, clear, &seeds);
        }
    }
    let mut figure = Figure::new(format!("{} by phenomenon", whole.title()), 1, 0.0)
        .legend(view.arms.iter().map(|arm| arm.name.as_str()));
    figure.panel(panel);
    figure.say(
        "Large symbol: mean over seeds, filled where the Student's t 95 % interval of the mean does not touch chance, open \
         where it does or where there is one seed. Small circles: single seeds, joined by a line from the lowest to the \
         highest.",
    );
    Ok(Some(figure))
}
