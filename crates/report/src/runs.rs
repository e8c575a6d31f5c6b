//! The planned runs with their factors as columns, so that nobody has to take a name apart.

use crate::arm::{Arm, Ending};
use crate::escape::csv::{number, word};
use crate::history;
use crate::read::Settings;
use crate::study::Study;
use crate::sweep;
use cloze_foundation::Result;
use cloze_schema::PlannedRun;
use cloze_schema::runs::{Cells, to_bytes};
use std::collections::{BTreeMap, BTreeSet};

type Planned = PlannedRun<Settings>;

/// How a run ended that the present plan has not.
const OUTSIDE: &str = "outside the plan";

/// The table.
pub(crate) struct Runs(Vec<(String, Cells)>);

impl Runs {
    /// The table of a study, in the order of the plan.
    pub(crate) fn new(study: &Study) -> Self {
        let view = study.view;
        // Those that the present plan dropped stand after its own, and nobody looked what became of them.
        let runs: Vec<&Planned> = view.plan.runs.iter().chain(history::outside(view)).collect();
        let words = |of: &dyn Fn(&Planned) -> Option<String>| Cells::Words(runs.iter().map(|run| of(run)).collect());
        let present: BTreeSet<&str> = view.plan.ids().collect();
        let endings: BTreeMap<(&str, u64), &str> = view.arms.iter().flat_map(ended).collect();
        let ending = |run: &Planned| {
            if !present.contains(run.id.as_str()) {
                return Some(OUTSIDE.to_owned());
            }
            endings
                .get(&(run.arm.as_str(), run.config.named.seed))
                .map(|word| (*word).to_owned())
        };
        let mut columns = vec![
            ("run".to_owned(), words(&|run| Some(run.id.clone()))),
            ("arm".to_owned(), words(&|run| Some(run.arm.clone()))),
            ("stem".to_owned(), words(&|run| run.stem.clone())),
            ("base".to_owned(), words(&|run| run.base.clone())),
            (
                "seed".to_owned(),
                Cells::Counts(runs.iter().map(|run| Some(run.config.named.seed)).collect()),
            ),
            ("ending".to_owned(), words(&ending)),
            (
                "objective".to_owned(),
                words(&|run| Some(run.config.named.objective.clone())),
            ),
            (
                "data".to_owned(),
                words(&|run| run.data.as_ref().map(|data| data.short())),
            ),
        ];
        for path in sweep::factors(&view.arms) {
            let values: Vec<Option<&toml::Value>> = runs.iter().map(|run| run.factors.get(path)).collect();
            let is_number = values
                .iter()
                .flatten()
                .all(|value| value.is_float() || value.is_integer());
            let cells = if is_number {
                let number = |value: &toml::Value| value.as_float().or(value.as_integer().map(|whole| whole as f64));
                Cells::Numbers(values.iter().map(|value| value.and_then(number)).collect())
            } else {
                let text = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Cells::Words(values.iter().map(|value| value.map(text)).collect())
            };
            let is_taken = columns.iter().any(|(name, _)| name == path);
            columns.push((
                if is_taken {
                    format!("factor.{path}")
                } else {
                    path.to_owned()
                },
                cells,
            ));
        }
        Self(columns)
    }

    /// As CSV.
    pub(crate) fn csv(&self) -> String {
        let mut lines = vec![self.0.iter().map(|(name, _)| word(name)).collect::<Vec<_>>()];
        let texts: Vec<Vec<String>> = self.0.iter().map(|(_, cells)| texts(cells)).collect();
        let rows = texts.first().map_or(0, Vec::len);
        lines.extend((0..rows).map(|row| texts.iter().map(|column| column[row].clone()).collect()));
        let lines: Vec<String> = lines.into_iter().map(|cells| cells.join(",")).collect();
        lines.join("\n") + "\n"
    }

    /// As parquet.
    ///
    /// # Errors
    /// What the encoder says.
    pub(crate) fn parquet(&self) -> Result<Vec<u8>> {
        to_bytes(&self.0)
    }
}

/// How the seeds of an arm ended, in words.
fn ended(arm: &Arm) -> impl Iterator<Item = ((&str, u64), &'static str)> {
    let word = |ending: Ending| {
        Ending::ALL
            .iter()
            .find(|(known, _)| *known == ending)
            .map_or("", |(_, word)| *word)
    };
    arm.seeds
        .iter()
        .map(move |(seed, ending)| ((arm.name.as_str(), *seed), word(*ending)))
}

fn texts(cells: &Cells) -> Vec<String> {
    match cells {
        Cells::Words(cells) => cells
            .iter()
            .map(|cell| cell.as_deref().map(word).unwrap_or_default())
            .collect(),
        Cells::Numbers(cells) => cells.iter().map(|cell| number(*cell)).collect(),
        Cells::Counts(cells) => cells
            .iter()
            .map(|cell| cell.map(|count| count.to_string()).unwrap_or_default())
            .collect(),
    }
}
