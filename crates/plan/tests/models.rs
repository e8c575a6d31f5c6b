//! Arms that others trained: what a plan has of them, and what is refused before anything starts.

use cloze_plan::{Experiment, ModelConfig, Plan, check_models, expand, expand_beside, select, select_models};
use std::path::{Path, PathBuf};

/// Tiny models as transformers writes them; they have no tokenizers.
fn parity() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../backbone/tests/parity/hub")
}

fn experiment(root: &Path, more: &str, arms: &str) -> cloze_foundation::Result<Experiment> {
    let text = format!(
        "question = \"Is it better than theirs?\"\n{more}\n[sweep]\nseeds = [7, 8]\n[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \
         \"span\"\n{arms}"
    );
    Ok(Experiment::parse("x", "x.toml", &text, &[])?.under(Some(root)))
}

fn planned(root: &Path, more: &str, arms: &str) -> cloze_foundation::Result<Plan> {
    expand(&experiment(root, more, arms)?)
}

fn refused(root: &Path, more: &str, arms: &str) -> String {
    planned(root, more, arms).unwrap_err().to_string()
}

const TASKS: &str = "[evaluate]\ntasks = [{ task = \"minimal-pairs\", pairs = 4 }]";

#[test]
fn a_folder_is_an_arm_that_is_no_run_and_changes_no_run() {
    let root = parity();
    let theirs = "[[arm]]\nname = \"theirs\"\nmodel = \"BertForMaskedLM\"\n[[arm]]\nmodel = \"DebertaV2Model\"\n";
    let (without, with) = (
        planned(&root, TASKS, "").unwrap(),
        planned(&root, TASKS, theirs).unwrap(),
    );
    assert_eq!(with.runs, without.runs);
    let [one, other] = &with.models[..] else {
        panic!("{:?}", with.models)
    };
    assert_eq!((one.arm.as_str(), one.class.as_str()), ("theirs", "BertForMaskedLM"));
    assert_eq!(one.rule.as_deref(), Some("pseudo-log-likelihood"));
    // Without a name it is the folder's; an encoder alone has no head that scores.
    assert_eq!((other.arm.as_str(), &other.rule), ("DebertaV2Model", &None));
    assert!(one.id.len() == 16 && one.id != other.id && one.data.is_none());
    let config = ModelConfig::of(one).unwrap();
    assert_eq!((config.seed, config.evaluate.len()), (7, 1));
    // How runs are trained is nothing to it; what judges it is.
    let id = |more: &str| planned(&root, more, theirs).unwrap().models[0].id.clone();
    assert_eq!(
        id(&format!("{TASKS}\n[budget]\namount = \"3M\"\n[encoder]\nwidth = 64")),
        one.id
    );
    assert_ne!(
        id("[evaluate]\ntasks = [{ task = \"minimal-pairs\", pairs = 5 }]"),
        one.id
    );
    assert_ne!(id(&format!("{TASKS}\n[corpus]\nwords = \"30k\"")), one.id);
    // A plan without models is written as it always was.
    let text = serde_json::to_string(&without).unwrap();
    assert!(!text.contains("\"models\""));
    let again: Plan = serde_json::from_str(&serde_json::to_string(&with).unwrap()).unwrap();
    assert!(again == with && !with.runs_the_same(&without));
    // Words name runs, models, or both.
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (models, others) = select_models(&with, &words(&["theirs", "mlm", &other.id]));
    assert_eq!((models.len(), others), (2, words(&["mlm"])));
    let unknown = select(&with, &words(&["their"])).unwrap_err();
    assert_eq!(unknown.nearest.as_deref(), Some("theirs"));
}

#[test]
fn what_cannot_be_an_arm_is_refused_at_its_line() {
    let root = parity();
    for (arms, says) in [
        (
            "[[arm]]\nmodel = \"BertForMaskedLM\"\nobjective = \"mlm\"\n",
            "unknown key `objective`",
        ),
        (
            "[[arm]]\nmodel = \"BertForMaskedLM\"\ngrid.rate = [0.1]\n",
            "judged as it is",
        ),
        ("[[arm]]\nmodel = \"\"\n", "is blank"),
        ("[[arm]]\nmodel = \"..\"\n", "names no folder"),
        ("[[arm]]\nmodel = 7\n", "arm[2].model"),
        ("[[arm]]\nmodel = \"nowhere\"\n", "there is no folder"),
        (
            "[[arm]]\nname = \"mlm\"\nmodel = \"BertForMaskedLM\"\n",
            "two arms are called `mlm`",
        ),
        (
            "[[arm]]\nname = \"a\"\nmodel = \"BertForMaskedLM\"\n[[arm]]\nname = \"b\"\nmodel = \"BertForMaskedLM\"\n",
            "are the same folder",
        ),
    ] {
        let refused = refused(&root, TASKS, arms);
        assert!(
            refused.contains(says) && refused.contains("x.toml:"),
            "{arms}: {refused}"
        );
    }
    // An option of an objective is no slip of the pen; another word may be one.
    for (key, meant) in [("rate = 0.3", None), ("nmae = \"b\"", Some("did you mean `name`"))] {
        let refused = refused(&root, TASKS, &format!("[[arm]]\nmodel = \"BertForMaskedLM\"\n{key}\n"));
        assert_eq!(refused.contains("did you mean"), meant.is_some(), "{refused}");
        assert!(meant.is_none_or(|meant| refused.contains(meant)), "{refused}");
    }
    let theirs = "[[arm]]\nname = \"theirs\"\nmodel = \"BertForMaskedLM\"\n";
    let refused = |more: &str| refused(&root, &format!("{TASKS}\n{more}"), theirs);
    let baseline = refused("[report]\nbaseline = \"theirs\"");
    assert!(
        baseline.contains("judged once") && baseline.contains("allowed: mlm, span"),
        "{baseline}"
    );
    for check in [
        "better(minimal-pairs, mlm, theirs)",
        "above_chance(minimal-pairs, theirs)",
    ] {
        let claim = refused(&format!("[[claim]]\nsays = \"it is\"\ncheck = \"{check}\""));
        assert!(claim.contains("nothing can be established of it"), "{claim}");
    }
    // One that nothing is trained beside is judged without an experiment.
    let text = format!("question = \"How good is it?\"\n{theirs}");
    let alone = Experiment::parse("x", "x.toml", &text, &[]).unwrap_err().to_string();
    assert!(
        alone.contains("at least one arm that is trained") && alone.contains("cloze eval"),
        "{alone}"
    );
}

#[test]
fn files_that_are_missing_are_told_before_anything_starts() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("theirs");
    std::fs::create_dir(&folder).unwrap();
    let arms = "[[arm]]\nmodel = \"theirs\"\n";
    assert!(refused(root.path(), TASKS, arms).contains("config.json"));
    let copy = |name: &str| std::fs::copy(parity().join("BertForMaskedLM").join(name), folder.join(name)).unwrap();
    copy("config.json");
    let checked = || check_models(&experiment(root.path(), TASKS, arms).unwrap()).map_err(|fault| fault.to_string());
    std::fs::write(folder.join("pytorch_model.bin"), "pickle").unwrap();
    assert!(checked().unwrap_err().contains("pickle"));
    copy("model.safetensors");
    let tokenizer = checked().unwrap_err();
    assert!(
        tokenizer.contains("tokenizer") && tokenizer.contains("x.toml:"),
        "{tokenizer}"
    );
    // What its card says of training is quoted.
    std::fs::write(folder.join("README.md"), "# Theirs\n## Training\n\nA week.\n").unwrap();
    let plan = planned(root.path(), TASKS, arms).unwrap();
    assert_eq!(plan.models[0].card.as_deref(), Some("A week."));
    for (config, says) in [
        ("{", "not JSON"),
        ("{\"architectures\": [\"GPT2LMHeadModel\"]}", "GPT2LMHeadModel"),
    ] {
        std::fs::write(folder.join("config.json"), config).unwrap();
        let refused = refused(root.path(), TASKS, arms);
        assert!(
            refused.contains(says) && refused.contains("theirs/config.json"),
            "{refused}"
        );
    }
    std::fs::create_dir(folder.join("final")).unwrap();
    std::fs::write(folder.join("final/config.json"), "{}").unwrap();
    assert!(refused(root.path(), TASKS, arms).contains("cloze export"));
}

/// The way of a change to the bytes of a folder's weights.
fn broken(folder: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = folder.join("model.safetensors");
    let bytes = std::fs::read(parity().join("BertForMaskedLM/model.safetensors")).unwrap();
    std::fs::write(path, change(bytes)).unwrap();
}

#[test]
fn weights_that_are_not_those_of_the_configuration_are_told_when_it_is_planned() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("theirs");
    std::fs::create_dir(&folder).unwrap();
    let from = parity().join("BertForMaskedLM/config.json");
    std::fs::copy(from, folder.join("config.json")).unwrap();
    let of_arm = || refused(root.path(), TASKS, "[[arm]]\nmodel = \"theirs\"\n");
    let of_start = || refused(root.path(), &format!("{TASKS}\n[encoder]\nfrom = \"theirs\""), "");
    let said = |says: &str| {
        for refused in [of_arm(), of_start()] {
            assert!(refused.contains(says) && refused.contains("x.toml:"), "{refused}");
        }
    };
    said("it has no model.safetensors");
    std::fs::write(folder.join("pytorch_model.bin"), "pickle").unwrap();
    said("pickled (`pytorch_model.bin`)");
    said("convert it once");
    broken(&folder, |bytes| bytes[..bytes.len() - 4].to_vec());
    said("its header says that it has");
    let header = |from: &'static [u8], to: &'static [u8]| {
        broken(&folder, |mut bytes| {
            let place = bytes.windows(from.len()).position(|some| some == from).unwrap();
            bytes[place..place + to.len()].copy_from_slice(to);
            bytes
        });
    };
    header(b"cls.predictions.bias", b"cls.predictions.bent");
    said("it has no `cls.predictions.bias`");
    header(b"\"F32\"", b"\"I32\"");
    said("holds I32");
    // A run's own folder.
    let run = root.path().join("run/final");
    std::fs::create_dir_all(&run).unwrap();
    let one = planned(root.path(), TASKS, "").unwrap();
    std::fs::write(
        run.join("config.json"),
        serde_json::to_string(&one.runs[0].config).unwrap(),
    )
    .unwrap();
    let of_run = || refused(root.path(), &format!("{TASKS}\n[encoder]\nfrom = \"run\""), "");
    assert!(of_run().contains("final/model.safetensors` is missing"), "{}", of_run());
    std::fs::write(run.join("model.safetensors"), [8, 0, 0, 0, 0, 0, 0, 0, b'{']).unwrap();
    assert!(of_run().contains("ends within its header"), "{}", of_run());
}

#[test]
fn a_model_that_was_planned_before_is_known_when_its_folder_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("theirs");
    std::fs::create_dir(&folder).unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(parity().join("BertForMaskedLM").join(name), folder.join(name)).unwrap();
    }
    let named = |name: &str| format!("[[arm]]\nname = \"{name}\"\nmodel = \"theirs\"\n");
    let before = planned(root.path(), TASKS, &named("a")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let gone = experiment(root.path(), TASKS, &named("b")).unwrap();
    assert!(expand(&gone).unwrap_err().to_string().contains("there is no folder"));
    let known = expand_beside(&gone, &before.models).unwrap();
    let [model] = &known.models[..] else {
        panic!("{:?}", known.models)
    };
    assert_eq!((model.arm.as_str(), &model.class), ("b", &before.models[0].class));
    // It is nobody who was judged by something else.
    let other = experiment(root.path(), "[evaluate]\ntasks = [\"masked-loss\"]", &named("b")).unwrap();
    assert!(expand_beside(&other, &before.models).is_err());
    assert!(
        check_models(&gone)
            .unwrap_err()
            .to_string()
            .contains("there is no folder")
    );
}
