//! The leading score of every task along widths, layers or budgets: a curve for each arm.

use super::series::{MARKS, over};
use crate::figure::{Figure, Panel, Scale};
use crate::ladder::{groups, ladders};
use crate::study::Study;
use crate::sweep::Series;
use cloze_foundation::Result;
use cloze_schema::chart::SIZES;

/// So many arms are drawn.
const MOST_SERIES: usize = 12;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let mut any = false;
    for scored in &study.scores {
        any |= !ladders(study, scored)?.is_empty();
    }
    if !any {
        let why = "no two arms have three seeds each at three widths, numbers of layers or budgets";
        return Ok(Err(why.to_owned()));
    }
    let mut drawn: Vec<(usize, usize, &str, Vec<Series>)> = Vec::new();
    for (score, scored) in study.scores.iter().enumerate() {
        for (field, held) in scored.fields.iter().enumerate() {
            for path in SIZES {
                let groups = groups(study, held, path).into_iter();
                drawn.extend(groups.map(|group| (score, field, *path, group)));
            }
        }
    }
    // One look for an arm wherever it is drawn.
    let mut names: Vec<String> = Vec::new();
    for one in drawn.iter().flat_map(|(.., group)| group) {
        let name = study.called(one.arms[0].1);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let left_out = names.len().saturating_sub(MOST_SERIES);
    names.truncate(MOST_SERIES);
    let mut figure = Figure::new("Score along the sizes of the experiment", 1, 240.0).legend(names.clone());
    for (score, field, path, group) in &drawn {
        let scored = &study.scores[*score];
        let field = &scored.fields[*field];
        let here: Vec<(usize, &Series)> = group
            .iter()
            .filter_map(|one| Some((names.iter().position(|name| *name == study.called(one.arms[0].1))?, one)))
            .collect();
        let sizes: Vec<f64> = group[0].arms.iter().map(|(size, _)| *size).collect();
        let x = Scale::around(*path).ticks(sizes);
        let panel = Panel::new(
            field.titled(&scored.score.title()),
            x,
            Scale::around(scored.score.label()),
        );
        figure.panel(over(study, scored, panel, field, &here, |size| size)?);
    }
    figure.say(MARKS);
    figure.say("Lines join what was measured; how they go on is not known.");
    if left_out > 0 {
        figure.say(format!("{left_out} more arms are in table.csv."));
    }
    Ok(Ok(figure))
}
