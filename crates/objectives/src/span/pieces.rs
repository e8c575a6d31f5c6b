//! Laws of spans that are made of tokens, whatever their words.

use crate::laws::Mode;
use cloze_foundation::Stream;

/// A span length as ltgoslo/ltg-bert has it, `training/mlm_dataset.py`: geometric with p = 1/3, and of that the remainder by
/// ten, so that it may be 0.
pub(super) fn ltg_length(stream: &mut Stream) -> usize {
    let mut length = 1;
    while !stream.chance(1.0 / 3.0) {
        length += 1;
    }
    length % 10
}

/// Spans of tokens until as many are hidden as a coin for each `candidate` (true = may be hidden) gave; each as the positions
/// that are its own. A span may begin before the first token and end behind the last one, so that no place is preferred.
///
/// `corrected` counts every token once and ends the last span with the budget. ltgoslo/ltg-bert as it was published at EACL
/// counts a token as often as a span has it, and gives it to all of these; it has no upper bound for the last span and never hides the
/// last position.
pub(super) fn ltg(candidate: &[bool], rate: f64, mode: Mode, stream: &mut Stream) -> Vec<Vec<usize>> {
    let reach = match mode {
        Mode::Corrected => candidate.len(),
        Mode::Reference => candidate.len().saturating_sub(1),
    };
    let possible = candidate[..reach].iter().filter(|candidate| **candidate).count();
    let coins = candidate.iter().filter(|candidate| **candidate);
    let mut left = coins.filter(|_| stream.chance(rate)).count();
    if mode == Mode::Corrected {
        // A window without a prediction would teach nothing.
        left = left.max(1);
    }
    left = left.min(possible);
    let mut hidden = vec![false; candidate.len()];
    let mut spans = Vec::new();
    while left > 0 {
        let length = ltg_length(stream);
        if length == 0 {
            continue;
        }
        // From 1 - length to the number of positions, and in the published code as far as length - 1 beyond it.
        let outside = match mode {
            Mode::Corrected => length - 1,
            Mode::Reference => 2 * length - 1,
        };
        let end = 1 + stream.below(candidate.len() + outside);
        let positions = end.saturating_sub(length)..end.min(reach);
        let own: Vec<usize> = match mode {
            Mode::Corrected => {
                let new = positions.filter(|place| candidate[*place] && !hidden[*place]);
                new.take(left).collect()
            }
            Mode::Reference => positions.filter(|place| candidate[*place]).collect(),
        };
        left = left.saturating_sub(own.len());
        own.iter().for_each(|place| hidden[*place] = true);
        if !own.is_empty() {
            spans.push(own);
        }
    }
    spans
}

/// How many different tokens of so many [`ltg`] hides in `reference`, nearly: there a token may be in several spans, so that a place
/// has none of them as in a Poisson law. What is counted is the coins and what the last span is too long by, (E[n²] / E[n] - 1) / 2.
pub(super) fn ltg_expected(candidates: usize, rate: f64) -> f64 {
    let moment = |power: i32| -> f64 {
        (1..10)
            .map(|length| (2.0f64 / 3.0).powi(length) * f64::from(length).powi(power))
            .sum()
    };
    let beyond = (moment(2) / moment(1) - 1.0) / 2.0;
    let places = candidates.max(1) as f64;
    candidates as f64 * (1.0 - (-rate - beyond / places).exp())
}

/// `total` cut into so many parts at random, none of them empty: all ways are equally likely.
fn segment(total: usize, parts: usize, stream: &mut Stream) -> Vec<usize> {
    let mut is_first: Vec<bool> = (1..total).map(|place| place < parts).collect();
    stream.shuffle(&mut is_first);
    let mut lengths = vec![1];
    for first in is_first {
        match lengths.last_mut() {
            Some(last) if !first => *last += 1,
            _ => lengths.push(1),
        }
    }
    lengths
}

/// Which of so many tokens are hidden (true): google-research/text-to-text-transfer-transformer, `t5/data/preprocessors.py`,
/// `random_spans_noise_mask`. What is hidden and what is not are cut into the same number of parts, which alternate; what is not
/// hidden is first, so that the first token never is. `corrected` rolls that by a random number of tokens.
pub(super) fn t5(tokens: usize, rate: f64, mean: f64, mode: Mode, stream: &mut Stream) -> Vec<bool> {
    if tokens < 2 {
        return vec![mode == Mode::Corrected; tokens];
    }
    let round = |number: f64| match mode {
        Mode::Corrected => number.round() as usize,
        Mode::Reference => number.round_ties_even() as usize,
    };
    let noise = round(rate * tokens as f64).clamp(1, tokens - 1);
    let spans = round(noise as f64 / mean).clamp(1, noise.min(tokens - noise));
    let hidden = segment(noise, spans, stream);
    let visible = segment(tokens - noise, spans, stream);
    let parts = visible.into_iter().zip(hidden);
    let mut mask: Vec<bool> = parts
        .flat_map(|(visible, hidden)| [vec![false; visible], vec![true; hidden]].concat())
        .collect();
    if mode == Mode::Corrected {
        mask.rotate_right(stream.below(tokens));
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{assert_mean, assert_shares, three_deviations};
    use crate::laws::runs;
    use cloze_foundation::Draw;
    use proptest::prelude::*;

    const WINDOWS: u64 = 2000;

    fn stream(index: u64) -> Stream {
        Draw::new(5, "spans").example(index).stream()
    }

    #[test]
    fn lengths_follow_ltgs_law() {
        // P(0) .0088, P(1) .3392, P(2) .2261, P(3) .1508; mean 2.735.
        let mut stream = stream(0);
        let mut counts = [0.0; 10];
        let draws = 200_000;
        for _ in 0..draws {
            counts[ltg_length(&mut stream)] += 1.0 / f64::from(draws);
        }
        assert_shares(&counts[..4], &[0.0088, 0.3392, 0.2261, 0.1508], f64::from(draws), 5e-5);
        let mean: f64 = counts
            .iter()
            .zip(0..)
            .map(|(share, length)| share * f64::from(length))
            .sum();
        assert!((mean - 2.735).abs() < 0.014, "{mean}");
    }

    #[test]
    fn ltgs_spans_hide_the_rate_and_prefer_no_place() {
        // [CLS] and 126 tokens.
        let candidate: Vec<bool> = (0..127).map(|place| place > 0).collect();
        let mut times = [const { Vec::new() }; 9];
        let mut counts = Vec::new();
        for index in 0..WINDOWS {
            let hidden = ltg(&candidate, 0.15, Mode::Corrected, &mut stream(index)).concat();
            assert!(!hidden.contains(&0));
            // Nine parts of 14 positions.
            let mut parts = [0.0; 9];
            hidden.iter().for_each(|place| parts[(place - 1) / 14] += 1.0 / 14.0);
            times.iter_mut().zip(parts).for_each(|(times, share)| times.push(share));
            counts.push(hidden.len() as f64 / 126.0);
        }
        let mean = counts.iter().sum::<f64>() / WINDOWS as f64;
        let deviation = (counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / WINDOWS as f64).sqrt();
        // A binomial budget of .15, exactly filled: its standard deviation is .0318.
        assert!(
            (mean - 0.15).abs() < 0.0021 && (deviation - 0.0318).abs() < 0.0015,
            "{mean} {deviation}"
        );
        for (part, shares) in times.iter().enumerate() {
            assert_mean(&format!("part {part}"), shares, 0.15, 0.0);
        }
    }

    #[test]
    fn the_published_code_never_hides_the_last_position_and_overshoots() {
        let candidate = [true; 126];
        let (mut unique, mut charged) = (0.0, 0.0);
        for index in 0..WINDOWS {
            let mut hidden = ltg(&candidate, 0.15, Mode::Reference, &mut stream(index)).concat();
            charged += hidden.len() as f64 / (126.0 * WINDOWS as f64);
            hidden.sort_unstable();
            hidden.dedup();
            assert!(!hidden.contains(&125));
            unique += hidden.len() as f64 / (126.0 * WINDOWS as f64);
        }
        // Different positions are .151 of the tokens, less than what was counted.
        assert!((unique - 0.151).abs() < 0.0022, "{unique}");
        assert!(charged > unique + 0.005, "{charged}");
    }

    #[test]
    fn different_tokens_of_ltgs_published_code_are_about_as_many_as_expected() {
        for (length, rate) in [(63, 0.3), (63, 0.7), (126, 0.15), (511, 0.3)] {
            let candidate = vec![true; length];
            let mut found = 0.0;
            for index in 0..WINDOWS {
                let hidden = ltg(&candidate, rate, Mode::Reference, &mut stream(index)).concat();
                found +=
                    hidden.into_iter().collect::<std::collections::BTreeSet<usize>>().len() as f64 / WINDOWS as f64;
            }
            let expected = ltg_expected(length, rate);
            assert!(
                (found / expected - 1.0).abs() < 0.02,
                "{length} {rate}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn t5s_spans_have_their_number_and_never_the_first_token() {
        // round(.15 · 512) = 77 tokens in round(77 / 3) = 26 spans: a mean of 2.96.
        let mut first = 0.0;
        for index in 0..WINDOWS {
            let mask = t5(512, 0.15, 3.0, Mode::Reference, &mut stream(index));
            let spans = runs(&mask);
            assert_eq!((spans.len(), mask.iter().filter(|hidden| **hidden).count()), (26, 77));
            assert!(!mask[0] && mask[511]);
            let rolled = t5(512, 0.15, 3.0, Mode::Corrected, &mut stream(index));
            assert_eq!(rolled.iter().filter(|hidden| **hidden).count(), 77);
            first += f64::from(rolled[0]) / WINDOWS as f64;
        }
        let share = 77.0 / 512.0;
        assert!(
            (first - share).abs() < three_deviations(share, WINDOWS as f64),
            "{first}"
        );
    }

    #[test]
    fn all_ways_to_cut_are_equally_likely() {
        // 5 into 3: 1+1+3, 1+2+2, 1+3+1, 2+1+2, 2+2+1, 3+1+1.
        let mut counts = std::collections::BTreeMap::new();
        let mut stream = stream(0);
        for _ in 0..60_000 {
            *counts.entry(segment(5, 3, &mut stream)).or_insert(0.0) += 1.0 / 60_000.0;
        }
        assert_eq!(counts.len(), 6);
        let shares: Vec<f64> = counts.into_values().collect();
        assert_shares(&shares, &[1.0 / 6.0; 6], 60_000.0, 0.0);
    }

    proptest! {
        #[test]
        fn no_law_hides_what_may_not_be_hidden(
            candidate in prop::collection::vec(any::<bool>(), 0..60), rate in 0.001..0.999f64, mean in 1.0..50.0f64, seed: u64,
        ) {
            for mode in [Mode::Corrected, Mode::Reference] {
                let spans = ltg(&candidate, rate, mode, &mut Draw::new(seed, "spans").stream());
                prop_assert!(spans.iter().flatten().all(|place| candidate[*place]));
                let hidden = t5(candidate.len(), rate, mean, mode, &mut Draw::new(seed, "spans").stream());
                prop_assert_eq!(hidden.len(), candidate.len());
                prop_assert!(hidden.len() < 2 || (hidden.contains(&true) && hidden.contains(&false)));
            }
        }
    }
}
