//! A corpus, configurations and plans that are small enough to train in a second.
#![allow(dead_code)] // each test binary uses its own part of this

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, prepare};
use cloze_foundation::Result;
use cloze_foundation::files::write_whole;
use cloze_options::Written;
use cloze_plan::{Plan, PlannedRun, RunConfig, TaskConfig, run_id};
use cloze_runner::judge::Evaluations;
use cloze_runner::{Cadence, Errand, Progress, Stop, train_run};
use cloze_schema::{Axis, ReportConfig, Spent, Split};
use cloze_trainer::{Budget, Learner, Observer, Optimizer, OptimizerConfig, Spacing, Tick, Trained, train};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// Every errand has a token of its own.
static TOKENS: AtomicUsize = AtomicUsize::new(0);

/// A little text of the built-in language.
pub fn corpus_config() -> CorpusConfig {
    CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::wordpiece(400),
        held_out: 0.1,
        words: 8_000,
        ..CorpusConfig::default()
    }
}

/// The text, prepared once per test binary.
pub fn corpus() -> &'static Prepared {
    static CORPUS: OnceLock<(tempfile::TempDir, Prepared)> = OnceLock::new();
    let (_, prepared) = CORPUS.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let prepared = prepare(&corpus_config(), None, cache.path(), &mut |_| ()).unwrap();
        (cache, prepared)
    });
    prepared
}

/// A run of `steps` steps of 4 windows of 16 positions at width 32.
pub fn config(objective: &str, seed: u64, steps: u64) -> RunConfig {
    RunConfig {
        objective: objective.to_owned(),
        options: cloze_objectives::configure(objective, &toml::Table::new())
            .unwrap()
            .options(),
        corpus: corpus_config(),
        encoder: EncoderConfig::preset(Preset::Modern, 32, 1, 16),
        budget: Budget {
            equalise: Axis::Steps,
            amount: steps as f64,
            batch: 4,
            stages: Vec::new(),
        },
        optimizer: OptimizerConfig {
            peak_lr: 3e-3,
            warmup: 0.1,
            weight_decay: 0.01,
            beta_1: 0.9,
            beta_2: 0.98,
            epsilon: 1e-6,
            clip: 1.0,
            ..OptimizerConfig::default()
        },
        evaluate: Vec::new(),
        points: 2,
        spacing: Spacing::Even,
        validation_windows: 4,
        seed,
    }
}

/// [`config`] of every objective as it is usually, and of a mixture.
pub fn every_config(seed: u64, steps: u64) -> Vec<RunConfig> {
    let mut mixed = config("mlm", seed, steps);
    mixed.objective = cloze_objectives::MIXTURE.to_owned();
    let parts = "mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }]";
    mixed.options = cloze_objectives::configure(&mixed.objective, &parts.parse().unwrap())
        .unwrap()
        .options();
    let usual = cloze_objectives::OBJECTIVES.iter();
    usual
        .map(|entry| config(entry.name, seed, steps))
        .chain([mixed])
        .collect()
}

/// An evaluation with a few of its options set.
pub fn task(name: &str, options: &str) -> TaskConfig {
    let options: toml::Table = options.parse().unwrap();
    TaskConfig {
        task: name.to_owned(),
        name: None,
        options: (cloze_evals::find(name).unwrap().resolve)(&Written::new(&(&options).into(), "")).unwrap(),
    }
}

/// A plan with these runs; arms are named by objective.
pub fn plan(configs: Vec<RunConfig>) -> Plan {
    let planned = |config: RunConfig| PlannedRun {
        id: run_id(&config),
        arm: config.objective.clone(),
        stem: None,
        base: None,
        rule: None,
        point: None,
        factors: toml::Table::new(),
        config,
        flops: 0.0,
        data: None,
    };
    Plan {
        tasks: Vec::new(),
        objectives: Vec::new(),
        experiment: "tiny".to_owned(),
        question: "Does it run?".to_owned(),
        cites: None,
        runs: configs.into_iter().map(planned).collect(),
        report: ReportConfig::default(),
        claims: Vec::new(),
        sequential: None,
        models: Vec::new(),
        tuning: None,
        without: BTreeSet::new(),
    }
}

/// A run of a plan in `folder`, as the attempt after number `after`. The run's configuration is written first, as a
/// parent does.
pub fn errand(folder: &Path, plan: &Plan, index: usize, after: u32) -> Errand {
    errand_in(folder, plan, index, after, &corpus().folder)
}

/// [`errand`] with a corpus that was prepared elsewhere.
pub fn errand_in(folder: &Path, plan: &Plan, index: usize, after: u32, corpus: &Path) -> Errand {
    let run = &plan.runs[index];
    let config = cloze_runner::store::Store::new(folder).run(&run.id).config();
    write_whole(&config, serde_json::to_string(&run.config).unwrap().as_bytes()).unwrap();
    let prepared = Prepared::open(corpus).unwrap();
    let data = cloze_runner::data::of_run(&run.config, &prepared, None).unwrap();
    Errand {
        folder: folder.to_owned(),
        id: run.id.clone(),
        arm: run.arm.clone(),
        corpus: corpus.to_owned(),
        device: "flex".to_owned(),
        data_root: None,
        after,
        token: format!("test {}", TOKENS.fetch_add(1, Ordering::Relaxed)),
        data: data.short(),
        retry: None,
        build: cloze_runner::provenance::build(),
        command: None,
        checkpoint: Cadence::default(),
        lease: std::time::Duration::from_secs(60),
        stop_signal: None,
    }
}

/// Runs an errand in this process, without asking it to stop.
pub fn work(errand: &Errand) -> Result<cloze_runner::store::Marker> {
    train_run(errand, &mut Vec::new(), &mut Vec::new(), &Stop::default())
}

/// An observer that remembers.
#[derive(Default)]
pub struct Memory {
    /// (steps, split, task, metric, value)
    pub rows: Vec<(u64, &'static str, String, String, f64)>,
    /// How often rows were to be written.
    pub flushed: usize,
    /// Every tick's share.
    pub shares: Vec<f64>,
}

impl Memory {
    /// Values of a metric of pretraining, in order.
    pub fn pretraining(&self, split: &str, metric: &str) -> Vec<f64> {
        let fits =
            |row: &&(u64, &str, String, String, f64)| row.1 == split && row.2 == "pretraining" && row.3 == metric;
        self.rows.iter().filter(fits).map(|row| row.4).collect()
    }
}

impl Observer for Memory {
    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.rows
            .push((spent.steps(), split.name(), task.to_owned(), metric.to_owned(), value));
    }
    fn flush(&mut self) -> Result<()> {
        self.flushed += 1;
        Ok(())
    }
    fn tick(&mut self, tick: &Tick) -> Result<()> {
        self.shares.push(tick.share);
        Ok(())
    }
}

/// Trains in this process.
pub fn train_here(config: &RunConfig, device: &Device) -> (Trained, Memory) {
    let mut memory = Memory::default();
    let judge = Evaluations::of(config, corpus(), None, device, &|_| ()).unwrap();
    let trained = train(&config.job(corpus(), device), &judge, &mut memory, None).unwrap();
    (trained, memory)
}

/// What a run starts with.
pub fn learner(config: &RunConfig, device: &Device) -> Learner {
    let job = config.job(corpus(), device);
    Learner {
        model: job.model(&*job.configured().unwrap()).unwrap(),
        optimizer: Optimizer::new(config.optimizer),
        device: device.clone(),
    }
}

/// Progress that remembers the order of things.
#[derive(Default)]
pub struct Log(pub Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
    /// Lines that start so.
    pub fn count(&self, start: &str) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }
}

impl Progress for Log {
    fn say(&self, line: &str) {
        self.add(format!("say {line}"));
    }
    fn begin(&self, runs: &[&PlannedRun], seconds: &[f64]) {
        assert!(seconds.len() == runs.len() && seconds.iter().all(|seconds| *seconds > 0.0));
        self.add(format!("begin {}", runs.len()));
    }
    fn started(&self, run: &PlannedRun) {
        self.add(format!("started {} {}", run.arm, run.config.seed));
    }
    fn ticked(&self, run: &PlannedRun, tick: &Tick) {
        self.add(format!("ticked {} {}", run.arm, tick.share));
    }
    fn judging(&self, _: &str, title: &str, judging: &cloze_runner::Judging) {
        self.add(format!("judging {title} {judging:?}"));
    }
    fn ended(&self, run: &PlannedRun, marker: &cloze_runner::store::Marker) {
        self.add(format!("ended {} {marker:?}", run.arm));
    }
}

/// Names of everything below a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
        names.extend(self::names(&entry.path()));
    }
    names.sort();
    names
}
