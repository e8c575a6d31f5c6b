//! The share of seeds that have left the plateau of word frequencies along training: a staircase for each arm.

use crate::figure::{Figure, Panel, Scale, look};
use crate::onset::{MARGIN, Onset, gone};
use crate::study::Study;
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::Axis;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    if study.onsets.is_empty() {
        return Ok(Err("the loss of word frequencies is not known of any arm".to_owned()));
    }
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new("Seeds that have left the plateau of word frequencies", 1, 220.0)
        .one_x()
        .legend(names);
    for field in study.view.fields(&View::of_onset()) {
        let shown = study.shown_of(&field);
        let onsets: Vec<&Onset> = shown.iter().filter_map(|arm| study.onsets.get(arm)).collect();
        if onsets.is_empty() {
            continue;
        }
        let x = Scale::from_zero(Axis::Tokens.facts().label);
        let title = field.name.clone().unwrap_or_default();
        let mut panel = Panel::new(title, x, Scale::from_zero("seeds that have left (%)"));
        for onset in onsets {
            let (stairs, left, censored) = stairs(onset)?;
            panel.told(look(study.place(onset.arm)), stairs, left, censored);
        }
        figure.panel(panel);
    }
    figure.say(format!(
        "Kaplan and Meier's estimate over the judgements: a seed has left at the first one whose loss is {MARGIN} nats below that of \
         word frequencies. Symbols: filled where seeds have left, open where seeds that had not were judged for the last time."
    ));
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}

type Points = Vec<(f64, f64)>;

/// The corners of an arm's staircase, where seeds left, and where the others were last judged.
fn stairs(onset: &Onset) -> Result<(Points, Points, Points)> {
    let (mut corners, mut left, mut share) = (vec![(0.0, 0.0)], Vec::new(), 0.0);
    for step in onset.curve()? {
        corners.push((step.time, share));
        share = 100.0 * gone(&step).0;
        corners.push((step.time, share));
        left.push((step.time, share));
    }
    let times = onset.seeds.values().map(|seed| seed.at[Axis::Tokens]);
    corners.push((times.fold(0.0, f64::max), share));
    let height = |time: f64| {
        let before = left.iter().rev().find(|(at, _)| *at <= time);
        before.map_or(0.0, |(_, share)| *share)
    };
    let stayed = onset.seeds.values().filter(|seed| !seed.left);
    let censored = stayed
        .map(|seed| seed.at[Axis::Tokens])
        .map(|time| (time, height(time)));
    let censored = censored.collect();
    Ok((corners, left, censored))
}
