//! When arms leave a plateau, in which order they stand, and which value is best: agreement with lifelines and SciPy by
//! `golden/orders.json`, which `golden/orders.py` wrote, and simulation.

use cloze_foundation::{Draw, Stream};
use cloze_stats::*;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("golden/orders.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn table(values: &Value) -> Vec<Vec<f64>> {
    values.as_array().unwrap().iter().map(numbers).collect()
}

fn watched(values: &Value) -> Vec<Watched> {
    let one = |value: &Value| Watched {
        time: value[0].as_f64().unwrap(),
        happened: value[1].as_bool().unwrap(),
    };
    values.as_array().unwrap().iter().map(one).collect()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    let most = tolerance * expected.abs().max(1.0);
    assert!((found - expected).abs() <= most, "{found} is not {expected}");
}

#[test]
fn curves_are_those_of_kaplan_and_meier() {
    for case in cases("curves") {
        let found = kaplan_meier(&watched(&case["watched"]), 0.95).unwrap();
        let steps = case["steps"].as_array().unwrap();
        assert_eq!(found.len(), steps.len());
        for (one, step) in found.iter().zip(steps) {
            let counts = [number(step, "time"), number(step, "at_risk"), number(step, "happened")];
            assert_eq!([one.time, one.at_risk as f64, one.happened as f64], counts);
            near(one.share, number(step, "share"), 1e-12);
            assert_eq!(one.interval.is_none(), step["low"].is_null());
            if let Some(interval) = one.interval {
                near(interval.low, number(step, "low"), 1e-6);
                near(interval.high, number(step, "high"), 1e-6);
            }
        }
        assert_eq!(median_time(&found), case["median"].as_f64());
    }
    let never = [Watched {
        time: 3.0,
        happened: false,
    }];
    assert_eq!(kaplan_meier(&never, 0.95).unwrap(), []);
    assert_eq!(median_time(&[]), None);
    assert!(kaplan_meier(&[], 0.95).is_err());
}

#[test]
fn the_log_rank_test_is_exact() {
    for case in cases("ranks") {
        let groups: Vec<Vec<Watched>> = case["groups"].as_array().unwrap().iter().map(watched).collect();
        let found = log_rank(&groups).unwrap().unwrap();
        near(found.excess, number(&case, "excess"), 1e-12);
        near(found.p, number(&case, "p"), 1e-12);
        match (found.z, case["z"].as_f64()) {
            (Some(z), Some(expected)) => near(z, expected, 1e-10),
            (found, expected) => assert_eq!(found, expected),
        }
        let backwards: Vec<Vec<Watched>> = groups.iter().rev().cloned().collect();
        near(log_rank(&backwards).unwrap().unwrap().p, found.p, 1e-12);
    }
    let never = vec![
        Watched {
            time: 1.0,
            happened: false
        };
        3
    ];
    assert_eq!(log_rank(&[never.clone(), never.clone()]).unwrap(), None);
    assert!(log_rank(&[never]).is_err());
}

#[test]
fn beyond_what_can_be_enumerated_ways_are_drawn() {
    for case in cases("large_ranks") {
        let groups: Vec<Vec<Watched>> = case["groups"].as_array().unwrap().iter().map(watched).collect();
        let p = log_rank(&groups).unwrap().unwrap().p;
        // Five standard errors of 65,535 draws.
        let exact = number(&case, "p");
        assert!(
            (p - exact).abs() <= 5.0 * (exact * (1.0 - exact) / 65_535.0).sqrt() + 1e-4,
            "{p} is not {exact}"
        );
        let mut turned = groups.clone();
        turned[0].reverse();
        assert_eq!(log_rank(&turned).unwrap().unwrap().p, p);
    }
}

#[test]
fn orders_agree_as_scipy_says() {
    for case in cases("kendall") {
        let (first, second) = (numbers(&case["first"]), numbers(&case["second"]));
        near(kendall(&first, &second).unwrap().unwrap(), number(&case, "tau"), 1e-12);
    }
    assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap(), None);
}

#[test]
fn trends_of_a_ladder() {
    for (kind, is_paired) in [("ladders", true), ("ladders_without_pairs", false)] {
        for case in cases(kind) {
            let arms = table(&case["first"]).into_iter().zip(table(&case["second"]));
            let sizes = numbers(&case["sizes"]).into_iter();
            let rungs: Vec<Rung> = sizes
                .zip(arms)
                .map(|(size, (first, second))| Rung {
                    size,
                    first,
                    second,
                    is_paired,
                })
                .collect();
            let (differences, trend) = ladder(&rungs, 0.95).unwrap();
            near(trend.per_doubling, number(&case, "slope"), 1e-10);
            near(trend.p.unwrap(), number(&case, "p"), 1e-9);
            near(trend.interval.unwrap().low, number(&case, "low"), 1e-9);
            near(trend.interval.unwrap().high, number(&case, "high"), 1e-9);
            if is_paired {
                let deltas = differences.iter().zip(numbers(&case["deltas"]));
                deltas.for_each(|(one, delta)| near(one.delta, delta, 1e-12));
            }
        }
    }
}

#[test]
fn the_best_of_a_curve() {
    for case in cases("best") {
        let scores = table(&case["scores"]);
        let found = Candidates {
            scores,
            are_paired: true,
        };
        let expected = numbers(&case["p"]);
        let found = found.best().unwrap();
        assert_eq!(found.len(), expected.len());
        found
            .iter()
            .zip(expected)
            .for_each(|(p, expected)| near(*p, expected, 1e-9));
    }
    // The value that fits best has 0.02 in its worst of three places.
    let places = [vec![0.9, 0.02, 0.001], vec![0.001, 0.5, 1.0], vec![0.01, 0.4, 1.0]];
    near(same_best(&places).unwrap(), 0.06, 1e-12);
    assert!(same_best(&[]).is_err() && same_best(&[vec![0.5], vec![]]).is_err());
}

#[test]
fn a_course_is_said_only_as_far_as_it_is_shown() {
    let rung = |size: f64, delta: f64, spread: f64| Rung {
        size,
        first: (0..5).map(|seed| delta + spread * f64::from(seed - 2)).collect(),
        second: vec![0.0; 5],
        is_paired: true,
    };
    let of = |deltas: [f64; 3], spreads: [f64; 3]| {
        let rungs: Vec<Rung> = (0..3)
            .map(|place| rung(64.0 * f64::from(1 << place), deltas[place], spreads[place]))
            .collect();
        let (differences, trend) = ladder(&rungs, 0.95).unwrap();
        let p: Vec<Option<f64>> = differences.iter().map(|one| one.p).collect();
        course(&differences, &p, &trend, trend.p, 0.05)
    };
    let some = [0.01, 0.011, 0.009];
    assert_eq!(of([0.5, 0.5, 0.5], some), Course::Stable);
    // It grows: that is no reason to expect a crossing.
    assert_eq!(of([0.3, 0.5, 0.7], some), Course::Stable);
    assert_eq!(of([0.7, 0.5, 0.3], some), Course::MayCross);
    assert_eq!(of([-0.7, -0.5, -0.3], some), Course::MayCross);
    assert_eq!(of([0.5, 0.1, -0.3], some), Course::Crosses);
    assert_eq!(of([0.5, 0.5, 0.5], [0.01, 0.011, 0.9]), Course::Open);
    assert_eq!(of([0.001, 0.002, -0.001], some), Course::Open);
}

/// What simulated seeds of some arms get.
fn simulated(truth: &[f64], seeds: usize, stream: &mut Stream) -> Scores {
    let shocks: Vec<f64> = (0..seeds).map(|_| stream.normal()).collect();
    let arms = truth.iter().map(|mean| {
        shocks
            .iter()
            .map(|shock| mean + 0.7 * shock + stream.normal())
            .collect()
    });
    Scores {
        arms: arms.collect(),
        are_paired: true,
    }
}

#[test]
fn the_interval_of_an_agreement_holds_over_what_the_orders_could_be() {
    let mut stream = Draw::new(0, "simulation").stream();
    for (seeds, apart) in [(3, 2.0), (5, 1.0)] {
        let mut covered = 0;
        const TRIALS: usize = 300;
        for _ in 0..TRIALS {
            let mut truth = || -> Vec<f64> { (0..5).map(|_| apart * stream.normal()).collect() };
            let (first, second) = (truth(), truth());
            let true_tau = kendall(&first, &second).unwrap().unwrap();
            let places = [first, second].map(|truth| simulated(&truth, seeds, &mut stream));
            let found = agreement(&places[0], &places[1], 0.95).unwrap().unwrap();
            covered += usize::from(found.interval.unwrap().contains(true_tau));
        }
        println!("{seeds} seeds, {apart} apart: {covered} of {TRIALS}");
        assert!(covered * 100 >= TRIALS * 93, "{seeds} seeds: {covered} of {TRIALS}");
    }
}

#[test]
fn the_best_value_is_left_out_no_more_often_than_it_is_said() {
    let mut stream = Draw::new(1, "simulation").stream();
    const TRIALS: usize = 2_000;
    // A flat curve, where any value may be called the best, and one with a peak.
    for curve in [[0.0; 5], [0.0, 0.8, 1.0, 0.5, -1.0]] {
        for seeds in [3, 5] {
            let (mut left_out, mut moved) = (0, 0);
            for _ in 0..TRIALS {
                let mut place = || {
                    let Scores { arms, are_paired } = simulated(&curve, seeds, &mut stream);
                    Candidates {
                        scores: arms,
                        are_paired,
                    }
                    .best()
                    .unwrap()
                };
                let places = [place(), place(), place()];
                left_out += usize::from(places[0][2] <= 0.05);
                moved += usize::from(same_best(&places).unwrap() <= 0.05);
            }
            println!("{curve:?}, {seeds} seeds: left out {left_out}, moved {moved} of {TRIALS}");
            // 5 % and three standard errors of it.
            assert!(left_out * 1000 <= TRIALS * 65 && moved * 1000 <= TRIALS * 65);
        }
    }
}
