use super::*;
use crate::store::Marker;
use crate::store::marker::Diverged;
use cloze_plan::{Experiment, expand};
use cloze_schema::RunData;

fn plan(seeds: &str, question: &str) -> Plan {
    let text = format!(
        "question = \"{question}\"\n[sweep]\nseeds = {seeds}\n[evaluate]\ntasks = []\n[[arm]]\nobjective = \"mlm\"\n"
    );
    expand(&Experiment::parse("x", "x.toml", &text, &[]).unwrap()).unwrap()
}

fn frozen(store: &Store) -> Vec<(Vec<u64>, Option<usize>)> {
    let plans = history::<RunConfig>(store.root()).unwrap().plans;
    let seeds = |plan: &Plan| plan.runs.iter().map(|run| run.config.seed).collect();
    plans.iter().map(|frozen| (seeds(&frozen.plan), frozen.ended)).collect()
}

fn end(store: &Store, plan: &Plan, index: usize) {
    let diverged = Diverged {
        attempt: 1,
        spent: Default::default(),
        last_finite_loss: None,
        gradient_norm: None,
        windows: Vec::new(),
        parts: Default::default(),
        data: None,
    };
    let folder = store.run(&plan.runs[index].id);
    assert!(Marker::Diverged(diverged).write(folder.path()).unwrap());
}

#[test]
fn a_plan_is_kept_for_ever_with_how_many_runs_had_ended() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    let (two, three, one) = (plan("[1, 2]", "?"), plan("[1, 2, 3]", "?"), plan("[2]", "?"));
    for _ in 0..2 {
        freeze(&two, &store).unwrap();
        assert_eq!(frozen(&store), [(vec![1, 2], Some(0))], "the same plan is frozen once");
    }
    end(&store, &two, 0);
    freeze(&three, &store).unwrap();
    end(&store, &three, 2);
    freeze(&one, &store).unwrap();
    freeze(&three, &store).unwrap();
    let all = [
        (vec![1, 2], Some(0)),
        (vec![1, 2, 3], Some(1)),
        (vec![2], Some(2)),
        (vec![1, 2, 3], Some(2)),
    ];
    assert_eq!(frozen(&store), all);
    assert_eq!(cloze_plan::read(store.root()).unwrap(), three);
    // Another question is another plan.
    freeze(&plan("[1, 2, 3]", "another?"), &store).unwrap();
    assert_eq!(frozen(&store).len(), 5);
    // What is thought to cost more or less is not.
    let mut dearer = plan("[1, 2, 3]", "another?");
    dearer.runs[0].flops *= 2.0;
    freeze(&dearer, &store).unwrap();
    assert_eq!(frozen(&store).len(), 5);
}

#[test]
fn a_plan_of_cloze_0_1_is_the_first_of_the_history() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    cloze_plan::write(&plan("[1]", "?"), store.root()).unwrap();
    assert_eq!(frozen(&store), [(vec![1], None)]);
    freeze(&plan("[1]", "?"), &store).unwrap();
    assert_eq!(frozen(&store), [(vec![1], None)]);
    freeze(&plan("[1, 2]", "?"), &store).unwrap();
    assert_eq!(frozen(&store), [(vec![1], None), (vec![1, 2], Some(0))]);
}

#[test]
fn data_that_become_known_change_no_plan_and_other_data_do() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    let data = |corpus: &str| {
        let mut plan = plan("[1, 2]", "?");
        plan.runs[0].data = Some(RunData {
            corpus: corpus.to_owned(),
            ..RunData::default()
        });
        plan
    };
    freeze(&plan("[1, 2]", "?"), &store).unwrap();
    freeze(&data("a"), &store).unwrap();
    assert_eq!(frozen(&store).len(), 1);
    assert_eq!(cloze_plan::read(store.root()).unwrap(), data("a"));
    // A process that did not look knows what the one before knew.
    assert_eq!(freeze(&plan("[1, 2]", "?"), &store).unwrap(), data("a"));
    freeze(&data("b"), &store).unwrap();
    assert_eq!(frozen(&store).len(), 2);
}

#[test]
fn a_model_that_nobody_looked_at_stays_what_was_known_of_it() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    let with = |class: &str, start: Option<&str>| {
        let mut plan = plan("[1]", "?");
        plan.models.push(PlannedModel {
            id: "1".repeat(16),
            arm: "theirs".to_owned(),
            folder: "theirs".into(),
            class: class.to_owned(),
            rule: None,
            card: Some(format!("trained as {class}")),
            config: serde_json::Value::Null,
            data: start.map(|start| RunData {
                start: Some(start.to_owned()),
                ..RunData::default()
            }),
        });
        plan
    };
    let known = || cloze_plan::read(store.root()).unwrap().models.remove(0);
    freeze(&with("BertModel", Some("a")), &store).unwrap();
    // Its folder holds another model now, and the data are still those of the first.
    freeze(&with("AlbertModel", None), &store).unwrap();
    assert_eq!(known(), with("BertModel", Some("a")).models[0]);
    freeze(&with("AlbertModel", Some("b")), &store).unwrap();
    assert_eq!(known(), with("AlbertModel", Some("b")).models[0]);
}

#[test]
fn of_many_that_freeze_at_once_every_plan_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            let store = &store;
            scope.spawn(move || freeze(&plan(&format!("[{seed}]"), "?"), store).unwrap());
        }
    });
    let mut seeds: Vec<u64> = frozen(&store).iter().map(|(seeds, _)| seeds[0]).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [1, 2, 3, 4]);
}

#[test]
fn a_plan_that_was_lost_blocks_nothing_and_no_number_is_given_twice() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    freeze(&plan("[1]", "?"), &store).unwrap();
    freeze(&plan("[1, 2]", "?"), &store).unwrap();
    std::fs::remove_file(cloze_schema::history::file(store.root(), 1)).unwrap();
    freeze(&plan("[1, 2, 3]", "?"), &store).unwrap();
    std::fs::write(cloze_schema::history::file(store.root(), 3), "{").unwrap();
    freeze(&plan("[1]", "?"), &store).unwrap();
    let seeds: Vec<Vec<u64>> = frozen(&store).into_iter().map(|(seeds, _)| seeds).collect();
    assert_eq!(
        seeds,
        [vec![1, 2], vec![1, 2, 3], vec![1]],
        "plan.json still knows the third"
    );
    assert!(cloze_schema::history::file(store.root(), 5).is_file());
    let gaps = history::<RunConfig>(store.root()).unwrap().gaps;
    assert_eq!(gaps.iter().map(|gap| gap.number).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn a_history_that_was_deleted_is_not_begun_anew_as_if_nothing_had_ended() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    let two = plan("[1, 2]", "?");
    freeze(&two, &store).unwrap();
    end(&store, &two, 0);
    end(&store, &two, 1);
    std::fs::remove_dir_all(store.root().join("plans")).unwrap();
    std::fs::remove_file(store.root().join("plan.json")).unwrap();
    // Another plan, which has one of the runs.
    freeze(&plan("[2, 3]", "?"), &store).unwrap();
    assert_eq!(frozen(&store), [(vec![2, 3], Some(2))]);
    // The present plan alone: it is kept again, and when it was frozen is not known.
    std::fs::remove_dir_all(store.root().join("plans")).unwrap();
    freeze(&plan("[2, 3]", "?"), &store).unwrap();
    assert!(cloze_schema::history::file(store.root(), 1).is_file());
    assert_eq!(frozen(&store), [(vec![2, 3], None)]);
}
