//! Seeds until it is sure, as a person meets them: what is planned, queued and shown.

use crate::common::{Tiny, Workplace, text};

const UNTIL: &str = r#"
[sweep]
seeds = { from = 1, most = 8, until = "decided", effect = 0.001 }

[[arm]]
objective = "mlm"

[[arm]]
name = "still"
objective = "mlm"
set."optimizer.peak_lr" = 1e-9

[evaluate]
tasks  = ["masked-loss"]
points = 1
"#;

fn until(rest: &str) -> String {
    let tiny = Tiny {
        question: "When is it sure?",
        amount: "2k",
        rest,
        ..Tiny::default()
    };
    tiny.toml()
}

#[test]
fn the_plan_says_looks_and_slurm_queues_those_of_the_next_one() {
    let workplace = Workplace::new();
    workplace.write("until.toml", until(UNTIL));
    let plan = workplace.cloze(&["plan", "until.toml"]);
    assert!(plan.status.success(), "{}", text(&plan.stderr));
    let said = text(&plan.stdout);
    assert!(
        said.contains("looks after 4, 6, 8 seeds; comparisons: 1, at a level of 5 % together")
            && said.contains("at least 8 runs, at most 16"),
        "{said}"
    );
    let status = text(&workplace.cloze(&["status", "until.toml"]).stdout);
    assert_eq!(status.matches("  missing").count(), 8, "{status}");
    assert_eq!(
        status
            .matches("not needed yet: it is for the look after 6 seeds")
            .count(),
        4,
        "{status}"
    );
    let slurm = workplace.cloze(&["slurm", "until.toml"]);
    assert!(
        text(&slurm.stdout).contains("#SBATCH --array=0-7\n"),
        "{}",
        text(&slurm.stdout)
    );
    assert!(
        text(&slurm.stderr).contains("the runs of the next look"),
        "{}",
        text(&slurm.stderr)
    );

    let run = workplace.cloze(&["run", "until.toml"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let report = text(&run.stdout);
    assert!(report.contains("Seeds until decided"), "{report}");
    let (words, status) = (
        text(&run.stderr),
        text(&workplace.cloze(&["status", "until.toml"]).stdout),
    );
    let decided = words
        .lines()
        .find(|line| line.starts_with("still against mlm: different after "))
        .unwrap();
    assert!(status.contains(decided), "{status}");
    let spared = status.matches("not needed: its arm was decided").count();
    assert!(
        spared > 0 && words.contains(&format!("{spared} runs were not needed")),
        "{words}{status}"
    );
    let plan = text(&workplace.cloze(&["plan", "until.toml"]).stdout);
    assert!(plan.contains(&format!("saved: {spared} runs")), "{plan}");
    let doctor = workplace.cloze(&["doctor", "until.toml", "--lease", "1"]);
    assert!(
        text(&doctor.stdout).contains(&format!("{spared} of them not needed")),
        "{}",
        text(&doctor.stdout)
    );
    assert!(doctor.status.success(), "{}", text(&doctor.stdout));
    let slurm = workplace.cloze(&["slurm", "until.toml"]);
    assert!(
        text(&slurm.stderr).contains("every run that is needed has ended already"),
        "{}",
        text(&slurm.stderr)
    );
}

/// What is tried with every arm; a learning rate of 1e30 has no loss after a step.
const TUNED: &str = r#"
[tune]
share = 0.5
seeds = [11]
judge = { task = "minimal-pairs", pairs = 4, name = "chosen by" }

[tune.grid]
"options.rate" = [0.15, 0.3]

[[arm]]
name = "lost"
objective = "mlm"
set."optimizer.peak_lr" = 1e30
"#;

#[test]
fn an_arm_without_a_point_keeps_no_comparison_open_and_saves_nothing() {
    let workplace = Workplace::new();
    workplace.write("until.toml", until(&format!("{UNTIL}{TUNED}")));
    let run = workplace.cloze(&["run", "until.toml"]);
    let words = text(&run.stderr);
    assert_eq!(
        run.status.code(),
        Some(1),
        "an arm of the comparison is not trained: {words}"
    );
    for part in [
        "2 trials diverged: that is what their points come to",
        "lost is NOT TRAINED: every point that was tried diverged or gave no number",
        "lost against mlm: never decided, since one of them is not trained",
        "still against mlm: different after ",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // Every seed of both of its points, and no more, is spared for that.
    let status = text(&workplace.cloze(&["status", "until.toml"]).stdout);
    assert_eq!(
        status.matches("no point of its arm came to a score").count(),
        2 * 8,
        "{status}"
    );
    let decided = status.matches("not needed: its arm was decided").count();
    let report = text(&run.stdout);
    assert!(
        report.contains("1 of 2 comparisons; 1 never will be, since an arm of theirs takes no point"),
        "{report}"
    );
    assert_eq!(
        report.contains(&format!("That saved {decided} runs")),
        decided > 0,
        "{report}"
    );
    assert!(!report.contains("and 1 open"), "{report}");
    let again = workplace.cloze(&["slurm", "until.toml"]);
    assert!(
        text(&again.stderr).contains("every run that is needed has ended already"),
        "{}",
        text(&again.stderr)
    );

    // Alone, the other arm has the seeds of the first look, since nothing will ever be decided.
    let workplace = Workplace::new();
    let mut arms = UNTIL.split("[[arm]]");
    let (head, mlm) = (arms.next().unwrap(), arms.next().unwrap());
    let tasks = "[evaluate]\ntasks = [\"masked-loss\"]\npoints = 1\n";
    workplace.write("until.toml", until(&format!("{head}{tasks}[[arm]]{mlm}{TUNED}")));
    let run = workplace.cloze(&["run", "until.toml"]);
    let status = text(&workplace.cloze(&["status", "until.toml"]).stdout);
    let trained = status
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_hexdigit()) && line.ends_with("done"));
    assert_eq!(trained.count(), 2 + 4, "two trials and four seeds: {status}");
    assert_eq!(
        status
            .matches("nothing that its arm is compared with is trained")
            .count(),
        4,
        "{status}"
    );
    let report = text(&run.stdout);
    assert!(
        report.contains("1 never will be") && !report.contains("That saved"),
        "{report}"
    );
}
