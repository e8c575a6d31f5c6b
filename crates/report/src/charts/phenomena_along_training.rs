//! The leading score by phenomenon along training: a small panel for each phenomenon, the easiest first, in it the means of all arms.

use super::along;
use super::phenomena::spread;
use crate::figure::{Figure, Panel, Scale, look};
use crate::learnt;
use crate::score::readable;
use crate::study::Study;
use cloze_foundation::Result;

/// Small panels: so high, so many beside each other, and so many in all.
const HEIGHT: f64 = 88.0;
const COLUMNS: usize = 2;
const MOST: usize = 24;

pub(super) fn draw(study: &Study) -> Result<super::Sketch> {
    let mut leading = None;
    for scored in &study.scores {
        for field in &scored.fields {
            let (parts, arms) = learnt::asked(study, scored, field)?;
            if !parts.is_empty() && !arms.is_empty() {
                leading.get_or_insert(scored);
            }
        }
    }
    let Some(scored) = leading else {
        return Ok(Err("no phenomenon was judged more than once along training".to_owned()));
    };
    let whole = &scored.score;
    let names = study.shown.iter().map(|arm| study.marked(*arm));
    let mut figure = Figure::new(
        format!("{} by phenomenon along training", whole.title()),
        COLUMNS,
        HEIGHT,
    )
    .one_x()
    .one_y()
    .close()
    .legend(names);
    let (mut is_cut, mut is_first) = (false, true);
    let most = (MOST / scored.fields.len().max(1)).max(COLUMNS);
    for field in &scored.fields {
        let (all, arms) = learnt::asked(study, scored, field)?;
        if arms.is_empty() {
            continue;
        }
        is_cut |= all.len() > most;
        let mut of_arms = Vec::new();
        for arm in &arms {
            of_arms.push(learnt::along(study.view, &all, *arm)?);
        }
        for place in spread(&(0..all.len()).collect::<Vec<_>>(), most) {
            let part = &all[*place];
            let title = field.titled(&readable(part.part().unwrap_or_default()));
            let mut panel = Panel::new(title, along(study), Scale::around(whole.unit()));
            // Named once: a name in every small panel would lie on its lines.
            let name = if is_first { "chance" } else { "" };
            is_first = false;
            let chance = whole.chance().map(|chance| chance * whole.scale());
            chance.into_iter().for_each(|chance| panel.reference(name, chance));
            let ceiling = study.view.ceiling(part, &arms);
            ceiling
                .into_iter()
                .for_each(|ceiling| panel.reference("", ceiling * whole.scale()));
            for (arm, judgements) in arms.iter().zip(&of_arms) {
                let spot = |one: &learnt::Judgement| (one.tokens, one.found.mean * whole.scale());
                let (filled, open): (Vec<_>, Vec<_>) = judgements[*place]
                    .iter()
                    .partition(|one| one.is_above || whole.chance().is_none());
                let [line, filled, open] = [judgements[*place].iter().collect(), filled, open]
                    .map(|ones: Vec<_>| ones.into_iter().map(spot).collect());
                panel.told(look(study.place(*arm)), line, filled, open);
            }
            figure.panel(panel);
        }
    }
    figure.say(
        "Means over seeds at every judgement; the easiest phenomenon at the end of training comes first, row by row.",
    );
    if whole.chance().is_some() {
        figure.say(
            "Filled: established to be above chance (Holm's correction over the phenomena of an arm). Dotted line: chance.",
        );
    }
    if study.view.ceiling(whole, &study.shown).is_some() {
        figure.say("Dotted line without a name: the ceiling, the best possible score.");
    }
    if is_cut {
        figure.say("Not every phenomenon has room here: some are drawn, spread from the easiest to the hardest; all are in the table.");
    }
    figure.say(study.of_shown().unwrap_or_default());
    Ok(Ok(figure))
}
