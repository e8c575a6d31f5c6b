//! The parts of a task, arms side by side: phenomena, the easiest first, and the layers of an encoder.

use super::scores::{arrow, by};
use crate::chance::against;
use crate::curves::over_seeds;
use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::names::some;
use crate::score::{HALF_WIDTH, PER_TOKEN, Score, readable};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_schema::metric::UNTRAINED;
use std::cmp::Ordering;
use std::collections::BTreeMap;

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

/// The encoders with their initial values that stand beside arms: which arms have the same, and what it comes to at every layer.
type Untrained<T> = Vec<(Vec<usize>, Vec<T>)>;

fn untrained(study: &Study, parts: &[Score], arms: &[usize]) -> Result<Untrained<Option<String>>> {
    let mut found: Untrained<BTreeMap<u64, f64>> = Vec::new();
    for arm in arms {
        let mut finals = Vec::new();
        for part in parts {
            let metric = format!("{}[{UNTRAINED}]", part.metric);
            let score = Score::new(&part.task, &metric, &study.view.plan.tasks);
            finals.push(study.view.final_of(&score, *arm)?);
        }
        if finals.iter().all(BTreeMap::is_empty) {
            continue;
        }
        match found.iter_mut().find(|(_, known)| *known == finals) {
            Some((arms, _)) => arms.push(*arm),
            None => found.push((vec![*arm], finals)),
        }
    }
    let told = found.into_iter().map(|(arms, finals)| {
        let cells = finals.iter().zip(parts).map(|(values, part)| {
            let found = over_seeds(values)?;
            Ok(found.map(|found| part.half_width(&found)))
        });
        Ok((arms, cells.collect::<Result<_>>()?))
    });
    told.collect()
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
    let has_per_token = parts.iter().any(|part| study.per_token(part).is_some());
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
        if has_per_token {
            for (row, part) in rows.iter_mut().zip(parts) {
                let found = over_seeds(&study.view.final_of(&part.per_token(), *arm)?)?;
                row.push(Cell::optional(found.map(|found| part.half_width(&found))));
            }
            totals.push(Cell::plain(crate::number::NONE));
            columns.push(format!("{}, {PER_TOKEN}", study.marked(*arm)));
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
    lead.extend(study.of_shown());
    let spare: Vec<String> = columns.iter().skip(2).step_by(2).cloned().collect();
    let spare: Vec<&str> = spare.iter().filter(|_| has_per_token).map(String::as_str).collect();
    if kind == Kind::Layers {
        let untrained = untrained(study, parts, &arms)?;
        let of_all = untrained.len() == 1 && untrained[0].0.len() == arms.len();
        // Each is told once, however many arms begin there.
        if !untrained.is_empty() {
            lead.push(format!("{UNTRAINED}: the encoder with its initial values, read alike."));
        }
        for (place, (alike, cells)) in untrained.into_iter().enumerate() {
            let mut name = UNTRAINED.to_owned();
            if !of_all {
                name += &format!(" {}", place + 1);
                let names = some(alike.iter().map(|arm| study.name(*arm).to_owned()));
                lead.push(format!("{name} is that of {names}."));
            }
            columns.push(name);
            for (row, cell) in rows.iter_mut().zip(cells) {
                row.push(Cell::optional(cell));
            }
        }
    }
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
