//! Held-out loss of each arm's own objective, one panel with its own axes per arm: these losses are no ranking.

use super::along;
use super::profile::{levels, profile, spot, with_seeds};
use crate::figure::{Figure, Panel, Scale, look};
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::Axis;
use cloze_schema::metric::PRETRAINING;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let (view, axis) = (study.view, Axis::Tokens);
    let drawn = study
        .shown
        .iter()
        .copied()
        .filter(|arm| !view.own_loss[*arm].is_empty());
    let title = "Held-out loss of each arm's own objective (panels are not comparable)";
    let mut figure = Figure::new(title, 2, 160.0);
    for arm in drawn {
        let (curves, look) = (&view.own_loss[arm], look(study.place(arm)));
        let (x, y) = (along(study), Scale::around("own loss (nats)"));
        let mut panel = Panel::new(with_seeds(&study.marked(arm), curves), x, y);
        if view.arms[arm].is_token_loss() {
            levels(&mut panel, study, PRETRAINING, &[arm]);
        }
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
         different quantities and no ranking. Thick line: mean over seeds; band: Student's t 95 % interval, from three seeds \
         on; thin lines: single seeds. Dotted lines, where they are known and the loss is a mean over tokens: the loss of word \
         frequencies, and the best possible one.",
    );
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}
