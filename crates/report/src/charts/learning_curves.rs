//! The leading score along training: all means in one panel for each field, then each arm with its interval and its seeds.

use super::along;
use super::profile::{hold, profile, say_held, spot, with_seeds};
use crate::figure::{Estimate, Figure, Panel, Scale, look};
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::Axis;
use std::collections::BTreeMap;

/// Pixels between the bars of two arms at one point.
const ASIDE: f64 = 5.0;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let Some(scored) = study.scores.first() else {
        return Ok(Err("nothing was judged along training".to_owned()));
    };
    let score = &scored.score;
    let (curves, scale, axis) = (study.view.curves(score), score.scale(), Axis::Tokens);
    let mut profiles: BTreeMap<usize, Vec<Estimate>> = BTreeMap::new();
    for arm in study
        .shown
        .iter()
        .filter(|arm| curves.get(**arm).is_some_and(|curves| !curves.is_empty()))
    {
        profiles.insert(*arm, profile(&curves[*arm], axis, scale)?);
    }
    let new = |title: String, arms: &[usize]| {
        let mut panel = Panel::new(title, along(study), Scale::around(score.label()));
        hold(&mut panel, study, score, arms);
        panel
    };
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new(format!("{} along training", score.title()), 2, 180.0)
        .one_x()
        .one_y()
        .legend(names);
    let fields: Vec<(Option<&str>, Vec<usize>)> = scored
        .fields
        .iter()
        .map(|field| {
            let drawn = study
                .shown_of(field)
                .into_iter()
                .filter(|arm| profiles.contains_key(arm));
            (field.name.as_deref(), drawn.collect())
        })
        .collect();
    for (name, drawn) in fields.iter().filter(|(_, drawn)| drawn.len() > 1) {
        let mut panel = new(
            name.map_or_else(|| "all arms: means over seeds".to_owned(), str::to_owned),
            drawn,
        );
        for (place, arm) in drawn.iter().enumerate() {
            let look = look(study.place(*arm));
            panel.means(look, &profiles[arm]);
            let aside = ASIDE * (place as f64 - (drawn.len() - 1) as f64 / 2.0);
            panel.bars(
                look,
                profiles[arm].last().map(std::slice::from_ref).unwrap_or_default(),
                aside,
            );
        }
        figure.panel(panel);
    }
    for (_, drawn) in &fields {
        for arm in drawn {
            let look = look(study.place(*arm));
            let mut panel = new(with_seeds(&study.marked(*arm), &curves[*arm]), drawn);
            drawn
                .iter()
                .filter(|other| *other != arm)
                .for_each(|other| panel.background(&profiles[other]));
            panel.band(look, &profiles[arm]);
            for points in curves[*arm].values() {
                panel.seed(look, points.iter().map(|point| spot(point, axis, scale)).collect());
            }
            panel.means(look, &profiles[arm]);
            figure.panel(panel);
        }
    }
    figure.say(
        "Thick line with symbols: mean over seeds at every judgement. Band, and bar at the end where arms stand together: \
         Student's t 95 % interval of the mean, from three seeds on. Thin lines: single seeds.",
    );
    if fields.iter().any(|(_, drawn)| drawn.len() > 1) {
        figure.say("Grey lines: the means of the other arms. Bars stand beside each other so that none hides another.");
    }
    say_held(&mut figure, study, score);
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}
