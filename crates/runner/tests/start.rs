//! Runs that begin with the weights of a folder: of a run, or of Hugging Face.

use crate::common::{config, errand, plan, task, work};
use burn::tensor::Device;
use cloze_backbone::{Absolute, DisentangledOptions, EncoderConfig, EncoderOptions, Preset, tensors};
use cloze_plan::{Experiment, Plan, RunConfig, Start, expand};
use cloze_runner::Ready;
use cloze_runner::export::{Form, export, find};
use cloze_runner::store::Store;
use std::path::Path;

/// A run of two steps.
fn trained(results: &Path, encoder: EncoderConfig) -> std::path::PathBuf {
    trained_with(results, encoder, "")
}

/// A run of two steps by MLM with these options.
fn trained_with(results: &Path, encoder: EncoderConfig, options: &str) -> std::path::PathBuf {
    let root = results.join("first");
    let options = cloze_objectives::configure("mlm", &options.parse().unwrap()).unwrap();
    let config = RunConfig {
        encoder,
        options: options.options(),
        evaluate: vec![task("minimal-pairs", "pairs = 2")],
        ..config("mlm", 1, 2)
    };
    let first = plan(vec![config]);
    work(&errand(&root, &first, 0, 0)).unwrap();
    cloze_plan::write(&first, &root).unwrap();
    root.join("runs").join(&first.runs[0].id)
}

/// That run as a folder of Hugging Face, `theirs`.
fn exported(results: &Path) {
    let found = find(&results.join("first"), &[], results).unwrap();
    export(&found, Form::Model, &results.join("theirs"), None).unwrap();
}

fn disentangled(absolute: Absolute) -> EncoderConfig {
    let options = EncoderOptions {
        preset: Preset::Bert,
        width: 32,
        layers: 1,
        window: 16,
        disentangled: Some(DisentangledOptions {
            absolute,
            ..DisentangledOptions::default()
        }),
        ..EncoderOptions::default()
    };
    options.resolve()
}

fn plain() -> EncoderConfig {
    EncoderConfig::preset(Preset::Bert, 32, 1, 16)
}

fn planned(root: &Path, objective: &str, encoder: &str, corpus: &str) -> cloze_foundation::Result<Plan> {
    let text = format!(
        "question = \"What does it begin with?\"\n[corpus]\nwords = 8000\nheld_out = 0.1\n{corpus}\n[encoder]\n{encoder}\n\
         [budget]\nequalise = \"steps\"\namount = 1\nbatch = 4\n[evaluate]\ntasks = []\npoints = 1\nvalidation_windows = 2\n\
         [optimizer]\npeak_lr = 1e-30\nweight_decay = 0\n[sweep]\nseeds = [1]\n[[arm]]\nobjective = \"{objective}\"\n"
    );
    expand(&Experiment::parse("x", "x.toml", &text, &[])?.under(Some(root)))
}

/// The weights of a run of one step at a rate of nothing: what it began with.
fn began(results: &Path, plan: &Plan) -> std::collections::BTreeMap<String, Vec<f32>> {
    let run = &plan.runs[0];
    let root = results.join("second").join(&plan.experiment);
    let corpus =
        cloze_corpus::prepare(&run.config.corpus, Some(results), &results.join(".cache"), &mut |_| ()).unwrap();
    let folder = Store::new(&root).run(&run.id);
    cloze_foundation::files::write_whole(&folder.config(), serde_json::to_string(&run.config).unwrap().as_bytes())
        .unwrap();
    let data = cloze_runner::data::of_run(&run.config, &corpus, Some(results)).unwrap();
    assert!(data.start.is_some());
    let mut errand = errand(&root, &crate::common::plan(vec![config("mlm", 9, 1)]), 0, 0);
    errand.id.clone_from(&run.id);
    errand.corpus.clone_from(&corpus.folder);
    errand.data_root = Some(results.to_owned());
    errand.data = data.short();
    work(&errand).unwrap();
    let bytes = std::fs::read(folder.weights().join("model.safetensors")).unwrap();
    let found = tensors::parameters(&bytes, &Device::flex()).unwrap();
    found
        .into_iter()
        .map(|(path, parameter)| (path, parameter.numbers().unwrap()))
        .collect()
}

#[test]
fn a_run_begins_with_the_weights_of_a_run_or_of_a_folder_whatever_its_objective() {
    let results = tempfile::tempdir().unwrap();
    let first = trained(results.path(), plain());
    exported(results.path());
    let bytes = std::fs::read(first.join("final/model.safetensors")).unwrap();
    let before = tensors::parameters(&bytes, &Device::flex()).unwrap();
    let relative = first.strip_prefix(results.path()).unwrap().to_str().unwrap().to_owned();
    for (place, objective, heads) in [
        (relative.as_str(), "mlm", true),
        ("theirs", "mlm", true),
        ("theirs", "autoregressive", true),
        (relative.as_str(), "electra", false),
    ] {
        let plan = planned(results.path(), objective, &format!("from = \"{place}\""), "").unwrap();
        let encoder = &plan.runs[0].config.encoder;
        assert_eq!((encoder.preset, encoder.width, encoder.window), (Preset::Bert, 32, 16));
        // The folder's table of segments is zeros, for tokenizers of pairs: none.
        assert_eq!(encoder.segments, 1);
        let found = began(results.path(), &plan);
        for (path, parameter) in &before {
            if path.starts_with("encoder.") || heads {
                let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-6;
                let numbers = parameter.numbers().unwrap();
                assert!(
                    found[path].iter().zip(&numbers).all(near),
                    "{place} {objective}: {path}"
                );
            }
        }
    }
    // What it began with stands on the card, and beside its weights.
    let plan = planned(results.path(), "mlm", "from = \"theirs\"", "").unwrap();
    let folder = results.path().join("second/x/runs").join(&plan.runs[0].id);
    let run = find(&folder, &[], results.path()).unwrap();
    export(&run, Form::Model, &results.path().join("card"), None).unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let card = read(&results.path().join("card/README.md"));
    let hash = Start::of(Path::new("theirs"), Some(results.path()))
        .unwrap()
        .hash()
        .unwrap();
    for part in ["goes on from the weights of `theirs`", "under their own licence", &hash] {
        assert!(card.contains(part), "{part}: {card}");
    }
    assert!(read(&folder.join("final/README.md")).contains("going on from the weights of `theirs`"));
    // Half of the window is enough; the rest of its positions is left.
    let plan = planned(results.path(), "mlm", "from = \"theirs\"\nwindow = 8", "").unwrap();
    let found = began(results.path(), &plan);
    assert_eq!(found["encoder.positions"].len(), 8 * 32);
}

#[test]
fn what_was_learnt_about_two_segments_goes_on() {
    let results = tempfile::tempdir().unwrap();
    let first = trained_with(results.path(), plain(), "pairs = \"next\"");
    exported(results.path());
    let bytes = std::fs::read(first.join("final/model.safetensors")).unwrap();
    let before = tensors::parameters(&bytes, &Device::flex()).unwrap();
    let relative = first.strip_prefix(results.path()).unwrap().to_str().unwrap();
    for place in [relative, "theirs"] {
        let asking = "mlm\"\npairs = \"order";
        let plan = planned(results.path(), asking, &format!("from = \"{place}\""), "").unwrap();
        let found = began(results.path(), &plan);
        for path in ["pooler.weight", "verdict.weight", "verdict.bias", "encoder.segments"] {
            let wanted = before[path].numbers().unwrap();
            let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-6;
            assert!(found[path].iter().zip(&wanted).all(near), "{place}: {path}");
        }
    }
}

#[test]
fn other_weights_are_other_data_and_what_contradicts_the_folder_is_refused() {
    let results = tempfile::tempdir().unwrap();
    trained(results.path(), plain());
    exported(results.path());
    let place = results.path().join("theirs");
    let hash = || Start::of(&place, None).unwrap().hash().unwrap();
    let before = hash();
    let mut bytes = std::fs::read(place.join("model.safetensors")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(place.join("model.safetensors"), bytes).unwrap();
    assert_ne!(hash(), before);
    let refused = |encoder: &str, corpus: &str| {
        let encoder = format!("from = \"theirs\"\n{encoder}");
        planned(results.path(), "mlm", &encoder, corpus)
            .unwrap_err()
            .to_string()
    };
    for (encoder, says) in [
        ("layers = 2", "layers = 1"),
        ("preset = \"modern\"", "preset = bert"),
        ("width = 64", "width = 32"),
        ("window = 32", "2 to 16"),
    ] {
        assert!(refused(encoder, "").contains(says), "{}", refused(encoder, ""));
    }
    let other = refused("", "tokenizer = { kind = \"wordpiece\", vocab = 400 }");
    assert!(
        other.contains("its tokenizer") && other.contains("leave `tokenizer` out"),
        "{other}"
    );
    let own = "tokenizer = { path = \"theirs/tokenizer.json\" }";
    assert!(planned(results.path(), "mlm", "from = \"theirs\"", own).is_ok());
    let missing = planned(results.path(), "mlm", "from = \"nowhere\"", "")
        .unwrap_err()
        .to_string();
    assert!(missing.contains("nowhere") && missing.contains("from"), "{missing}");
    // What makes no difference is written alike: the same run.
    let id = |encoder: &str| planned(results.path(), "mlm", encoder, "").unwrap().runs[0].id.clone();
    assert_eq!(
        id("from = \"theirs\""),
        id("from = \"theirs\"\nwidth = 32\nwindow = 16")
    );
    assert_ne!(id("from = \"theirs\""), id("from = \"theirs\"\nwindow = 8"));
}

#[test]
fn weights_that_cannot_be_begun_with_are_told_before_the_first_run() {
    let results = tempfile::tempdir().unwrap();
    let first = trained(results.path(), plain());
    exported(results.path());
    let run = first.strip_prefix(results.path()).unwrap().to_str().unwrap().to_owned();
    for (place, file) in [
        ("theirs", results.path().join("theirs/model.safetensors")),
        (run.as_str(), first.join("final/model.safetensors")),
    ] {
        let plan = planned(results.path(), "mlm", &format!("from = \"{place}\""), "").unwrap();
        let cache = results.path().join(".cache");
        let ready = Ready {
            data_root: Some(results.path()),
            cache: &cache,
            say: &|_| (),
        };
        let runs: Vec<_> = plan.runs.iter().collect();
        ready.check(&runs).unwrap();
        let whole = std::fs::read(&file).unwrap();
        let mut bytes = whole.clone();
        let name = bytes.windows(5).position(|some| some == b"dense").unwrap();
        bytes[name..name + 5].copy_from_slice(b"dance");
        std::fs::write(&file, &bytes).unwrap();
        let refused = ready.check(&runs).unwrap_err().to_string();
        assert!(
            refused.contains("arm `mlm`") && ["dense", "dance"].iter().any(|name| refused.contains(name)),
            "{place}: {refused}"
        );
        std::fs::write(&file, whole).unwrap();
    }
}

#[test]
fn an_encoder_with_disentangled_attention_is_begun_with_as_it_is() {
    let results = tempfile::tempdir().unwrap();
    let encoder = disentangled(Absolute::Nowhere);
    let first = trained(results.path(), encoder.clone());
    exported(results.path());
    let bytes = std::fs::read(first.join("final/model.safetensors")).unwrap();
    let before = tensors::parameters(&bytes, &Device::flex()).unwrap();
    let run = first.strip_prefix(results.path()).unwrap().to_str().unwrap().to_owned();
    let from = |place: &str, more: &str| {
        let encoder = format!("from = \"{place}\"\n{more}");
        planned(results.path(), "mlm", &encoder, "")
    };
    // A shorter window has the same table of relative positions.
    for (place, more) in [
        (run.as_str(), ""),
        ("theirs", ""),
        ("theirs", "window = 8\ndisentangled = {}"),
    ] {
        let plan = from(place, more).unwrap();
        assert_eq!(
            plan.runs[0].config.encoder.disentangled, encoder.disentangled,
            "{place}"
        );
        let found = began(results.path(), &plan);
        assert!(found.contains_key("encoder.relative.table"));
        for (path, numbers) in &found {
            let wanted = before[path].numbers().unwrap();
            let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-6;
            assert!(numbers.iter().zip(&wanted).all(near), "{place}: {path}");
        }
    }
    let refused = from("theirs", "disentangled = { position_buckets = 4 }")
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("position_buckets = 8") && refused.contains("leave it out"),
        "{refused}"
    );
}

#[test]
fn value_embeddings_are_begun_with_and_what_logits_become_is_said_anew() {
    let results = tempfile::tempdir().unwrap();
    let encoder = EncoderConfig {
        layers: 2,
        value_embeddings: true,
        logit_cap: Some(15.0),
        z_loss: 1e-4,
        ..plain()
    };
    let first = trained(results.path(), encoder);
    let bytes = std::fs::read(first.join("final/model.safetensors")).unwrap();
    let before = tensors::parameters(&bytes, &Device::flex()).unwrap();
    let run = first.strip_prefix(results.path()).unwrap().to_str().unwrap().to_owned();
    let from = |more: &str| planned(results.path(), "mlm", &format!("from = \"{run}\"\n{more}"), "");
    let plan = from("z_loss = 0.5").unwrap();
    let encoder = &plan.runs[0].config.encoder;
    assert_eq!(
        (encoder.value_embeddings, encoder.logit_cap, encoder.z_loss),
        (true, None, 0.5)
    );
    let table = &began(results.path(), &plan)["encoder.values.table"];
    assert_eq!(*table, before["encoder.values.table"].numbers().unwrap());
    assert!(table.iter().any(|number| *number != 0.0), "two steps moved it");
    let refused = from("value_embeddings = false").unwrap_err().to_string();
    assert!(
        refused.contains("has value_embeddings = true") && refused.contains("leave it out"),
        "{refused}"
    );
}

#[test]
fn attention_that_the_folder_does_not_have_is_refused() {
    let results = tempfile::tempdir().unwrap();
    trained(results.path(), plain());
    exported(results.path());
    let encoder = "from = \"theirs\"\ndisentangled = {}";
    let refused = planned(results.path(), "mlm", encoder, "").unwrap_err().to_string();
    assert!(
        refused.contains("encoder.disentangled") && refused.contains("content alone"),
        "{refused}"
    );
}

#[test]
fn a_mask_decoder_goes_on_or_is_left_away_where_an_objective_has_no_use_for_it() {
    let results = tempfile::tempdir().unwrap();
    let first = trained(results.path(), disentangled(Absolute::Decoder));
    let run = first.strip_prefix(results.path()).unwrap().to_str().unwrap().to_owned();
    let from = |objective: &str, more: &str| {
        let encoder = format!("from = \"{run}\"\n{more}");
        planned(results.path(), objective, &encoder, "")
    };
    let found = began(results.path(), &from("mlm", "").unwrap());
    assert!(found.contains_key("encoder.positions"));
    let refused = from("electra", "").unwrap_err().to_string();
    assert!(refused.contains("encoder.disentangled.absolute"), "{refused}");
    let none = "disentangled = { absolute = \"none\" }";
    let found = began(results.path(), &from("electra", none).unwrap());
    assert!(found.contains_key("encoder.relative.table") && !found.contains_key("encoder.positions"));
    let refused = from("electra", "disentangled = { absolute = \"embeddings\" }")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("absolute = \"decoder\""), "{refused}");
}
