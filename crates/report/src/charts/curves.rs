//! Learning curves: the common score, and each arm's own held-out loss in a panel of its own.

use super::AXES;
use super::panel::{Panel, Range, grid};
use super::profile::{Step, band, heights, mean, profile};
use super::scene::{PALE, Scene, Spot};
use super::style::{begin, finish, legend, look};
use crate::measure::Measure;
use crate::view::{Curves, View};
use cloze_foundation::Result;

/// The leading score against tokens: all means in one panel, then one panel per arm with band and seeds.
pub(crate) fn scores(view: &View) -> Result<Option<Scene>> {
    let Some(measure) = view.headlines().into_iter().next() else {
        return Ok(None);
    };
    let (curves, scale) = (view.curves(&measure), measure.scale());
    let profiles = curves
        .iter()
        .map(|curves| profile(curves, AXES[0], scale))
        .collect::<Result<Vec<_>>>()?;
    let chance = measure.chance().map(|chance| chance * scale);
    let x = Range::from_zero(tokens(curves));
    let first = tokens(curves).fold(f64::INFINITY, f64::min);
    let y = Range::around(
        profiles
            .iter()
            .flat_map(|steps| heights(steps))
            .chain(all_values(curves, scale))
            .chain(chance),
    );
    let drawn: Vec<usize> = (0..profiles.len()).filter(|arm| !profiles[*arm].is_empty()).collect();
    let overview = drawn.len() > 1;
    let names: Vec<&str> = view.arms.iter().map(|arm| arm.name.as_str()).collect();

    let (mut scene, mut top) = begin(&format!("{} along training", measure.title()));
    if overview {
        top += legend(&mut scene, top, &names);
    }
    let count = drawn.len() + usize::from(overview);
    let columns = if count > 6 { 4 } else { 3 };
    let (places, bottom) = grid(count, columns, top, 190.0);
    for (place, (left, top, wide)) in places.into_iter().enumerate() {
        let panel = Panel {
            left,
            top,
            right: left + wide,
            bottom: top + 190.0,
            x,
            y,
        };
        let arm = if overview {
            place.checked_sub(1).map(|index| drawn[index])
        } else {
            Some(drawn[place])
        };
        let title = arm.map_or("all arms: means over seeds".to_owned(), |arm| {
            seeds_title(view, arm, &curves[arm])
        });
        let y_label = if place % columns == 0 {
            measure.label()
        } else {
            String::new()
        };
        panel.frame(&mut scene, &title, AXES[0].label, &y_label, &x.ticks(4));
        panel.chance(&mut scene, chance, first);
        match arm {
            None => drawn
                .iter()
                .for_each(|arm| mean(&mut scene, &panel, &profiles[*arm], look(*arm))),
            Some(arm) => {
                let others = drawn.iter().filter(|other| **other != arm);
                others.for_each(|other| scene.line(spots(&panel, &profiles[*other]), PALE, 1.0, None));
                own(&mut scene, &panel, &curves[arm], &profiles[arm], arm, scale);
            }
        }
    }
    Ok((count > 0).then(|| finish(scene, bottom, caption(&measure, overview))))
}

fn caption(measure: &Measure, overview: bool) -> String {
    let grey = if overview {
        " Grey lines: the means of the other arms."
    } else {
        ""
    };
    let chance = if measure.chance().is_some() {
        " Dotted line: chance."
    } else {
        ""
    };
    format!(
        "Thick line with symbols: mean over seeds at every judgement. Band: Student's t 95 % interval of the mean (one seed \
         has none). Thin lines: single seeds.{grey}{chance}"
    )
}

/// Held-out loss of each arm's own objective, one panel with its own axis per arm.
pub(crate) fn own_losses(view: &View) -> Result<Option<Scene>> {
    let curves = &view.own_loss;
    let drawn: Vec<usize> = (0..curves.len()).filter(|arm| !curves[*arm].is_empty()).collect();
    let columns = if drawn.len() > 6 { 4 } else { 3 };
    let (mut scene, top) = begin("Held-out loss of each arm's own objective (panels are not comparable)");
    let (places, bottom) = grid(drawn.len(), columns, top, 170.0);
    for (arm, (place, (left, top, wide))) in drawn.iter().zip(places.into_iter().enumerate()) {
        let steps = profile(&curves[*arm], AXES[0], 1.0)?;
        let x = Range::from_zero(tokens(&curves[*arm..=*arm]));
        let y = Range::around(heights(&steps).chain(all_values(&curves[*arm..=*arm], 1.0)));
        let panel = Panel {
            left,
            top,
            right: left + wide,
            bottom: top + 170.0,
            x,
            y,
        };
        let y_label = if place % columns == 0 {
            "own loss (nats, as trained)"
        } else {
            ""
        };
        panel.frame(
            &mut scene,
            &seeds_title(view, *arm, &curves[*arm]),
            AXES[0].label,
            y_label,
            &x.ticks(4),
        );
        own(&mut scene, &panel, &curves[*arm], &steps, *arm, 1.0);
    }
    let caption = "Each panel has its own axis, because objectives differ in targets, masks and conditioning: their losses \
                   are different quantities and no ranking. Thick line: mean over seeds; band: Student's t 95 % interval; \
                   thin lines: single seeds.";
    Ok((!drawn.is_empty()).then(|| finish(scene, bottom, caption.to_owned())))
}

/// Band, seeds and mean of one arm.
fn own(scene: &mut Scene, panel: &Panel, curves: &Curves, steps: &[Step], arm: usize, scale: f64) {
    let look = look(arm);
    band(scene, panel, steps, look);
    for points in curves.values() {
        let line = points
            .iter()
            .map(|point| panel.at((AXES[0].take)(&point.spent), point.value * scale));
        scene.line(line.collect(), look.colour, 0.5, None);
    }
    mean(scene, panel, steps, look);
}

fn seeds_title(view: &View, arm: usize, curves: &Curves) -> String {
    let seeds = if curves.len() == 1 {
        "1\u{a0}seed, no\u{a0}interval".to_owned()
    } else {
        format!("{}\u{a0}seeds", curves.len())
    };
    format!("{} ({seeds})", view.arms[arm].name)
}

fn spots(panel: &Panel, steps: &[Step]) -> Vec<Spot> {
    steps.iter().map(|step| panel.at(step.x, step.found.mean)).collect()
}

fn tokens(curves: &[Curves]) -> impl Iterator<Item = f64> {
    curves
        .iter()
        .flat_map(|curves| curves.values().flatten().map(|point| (AXES[0].take)(&point.spent)))
}

fn all_values(curves: &[Curves], scale: f64) -> impl Iterator<Item = f64> {
    curves
        .iter()
        .flat_map(move |curves| curves.values().flatten().map(move |point| point.value * scale))
}
