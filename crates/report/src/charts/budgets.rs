//! The leading score against every budget axis: what was equal, and what it cost on the others.

use super::AXES;
use super::panel::{Panel, Range, grid};
use super::profile::{mean, profile};
use super::scene::{Scene, Shape};
use super::style::{begin, finish, legend, look};
use crate::view::View;
use cloze_foundation::Result;

/// One panel per budget axis.
pub(crate) fn scene(view: &View) -> Result<Option<Scene>> {
    let Some(measure) = view.headlines().into_iter().next() else {
        return Ok(None);
    };
    let (curves, scale) = (view.curves(&measure), measure.scale());
    let points = || curves.iter().flat_map(|curves| curves.values().flatten());
    let chance = measure.chance().map(|chance| chance * scale);
    let y = Range::around(points().map(|point| point.value * scale).chain(chance));
    let names: Vec<&str> = view.arms.iter().map(|arm| arm.name.as_str()).collect();

    let (mut scene, mut top) = begin(&format!("{} against each budget", measure.title()));
    top += legend(&mut scene, top, &names);
    let height = 210.0;
    let (places, bottom) = grid(AXES.len(), 3, top, height);
    for (place, (axis, (left, top, wide))) in AXES.into_iter().zip(places).enumerate() {
        let along = || points().map(|point| (axis.take)(&point.spent));
        let x = Range::from_zero(along());
        let panel = Panel {
            left,
            top,
            right: left + wide,
            bottom: top + height,
            x,
            y,
        };
        let y_label = if place % 3 == 0 { measure.label() } else { String::new() };
        panel.frame(&mut scene, axis.column, axis.label, &y_label, &x.ticks(4));
        panel.chance(&mut scene, chance, along().fold(f64::INFINITY, f64::min));
        for (arm, curves) in curves.iter().enumerate() {
            let look = look(arm);
            mean(&mut scene, &panel, &profile(curves, axis, scale)?, look);
            for last in curves.values().filter_map(|points| points.last()) {
                let (x, y) = panel.at((axis.take)(&last.spent), last.value * scale);
                // Beside the mean's symbol, so that neither hides the other.
                scene.symbol((x + 8.0, y), Shape::Circle, 2.0, look.colour, false);
            }
        }
    }
    let dotted = if chance.is_some() { " Dotted line: chance." } else { "" };
    let caption = format!(
        "Lines with symbols: mean over seeds at every judgement. Open circles, a little to the right: single seeds at the \
         end.{dotted} Equal for every arm: {}; on the other axes arms end where their training took them. The learning rate falls to zero at the end of the \
         budget, so a point on the way is not the result of a smaller budget.",
        view.equalised()
    );
    Ok(points().next().is_some().then(|| finish(scene, bottom, caption)))
}
