//! The whole report on made-up results.

mod across;
mod baselines;
mod claims;
mod decided;
mod honest;
mod kept;
mod learnt;
mod made;
mod models;
mod orders;
mod outputs;
mod policy;
mod snapshots;
mod told;

use cloze_report::{Report, write};
use cloze_schema::chart::CHARTS;
use cloze_schema::parquet;
use made::{Made, MadeArm};
use std::fs;
use std::path::{Path, PathBuf};

/// Charts are left here to be looked at: `target/tmp/report/<case>/report/charts/*.png`.
fn folder(case: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report").join(case);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn markdown(made: &Made) -> String {
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    Report::read(folder.path()).unwrap().markdown
}

/// Numbers in full to six digits: the last ones are the machine's.
fn rounded(csv: &str) -> String {
    let cell = |cell: &str| match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') => format!("{number:.6}"),
        _ => cell.to_owned(),
    };
    let line = |line: &str| line.split(',').map(cell).collect::<Vec<_>>().join(",");
    csv.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn refusal(folder: &Path) -> String {
    match Report::read(folder) {
        Ok(_) => panic!("that is no report"),
        Err(fault) => fault.to_string(),
    }
}

#[track_caller]
fn says(text: &str, words: &str) {
    assert!(text.contains(words), "`{words}` is not in:\n{text}");
}

#[test]
fn a_whole_report_has_every_file_and_the_same_bytes_each_time() {
    let folder = folder("quickstart");
    Made::quickstart(3).write(&folder);
    let first = Report::read(&folder).unwrap().write(&folder).unwrap();
    let bytes: Vec<Vec<u8>> = first.iter().map(|file| fs::read(file).unwrap()).collect();
    let names: Vec<&str> = first
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap())
        .collect();
    for name in [
        "table.md",
        "table.csv",
        "table.tex",
        "index.html",
        "held-out-loss.png",
        "budgets.png",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert!(!names.contains(&"ratio.svg"), "no rate was swept");
    for (file, bytes) in first.iter().zip(&bytes) {
        let signature: &[u8] = if file.extension().unwrap() == "png" {
            b"\x89PNG"
        } else {
            b""
        };
        assert!(bytes.len() > 200 && bytes.starts_with(signature), "{}", file.display());
    }
    fs::write(folder.join("report/charts/ratio.svg"), "of an earlier report").unwrap();
    fs::write(folder.join("report/charts/mine.svg"), "somebody's own").unwrap();
    let second = Report::read(&folder).unwrap().write(&folder).unwrap();
    assert_eq!(first, second);
    for (file, bytes) in second.iter().zip(&bytes) {
        assert!(fs::read(file).unwrap() == *bytes, "{} changed", file.display());
    }
    let left = fs::read_dir(folder.join("report/charts")).unwrap().count();
    assert_eq!(left, 10 + 1, "scratch or a stale chart was left");
}

#[test]
fn every_chart_of_the_table_is_drawn_under_its_own_name_and_stands_on_the_page_once() {
    let folder = folder("charts");
    let mut made = Made::everything(3);
    made.phenomena.extend([0, 1].map(|layer| format!("tags/layer-{layer}")));
    made.charts = CHARTS.iter().map(|facts| facts.word).collect();
    made.write(&folder);
    let page = write(&folder).unwrap().page;
    for facts in CHARTS {
        let svg = fs::read_to_string(folder.join(format!("report/charts/{}.svg", facts.word))).unwrap();
        assert!(
            svg.contains("<circle") || svg.contains("<polygon"),
            "{} is empty",
            facts.word
        );
        let title = svg
            .split("aria-label=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap();
        assert_eq!(
            page.matches(&format!("aria-label=\"{title}\"")).count(),
            1,
            "{}",
            facts.word
        );
        assert!(!facts.meaning.is_empty());
    }
    // What the marks mean stands once on the page: under a drawing, and not in it.
    assert_eq!(page.matches("<figcaption>").count(), CHARTS.len());
    assert_eq!(
        page.matches("Thick line with symbols: mean over seeds at every judgement")
            .count(),
        1
    );
    let drawn = fs::read_dir(folder.join("report/charts")).unwrap().count();
    assert_eq!(drawn, 2 * CHARTS.len(), "two charts have one name");
}

#[test]
fn layers_have_a_table_of_their_own_and_are_no_phenomena() {
    let layers = [0, 1].map(|layer| format!("tags/layer-{layer}"));
    let mut made = Made::quickstart(5);
    let phenomena = made.phenomena.len();
    made.phenomena.extend(layers.clone());
    made.charts = vec!["phenomena"];
    let text = markdown(&made);
    let section = |title: &str| {
        text.split(title)
            .nth(1)
            .unwrap()
            .split("\n## ")
            .next()
            .unwrap()
            .to_owned()
    };
    let of_layers = section("## Minimal pairs: accuracy by layer\n");
    assert!(
        of_layers.contains("| tags/layer-0") && !of_layers.contains("above chance |"),
        "{of_layers}"
    );
    assert!(
        of_layers.matches("| untrained |").count() == 1 && of_layers.matches(" 31.2 |").count() == 2,
        "{of_layers}"
    );
    let of_phenomena = section("## Minimal pairs: accuracy by phenomenon\n");
    assert!(
        of_phenomena.contains(&format!(" of {phenomena} |")) && !of_phenomena.contains("layer"),
        "{of_phenomena}"
    );
    made.phenomena = layers.to_vec();
    let text = markdown(&made);
    says(
        &text,
        "The chart phenomena is not drawn: no evaluation of this experiment has parts.",
    );
    assert!(!text.contains("by phenomenon"), "{text}");
}

#[test]
fn three_seeds_can_never_pass_the_exact_test_and_the_report_says_so() {
    let text = markdown(&Made::quickstart(3));
    says(&text, "15 runs planned: 15 done, 0 diverged, 0 failed, 0 missing.");
    says(
        &text,
        "With 3 common seeds the exact sign-flip test cannot give less than p = 0.250, so with 4 comparisons",
    );
    says(&text, "that takes 8 seeds");
    assert!(!text.contains("is better than"), "{text}");
    says(&text, "more seeds for 80 % power");
    says(&text, "Not a ranking");
}

#[test]
fn enough_seeds_give_verdicts_and_bold_only_what_is_not_told_apart() {
    let text = markdown(&Made::quickstart(9));
    says(&text, "electra is better than mlm: +");
    says(&text, "autoregressive is worse than mlm: -");
    let bold: Vec<&str> = text.lines().filter(|line| line.contains("**")).collect();
    assert!(bold.iter().all(|line| line.starts_with("| electra")), "{bold:?}");
    // Lower is better for a loss: the best arm has the lowest, and its difference is negative.
    says(&text, "Masked-token loss (nats per token); lower is better");
    says(&text, "electra is better than mlm: -0.");
}

#[test]
fn nearly_equal_arms_are_all_bold() {
    let mut made = Made::quickstart(4);
    made.arms.truncate(2);
    made.arms[1].quality = made.arms[0].quality + 0.001;
    made.tasks = vec!["minimal-pairs"];
    let text = markdown(&made);
    assert_eq!(text.lines().filter(|line| line.contains("**")).count(), 2, "{text}");
    says(&text, "whole-word against mlm: no evidence of a difference");
}

#[test]
fn one_seed_has_no_interval_and_says_so() {
    let folder = folder("one-seed");
    let mut made = Made::quickstart(1);
    made.arms.truncate(1);
    made.write(&folder);
    let text = write(&folder).unwrap().table;
    says(&text, "An arm with one seed has no standard deviation and no interval.");
    assert!(!text.contains("± 0") && !text.contains(" against mlm"), "{text}");
    let charts = fs::read_to_string(folder.join("report/charts/learning-curves.svg")).unwrap();
    says(&charts, "mlm (1\u{a0}seed, no\u{a0}interval)");
}

#[test]
fn diverged_missing_and_failed_runs_are_counted_and_left_out() {
    let folder = folder("incomplete");
    let mut made = Made::quickstart(4);
    made.diverged = vec![(0, 2)];
    made.missing = vec![(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4)];
    made.write(&folder);
    let run = folder.join("runs/0000000100000001");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("FAILED"), "{}").unwrap();
    let text = write(&folder).unwrap().table;
    says(&text, "20 runs planned: 13 done, 1 diverged, 1 failed, 5 missing.");
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split('|')
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(row("| mlm "), ["mlm", "4", "3", "1", "0", "0", "1 3 4"]);
    assert_eq!(row("| whole-word"), ["whole-word", "4", "2", "0", "1", "1", "3 4"]);
    assert_eq!(row("| span"), ["span", "4", "0", "0", "0", "4", "–"]);
    // Pairs are the seeds that both have.
    assert!(
        text.lines()
            .any(|line| line.starts_with("| whole-word") && line.contains("|     2 |")),
        "{text}"
    );
}

#[test]
fn no_metrics_at_all_still_give_a_report() {
    let folder = folder("empty");
    let made = Made::quickstart(2);
    made.write(&folder);
    fs::remove_file(folder.join("metrics.parquet")).unwrap();
    says(
        &write(&folder).unwrap().table,
        "10 runs planned: 0 done, 0 diverged, 0 failed, 10 missing.",
    );
    let none = Made {
        missing: (0..5).flat_map(|arm| [(arm, 1), (arm, 2)]).collect(),
        ..made
    };
    none.write(&folder);
    let files = Report::read(&folder).unwrap().write(&folder).unwrap();
    assert!(
        files.iter().all(|file| !file.to_string_lossy().contains("charts")),
        "{files:?}"
    );
}

#[test]
fn what_is_not_a_number_is_left_out_by_name() {
    let mut made = Made::quickstart(3);
    made.broken = vec![(3, 2)];
    let text = markdown(&made);
    says(
        &text,
        "electra, seed 2: minimal-pairs accuracy is not a finite number; left out.",
    );
    assert!(!text.contains("NaN"), "{text}");
    assert!(
        text.lines()
            .any(|line| line.starts_with("| electra") && line.contains("|     2 |")),
        "{text}"
    );
}

#[test]
fn names_cannot_become_markup() {
    let folder = folder("names");
    let mut made = Made::quickstart(2);
    let names = ["a<b>&\"c\"", "größer, 50 % | x_y", "日本語 \\textbf{x}"];
    made.arms = names.map(|name| MadeArm::new(name, "mlm", 0.5)).to_vec();
    made.arms[1].quality = 0.7;
    made.phenomena = vec!["gap <filler>".to_owned(), "naïve & sons".to_owned()];
    made.baseline = None;
    made.write(&folder);
    let told = write(&folder).unwrap().table;
    says(&told, "a&lt;b&gt;&amp;\"c\"");
    says(&told, "größer, 50 % \\| x_y");
    says(&told, "The experiment names no baseline: its first arm");
    let page = fs::read_to_string(folder.join("report/index.html")).unwrap();
    says(&page, "a&lt;b&gt;&amp;&quot;c&quot;");
    says(&page, "Which objective &lt;learns&gt; most &amp; soonest?");
    assert!(!page.contains("<b>") && !page.contains("<script") && !page.contains("<filler>"));
    let tex = fs::read_to_string(folder.join("report/table.tex")).unwrap();
    says(&tex, "gr\u{f6}ßer, 50 \\% \\textbar{} x\\_y");
    says(&tex, "\\textbackslash{}textbf\\{x\\}");
    let csv = fs::read_to_string(folder.join("report/table.csv")).unwrap();
    says(&csv, "minimal-pairs,accuracy,\"a<b>&\"\"c\"\"\",0.5,true,2,");
}

#[test]
fn twelve_arms_fit_the_charts() {
    let folder = folder("twelve");
    let mut made = Made::quickstart(3);
    let arm = |i: usize| {
        let name = format!("mlm rate=0.{i:02} width={}", 64 << (i % 3));
        MadeArm::new(name, "mlm", 0.3 + 0.05 * i as f64)
    };
    made.arms = (0..12).map(arm).collect();
    made.baseline = Some("mlm rate=0.00 width=64");
    made.write(&folder);
    let report = write(&folder).unwrap();
    says(&report.table, "36 runs planned: 36 done");
}

#[test]
fn the_ratio_chart_has_a_point_for_every_rate_and_a_panel_for_every_task() {
    let folder = folder("ratios");
    Made::ratios(3).write(&folder);
    write(&folder).unwrap();
    let chart = fs::read_to_string(folder.join("report/charts/ratio.svg")).unwrap();
    for words in [
        "masking rate (% of tokens)",
        "Minimal pairs: accuracy (%)",
        "Masked-token loss (nats per token)",
        "\n80\n",
        "chance",
    ] {
        says(&chart, words);
    }
    let ids = chart.matches("<circle").count();
    assert!(ids >= 7 * 3 * 2, "{ids} circles");
}

#[test]
fn several_tasks_with_chance_have_a_mean_over_tasks_per_seed() {
    let mut made = Made::quickstart(3);
    made.tasks = vec!["minimal-pairs", "blimp"];
    let text = markdown(&made);
    says(&text, "## Mean over tasks, chance-normalised score\n");
}

#[test]
fn a_damaged_or_foreign_file_is_a_fault_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, metrics) = (folder.path(), folder.path().join("metrics.parquet"));
    says(&refusal(path), "plan.json");
    Made::quickstart(2).write(path);
    let whole = fs::read(&metrics).unwrap();
    let mut cases = vec![Vec::new(), b"not parquet".to_vec(), whole[..whole.len() / 2].to_vec()];
    for place in (0..whole.len()).step_by((whole.len() / 60).max(1)) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x5a;
        cases.push(damaged);
    }
    for (case, bytes) in cases.iter().enumerate() {
        fs::write(&metrics, bytes).unwrap();
        // Some flipped bits hit values only and cannot be noticed; what is noticed is a fault.
        match Report::read(path) {
            Ok(_) => assert!(case > 2),
            Err(fault) => says(&fault.to_string(), "metrics.parquet"),
        }
    }
    fs::write(&metrics, &whole).unwrap();
    fs::remove_dir_all(path.join("plans")).unwrap();
    fs::write(path.join("plan.json"), "{\"experiment\": 3}").unwrap();
    says(&refusal(path), "plan.json` is not a plan");
}

#[test]
fn a_foreign_table_is_a_fault_that_names_the_column() {
    let folder = tempfile::tempdir().unwrap();
    Made::quickstart(1).write(folder.path());
    let columns = vec![polars::prelude::Column::new("x".into(), vec![1.0])];
    let mut frame = polars::prelude::DataFrame::new(1, columns).unwrap();
    let file = fs::File::create(folder.path().join("metrics.parquet")).unwrap();
    let version = vec![(parquet::SCHEMA_KEY.to_owned(), cloze_schema::SCHEMA_VERSION.to_string())];
    polars::prelude::ParquetWriter::new(file)
        .with_key_value_metadata(Some(polars::prelude::KeyValueMetadata::from_static(version)))
        .finish(&mut frame)
        .unwrap();
    let fault = refusal(folder.path());
    assert!(fault.contains("metrics.parquet") && fault.contains("run"), "{fault}");
}

#[test]
fn a_plan_of_cloze_0_1_is_read_as_it_was_meant() {
    let folder = folder("old");
    let mut made = Made::ratios(3);
    made.arms.iter_mut().for_each(|arm| arm.stem = None);
    made.charts = vec!["ratio", "learning-curves"];
    made.write(&folder);
    says(&write(&folder).unwrap().table, "mlm rate=0.3 against mlm rate=0.15");
    let charts = folder.join("report/charts");
    says(&fs::read_to_string(charts.join("ratio.svg")).unwrap(), "\n80\n");
    assert!(
        charts.join("held-out-loss.svg").exists(),
        "it came with the learning curves"
    );
}

#[test]
fn a_rule_is_told_of_where_sentences_are_scored_by_one_and_nowhere_else() {
    let folder = folder("rules");
    let made = |tasks: Vec<&'static str>| {
        let mut made = Made::quickstart(3);
        made.arms
            .retain(|arm| ["mlm", "autoregressive"].contains(&arm.name.as_str()));
        made.tasks = tasks;
        made.write(&folder);
        let path = folder.join("plan.json");
        let mut plan: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        plan["objectives"] = serde_json::json!([
            { "objective": "mlm", "rule": "pseudo-log-likelihood" },
            { "objective": "autoregressive", "rule": "left-to-right" },
        ]);
        fs::write(&path, plan.to_string()).unwrap();
        Report::read(&folder).unwrap().markdown
    };
    let differ = "Sentences are scored by another rule";
    let scored = made(vec!["minimal-pairs", "classification"]);
    assert!(scored.contains(differ), "{scored}");
    let section = |title: &str| {
        let rest = scored
            .split(&format!("## {title}\n"))
            .nth(1)
            .unwrap_or_else(|| panic!("{title}: {scored}"));
        rest.split("\n## ").next().unwrap().to_owned()
    };
    assert!(section("Minimal pairs: accuracy").contains("scored by"));
    assert!(!section("classification: accuracy").contains("scored by"));
    // Where a head on the encoder answers, no rule differs.
    let tuned = made(vec!["classification"]);
    assert!(!tuned.contains(differ) && !tuned.contains("scored by"), "{tuned}");
}

#[test]
fn a_ceiling_is_a_row_of_the_table_and_a_line_of_the_charts() {
    let folder = folder("ceiling");
    let mut made = Made::quickstart(3);
    made.ceiling = Some(0.925);
    made.write(&folder);
    let report = write(&folder).unwrap();
    let row = report.markdown.lines().find(|line| line.starts_with("| ceiling"));
    assert!(row.is_some_and(|row| row.contains("92.5")), "{}", report.markdown);
    let svg = |chart: &str| fs::read_to_string(folder.join(format!("report/charts/{chart}.svg"))).unwrap();
    // In the panel of all arms, and in that of each.
    assert_eq!(
        svg("learning-curves").matches("\nceiling\n").count(),
        1 + made.arms.len()
    );
    assert!(report.page.contains("Dotted lines: chance, and the ceiling"));
    assert!(report.page.contains("Line across a row: its ceiling"));
    made.ceiling = None;
    made.write(&folder);
    let without = write(&folder).unwrap();
    assert!(!without.markdown.contains("ceiling") && !without.page.contains("ceiling"));
}
