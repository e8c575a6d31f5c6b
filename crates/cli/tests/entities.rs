//! Entities that stand beside a text, as a person meets them: described, audited, and refused where they cannot be.

use crate::common::{Workplace, text};

const EXPERIMENT: &str = r#"
question = "Are entities hidden whole?"

[corpus]
source    = "news.jsonl"
entities  = "entities"
tokenizer = { kind = "wordpiece", vocab = 80 }
held_out  = 0.2

[encoder]
width  = 16
layers = 1
window = 32

[budget]
amount = "8k"

[sweep]
seeds = [1]

[[arm]]
objective = "entity"
entities  = 1

[[arm]]
objective = "mlm"

[evaluate]
tasks = []
"#;

fn workplace(last: &str) -> Workplace {
    let workplace = Workplace::new();
    let line =
        "{\"text\": \"Ada Lovelace met Babbage in the town.\", \"entities\": [[0, 12, \"PER\"], [17, 24, \"PER\"]]}\n";
    workplace.write("news.jsonl", line.repeat(100) + last);
    workplace.write("x.toml", EXPERIMENT);
    workplace
}

#[test]
fn entities_are_described_and_audited() {
    let workplace = workplace("");
    let described = workplace.cloze(&[
        "data",
        "describe",
        "news.jsonl",
        "--vocab",
        "80",
        "--set",
        "corpus.entities=entities",
    ]);
    let described = text(&described.stdout) + &text(&described.stderr);
    assert!(
        described.contains("entities beside the text: 190 in training, 10 held out"),
        "{described}"
    );
    let audited = workplace.cloze(&["audit", "x.toml", "--tokens", "4k", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&audited.stdout).expect("an answer in JSON");
    let share = |arm: usize| {
        let entities = &found["arms"][arm]["audit"]["entities"];
        entities["found"].as_f64().unwrap() / entities["of"].as_f64().unwrap()
    };
    // Tokens at random seldom make up a name of several.
    assert!(share(0) > 2.0 * share(1), "{} and {}", share(0), share(1));
}

#[test]
fn entities_that_cannot_be_are_refused() {
    let outside = "{\"text\": \"Ada\", \"entities\": [[0, 4, \"PER\"]]}\n";
    let workplace = workplace(outside);
    let said = text(&workplace.cloze(&["run", "x.toml"]).stderr);
    for part in ["the entity from 0 to 4 is outside its text", "news.jsonl:101", "0 to 3"] {
        assert!(said.contains(part), "`{part}` is missing in:\n{said}");
    }
    // The names of the text are in one place.
    workplace.write("names.txt", "Ada Lovelace\n");
    let both = workplace.cloze(&["plan", "x.toml", "--set", "corpus.gazetteer=names.txt"]);
    assert_eq!(both.status.code(), Some(2));
    assert!(text(&both.stderr).contains("entities"), "{}", text(&both.stderr));
}
