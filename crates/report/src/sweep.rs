//! How the arms of a sweep belong together: curves over a factor, and each arm's baseline.

use crate::arm::Arm;
use cloze_schema::ReportConfig;
use cloze_schema::baseline::Stand;
use toml::Value;

/// Arms that differ in one factor only, which is a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// What its arms have in common.
    pub name: String,
    /// Value and arm, by value; at least two.
    pub arms: Vec<(f64, usize)>,
}

/// The number that an arm has for a factor; an amount may be written with a unit. A schedule, swept as a table, is none.
fn number(arm: &Arm, path: &str) -> Option<f64> {
    match arm.factors.get(path)? {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        Value::String(_) => arm.settings.at(path)?.as_f64(),
        _ => None,
    }
}

/// Every series over a factor, in the order of the plan.
pub(crate) fn series(arms: &[Arm], path: &str) -> Vec<Series> {
    let mut found: Vec<Vec<(f64, usize)>> = Vec::new();
    for (place, arm) in arms.iter().enumerate() {
        let Some(value) = number(arm, path) else { continue };
        match found
            .iter_mut()
            .find(|group| is_one_series(&arms[group[0].1], arm, path))
        {
            Some(group) => group.push((value, place)),
            None => found.push(vec![(value, place)]),
        }
    }
    found.retain(|group| group.len() > 1);
    let named = |mut group: Vec<(f64, usize)>| {
        group.sort_by(|a, b| a.0.total_cmp(&b.0));
        Series {
            name: called(&arms[group[0].1], path),
            arms: group,
        }
    };
    found.into_iter().map(named).collect()
}

/// Whether two arms differ in the factor at `path` only. What the whole experiment sweeps leaves the stem as it is, and
/// may change other keys whose defaults follow it; what one arm sweeps is seen in the configurations.
fn is_one_series(one: &Arm, other: &Arm, path: &str) -> bool {
    let of_one_stem = one.stem.is_some() && one.stem == other.stem;
    others(one, path).eq(others(other, path)) && (of_one_stem || one.settings.is_alike_but_for(&other.settings, path))
}

/// The factors of an arm but for one.
fn others<'a>(arm: &'a Arm, path: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    arm.factors.iter().filter(move |(key, _)| *key != path)
}

/// What the arms of a series are called together: the arm itself (its objective where a plan does not say it), and the
/// factors that they share.
fn called(arm: &Arm, path: &str) -> String {
    let mut name = arm.base.clone().unwrap_or_else(|| arm.settings.named.objective.clone());
    for (key, value) in others(arm, path) {
        name += &format!(" {}", worded(key, value));
    }
    name
}

/// A factor with its value, as arms are named by it.
fn worded(key: &str, value: &Value) -> String {
    let last = key.rsplit('.').next().unwrap_or_default();
    match value {
        Value::String(word) => format!("{last}={word}"),
        Value::Float(number) => format!("{last}={number}"),
        value => format!("{last}={value}"),
    }
}

/// The keys that the whole experiment sweeps: they differ between arms of one stem.
pub(crate) fn swept_by_all(arms: &[Arm]) -> Vec<&str> {
    let differs = |key: &&str| {
        arms.iter().enumerate().any(|(place, one)| {
            let others = arms[..place].iter();
            let mut of_stem = others.filter(|other| one.stem.is_some() && other.stem == one.stem);
            of_stem.any(|other| other.factors.get(*key) != one.factors.get(*key))
        })
    };
    factors(arms).into_iter().filter(differs).collect()
}

/// Some arms by what the whole experiment sweeps, each place with what it is called; one without a name where nothing is swept.
pub(crate) fn by_place(arms: &[Arm], some: &[usize]) -> Vec<(Option<String>, Vec<usize>)> {
    let keys = swept_by_all(arms);
    let place = |arm: usize| -> Vec<String> {
        let has = keys.iter().filter_map(|key| Some((key, arms[arm].factors.get(*key)?)));
        has.map(|(key, value)| worded(key, value)).collect()
    };
    let mut found: Vec<(Option<String>, Vec<usize>)> = Vec::new();
    for arm in some {
        let name = Some(place(*arm).join(" ")).filter(|name| !name.is_empty());
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(*arm),
            None => found.push((name, vec![*arm])),
        }
    }
    found
}

/// The key paths that a claim may mean by `factor`: all of a path, or its last part.
pub(crate) fn paths<'a>(arms: &'a [Arm], factor: &str) -> Vec<&'a str> {
    let mut found = factors(arms);
    found.retain(|path| *path == factor || path.rsplit('.').next() == Some(factor));
    found
}

/// Every key path that varies over the sweep.
pub(crate) fn factors(arms: &[Arm]) -> Vec<&str> {
    let mut found: Vec<&str> = arms
        .iter()
        .flat_map(|arm| arm.factors.keys().map(String::as_str))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The baseline of every arm.
pub(crate) fn baselines(arms: &[Arm], report: &ReportConfig) -> Vec<Option<usize>> {
    let arms: Vec<Stand> = arms
        .iter()
        .map(|arm| Stand {
            name: &arm.name,
            stem: arm.stem.as_deref(),
            factors: &arm.factors,
        })
        .collect();
    cloze_schema::baseline::baselines(&arms, report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Settings;
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    fn arm(name: &str, stem: Option<&str>, factors: &[(&str, f64)], options: serde_json::Value) -> Arm {
        let config = json!({
            "objective": "mlm", "seed": 1, "evaluate": [], "budget": { "equalise": "tokens", "amount": 1 },
            "options": options,
        });
        Arm {
            name: name.to_owned(),
            stem: stem.map(str::to_owned),
            rule: None,
            base: stem.map(|stem| stem.split(" rate=").next().unwrap_or_default().to_owned()),
            factors: factors
                .iter()
                .map(|(path, value)| ((*path).to_owned(), Value::Float(*value)))
                .collect(),
            settings: Settings::try_from(config).unwrap(),
            data: None,
            measured: None,
            elsewhere: BTreeMap::new(),
            parts_of_loss: BTreeSet::new(),
            seeds: Vec::new(),
            spent: BTreeMap::new(),
        }
    }

    #[test]
    fn a_series_is_made_of_what_differs_in_one_factor_whatever_names_hold() {
        let rate = |name: &str, rate: f64, mask: f64| {
            arm(
                name,
                Some(name),
                &[("options.rate", rate)],
                json!({ "rate": rate, "mask": mask }),
            )
        };
        let arms = [
            rate("my, a = b rate=0.4", 0.4, 1.0),
            rate("my, a = b rate=0.1", 0.1, 1.0),
            rate("80 10 10 rate=0.1", 0.1, 0.8),
            rate("80 10 10 rate=0.4", 0.4, 0.8),
            rate("alone", 0.4, 0.5),
            arm("no rate", None, &[], json!({})),
        ];
        let found = series(&arms, "options.rate");
        let expected = [("my, a = b", [(0.1, 1), (0.4, 0)]), ("80 10 10", [(0.1, 2), (0.4, 3)])];
        assert_eq!(
            found,
            expected.map(|(name, arms)| Series {
                name: name.to_owned(),
                arms: arms.to_vec()
            })
        );
        assert_eq!(series(&arms, "encoder.width"), []);
    }

    #[test]
    fn what_the_whole_experiment_sweeps_is_a_series_of_each_stem() {
        let wide = |stem: &str, name: &str, width: f64| {
            // The feed-forward width follows the encoder's.
            arm(
                name,
                Some(stem),
                &[("encoder.width", width)],
                json!({ "of": stem, "feed_forward": 4.0 * width }),
            )
        };
        let arms = [
            wide("a", "a 64", 64.0),
            wide("b", "b 64", 64.0),
            wide("a", "a 128", 128.0),
            wide("b", "b 128", 128.0),
        ];
        let found = series(&arms, "encoder.width");
        assert_eq!(
            found.iter().map(|one| one.arms.clone()).collect::<Vec<_>>(),
            [[(64.0, 0), (128.0, 2)], [(64.0, 1), (128.0, 3)]]
        );
        assert_eq!(
            (factors(&arms), paths(&arms, "width")),
            (vec!["encoder.width"], vec!["encoder.width"])
        );
    }

    #[test]
    fn arms_stand_together_by_what_the_whole_experiment_sweeps() {
        let at = |stem: &str, width: f64, rate: f64| {
            let factors = [("encoder.width", width), ("options.rate", rate)];
            arm(&format!("{stem} {width}"), Some(stem), &factors, json!({}))
        };
        let arms = [
            at("a", 64.0, 0.1),
            at("a", 128.0, 0.1),
            at("b", 64.0, 0.2),
            at("b", 128.0, 0.2),
        ];
        assert_eq!(swept_by_all(&arms), ["encoder.width"]);
        let expected = [("width=64", vec![0, 2]), ("width=128", vec![1, 3])];
        let expected = expected.map(|(name, group)| (Some(name.to_owned()), group));
        assert_eq!(by_place(&arms, &[0, 1, 2, 3]), expected);
        assert_eq!(by_place(&arms[..1], &[0]), [(None, vec![0])]);
    }

    #[test]
    fn a_baseline_is_an_arm_or_a_stem_at_the_same_place_of_the_sweep() {
        let at = |stem: &str, name: &str, rate: f64, width: f64| {
            arm(
                name,
                Some(stem),
                &[("options.rate", rate), ("encoder.width", width)],
                json!({}),
            )
        };
        let arms = [
            at("low rate=0.1", "one", 0.1, 64.0),
            at("low rate=0.1", "two", 0.1, 128.0),
            at("high rate=0.4", "three", 0.4, 64.0),
            at("high rate=0.4", "four", 0.4, 128.0),
        ];
        let wanting = |baseline: Option<&str>, own: &[(&str, &str)]| {
            let own = own
                .iter()
                .map(|(arm, wanted)| ((*arm).to_owned(), (*wanted).to_owned()));
            let report = ReportConfig {
                baseline: baseline.map(str::to_owned),
                baselines: own.collect(),
                ..ReportConfig::default()
            };
            baselines(&arms, &report)
        };
        assert_eq!(wanting(Some("low rate=0.1"), &[]), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(wanting(Some("four"), &[]), [Some(3); 4]);
        assert_eq!(wanting(None, &[]), [Some(0); 4]);
        assert_eq!(wanting(Some("low"), &[]), [None; 4], "a part of a name is no name");
        // What an arm says itself is of this arm alone.
        let own = [("two", "four"), ("three", "high rate=0.4")];
        assert_eq!(wanting(Some("one"), &own), [Some(0), Some(3), Some(2), Some(0)]);
        assert_eq!(
            wanting(None, &[("four", "low rate=0.1")]),
            [Some(0), Some(0), Some(0), Some(1)]
        );
    }
}
