//! `cloze explain`: everything it prints comes from the registries.

use cloze_evals::EVALUATIONS;
use cloze_foundation::{Fault, Result};
use cloze_objectives::OBJECTIVES;
use std::fmt::Write as _;

/// Text about a topic, or the list of topics.
///
/// # Errors
/// An unknown topic, with the nearest known one.
pub fn explain(topic: Option<&str>) -> Result<String> {
    let Some(topic) = topic else { return Ok(index()) };
    if let Some(entry) = OBJECTIVES.iter().find(|entry| entry.name == topic) {
        let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
        list(&mut text, "Options", entry.options);
        let scores: Vec<_> = entry.scores.iter().map(|rule| (&*rule.name, rule.meaning)).collect();
        list(&mut text, "Sentence scores (the first one is the headline)", &scores);
        return Ok(text);
    }
    if let Some(entry) = EVALUATIONS.iter().find(|entry| entry.name == topic) {
        let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
        list(&mut text, "Options", entry.options);
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
    if let Some((key, meaning)) = cloze_plan::experiment::KEYS.iter().find(|(key, _)| *key == topic) {
        return Ok(format!("{key}\n  {meaning}\n"));
    }
    Err(Fault::usage(format!("nothing is known about `{topic}`"))
        .nearest(topic, topics())
        .remedy("`cloze explain` without a topic lists the topics"))
}

/// Every topic: objectives, evaluations, experiment keys.
pub fn topics() -> impl Iterator<Item = &'static str> {
    let keys = cloze_plan::experiment::KEYS.iter().map(|(key, _)| *key);
    OBJECTIVES
        .iter()
        .map(|entry| entry.name)
        .chain(EVALUATIONS.iter().map(|entry| entry.name))
        .chain(keys)
}

fn index() -> String {
    let objectives: Vec<_> = OBJECTIVES.iter().map(|entry| (entry.name, entry.title)).collect();
    let evaluations: Vec<_> = EVALUATIONS.iter().map(|entry| (entry.name, entry.title)).collect();
    let mut text = String::new();
    list(&mut text, "Objectives", &objectives);
    list(&mut text, "Evaluations", &evaluations);
    list(&mut text, "Experiment keys", cloze_plan::experiment::KEYS);
    text.trim_start().to_owned()
}

fn heading(name: &str, title: &str, summary: &str, citation: &str) -> String {
    format!("{title} (`{name}`)\n\n{summary}\n\nSource: {citation}\n")
}

fn list(text: &mut String, title: &str, rows: &[(&str, &str)]) {
    let width = rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let _ = writeln!(text, "\n{title}");
    for (key, meaning) in rows {
        let _ = writeln!(text, "  {key:width$}  {meaning}");
    }
}
