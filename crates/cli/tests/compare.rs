//! `cloze compare` through the binary.

use crate::common::{Tiny, Workplace, text};

/// Two arms and two seeds.
const ARMS: &str = r#"
[sweep]
seeds = [1, 2]

[[arm]]
objective = "mlm"

[[arm]]
objective = "autoregressive"

[evaluate]
tasks  = [{ task = "minimal-pairs", pairs = 4 }]
points = 1
"#;

#[test]
fn results_are_held_against_each_other_where_they_can_be() {
    let workplace = Workplace::new();
    for (name, amount, words) in [("short", "1k", "20k"), ("long", "2k", "20k"), ("other", "1k", "30k")] {
        let tiny = Tiny {
            question: "How much is enough?",
            words,
            amount,
            rest: ARMS,
            ..Tiny::default()
        };
        workplace.write(&format!("{name}.toml"), tiny.toml());
        let run = workplace.cloze(&["run", &format!("{name}.toml")]);
        assert!(run.status.success(), "{}", text(&run.stderr));
    }
    // Files and folders are the same.
    let by_file = workplace.cloze(&["compare", "short.toml", "long.toml"]);
    let by_folder = workplace.cloze(&["compare", "results/short", "results/long"]);
    assert!(by_file.status.success(), "{}", text(&by_file.stderr));
    assert_eq!(text(&by_file.stdout), text(&by_folder.stdout));
    let said = text(&by_file.stdout);
    for words in [
        "From short to long: budget.amount is 1000 and 2000",
        "Kendall's tau",
        "| mlm ",
        "paired",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    let json = workplace.cloze(&["compare", "results/short", "results/long", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["comparisons"][0]["scores"][0]["arms"].as_array().unwrap().len(), 2);
    // Other text is another question.
    let refused = workplace.cloze(&["compare", "short.toml", "other.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("other data"),
        "{}",
        text(&refused.stderr)
    );
    for wrong in [
        &["compare", "short.toml"][..],
        &["compare", "short.toml", "results/none"],
    ] {
        assert_eq!(workplace.cloze(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
