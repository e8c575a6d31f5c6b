//! Resampling over seeds and items: golden numbers, laws, and how often an interval covers.

use cloze_foundation::Draw;
use cloze_stats::{Bootstrap, Judged, difference, level, summarise};
use serde_json::Value;

fn cases(kind: &str) -> Vec<(Judged, Bootstrap)> {
    let all: Value = serde_json::from_str(include_str!("golden/multi_bootstrap.json")).unwrap();
    let credits = |items: &Value| -> Vec<f64> {
        let letters = items.as_str().unwrap().chars();
        letters
            .map(|letter| f64::from(letter.to_digit(3).unwrap()) / 2.0)
            .collect()
    };
    let list = |value: &Value| value.as_array().unwrap().clone();
    let case = |case: &Value| {
        let number = |key: &str| case[key].as_f64().unwrap();
        let judged = Judged {
            seeds: list(&case["seeds"])
                .iter()
                .map(|seed| list(seed).iter().map(credits).collect())
                .collect(),
            groups: list(&case["groups"])
                .iter()
                .map(|group| group.as_u64().unwrap() as usize)
                .collect(),
        };
        let [estimate, lo, hi, p] = ["estimate", "lo", "hi", "p"].map(number);
        let (of_items, null) = (0.0, 0.5);
        (
            judged,
            Bootstrap {
                estimate,
                lo,
                hi,
                p,
                of_items,
                null,
            },
        )
    };
    list(&all[kind]).iter().map(case).collect()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn intervals_are_those_of_a_script() {
    for (judged, expected) in cases("interval") {
        let found = level(&judged, 0.5, 1).unwrap();
        near(found.estimate, expected.estimate, 1e-12);
        // Both are drawn; the golden one 200,000 times.
        let width = expected.hi - expected.lo;
        near(found.lo, expected.lo, 0.02 * width);
        near(found.hi, expected.hi, 0.02 * width);
        near(found.p, expected.p, 0.02);
    }
}

#[test]
fn with_many_seeds_it_is_the_multi_bootstrap() {
    for (judged, expected) in cases("multiberts") {
        let found = level(&judged, 0.5, 1).unwrap();
        near(found.estimate, expected.estimate, 1e-12);
        let width = expected.hi - expected.lo;
        near(found.hi - found.lo, width, 0.08 * width);
        near(found.lo, expected.lo, 0.06 * width);
        near(found.hi, expected.hi, 0.06 * width);
    }
}

/// Some credits: `skill` above an even chance in logits, with seeds, items and both together spread by so much.
fn judged(seeds: usize, items: usize, skill: f64, [of_seed, of_item, of_both]: [f64; 3], draw: Draw) -> Judged {
    const PARADIGMS: [f64; 4] = [-0.6, 0.0, 0.3, 0.9];
    let mut stream = draw.stream();
    let difficulty: Vec<Vec<f64>> = PARADIGMS
        .iter()
        .map(|paradigm| {
            (0..items)
                .map(|_| skill + paradigm + of_item * stream.normal())
                .collect()
        })
        .collect();
    let seeds = (0..seeds).map(|_| {
        let own = of_seed * stream.normal();
        let mut credit = |item: &f64| f64::from(stream.unit() < chance_of(item + own + of_both * stream.normal()));
        difficulty
            .iter()
            .map(|items| items.iter().map(&mut credit).collect())
            .collect()
    });
    Judged {
        seeds: seeds.collect(),
        groups: vec![0, 0, 1, 2],
    }
}

fn chance_of(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// What infinitely many seeds and items would get.
fn truth(skill: f64, spreads: [f64; 3]) -> f64 {
    let spread = spreads.iter().map(|spread| spread * spread).sum::<f64>().sqrt();
    let mean = |paradigm: f64| {
        let points = (-600..=600).map(|step| f64::from(step) / 100.0);
        let (sum, mass) = points.fold((0.0, 0.0), |(sum, mass), z| {
            let density = (-z * z / 2.0).exp();
            (sum + density * chance_of(skill + paradigm + spread * z), mass + density)
        });
        sum / mass
    };
    ((mean(-0.6) + mean(0.0)) / 2.0 + mean(0.3) + mean(0.9)) / 3.0
}

/// CLOZE_COVERAGE=2000 makes it a matter of minutes.
#[test]
fn an_interval_covers_what_it_says() {
    let trials = std::env::var("CLOZE_COVERAGE")
        .ok()
        .and_then(|trials| trials.parse().ok());
    let trials: u64 = trials.unwrap_or(120);
    let spreads = [[0.0, 1.0, 0.0], [0.0, 1.0, 1.5], [0.6, 0.0, 0.0], [0.6, 1.0, 0.5]];
    for seeds in [3, 5, 10] {
        for spread in spreads {
            let expected = truth(0.1, spread);
            let covered = (0..trials).filter(|trial| {
                let draw = Draw::new(3, "coverage").step(seeds as u64).example(*trial);
                let found = level(&judged(seeds, 25, 0.1, spread, draw), 0.5, *trial).unwrap();
                (found.lo..=found.hi).contains(&expected)
            });
            let share = covered.count() as f64 / trials as f64;
            println!("{seeds} seeds, spreads {spread:?}: {share:.3}");
            // Three standard errors of so many trials below the 95 % that are meant.
            let slack = 3.0 * (0.95_f64 * 0.05 / trials as f64).sqrt();
            assert!(share >= 0.945 - slack, "{seeds} seeds, spreads {spread:?}: {share}");
        }
    }
}

#[test]
fn equal_seeds_are_as_sure_as_their_items_are_many_and_equal_items_as_their_seeds_agree() {
    let wrong_and_right = |items: usize| vec![(0..items).map(|item| f64::from(item % 5 < 3)).collect::<Vec<f64>>()];
    let equal = |items: usize| Judged {
        seeds: vec![wrong_and_right(items); 3],
        groups: vec![0],
    };
    let [few, many] = [20, 2000].map(|items| level(&equal(items), 0.5, 1).unwrap());
    assert!(
        (few.estimate, many.estimate) == (0.6, 0.6) && few.lo < 0.5 && few.p > 0.1,
        "{few:?}"
    );
    assert!(many.lo > 0.57 && many.p < 0.001 && many.p >= 1.0 / 10_001.0, "{many:?}");
    near(few.hi - few.lo, 2.0 * 1.96 * (0.6 * 0.4 / 19.0_f64).sqrt(), 0.05);

    let scores = [0.4, 0.6, 0.7];
    let seeds = scores.map(|score| vec![vec![score; 30]]);
    let found = level(
        &Judged {
            seeds: seeds.to_vec(),
            groups: vec![0],
        },
        0.5,
        1,
    )
    .unwrap();
    let expected = summarise(&scores, 0.95).unwrap().interval.unwrap();
    near(found.lo, expected.low, 1e-3);
    near(found.hi, expected.high, 1e-3);
}

#[test]
fn differences_are_paired_antisymmetric_and_the_same_for_the_same_seed() {
    let [a, b] = [1, 2].map(|draw| judged(4, 12, 0.3, [0.5, 1.0, 0.5], Draw::new(draw, "arms")));
    let found = difference(&a, &b, 7).unwrap();
    assert_eq!(found, difference(&a, &b, 7).unwrap());
    assert_ne!(found, difference(&a, &b, 8).unwrap());
    let back = difference(&b, &a, 7).unwrap();
    near(found.estimate, -back.estimate, 1e-15);
    near(found.lo, -back.hi, 1e-12);
    near(found.p, back.p, 1e-12);
    let [first, second] = [&a, &b].map(|judged| level(judged, 0.5, 1).unwrap().estimate);
    near(found.estimate, first - second, 1e-12);
    let same = difference(&a, &a, 7).unwrap();
    assert_eq!((same.estimate, same.lo, same.hi, same.p), (0.0, 0.0, 0.0, 1.0));
}

#[test]
fn a_mean_is_over_items_then_paradigms_then_groups() {
    let seed = vec![vec![1.0, 0.0], vec![1.0, 1.0, 1.0], vec![0.5, 0.5]];
    let judged = |groups: [usize; 3]| Judged {
        seeds: vec![seed.clone(), seed.clone()],
        groups: groups.to_vec(),
    };
    near(
        level(&judged([5, 5, 9]), 0.5, 1).unwrap().estimate,
        (0.75 + 0.5) / 2.0,
        1e-15,
    );
    near(level(&judged([0, 1, 2]), 0.5, 1).unwrap().estimate, 2.0 / 3.0, 1e-15);
}

#[test]
fn what_cannot_be_resampled_is_refused() {
    let told = |seeds: Vec<Vec<Vec<f64>>>, groups: &[usize]| {
        let groups = groups.to_vec();
        level(&Judged { seeds, groups }, 0.5, 1).unwrap_err().to_string()
    };
    let one = vec![vec![1.0, 0.0]];
    assert!(told(vec![one.clone()], &[0]).contains("1 seed(s)"));
    assert!(told(vec![one.clone(), vec![vec![1.0]]], &[0]).contains("seed 2 was judged by other items"));
    assert!(told(vec![one.clone(), one.clone()], &[0, 1]).contains("1 paradigms have 2 groups"));
    assert!(told(vec![vec![vec![f64::NAN]], vec![vec![1.0]]], &[0]).contains("`credits` is NaN"));
    assert!(told(vec![vec![vec![]], vec![vec![]]], &[0]).contains("`credits` has no values"));
    let [a, b] = [2, 3].map(|seeds| judged(seeds, 3, 0.0, [0.0; 3], Draw::new(1, "arms")));
    assert!(difference(&a, &b, 1).unwrap_err().what.contains("as many seeds"));
}

/// As many throws of a coin as there are items: 2/2^n, and the interval leaves chance out where that is below 5 %.
#[test]
fn a_few_items_that_all_agree_are_no_certainty() {
    let right = |items: usize| Judged {
        seeds: vec![vec![vec![1.0; items]]; 3],
        groups: vec![0],
    };
    for items in [2, 5, 6, 10] {
        let found = level(&right(items), 0.5, 1).unwrap();
        near(found.p, 2.0 / 2.0_f64.powi(items as i32), 1e-12);
        assert_eq!(found.lo > 0.5, found.p < 0.05, "{items}: {found:?}");
        // An arm against one that is always wrong.
        let wrong = Judged {
            seeds: vec![vec![vec![0.0; items]]; 3],
            groups: vec![0],
        };
        let found = difference(&right(items), &wrong, 1).unwrap();
        near(found.p, 2.0 / 2.0_f64.powi(items as i32), 1e-12);
        assert_eq!(found.lo > 0.0, found.p < 0.05, "{items}: {found:?}");
    }
    let two = level(&right(2), 0.5, 1).unwrap();
    // Clopper and Pearson: 2 of 2 is [15.8 %, 100 %].
    near(two.lo, 0.158, 0.001);
    assert!(two.more_items(0.05).unwrap().is_some());
    let ten = level(&right(10), 0.5, 1).unwrap();
    near(ten.of_items, (1.0 - 0.025_f64.powf(0.1)) / 1.96, 1e-12);
    assert_eq!(ten.more_items(0.05).unwrap(), None);
}

#[test]
fn seeds_without_end_do_not_make_up_for_items() {
    // 13 of 20 items right in every seed: p is 0.18 however many seeds there are.
    let seed: Vec<f64> = (0..20).map(|item| f64::from(item < 13)).collect();
    for seeds in [3, 300] {
        let judged = Judged {
            seeds: vec![vec![seed.clone()]; seeds],
            groups: vec![0],
        };
        let found = level(&judged, 0.5, 1).unwrap();
        near(found.of_items, (0.65 * 0.35 / 19.0_f64).sqrt(), 1e-12);
        // (1.96 · 0.109 / 0.15)² = 2.04 times as many.
        assert!(
            found.p > 0.05 && found.more_items(0.05).unwrap() == Some(3),
            "{found:?}"
        );
    }
}

#[test]
fn seeds_that_are_equal_by_chance_do_not_make_items_certain() {
    // Three seeds with 23 of 50 each, on items that have nothing in common.
    let seed = |shift: usize| {
        vec![
            (0..50)
                .map(|item| f64::from((item * 7 + shift * 17) % 50 < 23))
                .collect::<Vec<f64>>(),
        ]
    };
    let judged = Judged {
        seeds: (0..3).map(seed).collect(),
        groups: vec![0],
    };
    let found = level(&judged, 0.5, 1).unwrap();
    assert!(found.p > 0.05 && found.lo < 0.46 && found.hi > 0.5, "{found:?}");
}
