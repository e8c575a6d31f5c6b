//! Every objective's page shows a window of the built-in language as the objective makes it.

use crate::common::Workplace;
use cloze_objectives::{MIXTURE, OBJECTIVES};

/// What stands around the picture in a page.
const MARKS: [&str; 2] = ["<!-- picture: made by scripts/anew.sh -->\n\n", "<!-- /picture -->"];

/// Three in ten tokens where an objective has a rate, so that a short window shows something.
fn experiment() -> String {
    let arm = |entry: &&cloze_objectives::Entry| {
        let has_rate = (entry.options)().iter().any(|field| field.name == "rate");
        let rate = if has_rate { "rate = 0.3\n" } else { "" };
        format!("[[arm]]\nname = \"{0}\"\nobjective = \"{0}\"\n{rate}", entry.name)
    };
    let arms: String = OBJECTIVES.iter().map(arm).collect();
    format!(
        "question = \"What does a window look like?\"\n[corpus]\nwords = \"40k\"\n[encoder]\nwidth = 64\nlayers = 1\nwindow = 24\n\
         [evaluate]\ntasks = []\n[sweep]\nseeds = [7]\n{arms}"
    )
}

/// Two parts, one of which looks both ways and one back only.
const MIXED: &str = "[{ objective = \"mlm\", rate = 0.3, share = 0.5 }, { objective = \"autoregressive\" }]";

/// A window as a page shows it, with who sees whom where not everybody sees everybody.
fn picture(example: &serde_json::Value) -> String {
    let sight = sight(example);
    let drawn = if sight.is_empty() {
        String::new()
    } else {
        format!("\nWho sees whom, a line for each of the first positions:\n\n```text\n{sight}```\n")
    };
    format!("```text\n{}\n```\n{drawn}\n", example["text"].as_str().unwrap())
}

fn sight(example: &serde_json::Value) -> String {
    let lines = example["sight"].as_array().unwrap().iter();
    lines.map(|line| format!("{}\n", line.as_str().unwrap())).collect()
}

/// Holds a page's picture against this one, or puts it there.
fn holds(name: &str, picture: &str) {
    let path = format!("{}/../../docs/objectives/{name}.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let parts = page
        .split_once(MARKS[0])
        .and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?)));
    let (before, (shown, after)) = parts.unwrap_or_else(|| panic!("{path} has no marks around its picture"));
    if std::env::var_os("CLOZE_BLESS").is_some() {
        std::fs::write(&path, [before, MARKS[0], picture, MARKS[1], after].concat()).unwrap();
    } else {
        assert_eq!(shown, picture, "{path} is stale: run scripts/anew.sh");
    }
}

#[test]
fn the_page_of_mixtures_shows_a_window_of_every_part() {
    let workplace = Workplace::new();
    let arms = experiment();
    let (head, _) = arms.split_once("[[arm]]").unwrap();
    workplace.write(
        "mixed.toml",
        format!("{head}[[arm]]\nname = \"mixed\"\n{MIXTURE} = {MIXED}\n"),
    );
    let output = workplace.cloze(&["audit", "mixed.toml", "--tokens", "1", "--examples", "10", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let examples = found["arms"][0]["examples"].as_array().unwrap();
    let of = |looks_back: bool| {
        let own = examples.iter().find(|example| sight(example).is_empty() != looks_back);
        picture(own.expect("ten windows are of both parts"))
    };
    holds(MIXTURE, &(of(false) + &of(true)));
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/objectives/mixture.md")).unwrap();
    assert!(
        page.contains(&format!("`{MIXTURE} = {MIXED}`")),
        "the page names another mixture"
    );
}

#[test]
fn every_page_shows_a_window_under_its_objective() {
    let workplace = Workplace::new();
    workplace.write("pages.toml", experiment());
    let output = workplace.cloze(&["audit", "pages.toml", "--tokens", "1", "--examples", "10", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // A law of times may leave a window as it is: the first one in which a token is read as another one.
    let shows = |example: &&serde_json::Value| example["text"].as_str().unwrap().contains(" -> ");
    for entry in OBJECTIVES {
        let arms = found["arms"].as_array().unwrap();
        let arm = arms.iter().find(|arm| arm["arm"] == entry.name).unwrap();
        let examples = arm["examples"].as_array().unwrap();
        holds(
            entry.name,
            &picture(examples.iter().find(shows).unwrap_or(&examples[0])),
        );
    }
}
