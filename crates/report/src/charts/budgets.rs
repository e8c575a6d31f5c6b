//! The leading score against every axis of the budget: what was equal, and what it cost on the others.

use super::profile::{hold, profile, say_held, spot};
use crate::figure::{Figure, Panel, Scale, look};
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::AXES;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let Some(scored) = study.scores.first() else {
        return Ok(Err("nothing was judged".to_owned()));
    };
    let score = &scored.score;
    let (curves, scale) = (study.view.curves(score), score.scale());
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new(format!("{} against each budget", score.title()), 2, 180.0)
        .one_y()
        .legend(names);
    for field in &scored.fields {
        let arms = study.shown_of(field);
        for facts in AXES.iter().filter(|_| !arms.is_empty()) {
            let mut panel = Panel::new(
                field.titled(facts.heading),
                Scale::from_zero(facts.label),
                Scale::around(score.label()),
            );
            hold(&mut panel, study, score, &arms);
            for arm in &arms {
                let (look, Some(curves)) = (look(study.place(*arm)), curves.get(*arm)) else {
                    continue;
                };
                panel.means(look, &profile(curves, facts.axis, scale)?);
                let ends = curves.values().filter_map(|points| points.last());
                panel.seeds(look, ends.map(|point| spot(point, facts.axis, scale)).collect());
            }
            figure.panel(panel);
        }
    }
    figure.say(
        "Lines with symbols: mean over seeds at every judgement. Open circles, a little to the right: single seeds at the end.",
    );
    say_held(&mut figure, study, score);
    figure.say(format!(
        "{} On the other axes arms end where their training took them. The learning rate falls to zero at the end of the \
         budget, so a point on the way is not the result of a smaller budget.",
        study.view.equalised()
    ));
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}
