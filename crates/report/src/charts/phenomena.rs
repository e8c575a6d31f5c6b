//! The leading score by phenomenon and arm.

use super::panel::{Panel, Range};
use super::render::text_width;
use super::scene::{GREY, GRID, INK, Scene, Shape, Side};
use super::style::{LABEL, MARGIN, TICK, WIDTH, begin, finish, fit, legend, look};
use crate::measure::{Measure, readable};
use crate::number;
use crate::sections::clear_of_chance;
use crate::view::{View, summary};
use cloze_foundation::Result;

/// Height of one arm's row within a phenomenon.
const ROW: f64 = 11.0;

/// Rows of phenomena, within them one row per arm: every seed as a dot, the mean as the arm's symbol, which is filled
/// where the interval does not touch chance.
pub(crate) fn scene(view: &View) -> Result<Option<Scene>> {
    let whole = view
        .headlines()
        .into_iter()
        .find(|measure| !view.parts(measure).is_empty());
    let Some(whole) = whole else { return Ok(None) };
    let parts = view.parts(&whole);
    let scale = whole.scale();
    let mut finals = Vec::new();
    for part in &parts {
        finals.push(view.finals(part)?);
    }
    let names: Vec<&str> = view.arms.iter().map(|arm| arm.name.as_str()).collect();
    let chance = whole.chance().map(|chance| chance * scale);
    let values = finals
        .iter()
        .flatten()
        .flat_map(|values| values.values())
        .map(|value| value * scale);
    let x = Range::around(values.chain(chance));

    let (mut scene, mut top) = begin(&format!("{} by phenomenon", whole.title()));
    top += legend(&mut scene, top, &names) + 24.0;
    let titles: Vec<String> = parts
        .iter()
        .map(|part| readable(part.part().unwrap_or_default()))
        .collect();
    let widest = titles
        .iter()
        .map(|title| text_width(title, LABEL))
        .fold(0.0, f64::max)
        .min(260.0);
    let block = ROW * names.len() as f64 + 12.0;
    let bottom = top + block * parts.len() as f64;
    let left = MARGIN + widest + 14.0;
    let panel = Panel {
        left,
        top,
        right: WIDTH - MARGIN - 10.0,
        bottom,
        x,
        y: Range { low: 0.0, high: 1.0 },
    };
    axes(&mut scene, &panel, &whole);
    for (index, title) in titles.iter().enumerate() {
        let y = top + block * index as f64;
        scene.text(
            (left - 10.0, y + block / 2.0),
            fit(title, LABEL, 260.0),
            LABEL,
            INK,
            Side::End,
        );
        scene.line(vec![(MARGIN, y + block), (panel.right, y + block)], GRID, 1.0, None);
    }
    if let Some(chance) = chance {
        let (x, _) = panel.at(chance, 0.0);
        scene.line(vec![(x, top - 4.0), (x, bottom)], GREY, 1.4, Some((1.5, 3.5)));
        scene.text((x, top - 12.0), "chance", TICK, GREY, Side::Middle);
    }
    for (index, (part, arms)) in parts.iter().zip(&finals).enumerate() {
        for (arm, values) in arms.iter().enumerate() {
            let y = top + block * index as f64 + 6.0 + ROW * (arm as f64 + 0.5);
            let look = look(arm);
            let spot = |value: f64| (panel.at(value * scale, 0.0).0, y);
            let Some(found) = summary(values)? else { continue };
            let ends = values
                .values()
                .copied()
                .fold((f64::MAX, f64::MIN), |ends, v| (ends.0.min(v), ends.1.max(v)));
            scene.line(vec![spot(ends.0), spot(ends.1)], look.colour, 0.8, None);
            let filled = chance.is_none() || clear_of_chance(part, &found).is_some();
            scene.symbol(spot(found.mean), look.shape, 4.6, look.colour, filled);
            // On top of the mean, so that no seed is hidden.
            values
                .values()
                .for_each(|value| scene.symbol(spot(*value), Shape::Circle, 1.9, look.colour, false));
        }
    }
    let caption = "Large symbol: mean over seeds, filled where the Student's t 95 % interval of the mean does not touch chance, \
                   open where it does or where there is one seed. Small circles: single seeds, joined by a line from the lowest \
                   to the highest.";
    Ok(Some(finish(scene, bottom + 42.0, caption.to_owned())))
}

fn axes(scene: &mut Scene, panel: &Panel, whole: &Measure) {
    for tick in panel.x.ticks(8) {
        let (x, _) = panel.at(tick, 0.0);
        scene.line(vec![(x, panel.top), (x, panel.bottom)], GRID, 1.0, None);
        scene.line(vec![(x, panel.bottom), (x, panel.bottom + 4.0)], GREY, 1.0, None);
        scene.text((x, panel.bottom + 13.0), number::tick(tick), TICK, INK, Side::Middle);
    }
    scene.line(
        vec![(panel.left, panel.bottom), (panel.right, panel.bottom)],
        GREY,
        1.0,
        None,
    );
    scene.text(
        ((panel.left + panel.right) / 2.0, panel.bottom + 30.0),
        whole.label(),
        LABEL,
        INK,
        Side::Middle,
    );
}
