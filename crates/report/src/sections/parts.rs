//! The parts of a task, arms side by side: phenomena, the easiest first, and the layers of an encoder.

use super::of_many;
use super::scores::{arrow, by};
use crate::chance::against;
use crate::curves::over_seeds;
use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::score::{HALF_WIDTH, PER_TOKEN, Score, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_schema::metric::UNTRAINED;
use std::cmp::Ordering;

pub(super) fn sections(study: &Study, scored: &Scored, field: &Field) -> Result<Vec<Section>> {
    let (whole, arms) = (&scored.score, study.shown_of(field));
    let phenomena = study.by_difficulty(whole, &arms)?;
    let layers = study.layers(whole, &arms)?;
    let sections = [
        section(study, whole, field, Kind::Phenomena, &phenomena)?,
        section(study, whole, field, Kind::Layers, &layers)?,
    ];
    Ok(sections.into_iter().flatten().collect())
}

/// What the parts are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Phenomena,
    /// How many of them are above chance says nothing of what was learnt, and is not counted.
    Layers,
}

impl Kind {
    /// One of them, and several.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Phenomena => ["phenomenon", "phenomena"],
            Self::Layers => ["layer", "layers"],
        }
    }
}

/// What stands beside the score of every part, where some run has it: of phenomena the mean over tokens, of layers the encoder with its
/// initial values.
fn beside(study: &Study, kind: Kind, parts: &[Score]) -> Result<Option<(&'static str, Vec<Score>)>> {
    let of = |part: &Score| match kind {
        Kind::Phenomena => part.per_token(),
        Kind::Layers => Score::new(
            &part.task,
            &format!("{}[{UNTRAINED}]", part.metric),
            &study.view.plan.tasks,
        ),
    };
    let name = match kind {
        Kind::Phenomena => PER_TOKEN,
        Kind::Layers => UNTRAINED,
    };
    let scores: Vec<Score> = parts.iter().map(of).collect();
    for score in &scores {
        for arm in 0..study.view.arms.len() {
            if !study.view.final_of(score, arm)?.is_empty() {
                return Ok(Some((name, scores)));
            }
        }
    }
    Ok(None)
}

fn section(study: &Study, whole: &Score, field: &Field, kind: Kind, parts: &[Score]) -> Result<Option<Section>> {
    let arms = study.shown_of(field);
    if parts.is_empty() || arms.is_empty() {
        return Ok(None);
    }
    let mut rows: Vec<Vec<Cell>> = parts
        .iter()
        .map(|part| vec![Cell::plain(readable(part.part().unwrap_or_default()))])
        .collect();
    let mut totals = vec![Cell::plain("above chance")];
    let beside = beside(study, kind, parts)?;
    let [one, several] = kind.words();
    let mut columns = vec![one.to_owned()];
    for arm in &arms {
        let asked: Vec<(&Score, usize)> = parts.iter().map(|part| (part, *arm)).collect();
        let sides = against(study.view, &asked, 0)?;
        let above = sides.iter().flatten().filter(|one| one.side == Some(Ordering::Greater));
        totals.push(Cell::plain(format!("{} of {}", above.count(), parts.len())));
        for ((row, part), one) in rows.iter_mut().zip(parts).zip(sides) {
            row.push(Cell::optional(
                one.map(|one| part.half_width(&one.found) + arrow(one.side)),
            ));
        }
        columns.push(study.marked(*arm));
        if let Some((name, scores)) = &beside {
            for ((row, part), other) in rows.iter_mut().zip(parts).zip(scores) {
                let found = over_seeds(&study.view.final_of(other, *arm)?)?;
                row.push(Cell::optional(found.map(|found| part.half_width(&found))));
            }
            totals.push(Cell::plain(crate::number::NONE));
            columns.push(format!("{}, {name}", study.marked(*arm)));
        }
    }
    let mut lead = vec![HALF_WIDTH.to_owned()];
    if whole.chance().is_some() {
        if kind == Kind::Phenomena {
            rows.push(totals);
        }
        lead.push(format!(
            "↑ above chance, ↓ below it, after Holm's correction over the {several} of an arm; {}.",
            by(study.view.answers.has(whole))
        ));
    }
    lead.extend(of_many(study));
    let spare: Vec<String> = columns.iter().skip(2).step_by(2).cloned().collect();
    let spare: Vec<&str> = spare.iter().filter(|_| beside.is_some()).map(String::as_str).collect();
    let chance = whole.chance().map(|chance| format!("; chance {}", whole.text(chance)));
    let caption = field.titled(&whole.label()) + &chance.unwrap_or_default();
    let name = field.titled(&format!("{} {} by {one}", whole.task, whole.metric));
    Ok(Some(Section {
        lead,
        table: Some(Table::new(&name, caption, columns, rows).spare(&spare)),
        points: study.policy(whole, &arms).into_iter().collect(),
        topic: Some(Topic::Parts),
        ..Section::new(field.titled(&format!("{} by {one}", whole.title())))
    }))
}
