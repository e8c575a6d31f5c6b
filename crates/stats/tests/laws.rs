//! What must hold for any numbers.

use cloze_foundation::Draw;
use cloze_stats::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn scores(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(f64, f64)>> {
    // Thousandths, as accuracies are: ties happen.
    prop::collection::vec((0_u32..=1000, 0_u32..=1000), length).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(a, b)| (f64::from(a) / 1e3, f64::from(b) / 1e3))
            .collect()
    })
}

fn split(pairs: &[(f64, f64)]) -> (Vec<f64>, Vec<f64>) {
    pairs.iter().copied().unzip()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_of_seeds_does_not_matter(pairs in scores(2..10), key in any::<u64>()) {
        let mut shuffled = pairs.clone();
        Draw::new(key, "order").stream().shuffle(&mut shuffled);
        let ((a, b), (c, d)) = (split(&pairs), split(&shuffled));
        let (left, right) = (paired(&a, &b, 0.95).unwrap(), paired(&c, &d, 0.95).unwrap());
        prop_assert!(near(left.delta, right.delta) && near(left.sd.unwrap(), right.sd.unwrap()));
        prop_assert_eq!(left.p.is_some(), right.p.is_some());
        let differ = |pairs: &[(f64, f64)]| pairs.iter().map(|(a, b)| a - b).collect::<Vec<_>>();
        prop_assert_eq!(sign_flip(&differ(&pairs)).unwrap(), sign_flip(&differ(&shuffled)).unwrap());
        prop_assert_eq!(superiority(&a, &b).unwrap(), superiority(&c, &d).unwrap());
    }

    #[test]
    fn swapping_the_arms_swaps_the_answer(pairs in scores(2..10)) {
        let (a, b) = split(&pairs);
        let (left, right) = (paired(&a, &b, 0.95).unwrap(), paired(&b, &a, 0.95).unwrap());
        prop_assert!(near(left.delta, -right.delta) && left.p.is_some() == right.p.is_some());
        prop_assert!(near(left.interval.unwrap().low, -right.interval.unwrap().high));
        prop_assert!(near(left.p.unwrap_or(0.0), right.p.unwrap_or(0.0)));
        prop_assert!(near(superiority(&a, &b).unwrap() + superiority(&b, &a).unwrap(), 1.0));
        let (forth, back): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (a - b, b - a)).unzip();
        prop_assert_eq!(sign_flip(&forth).unwrap(), sign_flip(&back).unwrap());
    }

    #[test]
    fn the_sign_flip_p_is_a_multiple_of_its_smallest(pairs in scores(1..12)) {
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
        let p = sign_flip(&differences).unwrap();
        let multiple = p / smallest_sign_flip_p(differences.len());
        prop_assert!(p <= 1.0 && multiple >= 1.0 && near(multiple, multiple.round()));
    }

    #[test]
    fn holm_is_its_definition_and_needs_no_sorting(p in prop::collection::vec(0.0..=1.0_f64, 0..12), key in any::<u64>()) {
        let adjusted = holm(&p).unwrap();
        for i in 0..p.len() {
            // Holm 1979: the largest, over all p that are no larger, of p times the number of those that are no smaller.
            let no_smaller = |j: usize| p.iter().filter(|other| **other >= p[j]).count() as f64;
            let largest = (0..p.len()).filter(|j| p[*j] <= p[i]).map(|j| p[j] * no_smaller(j)).fold(0.0, f64::max);
            prop_assert!(near(adjusted[i], largest.min(1.0)), "{p:?}: {adjusted:?}");
            // It never says more than Bonferroni's, nor less than no correction.
            prop_assert!(adjusted[i] >= p[i] && adjusted[i] <= p.len() as f64 * p[i] + 1e-12);
        }
        let mut order: Vec<usize> = (0..p.len()).collect();
        Draw::new(key, "order").stream().shuffle(&mut order);
        let shuffled: Vec<f64> = order.iter().map(|i| p[*i]).collect();
        let expected: Vec<f64> = order.iter().map(|i| adjusted[*i]).collect();
        prop_assert_eq!(holm(&shuffled).unwrap(), expected);
    }

    #[test]
    fn without_pairs_neither_the_order_of_seeds_nor_that_of_arms_matters(pairs in scores(2..7), key in any::<u64>()) {
        let (a, b) = split(&pairs);
        let mut shuffled = b.clone();
        Draw::new(key, "order").stream().shuffle(&mut shuffled);
        let (left, right) = (unpaired(&a, &b, 0.95).unwrap(), unpaired(&shuffled, &a, 0.95).unwrap());
        prop_assert!(near(left.delta, -right.delta) && left.correlation.is_none());
        prop_assert!(near(left.interval.unwrap().low, -right.interval.unwrap().high));
        prop_assert!(near(left.p.unwrap_or(0.0), right.p.unwrap_or(0.0)));
        let (forth, back) = (permutation(&a, &b).unwrap(), permutation(&shuffled, &a).unwrap());
        prop_assert!(near(forth, back) && forth > 0.0 && forth <= 1.0);
    }

    #[test]
    fn a_flat_curve_has_its_height_as_area(height in -2.0..2.0_f64, x in prop::collection::btree_set(1_u32..10_000, 2..8)) {
        let points: Vec<(f64, f64)> = x.into_iter().rev().map(|x| (f64::from(x), height)).collect();
        prop_assert!(near(area_under_log_curve(&points).unwrap(), height));
    }
}

#[test]
fn one_seed_has_no_interval_and_equal_seeds_have_no_test() {
    let one = summarise(&[0.7], 0.95).unwrap();
    assert_eq!((one.n, one.mean, one.sd, one.interval), (1, 0.7, None, None));
    let pair = paired(&[0.7], &[0.6], 0.95).unwrap();
    assert_eq!(
        (pair.sd, pair.interval, pair.p, pair.effect, pair.correlation),
        (None, None, None, None, None)
    );

    let constant = summarise(&[0.1; 3], 0.95).unwrap();
    assert_eq!((constant.mean, constant.sd), (0.1, Some(0.0)));
    let shifted = paired(&[0.3, 0.4, 0.5], &[0.1, 0.2, 0.3], 0.95).unwrap();
    assert_eq!((shifted.p, shifted.effect), (None, None));
    assert!(near(shifted.delta, 0.2) && near(shifted.correlation.unwrap(), 1.0));
    assert_eq!(paired(&[0.5; 4], &[0.5; 4], 0.95).unwrap().p, None);
}

#[test]
fn what_is_not_a_number_is_refused_by_name() {
    let told = |result: cloze_foundation::Result<f64>| result.unwrap_err().to_string();
    assert!(told(summarise(&[0.1, f64::NAN], 0.95).map(|s| s.mean)).starts_with("value 2 of `values` is NaN"));
    assert!(told(paired(&[0.1], &[f64::INFINITY], 0.95).map(|p| p.delta)).starts_with("value 1 of `second` is inf"));
    assert!(told(sign_flip(&[f64::NAN])).contains("`differences` is NaN"));
    assert!(told(superiority(&[], &[1.0])).starts_with("`first` has no values"));
    assert!(told(holm(&[0.2, f64::NAN]).map(|p| p[0])).starts_with("p value 2 is NaN"));
    assert!(told(area_under_log_curve(&[(1.0, 0.1), (f64::NAN, 0.2)])).contains("`x` is NaN"));
    assert!(told(area_under_log_curve(&[(1.0, 0.1), (1.0, 0.2)])).contains("distinct positive x"));
    assert!(told(power(f64::NAN, 3, 0.05)).contains("`effect` is NaN"));
    assert!(told(paired(&[0.1, 0.2], &[0.1], 0.95).map(|p| p.delta)).starts_with("2 values cannot be paired with 1"));
    assert!(told(chance_normalised(0.7, 0.5, 0.5)).contains("cannot be placed"));
    let tasks = [BTreeMap::from([(4, 0.1)]), BTreeMap::from([(4, f64::NAN)])];
    assert!(
        macro_average(&tasks)
            .unwrap_err()
            .to_string()
            .starts_with("value 2 of `scores of seed 4` is NaN")
    );
}

#[test]
fn the_exact_test_needs_the_seeds_that_the_enumeration_says() {
    assert_eq!([3, 5, 6].map(smallest_sign_flip_p), [0.25, 0.0625, 0.03125]);
    let needed = [1, 3, 7, 12].map(|comparisons| seeds_for_sign_flip(0.05, comparisons).unwrap());
    assert_eq!(needed, [6, 7, 9, 9]);
    assert_eq!(sign_flip(&[0.1, 0.2, 0.3]).unwrap(), 0.25);
}

#[test]
fn seeds_needed_and_the_detectable_effect_invert_power() {
    for effect in [0.3, 0.8, 1.5, 4.0] {
        let n = seeds_needed(effect, 0.8, 0.05).unwrap().unwrap();
        assert!(power(effect, n, 0.05).unwrap() >= 0.8 && power(effect, n - 1, 0.05).unwrap() < 0.8);
    }
    let smallest = detectable_effect(5, 0.8, 0.05).unwrap().unwrap();
    assert!(near(power(smallest, 5, 0.05).unwrap(), 0.8));
    assert_eq!(detectable_effect(1, 0.8, 0.05).unwrap(), None);
    assert_eq!(seeds_needed(0.0, 0.8, 0.05).unwrap(), None);
}

#[test]
fn the_seeds_of_two_arms_can_be_dealt_out_in_so_many_ways() {
    // The largest difference that six seeds allow: one way of twenty, and its mirror image.
    assert!(near(permutation(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]).unwrap(), 0.1));
    assert!(near(permutation(&[1.0; 3], &[1.0; 3]).unwrap(), 1.0));
    // Four against two: fifteen ways, and the two largest may be those two as well as the two smallest.
    assert!(near(
        permutation(&[3.0, 4.0, 5.0, 6.0], &[1.0, 2.0]).unwrap(),
        2.0 / 15.0
    ));
}

#[test]
fn drawn_deals_estimate_the_enumerated_p() {
    let seeds =
        |shift: f64, count: u32| -> Vec<f64> { (0..count).map(|i| f64::from((i * 7) % 11) / 11.0 + shift).collect() };
    let exact = permutation(&seeds(0.25, 9), &seeds(0.0, 9)).unwrap();
    let drawn = permutation(
        &[seeds(0.25, 9), vec![]].concat(),
        &[seeds(0.0, 9), vec![0.45]].concat(),
    )
    .unwrap();
    assert!(
        exact > 0.02 && exact < 0.5 && (exact - drawn).abs() < 0.05,
        "{exact} {drawn}"
    );
}

#[test]
fn a_mean_against_a_level_has_a_p_where_seeds_differ() {
    let found = summarise(&[0.6, 0.7, 0.8], 0.95).unwrap();
    assert!(near(found.p(0.7).unwrap().unwrap(), 1.0));
    // t = 0.2 / (0.1 / sqrt(3)) with two degrees of freedom, by hand: p = 1 - t / sqrt(2 + t^2).
    let t = 0.2 / (0.1 / 3.0_f64.sqrt());
    assert!(near(found.p(0.5).unwrap().unwrap(), 1.0 - t / (2.0 + t * t).sqrt()));
    assert_eq!(summarise(&[0.6; 3], 0.95).unwrap().p(0.5).unwrap(), None);
    assert_eq!(summarise(&[0.6], 0.95).unwrap().p(0.5).unwrap(), None);
}

#[test]
fn more_seeds_are_a_range_that_grows_with_what_is_not_known() {
    for (effect, n) in [(0.8, 4), (1.5, 6), (3.0, 3)] {
        let (small, large) = effect_limits(effect, n, 0.5).unwrap();
        assert!(small < effect && effect < large, "{small} {effect} {large}");
        let (smaller, larger) = effect_limits(effect, n, 0.9).unwrap();
        assert!(smaller <= small && large <= larger);
        let needed = seeds_range(effect, n, 0.8, 0.05).unwrap().unwrap();
        let at = seeds_needed(effect, 0.8, 0.05).unwrap().unwrap();
        assert!(
            needed.fewest <= at && needed.most.is_none_or(|most| most >= at),
            "{needed:?} {at}"
        );
        // Holm's level asks for more.
        let strict = seeds_range(effect, n, 0.8, 0.0125).unwrap().unwrap();
        assert!(strict.fewest >= needed.fewest);
    }
    // Many seeds know their effect well.
    let (small, large) = effect_limits(0.8, 200, 0.5).unwrap();
    assert!(large - small < 0.15, "{small} {large}");
    // An effect that may as well be none has no upper end.
    assert_eq!(
        seeds_range(0.05, 3, 0.8, 0.05).unwrap().and_then(|needed| needed.most),
        None
    );
}

#[test]
fn a_mean_over_tasks_needs_all_of_them() {
    let tasks = [
        BTreeMap::from([(1, 0.2), (2, 0.4)]),
        BTreeMap::from([(2, 0.8), (3, 0.9)]),
    ];
    let means = macro_average(&tasks).unwrap();
    assert!(means.len() == 1 && near(means[&2], 0.6));
    assert!(near(chance_normalised(0.75, 0.5, 1.0).unwrap(), 0.5));
}

#[test]
fn t_intervals_cover_what_they_say() {
    for n in [3, 5] {
        let trials = 8_000;
        let covered = (0..trials).filter(|trial| {
            let mut noise = Draw::new(7, "coverage").step(n as u64).example(*trial).stream();
            let values: Vec<f64> = (0..n).map(|_| 0.6 + 0.1 * noise.normal()).collect();
            summarise(&values, 0.95).unwrap().interval.unwrap().contains(0.6)
        });
        let share = covered.count() as f64 / trials as f64;
        assert!((0.93..=0.97).contains(&share), "{n} seeds: {share}");
    }
}

#[test]
fn drawn_signs_are_counted_with_the_pattern_that_was_seen() {
    // 65,535 are drawn beyond 16 seeds: with the one that was seen p is a whole number over 65,536, and never 0.
    for seeds in [17, 30] {
        let differences: Vec<f64> = (0..seeds).map(|seed| 0.1 + f64::from(seed % 3) * 0.05).collect();
        let p = sign_flip(&differences).unwrap();
        assert!(p > 0.0 && (p * 65_536.0).fract() == 0.0 && p < 0.001, "{p}");
    }
}

#[test]
fn a_share_is_neither_nothing_nor_all() {
    for edge in [0.0, 1.0] {
        assert!(seeds_for_sign_flip(edge, 1).is_err() && two_sided_quantile(3, edge).is_err());
    }
}

#[test]
fn an_interval_has_half_of_its_width_on_each_side() {
    let interval = Interval { low: 0.2, high: 0.5 };
    assert!(near(interval.half_width(), 0.15));
    assert!(interval.contains(0.2) && interval.contains(0.5) && !interval.contains(0.51));
}

#[test]
fn items_are_a_sample_beside_the_seeds() {
    let found = summarise(&[0.57, 0.6, 0.63], 0.95).unwrap();
    let p = |items: usize| found.p_over_items(0.5, items).unwrap().unwrap();
    // By hand: variance 0.0003 of seeds and 0.0025 of items, t = 1.88982, 174.22 degrees of freedom.
    assert!((p(100) - 0.060_442_489).abs() < 1e-6, "{}", p(100));
    // Few items say little, and of very many it is the t test over the seeds that is left.
    assert!(p(10) > p(100) && p(100) > p(1_000));
    assert!(near(p(usize::MAX), found.p(0.5).unwrap().unwrap()));
    // Seeds that do not differ leave the items: two standard errors of them.
    let alike = summarise(&[0.6; 3], 0.95).unwrap();
    assert!((alike.p_over_items(0.5, 100).unwrap().unwrap() - 0.045_500_264).abs() < 1e-5);
    assert_eq!(summarise(&[0.6], 0.95).unwrap().p_over_items(0.5, 100).unwrap(), None);
    assert!(found.p_over_items(0.5, 0).is_err() && found.p_over_items(1.0, 5).is_err());
}
