//! What goes round a results folder: terminals that go away, names that are options or escapes, clocks, replaced programs.
#![cfg(unix)]

use crate::common::Workplace;
use crate::store::experiment::{JUDGED, STEPS, cloze, doctor, experiment, finished, runs, says};
use cloze_foundation::files::list;
use cloze_schema::parquet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs through a shell; its status.
fn shell(workplace: &Workplace, script: &str) -> i32 {
    let mut child = Command::new("bash")
        .args(["-c", script])
        .current_dir(workplace.path(""))
        .env("CLOZE", env!("CARGO_BIN_EXE_cloze"))
        .env_remove("CLOZE_DATA")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(120) {
            let _ = child.kill();
            panic!("{script}: it hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait().unwrap().code().unwrap()
}

#[test]
fn a_terminal_that_goes_away_ends_and_holds_up_nothing() {
    for (script, what) in [
        ("$CLOZE run x.toml 2>/dev/full; test $? = 0", "a full device"),
        (
            "$CLOZE run x.toml 2>&1 | head -n 1 >/dev/null; test ${PIPESTATUS[0]} = 0",
            "a reader that leaves",
        ),
        ("$CLOZE run x.toml 2>&-; test $? = 0", "a closed stderr"),
        // A pipe that nobody empties: 64 KiB and then it is full, before cloze has said a word.
        (
            "mkfifo full; sleep 60 <>full & held=$!; (head -c 65536 /dev/zero >full) & sleep 0.2; \
             $CLOZE run x.toml 2>full; status=$?; kill $held %2; test $status = 0",
            "a pipe that is full",
        ),
    ] {
        let workplace = Workplace::new();
        let many = experiment("fragment", STEPS, JUDGED).replace("seeds = [1]", "seeds = [1, 2]");
        workplace.write("x.toml", many);
        assert_eq!(shell(&workplace, script), 0, "{what}");
        let done = runs(&workplace)
            .iter()
            .filter(|run| run.path().join("DONE").exists())
            .count();
        assert_eq!(done, 2, "{what}");
        assert!(
            workplace.path("results/x/report/index.html").exists(),
            "{what}: there is no report"
        );
    }
}

#[test]
fn names_that_are_options_dots_or_escapes_are_only_names() {
    let workplace = Workplace::new();
    let arm = "name = \"-dropout\"\n";
    workplace.write(
        "-x.toml",
        experiment("fragment", STEPS, arm)
            .replace("Is it true?", "Is \\u001b[2J it?")
            // The usual judges of the built-in language read whole sentences.
            .replace("window = 16", "window = 48"),
    );
    let (status, said) = cloze(&workplace, &["run", "--results=-r", "--", "-x.toml"]);
    assert_eq!(status, 0, "{said}");
    assert!(workplace.path("-r/-x/report/index.html").exists());
    for command in [&["plan"][..], &["status", "--results=-r"], &["report", "--results=-r"]] {
        let (status, said) = cloze(&workplace, &[command, &["--", "-x.toml"]].concat());
        assert_eq!(status, 0, "{said}");
        assert!(!said.contains('\u{1b}'), "{command:?}: {said:?}");
    }
    for name in ["...toml", ".cache.toml", ".toml"] {
        workplace.write(name, experiment("fragment", STEPS, ""));
        let before = workplace.names();
        let (status, said) = cloze(&workplace, &["run", &format!("./{name}"), "--results", "here"]);
        assert_eq!(status, 2, "{name}: {said}");
        says(&said, &["gives its results no name", "rename the file"]);
        assert_eq!(workplace.names(), before);
    }
}

#[test]
fn words_of_a_failure_steer_no_terminal_and_a_huge_key_does_not_flood() {
    let (workplace, run) = finished();
    std::fs::remove_file(run.path().join("DONE")).unwrap();
    let failed = serde_json::json!({ "reason": "\u{1b}]0;owned\u{7}\u{9b}2J", "stderr": [] });
    std::fs::write(run.path().join("FAILED"), failed.to_string()).unwrap();
    for (status, said) in [cloze(&workplace, &["status", "x.toml"]), doctor(&workplace)] {
        assert_eq!(status, 1, "{said}");
        says(&said, &["FAILED", "\\u{1b}]0;owned"]);
        assert!(
            !said.chars().any(|letter| letter.is_control() && letter != '\n'),
            "{said:?}"
        );
    }
    let key = "k".repeat(1 << 20);
    workplace.write("huge.toml", format!("{key} = 1\n{}", experiment("fragment", STEPS, "")));
    let started = Instant::now();
    let (status, said) = cloze(&workplace, &["plan", "huge.toml"]);
    assert_eq!(status, 2);
    assert!(
        said.len() < 20_000 && started.elapsed() < Duration::from_secs(20),
        "{} bytes",
        said.len()
    );
}

#[test]
fn a_million_seeds_are_refused_at_once() {
    let workplace = Workplace::new();
    let seeds: Vec<String> = (0..1_000_000).map(|seed| seed.to_string()).collect();
    let text = experiment("fragment", STEPS, "").replace("[1]", &format!("[{}]", seeds.join(",")));
    workplace.write("x.toml", text);
    let started = Instant::now();
    let (status, said) = cloze(&workplace, &["plan", "x.toml"]);
    assert_eq!(status, 2);
    says(&said, &["1000000 seeds", "up to 100000 runs"]);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn runs_that_a_clock_ends_are_trained_one_at_a_time_and_say_what_else_ran() {
    let workplace = Workplace::new();
    let seconds = "equalise = \"seconds\"\namount = 1";
    let text = experiment("fragment", seconds, JUDGED).replace("seeds = [1]", "seeds = [1, 2]");
    workplace.write("x.toml", text);
    let (status, said) = cloze(&workplace, &["run", "x.toml", "--jobs", "2"]);
    assert_eq!(status, 2, "{said}");
    says(&said, &["--jobs", "share the seconds"]);
    // Two processes on one plan: still one run at a time.
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_cloze"))
            .args(["run", "x.toml"])
            .current_dir(workplace.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let first = start();
    std::thread::sleep(Duration::from_millis(300));
    let second = start();
    for mut child in [first, second] {
        assert!(child.wait().unwrap().success());
    }
    let mut times = Vec::new();
    for run in runs(&workplace) {
        assert_eq!(list(&run.attempts()).unwrap().len(), 1);
        let path = run.attempt(1).join("provenance.json");
        let provenance = cloze_runner::provenance::Provenance::read(&path).unwrap();
        times.push((provenance.started, provenance.ended.unwrap()));
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(provenance.threads, cores, "all of the machine");
        if cfg!(target_os = "linux") {
            assert!(provenance.load_average.is_some() && provenance.cores_elsewhere.is_some());
        }
    }
    times.sort_unstable();
    assert!(times[0].1 <= times[1].0, "two at once: {times:?}");
    let bytes = std::fs::read(workplace.path("results/x/metrics.parquet")).unwrap();
    let attempts = parquet::from_bytes(&bytes).unwrap();
    let rows = attempts.iter().flat_map(|attempt| &attempt.rows);
    let elsewhere = rows
        .filter(|row| row.metric == cloze_schema::metric::CORES_ELSEWHERE)
        .count();
    assert_eq!(elsewhere, if cfg!(target_os = "linux") { 2 } else { 0 });
}

#[test]
fn a_program_that_is_replaced_during_a_sweep_changes_no_run() {
    let workplace = Workplace::new();
    let program = workplace.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_cloze"), &program).unwrap();
    workplace.write(
        "x.toml",
        experiment("fragment", "equalise = \"steps\"\namount = 400", JUDGED).replace("seeds = [1]", "seeds = [1, 2]"),
    );
    let mut child = Command::new(&program)
        .args(["run", "x.toml", "--jobs", "1"])
        .current_dir(workplace.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while list(&workplace.path("results/x/runs")).unwrap_or_default().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    // Another program takes its place, as a build does it.
    workplace.write("other", "#!/bin/sh\nexit 9\n");
    make_executable(&workplace.path("other"));
    std::fs::rename(workplace.path("other"), &program).unwrap();
    assert!(child.wait().unwrap().success(), "children are the parent's own image");
    let done = runs(&workplace)
        .iter()
        .filter(|run| run.path().join("DONE").exists())
        .count();
    assert_eq!(done, 2);
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_array_job_takes_at_least_one_core_and_one_task() {
    let workplace = Workplace::new();
    workplace.write("x.toml", experiment("fragment", STEPS, ""));
    for option in ["--cores", "--at-once"] {
        let (status, said) = cloze(&workplace, &["slurm", "x.toml", option, "0"]);
        assert_eq!(status, 2, "{option}: {said}");
        says(&said, &["from 1"]);
    }
}
