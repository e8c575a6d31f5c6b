//! `cloze explain`: everything it prints comes from declarations and registries.

use cloze_evals::{Chance, EVALUATIONS};
use cloze_foundation::{Fault, Result};
use cloze_objectives::mixture::EXAMPLE as MIXED;
use cloze_objectives::{MIXTURE, entries};
use cloze_options::{Field, rows, show};
use cloze_plan::experiment::fields;
use cloze_plan::{Experiment, expand};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Text about a topic, or the list of topics.
///
/// # Errors
/// An unknown topic, with the nearest known one.
pub fn explain(topic: Option<&str>) -> Result<String> {
    let Some(topic) = topic else { return Ok(index()) };
    // Names and keys have no capitals.
    let wanted = topic.trim().to_lowercase();
    let known = |text: Option<String>| text.map(Ok);
    known(objective(&wanted))
        .or_else(|| known(evaluation(&wanted)))
        .or_else(|| known(key(&wanted)))
        .or_else(|| known(option(&wanted)))
        .or_else(|| known(option_of(&wanted)))
        .or_else(|| known(word(&wanted)))
        .or_else(|| known(last_part(&wanted)))
        .unwrap_or_else(|| {
            let said = wanted.replace(['_', '-'], " ");
            let meant = |path: &&String| said.len() > 2 && meaning(path).to_lowercase().contains(&said);
            let fault = Fault::usage(format!("nothing is known about `{topic}`"))
                .nearest(topic, topics().chain(option_names()));
            let nearest = fault.nearest.or_else(|| KEYS.iter().find(meant).cloned());
            Err(Fault { nearest, ..fault }.remedy("`cloze explain` without a topic lists the topics"))
        })
}

fn objective(topic: &str) -> Option<String> {
    let entry = entries().find(|entry| entry.name == topic)?;
    let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
    let page = cloze_objectives::page(entry.name);
    text += &before_options(page);
    if let Some(cost) = relative_cost(entry.name) {
        let of = match entry.name == MIXTURE {
            true => format!("for {MIXTURE} = {MIXED}, all"),
            false => "both".to_owned(),
        };
        let _ = writeln!(
            text,
            "\nCost: {cost:.2} times the training FLOPs of a token of `mlm`, {of} with their defaults on the usual encoder."
        );
    }
    options(&mut text, &(entry.options)());
    if let Some(modes) = section(page, "Corrected and reference") {
        let _ = write!(text, "\nCorrected and reference\n{}", unmarked(&modes));
    }
    let scores = entry.scores.iter().map(|rule| (&*rule.name, rule.meaning));
    match entry.scores.is_empty() {
        true => text.push_str("\nSentence scores: those of its parts\n"),
        false => list(&mut text, "Sentence scores (the first one is the headline)", scores),
    }
    Some(text)
}

/// Markdown as it is read in a terminal: without marks of emphasis, and links as their words.
fn unmarked(text: &str) -> String {
    let mut left = text;
    let mut plain = String::new();
    while let Some((before, rest)) = left.split_once("](") {
        let end = rest.find(')').map_or(rest.len(), |end| end + 1);
        match before.rsplit_once('[') {
            Some((before, words)) => plain.extend([before, words]),
            None => plain += before,
        }
        left = &rest[end..];
    }
    plain += left;
    plain.replace("**", "")
}

/// What an objective's page says first: what is hidden, what is predicted, and the loss.
fn before_options(page: &str) -> String {
    let body = page.split_once('\n').map_or("", |(_, body)| body);
    let body = body.split("\n## ").next().unwrap_or_default();
    // Citation and source stand above already.
    let paragraphs = body.split("\n\n");
    paragraphs
        .skip_while(|paragraph| !paragraph.trim_start().starts_with("**"))
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|paragraph| format!("\n{}\n", unmarked(paragraph.trim())))
        .collect()
}

/// A section of a page, each of its lines further in.
fn section(page: &str, title: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n## {title}\n"))?;
    let body = rest.split("\n## ").next().unwrap_or_default().trim();
    Some(
        body.lines()
            .map(|line| format!("  {line}").trim_end().to_owned() + "\n")
            .collect(),
    )
}

/// Training FLOPs of a token beside those of masked language modelling; `None` for what does not work with its defaults.
fn relative_cost(objective: &str) -> Option<f64> {
    let arm = |name: &str| match name == MIXTURE {
        true => format!("[[arm]]\nname = \"{name}\"\n{MIXTURE} = {MIXED}\n"),
        false => format!("[[arm]]\nname = \"{name}\"\nobjective = \"{name}\"\n"),
    };
    let others = if objective == "mlm" {
        String::new()
    } else {
        arm(objective)
    };
    let text = format!(
        "question = \"What does it cost?\"\n[evaluate]\ntasks = []\n{}{others}",
        arm("mlm")
    );
    let plan = expand(&Experiment::parse("cost", "cloze explain", &text, &[]).ok()?).ok()?;
    let of = |name: &str| plan.runs.iter().find(|run| run.arm == name).map(|run| run.flops);
    Some(of(objective)? / of("mlm")?)
}

fn evaluation(topic: &str) -> Option<String> {
    let entry = EVALUATIONS.iter().find(|entry| entry.name == topic)?;
    let mut text = heading(entry.name, entry.title, entry.summary, entry.citation);
    options(&mut text, &(entry.options)());
    let direction = if entry.higher_is_better {
        "higher is better"
    } else {
        "lower is better"
    };
    let chance = match entry.chance {
        Chance::Always(chance) => format!(", chance {chance}"),
        Chance::Unknown | Chance::OfData(_) => String::new(),
    };
    let _ = writeln!(text, "\nHeadline metric: {} ({direction}{chance})", entry.headline);
    Some(text)
}

/// A key of an experiment by its whole path.
fn key(topic: &str) -> Option<String> {
    let fields = fields();
    let (path, field) = rows("", &fields).into_iter().find(|(path, _)| path == topic)?;
    let inside: String = rows(&path, field.kind.inner())
        .iter()
        .map(|(path, field)| format!("\n{}", show::option(path, field, false)))
        .collect();
    Some(show::option(&path, field, true) + &inside)
}

/// An option of objectives by its name alone, as in an arm: `rate`. What it is stands once for all that agree on it.
fn option(topic: &str) -> Option<String> {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for entry in entries() {
        let fields = (entry.options)();
        let Some((path, field)) = rows("", &fields).into_iter().find(|(path, _)| path == topic) else {
            continue;
        };
        let inside = rows(&path, field.kind.inner());
        let inside: String = inside
            .iter()
            .map(|(path, field)| format!("\n{}", show::option(path, field, false)))
            .collect();
        let text = show::option(&path, field, true) + &inside;
        match told.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(entry.name),
            None => told.push((text, vec![entry.name])),
        }
    }
    let texts = told
        .iter()
        .map(|(text, names)| format!("An option of {}:\n\n{text}", names.join(", ")));
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// An option of one objective or evaluation: `mlm.rate`, `masked-loss.windows`.
fn option_of(topic: &str) -> Option<String> {
    let (owner, name) = topic.split_once('.')?;
    let objective = entries()
        .find(|entry| entry.name == owner)
        .map(|entry| (entry.options)());
    let evaluation = || {
        EVALUATIONS
            .iter()
            .find(|entry| entry.name == owner)
            .map(|entry| (entry.options)())
    };
    let fields = objective.or_else(evaluation)?;
    let (path, field) = rows("", &fields).into_iter().find(|(path, _)| path == name)?;
    let inside = rows(&path, field.kind.inner());
    let inside = inside
        .iter()
        .map(|(path, field)| format!("\n{}", show::option(path, field, false)));
    Some(format!(
        "An option of {owner}:\n\n{}",
        show::option(&path, field, true) + &inside.collect::<String>()
    ))
}

/// What else something is called: BERT's NSP is an option's value here.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("nsp", "pairs"),
    ("next-sentence-prediction", "pairs"),
    ("sop", "pairs"),
    ("sentence-order-prediction", "pairs"),
    ("static-masking", "copies"),
    ("gdes", "sharing"),
];

/// An option by what the literature calls one of its values.
fn word(topic: &str) -> Option<String> {
    let plain = topic.replace([' ', '_'], "-");
    OTHER_NAMES
        .iter()
        .find(|(name, _)| *name == plain)
        .and_then(|(_, name)| option(name))
}

/// The keys of an experiment that end so: `seeds`.
fn last_part(topic: &str) -> Option<String> {
    let ends_so = |path: &&String| path.rsplit('.').next() == Some(topic);
    let texts: Vec<String> = KEYS.iter().filter(ends_so).filter_map(|path| key(path)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn meaning(path: &str) -> String {
    let fields = fields();
    let found = rows("", &fields).into_iter().find(|(known, _)| known == path);
    found.map(|(_, field)| field.meaning.clone()).unwrap_or_default()
}

/// The names of all objectives' options.
fn option_names() -> impl Iterator<Item = &'static str> {
    entries().flat_map(|entry| (entry.options)()).map(|field| field.name)
}

static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| rows("", &fields()).into_iter().map(|(path, _)| path).collect());

/// Every topic: objectives, evaluations, experiment keys.
pub fn topics() -> impl Iterator<Item = &'static str> {
    entries()
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
        entries().map(|entry| (entry.name, entry.title)),
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
