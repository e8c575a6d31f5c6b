//! Files that were cut off, flipped, emptied or lost: each reading names the file, or gives what was written.

use crate::common::{config, errand, plan, task, work};
use burn::tensor::Device;
use cloze_backbone::tensors;
use cloze_foundation::FaultKind;
use cloze_foundation::files::list;
use cloze_plan::{Plan, RunConfig};
use cloze_runner::store::{Checkpoint, Marker, Store, parts};
use cloze_runner::{Cadence, Stop, gather, train_run};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How often a file is cut, and how often a bit of it is flipped.
const OFFSETS: usize = 64;

/// What can happen to a file: its new bytes, `None` where it is lost, and a word for it.
fn damages(whole: &[u8]) -> Vec<(Option<Vec<u8>>, String)> {
    let mut damages = vec![(None, "lost".to_owned()), (Some(Vec::new()), "emptied".to_owned())];
    for place in 0..OFFSETS {
        let at = whole.len() * place / OFFSETS;
        damages.push((Some(whole[..at].to_vec()), format!("cut at {at}")));
        let mut flipped = whole.to_vec();
        flipped[at] ^= 1 << (place % 8);
        damages.push((Some(flipped), format!("flipped at {at}")));
    }
    damages
}

fn put(path: &Path, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => std::fs::write(path, bytes).unwrap(),
        None => std::fs::remove_file(path).unwrap(),
    }
}

/// Asks for a stop at the first word.
struct StopAt<'a>(u64, &'a Stop);

impl Write for StopAt<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self
            .0
            .saturating_sub(bytes.iter().filter(|byte| **byte == b'\n').count() as u64);
        if self.0 == 0 {
            self.1.request();
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn judged(seed: u64) -> RunConfig {
    let mut config = config("mlm", seed, 6);
    config.points = 3;
    config.evaluate = vec![task("masked-loss", "windows = 2")];
    config
}

/// A run that was left after its fifth step, with its newest checkpoint.
fn left() -> (tempfile::TempDir, Plan, PathBuf) {
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![judged(1)]);
    let stop = Stop::default();
    let mut errand = errand(results.path(), &plan, 0, 0);
    errand.checkpoint = Cadence::Steps(2);
    train_run(&errand, &mut StopAt(5, &stop), &mut Vec::new(), &stop).unwrap_err();
    let checkpoints = list(&Store::new(results.path()).run(&plan.runs[0].id).checkpoints()).unwrap();
    let newest = checkpoints.last().unwrap().clone();
    (results, plan, newest)
}

/// Everything that a checkpoint brings back, with the weights as a model has them.
fn restored(checkpoint: Checkpoint, config: &RunConfig) -> (Checkpoint, Vec<u8>) {
    let mut learner = crate::common::learner(config, &Device::flex());
    checkpoint.saved.restore(&mut learner).unwrap();
    (checkpoint, tensors::to_bytes(&learner.model).unwrap())
}

#[test]
fn a_damaged_checkpoint_is_refused_by_name_or_is_the_same() {
    let (_results, plan, path) = left();
    let run = &plan.runs[0];
    let whole = restored(Checkpoint::read(&path, &run.id).unwrap(), &run.config);
    let (mut refused, mut same) = (0, 0);
    for file in list(&path).unwrap() {
        let bytes = std::fs::read(&file).unwrap();
        for (damaged, how) in damages(&bytes) {
            put(&file, damaged.as_deref());
            match Checkpoint::read(&path, &run.id) {
                Err(fault) => {
                    let name = path.file_name().unwrap().to_string_lossy();
                    assert!(fault.what.contains(&*name), "{} {how}: {fault}", file.display());
                    assert_eq!(fault.kind, FaultKind::Usage, "{} {how}: {fault}", file.display());
                    refused += 1;
                }
                Ok(read) => {
                    assert!(restored(read, &run.config) == whole, "{} {how}", file.display());
                    same += 1;
                }
            }
        }
        put(&file, Some(&bytes));
    }
    eprintln!("checkpoint: {refused} damages refused, {same} without effect");
    assert!(refused > 4 * OFFSETS && same < OFFSETS);
}

#[test]
fn what_a_later_version_wrote_is_refused_with_both_versions() {
    let (_results, plan, path) = left();
    let manifest = path.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("\"format\": 2"));
    std::fs::write(&manifest, text.replace("\"format\": 2", "\"format\": 3, \"more\": [1]")).unwrap();
    let fault = Checkpoint::read(&path, &plan.runs[0].id).err().unwrap();
    assert!(
        fault.what.contains("format 3") && fault.what.contains("up to 2"),
        "{fault}"
    );
}

#[test]
fn a_run_with_a_damaged_part_is_named_and_left_out_whole_and_the_part_set_aside() {
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![judged(1), judged(2)]);
    for index in 0..2 {
        work(&errand(results.path(), &plan, index, 0)).unwrap();
    }
    let store = Store::new(results.path());
    let count = |path: &Path| {
        parts::read(path)
            .unwrap()
            .iter()
            .map(|attempt| attempt.rows.len())
            .sum::<usize>()
    };
    let rows = || count(&store.metrics());
    assert_eq!(gather(&plan, &store).unwrap().damaged.len(), 0);
    let all = rows();
    let run = store.run(&plan.runs[0].id);
    let part = run.parts().unwrap()[1].clone();
    let name = part.file_name().unwrap().to_string_lossy().into_owned();
    let aside = part.with_file_name(format!("damaged-{name}"));
    let whole = std::fs::read(&part).unwrap();
    // Without one of its judgements the run's last rows would pass for its end.
    let rest: usize = store
        .run(&plan.runs[1].id)
        .parts()
        .unwrap()
        .iter()
        .map(|part| count(part))
        .sum();
    assert!(0 < rest && rest < all);
    let Some(Marker::Done(listed)) = run.marker().unwrap() else {
        panic!("not done")
    };
    // What the marker lists is compared with its hash; older markers list nothing, so that the decoder has to notice.
    let mut unlisted = listed.clone();
    unlisted.parts.clear();
    for (marker, is_listed) in [(listed, true), (unlisted, false)] {
        Marker::remove(run.path()).unwrap();
        assert!(Marker::Done(marker).write(run.path()).unwrap());
        let (mut noticed, mut unnoticed) = (0, 0);
        for (damaged, how) in damages(&whole) {
            put(&part, damaged.as_deref());
            let gathered = gather(&plan, &store).unwrap();
            if let [said] = &gathered.damaged[..] {
                assert!(said.contains(&name), "{how}: {said}");
                assert_eq!(rows(), rest, "{how}");
                if let Some(damaged) = &damaged {
                    assert_eq!(&std::fs::read(&aside).unwrap(), damaged, "{how}");
                    assert!(!part.exists(), "{how}");
                    // Nobody takes away what was set aside.
                    store.sweep().unwrap();
                    run.sweep().unwrap();
                    run.drop_checkpoints().unwrap();
                    gather(&plan, &store).unwrap();
                    assert_eq!(&std::fs::read(&aside).unwrap(), damaged, "{how}");
                    std::fs::remove_file(&aside).unwrap();
                }
                noticed += 1;
            } else {
                assert!(!is_listed, "{how}: {:?}", gathered.damaged);
                unnoticed += 1;
            }
            put(&part, Some(&whole));
        }
        eprintln!("part, listed {is_listed}: {noticed} damages noticed, {unnoticed} not");
        assert!(noticed > OFFSETS);
    }
    gather(&plan, &store).unwrap();
    assert_eq!(rows(), all, "nothing is lost once the file is there again");
}

#[test]
fn damaged_metrics_are_named_and_never_panic() {
    let results = tempfile::tempdir().unwrap();
    let plan = plan(vec![judged(1)]);
    work(&errand(results.path(), &plan, 0, 0)).unwrap();
    let store = Store::new(results.path());
    gather(&plan, &store).unwrap();
    let whole = std::fs::read(store.metrics()).unwrap();
    for (damaged, how) in damages(&whole) {
        put(&store.metrics(), damaged.as_deref());
        if let Err(fault) = parts::read(&store.metrics()) {
            assert!(fault.what.contains("metrics.parquet"), "{how}: {fault}");
        }
        put(&store.metrics(), Some(&whole));
    }
}
