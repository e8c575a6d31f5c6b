//! Whole outputs for made-up data, as people read them. `scripts/anew.sh` writes them
//! again after a change that is meant.

use crate::made::Made;
use crate::rounded;
use cloze_report::Report;
use insta::assert_snapshot;

fn report() -> Report {
    let mut made = Made::quickstart(4);
    made.arms.truncate(3);
    made.phenomena.truncate(3);
    made.diverged = vec![(2, 4)];
    made.claims = vec![
        (
            "whole words are better than tokens",
            "better(minimal-pairs, whole-word, mlm)",
        ),
        ("mlm learns something", "above_chance(minimal-pairs, mlm)"),
        (
            "there is a best rate",
            "interior_optimum(minimal-pairs, rate, 0.15, 0.6)",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    Report::read(folder.path()).unwrap()
}

fn without_version(text: &str) -> String {
    text.replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// The text of a page: no tags, no drawings, no style.
fn words(page: &str) -> String {
    let mut text = page.to_owned();
    for tag in ["svg", "style"] {
        while let Some(start) = text.find(&format!("<{tag}")) {
            let end = text[start..].find(&format!("</{tag}>")).unwrap() + start;
            text.replace_range(start..end + tag.len() + 3, "");
        }
    }
    let text = text
        .replace("</th>", " | ")
        .replace("</td>", " | ")
        .replace("</tr>", "\n")
        .replace('<', "\0<");
    let outside = text
        .split('\0')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let lines = outside.collect::<String>();
    lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_table_as_markdown() {
    assert_snapshot!(without_version(&report().markdown));
}

#[test]
fn the_table_as_csv() {
    assert_snapshot!(rounded(&report().csv));
}

#[test]
fn the_table_as_latex() {
    assert_snapshot!(report().latex);
}

#[test]
fn the_words_of_the_page() {
    assert_snapshot!(without_version(&words(&report().page)));
}
