//! The card of an exported model: what it is, what it was trained on and for how long, what it scored, what it is not.

use super::{Exported, Form, Found};
use cloze_corpus::registry;
use cloze_foundation::{Fault, Result};
use cloze_objectives::find as objective;
use cloze_schema::metric::{LOSS, PRETRAINING};
use cloze_schema::{AXES, AttemptRows, Split};
use cloze_stats::summarise;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Of the intervals over seeds.
const CONFIDENCE: f64 = 0.95;

/// A number that a run ended with.
struct Score {
    task: String,
    title: String,
    metric: String,
    value: f64,
    chance: Option<f64>,
    /// Seeds of the arm, their mean and its interval, where there are several.
    of_arm: Option<(usize, f64, [f64; 2])>,
}

pub(super) fn card(run: &Found, form: Form, exported: &Exported) -> Result<String> {
    let scores = scores(run)?;
    let mut text = String::from("---\n");
    front_matter(&mut text, run, form, exported, &scores);
    text.push_str("---\n\n");
    let entry = objective(&run.config.objective);
    let title = entry
        .as_ref()
        .map_or(run.config.objective.as_str(), |entry| entry.title);
    let _ = writeln!(text, "# {}\n", name(run));
    if let Some(plan) = &run.plan {
        let _ = writeln!(text, "Trained by cloze to answer: *{}*", plan.question);
        let _ = plan
            .cites
            .iter()
            .try_for_each(|cites| writeln!(text, "It follows {cites}."));
        text.push('\n');
    }
    classes(&mut text, exported, form);
    let _ = writeln!(text, "## Objective\n\n{title}.");
    if let Ok(entry) = &entry {
        let _ = writeln!(text, "{} ({}).", entry.summary, entry.citation);
    }
    let _ = writeln!(text, "\n```toml\n{}```\n", run.config.options);
    let encoder = toml::to_string(&run.config.encoder)
        .map_err(|error| Fault::run(format!("cannot write the encoder: {error}")))?;
    let _ = writeln!(text, "## Encoder\n\n```toml\n{encoder}```\n");
    data(&mut text, run);
    budget(&mut text, run);
    table(&mut text, &scores);
    limits(&mut text, run, exported);
    provenance(&mut text, run);
    Ok(text)
}

/// The card of a generator, below the folder of the model that it was trained beside.
pub(super) fn of_generator(run: &Found, class: &str) -> String {
    let mut text = format!("# {}, the generator\n\n", name(run));
    let _ = writeln!(
        text,
        "`{class}`: the generator that was trained beside the encoder in the folder above, whose card says by what and on what.\n"
    );
    budget(&mut text, run);
    provenance(&mut text, run);
    text
}

fn name(run: &Found) -> String {
    let experiment = run.plan.as_ref().map_or("cloze", |plan| plan.experiment.as_str());
    let arm = run
        .planned()
        .map_or(run.config.objective.as_str(), |planned| planned.arm.as_str());
    format!("{experiment}: {arm}, seed {}", run.config.seed)
}

/// What the hub reads. Strings are JSON's, which YAML's double-quoted ones are.
fn front_matter(text: &mut String, run: &Found, form: Form, exported: &Exported, scores: &[Score]) {
    let causal = exported.parts.iter().any(|part| part.class.causal);
    // What a head beside a generator is asked about is no text with masks.
    let fills = exported.parts.len() == 1 && exported.parts[0].class.has("head");
    let (library, tag) = match form {
        Form::Sentences => ("sentence-transformers", "sentence-similarity"),
        Form::Encoder => ("transformers", "feature-extraction"),
        Form::Model if causal => ("transformers", "text-generation"),
        Form::Model if fills => ("transformers", "fill-mask"),
        Form::Model => ("transformers", "feature-extraction"),
    };
    let _ = writeln!(text, "library_name: {library}\npipeline_tag: {tag}\ntags:\n- cloze");
    let _ = writeln!(
        text,
        "- {}\nmodel-index:\n- name: {}\n  results:",
        json!(run.config.objective),
        json!(name(run))
    );
    if scores.is_empty() {
        text.truncate(text.rfind("model-index").unwrap_or(text.len()));
    }
    for score in scores {
        let _ = writeln!(
            text,
            "  - task:\n      type: {tag}\n      name: {}\n    dataset:\n      type: {}\n      name: {}\n    metrics:\n    - type: {}\n      name: {}\n      value: {}",
            json!(score.title),
            json!(score.task),
            json!(score.title),
            json!(score.metric),
            json!(score.metric),
            json!(score.value),
        );
    }
}

fn classes(text: &mut String, exported: &Exported, form: Form) {
    text.push_str("## Use\n\n```python\n");
    if form == Form::Sentences {
        text.push_str(
            "from sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(\"FOLDER\")\n",
        );
    } else {
        let names: BTreeSet<&str> = exported.parts.iter().map(|part| part.class.class).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let _ = writeln!(text, "from transformers import AutoTokenizer, {}\n", names.join(", "));
        text.push_str("tokenizer = AutoTokenizer.from_pretrained(\"FOLDER\")\n");
        for part in &exported.parts {
            let (variable, below) = part.folder.map_or(("model", ""), |folder| (folder, "/"));
            let folder = part.folder.unwrap_or_default();
            let _ = writeln!(
                text,
                "{variable} = {}.from_pretrained(\"FOLDER{below}{folder}\")",
                part.class.class
            );
        }
    }
    text.push_str("```\n\n");
}

fn data(text: &mut String, run: &Found) {
    let corpus = &run.config.corpus;
    let _ = writeln!(text, "## Data\n\n- source: `{}`", corpus.source);
    match registry::find(&corpus.source) {
        Some(known) => {
            let _ = writeln!(
                text,
                "- {}\n- licence: {}\n- from: {}\n- cite: {}",
                known.what, known.licence, known.address, known.citation
            );
        }
        None => text.push_str("- licence: not known to cloze; it is that of the text\n"),
    }
    if let Some(from) = &run.config.encoder.from {
        let start = run.done.data.as_ref().and_then(|data| data.start.as_deref());
        let _ = writeln!(
            text,
            "- begun with the weights of `{}`, under their own licence and trained on data of their own; BLAKE3 of them: `{}`",
            from.display(),
            start.unwrap_or("not known")
        );
    }
    if let Some(data) = &run.done.data {
        let _ = writeln!(
            text,
            "- BLAKE3 of tokenizer and tokens: `{}`\n- BLAKE3 of the tokenizer: `{}`\n- BLAKE3 of the held-out text: `{}`",
            data.corpus, data.tokenizer, data.held_out
        );
    }
    text.push('\n');
}

fn budget(text: &mut String, run: &Found) {
    text.push_str("## Budget\n\n");
    if let Some(from) = &run.config.encoder.from {
        let _ = writeln!(
            text,
            "It goes on from the weights of `{}`, whose own training is not counted here.\n",
            from.display()
        );
    }
    text.push_str("| axis | used |\n| --- | --- |\n");
    for facts in AXES {
        let used = run.done.spent[facts.axis];
        let ended = if facts.axis == run.config.budget.equalise {
            ", which ended the run"
        } else {
            ""
        };
        let used = if facts.is_count {
            format!("{used}")
        } else {
            format!("{used:.4e}")
        };
        let _ = writeln!(text, "| {}{ended} | {used} |", facts.label);
    }
    let _ = writeln!(text, "\nBatches of {} windows.\n", run.config.budget.batch);
}

fn table(text: &mut String, scores: &[Score]) {
    if scores.is_empty() {
        return;
    }
    text.push_str("## Scores\n\n| task | metric | this run | chance | arm: mean over seeds | 95 % interval |\n| --- | --- | --- | --- | --- | --- |\n");
    for score in scores {
        let chance = score.chance.map_or("".to_owned(), |chance| format!("{chance}"));
        let (mean, interval) = match score.of_arm {
            Some((seeds, mean, [low, high])) => {
                (format!("{mean:.4} ({seeds} seeds)"), format!("{low:.4} to {high:.4}"))
            }
            None => ("one seed".to_owned(), "none".to_owned()),
        };
        let title = score.title.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {title} | {} | {:.4} | {chance} | {mean} | {interval} |",
            score.metric, score.value
        );
    }
    text.push_str("\nIntervals are Student's t over seeds; they say nothing of other items, texts or encoders.\n\n");
}

fn limits(text: &mut String, run: &Found, exported: &Exported) {
    text.push_str("## Limits\n\n");
    let _ = writeln!(
        text,
        "- Trained to compare objectives in a small budget, and not to be used for anything else.\n\
         - It has seen windows of {} positions, each begun by the token that begins a text, and no padding.\n\
         - Losses of different objectives are no ranking of them.",
        run.config.encoder.window
    );
    if run.config.encoder.precision != cloze_backbone::Precision::Float32 {
        text.push_str("- It was trained with rounded operands; the weights are 32-bit floats, and answers differ by that rounding.\n");
    }
    if run.config.encoder.dropout > 0.0 && run.config.encoder.preset == cloze_backbone::Preset::Modern {
        text.push_str(
            "- ModernBERT drops inside its feed-forward, cloze behind it: fine-tuning there has another dropout.\n",
        );
    }
    if run.config.encoder.disentangled.map(|known| known.absolute) == Some(cloze_backbone::Absolute::Decoder) {
        text.push_str(
            "- It was trained to predict tokens by a mask decoder, the last layer's weights over states and their positions, which is \
             not here: the last layer's own states were not trained.\n",
        );
    }
    for part in exported.parts.iter().filter(|part| part.has_copies) {
        let whose = part.folder.map(|folder| format!(" of `{folder}/`")).unwrap_or_default();
        let _ = writeln!(
            text,
            "- Layers{whose} that shared weights in training have a copy each here: fine-tuned, they drift apart, and the file is larger \
             than what was trained."
        );
    }
    for (part, why) in &exported.left_out {
        let _ = writeln!(text, "- Left out: `{part}`, {why}.");
    }
    text.push('\n');
}

fn provenance(text: &mut String, run: &Found) {
    let _ = writeln!(
        text,
        "## Provenance\n\n- run `{}`, weights BLAKE3 `{}`",
        run.id, run.done.weights
    );
    let Some(known) = &run.provenance else { return };
    let _ = writeln!(text, "- cloze {}", known.cloze);
    let _ = known
        .built_from
        .iter()
        .try_for_each(|from| writeln!(text, "- built from {from}"));
    let _ = known
        .git
        .iter()
        .try_for_each(|git| writeln!(text, "- experiment at revision {git}"));
    let _ = known
        .command
        .iter()
        .try_for_each(|command| writeln!(text, "- `{command}`"));
    let _ = writeln!(
        text,
        "- {} on {}, {}, {} threads",
        known.device, known.processor, known.system, known.threads
    );
}

/// The headline of every evaluation, and the held-out loss, at the end.
fn scores(run: &Found) -> Result<Vec<Score>> {
    let own = run.rows()?;
    let others = run.rows_of_arm();
    let mut asked: Vec<(Split, String, String, String, Option<f64>)> = Vec::new();
    for task in &run.config.evaluate {
        let entry = cloze_evals::find(&task.task)?;
        let title = match task.name.is_some() {
            true => task.name().to_owned(),
            false => (entry.title_of)(&task.options).unwrap_or_else(|| entry.title.to_owned()),
        };
        asked.push((
            Split::Test,
            task.name().to_owned(),
            title,
            entry.headline.to_owned(),
            entry.chance_of(&task.options, None),
        ));
    }
    let held_out = "held-out text, under the run's own objective".to_owned();
    asked.push((Split::HeldOut, PRETRAINING.to_owned(), held_out, LOSS.to_owned(), None));
    let mut scores = Vec::new();
    for (split, task, title, headline, chance) in asked {
        let Some((metric, value)) = last(&own, split, &task, &headline) else {
            continue;
        };
        let values = others
            .iter()
            .filter_map(|rows| Some(last(rows, split, &task, &headline)?.1));
        let values: Vec<f64> = values.collect();
        let summary = summarise(&values, CONFIDENCE).ok();
        let of_arm = summary.and_then(|summary| {
            let interval = summary.interval?;
            Some((summary.n, summary.mean, [interval.low, interval.high]))
        });
        scores.push(Score {
            task,
            title,
            metric,
            value,
            chance,
            of_arm,
        });
    }
    Ok(scores)
}

/// The last value of a headline, also where another network of the model answered (`loss[generator]`).
fn last(rows: &[AttemptRows], split: Split, task: &str, headline: &str) -> Option<(String, f64)> {
    let all = rows.iter().flat_map(|attempt| &attempt.rows);
    let of_task: Vec<_> = all
        .filter(|row| row.split == split && row.task == task && row.value.is_finite())
        .collect();
    let is_headline = |metric: &str| metric == headline;
    let is_answered = |metric: &str| metric.strip_prefix(headline).is_some_and(|rest| rest.starts_with('['));
    let exact = of_task.iter().rev().find(|row| is_headline(&row.metric));
    let found = exact.or_else(|| of_task.iter().rev().find(|row| is_answered(&row.metric)))?;
    Some((found.metric.clone(), found.value))
}
