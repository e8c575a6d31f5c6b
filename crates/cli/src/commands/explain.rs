//! `cloze explain`: everything it prints comes from declarations and registries.

use cloze_evals::EVALUATIONS;
use cloze_foundation::{Fault, Result};
use cloze_objectives::OBJECTIVES;
use cloze_options::{Field, rows, show};
use cloze_plan::experiment::fields;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Text about a topic, or the list of topics.
///
/// # Errors
/// An unknown topic, with the nearest known one.
pub fn explain(topic: Option<&str>) -> Result<String> {
    let Some(topic) = topic else { return Ok(index()) };
    if let Some(entry) = OBJECTIVES.iter().find(|entry| entry.name == topic) {
        let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
        options(&mut text, &(entry.options)());
        list(
            &mut text,
            "Sentence scores (the first one is the headline)",
            entry.scores.iter().copied(),
        );
        return Ok(text);
    }
    if let Some(entry) = EVALUATIONS.iter().find(|entry| entry.name == topic) {
        let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
        options(&mut text, &(entry.options)());
        let direction = if entry.higher_is_better {
            "higher is better"
        } else {
            "lower is better"
        };
        let chance = entry
            .chance
            .map(|chance| format!(", chance {chance}"))
            .unwrap_or_default();
        let _ = writeln!(text, "\nHeadline metric: {} ({direction}{chance})", entry.headline);
        return Ok(text);
    }
    let fields = fields();
    if let Some((path, field)) = rows("", &fields).into_iter().find(|(path, _)| path == topic) {
        let inside: String = rows(&path, field.kind.inner())
            .iter()
            .map(|(path, field)| format!("\n{}", show::option(path, field, false)))
            .collect();
        return Ok(show::option(&path, field, true) + &inside);
    }
    Err(Fault::usage(format!("nothing is known about `{topic}`"))
        .nearest(topic, topics())
        .remedy("`cloze explain` without a topic lists the topics"))
}

static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| rows("", &fields()).into_iter().map(|(path, _)| path).collect());

/// Every topic: objectives, evaluations, experiment keys.
pub fn topics() -> impl Iterator<Item = &'static str> {
    OBJECTIVES
        .iter()
        .map(|entry| entry.name)
        .chain(EVALUATIONS.iter().map(|entry| entry.name))
        .chain(KEYS.iter().map(String::as_str))
}

fn index() -> String {
    let fields = fields();
    let keys = rows("", &fields);
    let keys = keys.iter().map(|(path, field)| (path.as_str(), field.meaning.as_str()));
    let mut text = String::new();
    list(
        &mut text,
        "Objectives",
        OBJECTIVES.iter().map(|entry| (entry.name, entry.title)),
    );
    list(
        &mut text,
        "Evaluations",
        EVALUATIONS.iter().map(|entry| (entry.name, entry.title)),
    );
    list(&mut text, "Experiment keys", keys);
    text.trim_start().to_owned()
}

fn heading(name: &str, title: &str, summary: &str, citation: &str) -> String {
    format!("{title} (`{name}`)\n\n{summary}\n\nSource: {citation}\n")
}

fn options(text: &mut String, fields: &[Field]) {
    text.push_str("\nOptions\n");
    for line in show::text("", fields).lines() {
        let _ = writeln!(text, "  {line}");
    }
}

fn list<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let _ = writeln!(text, "\n{title}");
    for (key, meaning) in rows {
        let _ = writeln!(text, "  {key:width$}  {meaning}");
    }
}
