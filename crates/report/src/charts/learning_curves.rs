//! The leading score along training: all means in one panel, then each arm with its interval and its seeds.

use super::profile::{profile, spot, with_seeds};
use crate::figure::{Figure, Panel, Scale, look};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::Axis;

pub(super) fn draw(view: &View) -> Result<Option<Figure>> {
    let Some(score) = view.headlines().into_iter().next() else {
        return Ok(None);
    };
    let (curves, scale, axis) = (view.curves(&score), score.scale(), Axis::Tokens);
    let mut profiles = Vec::new();
    for curves in curves {
        profiles.push(profile(curves, axis, scale)?);
    }
    let chance = score.chance().map(|chance| chance * scale);
    let drawn: Vec<usize> = (0..profiles.len()).filter(|arm| !profiles[*arm].is_empty()).collect();
    let several = drawn.len() > 1;
    let columns = if drawn.len() + usize::from(several) > 6 { 4 } else { 3 };
    let new = |title: String| {
        let mut panel = Panel::new(
            title,
            Scale::from_zero(axis.facts().label),
            Scale::around(score.label()),
        );
        panel.chance(chance);
        panel
    };

    let mut figure = Figure::new(format!("{} along training", score.title()), columns, 190.0)
        .one_x()
        .one_y();
    if several {
        figure = figure.legend(view.arms.iter().map(|arm| arm.name.as_str()));
        let mut panel = new("all arms: means over seeds".to_owned());
        drawn.iter().for_each(|arm| panel.means(look(*arm), &profiles[*arm]));
        figure.panel(panel);
    }
    for arm in &drawn {
        let mut panel = new(with_seeds(&view.arms[*arm].name, &curves[*arm]));
        drawn
            .iter()
            .filter(|other| *other != arm)
            .for_each(|other| panel.background(&profiles[*other]));
        panel.band(look(*arm), &profiles[*arm]);
        for points in curves[*arm].values() {
            panel.seed(
                look(*arm),
                points.iter().map(|point| spot(point, axis, scale)).collect(),
            );
        }
        panel.means(look(*arm), &profiles[*arm]);
        figure.panel(panel);
    }
    figure.say(
        "Thick line with symbols: mean over seeds at every judgement. Band: Student's t 95 % interval of the mean (one seed \
         has none). Thin lines: single seeds.",
    );
    if several {
        figure.say("Grey lines: the means of the other arms.");
    }
    if chance.is_some() {
        figure.say("Dotted line: chance.");
    }
    Ok(Some(figure))
}
