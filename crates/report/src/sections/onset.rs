//! When the seeds of each arm left the plateau of word frequencies, and what those have that did.

use crate::compare::ALPHA;
use crate::curves::{BySeed, last, over_seeds};
use crate::document::{Cell, Section, Table, Topic};
use crate::ground::Field;
use crate::number;
use crate::onset::{MARGIN, Onset, Sooner, Tests, tests};
use crate::score::HALF_WIDTH;
use crate::study::Study;
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::metric::{ATTENTION_ENTROPY, STATE_COSINE};
use cloze_stats::median_time;

/// Columns that a narrow page can do without.
const COSINE: &str = "cosine of states";
const ENTROPY: &str = "entropy of attention (%)";
const STEPS: &str = "left at step";

pub(super) fn sections(study: &Study) -> Result<Vec<Section>> {
    let mut found = Vec::new();
    for field in study.view.fields(&View::of_onset()) {
        found.extend(section(study, &field)?);
    }
    Ok(found)
}

fn section(study: &Study, field: &Field) -> Result<Option<Section>> {
    let told = study.told_of(field);
    let onsets: Vec<&Onset> = told.iter().filter_map(|arm| study.onsets.get(arm)).collect();
    if onsets.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for onset in &onsets {
        rows.push(row(study, onset)?);
    }
    let baselines = study.view.baselines(&View::of_onset());
    let score = study.scores.first().map(|scored| scored.score.label());
    let score = score.unwrap_or_else(|| "score".to_owned());
    let mut lead = vec![
        format!(
            "A seed has left the plateau of word frequencies at the first judgement whose loss is {MARGIN} nats below theirs: that of \
             masked tokens where it was judged, the own loss otherwise. It left between the judgement before and this one. A seed \
             that never did is censored at the end of its budget; seeds that diverged are not counted."
        ),
        format!(
            "Tokens until half have left are of Kaplan and Meier's curve. {HALF_WIDTH} Scores of those that left and of those that \
             did not are of different runs: which seeds leave is a result itself."
        ),
    ];
    let tests = tests(&onsets, &baselines)?;
    lead.extend(of_all(&tests));
    lead.extend(study.of_told());
    let columns = [
        "arm".to_owned(),
        "left".to_owned(),
        "half have left (tokens)".to_owned(),
        STEPS.to_owned(),
        format!("{score}: left"),
        "on it".to_owned(),
        COSINE.to_owned(),
        ENTROPY.to_owned(),
    ];
    let caption = field.titled("Seeds that have left the plateau of word frequencies");
    let table = Table::new(&field.titled("onset"), caption, columns, rows);
    Ok(Some(Section {
        lead,
        table: Some(table.spare(&[ENTROPY, COSINE, STEPS])),
        points: of_each(study, &tests),
        topic: Some(Topic::Onset),
        ..Section::new(field.titled("Leaving the plateau of word frequencies"))
    }))
}

fn row(study: &Study, onset: &Onset) -> Result<Vec<Cell>> {
    let arm = onset.arm;
    let who = onset.answerer.as_ref().map(|who| format!(" (its {who})"));
    let steps: Vec<String> = onset
        .seeds
        .values()
        .map(|seed| match seed.left {
            true => seed.at.steps().to_string(),
            false => number::NONE.to_owned(),
        })
        .collect();
    let half = median_time(&onset.curve()?);
    let within = |metric: &str, scale: f64, decimals: usize| -> Result<Option<String>> {
        let found = study.view.inside.get(metric).map(|curves| last(&curves[arm]));
        let found = found.map(|values| over_seeds(&values)).transpose()?.flatten();
        Ok(found.map(|found| format!("{:.decimals$}", found.mean * scale)))
    };
    let mut row = vec![
        Cell::plain(study.marked(arm) + &who.unwrap_or_default()),
        Cell::plain(onset.share()),
        Cell::optional(half.map(number::large)),
        Cell::plain(steps.join(" ")),
    ];
    for left in [true, false] {
        row.push(Cell::optional(score_of(study, onset, left)?));
    }
    row.push(Cell::optional(within(STATE_COSINE, 1.0, 2)?));
    row.push(Cell::optional(within(ATTENTION_ENTROPY, 100.0, 0)?));
    Ok(row)
}

/// The headline score of the seeds that have left, or of the others.
pub(crate) fn score_of(study: &Study, onset: &Onset, left: bool) -> Result<Option<String>> {
    let Some(scored) = study.scores.first() else {
        return Ok(None);
    };
    let is_here = |seed: &u64| onset.seeds.get(seed).is_some_and(|seed| seed.left == left);
    let finals = scored.finals[onset.arm].iter();
    let values: BySeed = finals
        .filter(|(seed, _)| is_here(seed))
        .map(|(seed, value)| (*seed, *value))
        .collect();
    Ok(over_seeds(&values)?.map(|found| scored.score.half_width(&found)))
}

/// What the test of all arms says.
fn of_all(tests: &Tests) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(all) = tests.all {
        let p = number::p_is(all.p);
        told.push(format!(
            "All of these arms together, exact log-rank test over the permutations of their seeds: {p}."
        ));
    }
    if !tests.against.is_empty() {
        told.push(
            "Below, each against its baseline, exact log-rank test with Holm's correction over these arms.".to_owned(),
        );
    }
    told
}

/// What the test of each arm against its baseline says.
fn of_each(study: &Study, tests: &Tests) -> Vec<String> {
    let one = |one: &Sooner| {
        let (arm, than) = (study.name(one.arm), study.name(one.baseline));
        let p = number::p_is(one.holm);
        match one.holm < ALPHA {
            true if one.by.excess > 0.0 => format!("{arm} leaves sooner than {than} ({p})."),
            true => format!("{arm} leaves later than {than} ({p})."),
            false => format!("{arm} against {than}: no evidence of a difference ({p})."),
        }
    };
    tests.against.iter().map(one).collect()
}
