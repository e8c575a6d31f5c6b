//! One run in this process: every objective trains, equal seeds give equal bits, divergence is an ending.

use crate::common::{Memory, config, corpus, errand, every_config, names, plan, task, train_here, work};
use burn::tensor::Device;
use cloze_backbone::tensors;
use cloze_evals::{Evaluation, Finding, Judgement, Subject, When};
use cloze_foundation::Result;
use cloze_plan::RunConfig;
use cloze_runner::judge::{Evaluations, Opened};
use cloze_runner::store::folder::Member;
use cloze_runner::store::{Marker, Store, parts, weights};
use cloze_runner::{Stop, train_run};
use cloze_schema::metric::{BEST_LOSS, UNIGRAM_LOSS};
use cloze_schema::{Axis, Split, items};
use cloze_trainer::{Budget, Ending, Stage};
use std::collections::BTreeMap;

/// So long that every sentence of a minimal pair fits.
const WINDOW: usize = 48;

#[test]
fn every_objective_trains_is_judged_and_leaves_a_whole_run() {
    let results = tempfile::tempdir().unwrap();
    let mut configs = Vec::new();
    for objective in cloze_objectives::OBJECTIVES {
        let mut config = config(objective.name, 1, 6);
        config.encoder.window = WINDOW;
        config.evaluate = vec![task("masked-loss", "windows = 2"), task("minimal-pairs", "pairs = 1")];
        configs.push(config);
    }
    let plan = plan(configs);
    let store = Store::new(results.path());
    for (index, run) in plan.runs.iter().enumerate() {
        let mut out = Vec::new();
        let marker = train_run(
            &errand(results.path(), &plan, index, 0),
            &mut out,
            &mut Vec::new(),
            &Stop::default(),
        )
        .unwrap();
        let Marker::Done(done) = &marker else {
            panic!("{}: {marker:?}", run.arm)
        };
        assert_eq!(
            (done.attempt, done.spent.steps(), done.spent[Axis::Tokens]),
            (1, 6, (6 * 4 * WINDOW) as f64),
            "{}",
            run.arm
        );
        for facts in cloze_schema::AXES {
            assert!(done.spent[facts.axis] > 0.0, "{}: {}", run.arm, facts.word);
        }
        assert_eq!(
            out.iter().filter(|byte| **byte == b'\n').count(),
            6,
            "a line of progress for every interval"
        );
        let folder = store.run(&run.id);
        let items = std::fs::read(folder.items(done.attempt)).unwrap();
        assert_eq!(done.items, Some(Member::of(&items)));
        let rules = cloze_objectives::OBJECTIVES[index].scores.len();
        let items = items::from_bytes(&items).unwrap();
        assert_eq!((items.len(), items[0].label.run.as_str()), (1, run.id.as_str()));
        // Two pairs of each of 26 paradigms, for every rule.
        assert_eq!(items[0].items.len(), 26 * rules);
        assert!(
            items[0]
                .items
                .iter()
                .all(|items| items.task == "minimal-pairs" && items.credits.len() == 2)
        );
        let found = names(folder.path());
        for name in [
            "DONE",
            "config.json",
            "provenance.json",
            "manifest.json",
            "model.safetensors",
            "part-00001-00001.parquet",
        ] {
            assert!(found.iter().any(|found| found == name), "{name} in {found:?}");
        }
        assert!(!found.iter().any(|name| name.starts_with(".part-")), "{found:?}");
        let attempts = parts::union(&folder.parts().unwrap()).unwrap();
        let rows: Vec<_> = attempts.iter().flat_map(|attempt| &attempt.rows).collect();
        assert!(rows.len() > 6 * 4, "{rows:?}");
        let tasks: Vec<&str> = rows.iter().map(|row| row.task.as_str()).collect();
        for task in ["pretraining", "minimal-pairs"] {
            assert!(tasks.contains(&task), "{task} in {tasks:?}");
        }
        let steps: Vec<u64> = rows.iter().map(|row| row.spent.steps()).collect();
        assert!(steps.is_sorted() && steps.last() == Some(&6), "{steps:?}");
        // What the targets cost whoever knows nothing, and all, is said once: where the model sees none of them.
        let name = cloze_objectives::OBJECTIVES[index].name;
        // Everything that is predicted is masked, or ahead of whoever looks back; and of the latter alone the best is known.
        let unseen = ["autoregressive", "prefix", "rtd"].contains(&name);
        for (metric, is_told) in [(UNIGRAM_LOSS, unseen), (BEST_LOSS, name == "autoregressive")] {
            let expected = if is_told { vec![(Split::HeldOut, 3)] } else { Vec::new() };
            let told: Vec<_> = rows
                .iter()
                .filter(|row| (row.task.as_str(), row.metric.as_str()) == ("pretraining", metric))
                .map(|row| (row.split, row.spent.steps()))
                .collect();
            assert_eq!(told, expected, "{name}: {metric}");
        }
        // The mean of the items is what the metrics say.
        for metric in cloze_objectives::scoring::brackets(cloze_objectives::OBJECTIVES[index].scores) {
            let metric = format!("accuracy{metric}");
            let said = rows
                .iter()
                .rfind(|row| row.task == "minimal-pairs" && row.metric == metric)
                .unwrap()
                .value;
            let mut phenomena: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for items in items[0].items.iter().filter(|items| items.metric == metric) {
                let worths = items.worths().unwrap();
                let of_paradigm = worths.iter().sum::<f64>() / worths.len() as f64;
                phenomena.entry(&items.part).or_default().push(of_paradigm);
            }
            let means = phenomena
                .values()
                .map(|means| means.iter().sum::<f64>() / means.len() as f64);
            assert!(
                (means.sum::<f64>() / phenomena.len() as f64 - said).abs() < 1e-12,
                "{metric}"
            );
        }
    }
    let gathered = cloze_runner::gather(&plan, &store).unwrap();
    assert_eq!(gathered.damaged, Vec::<String>::new());
    let all = items::from_bytes(&std::fs::read(store.items()).unwrap()).unwrap();
    let ids: Vec<&str> = all.iter().map(|items| items.label.run.as_str()).collect();
    assert_eq!(ids, plan.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>());
    std::fs::write(store.run(ids[0]).items(1), b"damaged").unwrap();
    let gathered = cloze_runner::gather(&plan, &store).unwrap();
    assert!(gathered.damaged[0].contains("is not what was written"), "{gathered:?}");
    let all = items::from_bytes(&std::fs::read(store.items()).unwrap()).unwrap();
    assert_eq!(all.len(), plan.runs.len() - 1);
}

#[test]
fn saved_weights_come_back_and_damaged_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let (trained, _) = train_here(&config("mlm", 1, 3), &device);
    let (mut other, _) = train_here(&config("mlm", 2, 3), &device);
    let place = folder.path().join("final");
    weights::save(&place, &trained.model, &[("tokenizer.json", b"{}")], "a-run", 3, || {
        Ok(())
    })
    .unwrap();
    assert_ne!(
        tensors::to_bytes(&other.model).unwrap(),
        tensors::to_bytes(&trained.model).unwrap()
    );
    let manifest = weights::load(&place, &mut other.model, &device).unwrap();
    assert_eq!((manifest.run.as_str(), manifest.step), ("a-run", 3));
    assert_eq!(
        tensors::to_bytes(&other.model).unwrap(),
        tensors::to_bytes(&trained.model).unwrap()
    );

    let (mut electra, _) = train_here(&config("electra", 1, 1), &device);
    let fault = weights::load(&place, &mut electra.model, &device).unwrap_err();
    assert!(
        fault.what.contains("there is no `") || fault.what.contains("tensors, the model takes"),
        "{fault}"
    );

    let tensors = place.join("model.safetensors");
    let mut bytes = std::fs::read(&tensors).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&tensors, bytes).unwrap();
    let fault = weights::load(&place, &mut other.model, &device).unwrap_err();
    assert!(fault.what.contains("damaged"), "{fault}");
}

#[test]
fn the_same_seed_gives_the_same_bits_on_one_thread_and_on_two() {
    corpus();
    for config in every_config(5, 4) {
        let train = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let config = RunConfig { seed, ..config.clone() };
                let (trained, memory) = train_here(&config, &Device::flex());
                (
                    tensors::to_bytes(&trained.model).unwrap(),
                    memory.pretraining("held-out", "loss"),
                )
            })
        };
        let once = train(1, 5);
        assert!(
            once == train(2, 5),
            "{}: another thread count, other bits",
            config.objective
        );
        assert!(once != train(1, 6), "{}: another seed, the same bits", config.objective);
    }
}

#[test]
fn the_loss_falls_and_every_parameter_moves() {
    let device = Device::flex();
    let steps = |config: &RunConfig, count: u64| {
        let mut config = config.clone();
        config.budget.amount = count as f64;
        config
    };
    for config in every_config(1, 60) {
        let often = RunConfig {
            points: 60,
            ..config.clone()
        };
        let (_, memory) = train_here(&often, &device);
        let losses = memory.pretraining("held-out", "loss");
        let training = memory.pretraining("train", "loss");
        assert_eq!((losses.len(), training.len(), memory.flushed), (60, 60, 60));
        let (first, last) = (losses[0], losses[59]);
        assert!(last < first, "{}: {last} after {first}", config.objective);

        let [before, after] = [1, 3].map(|count| {
            let (trained, _) = train_here(&steps(&config, count), &device);
            tensors::to_bytes(&trained.model).unwrap()
        });
        let (before, after) = (
            safetensors::SafeTensors::deserialize(&before).unwrap(),
            safetensors::SafeTensors::deserialize(&after).unwrap(),
        );
        for (name, view) in before.iter() {
            assert_ne!(
                view.data(),
                after.tensor(name).unwrap().data(),
                "{}: {name} did not move",
                config.objective
            );
        }
    }
}

#[test]
fn shorter_windows_come_first_and_a_step_reads_as_many_tokens() {
    let mut config = config("mlm", 1, 8);
    config.encoder.window = 32;
    let (whole, _) = train_here(&config, &Device::flex());
    config.budget.stages = vec![Stage { until: 0.5, window: 8 }];
    let (staged, _) = train_here(&config, &Device::flex());
    assert_eq!(staged.spent[Axis::Tokens], whole.spent[Axis::Tokens]);
    // Attention over shorter windows costs less.
    assert!(staged.spent[Axis::Flops] < whole.spent[Axis::Flops]);
}

#[test]
fn every_axis_ends_a_run_with_the_step_that_reaches_it() {
    let (reference, _) = train_here(&config("mlm", 1, 10), &Device::flex());
    let axes = [Axis::Steps, Axis::Tokens, Axis::Predictions, Axis::Flops];
    for equalise in axes {
        let mut config = config("mlm", 1, 10);
        config.budget = Budget {
            equalise,
            amount: reference.spent[equalise] - 0.5,
            ..config.budget
        };
        let (trained, memory) = train_here(&config, &Device::flex());
        assert_eq!(trained.spent.steps(), 10, "{equalise:?}");
        assert_eq!(memory.shares.last(), Some(&1.0));
        assert_eq!(memory.flushed, 2);
    }
    let mut seconds = config("mlm", 1, 10);
    seconds.budget = Budget {
        equalise: Axis::Seconds,
        amount: 0.2,
        ..seconds.budget
    };
    let (trained, _) = train_here(&seconds, &Device::flex());
    assert!(
        trained.spent[Axis::Seconds] >= 0.2 && trained.spent.steps() > 1,
        "{:?}",
        trained.spent
    );
}

#[test]
fn an_absurd_learning_rate_diverges_and_says_where() {
    let mut config = config("mlm", 1, 50);
    config.optimizer.peak_lr = 1e30;
    config.optimizer.warmup = 0.0;
    let (trained, memory) = train_here(&config, &Device::flex());
    let Ending::Diverged {
        last_finite_loss,
        gradient_norm,
        windows,
    } = trained.ending
    else {
        panic!("it converged")
    };
    assert!(trained.spent.steps() < 50);
    assert!(last_finite_loss.unwrap().is_finite() && gradient_norm.unwrap().is_finite());
    assert_eq!(windows.len(), 4);
    assert_eq!(memory.pretraining("train", "diverged"), [1.0]);

    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![config]);
    let marker = work(&errand(results.path(), &plan, 0, 0)).unwrap();
    assert!(matches!(marker, Marker::Diverged(_)), "{marker:?}");
    let found = names(Store::new(results.path()).run(&plan.runs[0].id).path());
    assert!(
        found.contains(&"DIVERGED".to_owned()) && !found.contains(&"DONE".to_owned()),
        "{found:?}"
    );
}

/// Judges nothing; says the seed and how it was asked.
struct Seed;

impl Evaluation for Seed {
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let finding = Finding {
            task: subject.ground.task.to_owned(),
            metric: "seed".to_owned(),
            value: subject.seed as f64,
        };
        Ok(Judgement {
            findings: vec![finding],
            items: Vec::new(),
        })
    }
}

#[test]
fn an_evaluation_that_is_for_the_end_is_asked_once() {
    let (config, device) = (config("mlm", 7, 6), Device::flex());
    let opened = |when| Opened {
        name: "mine",
        when,
        evaluation: Box::new(Seed),
    };
    let mut judge = Evaluations::of(&config, corpus(), None, &device, &|_| ()).unwrap();
    judge.opened = vec![opened(When::AtTheEnd), opened(When::AtEveryPoint)];
    let mut memory = Memory::default();
    cloze_trainer::train(&config.job(corpus(), &device), &judge, &mut memory, None).unwrap();
    let asked: Vec<(u64, f64)> = memory
        .rows
        .iter()
        .filter(|row| row.2 == "mine")
        .map(|row| (row.0, row.4))
        .collect();
    // Two points: one evaluation is asked at both, the other at the second.
    assert_eq!(asked, [(3, 7.0), (6, 7.0), (6, 7.0)]);
}
