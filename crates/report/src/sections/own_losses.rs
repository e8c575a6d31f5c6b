//! Held-out losses, which are no ranking.

use crate::curves::{last, over_seeds};
use crate::document::{Cell, Section, Table, Topic};
use crate::score::Score;
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::metric::PRETRAINING;

pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let view = study.view;
    let digits = |value: f64| format!("{value:.3}");
    let mut rows = Vec::new();
    let mut sums = Vec::new();
    for arm in &study.told {
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
            Cell::plain(study.marked(*arm)),
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
        "Word frequencies and the best possible loss stand where the model sees none of the tokens that it is asked about; the \
         best one leaves out the ends of documents."
            .to_owned(),
    ];
    if !sums.is_empty() {
        lead.push(format!(
            "The loss of these arms is a sum, so it cannot be held against that of word frequencies: {}.",
            sums.join(", ")
        ));
    }
    let told = study.plateaus.iter().filter(|one| study.is_told(one.arm));
    let points = told.map(|one| one.sentence(study.name(one.arm))).collect();
    lead.extend(study.of_told());
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
        points,
        topic: Some(Topic::OwnLoss),
        ..Section::new("Held-out losses")
    }))
}
