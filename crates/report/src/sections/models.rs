//! What was found of models that others trained.

use crate::document::{Cell, Section, Table};
use crate::escape::csv::word;
use crate::ground::Field;
use crate::models::{OTHERS, OfOthers};
use crate::names::some;
use crate::score::{PER_TOKEN, Score};
use crate::study::{Scored, Study};

/// Characters of a card that a list shows, and a sentence.
const IN_A_LIST: usize = 300;
const IN_A_SENTENCE: usize = 80;

/// The leading scores of every such model, losses included.
pub(super) fn section(study: &Study) -> Option<Section> {
    let view = study.view;
    if view.models.is_empty() {
        return None;
    }
    let tasks = view.planned_tasks();
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for model in &view.models {
        let (name, planned) = (model.marked(), &model.planned);
        let folder = planned.folder.display();
        let as_it_was = match model.weights() {
            Some(digits) if model.is_judged => format!(", as it was when it was judged ({digits})"),
            _ => String::new(),
        };
        points.push(format!(
            "{name}: {} of {folder}{as_it_was}; {}.",
            planned.class,
            model.budget(IN_A_LIST)
        ));
        if !model.is_judged {
            points.push(format!(
                "{name} is not judged yet: the next run of the experiment does so, or says what keeps it from that."
            ));
            continue;
        }
        let (leading, [silent, unasked]) = model.leading(&tasks);
        for (score, value) in leading {
            rows.push(vec![
                Cell::plain(&name),
                Cell::optional(planned.rule.as_ref().filter(|_| score.unit() == "%")),
                Cell::plain(score.label()),
                Cell::plain(score.text(value)),
            ]);
        }
        if !silent.is_empty() {
            points.push(format!(
                "{name} has no head that these evaluations could ask: {}.",
                silent.join(", ")
            ));
        }
        if !unasked.is_empty() {
            points.push(format!(
                "These evaluations ask for another window than that of {name}, and found nothing of it: {}.",
                unasked.join(", ")
            ));
        }
    }
    let lead = format!(
        "{OTHERS} marks a model that others trained. Each was judged once, as it is, by the evaluations of the runs: it has no seeds, \
         so that no mean, no interval and no test is of it. Its losses are over its own tokens and windows, and no loss of an arm \
         compares with them."
    );
    let columns = ["model", "scored by", "score", "value"];
    let caption = "Models that others trained, judged once";
    Some(Section {
        lead: vec![lead],
        table: (!rows.is_empty()).then(|| Table::new("models", caption, columns, rows).spare(&["scored by"])),
        points,
        brief: true,
        ..Section::new("Models that others trained")
    })
}

/// Rows of a score's table for the models that were asked the same as the arms of a field.
pub(super) fn rows(study: &Study, score: &Score, field: &Field, columns: &[&str]) -> Vec<Vec<Cell>> {
    let Some(arm) = field.arms.first().map(|arm| &study.view.arms[*arm]) else {
        return Vec::new();
    };
    let row = |model: &OfOthers| {
        let value = model.beside(arm, score)?;
        let per_token = || model.beside(arm, &score.per_token());
        let cell = |column: &&str| match *column {
            "arm" => Cell::plain(model.marked()),
            "scored by" => Cell::optional(model.planned.rule.as_ref()),
            "mean" => Cell::plain(score.text(value)),
            PER_TOKEN => Cell::optional(per_token().map(|value| score.text(value))),
            _ => Cell::plain(crate::number::NONE),
        };
        Some(columns.iter().map(cell).collect())
    };
    study.view.models.iter().filter_map(row).collect()
}

/// What the rows that are marked are.
pub(super) fn mark() -> String {
    format!(
        "{OTHERS} marks models that others trained: one judgement each, no mean, and nothing is tested against them."
    )
}

/// A sentence of the verdict: what they have where the arms were compared first.
pub(crate) fn sentence(study: &Study, scored: &Scored) -> Option<String> {
    let view = study.view;
    let mut told = Vec::new();
    for model in &view.models {
        let beside = scored.fields.iter().find_map(|field| {
            let arm = field.arms.first()?;
            model.beside(&view.arms[*arm], &scored.score)
        });
        let value = match beside {
            Some(value) => scored.score.text(value),
            None if model.is_judged => "nothing that compares".to_owned(),
            None => "not judged yet".to_owned(),
        };
        told.push(format!(
            "{} {value} ({})",
            model.planned.arm,
            model.budget(IN_A_SENTENCE)
        ));
    }
    (!told.is_empty()).then(|| {
        format!(
            "Models that others trained, judged once beside them and tested against none: {}.",
            some(told)
        )
    })
}

/// `models.csv`: a line for everything that was found; none without such models.
pub(crate) fn csv(study: &Study) -> Option<String> {
    let models = &study.view.models;
    if models.is_empty() {
        return None;
    }
    let mut text = "arm,class,folder,weights,scored_by,card,task,metric,value\n".to_owned();
    for model in models {
        let planned = &model.planned;
        let folder = planned.folder.display().to_string();
        let [rule, card] = [&planned.rule, &planned.card].map(|said| said.clone().unwrap_or_default());
        let weights = model.weights().unwrap_or_default().to_owned();
        let known = [&planned.arm, &planned.class, &folder, &weights, &rule, &card].map(|cell| word(cell));
        for (score, value) in model.found() {
            let found = [word(&score.task), word(&score.metric), value.to_string()];
            text += &(known.iter().chain(&found).cloned().collect::<Vec<_>>().join(",") + "\n");
        }
    }
    Some(text)
}
