//! The leading score against every axis of the budget: what was equal, and what it cost on the others.

use super::profile::{profile, spot};
use crate::figure::{Figure, Panel, Scale, look};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::AXES;

pub(super) fn draw(view: &View) -> Result<Option<Figure>> {
    let Some(score) = view.headlines().into_iter().next() else {
        return Ok(None);
    };
    let (curves, scale) = (view.curves(&score), score.scale());
    let chance = score.chance().map(|chance| chance * scale);
    let mut figure = Figure::new(format!("{} against each budget", score.title()), 3, 210.0)
        .one_y()
        .legend(view.arms.iter().map(|arm| arm.name.as_str()));
    for facts in AXES {
        let mut panel = Panel::new(
            facts.heading,
            Scale::from_zero(facts.label),
            Scale::around(score.label()),
        );
        panel.chance(chance);
        for (arm, curves) in curves.iter().enumerate() {
            panel.means(look(arm), &profile(curves, facts.axis, scale)?);
            let ends = curves.values().filter_map(|points| points.last());
            panel.seeds(look(arm), ends.map(|point| spot(point, facts.axis, scale)).collect());
        }
        figure.panel(panel);
    }
    figure.say(
        "Lines with symbols: mean over seeds at every judgement. Open circles, a little to the right: single seeds at the end.",
    );
    if chance.is_some() {
        figure.say("Dotted line: chance.");
    }
    figure.say(format!(
        "Equal for every arm: {}; on the other axes arms end where their training took them. The learning rate falls to zero \
         at the end of the budget, so a point on the way is not the result of a smaller budget.",
        view.equalised()
    ));
    Ok(Some(figure))
}
