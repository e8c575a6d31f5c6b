//! A fixed number of unequally likely positions.

use cloze_foundation::Stream;

/// How likely each of some items is to be among `count` of them: in proportion to its weight, but at most 1, and `count`
/// in sum. What the items at 1 leave is shared by the others in proportion. Weights are positive.
pub fn inclusion(weights: &[f64], count: usize) -> Vec<f64> {
    let count = count.min(weights.len());
    let mut certain = vec![false; weights.len()];
    loop {
        let left = count - certain.iter().filter(|certain| **certain).count();
        let open = weights.iter().zip(&certain).filter(|(_, certain)| !**certain);
        let scale = left as f64 / open.map(|(weight, _)| weight).sum::<f64>();
        let mut is_done = true;
        for (weight, certain) in weights.iter().zip(&mut certain) {
            if !*certain && weight * scale >= 1.0 {
                (*certain, is_done) = (true, false);
            }
        }
        if is_done {
            let share = |(weight, certain): (&f64, &bool)| if *certain { 1.0 } else { weight * scale };
            return weights.iter().zip(&certain).map(share).collect();
        }
    }
}

/// Items of which each is taken exactly as often as its probability says, and as many of them as the sum of the
/// probabilities, a whole number: systematic sampling in a random order (Madow 1949). Ascending.
pub fn sample(probabilities: &[f64], stream: &mut Stream) -> Vec<usize> {
    let count = probabilities.iter().sum::<f64>().round() as usize;
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    stream.shuffle(&mut order);
    let start = stream.unit();
    let mut chosen = Vec::with_capacity(count);
    let mut passed = 0.0;
    for (place, item) in order.iter().enumerate() {
        passed += probabilities[*item];
        // The last ones fill the count whatever rounding has left of the sum.
        let is_needed = order.len() - place == count - chosen.len();
        if chosen.len() < count && (passed > start + chosen.len() as f64 || is_needed) {
            chosen.push(*item);
        }
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_foundation::Draw;
    use proptest::prelude::*;

    #[test]
    fn probabilities_are_those_of_a_count_by_hand() {
        assert_eq!(inclusion(&[1.0, 1.0, 2.0, 4.0], 2), [0.25, 0.25, 0.5, 1.0]);
        // 10 / 13 of 2 is more than 1: the others share what is left.
        assert_eq!(inclusion(&[1.0, 2.0, 10.0], 2), [1.0 / 3.0, 2.0 / 3.0, 1.0]);
        assert_eq!(inclusion(&[3.0, 1.0], 5), [1.0, 1.0]);
        assert_eq!(inclusion(&[3.0, 1.0], 0), [0.0, 0.0]);
        assert!(inclusion(&[], 3).is_empty());
    }

    #[test]
    fn items_are_taken_as_often_as_their_probabilities_say() {
        let probabilities = inclusion(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 30.0], 3);
        let mut times = [0.0; 8];
        let draws = 50_000;
        let mut stream = Draw::new(1, "sample").stream();
        for _ in 0..draws {
            sample(&probabilities, &mut stream)
                .into_iter()
                .for_each(|item| times[item] += 1.0 / f64::from(draws));
        }
        for (found, expected) in times.into_iter().zip(probabilities) {
            let deviation = (expected * (1.0 - expected) / f64::from(draws)).sqrt();
            assert!(
                (found - expected).abs() <= 3.0 * deviation + 1e-9,
                "{found}, not {expected}"
            );
        }
    }

    proptest! {
        #[test]
        fn as_many_are_taken_as_are_asked_for(weights in prop::collection::vec(1e-6..1e6f64, 0..60), count in 0usize..80, seed: u64) {
            let probabilities = inclusion(&weights, count);
            prop_assert!(probabilities.iter().all(|share| (0.0..=1.0).contains(share)));
            let chosen = sample(&probabilities, &mut Draw::new(seed, "sample").stream());
            prop_assert_eq!(chosen.len(), count.min(weights.len()));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!((0..weights.len()).all(|item| probabilities[item] < 1.0 || chosen.contains(&item)));
        }
    }
}
