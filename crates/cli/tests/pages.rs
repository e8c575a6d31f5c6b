//! Every objective's page shows a window of the built-in language as the objective makes it.

use crate::common::Workplace;
use cloze_objectives::OBJECTIVES;

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

#[test]
fn every_page_shows_a_window_under_its_objective() {
    let workplace = Workplace::new();
    workplace.write("pages.toml", experiment());
    let output = workplace.cloze(&["audit", "pages.toml", "--tokens", "1", "--examples", "1", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for entry in OBJECTIVES {
        let arms = found["arms"].as_array().unwrap();
        let arm = arms.iter().find(|arm| arm["arm"] == entry.name).unwrap();
        let example = &arm["examples"][0];
        let sight = example["sight"].as_array().unwrap().iter();
        let sight: String = sight.map(|line| format!("{}\n", line.as_str().unwrap())).collect();
        let drawn = if sight.is_empty() {
            String::new()
        } else {
            format!("\nWho sees whom, a line for each of the first positions:\n\n```text\n{sight}```\n")
        };
        let picture = format!("```text\n{}\n```\n{drawn}\n", example["text"].as_str().unwrap());

        let path = format!("{}/../../docs/objectives/{}.md", env!("CARGO_MANIFEST_DIR"), entry.name);
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let parts = page
            .split_once(MARKS[0])
            .and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?)));
        let (before, (shown, after)) = parts.unwrap_or_else(|| panic!("{path} has no marks around its picture"));
        if std::env::var_os("CLOZE_BLESS").is_some() {
            std::fs::write(&path, [before, MARKS[0], &picture, MARKS[1], after].concat()).unwrap();
        } else {
            assert_eq!(shown, picture, "{path} is stale: run scripts/anew.sh");
        }
    }
}
