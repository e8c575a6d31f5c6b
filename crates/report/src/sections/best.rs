//! The best masking rate of every curve, as far as seeds tell rates apart, and whether it moves with what else was swept.

use crate::best::{Curve, Moves, curves, moves};
use crate::compare::ALPHA;
use crate::document::{Cell, Section, Table};
use crate::number;
use crate::study::{Scored, Study};
use cloze_foundation::Result;

/// A rate in per cent, without the rounding error of 0.07 * 100.
fn percent(rate: f64) -> String {
    number::tick((rate * 1e8).round() / 1e6)
}

pub(super) fn section(study: &Study, scored: &Scored) -> Result<Option<Section>> {
    let curves = curves(study, scored)?;
    if curves.is_empty() {
        return Ok(None);
    }
    let score = &scored.score;
    let rows = curves.iter().map(|curve| {
        let [low, high] = curve.open(ALPHA);
        let tested = curve.series.arms.iter().map(|(_, arm)| scored.finals[*arm].len());
        vec![
            Cell::plain(&curve.series.name),
            Cell::plain(curve.series.arms.len().to_string()),
            Cell::plain(tested.min().unwrap_or_default().to_string()),
            Cell::plain(percent(curve.best.0)),
            Cell::plain(score.text(curve.best.1)),
            Cell::plain(format!("{} to {}", percent(low), percent(high))),
            Cell::plain(edge(curve)),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let columns = [
        "curve",
        "rates",
        "seeds",
        "best mean at (%)",
        "its score",
        "95 % interval (%)",
        "at the edge",
    ];
    let mut lead = vec![
        "The best of the rates that were tried. The interval goes from the least to the greatest rate that no other one is shown to \
         beat (one-sided t tests, Bonferroni's correction over the others; Hsu 1984): the best rate is left out of it in at most 5 % \
         of such experiments, whatever the curve is like."
            .to_owned(),
    ];
    let moves = moves(study, scored, &curves)?;
    lead.extend(moves.iter().map(|one| sentence(one, &curves)));
    let caption = format!("{}: the best masking rate", score.label());
    let name = format!("best rate {}", score.task);
    Ok(Some(Section {
        lead,
        table: Some(Table::new(&name, caption, columns, rows).spare(&["rates", "seeds", "its score"])),
        brief: true,
        ..Section::new(format!("{}: the best masking rate", score.title()))
    }))
}

/// Whether the interval reaches an end of the sweep, beyond which the best rate may lie.
fn edge(curve: &Curve) -> &'static str {
    let ([low, high], [first, last]) = (curve.open(ALPHA), curve.ends());
    match (low == first, high == last) {
        (false, false) => "no",
        (true, false) => "the lowest",
        (false, true) => "the highest",
        (true, true) => "both",
    }
}

/// Whether the best rate moves, for the verdict and the section.
pub(crate) fn sentence(one: &Moves, curves: &[Curve]) -> String {
    let each = one.places.iter().map(|(value, place)| {
        let curve = &curves[*place];
        let [low, high] = curve.open(ALPHA);
        format!(
            "{value} {} % [{}, {}]",
            percent(curve.best.0),
            percent(low),
            percent(high)
        )
    });
    let each = crate::names::some(each);
    let p = number::p_is(one.p);
    let factor = one.factor.rsplit('.').next().unwrap_or(&one.factor);
    if one.p < ALPHA {
        return format!("The best masking rate moves with {factor} ({p}): {each}.");
    }
    let tried = one.places.iter().map(|(_, place)| curves[*place].ends());
    let (low, high) = tried.fold((f64::INFINITY, 0.0_f64), |(low, high), [first, last]| {
        (low.min(first), high.max(last))
    });
    let most = match one.most {
        most if most >= high - low => {
            "differences as large as all of the range that was tried are not ruled out".to_owned()
        }
        0.0 => "it is one rate, at 95 % confidence".to_owned(),
        most => format!(
            "no evidence that it differs by more than {} points, at 95 % confidence",
            percent(most)
        ),
    };
    format!(
        "No evidence that the best masking rate moves with {factor} ({p}, of one rate being the best of each), and {most}: {each}."
    )
}

/// The sentences of a score for the verdict.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn sentences(study: &Study, scored: &Scored) -> Result<Vec<String>> {
    let curves = curves(study, scored)?;
    let moves = moves(study, scored, &curves)?;
    Ok(moves.iter().map(|one| sentence(one, &curves)).collect())
}
