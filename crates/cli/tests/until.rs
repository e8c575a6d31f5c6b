//! Seeds until it is sure, as a person meets them: what is planned, queued and shown.

use crate::common::{Workplace, text};

const UNTIL: &str = r#"
question = "When is it sure?"

[corpus]
tokenizer = { kind = "wordpiece", vocab = 256 }
words     = "20k"

[encoder]
width  = 32
layers = 1
window = 48

[budget]
amount = "2k"
batch  = 8

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

#[test]
fn the_plan_says_looks_and_slurm_queues_those_of_the_next_one() {
    let workplace = Workplace::new();
    workplace.write("until.toml", UNTIL);
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
