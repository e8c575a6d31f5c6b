//! What a declaration yields, and the whole text of what is said about wrong values.

use cloze_foundation::{Fault, Key, Place, Result};
use cloze_options::{Count, Field, Kind, Options, Usual, Words, object, options, rows, told_once, tree, words};
use proptest::prelude::*;
use std::path::PathBuf;

words! {
    /// Ways.
    enum Way {
        /// In a straight line.
        Linear = "linear",
        /// At once.
        Step = "step",
    }
}

options! {
    /// Shares.
    struct Shares {
        /// Share of one.
        one: f64 = 0.5, from(0).to(1);
        /// Share of the other.
        other: f64 = 0.25, from(0).to(1);
    }
    check |shares| match shares.one + shares.other {
        sum if sum > 1.0 => Err(Fault::usage("more than everything").at(Place::key("other"))),
        _ => Ok(()),
    }
}

options! {
    /// One of each.
    struct Whole {
        /// What it is
        /// called.
        name: String => "give it a name";
        /// How much.
        rate: f64 = 0.15, above(0).below(1);
        /// How many.
        count: usize = 10, from(1).to(1000);
        /// How many, if any.
        heads: Option<usize> = None, from(1).to(64) => "one for every 64";
        /// How.
        way: Way = Way::Linear;
        /// Shares.
        shares: Shares = Shares::default();
        /// Seeds.
        seeds: Vec<u64> = vec![1, 2];
        /// Where.
        folder: PathBuf = PathBuf::from("a/b");
        /// Whether.
        fast: bool = false;
        /// Words.
        words: Count = Count(1_500_000), from(1e3).to(1e12) => "\"1.5M\"";
    }
}

options! {
    /// What was there from the beginning, and what came later.
    struct Grown {
        /// How much.
        rate: f64 = 0.15;
        /// How.
        #[since = "2"]
        way: Way = Way::Linear;
    }
}

options! {
    /// Options with those of others among them.
    struct Grouped {
        with shares: Shares;
        /// How much.
        much: f64 = 2.0, above(1);
    }
}

#[test]
fn options_of_a_group_stand_in_the_table_as_if_they_were_declared_in_it() {
    let read = |text: &str| Grouped::read(&tree::parse("g.toml", text).unwrap().top());
    assert_eq!(Grouped::names(), ["one", "other", "much"]);
    let names: Vec<&str> = Grouped::fields().iter().map(|field| field.name).collect();
    assert_eq!(names, Grouped::names());
    let grouped = read("other = 0.1\nmuch = 3").unwrap();
    assert_eq!(
        (grouped.shares.one, grouped.shares.other, grouped.much),
        (0.5, 0.1, 3.0)
    );
    assert_eq!(read("").unwrap(), Grouped::default());
    assert_eq!(grouped.write(), toml::toml! { one = 0.5 other = 0.1 much = 3.0 });
    assert_eq!(Grouped::from_toml(&grouped.write()).unwrap(), grouped);
    // A key of neither, with all that there are; what a group checks, at its place.
    let unknown = read("nother = 1").unwrap_err().to_string();
    assert!(
        unknown.contains("allowed: one, other, much") && unknown.contains("did you mean `other`"),
        "{unknown}"
    );
    let fault = read("one = 0.9").unwrap_err().to_string();
    assert!(
        fault.contains("more than everything") && fault.contains("other"),
        "{fault}"
    );
    let fault = read("much = 0.5\none = 0.6\nother = 0.4").unwrap_err().to_string();
    assert!(fault.contains("much") && fault.contains("g.toml:1"), "{fault}");
}

#[test]
fn what_came_later_is_written_only_where_it_is_not_usual() {
    let written = |text: &str| Options::write(&Grown::from_toml(&text.parse().unwrap()).unwrap());
    assert_eq!(written("rate = 0.3"), "rate = 0.3".parse().unwrap());
    assert_eq!(written("way = \"linear\""), "rate = 0.15".parse().unwrap());
    assert_eq!(
        written("way = \"step\""),
        "rate = 0.15\nway = \"step\"".parse().unwrap()
    );
    let since: Vec<_> = Grown::fields().iter().map(|field| field.since).collect();
    assert_eq!(since, [None, Some("2")]);
}

fn read(text: &str) -> Result<Whole> {
    Whole::read(&tree::parse("x.toml", text)?.top())
}

#[test]
fn what_is_not_written_has_its_default() {
    let whole = read("name = \"x\"").unwrap();
    assert_eq!(whole.name, "x");
    assert_eq!(
        (whole.rate, whole.count, whole.heads, whole.way),
        (0.15, 10, None, Way::Linear)
    );
    assert_eq!(whole.shares, Shares::default());
    let frozen = "name = \"x\"\nrate = 0.15\ncount = 10\nway = \"linear\"\nshares = { one = 0.5, other = 0.25 }\n\
                  seeds = [1, 2]\nfolder = \"a/b\"\nfast = false\nwords = 1500000";
    assert_eq!(Options::write(&whole), frozen.parse().unwrap());
}

#[test]
fn a_fault_says_what_where_and_what_is_allowed() {
    for (text, fault) in [
        ("", "`name` is missing\n  at x.toml (name)\n  hint: give it a name"),
        (
            "name = \"x\"\nraet = 0.2",
            "unknown key `raet`\n  at x.toml:2:1 (raet)\n  2 | raet = 0.2\n    | ^^^^\n  allowed: name, rate, count, heads, \
             way, shares, seeds, folder, fast, words\n  did you mean `rate`?",
        ),
        (
            "name = \"x\"\nrate = 1.5",
            "rate = 1.5 is out of range\n  at x.toml:2:8 (rate)\n  2 | rate = 1.5\n    |        ^^^\n  allowed: above 0 and below 1",
        ),
        (
            "name = \"x\"\nshares = { one = 2 }",
            "one = 2 is out of range\n  at x.toml:2:18 (shares.one)\n  2 | shares = { one = 2 }\n    |                  ^\n  \
             allowed: 0 to 1",
        ),
        (
            "name = \"x\"\n[shares]\none = 0.9",
            "more than everything\n  at x.toml:2:1 (shares.other)\n  2 | [shares]\n    | ^^^^^^^^",
        ),
        (
            "name = \"x\"\nway = \"stepp\"",
            "unknown way `stepp`\n  at x.toml:2:7 (way)\n  2 | way = \"stepp\"\n    |       ^^^^^^^\n  allowed: linear, step\n  \
             did you mean `step`?",
        ),
        (
            "name = \"x\"\nseeds = [1, -2]",
            "seeds[1] = -2 is out of range\n  at x.toml:2:13 (seeds[1])\n  2 | seeds = [1, -2]\n    |             ^^\n  allowed: 0 or more",
        ),
        (
            "name = \"x\"\ncount = 1.0",
            "`count` is a number and has to be a whole number\n  at x.toml:2:9 (count)\n  2 | count = 1.0\n    |         ^^^\n  \
             allowed: a whole number",
        ),
        (
            "name = \"x\"\nwords = \"5\"",
            "words = \"5\" is out of range\n  at x.toml:2:9 (words)\n  2 | words = \"5\"\n    |         ^^^\n  allowed: 1k to 1T",
        ),
        (
            "name = \" \"",
            "`name` is blank\n  at x.toml:1:8 (name)\n  1 | name = \" \"\n    |        ^^^",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), fault);
    }
}

#[test]
fn a_fault_about_an_item_of_a_list_is_at_the_item() {
    let document = tree::parse("x.toml", "parts = [\n  { rate = 1 },\n  { rate = 2 },\n]\n").unwrap();
    let place = |key: Key| {
        let fault = Fault::usage("no").at(Place::key(key));
        document.top().locate(fault).place().unwrap()
    };
    let second = Key::from("parts").index(1);
    assert_eq!(place(second.join("rate")), "x.toml:3:12 (parts[1].rate)");
    assert_eq!(place(second.join("share")), "x.toml:3:3 (parts[1].share)");
    assert_eq!(place(Key::from("parts").index(7)), "x.toml:1:9 (parts[7])");
}

#[test]
fn options_in_code_are_checked_by_the_same_declaration() {
    let shares = Shares { one: 0.9, other: 0.9 };
    assert_eq!(shares.check().unwrap_err().place().as_deref(), Some("other"));
    let shares = Shares {
        one: f64::NAN,
        other: 0.0,
    };
    assert_eq!(shares.check().unwrap_err().place().as_deref(), Some("one"));
    let whole = Whole {
        count: usize::MAX,
        ..read("name = \"x\"").unwrap()
    };
    assert_eq!(whole.check().unwrap_err().place().as_deref(), Some("count"));
}

#[test]
fn documentation_is_the_declaration() {
    let fields = Whole::fields();
    let rows = rows("", &fields);
    let said: Vec<String> = rows
        .iter()
        .map(|(path, field)| format!("{path}: {} {}; {}", field.meaning, field.kind, field.usual))
        .collect();
    assert_eq!(
        said[..8],
        [
            "name: What it is called. a string; required",
            "rate: How much. a number: above 0 and below 1; 0.15",
            "count: How many. a whole number: 1 to 1000; 10",
            "heads: How many, if any. a whole number: 1 to 64; one for every 64",
            "way: How. `linear` or `step`; \"linear\"",
            "shares: Shares. { one, other }; { one = 0.5, other = 0.25 }",
            "shares.one: Share of one. a number: 0 to 1; 0.5",
            "shares.other: Share of the other. a number: 0 to 1; 0.25",
        ]
    );
    assert_eq!(rows.last().unwrap().1.usual, Usual::Words("\"1.5M\""));
    assert_eq!(Way::Step.meaning(), "At once.");
    assert_eq!(
        Way::parse("way", "lineer").unwrap_err().nearest.as_deref(),
        Some("linear")
    );
}

#[test]
fn the_schema_has_every_bound_word_and_default() {
    let schema = object(&Whole::fields());
    let property = |path: &str| schema.pointer(&format!("/properties/{path}")).unwrap().to_string();
    assert_eq!(schema["required"].to_string(), "[\"name\"]");
    assert_eq!(
        property("rate"),
        r#"{"default":0.15,"description":"How much.","exclusiveMaximum":1,"exclusiveMinimum":0,"type":"number"}"#
    );
    assert_eq!(property("way/enum"), r#"["linear","step"]"#);
    assert_eq!(property("shares/properties/one/maximum"), "1");
    assert_eq!(property("seeds/items"), r#"{"minimum":0,"type":"integer"}"#);
    assert_eq!(schema["additionalProperties"], false);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        rate in 0.001..0.999f64, count in 1usize..1000, heads in prop::option::of(1usize..64), fast: bool,
        seeds in prop::collection::vec(0..i64::MAX as u64, 0..5), name in "[a-zé\"=#]{1,9}", one in 0.0..0.7f64,
    ) {
        let shares = Shares { one, ..Shares::default() };
        let whole = Whole {
            name, rate, count, heads, way: Way::Step, shares, seeds, folder: "x".into(), fast, words: Count(2000),
        };
        prop_assert_eq!(&Whole::from_toml(&Options::write(&whole)).unwrap(), &whole);
        let text = toml::to_string(&Options::write(&whole)).unwrap();
        let again = read(&text).unwrap();
        // A file's floats have fifteen digits.
        prop_assert!((again.rate - rate).abs() < 1e-14 && again.seeds == whole.seeds);
    }
}

/// Two tables that mean the same, and one that does not.
#[test]
fn tables_that_mean_the_same_are_opened_once() {
    let of = |name: &'static str, kind: Kind| Field {
        name,
        meaning: format!("What {name} is."),
        kind,
        usual: Usual::Required,
        since: None,
    };
    let number = || Kind::Number(cloze_options::range::any());
    let either = || {
        Kind::Either(vec![
            number(),
            Kind::Table(Shares::fields()),
            Kind::Table(Shares::fields()),
        ])
    };
    let fields = [
        of("a", either()),
        of("b", Kind::Table(vec![of("inner", either())])),
        of("c", Kind::Table(vec![of("one", number())])),
    ];
    let paths = |found: Vec<(String, &Field)>| found.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    // A key of two of a field's tables is one key.
    let all = [
        "a",
        "a.one",
        "a.other",
        "b",
        "b.inner",
        "b.inner.one",
        "b.inner.other",
        "c",
        "c.one",
    ];
    assert_eq!(paths(rows("", &fields)), all);
    assert_eq!(
        paths(told_once("", &fields)),
        ["a", "a.one", "a.other", "b", "b.inner", "c", "c.one"]
    );
}
