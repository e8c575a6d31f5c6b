//! A results folder made from a formula: the same bytes each time.

use cloze_foundation::Draw;
use cloze_schema::{AttemptRows, Axis, Label, Row, Spent, Split, parquet};
use serde_json::{Map, Value, json};
use std::path::Path;

/// An arm that never ran.
#[derive(Clone)]
pub struct MadeArm {
    pub name: String,
    /// Plans of cloze 0.1 have none.
    pub stem: Option<String>,
    pub objective: &'static str,
    /// Swept values by key path.
    pub factors: Vec<(&'static str, f64)>,
    /// In [0, 1].
    pub quality: f64,
}

impl MadeArm {
    /// An arm that is its own stem.
    pub fn new(name: impl Into<String>, objective: &'static str, quality: f64) -> Self {
        let name = name.into();
        let stem = Some(name.clone());
        Self {
            name,
            stem,
            objective,
            factors: Vec::new(),
            quality,
        }
    }

    pub fn with(mut self, path: &'static str, value: f64) -> Self {
        self.factors.push((path, value));
        self
    }

    pub fn stem(mut self, stem: &str) -> Self {
        self.stem = Some(stem.to_owned());
        self
    }

    fn rate(&self) -> Option<f64> {
        self.factors
            .iter()
            .find(|(path, _)| *path == "options.rate")
            .map(|(_, rate)| *rate)
    }
}

/// An experiment that never ran.
pub struct Made {
    pub arms: Vec<MadeArm>,
    pub seeds: u64,
    pub tasks: Vec<&'static str>,
    pub phenomena: Vec<String>,
    pub baseline: Option<&'static str>,
    /// (arm, seed): left out of the metrics.
    pub missing: Vec<(usize, u64)>,
    /// (arm, seed): diverged half-way.
    pub diverged: Vec<(usize, u64)>,
    /// (arm, seed): the last accuracy is not a number.
    pub broken: Vec<(usize, u64)>,
    pub charts: Vec<&'static str>,
    /// What is said, and its check.
    pub claims: Vec<(&'static str, &'static str)>,
}

impl Made {
    /// The five objectives with `seeds` seeds on two tasks.
    pub fn quickstart(seeds: u64) -> Self {
        let arms = [
            ("mlm", 0.55),
            ("whole-word", 0.6),
            ("span", 0.5),
            ("electra", 0.8),
            ("autoregressive", 0.35),
        ];
        let phenomena = [
            "agreement",
            "agreement_over_attractor",
            "anaphora",
            "argument_structure",
            "demonstratives",
            "filler-gap",
            "irregular_forms",
            "licensing",
        ];
        Self {
            arms: arms.map(|(name, quality)| MadeArm::new(name, name, quality)).to_vec(),
            seeds,
            tasks: vec!["minimal-pairs", "masked-loss"],
            phenomena: phenomena.map(str::to_owned).to_vec(),
            baseline: Some("mlm"),
            missing: Vec::new(),
            diverged: Vec::new(),
            broken: Vec::new(),
            charts: cloze_schema::chart::CHARTS.iter().map(|facts| facts.word).collect(),
            claims: Vec::new(),
        }
    }

    /// Seven masking rates with a best one inside.
    pub fn ratios(seeds: u64) -> Self {
        let rates = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8];
        let arm = |rate: f64| {
            let quality = 0.75 - 2.0 * (rate - 0.35).powi(2);
            MadeArm::new(format!("mlm rate={rate}"), "mlm", quality).with("options.rate", rate)
        };
        Self {
            arms: rates.map(arm).to_vec(),
            baseline: Some("mlm rate=0.15"),
            ..Self::quickstart(seeds)
        }
    }

    /// Writes `plan.json` and `metrics.parquet` into `folder`.
    pub fn write(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("plan.json"), self.plan().to_string()).unwrap();
        let mut attempts = Vec::new();
        for (place, arm) in self.arms.iter().enumerate() {
            for seed in (1..=self.seeds).filter(|seed| !self.missing.contains(&(place, *seed))) {
                let label = Label {
                    run: id(place, seed),
                    arm: arm.name.clone(),
                    seed,
                    attempt: 1,
                    data: String::new(),
                };
                attempts.push(AttemptRows {
                    label,
                    rows: self.rows(place, seed),
                });
            }
        }
        std::fs::write(folder.join("metrics.parquet"), parquet::to_bytes(&attempts).unwrap()).unwrap();
    }

    fn plan(&self) -> Value {
        let mut runs = Vec::new();
        for (place, arm) in self.arms.iter().enumerate() {
            for seed in 1..=self.seeds {
                let factors: Map<String, Value> = arm
                    .factors
                    .iter()
                    .map(|(path, value)| ((*path).to_owned(), json!(value)))
                    .collect();
                let options: Map<String, Value> = arm
                    .rate()
                    .map(|rate| ("rate".to_owned(), json!(rate)))
                    .into_iter()
                    .collect();
                let tasks: Vec<Value> = self
                    .tasks
                    .iter()
                    .map(|task| json!({ "task": task, "options": {} }))
                    .collect();
                let config = json!({
                    "objective": arm.objective, "options": options, "seed": seed, "evaluate": tasks,
                    "budget": { "equalise": "tokens", "amount": 1e6, "batch": 16 }, "points": 4,
                });
                let mut run = json!({
                    "id": id(place, seed), "arm": arm.name, "factors": factors, "config": config, "flops": 3e13,
                });
                if let Some(stem) = &arm.stem {
                    run["stem"] = json!(stem);
                }
                runs.push(run);
            }
        }
        let claims: Vec<Value> = self
            .claims
            .iter()
            .map(|(says, check)| json!({ "says": says, "check": check }))
            .collect();
        json!({
            "experiment": "made", "question": "Which objective <learns> most & soonest?", "cites": "Nobody (2026)",
            "runs": runs, "report": { "baseline": self.baseline, "charts": self.charts }, "claims": claims,
            "tasks": [
                { "task": "minimal-pairs", "title": "Minimal pairs", "headline": "accuracy", "higher_is_better": true, "chance": 0.5 },
                { "task": "blimp", "title": "BLiMP", "headline": "accuracy", "higher_is_better": true, "chance": 0.5 },
                { "task": "masked-loss", "title": "Masked-token loss", "headline": "loss", "higher_is_better": false, "chance": null },
            ],
        })
    }

    fn rows(&self, place: usize, seed: u64) -> Vec<Row> {
        let MadeArm { objective, quality, .. } = &self.arms[place];
        let diverged = self.diverged.contains(&(place, seed));
        let mut rows = Vec::new();
        for point in 1..=4_u32 {
            let share = f64::from(point) / 4.0;
            let cost = if *objective == "electra" { 1.5 } else { 1.0 };
            let predicted = self.arms[place]
                .rate()
                .unwrap_or(if *objective == "autoregressive" { 1.0 } else { 0.15 });
            let mut spent = Spent::default();
            spent[Axis::Steps] = 244.0 * f64::from(point);
            spent[Axis::Tokens] = 249_856.0 * f64::from(point);
            spent[Axis::Predictions] = (spent[Axis::Tokens] * predicted).floor();
            spent[Axis::Flops] = 3e13 * share * cost;
            spent[Axis::Seconds] = 14.0 * share * cost + 0.1 * seed as f64;
            let mut row = |split, task: &str, metric: &str, value: f64| {
                // Few digits: what other machines make of sines does not show.
                let (task, metric, value) = (task.to_owned(), metric.to_owned(), (value * 1e4).round() / 1e4);
                rows.push(Row {
                    spent,
                    split,
                    task,
                    metric,
                    value,
                });
            };
            // The shock is one per seed, common to all arms: pairing removes it.
            let shock = 0.02 * Draw::new(seed, "shock").stream().normal();
            let mut noise = Draw::new(seed, "noise")
                .step(u64::from(point))
                .example(place as u64)
                .stream();
            row(Split::Train, "pretraining", "loss", 8.0 - 3.0 * share);
            if diverged && point == 3 {
                row(Split::Train, "pretraining", "diverged", 1.0);
                break;
            }
            row(
                Split::HeldOut,
                "pretraining",
                "loss",
                7.5 - 3.0 * share * quality + 0.05 * noise.normal(),
            );
            let mut sum = 0.0;
            for (index, phenomenon) in self.phenomena.iter().enumerate() {
                let ease = 1.5 * (index as f64 * 1.7).sin();
                let learned = 0.5 + 0.48 * (2.5 * share * quality + ease - 0.6).tanh();
                let score = (learned + shock + 0.03 * noise.normal()).clamp(0.0, 1.0);
                sum += score;
                row(Split::Test, &format!("minimal-pairs/{phenomenon}"), "accuracy", score);
            }
            for task in &self.tasks {
                if *task == "masked-loss" {
                    if *objective != "autoregressive" {
                        row(
                            Split::Test,
                            task,
                            "loss",
                            6.8 - 1.5 * share * quality + 0.03 * noise.normal() - shock,
                        );
                    }
                    continue;
                }
                let mut accuracy = if self.phenomena.is_empty() {
                    0.6 + shock
                } else {
                    sum / self.phenomena.len() as f64
                };
                if *task != "minimal-pairs" {
                    accuracy = 0.5 + 0.3 * (accuracy - 0.5);
                }
                if self.broken.contains(&(place, seed)) && point == 4 {
                    accuracy = f64::NAN;
                }
                row(Split::Test, task, "accuracy", accuracy);
                row(Split::Test, task, "ties", 0.01);
                row(Split::Test, task, "accuracy[length-normalised]", 0.95 * accuracy);
            }
        }
        rows
    }
}

fn id(arm: usize, seed: u64) -> String {
    format!("{arm:08x}{seed:08x}")
}
