//! Arms that are tuned first, as a person meets them: planned, queued, killed, gone on with, and told.

use crate::common::{Workplace, files, text};
use std::path::Path;
use std::time::{Duration, Instant};

const TUNED: &str = r#"
question = "Which is better where both are tuned?"

[corpus]
tokenizer = { kind = "wordpiece", vocab = 256 }
words     = "20k"

[encoder]
width  = 32
layers = 1
window = 48

[budget]
amount = "4k"
batch  = 8

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
    workplace.write("tuned.toml", TUNED);
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
    undisturbed.write("tuned.toml", TUNED);
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
