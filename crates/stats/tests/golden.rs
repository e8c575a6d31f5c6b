//! Agreement with SciPy, by `golden/cases.json`, which `golden/make.py` wrote.

use cloze_stats::*;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("golden/cases.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn numbers(case: &Value, key: &str) -> Vec<f64> {
    case[key]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

#[test]
fn intervals() {
    for case in cases("interval") {
        let found = summarise(&numbers(&case, "values"), 0.95).unwrap();
        near(found.mean, number(&case, "mean"), 1e-12);
        near(found.sd.unwrap(), number(&case, "sd"), 1e-10);
        near(found.interval.unwrap().low, number(&case, "low"), 1e-9);
        near(found.interval.unwrap().high, number(&case, "high"), 1e-9);
    }
}

#[test]
fn paired_tests() {
    for case in cases("paired") {
        let found = paired(&numbers(&case, "a"), &numbers(&case, "b"), 0.95).unwrap();
        near(found.delta, number(&case, "delta"), 1e-12);
        near(found.p.unwrap(), number(&case, "p"), 1e-9);
        near(found.interval.unwrap().low, number(&case, "low"), 1e-9);
        near(found.interval.unwrap().high, number(&case, "high"), 1e-9);
        near(found.correlation.unwrap(), number(&case, "correlation"), 1e-10);
    }
}

#[test]
fn tests_without_pairs() {
    let cases = cases("unpaired");
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (a, b) = (numbers(&case, "a"), numbers(&case, "b"));
        let found = unpaired(&a, &b, 0.95).unwrap();
        near(found.delta, number(&case, "delta"), 1e-12);
        near(found.p.unwrap(), number(&case, "p"), 1e-9);
        near(found.interval.unwrap().low, number(&case, "low"), 1e-9);
        near(found.interval.unwrap().high, number(&case, "high"), 1e-9);
        let exact = permutation(&a, &b).unwrap();
        // SciPy doubles the smaller tail; with equal arms that is what |difference| counts.
        if a.len() == b.len() {
            near(exact, number(&case, "exact"), 1e-12);
        }
    }
}

#[test]
fn limits_of_an_effect() {
    let cases = cases("limits");
    assert_eq!(cases.len(), 9);
    for case in cases {
        let n = case["n"].as_u64().unwrap() as usize;
        let (low, high) = effect_limits(number(&case, "effect"), n, 0.5).unwrap();
        near(low, number(&case, "low"), 1e-6);
        near(high, number(&case, "high"), 1e-6);
    }
}

#[test]
fn sign_flips_superiority_and_holm() {
    for case in cases("sign_flip") {
        near(
            sign_flip(&numbers(&case, "differences")).unwrap(),
            number(&case, "p"),
            1e-12,
        );
    }
    for case in cases("superiority") {
        near(
            superiority(&numbers(&case, "a"), &numbers(&case, "b")).unwrap(),
            number(&case, "share"),
            1e-12,
        );
    }
    for case in cases("holm") {
        for (found, expected) in holm(&numbers(&case, "p"))
            .unwrap()
            .iter()
            .zip(numbers(&case, "adjusted"))
        {
            near(*found, expected, 1e-12);
        }
    }
}

#[test]
fn quantiles_and_power() {
    for case in cases("quantile") {
        let degrees = case["degrees"].as_u64().unwrap() as usize;
        near(
            two_sided_quantile(degrees, number(&case, "confidence")).unwrap(),
            number(&case, "t"),
            1e-9,
        );
    }
    for case in cases("power") {
        let n = case["n"].as_u64().unwrap() as usize;
        near(
            power(number(&case, "effect"), n, 0.05).unwrap(),
            number(&case, "power"),
            1e-8,
        );
    }
}

#[test]
fn the_monte_carlo_sign_flip_estimates_the_enumerated_one() {
    // 17 differences are drawn; a zero among them changes no |sum|, so the 16 others enumerate the same p.
    let differences: Vec<f64> = (0..16).map(|i| ((i * 7) % 11) as f64 - 3.9).collect();
    let exact = sign_flip(&differences).unwrap();
    let with_zero = [differences, vec![0.0]].concat();
    near(sign_flip(&with_zero).unwrap(), exact, 0.01);
}

#[test]
fn reliability_is_that_of_shrout_and_fleiss() {
    for (place, case) in cases("reliability").iter().enumerate() {
        let table: Vec<Vec<f64>> = case["table"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arm| {
                arm.as_array()
                    .unwrap()
                    .iter()
                    .map(|value| value.as_f64().unwrap())
                    .collect()
            })
            .collect();
        let found = reliability(&table, 0.95).unwrap().unwrap();
        near(found.single, number(case, "single"), 1e-9);
        near(found.mean, number(case, "mean"), 1e-9);
        near(found.interval.low, number(case, "low"), 1e-6);
        near(found.interval.high, number(case, "high"), 1e-6);
        if place == 0 {
            // As printed in the paper.
            assert_eq!(
                (format!("{:.2}", found.single), format!("{:.2}", found.mean)),
                ("0.71".to_owned(), "0.91".to_owned())
            );
        }
    }
}

#[test]
fn an_order_that_always_repeats_and_one_that_never_means_anything() {
    // What a seed does to all arms alike does not count.
    let arms = [vec![1.0, 2.0, 3.1], vec![5.0, 6.1, 7.0], vec![9.1, 10.0, 11.0]];
    let found = reliability(&arms, 0.95).unwrap().unwrap();
    assert!(found.single > 0.99 && found.order_repeats() > 0.95, "{found:?}");
    let same = [vec![0.1, 0.5, 0.3], vec![0.5, 0.3, 0.1], vec![0.3, 0.1, 0.5]];
    let found = reliability(&same, 0.95).unwrap().unwrap();
    assert!(found.single < 0.0 && found.order_repeats() == 0.5, "{found:?}");
    assert_eq!(reliability(&[vec![1.0, 2.0], vec![3.0, 4.0]], 0.95).unwrap(), None);
    for wrong in [
        vec![vec![1.0, 2.0]],
        vec![vec![1.0], vec![2.0]],
        vec![vec![1.0, 2.0], vec![1.0]],
    ] {
        assert!(reliability(&wrong, 0.95).is_err());
    }
    assert!(reliability(&[vec![1.0, f64::NAN], vec![1.0, 2.0]], 0.95).is_err());
}
