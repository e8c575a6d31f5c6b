//! Held-out losses, which are no ranking.

use super::of_many;
use crate::document::{Cell, Section, Table, Topic};
use crate::levels::PLATEAU;
use crate::score::Score;
use crate::study::Study;
use crate::view::{last, over_seeds};
use cloze_foundation::Result;
use cloze_schema::metric::PRETRAINING;

pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let view = study.view;
    let digits = |value: f64| format!("{value:.3}");
    let mut rows = Vec::new();
    let mut sums = Vec::new();
    for arm in &study.shown {
        let held = &view.arms[*arm];
        let Some(found) = over_seeds(&last(&view.own_loss[*arm]))? else {
            continue;
        };
        let levels = view.levels(PRETRAINING, &[*arm]);
        if !held.is_token_loss() {
            let parts: Vec<&str> = held.parts_of_loss.iter().map(String::as_str).collect();
            sums.push(format!("{} ({})", held.name, parts.join(" + ")));
        }
        let beside = |level: Option<f64>| Cell::optional(level.filter(|_| held.is_token_loss()).map(digits));
        rows.push(vec![
            Cell::plain(&held.name),
            Cell::plain(&held.settings.named.objective),
            Cell::plain(found.n.to_string()),
            Cell::plain(digits(found.mean)),
            Cell::optional(found.sd.map(digits)),
            beside(levels.unigram),
            beside(levels.best),
        ]);
    }
    let mut lead = vec![
        "Not a ranking: objectives differ in targets, masks and conditioning, so their losses are different \
         quantities. Use this to see whether a run has converged and how much seeds differ."
            .to_owned(),
    ];
    if !sums.is_empty() {
        lead.push(format!(
            "The loss of these arms is a sum, so it cannot be held against that of word frequencies: {}.",
            sums.join(", ")
        ));
    }
    for one in study.plateau.iter().filter(|one| study.is_shown(one.arm)) {
        let who = one
            .answerer
            .as_ref()
            .map(|who| format!(" (its {who})"))
            .unwrap_or_default();
        lead.push(format!(
            "{}{who} is not off the plateau of word frequencies: {} where they have {}, and less by {} % would be off it.",
            study.name(one.arm),
            digits(one.loss),
            digits(one.unigram),
            100.0 * PLATEAU
        ));
    }
    lead.extend(of_many(study));
    let columns = [
        "arm",
        "objective",
        "seeds",
        "mean",
        "SD",
        "word frequencies",
        "best possible",
    ];
    let caption = format!("Held-out loss under the arm's own objective ({})", Score::NATS);
    let table = Table::new("held-out losses", caption, columns, rows);
    Ok((!table.rows.is_empty()).then(|| Section {
        lead,
        table: Some(table.spare(&["objective"])),
        topic: Some(Topic::OwnLoss),
        ..Section::new("Held-out losses")
    }))
}
