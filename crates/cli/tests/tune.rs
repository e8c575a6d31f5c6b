//! Arms that are tuned first, as a person meets them: planned, queued, killed, gone on with, and told.

use crate::common::{Tiny, Workplace, files, text};
use std::path::Path;
use std::time::{Duration, Instant};

const TUNED: &str = r#"
[tune]
share       = 0.5
seeds       = [11]
judge       = { task = "minimal-pairs", name = "chosen by", pairs = 4, set = "development", apart_from = 4 }
sensitivity = [0.5, 1, 4]

[tune.grid]
"optimizer.peak_lr" = [1e-3, 2e-3, 4e-3]

[sweep]
seeds = [1, 2]

[[arm]]
objective = "mlm"

[[arm]]
objective = "autoregressive"

[evaluate]
tasks  = [{ task = "minimal-pairs", pairs = 4 }]
points = 1

[report]
charts = []
"#;

/// Trials of two arms: three points, half of each rate (of which 2e-3 and 1e-3 are points), 4 times each (of which one is).
const TRIALS: usize = 2 * (3 + 1 + 2);

fn tuned(rest: &str) -> String {
    let tiny = Tiny {
        question: "Which is better where both are tuned?",
        rest,
        ..Tiny::default()
    };
    tiny.toml()
}

/// The ids of the runs that are done.
fn done(results: &Path) -> Vec<String> {
    let runs = results.join("runs");
    if !runs.is_dir() {
        return Vec::new();
    }
    let markers = files(&runs).into_iter().filter(|path| path.ends_with("DONE"));
    let name = |path: std::path::PathBuf| {
        path.parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    let mut ids: Vec<String> = markers.map(name).collect();
    ids.sort();
    ids
}

/// What the report says of tuning, and the scores.
fn told(workplace: &Workplace) -> Vec<String> {
    let report = std::fs::read_to_string(workplace.path("results/tuned/report/table.md")).unwrap();
    let sections = report
        .split("\n## ")
        .filter(|section| section.starts_with("Tuning") || section.starts_with("Minimal"));
    sections.map(str::to_owned).collect()
}

#[test]
fn trials_choose_what_is_trained_and_a_kill_changes_nothing() {
    let workplace = Workplace::new();
    workplace.write("tuned.toml", tuned(TUNED));
    let plan = text(&workplace.cloze(&["plan", "tuned.toml"]).stdout);
    for part in [
        "tuned first: 3 points for each arm at 50 % of the budget",
        "\n12 runs, ",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    let status = text(&workplace.cloze(&["status", "tuned.toml"]).stdout);
    assert_eq!(status.matches("  missing").count(), 2 * 3, "the trials: {status}");
    let waiting = TRIALS - 2 * 3 + 2 * 3 * 2;
    assert_eq!(
        status.matches("for after the trials of its arm").count(),
        waiting,
        "{status}"
    );
    let slurm = workplace.cloze(&["slurm", "tuned.toml"]);
    assert!(
        text(&slurm.stdout).contains("#SBATCH --array=0-5\n"),
        "{}",
        text(&slurm.stdout)
    );
    assert!(
        text(&slurm.stderr).contains("arms are tuned first"),
        "{}",
        text(&slurm.stderr)
    );

    // Killed when some trials have ended and others have not, and once more later.
    for least in [2, 7] {
        let run = ["run", "tuned.toml", "--jobs", "1", "--lease", "1"];
        let mut child = workplace.command(&run).spawn().unwrap();
        let since = Instant::now();
        while done(&workplace.path("results/tuned")).len() < least {
            assert!(since.elapsed() < Duration::from_secs(300) && child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let run = workplace.cloze(&["run", "tuned.toml", "--lease", "1"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let undisturbed = Workplace::new();
    undisturbed.write("tuned.toml", tuned(TUNED));
    let whole = undisturbed.cloze(&["run", "tuned.toml"]);
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let ids = done(&workplace.path("results/tuned"));
    assert_eq!(ids, done(&undisturbed.path("results/tuned")));
    // The trials, two runs of one point of each arm, and one beside it that is no point.
    assert_eq!(ids.len(), 6 + 4 + 2, "{ids:?}");
    let sections = told(&workplace);
    assert_eq!(sections, told(&undisturbed));
    assert!(sections.len() > 3, "{sections:?}");

    let report = text(&run.stdout);
    for part in [
        "Tuned at 50 % of the budget, on other seeds and by another judge: mlm peak_lr=0.00",
        "The order of the arms ",
        " at other learning rates, 0.5 to 4 times",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(
        report.contains("inside of what was tried") || report.contains("AT THE EDGE of what was tried"),
        "{report}"
    );
    // Trials are no arms of the comparison.
    let table = std::fs::read_to_string(workplace.path("results/tuned/report/table.csv")).unwrap();
    assert!(!table.contains("trial") && !table.contains("chosen by"), "{table}");
    assert!(!report.contains("not in the plan"), "{report}");
    let status = text(&workplace.cloze(&["status", "tuned.toml"]).stdout);
    assert_eq!(
        status.matches("the trials of its arm chose another point").count(),
        TRIALS + 12 - ids.len(),
        "{status}"
    );
    assert!(
        status.contains("mlm: peak_lr=0.00") && status.contains("as 3 trials say"),
        "{status}"
    );
    let again = workplace.cloze(&["run", "tuned.toml"]);
    assert!(
        text(&again.stderr).contains("every run that is needed has ended already"),
        "{}",
        text(&again.stderr)
    );
    workplace.write("lines.txt", "The dog sleeps.\n");
    let score = [
        "score",
        "results/tuned",
        "--arm",
        "mlm",
        "--seed",
        "1",
        "--text",
        "lines.txt",
    ];
    let score = workplace.cloze(&score);
    assert!(score.status.success(), "{}", text(&score.stderr));
    let doctor = workplace.cloze(&["doctor", "tuned.toml", "--lease", "1"]);
    assert!(doctor.status.success(), "{}", text(&doctor.stdout));
}

/// One arm; `grid` are the learning rates, of which the loss of masked tokens is to choose.
fn rates(grid: &str) -> String {
    tuned(&format!(
        r#"
[tune]
share = 0.5
seeds = [11]
judge = {{ task = "masked-loss", name = "chosen by", windows = 8 }}

[tune.grid]
"optimizer.peak_lr" = {grid}

{PLAIN}"#
    ))
}

/// The same without tuning.
const PLAIN: &str = r#"
[sweep]
seeds = [1, 2]

[[arm]]
objective = "mlm"

[evaluate]
tasks  = [{ task = "minimal-pairs", pairs = 4 }]
points = 1
"#;

impl Workplace {
    /// What a command says on both ways, and its exit status.
    fn said(&self, arguments: &[&str], status: i32) -> String {
        let found = self.cloze(arguments);
        let all = text(&found.stdout) + &text(&found.stderr);
        assert_eq!(found.status.code(), Some(status), "{arguments:?}: {all}");
        all
    }
}

#[test]
fn what_was_trained_at_a_point_that_is_no_longer_taken_is_told_as_outside_the_plan() {
    let workplace = Workplace::new();
    // The only point is the best, and nothing is learnt at it: among others it is not.
    workplace.write("tuned.toml", rates("[1e-9]"));
    workplace.said(&["run", "tuned.toml"], 0);
    workplace.write("tuned.toml", rates("[1e-9, 4e-3]"));
    let more = workplace.said(&["run", "tuned.toml"], 0);
    assert!(more.contains("mlm: peak_lr=0.004, as 2 trials say"), "{more}");
    let history = "after 3 runs had ended: 1 trial added, up to 2 runs may be others, how arms are tuned changed.";
    assert!(more.contains(history), "{more}");
    let outside = "2 runs at points that are not taken are outside the present plan, and nothing here is about them: mlm at \
                   peak_lr=1e-9 seed 1, mlm at peak_lr=1e-9 seed 2.";
    assert!(more.contains(outside), "{more}");
    let runs = || std::fs::read_to_string(workplace.path("results/tuned/report/runs.csv")).unwrap();
    assert_eq!(runs().matches("outside the plan").count(), 2, "{}", runs());
    // A space without the point: its trial is no part of the plan either, and what was never trained is not told.
    workplace.write("tuned.toml", rates("[4e-3, 5e-3]"));
    let changed = workplace.said(&["run", "tuned.toml"], 0);
    let outside = "3 runs of earlier plans are outside the present plan";
    assert!(changed.contains(outside), "{changed}");
    assert!(changed.contains("mlm peak_lr=1e-9 trial seed 11"), "{changed}");
    let at = |rate: &str| changed.contains(&format!("mlm: peak_lr={rate}, as 2 trials say"));
    assert!(at("0.004") || at("0.005"), "{changed}");
    // Another seed is a run of the arm, at whatever point, and no other way to tune it.
    let seeds = workplace.said(&["run", "tuned.toml", "--set", "sweep.seeds=[1, 2, 3]"], 0);
    assert!(seeds.contains(" runs had ended: 1 run added."), "{seeds}");
}

#[test]
fn what_was_trained_before_it_is_tuned_is_told_as_such_and_taken_where_its_point_is() {
    let workplace = Workplace::new();
    let set = ["--set", "optimizer.peak_lr=4e-3"];
    workplace.write("tuned.toml", tuned(PLAIN));
    workplace.said(&["run", "tuned.toml", set[0], set[1]], 0);
    workplace.write("tuned.toml", rates("[1e-9, 4e-3]"));
    // One trial of two: nothing is known of the point yet.
    let trial = "mlm peak_lr=0.004 trial";
    workplace.said(&["run", "tuned.toml", "--only", trial], 0);
    let report = workplace.said(&["report", "tuned.toml"], 0);
    assert!(
        report.contains("Trained before the trials of their arms have ended, as runs of before [tune] are: 2."),
        "{report}"
    );
    assert!(
        report.contains("2 before its trials") && !report.contains("not gathered"),
        "{report}"
    );
    let rest = workplace.said(&["run", "tuned.toml"], 0);
    assert!(
        rest.contains("1 trained, 3 done before"),
        "the other trial alone: {rest}"
    );
    assert!(
        !rest.contains("before its trials") && rest.contains("mlm: peak_lr=0.004"),
        "{rest}"
    );
}

#[test]
fn what_is_asked_for_by_a_seed_has_the_trials_first_that_it_needs() {
    let workplace = Workplace::new();
    workplace.write("tuned.toml", rates("[1e-9, 4e-3]"));
    let run = workplace.said(&["run", "tuned.toml", "--only", "seed=1"], 0);
    for part in [
        "the arms of these runs are tuned first: 2 trials choose at which points they are trained",
        "mlm: peak_lr=0.004, as 2 trials say",
        "3 trained, 0 done before",
        "1 runs were not needed",
    ] {
        assert!(run.contains(part), "{part}: {run}");
    }
    assert!(!run.contains("has ended already"), "{run}");
    let again = workplace.said(&["run", "tuned.toml", "--only", "seed=1"], 0);
    assert!(again.contains("every run that is needed has ended already"), "{again}");
}

#[test]
fn further_tasks_judge_what_was_trained_and_never_by_what_chose_its_point() {
    let workplace = Workplace::new();
    workplace.write("tuned.toml", rates("[1e-9, 4e-3]"));
    workplace.said(&["run", "tuned.toml"], 0);
    let eval = |task: &str, status: i32| workplace.said(&["eval", "results/tuned", "--tasks", task], status);
    let asked = eval("{ task = \"minimal-pairs\", name = \"more\", pairs = 6 }", 0);
    assert!(
        asked.contains("2 judged, 0 judged before") && !asked.contains("not judged"),
        "{asked}"
    );
    for (task, said) in [
        (
            "{ task = \"minimal-pairs\", name = \"chosen by\", pairs = 6 }",
            "the name of what judged the trials",
        ),
        (
            "{ task = \"masked-loss\", name = \"chosen by\", windows = 8 }",
            "it asks the same",
        ),
        ("masked-loss", "it asks the same"),
    ] {
        let refused = eval(task, 2);
        assert!(
            refused.contains(said) && refused.contains("--tasks"),
            "{task}: {refused}"
        );
    }
}

#[test]
fn a_trial_that_diverges_is_a_result_of_tuning() {
    let workplace = Workplace::new();
    workplace.write("tuned.toml", rates("[4e-3, 1e30]"));
    let run = workplace.said(&["run", "tuned.toml"], 0);
    for part in [
        "1 trials diverged: that is what their points come to",
        "mlm: peak_lr=0.004, as 2 trials say",
        "0 diverged, 0 failed",
    ] {
        assert!(run.contains(part), "{part}: {run}");
    }
    assert!(workplace.said(&["status", "tuned.toml"], 0).contains("DIVERGED"));
    assert!(workplace.said(&["run", "tuned.toml"], 0).contains("1 trials diverged"));
    // Where no point is left, the arm is not trained, and that is told.
    workplace.write("tuned.toml", rates("[1e30, 2e30]"));
    let none = workplace.said(&["run", "tuned.toml"], 1);
    for part in ["mlm is NOT TRAINED", "mlm: not trained, since no point has a trial"] {
        assert!(none.contains(part), "{part}: {none}");
    }
}

#[test]
fn trials_are_judged_by_the_loss_of_the_own_objective_where_that_is_asked_for() {
    let judge = "judge       = { task = \"minimal-pairs\", name = \"chosen by\", pairs = 4, set = \"development\", apart_from = 4 }";
    let text_of = TUNED
        .replace(judge, "judge       = \"held-out-loss\"")
        .replace("sensitivity = [0.5, 1, 4]\n", "")
        // A rate at which nothing is learnt is not taken by either arm.
        .replace("[1e-3, 2e-3, 4e-3]", "[1e-6, 4e-3]");
    let workplace = Workplace::new();
    workplace.write("tuned.toml", tuned(&text_of));
    let run = workplace.cloze(&["run", "tuned.toml"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let report = text(&run.stdout);
    let said = "Tuned at 50 % of the budget, on other seeds and by the held-out loss of each arm's own objective: mlm peak_lr=0.004, \
                autoregressive peak_lr=0.004.";
    assert!(report.contains(said), "{report}");
    let sections = told(&workplace).concat();
    assert!(!sections.contains("One setting for all"), "{sections}");
    assert!(
        sections.contains("losses of each arm's own objective")
            && sections.contains("Trials by Own objective: held-out loss (nats"),
        "{sections}"
    );
}
