//! Scores that nothing is led by: further scoring rules, other answerers, ties. One table for each unit and field.

use crate::curves::over_seeds;
use crate::document::{Cell, Section, Table};
use crate::score::{HALF_WIDTH, Score};
use crate::study::Study;
use cloze_foundation::Result;

/// What stands in one table: scores in one unit of arms that may be compared.
struct Group {
    unit: &'static str,
    /// What sets the arms apart from those of other tables.
    field: Option<String>,
    arms: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

pub(super) fn sections(study: &Study) -> Result<Vec<Section>> {
    let mut groups: Vec<Group> = Vec::new();
    // What stands beside a leading score in its own table is not told again.
    let is_beside = |score: &Score| study.scores.iter().any(|scored| scored.score.per_token() == *score);
    for score in study.view.others().into_iter().filter(|score| !is_beside(score)) {
        for field in study.view.fields(&score) {
            let arms: Vec<usize> = field.arms.into_iter().filter(|arm| study.is_shown(*arm)).collect();
            let Some(row) = row(study, &score, &arms)? else {
                continue;
            };
            let unit = score.unit();
            let is_same = |group: &&mut Group| group.unit == unit && group.field == field.name && group.arms == arms;
            match groups.iter_mut().find(is_same) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group {
                    unit,
                    field: field.name,
                    arms,
                    rows: vec![row],
                }),
            }
        }
    }
    Ok(groups.into_iter().map(|group| section(study, group)).collect())
}

/// A score of some arms; none where no arm has it.
fn row(study: &Study, score: &Score, arms: &[usize]) -> Result<Option<Vec<Cell>>> {
    let finals = study.view.finals(score)?;
    if arms.iter().all(|arm| finals[*arm].is_empty()) {
        return Ok(None);
    }
    let levels = study.view.levels(&score.task, arms);
    let held = levels.named().filter(|_| score.unit() == Score::NATS);
    let held: Vec<String> = held
        .map(|(name, level)| format!("{name} {}", score.text(level)))
        .collect();
    let mut row = vec![Cell::plain(match held.is_empty() {
        true => score.title(),
        false => format!("{} ({})", score.title(), held.join(", ")),
    })];
    for arm in arms {
        row.push(Cell::optional(
            over_seeds(&finals[*arm])?.map(|found| score.half_width(&found)),
        ));
    }
    Ok(Some(row))
}

fn section(study: &Study, group: Group) -> Section {
    let Group {
        unit,
        field,
        arms,
        rows,
    } = group;
    let titled = |text: String| match &field {
        Some(name) => format!("{text}, {name}"),
        None => text,
    };
    let columns = ["score".to_owned()]
        .into_iter()
        .chain(arms.iter().map(|arm| study.marked(*arm)));
    let caption = format!(
        "Further scoring rules, answerers and ties ({})",
        titled(unit.to_owned())
    );
    let mut lead = vec![
        HALF_WIDTH.to_owned(),
        "What is in square brackets answered in place of the judged encoder itself, and in round ones stands what a loss is \
         held against; nothing here is compared or tested."
            .to_owned(),
    ];
    lead.extend(study.of_shown());
    let name = match &field {
        Some(field) => format!("others {unit} {field}"),
        None => format!("others {unit}"),
    };
    Section {
        lead,
        table: Some(Table::new(&name, caption, columns, rows)),
        ..Section::new(format!("Other scores ({})", titled(unit.to_owned())))
    }
}
