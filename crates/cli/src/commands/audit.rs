//! `cloze audit`: what every arm really hides and predicts, before anything is trained.

use crate::arguments::{AuditArguments, ExperimentArguments};
use crate::plain::{json_lines, name};
use crate::terminal::say;
use cloze_corpus::{CorpusConfig, Prepared, prepare};
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Answerer, Objective};
use cloze_plan::{PlannedRun, RunConfig, at_run, cost, place};
use cloze_runner::processes::options::cache;
use cloze_schema::{Audit, Share, Tuning};
use cloze_trainer::audit::Shown;
use cloze_trainer::{Feed, audit};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

/// What was found of an arm.
struct Audited {
    arm: String,
    objective: String,
    /// The seed whose windows were looked at: others read others, by the same law.
    seed: u64,
    /// Steps of the run that they are spread over.
    steps: u64,
    audit: Audit,
    examples: Vec<Shown>,
    /// The objectives, of a mixture its parts, of which a generator reads and predicts what is counted here, and the encoder reads
    /// what that makes of it.
    of_generator: Vec<String>,
    /// Whether what it hides depends on its answers, of which there are none yet.
    heeds_answers: bool,
    /// Whether anybody predicts what is counted.
    is_predicted: bool,
}

impl Audited {
    fn json(&self) -> serde_json::Value {
        let examples = self
            .examples
            .iter()
            .map(|example| json!({ "text": example.text, "sight": example.sight }));
        json!({
            "arm": self.arm, "objective": self.objective, "seed": self.seed, "steps": self.steps,
            "audit": self.audit, "of_generator": self.of_generator, "heeds_answers": self.heeds_answers, "is_predicted": self.is_predicted, "examples": examples.collect::<Vec<_>>(),
        })
    }
}

/// Text to print; the chart is written where one is asked for.
///
/// # Errors
/// Anything wrong with the experiment or its data; a chart that cannot be written.
pub fn audit(experiment: &ExperimentArguments, data_root: Option<&Path>, asked: &AuditArguments) -> Result<String> {
    let draw = asked.chart.as_deref().map(Picture::of).transpose()?;
    let plan = experiment.plan(data_root)?;
    experiment.check_data(data_root)?;
    let mut corpora: Vec<(&CorpusConfig, Prepared)> = Vec::new();
    let mut found: Vec<Audited> = Vec::new();
    // A trial hides what its arm does at that point.
    let trials = plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default();
    for run in plan.runs.iter().filter(|run| !trials.contains(run.id.as_str())) {
        if found.iter().any(|known| known.arm == place(run)) {
            continue;
        }
        let config = &run.config.corpus;
        if corpora.iter().all(|(known, _)| *known != config) {
            let prepared = prepare(config, data_root, &cache(&experiment.results), &mut |line| say(line))?;
            corpora.push((config, prepared));
        }
        let Some((_, corpus)) = corpora.iter().find(|(known, _)| *known == config) else {
            continue;
        };
        let one = of_run(run, corpus, data_root, asked).map_err(|fault| {
            let fault = at_run(run, &format!("arm `{}`", run.arm), fault);
            experiment.located(fault, &plan, data_root)
        });
        found.push(one?);
    }
    if let Some(picture) = draw {
        picture.write(&found)?;
    }
    if asked.json {
        let arms: Vec<_> = found.iter().map(Audited::json).collect();
        return json_lines(&json!({ "arms": arms }));
    }
    Ok(told(&found))
}

fn of_run(run: &PlannedRun, corpus: &Prepared, data_root: Option<&Path>, asked: &AuditArguments) -> Result<Audited> {
    let config = &run.config;
    cloze_trainer::job::check_length(config.encoder.window, corpus)?;
    let feed = Feed {
        objective: cloze_objectives::prepared(&config.objective, &config.options, corpus)?,
        text: &corpus.train,
        vocabulary: corpus.tokenizer.vocabulary(),
        shape: config.budget.shape(config.encoder.window),
        stages: &config.budget.stages,
        seed: config.seed,
    };
    let steps = cost::steps(run, data_root)?;
    let (audit, examples) = audit::of_run(&feed, steps, asked.tokens, asked.examples, corpus);
    Ok(Audited {
        arm: place(run),
        objective: config.objective.clone(),
        seed: config.seed,
        steps,
        audit,
        examples,
        of_generator: of_generator(config, &*feed.objective)?,
        heeds_answers: !feed.objective.memory().is_empty(),
        is_predicted: feed.objective.has_logits(),
    })
}

/// The objective, or the parts of a mixture, that predict by a generator.
fn of_generator(config: &RunConfig, objective: &dyn Objective) -> Result<Vec<String>> {
    let mut parts = objective.uses();
    if parts.is_empty() {
        parts.push((config.objective.as_str(), config.options.clone()));
    }
    let mut found = Vec::new();
    for (name, options) in parts {
        let rules = cloze_objectives::rules(name, &options)?;
        if rules.iter().any(|rule| rule.who == Answerer::Generator) && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

/// A picture's file, by whose name its format is known.
struct Picture<'a> {
    file: &'a Path,
    format: usize,
}

impl<'a> Picture<'a> {
    const FORMATS: [&'static str; 2] = ["svg", "png"];

    fn of(file: &'a Path) -> Result<Self> {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let format = Self::FORMATS
            .iter()
            .position(|known| ending.eq_ignore_ascii_case(known));
        let unknown = || {
            Fault::usage(format!("`{}` is the name of no picture", file.display()))
                .at("--chart")
                .allowed(Self::FORMATS.map(|format| format!("a name that ends in .{format}")))
        };
        Ok(Self {
            file,
            format: format.ok_or_else(unknown)?,
        })
    }

    fn write(&self, found: &[Audited]) -> Result<()> {
        let arms: Vec<(String, Audit)> = found.iter().map(|one| (one.arm.clone(), one.audit.clone())).collect();
        match cloze_report::audit::chart(&arms)? {
            Some(files) => write_whole(self.file, &files[self.format]),
            None => Err(Fault::usage("there is nothing to draw: no window was read").at("--chart")),
        }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn told(found: &[Audited]) -> String {
    let mut text = table(found);
    for one in found {
        text.push('\n');
        details(&mut text, one);
    }
    text
}

/// One line for each arm.
fn table(found: &[Audited]) -> String {
    let head = [
        "arm",
        "asked for",
        "predicted",
        "read as [MASK]",
        "as it is",
        "as another",
        "mean run",
        "words whole",
        "empty windows",
    ];
    let rows = found.iter().map(|one| {
        let audit = &one.audit;
        [
            name(&one.arm),
            percent(audit.asked_share()),
            percent(audit.predicted.value()),
            percent(audit.masked.value()),
            percent(audit.kept.value()),
            percent(audit.replaced.value()),
            audit
                .mean_run()
                .map_or_else(|| "-".to_owned(), |length| format!("{length:.2}")),
            percent(audit.words.value()),
            audit.empty.to_string(),
        ]
    });
    let rows: Vec<[String; 9]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            let _ = match column {
                0 => write!(line, "{cell:width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn details(text: &mut String, one: &Audited) {
    let audit = &one.audit;
    let by_position = audit.by_position.iter().map(|share| share.value());
    let by_position: Vec<String> = by_position
        .map(|share| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", 100.0 * share)))
        .collect();
    let tokens: u64 = audit.runs.iter().map(|(length, runs)| length * runs).sum();
    let runs = audit.runs.iter().take(RUNS_SHOWN);
    let runs: Vec<String> = runs
        .map(|(length, runs)| {
            format!(
                "{length}: {:.1} %",
                100.0 * (length * runs) as f64 / tokens.max(1) as f64
            )
        })
        .collect();
    let beyond = if audit.runs.len() > RUNS_SHOWN {
        ", longer ones"
    } else {
        ""
    };
    let shares = |share: Share, none: &str| match share.of {
        0 => none.to_owned(),
        of => format!("{} of {of}", percent(share.value())),
    };
    let lines = [
        (
            "counted",
            format!(
                "{} windows, {} tokens, over the {} steps of seed {}",
                audit.windows, audit.tokens, one.steps, one.seed
            ),
        ),
        (
            "in a window",
            format!(
                "{} to {} predictions; none in {} windows",
                audit.fewest, audit.most, audit.empty
            ),
        ),
        (
            "by tenths",
            format!(
                "{} (% of the tokens, from the window's beginning)",
                by_position.join("  ")
            ),
        ),
        (
            "runs",
            format!(
                "{}{beyond} (of the predicted tokens, by the length of their run)",
                runs.join(", ")
            ),
        ),
        (
            "words",
            format!("{} that are touched are predicted whole", shares(audit.words, "none")),
        ),
        (
            "special",
            format!("{} special tokens are predicted", shares(audit.special, "0")),
        ),
        (
            "hidden only",
            format!("{} tokens are hidden and not predicted", shares(audit.hidden, "0")),
        ),
        (
            "entities",
            match audit.entities.of {
                0 => "the text tells none".to_owned(),
                of => format!("{} of {of} are predicted whole", percent(audit.entities.value())),
            },
        ),
    ];
    let _ = writeln!(text, "{}", name(&one.arm));
    for (what, line) in lines {
        let _ = writeln!(text, "  {what:12} {line}");
    }
    if let Some(expected) = audit.expected_share() {
        let _ = writeln!(
            text,
            "  {:12} {} of the tokens on average, where its rate says {} (see `cloze explain {}`)",
            "by its law",
            percent(Some(expected)),
            percent(audit.asked_share()),
            one.objective
        );
    }
    if one.heeds_answers {
        let _ = writeln!(
            text,
            "  {:12} what is counted is what is hidden before the first answer; later its own answers decide (see `cloze explain {}`)",
            "answers", one.objective
        );
    }
    if !one.is_predicted {
        let _ = writeln!(
            text,
            "  {:12} nobody predicts what is counted: these tokens are replaced, and the encoder says of tokens whether they were (see \
             `cloze explain {}`)",
            "verdicts", one.objective
        );
    }
    for objective in &one.of_generator {
        let part = if *objective == one.objective {
            String::new()
        } else {
            format!("of `{objective}` ")
        };
        let _ = writeln!(
            text,
            "  {:12} {part}what is counted is what the generator reads and predicts; the encoder reads its samples (see `cloze explain \
             {objective}`)",
            "generator"
        );
    }
    for example in &one.examples {
        let _ = writeln!(text, "  {:12} {}", "for example", in_a_line(&example.text));
    }
    let sights = one.examples.iter().filter(|example| !example.sight.is_empty());
    for example in sights.take(SIGHTS_SHOWN) {
        let _ = writeln!(
            text,
            "  {:12} # is what each of the first positions sees, a line for each",
            "sight"
        );
        example
            .sight
            .iter()
            .for_each(|line| _ = writeln!(text, "  {:12} {line}", ""));
    }
}

/// Windows whose sight is drawn.
const SIGHTS_SHOWN: usize = 1;

/// Lengths of runs that are told one by one.
const RUNS_SHOWN: usize = 10;

/// Text of a corpus within a line.
fn in_a_line(text: &str) -> String {
    crate::plain::plain(&text.replace(['\n', '\t'], " ")).into_owned()
}
