//! An option that changes an id changes the run. Every option of every objective, of the encoder and of the optimizer, as it
//! is declared, takes several values; each is trained for four steps, and no two give the same weights, unless the plan
//! refuses one of them.

use burn::tensor::Device;
use cloze_backbone::tensors;
use cloze_corpus::{Prepared, prepare};
use cloze_foundation::{Result, files};
use cloze_objectives::OBJECTIVES;
use cloze_options::{Field, Kind, Options, Range, Usual, Words};
use cloze_plan::{Experiment, PlannedRun, expand};
use cloze_schema::{Spent, Split};
use cloze_trainer::observer::Unjudged;
use cloze_trainer::optimizer::Kind as Optimizer;
use cloze_trainer::{Observer, OptimizerOptions, Tick, train};

/// Four steps of a tiny encoder. What the encoder's own options begin at stands here, so that nothing large is trained.
const BASE: &str = "question = \"Does it matter?\"\n[corpus]\nwords = 10000\ntokenizer = { kind = \"wordpiece\", vocab = 300 }\n\
    [encoder]\nwidth = 32\nlayers = 1\nwindow = 32\n[budget]\nequalise = \"steps\"\namount = 4\nbatch = 8\n\
    [evaluate]\ntasks = []\npoints = 1\nvalidation_windows = 1\n[sweep]\nseeds = [1]\n[[arm]]\n";

/// Assignments of one variant: key path and value in TOML.
type Variant = Vec<(String, String)>;

struct Silent;

impl Observer for Silent {
    fn row(&mut self, _: &Spent, _: Split, _: &str, _: &str, _: f64) {}

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Tick) -> Result<()> {
        Ok(())
    }
}

/// Up to three numbers of a range, the usual one first.
fn numbers(usual: Option<f64>, range: &Range, whole: bool) -> Vec<String> {
    let around = usual.map_or_else(Vec::new, |usual| vec![usual, usual / 2.0, usual * 2.0]);
    let mut found: Vec<String> = Vec::new();
    for number in around.into_iter().chain([0.25, 0.6, 2.0, 4.0, 1.0, 8.0]) {
        let number = if whole { number.floor() } else { number };
        let text = if whole {
            format!("{number:.0}")
        } else {
            format!("{number:?}")
        };
        if range.contains(number) && !found.contains(&text) && !(whole && number == 0.0) {
            found.push(text);
        }
    }
    found.truncate(3);
    assert!(found.len() > 1, "no two numbers are known for {range}");
    found
}

/// The values of an option that has no inner ones.
fn values(kind: &Kind, usual: &Usual) -> Vec<String> {
    let number = match usual {
        Usual::Value(value) => value
            .as_float()
            .or_else(|| value.as_integer().map(|whole| whole as f64)),
        _ => None,
    };
    match kind {
        Kind::Number(range) => numbers(number, range, false),
        Kind::Whole(range) => numbers(number, range, true),
        // Of tokens, of which a step here reads dozens.
        Kind::Amount(..) => ["\"50\"", "\"200\"", "\"1k\""].map(str::to_owned).to_vec(),
        Kind::Boolean => vec!["false".into(), "true".into()],
        Kind::Words(words) => words.iter().map(|word| format!("\"{}\"", word.name)).collect(),
        Kind::Either(kinds) => kinds
            .iter()
            .find(|kind| kind.inner().is_empty())
            .map_or_else(Vec::new, |kind| values(kind, usual)),
        Kind::Table(_) => Vec::new(),
        other => panic!("say here how an option that is {other} is varied"),
    }
}

/// A rate, fixed or changing, in ways of which no two give the same numbers at the starts of the last three steps (at the first one
/// nothing was answered, so that what heeds answers is as it always is); `None` for other options.
fn schedules(kind: &Kind) -> Option<Vec<String>> {
    kind.inner().iter().find(|inner| inner.name == "values")?;
    // Far apart, since in four steps few tokens meet a rare fate.
    let [one, other] = ["0.9", "0.1"];
    Some(vec![
        one.to_owned(),
        other.to_owned(),
        format!("{{ from = {one}, to = {other}, shape = \"linear\" }}"),
        format!("{{ from = {one}, to = {other}, shape = \"step\" }}"),
        format!("{{ from = {one}, to = {other}, shape = \"step\", at = 0.7 }}"),
        format!("{{ values = [{one}, {other}, {one}], at = [0.2, 0.6] }}"),
    ])
}

/// Groups of variants, each of which differs in one option only.
fn groups(path: &str, field: &Field) -> Vec<Vec<Variant>> {
    if let Some(ways) = schedules(&field.kind) {
        return vec![ways.into_iter().map(|way| vec![(path.to_owned(), way)]).collect()];
    }
    let own = values(&field.kind, &field.usual);
    let mut groups = vec![
        own.into_iter()
            .map(|value| vec![(path.to_owned(), value)])
            .collect::<Vec<Variant>>(),
    ];
    for inner in field.kind.inner() {
        groups.extend(self::groups(&format!("{path}.{}", inner.name), inner));
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// What an option below a path says something beside: without it the plan refuses the option, or four steps show nothing of it.
const BESIDE: [(&str, (&str, &str)); 7] = [
    // The two are no more than everything.
    ("arm.0.replace.random", ("arm.0.replace.mask", "0.05")),
    // In four steps at the usual rate every answer is wrong, and improbable.
    ("arm.0.score", ("optimizer.peak_lr", "0.1")),
    ("encoder.layer_groups", ("encoder.layers", "4")),
    ("encoder.pre_norm", ("encoder.preset", "\"bert\"")),
    ("encoder.embedding_residual", ("encoder.layers", "2")),
    ("encoder.value_embeddings", ("encoder.layers", "2")),
    (
        "encoder.disentangled.max_relative_positions",
        ("encoder.disentangled.position_buckets", "4"),
    ),
];

/// The run that the plan makes of a variant, if it makes one.
fn planned(objective: &str, variant: &Variant) -> Result<PlannedRun> {
    let mut variant = variant.clone();
    for (below, (path, value)) in BESIDE {
        if variant.iter().any(|(path, _)| path.starts_with(below)) {
            variant.push((path.to_owned(), value.to_owned()));
        }
    }
    // The options of a kind of optimizer belong to that kind.
    if let Some(kind) = Optimizer::ALL.iter().find(|kind| {
        variant
            .iter()
            .any(|(path, _)| path.starts_with(&format!("optimizer.{kind}.")))
    }) {
        variant.push(("optimizer.kind".to_owned(), format!("\"{kind}\"")));
    }
    let set: Vec<String> = variant.iter().map(|(path, value)| format!("{path}={value}")).collect();
    let text = format!("{BASE}objective = \"{objective}\"\n");
    let mut plan = expand(&Experiment::parse("x", "x.toml", &text, &set)?)?;
    assert_eq!(plan.runs.len(), 1);
    Ok(plan.runs.remove(0))
}

/// Hash of the weights after training.
fn weights(run: &PlannedRun, corpus: &Prepared) -> String {
    let device = Device::flex();
    let trained = train(&run.config.job(corpus, &device), &Unjudged, &mut Silent, None).unwrap();
    assert_eq!(trained.spent.steps(), 4);
    files::hash(&tensors::to_bytes(&trained.model).unwrap())
}

/// Where an objective says in which mode it works.
const MODE: &str = "arm.0.mode";

/// The modes of an objective, as they are written; one that is none where it has none.
fn modes(fields: &[Field]) -> Vec<Option<String>> {
    let mode = fields.iter().find(|field| format!("arm.0.{}", field.name) == MODE);
    let modes = mode.map_or_else(Vec::new, |field| values(&field.kind, &field.usual));
    match modes.is_empty() {
        true => vec![None],
        false => modes.into_iter().map(Some).collect(),
    }
}

/// Trains every variant and holds each group's against each other; gives how many were trained.
fn all_matter(objective: &str, groups: Vec<Vec<Variant>>, corpus: &Prepared) -> usize {
    let mut trained = 0;
    for group in groups {
        let mut seen: Vec<(String, String, Variant)> = Vec::new();
        for variant in group {
            let Ok(run) = planned(objective, &variant) else {
                continue;
            };
            let weights = weights(&run, corpus);
            if let Some((id, _, other)) = seen.iter().find(|(id, known, _)| *known == weights && *id != run.id) {
                panic!(
                    "{objective}: {variant:?} and {other:?} train the same weights under the ids {} and {id}",
                    run.id
                );
            }
            assert!(
                seen.iter().all(|(id, ..)| *id != run.id),
                "{objective}: {variant:?} changes no id"
            );
            seen.push((run.id, weights, variant));
            trained += 1;
        }
        assert!(!seen.is_empty(), "{objective}: every value of a group is refused");
    }
    trained
}

#[test]
fn every_option_that_changes_an_id_changes_the_weights() {
    let cache = tempfile::tempdir().unwrap();
    let config = planned("mlm", &Vec::new()).unwrap().config.corpus;
    let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
    let of = |table: &str, fields: &[Field]| {
        // Another run's weights: `runner/tests/start.rs`.
        let groups = fields
            .iter()
            .filter(|field| field.name != "from")
            .map(|field| groups(&format!("{table}.{}", field.name), field));
        groups.collect::<Vec<_>>().concat()
    };
    let mut trained = 0;
    for entry in OBJECTIVES {
        let fields = (entry.options)();
        let own = of("arm.0", &fields);
        // An option may matter in one mode and not in the other.
        for mode in modes(&fields) {
            let in_mode = |variant: &Variant| -> Variant {
                let is_mode = variant.iter().any(|(path, _)| path == MODE);
                let mode = mode
                    .iter()
                    .filter(|_| !is_mode)
                    .map(|mode| (MODE.to_owned(), mode.clone()));
                variant.iter().cloned().chain(mode).collect()
            };
            let groups = own.iter().map(|group| group.iter().map(in_mode).collect());
            trained += all_matter(entry.name, groups.collect(), &corpus);
        }
    }
    for fields in [
        ("encoder", cloze_backbone::EncoderOptions::fields()),
        ("optimizer", OptimizerOptions::fields()),
    ] {
        // Beside one objective with heads of its own.
        for objective in ["mlm", "electra"] {
            trained += all_matter(objective, of(fields.0, &fields.1), &corpus);
        }
    }
    assert!(trained > 180, "{trained} variants");
}
