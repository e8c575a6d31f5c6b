//! What earlier versions wrote is read as they meant it: every folder in `compat/`.

use crate::common::{errand_in, work};
use cloze_foundation::files::{hash, list, read_text};
use cloze_plan::{Experiment, RunConfig, expand, had_id};
use cloze_runner::gather;
use cloze_runner::status::Status;
use cloze_runner::store::{Marker, RunFolder, Store, folder, parts};
use cloze_schema::{Axis, parquet};
use std::path::{Path, PathBuf};

fn compat() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat")
}

/// Every store of a finished experiment, in the order of the formats.
fn stores() -> Vec<PathBuf> {
    let all = list(&compat()).unwrap();
    let is_store = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("format-");
    all.into_iter().filter(is_store).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in list(from).unwrap() {
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

fn is_read_whole(run: &RunFolder, config: &RunConfig) {
    let written: RunConfig = serde_json::from_str(&read_text(&run.config()).unwrap()).unwrap();
    assert_eq!(&written, config);
    let Some(Marker::Done(done)) = run.marker().unwrap() else {
        panic!("not done")
    };
    assert_eq!(
        Status::of(run, None).unwrap(),
        Status::Ended(Marker::Done(done.clone()))
    );
    assert_eq!((done.spent.steps(), done.spent[Axis::Tokens]), (4, 256.0));
    run.verify(&done.parts).unwrap();

    // The encoder's law has changed since: no model of now has these weights, but they are what was trained then.
    let bytes = std::fs::read(run.weights().join("model.safetensors")).unwrap();
    assert_eq!(hash(&bytes), done.weights, "the weights that were trained");
}

#[test]
fn there_is_a_store_of_every_format() {
    let formats: Vec<String> = (1..=folder::FORMAT).map(|format| format!("format-{format}")).collect();
    let names: Vec<String> = stores()
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, formats);
}

#[test]
fn every_store_is_read_whole() {
    let text = read_text(&compat().join("tiny.toml")).unwrap();
    let plan = expand(&Experiment::parse("tiny", "tiny.toml", &text, &[]).unwrap()).unwrap();
    for path in stores() {
        // A copy, so that nothing here is ever written to.
        let place = tempfile::tempdir().unwrap();
        let store = Store::new(place.path());
        copy(&path, store.root());
        let mut planned = cloze_plan::read(store.root()).unwrap();
        // What a run is expected to cost is counted otherwise than then.
        for (run, now) in planned.runs.iter_mut().zip(&plan.runs) {
            assert!(had_id(&now.config, &run.id) && run.id != now.id, "by earlier laws");
            run.flops = now.flops;
            run.stem.clone_from(&now.stem);
            run.base.clone_from(&now.base);
        }
        // The usual charts have become more.
        planned.report.charts.clone_from(&plan.report.charts);
        let mut same = planned.clone();
        same.runs[0].id.clone_from(&plan.runs[0].id);
        same.tasks.clone_from(&plan.tasks);
        same.objectives.clone_from(&plan.objectives);
        assert_eq!(
            same, plan,
            "what `cloze run` would plan, but for laws that have changed"
        );
        for run in &planned.runs {
            is_read_whole(&store.run(&run.id), &run.config);
        }

        let paths = store.run(&planned.runs[0].id).parts().unwrap();
        assert_eq!(paths.len(), 2);
        let bytes = |rows: cloze_foundation::Result<Vec<_>>| parquet::to_bytes(&rows.unwrap()).unwrap();
        let union = bytes(parts::union(&paths));
        let before = bytes(parts::read(&store.metrics()));
        std::fs::remove_file(store.metrics()).unwrap();
        assert_eq!(gather(&planned, &store).unwrap().damaged, Vec::<String>::new());
        let after = bytes(parts::read(&store.metrics()));
        assert!(union == before && after == before, "the rows that were gathered then");

        let report = cloze_report::write(store.root()).unwrap();
        assert!(report.table.contains("1 runs planned: 1 done"), "{}", report.table);
        assert!(report.table.contains("mlm 4.864"), "{}", report.table);
    }
}

#[test]
fn a_run_that_was_begun_by_earlier_laws_is_not_gone_on_with() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    copy(&compat().join("interrupted-2"), store.root());
    let plan = cloze_plan::read(store.root()).unwrap();
    let [planned] = &plan.runs[..] else { panic!("one run") };
    let run = store.run(&planned.id);
    let before = run.parts().unwrap();
    assert_eq!((run.marker().unwrap(), before.len()), (None, 1));

    let cache = tempfile::tempdir().unwrap();
    let corpus = cloze_corpus::prepare(&planned.config.corpus, None, cache.path(), &mut |_| ()).unwrap();
    let fault = work(&errand_in(store.root(), &plan, 0, 1, &corpus.folder)).unwrap_err();
    assert!(fault.what.contains("have changed since it was planned"), "{fault}");
    assert_eq!(run.parts().unwrap(), before);
}
