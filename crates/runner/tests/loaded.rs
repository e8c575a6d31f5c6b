//! Models that are asked about a text: a run, and the same model as a folder of Hugging Face that was read again.

use crate::common::{Log, config, errand, plan, task, work};
use burn::tensor::Device;
use cloze_backbone::hub::is_hub;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_plan::RunConfig;
use cloze_runner::Stop;
use cloze_runner::export::{Form, export, find};
use cloze_runner::features::{Features, Layers, Pool};
use cloze_runner::foreign::{Request, judge};
use cloze_runner::loaded::Loaded;
use cloze_runner::score::{Scored, Scorer};
use cloze_runner::store::{Store, parts};
use cloze_schema::{States, metric};
use std::path::{Path, PathBuf};

const LINES: [&str; 6] = [
    "The farmer sees the dogs .",
    "the  farmer sees\tthe dogs .",
    "",
    "quixotry 本",
    "the dogs near the farmer see the old river and the dogs near the river see the farmer and the dogs",
    "the dogs [MASK] the farmer",
];

fn lines() -> Vec<(u64, String)> {
    (1..).zip(LINES.map(str::to_owned)).collect()
}

/// A run of two steps, and its folder of Hugging Face.
fn both(results: &Path, objective: &str, form: Form) -> (Loaded, PathBuf) {
    let root = results.join("experiment");
    let config = RunConfig {
        encoder: EncoderConfig::preset(Preset::Bert, 32, 1, 16),
        evaluate: vec![task("minimal-pairs", "pairs = 2")],
        ..config(objective, 1, 2)
    };
    let plan = plan(vec![config]);
    work(&errand(&root, &plan, 0, 0)).unwrap();
    cloze_plan::write(&plan, &root).unwrap();
    let into = results.join("exported");
    export(&find(&root, &[], results).unwrap(), form, &into, None).unwrap();
    (Loaded::of(&root, &[], results, &Device::flex()).unwrap(), into)
}

fn scored(loaded: &Loaded, rule: Option<&str>) -> Vec<Scored> {
    Scorer::new(loaded, rule).unwrap().score(lines()).unwrap()
}

fn states(loaded: &Loaded, layers: Layers, pool: Pool) -> States {
    let mut features = Features::new(loaded, layers, pool).unwrap();
    features.take(&lines()).unwrap();
    assert_eq!(features.cut, 1);
    features.finish()
}

#[test]
fn a_run_and_its_folder_say_the_same_of_every_line() {
    for objective in ["mlm", "autoregressive", "electra"] {
        let results = tempfile::tempdir().unwrap();
        let (run, folder) = both(results.path(), objective, Form::Model);
        assert!(is_hub(&folder).unwrap() && !is_hub(&results.path().join("experiment")).unwrap());
        let read = Loaded::of_hub(&folder, &Device::flex()).unwrap();
        assert!(read.left_out.is_empty() && run.title.starts_with("run "));
        let found = scored(&run, None);
        assert_eq!(found, scored(&read, None), "{objective}: bit for bit");
        for (layers, pool) in [(Layers::Last, Pool::Mean), (Layers::All, Pool::None)] {
            assert_eq!(states(&run, layers, pool), states(&read, layers, pool), "{objective}");
        }
        // Ties, lines that are cut, tokens that are unknown, lines that have none.
        let same: Vec<Option<u64>> = found.iter().map(|line| line.same_as).collect();
        assert_eq!(same, [None, Some(1), None, None, None, None]);
        assert_eq!(found[0].score, found[1].score);
        assert_eq!((found[2].tokens, found[2].per_token, found[2].score), (0, None, 0.0));
        assert!(found[3].unknown > 0 && found[4].cut && !found[0].cut);
        let each = found[0].per_token.unwrap();
        assert_eq!(each, found[0].score / found[0].tokens as f64);
        assert!(each < 0.0 && found[0].tokens > 4);
        // A score does not depend on the other lines.
        let alone = Scorer::new(&run, None).unwrap().score(lines().split_off(4)).unwrap();
        assert_eq!(alone[0], found[4], "{objective}");
    }
}

#[test]
fn what_a_model_does_not_have_is_refused() {
    let results = tempfile::tempdir().unwrap();
    let (run, folder) = both(results.path(), "mlm", Form::Encoder);
    let refused = Scorer::new(&run, Some("left-to-right")).err().unwrap();
    assert!(refused.to_string().contains("pseudo-log-likelihood"), "{refused}");
    let refused = Features::new(&run, Layers::One(2), Pool::Mean).err().unwrap();
    assert!(refused.to_string().contains("to 1"), "{refused}");
    let read = Loaded::of_hub(&folder, &Device::flex()).unwrap();
    let refused = Scorer::new(&read, None).err().unwrap();
    assert!(refused.what.contains("no head") && refused.remedy.unwrap().contains("features"));
    let pooled = states(&read, Layers::One(1), Pool::Mean);
    assert_eq!((pooled.rows(), pooled.width), (LINES.len(), 32));
    assert_eq!(pooled, states(&run, Layers::Last, Pool::Mean));
    let tokenizer = folder.join("tokenizer.json");
    let json = std::fs::read_to_string(&tokenizer).unwrap();
    std::fs::write(&tokenizer, json.replacen("[MASK]", "[MUSK]", 9)).unwrap();
    assert!(Loaded::of_hub(&folder, &Device::flex()).is_err());
    std::fs::remove_file(&tokenizer).unwrap();
    assert!(
        Loaded::of_hub(&folder, &Device::flex())
            .err()
            .unwrap()
            .what
            .contains("no tokenizer")
    );
}

#[test]
fn a_folder_is_judged_as_the_run_was() {
    let results = tempfile::tempdir().unwrap();
    let (_, folder) = both(results.path(), "mlm", Form::Model);
    let request = Request {
        folder,
        tasks: vec![task("minimal-pairs", "pairs = 2"), task("masked-loss", "windows = 4")],
        source: None,
        data_root: None,
        cache: results.path().join(".cache"),
        device: "flex".to_owned(),
    };
    let mut found = Vec::new();
    judge(&request, &Log::default(), &Stop::default(), |task| {
        found.push(task.findings);
        Ok(())
    })
    .unwrap();
    let store = Store::new(results.path().join("experiment"));
    let plan = cloze_plan::read(store.root()).unwrap();
    let rows = parts::union(&store.run(&plan.runs[0].id).parts().unwrap()).unwrap();
    let last = rows.iter().flat_map(|of| &of.rows).filter(|row| row.spent.steps() == 2);
    let last: Vec<_> = last.filter(|row| row.task.starts_with("minimal-pairs")).collect();
    assert!(last.len() > 10);
    for row in last {
        // Which pairs stand in the training text is another text's.
        if row.metric.starts_with("seen") || row.metric.contains("unseen") {
            continue;
        }
        let same = |finding: &&cloze_trainer::Finding| finding.task == row.task && finding.metric == row.metric;
        let finding = found[0].iter().find(same).unwrap();
        assert_eq!(finding.value, row.value, "{} {}", row.task, row.metric);
    }
    let loss = found[1].iter().find(|finding| finding.metric == metric::LOSS).unwrap();
    assert!(loss.value > 1.0 && loss.value < 10.0, "{}", loss.value);
    // A stop between two tasks is told.
    let stop = Stop::default();
    stop.request();
    assert!(judge(&request, &Log::default(), &stop, |_| Ok(())).is_err());
}
