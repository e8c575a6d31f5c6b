//! Held-out loss of each arm's own objective, one panel with its own axes per arm: these losses are no ranking.

use super::profile::{profile, spot, with_seeds};
use crate::figure::{Figure, Panel, Scale, look};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::Axis;

pub(super) fn draw(view: &View) -> Result<Option<Figure>> {
    let axis = Axis::Tokens;
    let drawn: Vec<usize> = (0..view.arms.len())
        .filter(|arm| !view.own_loss[*arm].is_empty())
        .collect();
    let columns = if drawn.len() > 6 { 4 } else { 3 };
    let title = "Held-out loss of each arm's own objective (panels are not comparable)";
    let mut figure = Figure::new(title, columns, 170.0);
    for arm in drawn {
        let (curves, look) = (&view.own_loss[arm], look(arm));
        let (x, y) = (
            Scale::from_zero(axis.facts().label),
            Scale::around("own loss (nats, as trained)"),
        );
        let mut panel = Panel::new(with_seeds(&view.arms[arm].name, curves), x, y);
        let estimates = profile(curves, axis, 1.0)?;
        panel.band(look, &estimates);
        for points in curves.values() {
            panel.seed(look, points.iter().map(|point| spot(point, axis, 1.0)).collect());
        }
        panel.means(look, &estimates);
        figure.panel(panel);
    }
    figure.say(
        "Each panel has its own axis, because objectives differ in targets, masks and conditioning: their losses are \
         different quantities and no ranking. Thick line: mean over seeds; band: Student's t 95 % interval; thin lines: \
         single seeds.",
    );
    Ok(Some(figure))
}
