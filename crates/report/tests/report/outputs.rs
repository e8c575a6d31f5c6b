//! What a report leaves: the page, the tables in every format, the charts.

use crate::made::{Made, MadeArm};
use crate::{folder, says};
use cloze_report::write;
use polars::prelude::SerReader;
use std::fs;

#[test]
fn the_verdict_stands_first_with_what_was_compared_on_what() {
    let mut made = Made::quickstart(9);
    made.data = true;
    let folder = folder("verdict");
    made.write(&folder);
    let report = write(&folder).unwrap();
    assert!(
        report.table.starts_with(
            "## Verdict\n\nMinimal pairs: accuracy (%), highest mean first, chance 50.0, 9 seeds: electra "
        )
    );
    assert!(report.table.trim_end().ends_with(&report.verdict), "and last");
    let first = report.page.find("class=\"verdict\"").unwrap();
    assert!(first < report.page.find("<h2>").unwrap());
    for words in [
        "All of them are above chance.",
        "Established, arm against mlm: ",
        "electra (+",
    ] {
        says(&report.verdict, words);
    }
    for (word, said) in [
        (
            "corpus",
            "source fragment; tokenizer.kind wordpiece; tokenizer.vocab 2048",
        ),
        ("encoder", "preset modern; width 128; window 64"),
        ("optimizer", "kind adamw; peak_lr 0.003"),
        ("command", "cloze run made.toml"),
    ] {
        says(&report.page, &format!("<dt>{word}</dt><dd>{said}</dd>"));
        says(&report.markdown, &format!("- {word}: {said}\n"));
    }
    says(&report.page, "<dt>data</dt><dd>");
    // The scoring rule and the rate beside each arm.
    let row = report
        .table
        .lines()
        .find(|line| line.starts_with("| mlm ") && line.contains("pseudo"))
        .unwrap();
    says(row, "pseudo-log-likelihood |   0.003 |");
}

#[test]
fn a_chart_that_cannot_be_drawn_is_told() {
    let folder = folder("undrawn");
    Made::quickstart(3).write(&folder);
    let report = write(&folder).unwrap();
    let why = "The chart ratio is not drawn: no two arms with a score differ in a number at options.rate only.";
    for text in [&report.table, &report.markdown, &report.page] {
        says(text, why);
    }
}

#[test]
fn the_planned_runs_have_their_factors_as_columns() {
    let folder = folder("runs");
    let mut made = Made::ratios(2);
    made.missing = vec![(1, 2)];
    made.write(&folder);
    write(&folder).unwrap();
    let csv = fs::read_to_string(folder.join("report/runs.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "run,arm,stem,base,seed,ending,objective,data,options.rate");
    assert_eq!(lines[1], "0000000000000001,mlm rate=0.1,mlm rate=0.1,,1,done,mlm,,0.1");
    assert_eq!(
        lines[4],
        "0000000100000002,mlm rate=0.15,mlm rate=0.15,,2,missing,mlm,,0.15"
    );
    let file = fs::File::open(folder.join("report/runs.parquet")).unwrap();
    let frame = polars::prelude::ParquetReader::new(file).finish().unwrap();
    assert_eq!((frame.height(), frame.width()), (14, 9));
    let rates = frame.column("options.rate").unwrap().f64().unwrap();
    assert_eq!((rates.get(0), rates.get(13)), (Some(0.1), Some(0.8)));
}

#[test]
fn a_formula_in_a_name_is_text_in_every_csv() {
    let folder = folder("formulas");
    let mut made = Made::quickstart(2);
    made.arms = ["=1+2", "+cmd|' /C calc'!A0", "@SUM(1,1)", "-2+3"]
        .map(|name| MadeArm::new(name, "mlm", 0.5))
        .to_vec();
    made.baseline = None;
    made.write(&folder);
    write(&folder).unwrap();
    for name in ["table.csv", "runs.csv"] {
        let csv = fs::read_to_string(folder.join("report").join(name)).unwrap();
        for cell in csv.lines().flat_map(|line| line.split(',')) {
            let is_formula = cell.trim_start_matches('"').starts_with(['=', '+', '@', '-']);
            assert!(!is_formula || cell.parse::<f64>().is_ok(), "{cell} in {name}");
        }
    }
}

#[test]
fn a_thousand_arms_make_a_page_of_a_few_arms_and_a_table() {
    let folder = folder("thousand");
    let mut made = Made::quickstart(3);
    made.phenomena.truncate(4);
    made.items = true;
    made.arms = (0..1_000)
        .map(|index| {
            MadeArm::new(format!("mlm rate=0.{index:04}"), "mlm", f64::from(index) / 1e3)
                .with("options.rate", f64::from(index) / 1e4)
        })
        .collect();
    made.baseline = Some("mlm rate=0.0007");
    made.write(&folder);
    let started = std::time::Instant::now();
    let report = write(&folder).unwrap();
    // Ten seconds in a release build; this one is slower, and the machine may be busy.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    assert!(report.page.len() < 5_000_000, "{} bytes", report.page.len());
    says(
        &report.page,
        "12 of 1000 arms are shown, whatever the table or chart is about: those with the best means of Minimal pairs: accuracy, and \
         their baselines. What is known of the other 988 is in table.csv.",
    );
    says(
        &report.page,
        "what is established of their differences, is told of 40 of the 1000: those with the best means of Minimal pairs: \
         accuracy, and their baselines.",
    );
    says(
        &report.page,
        "40 of 1000 arms are told of one by one, whatever the table or chart is about: those with the best means of Minimal pairs: \
         accuracy, and their baselines. What is known of the other 960 is in table.csv.",
    );
    // All are in the table, twelve in the charts.
    assert_eq!(
        report
            .csv
            .lines()
            .filter(|line| line.starts_with("minimal-pairs,accuracy,"))
            .count(),
        1_000
    );
    // Of the rates some are drawn, spread over all.
    let ratio = fs::read_to_string(folder.join("report/charts/ratio.svg")).unwrap();
    let circles = ratio.matches("<circle").count();
    assert!((60..2_000).contains(&circles), "{circles}");
    let curves = fs::read_to_string(folder.join("report/charts/learning-curves.svg")).unwrap();
    let legend: Vec<&str> = curves
        .lines()
        .filter(|line| line.starts_with("mlm rate=") && line.len() == 15)
        .collect();
    assert!(
        legend.len() == 12 && legend.contains(&"mlm rate=0.0007") && !legend.contains(&"mlm rate=0.0500"),
        "{legend:?}"
    );
    let picture = fs::read(folder.join("report/charts/learning-curves.png")).unwrap();
    let info = png_size(&picture);
    assert!(info.1 < 6_000, "{info:?}");
}

/// Width and height of a PNG, from its header.
fn png_size(file: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Two processes may write one report. What one is writing is not an older table to the other.
#[test]
fn what_another_process_is_writing_is_not_removed_and_an_older_table_is() {
    let folder = folder("two-writers");
    Made::quickstart(3).write(&folder);
    write(&folder).unwrap();
    let tables = folder.join("report/tables");
    let one = fs::read_dir(&tables).unwrap().next().unwrap().unwrap().path();
    let (being_written, older) = (tables.join(".part-00000000-1-abc"), tables.join("older.tex"));
    fs::copy(&one, &being_written).unwrap();
    fs::copy(&one, &older).unwrap();
    write(&folder).unwrap();
    assert!(being_written.exists() && !older.exists());
}

/// The engines of this machine set the tables of a report with nasty names in a plain article, without a box that is too wide.
#[test]
fn tables_fit_a_page_under_every_engine_that_is_here() {
    let folder = folder("tables");
    let mut made = Made::quickstart(3);
    let names = [
        "50 % & $x_1$ {a}\\alpha",
        "CJK 掩码语言模型",
        "emoji 🤖 MLM",
        "β₁=0.9, λ→0",
        "עברית עם mlm",
        "[0.15] first",
        "größer \"x\"",
    ];
    made.arms = names.map(|name| MadeArm::new(name, "mlm", 0.5)).to_vec();
    made.arms.push(MadeArm::new(
        format!("very long arm name {}", "x".repeat(180)),
        "mlm",
        0.6,
    ));
    made.baseline = None;
    made.items = true;
    made.claims = vec![(
        "it is so, and it is said here in a rather long sentence that no column holds",
        "above_chance(minimal-pairs, emoji 🤖 MLM)",
    )];
    made.write(&folder);
    write(&folder).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.join("report/tables"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.contains(&"minimal-pairs-accuracy.tex".to_owned()), "{names:?}");
    let inputs: String = names
        .iter()
        .map(|name| format!("\\input{{report/tables/{name}}}\\clearpage\n"))
        .collect();
    let own = "{\\newcommand{\\clozelabel}{tab:mine}\\input{report/tables/coverage.tex}}\nSee Table~\\ref{tab:mine}.\n";
    let article = format!(
        "\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{inputs}{own}\\input{{report/table.tex}}\n\\end{{document}}\n"
    );
    fs::write(folder.join("main.tex"), article).unwrap();
    for engine in ["pdflatex", "xelatex", "lualatex"] {
        let set = std::process::Command::new(engine)
            .args(["-interaction=nonstopmode", "-halt-on-error", "main.tex"])
            .current_dir(&folder)
            .output();
        let Ok(set) = set else { continue };
        let log = String::from_utf8_lossy(&set.stdout).into_owned();
        assert!(set.status.success(), "{engine}: {log}");
        let overfull: Vec<&str> = log.lines().filter(|line| line.starts_with("Overfull \\hbox")).collect();
        assert!(overfull.is_empty(), "{engine}: {overfull:?}");
    }
}
