//! `[evaluate]` and `[report]`: what judges a run, and what is shown.

use super::shapes;
use crate::{RunConfig, TaskConfig};
use cloze_corpus::fragment;
use cloze_evals::EVALUATIONS;
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{Kind, Node, OptionType, Range, Value, Written, described, options};
use cloze_schema::ChartKind;
use cloze_schema::metric::PRETRAINING;
use cloze_trainer::Spacing;
use serde_json::json;
use std::path::{Component, Path, PathBuf};

options! {
    /// What judges a run.
    pub(crate) struct Evaluate {
        /// Evaluations, each a name or { task = "name", option = value }. With name = "..." it is called that; two of one kind
        /// need names.
        pub(super) tasks: Option<Tasks> = None => "masked-loss, and minimal-pairs on the built-in language";
        /// At how many shares of the budget a run is judged, the end included.
        pub(crate) points: usize = 4, from(1).to(1000);
        /// How these lie along the budget: `even`, at equal shares; `log`, each at half of the next and the last one at the end (of 4: at an
        /// eighth, a quarter, a half and the whole), at most 30. Those that lie within one step are one.
        #[since = "0.2"]
        pub(crate) spacing: Spacing = Spacing::Even;
        /// Windows of held-out text for the validation loss.
        pub(crate) validation_windows: usize = 64, from(1).to(1_000_000);
    }
    check Evaluate::check_points
}

options! {
    /// What the report shows.
    pub(crate) struct ReportOptions {
        /// The arm that others are compared with.
        pub(crate) baseline: Option<String> = None;
        /// The charts.
        pub(crate) charts: Option<Vec<ChartKind>> = None => "all but `layers`; `ratio` where a rate is swept, `ladder` where a size is, `phenomena-along-training` where spacing = \"log\"";
    }
}

/// Evaluations, resolved; no two of one name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tasks(Vec<TaskConfig>);

/// What judges trials, resolved, and no run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judge {
    Task(TaskConfig),
    /// The loss of each arm's own objective on the held-out text.
    HeldOutLoss,
}

/// How [`Judge::HeldOutLoss`] is written.
pub(super) const HELD_OUT_LOSS: &str = "held-out-loss";

/// What the usual judge of trials is called, and the set that it asks by.
const DEVELOPMENT: &str = "development";
/// The evaluation of the built-in language that has a development set.
const PAIRS: &str = "minimal-pairs";
/// The option that an evaluation with a development set has.
const APART: &str = "apart_from";

/// Pairs that share no sentence with those by which these runs are judged: of the built-in language, or of the files of the first of
/// their evaluations that has more.
///
/// # Errors
/// Runs on another text without such an evaluation: what is there to choose by is not known.
pub(super) fn development(config: &RunConfig) -> Result<TaskConfig> {
    let mut options = toml::Table::new();
    let kind = if config.corpus.source == fragment::NAME {
        PAIRS
    } else {
        let Some(task) = config.evaluate.iter().find(|task| task.tested().is_some()) else {
            return Err(Fault::usage("nobody judges the trials")
                .at(Place::key("judge"))
                .remedy(format!(
                    "name an evaluation that judges no run, as in judge = {{ task = \"minimal-pairs\", name = \"development\", path = \"..\" }}, \
                     or, where no option of an objective is tried, say judge = \"{HELD_OUT_LOSS}\""
                )));
        };
        options.clone_from(&task.options);
        &task.task
    };
    options.insert("set".to_owned(), DEVELOPMENT.into());
    let alike = config
        .evaluate
        .iter()
        .filter(|task| task.task == kind && task.options.get("path") == options.get("path"));
    if let Some(most) = alike.filter_map(TaskConfig::tested).max() {
        options.insert(APART.to_owned(), most.into());
    }
    task(kind, Some(DEVELOPMENT.to_owned()), &Node::from(&options).top())
}

impl TaskConfig {
    /// Whether it shares no question with what judges trials; why not, where it does. Of files and words among options it is known
    /// whether they are the same; of pairs that have a development set how many the judge is drawn apart from.
    ///
    /// # Errors
    /// What they share.
    pub fn is_apart_from(&self, judge: &Self) -> std::result::Result<(), String> {
        if self.task != judge.task {
            return Ok(());
        }
        if questions(self) == questions(judge) {
            return Err("it asks the same, however many of it".to_owned());
        }
        let both = [self, judge];
        let path = |task: &Self| task.options.get("path").and_then(toml::Value::as_str).map(place);
        let apart = both.iter().find_map(|task| task.options.get(APART)?.as_integer());
        match (both.iter().find_map(|task| task.tested()), apart) {
            _ if path(self) != path(judge) => Ok(()),
            (Some(_), None) => Err("these pairs judge the runs too".to_owned()),
            (Some(most), Some(apart)) if apart < most => Err(format!(
                "one asks {most} minimal pairs of each paradigm, and the other shares no sentence with the first {apart} alone"
            )),
            _ => Ok(()),
        }
    }

    /// How many pairs of each paradigm it asks for, where they are those of the test and there is a development set beside them.
    fn tested(&self) -> Option<i64> {
        let has_development = || {
            let entry = cloze_evals::find(&self.task).ok()?;
            (entry.options)().iter().find(|field| field.name == APART).map(drop)
        };
        let is_own = self.task == PAIRS && self.options.contains_key("path");
        let is_of_test = !is_own && !self.options.contains_key(APART);
        has_development().filter(|()| is_of_test)?;
        self.options.get("pairs")?.as_integer()
    }
}

/// What decides which questions an evaluation asks, but for how many of them: its files and the words among its options.
fn questions(task: &TaskConfig) -> Vec<(&str, PathBuf)> {
    let words = task.options.iter();
    words
        .filter_map(|(key, value)| Some((key.as_str(), place(value.as_str()?))))
        .collect()
}

/// A path, however it is written: `./mine/` is `mine`.
fn place(path: &str) -> PathBuf {
    let parts = Path::new(path).components();
    parts.filter(|part| *part != Component::CurDir).collect()
}

impl OptionType for Judge {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let names = || EVALUATIONS.iter().map(|entry| entry.name).chain([HELD_OUT_LOSS]);
        match written.text() {
            Ok(HELD_OUT_LOSS) => Ok(Self::HeldOutLoss),
            Ok(word) if !names().any(|name| name == word) => Err(written
                .fault(format!("`{word}` is no judge of trials"))
                .allowed(names())
                .nearest(word, names())),
            _ => read_task(written).map(Self::Task),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        Kind::Other {
            said: format!(
                "an evaluation: a name, or a table {{ task = \"name\", option = value }}; or \"{HELD_OUT_LOSS}\""
            ),
            schema: serde_json::json!({ "anyOf": [{ "const": HELD_OUT_LOSS }, schema()["items"]] }),
            fields: Vec::new(),
        }
    }
}

impl Evaluate {
    fn check_points(&self) -> Result<()> {
        match self.spacing {
            Spacing::Log if self.points > Spacing::MOST_HALVED => Err(Fault::usage(format!(
                "the first of {} judgements would be in the first step, as others are",
                self.points
            ))
            .at(Place::key("points"))
            .allowed([format!("1 to {} where spacing = \"log\"", Spacing::MOST_HALVED)])),
            Spacing::Log | Spacing::Even => Ok(()),
        }
    }

    /// How judgements lie along the budget; a single one is at its end however they would.
    pub(crate) fn spacing(&self) -> Spacing {
        if self.points == 1 { Spacing::Even } else { self.spacing }
    }

    /// What judges a run on this corpus.
    pub(crate) fn tasks(&self, source: &str) -> Result<Vec<TaskConfig>> {
        if let Some(Tasks(tasks)) = &self.tasks {
            return Ok(tasks.clone());
        }
        let names: &[&str] = if source == fragment::NAME {
            &["minimal-pairs", "masked-loss"]
        } else {
            &["masked-loss"]
        };
        let nothing = Node::from(&toml::Table::new());
        names.iter().map(|name| task(name, None, &nothing.top())).collect()
    }
}

/// Characters that a name may have.
const LONGEST_NAME: usize = 60;

fn task(kind: &str, name: Option<String>, options: &Written<'_>) -> Result<TaskConfig> {
    Ok(TaskConfig {
        task: kind.to_owned(),
        name,
        options: (cloze_evals::find(kind)?.resolve)(options)?,
    })
}

fn read_task(written: &Written<'_>) -> Result<TaskConfig> {
    let nothing = Node::from(&toml::Table::new());
    let kind = |place: &Written<'_>| {
        let kind = place.text()?;
        cloze_evals::find(kind).map_err(|fault| fault.at(place.place()))?;
        Ok(kind.to_owned())
    };
    match written.value() {
        Value::Text(_) => task(&kind(written)?, None, &nothing.top()),
        Value::Table(_) => {
            let (_, options) = written.split(&["task", "name"])?;
            let of = written.get("task").ok_or_else(|| {
                written.missing(
                    "task",
                    "name an evaluation, as in { task = \"minimal-pairs\", pairs = 50 }",
                )
            })?;
            let kind = kind(&of)?;
            let name = match written.get("name") {
                Some(place) => read_name(place.text()?, &kind).map_err(|fault| fault.at(place.place()))?,
                None => None,
            };
            task(&kind, name, &Written::new(&options, written.key()))
        }
        _ => Err(written.wrong_kind("a name, or a table { task = \"name\", option = value }")),
    }
}

/// A task's own name; none where it is the one that it has anyway.
fn read_name(written: &str, kind: &str) -> Result<Option<String>> {
    let name = written.trim();
    let refused = |why: &str| Err(Fault::usage(format!("a task's name {why}")));
    match name {
        PRETRAINING => refused("is that of the numbers of pretraining itself"),
        _ if name == kind => Ok(None),
        _ if cloze_evals::find(name).is_ok() => refused("is that of another evaluation"),
        _ if name.chars().count() > LONGEST_NAME => refused(&format!("has more than {LONGEST_NAME} characters")),
        _ => match name
            .chars()
            .find(|letter| letter.is_control() || "/[]".contains(*letter))
        {
            // Behind a `/` stand the parts of a task, in brackets who answered.
            Some(letter) => refused(&format!("holds {letter:?}")),
            None => Ok(Some(name.to_owned())),
        },
    }
}

impl Tasks {
    pub(super) fn of(list: Vec<TaskConfig>) -> Self {
        Self(list)
    }

    pub(super) fn into_list(self) -> Vec<TaskConfig> {
        self.0
    }
}

impl OptionType for Tasks {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let mut tasks: Vec<TaskConfig> = Vec::new();
        for item in written.list()? {
            let task = read_task(&item)?;
            if tasks.iter().any(|other| other.name() == task.name()) {
                let twice = item.fault(format!("evaluation `{}` is named twice", task.name()));
                let example = format!(
                    "give one a name of its own: {{ task = \"{}\", name = \"...\" }}",
                    task.task
                );
                return Err(twice.remedy(example));
            }
            tasks.push(task);
        }
        Ok(Self(tasks))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        let names: Vec<String> = EVALUATIONS.iter().map(|entry| format!("`{}`", entry.name)).collect();
        Kind::Other {
            said: format!("a list of {}", names.join(", ")),
            schema: schema(),
            fields: Vec::new(),
        }
    }
}

/// `evaluate.tasks`: a name, or a table whose other keys depend on it.
fn schema() -> serde_json::Value {
    let names: Vec<&str> = EVALUATIONS.iter().map(|entry| entry.name).collect();
    let task = |entry: &&cloze_evals::Entry| {
        let mut properties = shapes::properties(&(entry.options)());
        properties.insert("task".into(), described(entry.summary, json!({ "const": entry.name })));
        let name = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_NAME });
        properties.insert(
            "name".into(),
            described("What metrics, charts and claims call it.", name),
        );
        shapes::table(properties, &["task"])
    };
    let items = std::iter::once(json!({ "enum": names })).chain(EVALUATIONS.iter().map(task));
    json!({ "type": "array", "items": { "oneOf": items.collect::<Vec<_>>() } })
}
