//! Whether the order of the arms holds along widths, layers or budgets.

use crate::compare::ALPHA;
use crate::document::{Cell, Section, Table, Topic};
use crate::ladder::{Ladder, Rivals, ladders};
use crate::number;
use crate::score::Score;
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use cloze_stats::Course;

pub(super) fn sections(study: &Study, scored: &Scored) -> Result<Vec<Section>> {
    let each = ladders(study, scored)?;
    Ok(each.iter().map(|ladder| section(&scored.score, ladder)).collect())
}

/// What is said of a course.
fn words(course: Course) -> &'static str {
    match course {
        Course::Stable => "stable",
        Course::Crosses => "crosses",
        Course::MayCross => "may cross beyond",
        Course::Open => "open",
    }
}

fn section(score: &Score, ladder: &Ladder) -> Section {
    let titled = |text: String| match &ladder.field {
        Some(field) => format!("{text} ({field})"),
        None => text,
    };
    let row = |one: &Rivals| {
        let mut row = vec![Cell::plain(format!("{} less {}", one.names[0], one.names[1]))];
        for (difference, p) in one.differences.iter().zip(&one.p) {
            let is_shown = p.is_some_and(|p| p < ALPHA);
            row.push(Cell::bold(score.difference(difference.delta), is_shown));
        }
        row.push(Cell::plain(score.difference(one.trend.per_doubling)));
        row.push(Cell::optional(one.trend.interval.map(|found| score.interval(found))));
        row.push(Cell::optional(one.trend_holm.map(number::p)));
        row.push(Cell::plain(words(one.course)));
        row
    };
    let word = ladder.word();
    let columns = ["arms".to_owned()]
        .into_iter()
        .chain(
            ladder
                .sizes
                .iter()
                .map(|size| format!("{word} {}", number::large(*size))),
        )
        .chain(["each doubling", "95 % interval", "p t, Holm", "order"].map(str::to_owned));
    let mut lead = ladder.answer();
    lead.push(format!(
        "Bold: established at that {word}, by the t test after Holm's correction over all sizes and pairs. Each doubling: how much \
         the difference changes whenever the {word} doubles, by a straight line over its logarithm within these sizes; p is of no \
         change. Nothing is said of other sizes: no score is extrapolated."
    ));
    let name = titled(format!("{} along {}", score.task, ladder.path));
    let caption = titled(format!("{}: differences by {word}", score.label()));
    let table = Table::new(&name, caption, columns, ladder.pairs.iter().map(row).collect());
    Section {
        lead,
        table: Some(table.spare(&["95 % interval", "p t, Holm"])),
        topic: Some(Topic::Ladder),
        brief: true,
        ..Section::new(titled(format!("{}: does the order hold along {word}?", score.title())))
    }
}
