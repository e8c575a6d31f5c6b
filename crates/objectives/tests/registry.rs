//! What holds for every entry of the registry.

use crate::common::{configured, every_objective, registered};
use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_objectives::{MIXTURE, OBJECTIVES, configure, entries, find, laws};
use cloze_options::{Field, Kind, Usual, rows, show};
use std::collections::HashSet;

#[test]
fn names_are_unique_and_every_text_is_there() {
    let names: HashSet<&str> = OBJECTIVES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), OBJECTIVES.len());
    for entry in OBJECTIVES {
        assert!(entry.citation.contains("20"), "{}: no year in the citation", entry.name);
        assert!(
            !entry.title.is_empty() && entry.summary.ends_with('.') && !entry.scores.is_empty(),
            "{}",
            entry.name
        );
        assert_eq!(find(entry.name).unwrap().name, entry.name);
    }
}

#[test]
fn every_option_is_declared_with_its_default_and_none_else() {
    for (entry, ..) in registered() {
        let frozen = configured(entry.name, "").options();
        let fields = (entry.options)();
        assert!(
            fields.iter().all(|field| field.meaning.ends_with('.')),
            "{}",
            entry.name
        );
        // What came later is left out at its default, so that older runs keep their ids; and so is what has no value.
        let is_left_out = |field: &&Field| field.since.is_some() || matches!(field.usual, Usual::Words(_));
        let (left_out, fields): (Vec<_>, Vec<_>) = fields.iter().partition(is_left_out);
        for field in left_out {
            assert!(!frozen.contains_key(field.name), "{}.{}", entry.name, field.name);
            assert_ne!(field.usual, Usual::Required, "{}.{}", entry.name, field.name);
            if let Usual::Value(usual) = &field.usual {
                let written = toml::Table::from_iter([(field.name.to_owned(), usual.clone())]);
                assert_eq!(configure(entry.name, &written).unwrap().options(), frozen);
            }
        }
        let declared: HashSet<&str> = fields.iter().map(|field| field.name).collect();
        // What depends on other things is not written until somebody says it.
        let unwritten = fields.iter().filter(|field| matches!(field.usual, Usual::Words(_)));
        let unwritten: HashSet<&str> = unwritten.map(|field| field.name).collect();
        let existing: HashSet<&str> = frozen.keys().map(String::as_str).collect();
        assert_eq!(&declared - &unwritten, existing, "{}", entry.name);
        for field in fields {
            if unwritten.contains(field.name) {
                continue;
            }
            assert_eq!(
                field.usual,
                Usual::Value(frozen[field.name].clone()),
                "{}.{}",
                entry.name,
                field.name
            );
        }
    }
}

/// What stands around the table of options in a page.
const MARKS: [&str; 2] = ["<!-- options: made by scripts/anew.sh -->\n\n", "\n<!-- /options -->"];

#[test]
fn every_objective_has_a_page_with_its_options_and_scores() {
    for entry in entries() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
        assert!(
            readme.contains(&format!("`{}`", entry.name)),
            "the README does not name {}",
            entry.name
        );
        let path = format!("{}/../../docs/objectives/{}.md", env!("CARGO_MANIFEST_DIR"), entry.name);
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            page.starts_with(&format!("# `{}`", entry.name)),
            "{path} is another objective's"
        );
        assert!(
            cloze_objectives::page(entry.name).starts_with(&format!("# `{}`", entry.name)),
            "{}",
            entry.name
        );
        for rule in entry.scores {
            assert!(
                page.contains(&format!("`{}`", rule.name)),
                "{path} does not mention `{}`",
                rule.name
            );
        }
        let parts = page
            .split_once(MARKS[0])
            .and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?)));
        let (before, (table, after)) = parts.unwrap_or_else(|| panic!("{path} has no marks around its options"));
        let declared = show::markdown(&(entry.options)());
        if std::env::var_os("CLOZE_BLESS").is_some() {
            std::fs::write(&path, [before, MARKS[0], &declared, MARKS[1], after].concat()).unwrap();
        } else {
            assert_eq!(table, declared, "{path} is stale: run scripts/anew.sh");
        }
    }
}

#[test]
fn laws_of_the_first_version_are_no_part_of_an_id() {
    for (entry, _, objective) in registered() {
        assert!(entry.version > 0, "{}: versions are counted from 1", entry.name);
        let own = (entry.version > 1).then_some((entry.name, entry.version));
        let needs = objective.needs();
        let needed = needs.iter().map(|need| (need.name(), need.version()));
        let mut expected: Vec<_> = own
            .into_iter()
            .chain(needed.filter(|(_, version)| *version > 1))
            .collect();
        expected.sort_unstable();
        assert_eq!(laws(entry.name, &objective.options()), expected);
    }
    assert!(laws("no such objective", &toml::Table::new()).is_empty());
}

#[test]
fn options_survive_a_round_trip() {
    for (entry, _, objective) in every_objective() {
        let options = objective.options();
        assert_eq!(
            configure(entry.name, &options).unwrap().options(),
            options,
            "{}",
            entry.name
        );
        let text = toml::to_string(&options).unwrap();
        assert_eq!(configured(entry.name, &text).options(), options, "{}", entry.name);
    }
    let changing = configured("mlm", "rate = { from = 0.3, to = 0.15 }").options();
    assert_eq!(changing["rate"]["shape"].as_str(), Some("linear"));
}

#[test]
fn an_unknown_objective_names_the_nearest() {
    let fault = find("eletcra").err().unwrap();
    assert_eq!(fault.nearest.as_deref(), Some("electra"));
    assert_eq!(fault.exit_status(), 2);
}

/// The realised number of predictions is held against this one: by hand, the rate times the tokens that may be hidden.
#[test]
fn who_has_a_rate_says_how_many_predictions_it_means_and_nobody_else_does() {
    let vocabulary = Vocabulary::new(60, SpecialTokens::FIRST);
    let special = vocabulary.special;
    let mut ids: Vec<u32> = (0..42).map(|place| 10 + place % 40).collect();
    (ids[0], ids[41]) = (special.start, special.end);
    let window = Window::new(ids, vec![true; 42]);
    let mut rated = 0;
    for (entry, ..) in registered() {
        let objective = configured(entry.name, "");
        let rate = objective.options().get("rate").and_then(toml::Value::as_float);
        let asked = objective.asked(&window, &vocabulary, 0.5);
        match rate {
            Some(rate) => {
                let asked = asked.unwrap_or_else(|| panic!("{} does not say", entry.name));
                assert!((asked - 40.0 * rate).abs() < 1e-9, "{}: {asked}", entry.name);
                rated += 1;
            }
            None => assert_eq!(asked, None, "{}", entry.name),
        }
    }
    assert!(rated > 2);
}

/// Numbers that are no rate, share or weight of a moment, each with the reason why it does not change along training.
const FIXED: [(&str, &str, &str); 9] = [
    (
        "frequency",
        "exponent",
        "a power, from which the weights of the ids are made once, before training",
    ),
    (
        "pmi",
        "vocabulary",
        "which n-grams there are is decided once, before training",
    ),
    (
        "adaptive",
        "memory",
        "what is remembered has been weighed by it already, step by step",
    ),
    ("span", "span_stop", "what a law of lengths is made of"),
    ("span", "span_mean", "a length, in tokens"),
    ("electra", "generator_width", "how many parameters there are"),
    ("replace-mlm", "generator_width", "how many parameters there are"),
    ("all-tokens-mlm", "generator_width", "how many parameters there are"),
    (
        "diffusion",
        "smallest_time",
        "where the law of times begins: the loss bounds the likelihood under one law",
    ),
];

/// Whether an option takes a number or a schedule.
fn is_rate(kind: &Kind) -> bool {
    kind.inner().iter().any(|inner| inner.name == "values")
}

/// What stands for an option in a file: `a.b = 1` for a key path.
fn with(path: &str, value: &str) -> toml::Table {
    format!("{path} = {value}").parse().unwrap()
}

#[test]
fn every_rate_share_and_weight_takes_a_schedule_and_other_numbers_say_why_they_do_not() {
    let mut rates = 0;
    let mut reasons = HashSet::new();
    for entry in entries() {
        let fields = (entry.options)();
        let all = rows("", &fields);
        let inside_a_rate = |path: &str| {
            all.iter().any(|(above, field)| {
                is_rate(&field.kind)
                    && path
                        .strip_prefix(above.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        };
        for (path, field) in all.iter().filter(|(path, _)| !inside_a_rate(path)) {
            let at = format!("{}.{path}", entry.name);
            let known = FIXED
                .iter()
                .find(|(objective, name, _)| (*objective, *name) == (entry.name, path));
            match &field.kind {
                Kind::Number(_) => {
                    let (_, _, reason) = known.unwrap_or_else(|| panic!("{at} takes no schedule, and says not why"));
                    assert!(!reason.is_empty(), "{at}");
                    reasons.insert((entry.name, path.clone()));
                }
                kind if is_rate(kind) => {
                    assert!(known.is_none(), "{at}");
                    rates += 1;
                    if entry.name == MIXTURE {
                        continue;
                    }
                    for schedule in [
                        "{ from = 0.2, to = 0.1, shape = \"linear\" }",
                        "{ from = 0.1, to = 0.2, shape = \"cosine\" }",
                        "{ from = 0.1, to = 0.2, shape = \"step\", at = 0.75 }",
                        "{ values = [0.2, 0.1, 0.2], at = [0.25, 0.75], shape = \"step\" }",
                    ] {
                        let frozen = configure(entry.name, &with(path, schedule)).unwrap().options();
                        let frozen = toml::Value::Table(frozen);
                        let written = path.split('.').try_fold(&frozen, |value, key| value.get(key)).unwrap();
                        assert_eq!(*written, with("x", schedule)["x"], "{at}");
                    }
                }
                _ => assert!(known.is_none(), "{at}"),
            }
        }
    }
    assert_eq!(reasons.len(), FIXED.len(), "a reason for what is no number");
    // Rates, and beside them: MLM's shares and predictions, entities, ELECTRA's family, boundaries, adaptive masking, mixtures.
    assert!(rates >= 49, "{rates}");
}
