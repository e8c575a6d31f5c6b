//! What may happen to a results folder and to what it was made from: other data, other plans, another file of the same name,
//! damaged and foreign files. Every command says what is the matter, and nothing that is printed as a result is untrue.
#![cfg(unix)]

pub mod experiment;

use crate::common::{Workplace, text};
use cloze_plan::RunConfig;
use cloze_runner::store::{Ending, Marker, RunFolder};
use cloze_schema::{history, parquet};
use experiment::{JUDGED, STEPS, cloze, doctor, experiment, finished, paragraphs, runs, says};
use std::collections::BTreeSet;
use std::process::Command;

fn data_of_rows(workplace: &Workplace) -> BTreeSet<String> {
    let bytes = std::fs::read(workplace.path("results/x/metrics.parquet")).unwrap();
    let attempts = parquet::from_bytes(&bytes).unwrap();
    attempts.into_iter().map(|attempt| attempt.label.data).collect()
}

#[test]
fn a_text_that_changed_is_told_and_what_was_made_from_the_old_one_is_never_pooled() {
    let workplace = Workplace::new();
    workplace.write("text.txt", paragraphs("cat"));
    workplace.write("x.toml", experiment("text.txt", STEPS, JUDGED));
    assert_eq!(cloze(&workplace, &["run", "x.toml"]).0, 0);
    let old = data_of_rows(&workplace);
    assert!(old.len() == 1 && !old.contains(""), "{old:?}");
    assert_eq!(doctor(&workplace).0, 0);
    assert_eq!(cloze(&workplace, &["status", "x.toml"]).0, 0);

    workplace.write("text.txt", paragraphs("blue fish"));
    let (status, said) = cloze(&workplace, &["status", "x.toml"]);
    assert_eq!(status, 1, "{said}");
    says(&said, &["other data", "0 of 1 runs are done"]);
    let (status, said) = doctor(&workplace);
    assert_eq!(status, 1, "{said}");
    says(&said, &["other data", "trains it again"]);
    // A report is about what was trained, and says that this is not what there is now.
    let (status, said) = cloze(&workplace, &["report", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    says(
        &said,
        &["1 runs ended with other data than there are now", "changed since"],
    );
    for file in ["index.html", "table.md"] {
        let page = std::fs::read_to_string(workplace.path(&format!("results/x/report/{file}"))).unwrap();
        says(&page, &["1 runs ended with other data than there are now"]);
    }
    assert_eq!(data_of_rows(&workplace), old);

    let (status, said) = cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["trained again", "2 trained, 0 done before"]);
    let new = data_of_rows(&workplace);
    assert!(new.len() == 1 && new != old, "{new:?} after {old:?}");
    // How it ended before is kept, with its weights.
    let aside: Vec<bool> = runs(&workplace)
        .iter()
        .map(|run| run.path().join("aside/00001/DONE").exists())
        .collect();
    assert_eq!(aside.iter().filter(|aside| **aside).count(), 1);
    let kept = runs(&workplace)
        .into_iter()
        .find(|run| run.path().join("aside").exists())
        .unwrap();
    assert!(kept.path().join("aside/00001/final/model.safetensors").exists());
    assert_eq!(doctor(&workplace).0, 0, "{}", doctor(&workplace).1);
    // The plan has changed after a run had ended, and the history says so.
    let plans = history::<RunConfig>(&workplace.path("results/x")).unwrap().plans;
    let ended: Vec<_> = plans
        .iter()
        .map(|frozen| (frozen.plan.runs.len(), frozen.ended))
        .collect();
    assert_eq!(ended, [(1, Some(0)), (2, Some(1))]);
    assert_ne!(plans[0].plan.runs[0].data, plans[1].plan.runs[0].data);

    let (status, said) = cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]);
    assert_eq!(status, 0);
    says(&said, &["0 trained, 2 done before"]);
}

#[test]
fn data_of_an_evaluation_that_changed_are_other_data_too() {
    let pairs = |bad: &str| {
        (0..6)
            .map(|n| {
                format!(
                    "{{\"sentence_good\": \"the cat {n} sleeps\", \"sentence_bad\": \"the cat {n} {bad}\", \
                     \"linguistics_term\": \"agreement\", \"UID\": \"one\"}}\n"
                )
            })
            .collect::<String>()
    };
    let workplace = Workplace::new();
    std::fs::create_dir_all(workplace.path("root/pairs")).unwrap();
    workplace.write("root/pairs/one.jsonl", pairs("sleep"));
    let judged = "[evaluate]\ntasks = [{ task = \"blimp\", path = \"pairs\" }]\n";
    workplace.write("x.toml", experiment("fragment", STEPS, judged));
    let run = ["run", "x.toml", "--data-root", "root"];
    assert_eq!(cloze(&workplace, &run).0, 0);
    let old = data_of_rows(&workplace);
    workplace.write("root/pairs/one.jsonl", pairs("sleeping"));
    let (status, said) = cloze(&workplace, &["status", "x.toml", "--data-root", "root"]);
    assert_eq!(status, 1, "{said}");
    says(&said, &["what `blimp` reads changed"]);
    let (status, said) = cloze(&workplace, &run);
    assert_eq!(status, 0, "{said}");
    says(&said, &["what `blimp` reads changed", "1 trained"]);
    assert!(data_of_rows(&workplace).is_disjoint(&old));
    // Without the data nothing can be compared, and nobody says that it was.
    std::fs::remove_dir_all(workplace.path("root")).unwrap();
    let (status, said) = cloze(&workplace, &["run", "x.toml", "--data-root", "root"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["cannot be looked at", "1 done before"]);
    let (status, said) = cloze(
        &workplace,
        &["doctor", "x.toml", "--data-root", "root", "--lease", "0.2"],
    );
    assert_eq!(status, 1, "{said}");
    says(&said, &["cannot be said"]);
}

#[test]
fn a_dropped_run_stays_in_the_history_and_a_report_uses_its_file_or_says_why_not() {
    let (workplace, _) = finished();
    let three = experiment("fragment", STEPS, JUDGED).replace("seeds = [1]", "seeds = [1, 2, 3]");
    workplace.write("x.toml", &three);
    let (status, said) = cloze(&workplace, &["report", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    says(
        &said,
        &[
            "it plans 2 runs that the frozen plan does not have",
            "report is that of the frozen plan",
        ],
    );
    let (_, said) = cloze(&workplace, &["status", "x.toml"]);
    says(
        &said,
        &[
            "1 of 3 runs are done",
            "it plans 2 runs that the frozen plan does not have",
        ],
    );
    // A key that changed is named; a results folder stands for its own plan.
    let (_, said) = cloze(&workplace, &["status", "x.toml", "--set", "encoder.width=64"]);
    says(&said, &["encoder.width is 64 and was 32"]);
    let (status, said) = cloze(&workplace, &["status", "results/x"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["1 of 1 runs are done"]);
    assert_eq!(
        cloze(&workplace, &["status", "results/x", "--set", "encoder.width=64"]).0,
        2
    );
    assert_eq!(cloze(&workplace, &["run", "x.toml"]).0, 0);

    // Two seeds are dropped, and another question is asked of the third.
    workplace.write("x.toml", three.replace("[1, 2, 3]", "[3]"));
    let (status, said) = cloze(&workplace, &["run", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    workplace.write(
        "x.toml",
        three.replace("[1, 2, 3]", "[3]").replace("Is it true?", "Is it new?"),
    );
    let (status, said) = cloze(&workplace, &["report", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["asks, claims or shows something else", "kept as another plan"]);
    let page = std::fs::read_to_string(workplace.path("results/x/report/index.html")).unwrap();
    assert!(page.contains("Is it new?"));
    let plans = history::<RunConfig>(&workplace.path("results/x")).unwrap().plans;
    let ended: Vec<_> = plans
        .iter()
        .map(|frozen| (frozen.plan.runs.len(), frozen.ended))
        .collect();
    assert_eq!(ended, [(1, Some(0)), (3, Some(1)), (1, Some(3)), (1, Some(3))]);
    // What was trained for earlier plans is still in the metrics.
    let bytes = std::fs::read(workplace.path("results/x/metrics.parquet")).unwrap();
    let seeds: BTreeSet<u64> = parquet::from_bytes(&bytes)
        .unwrap()
        .iter()
        .map(|attempt| attempt.label.seed)
        .collect();
    assert_eq!(seeds, BTreeSet::from([1, 2, 3]));
}

#[test]
fn two_files_of_one_name_do_not_overwrite_each_other() {
    let workplace = Workplace::new();
    for (folder, question) in [("a", "Is it a?"), ("b", "Is it b?")] {
        std::fs::create_dir(workplace.path(folder)).unwrap();
        let text = experiment("fragment", STEPS, JUDGED).replace("Is it true?", question);
        workplace.write(&format!("{folder}/x.toml"), text);
    }
    assert_eq!(cloze(&workplace, &["run", "a/x.toml"]).0, 0);
    let plan = std::fs::read(workplace.path("results/x/plan.json")).unwrap();
    for command in ["run", "status", "report", "doctor", "slurm"] {
        let (status, said) = cloze(&workplace, &[command, "b/x.toml"]);
        assert_eq!(status, 2, "{command}: {said}");
        says(
            &said,
            &["belongs to another experiment of this name", "a/x.toml", "--results"],
        );
    }
    assert_eq!(std::fs::read(workplace.path("results/x/plan.json")).unwrap(), plan);
    let elsewhere = ["run", "b/x.toml", "--results", "others"];
    assert_eq!(cloze(&workplace, &elsewhere).0, 0);
    // The same file from another folder is the same experiment.
    let output = Command::new(env!("CARGO_BIN_EXE_cloze"))
        .args(["run", "x.toml", "--results", "../results"])
        .current_dir(workplace.path("a"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn what_a_finished_run_left_is_missed_by_everybody_when_it_is_gone_or_damaged() {
    type Harm = fn(&RunFolder);
    let harms: [(&str, Harm); 5] = [
        ("weights that are gone", |run| {
            std::fs::remove_dir_all(run.weights()).unwrap()
        }),
        ("weights that are damaged", |run| {
            let path = run.weights().join("model.safetensors");
            let mut bytes = std::fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }),
        ("a last part that is damaged", |run| {
            let part = run.parts().unwrap().pop().unwrap();
            let mut bytes = std::fs::read(&part).unwrap();
            bytes.push(b'x');
            std::fs::write(&part, bytes).unwrap();
        }),
        ("a part that is gone", |run| {
            std::fs::remove_file(&run.parts().unwrap()[0]).unwrap()
        }),
        ("a marker that is damaged", |run| {
            std::fs::write(run.path().join("DONE"), "{").unwrap()
        }),
    ];
    for (what, harm) in harms {
        let (workplace, run) = finished();
        harm(&run);
        let (status, said) = cloze(&workplace, &["status", "x.toml"]);
        assert_eq!(status, 1, "{what}: {said}");
        says(&said, &["0 of 1 runs are done"]);
        let (status, said) = doctor(&workplace);
        assert_eq!(status, 1, "{what}: {said}");
        says(&said, &["remove `"]);
        let (status, said) = cloze(&workplace, &["report", "x.toml"]);
        assert_eq!(status, 1, "{what}: {said}");
        says(&said, &["not usable: mlm seed=1"]);
        let (status, said) = cloze(&workplace, &["run", "x.toml"]);
        assert_eq!(status, 1, "{what}: {said}");
        says(
            &said,
            &[
                "not usable: mlm seed=1",
                "remove `",
                "0 trained, 0 done before",
                "1 ended and not usable",
            ],
        );
        // The judgement before the last one does not pass for the end.
        let rows = parquet::from_bytes(&std::fs::read(workplace.path("results/x/metrics.parquet")).unwrap()).unwrap();
        assert!(rows.is_empty(), "{what}");
        // What is told helps.
        std::fs::remove_dir_all(run.path()).unwrap();
        let (status, said) = cloze(&workplace, &["run", "x.toml"]);
        assert_eq!(status, 0, "{what}: {said}");
    }
}

#[test]
fn a_damaged_marker_stops_its_own_run_alone() {
    let (workplace, run) = finished();
    std::fs::write(run.path().join("DONE"), "not JSON").unwrap();
    let (status, said) = cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]);
    assert_eq!(status, 1, "{said}");
    says(&said, &["DONE", "1 trained, 0 done before", "report: "]);
    assert_eq!(std::fs::read_to_string(run.path().join("DONE")).unwrap(), "not JSON");
}

/// The last part of a run's rows would be missed by nobody if the list of them could be shortened.
#[test]
fn a_marker_that_lists_less_than_it_did_is_no_marker() {
    let (workplace, run) = finished();
    let path = run.path().join("DONE");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let parts = json["parts"].as_object_mut().unwrap();
    let last = parts.keys().next_back().unwrap().clone();
    parts.remove(&last);
    std::fs::write(&path, json.to_string()).unwrap();
    for command in ["status", "run", "report"] {
        let (status, said) = cloze(&workplace, &[command, "x.toml"]);
        assert_eq!(status, 1, "{command}: {said}");
        says(&said, &["it was changed after it was written"]);
    }
}

/// A run's folder, or a prepared corpus, under the name of another one is not that other one.
#[test]
fn what_lies_under_another_name_is_not_taken_for_it() {
    let (workplace, run) = finished();
    let place = workplace.path("results/x/runs/0123456789abcdef");
    std::fs::rename(run.path(), &place).unwrap();
    let other = cloze_runner::store::Store::new(workplace.path("results/x")).run("0123456789abcdef");
    let Ok(Ending::Flawed(flaws)) = Ending::of(&other, None) else {
        panic!("it passes for another run")
    };
    assert!(
        flaws.iter().any(|flaw| flaw.why.fault.what.contains("of another run")),
        "{flaws:?}"
    );

    let cache = workplace.path("results/.cache");
    let corpus = |folder: &std::path::Path| {
        let mut all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        all.find(|path| path.is_dir()).unwrap()
    };
    let (mine, foreign) = (corpus(&cache), cache.join("fedcba9876543210"));
    std::fs::rename(&mine, &foreign).unwrap();
    let fault = cloze_corpus::Prepared::open(&foreign).err().unwrap();
    assert!(fault.what.contains("it is the corpus"), "{fault}");
}

#[test]
fn a_marker_that_names_files_elsewhere_touches_none_of_them() {
    let (workplace, run) = finished();
    workplace.write("precious.txt", "precious");
    let path = run.path().join("DONE");
    let marker = std::fs::read_to_string(&path).unwrap();
    let precious = workplace.path("precious.txt");
    for name in [
        precious.to_str().unwrap(),
        "../../../../../precious.txt",
        "part-/../x.parquet",
    ] {
        let mut json: serde_json::Value = serde_json::from_str(&marker).unwrap();
        json["parts"][name] = serde_json::json!({ "bytes": 1, "hash": "x" });
        std::fs::write(&path, json.to_string()).unwrap();
        let (status, said) = cloze(&workplace, &["run", "x.toml"]);
        assert_eq!(status, 1, "{said}");
        says(&said, &["it was changed after it was written"]);
        // One of before markers had a sum.
        json.as_object_mut().unwrap().remove("sum");
        std::fs::write(&path, json.to_string()).unwrap();
        let (status, said) = cloze(&workplace, &["run", "x.toml"]);
        assert_eq!(status, 1, "{said}");
        says(&said, &["is no metric part"]);
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    }
    let Err(fault) = Marker::read(run.path()) else {
        panic!("it was read")
    };
    assert!(fault.to_string().contains("remove `"), "{fault}");
}

#[test]
fn damaged_metrics_are_seen_by_the_doctor() {
    let (workplace, _) = finished();
    for name in ["metrics.parquet", "items.parquet"] {
        let path = workplace.path("results/x").join(name);
        let whole = std::fs::read(&path).unwrap();
        let seen = |what: &str| {
            let (status, said) = doctor(&workplace);
            assert_eq!(status, 1, "{name}, {what}: {said}");
            says(&said, &[name, "gathers it again"]);
        };
        std::fs::write(&path, "PAR1").unwrap();
        seen("a stub");
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        seen("half of it");
        std::fs::remove_file(&path).unwrap();
        seen("gone");
        // A whole file that holds less than the runs do.
        let less = match name {
            "metrics.parquet" => parquet::to_bytes(&[]).unwrap(),
            _ => cloze_schema::items::to_bytes(&[]).unwrap(),
        };
        // The task of these runs has no items.
        if less != whole {
            std::fs::write(&path, less).unwrap();
            seen("empty");
        }
        assert_eq!(cloze(&workplace, &["report", "x.toml"]).0, 0);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(doctor(&workplace).0, 0);
    }
}

#[test]
fn rows_of_a_run_whose_folder_is_gone_are_not_thrown_away() {
    let (workplace, _) = finished();
    assert_eq!(cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]).0, 0);
    let read = || parquet::from_bytes(&std::fs::read(workplace.path("results/x/metrics.parquet")).unwrap()).unwrap();
    let all = read();
    assert_eq!(all.len(), 2);
    std::fs::remove_dir_all(runs(&workplace)[0].path()).unwrap();
    assert_eq!(cloze(&workplace, &["report", "results/x"]).0, 0);
    assert!(read() == all, "rows are gone");
    // Metrics of another experiment are no results of this one.
    let other = experiment("fragment", "equalise = \"steps\"\namount = 4", JUDGED);
    workplace.write("y.toml", other);
    assert_eq!(cloze(&workplace, &["run", "y.toml"]).0, 0);
    std::fs::remove_dir_all(workplace.path("results/x/runs")).unwrap();
    let metrics = |name: &str| workplace.path(&format!("results/{name}/metrics.parquet"));
    std::fs::copy(metrics("y"), metrics("x")).unwrap();
    let (status, said) = doctor(&workplace);
    assert_eq!(status, 1, "{said}");
    says(&said, &["holds rows of no run"]);
}

#[test]
fn without_the_present_plan_the_last_one_of_the_history_is_it() {
    let (workplace, _) = finished();
    let plan = workplace.path("results/x/plan.json");
    for damage in [None, Some("x")] {
        std::fs::remove_file(&plan).unwrap();
        damage.into_iter().for_each(|text| std::fs::write(&plan, text).unwrap());
        for command in [
            &["status", "x.toml"][..],
            &["status", "results/x"],
            &["report", "x.toml"],
            &["report", "results/x"],
        ] {
            let (status, said) = cloze(&workplace, command);
            assert_eq!(status, 0, "{damage:?} {command:?}: {said}");
        }
        assert_eq!(cloze(&workplace, &["run", "x.toml"]).0, 0);
        assert!(plan.is_file());
    }
}

#[test]
fn a_lost_plan_is_missed_by_doctor_and_report_and_stops_nobody() {
    let (workplace, _) = finished();
    let plans = workplace.path("results/x/plans");
    assert_eq!(cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]).0, 0);
    std::fs::write(plans.join("0001.json"), "{").unwrap();
    for (lost, word) in [(false, "damaged"), (true, "missing")] {
        if lost {
            std::fs::remove_file(plans.join("0001.json")).unwrap();
        }
        let (status, said) = doctor(&workplace);
        assert_eq!(status, 1, "{said}");
        says(&said, &["0001.json", "not known"]);
        let (status, said) = cloze(&workplace, &["run", "x.toml", "--set", "sweep.seeds=[1,2]"]);
        assert_eq!(status, 0, "{said}");
        says(&said, &[word]);
    }
}

#[test]
fn what_dead_processes_left_half_written_is_swept_everywhere() {
    let (workplace, run) = finished();
    let results = workplace.path("results/x");
    let cache = cloze_foundation::files::list(&workplace.path("results/.cache")).unwrap();
    let mut folders = vec![workplace.path("results/.cache"), cache[0].clone(), results.clone()];
    folders.extend(["plans", "report", "report/charts", "report/tables"].map(|name| results.join(name)));
    let inner = ["", "attempts", "attempts/00001", "metrics"];
    folders.extend(inner.map(|name| run.path().join(name)));
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 3600);
    let plant = |name: &str, when: Option<std::time::SystemTime>| {
        for folder in &folders {
            std::fs::write(folder.join(name), "half").unwrap();
            let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
            when.into_iter().for_each(|when| file.set_modified(when).unwrap());
        }
    };
    plant(".part-left", Some(long_ago));
    // Somebody may be writing this one.
    plant(".part-new", None);
    assert_eq!(cloze(&workplace, &["run", "x.toml"]).0, 0);
    for folder in &folders {
        assert!(!folder.join(".part-left").exists(), "{}", folder.display());
        assert!(folder.join(".part-new").exists(), "{}", folder.display());
    }
}
