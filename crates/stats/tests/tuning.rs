//! The best of so many trials, by listing every choice; and arms that keep their order.

use cloze_stats::{expected_best, order_kept};

/// The mean of the best over every choice of `count` of the scores.
fn listed(scores: &[f64], count: u32) -> f64 {
    let choices = (0_u32..1 << scores.len()).filter(|choice| choice.count_ones() == count);
    let best = |choice: u32| {
        let chosen = scores.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
        chosen.map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max)
    };
    let bests: Vec<f64> = choices.map(best).collect();
    bests.iter().sum::<f64>() / bests.len() as f64
}

#[test]
fn the_expected_best_is_the_mean_over_every_choice_of_trials() {
    let scores = [0.61, 0.55, 0.7, 0.55, 0.42, 0.66, 0.5];
    for count in 1..=scores.len() {
        let found = expected_best(&scores, count).unwrap();
        assert!(
            (found - listed(&scores, count as u32)).abs() < 1e-12,
            "{count}: {found}"
        );
    }
    assert_eq!(expected_best(&scores, 7).unwrap(), 0.7);
    for (scores, count) in [(&scores[..], 0), (&scores[..], 8), (&[][..], 1), (&[f64::NAN][..], 1)] {
        assert!(expected_best(scores, count).is_err());
    }
}

#[test]
fn pairs_keep_their_order_or_lose_it_and_who_diverged_is_last() {
    let kept = |first: [Option<f64>; 3], second: [Option<f64>; 3]| {
        let found = order_kept(&first, &second).unwrap();
        (found.kept, found.pairs)
    };
    let three = [Some(1.0), Some(2.0), Some(3.0)];
    assert_eq!(kept(three, three), (3.0, 3));
    assert_eq!(kept(three, [Some(3.0), Some(2.0), Some(1.0)]), (0.0, 3));
    assert_eq!(kept(three, [Some(2.0), Some(2.0), Some(3.0)]), (2.5, 3));
    assert_eq!(kept(three, [None, Some(1.0), Some(2.0)]), (3.0, 3));
    assert_eq!(kept(three, [Some(1.0), Some(2.0), None]), (1.0, 3));
    assert_eq!(
        kept([None, None, Some(1.0)], three),
        (2.0, 2),
        "what was tied is no order"
    );
    assert_eq!(order_kept(&[Some(1.0)], &[Some(1.0)]).unwrap().share(), None);
    assert!(order_kept(&[Some(1.0)], &[]).is_err());
    assert!(order_kept(&[Some(f64::NAN)], &[None]).is_err());
}
