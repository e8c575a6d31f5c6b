//! A results folder made from a formula: the same bytes each time.

use cloze_foundation::Draw;
use polars::prelude::{Column, DataFrame, ParquetWriter};
use serde_json::{Value, json};
use std::path::Path;

/// An experiment that never ran.
pub struct Made {
    /// Name, objective, rate, quality in [0, 1].
    pub arms: Vec<(String, &'static str, Option<f64>, f64)>,
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
}

/// A row but for its run: step, tokens, predictions, flops, seconds, split, task, metric, value.
type Line = (u64, u64, u64, f64, f64, &'static str, String, &'static str, f64);

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
            arms: arms
                .map(|(name, quality)| (name.to_owned(), name, None, quality))
                .to_vec(),
            seeds,
            tasks: vec!["minimal-pairs", "masked-loss"],
            phenomena: phenomena.map(str::to_owned).to_vec(),
            baseline: Some("mlm"),
            missing: Vec::new(),
            diverged: Vec::new(),
            broken: Vec::new(),
            charts: vec!["learning-curves", "phenomena", "ratio", "budgets"],
        }
    }

    /// Seven masking rates with a best one inside.
    pub fn ratios(seeds: u64) -> Self {
        let rates = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8];
        let arm = |rate: f64| {
            (
                format!("mlm rate={rate}"),
                "mlm",
                Some(rate),
                0.75 - 2.0 * (rate - 0.35).powi(2),
            )
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
        let mut runs: [Vec<String>; 2] = [Vec::new(), Vec::new()];
        let (mut seeds, mut lines) = (Vec::new(), Vec::<Line>::new());
        for arm in 0..self.arms.len() {
            for seed in (1..=self.seeds).filter(|seed| !self.missing.contains(&(arm, *seed))) {
                for line in self.lines(arm, seed) {
                    runs[0].push(id(arm, seed));
                    runs[1].push(self.arms[arm].0.clone());
                    seeds.push(seed);
                    lines.push(line);
                }
            }
        }
        let [ids, arms] = runs;
        let words = |take: fn(&Line) -> &str| lines.iter().map(take).collect::<Vec<_>>();
        let whole = |take: fn(&Line) -> u64| lines.iter().map(take).collect::<Vec<_>>();
        let real = |take: fn(&Line) -> f64| lines.iter().map(take).collect::<Vec<_>>();
        let columns = vec![
            Column::new("run".into(), ids),
            Column::new("arm".into(), arms),
            Column::new("seed".into(), seeds),
            Column::new("attempt".into(), vec![1_u32; lines.len()]),
            Column::new("step".into(), whole(|line| line.0)),
            Column::new("tokens_seen".into(), whole(|line| line.1)),
            Column::new("tokens_predicted".into(), whole(|line| line.2)),
            Column::new("flops".into(), real(|line| line.3)),
            Column::new("seconds".into(), real(|line| line.4)),
            Column::new("split".into(), words(|line| line.5)),
            Column::new("task".into(), words(|line| &line.6)),
            Column::new("metric".into(), words(|line| line.7)),
            Column::new("value".into(), real(|line| line.8)),
        ];
        let mut frame = DataFrame::new(lines.len(), columns).unwrap();
        let file = std::fs::File::create(folder.join("metrics.parquet")).unwrap();
        ParquetWriter::new(file).finish(&mut frame).unwrap();
    }

    fn plan(&self) -> Value {
        let mut runs = Vec::new();
        for (arm, (name, objective, rate, _)) in self.arms.iter().enumerate() {
            for seed in 1..=self.seeds {
                let factors = rate.map_or(json!({}), |rate| json!({ "options.rate": rate }));
                let tasks: Vec<Value> = self
                    .tasks
                    .iter()
                    .map(|task| json!({ "task": task, "options": {} }))
                    .collect();
                let config = json!({
                    "objective": objective, "options": {}, "seed": seed, "evaluate": tasks,
                    "budget": { "equalise": "tokens", "amount": 1e6, "batch": 16 }, "points": 4,
                });
                runs.push(
                    json!({ "id": id(arm, seed), "arm": name, "factors": factors, "config": config, "flops": 3e13 }),
                );
            }
        }
        json!({
            "experiment": "made", "question": "Which objective <learns> most & soonest?", "cites": "Nobody (2026)",
            "runs": runs, "report": { "baseline": self.baseline, "charts": self.charts }, "claims": [],
            "tasks": [
                { "task": "minimal-pairs", "title": "Minimal pairs", "headline": "accuracy", "higher_is_better": true, "chance": 0.5 },
                { "task": "blimp", "title": "BLiMP", "headline": "accuracy", "higher_is_better": true, "chance": 0.5 },
                { "task": "masked-loss", "title": "Masked-token loss", "headline": "loss", "higher_is_better": false, "chance": null },
            ],
        })
    }

    fn lines(&self, arm: usize, seed: u64) -> Vec<Line> {
        let (_, objective, rate, quality) = &self.arms[arm];
        let diverged = self.diverged.contains(&(arm, seed));
        let mut lines = Vec::new();
        for point in 1..=4_u64 {
            let share = point as f64 / 4.0;
            let cost = if *objective == "electra" { 1.5 } else { 1.0 };
            let predicted = rate.unwrap_or(if *objective == "autoregressive" { 1.0 } else { 0.15 });
            let (step, tokens) = (244 * point, 249_856 * point);
            let mut line = |split, task: &str, metric, value| {
                let predictions = (tokens as f64 * predicted) as u64;
                let seconds = 14.0 * share * cost + 0.1 * seed as f64;
                lines.push((
                    step,
                    tokens,
                    predictions,
                    3e13 * share * cost,
                    seconds,
                    split,
                    task.to_owned(),
                    metric,
                    value,
                ));
            };
            // The shock is one per seed, common to all arms: pairing removes it.
            let shock = 0.02 * Draw::new(seed, "shock").stream().normal();
            let mut noise = Draw::new(seed, "noise").step(point).example(arm as u64).stream();
            line("train", "pretraining", "loss", 8.0 - 3.0 * share);
            if diverged && point == 3 {
                line("train", "pretraining", "diverged", 1.0);
                break;
            }
            line(
                "held-out",
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
                line("test", &format!("minimal-pairs/{phenomenon}"), "accuracy", score);
            }
            for task in &self.tasks {
                if *task == "masked-loss" {
                    if *objective != "autoregressive" {
                        line(
                            "test",
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
                if self.broken.contains(&(arm, seed)) && point == 4 {
                    accuracy = f64::NAN;
                }
                line("test", task, "accuracy", accuracy);
                line("test", task, "ties", 0.01);
                line("test", task, "accuracy[length-normalised]", 0.95 * accuracy);
            }
        }
        lines
    }
}

fn id(arm: usize, seed: u64) -> String {
    format!("{arm:08x}{seed:08x}")
}
