//! Paired differences from baselines, an arm a row, a baseline a panel: what was established, and how large it may be.

use crate::compare::Comparison;
use crate::figure::{Dot, Figure, PLAIN, Panel, Scale, look};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_stats::Interval;

/// So many scores are drawn.
const MOST_SCORES: usize = 4;
/// Up to so many baselines of a score have a panel each; of more all arms stand in one.
const MOST_BASELINES: usize = 6;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let mut figure = Figure::new("Differences from the baseline", 1, 0.0);
    let mut any_items = false;
    let (mut any, mut in_one) = (false, false);
    for scored in study.scores.iter().take(MOST_SCORES) {
        let compared: Vec<&Comparison> = scored.compared.iter().filter(|one| study.is_told(one.arm)).collect();
        if compared.is_empty() {
            continue;
        }
        any = true;
        any_items |= compared.iter().any(|one| one.items.is_some());
        let mut panels: Vec<Vec<&Comparison>> = Vec::new();
        for one in &compared {
            match panels.iter_mut().find(|panel| panel[0].baseline == one.baseline) {
                Some(panel) => panel.push(one),
                None => panels.push(vec![one]),
            }
        }
        if panels.len() > MOST_BASELINES {
            panels = vec![compared];
            in_one = true;
        }
        panels
            .iter()
            .for_each(|of_one| figure.panel(panel(study, scored, of_one)));
    }
    if !any {
        return Ok(Err(
            "no arm shares a seed with its baseline on a score of its own".to_owned()
        ));
    }
    figure.say(
        "Symbol: the arm's mean difference from its baseline, filled where it is established (tests with Holm's correction), \
         open where it is not. Thick bar: the t interval over seeds, from three seeds on.",
    );
    if study.view.decisions.is_some() {
        figure.say("Where arms were trained until decided, the interval is the one that holds at all looks.");
    }
    if any_items {
        figure.say("Thin bar: the interval over seeds and items.");
    }
    figure.say("Small circles: the differences of single seeds. Dotted line: no difference.");
    if in_one {
        figure.say("Which baseline an arm has stands in the tables of comparisons.");
    }
    if study.told.len() > study.shown.len() {
        figure.say("Grey: arms that other charts leave out.");
    }
    figure.say(study.of_told().unwrap_or_default());
    Ok(Ok(figure))
}

fn panel(study: &Study, scored: &Scored, compared: &[&Comparison]) -> Panel {
    let score = &scored.score;
    let several = compared.iter().any(|one| one.baseline != compared[0].baseline);
    let against = if several {
        "its baseline".to_owned()
    } else {
        study.marked(compared[0].baseline)
    };
    let better = if score.higher_is_better() { "right" } else { "left" };
    let names = compared.iter().map(|one| study.marked(one.arm)).collect();
    let label = format!("arm minus {against}; better to the {better}");
    let mut panel = Panel::rows(score.label(), names, 1, Scale::around(label));
    panel.reference("", 0.0);
    for (row, one) in compared.iter().enumerate() {
        let scale = score.scale();
        let raw = |interval: Interval| Interval {
            low: interval.low * scale,
            high: interval.high * scale,
        };
        let over_seeds = one
            .by
            .interval
            .filter(|_| one.by.n >= crate::score::LEAST_SEEDS)
            .map(raw);
        let over_items = one.items.map(|items| {
            raw(Interval {
                low: items.lo,
                high: items.hi,
            })
        });
        let theirs = &scored.finals[one.baseline];
        let differences = scored.finals[one.arm]
            .iter()
            .filter_map(|(seed, mine)| Some(mine - theirs.get(seed)?));
        let dot = Dot {
            value: one.by.delta * scale,
            is_filled: one.verdict.is_established(),
            intervals: over_seeds.into_iter().chain(over_items).collect(),
            seeds: if one.is_paired {
                differences.map(|each| each * scale).collect()
            } else {
                Vec::new()
            },
        };
        let look = match study.is_shown(one.arm) {
            true => look(study.place(one.arm)),
            false => PLAIN,
        };
        panel.dots(look, (row, 0), &dot);
    }
    panel
}
