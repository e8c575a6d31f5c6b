//! One row per score and arm, numbers in full, for spreadsheets and notebooks.

use crate::compare::{Comparison, against_baselines};
use crate::score::Score;
use crate::view::{View, over_seeds};
use cloze_foundation::Result;
use cloze_stats::Summary;

/// What a row is made from.
struct Line<'a> {
    view: &'a View,
    score: &'a Score,
    arm: usize,
    found: Summary,
    /// Where the score leads and the arm has a baseline.
    compared: Option<&'a Comparison>,
}

impl Line<'_> {
    /// The cell of a comparison, empty without one.
    fn paired(&self, cell: impl Fn(&Comparison) -> Option<f64>) -> String {
        number(self.compared.and_then(cell))
    }
}

/// A column: its heading and its cell.
type Column = (&'static str, fn(&Line) -> String);

const COLUMNS: [Column; 22] = [
    ("task", |line| quoted(&line.score.task)),
    ("metric", |line| quoted(&line.score.metric)),
    ("arm", |line| quoted(&line.view.arms[line.arm].name)),
    ("chance", |line| number(line.score.chance())),
    ("higher_is_better", |line| line.score.higher_is_better().to_string()),
    ("seeds", |line| line.found.n.to_string()),
    ("mean", |line| line.found.mean.to_string()),
    ("sd", |line| number(line.found.sd)),
    ("low", |line| number(line.found.interval.map(|found| found.low))),
    ("high", |line| number(line.found.interval.map(|found| found.high))),
    ("baseline", |line| {
        line.compared
            .map(|one| quoted(&line.view.arms[one.baseline].name))
            .unwrap_or_default()
    }),
    ("pairs", |line| {
        line.compared.map(|one| one.paired.n.to_string()).unwrap_or_default()
    }),
    ("delta", |line| line.paired(|one| Some(one.paired.delta))),
    ("delta_low", |line| {
        line.paired(|one| one.paired.interval.map(|found| found.low))
    }),
    ("delta_high", |line| {
        line.paired(|one| one.paired.interval.map(|found| found.high))
    }),
    ("p_sign_flip", |line| {
        line.paired(|one| (one.paired.n > 1).then_some(one.flip))
    }),
    ("p_sign_flip_holm", |line| {
        line.paired(|one| (one.paired.n > 1).then_some(one.flip_holm))
    }),
    ("p_t", |line| line.paired(|one| one.paired.p)),
    ("p_t_holm", |line| line.paired(|one| one.t_holm)),
    ("p_better", |line| line.paired(|one| Some(one.wins))),
    ("correlation", |line| line.paired(|one| one.paired.correlation)),
    ("verdict", |line| {
        line.compared
            .map(|one| format!("{:?}", one.verdict))
            .unwrap_or_default()
    }),
];

/// Headlines with their comparisons, then parts, other scores and the mean over tasks.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn whole(view: &View) -> Result<String> {
    let mut text = joined(|(heading, _)| (*heading).to_owned());
    let headlines = view.headlines();
    let mut scores = headlines.clone();
    scores.extend(headlines.iter().flat_map(|score| view.parts(score)));
    scores.extend(view.others());
    scores.extend(view.aggregate());
    for score in &scores {
        let leads = headlines.contains(score) || view.aggregate().as_ref() == Some(score);
        let compared = if leads {
            against_baselines(view, score)?
        } else {
            Vec::new()
        };
        for (arm, values) in view.finals(score)?.iter().enumerate() {
            let Some(found) = over_seeds(values)? else { continue };
            let compared = compared.iter().find(|one| one.arm == arm);
            let line = Line {
                view,
                score,
                arm,
                found,
                compared,
            };
            text += &joined(|(_, cell)| cell(&line));
        }
    }
    Ok(text)
}

/// A row with one cell a column.
fn joined(cell: impl Fn(&Column) -> String) -> String {
    COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A field by RFC 4180.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
