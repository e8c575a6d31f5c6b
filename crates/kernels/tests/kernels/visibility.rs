//! Who sees whom: attention under random ranks and groups against its reference, and against the plain laws.

use crate::common::{assert_near, run, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{Dropout, Heads, Ranks, Visibility, attention, attention_at, query_attention, reference};
use proptest::prelude::*;

/// A law of `rows` positions: ranks of so many kinds, groups of so many, for a query stream or not, with keys that are seen
/// for a while or for ever.
fn law(seed: u64, rows: usize, kinds: usize, groups: usize, strict: bool, short: bool) -> Visibility {
    let mut stream = Draw::new(seed, "law").stream();
    let mut draw = |bound: usize| -> Vec<u32> { (0..rows).map(|_| stream.below(bound) as u32).collect() };
    let ranks = Ranks::new(draw(kinds)).grouped(draw(groups));
    let ranks = if strict { ranks.strict() } else { ranks };
    if short { ranks.until(draw(kinds)) } else { ranks }.into()
}

fn rows(count: usize, bound: usize) -> Tensor<1, Int> {
    let mut stream = Draw::new(5, "rows").stream();
    let rows: Vec<i64> = (0..count).map(|_| stream.below(bound) as i64).collect();
    Tensor::from_data(TensorData::new(rows, [count]), &Device::flex().autodiff())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn attention_under_any_law_agrees(
        seed: u64,
        (batch, length, heads, head_width) in (1usize..4, 1usize..80, 1usize..3, 1usize..9),
        (kinds, groups, strict, short) in (1usize..90, 1usize..4, any::<bool>(), any::<bool>()),
        rate in prop_oneof![Just(0.0), Just(0.3)],
        count in 1usize..60,
    ) {
        let (n, width) = (batch * length, heads * head_width);
        let heads = Heads { batch, length, heads };
        let law = &law(seed, n, kinds, groups, strict, short);
        let dropout = Dropout { rate, seed: 11 };
        let shape = [[n, 3 * width]];
        assert_near(
            &run(&shape, |x| attention(x[0].clone(), heads, law, dropout)),
            &run(&shape, |x| reference::attention(x[0].clone(), heads, law, dropout)),
            5e-5,
        );
        let some = rows(count, n);
        assert_near(
            &run(&shape, |x| attention_at(x[0].clone(), heads, law, dropout, some.clone())),
            &run(&shape, |x| reference::attention_at(x[0].clone(), heads, law, dropout, some.clone())),
            5e-5,
        );
        for (count, rows) in [(n, None), (count, Some(some))] {
            for columns in [2 * width, 3 * width] {
                let shapes = [[count, width], [n, columns]];
                assert_near(
                    &run(&shapes, |x| query_attention(x[0].clone(), x[1].clone(), heads, law, dropout, rows.clone())),
                    &run(&shapes, |x| reference::query_attention(x[0].clone(), x[1].clone(), heads, law, dropout, rows.clone())),
                    5e-5,
                );
            }
        }
    }

    #[test]
    fn plain_laws_by_their_ranks_have_the_same_bits(batch in 1usize..3, length in 1usize..150, causal: bool, rate in prop_oneof![Just(0.0), Just(0.3)]) {
        let heads = Heads { batch, length, heads: 2 };
        let plain = if causal { Visibility::Causal } else { Visibility::Bidirectional };
        let one: Visibility = plain.ranks(length).into_owned().into();
        let spelt = Visibility::joined(vec![&one; batch], length);
        let dropout = Dropout { rate, seed: 11 };
        let with = |law: &Visibility| run(&[[batch * length, 24]], |x| attention(x[0].clone(), heads, law, dropout));
        prop_assert!(with(&plain) == with(&spelt));
    }

    #[test]
    fn a_query_stream_made_of_the_content_has_the_same_bits(length in 1usize..70, causal: bool, at: bool) {
        let heads = Heads { batch: 2, length, heads: 2 };
        let law = &if causal { Visibility::Causal } else { Visibility::Bidirectional };
        let rows = (at && !causal).then(|| rows(9, 2 * length));
        let within = |x: &[Tensor<2>]| match &rows {
            None => attention(x[0].clone(), heads, law, Dropout::OFF),
            Some(rows) => attention_at(x[0].clone(), heads, law, Dropout::OFF, rows.clone()),
        };
        let apart = |x: &[Tensor<2>]| {
            let queries = x[0].clone().slice([0..2 * length, 0..8]);
            let queries = match &rows {
                None => queries,
                Some(rows) => queries.select(0, rows.clone()),
            };
            query_attention(queries, x[0].clone(), heads, law, Dropout::OFF, rows.clone())
        };
        let shape = [[2 * length, 24]];
        let (within, apart) = (run(&shape, within), run(&shape, apart));
        prop_assert!(within[0] == apart[0]);
        assert_near(&within[1..], &apart[1..], 1e-6);
    }
}

#[test]
fn who_sees_nothing_gets_nothing_and_no_bad_number() {
    let heads = Heads {
        batch: 2,
        length: 3,
        heads: 1,
    };
    let blind: Visibility = Ranks::new(vec![0; 6]).strict().into();
    let first = Visibility::joined(vec![&Visibility::Causal.strict(3); 2], 3);
    type Attention = fn(Tensor<2>, Heads, &Visibility, Dropout) -> Tensor<2>;
    for operation in [attention as Attention, reference::attention] {
        for dropout in [Dropout::OFF, Dropout { rate: 0.5, seed: 1 }] {
            let results = run(&[[6, 12]], |x| operation(x[0].clone(), heads, &blind, dropout));
            assert!(results.iter().flatten().all(|number| *number == 0.0));
            let results = run(&[[6, 12]], |x| operation(x[0].clone(), heads, &first, dropout));
            assert!(results.iter().flatten().all(|number| number.is_finite()));
            assert!(
                results[0][..4]
                    .iter()
                    .chain(&results[0][12..16])
                    .all(|number| *number == 0.0)
            );
        }
    }
}

#[test]
fn what_is_hidden_cannot_spoil_what_is_seen() {
    let heads = Heads {
        batch: 1,
        length: 4,
        heads: 1,
    };
    // Positions 1 and 3 are apart from 0 and 2, with a gap between them.
    let law: Visibility = Ranks::new(vec![0; 4]).grouped(vec![0, 1, 0, 1]).into();
    let qkv = |third: f32| {
        let mut numbers: Vec<f32> = (0..24).map(|i| (i as f32).sin()).collect();
        numbers[20..22].fill(third);
        Tensor::<2>::from_data(TensorData::new(numbers, [4, 6]), &Device::flex())
    };
    let seen = |third| values(attention(qkv(third), heads, &law, Dropout::OFF));
    let (usual, other) = (seen(0.0), seen(90.0));
    assert_eq!((&usual[..2], &usual[4..6]), (&other[..2], &other[4..6]));
    assert_ne!(usual[2..4], other[2..4]);
}

#[test]
fn a_scale_of_queries_is_one_of_their_scores() {
    let (device, heads) = (
        Device::flex(),
        Heads {
            batch: 1,
            length: 3,
            heads: 1,
        },
    );
    let numbers: Vec<f32> = (0..18).map(|i| (i as f32 * 0.7).sin()).collect();
    let qkv = Tensor::<2>::from_data(TensorData::new(numbers, [3, 6]), &device);
    let scales = Tensor::<1>::from_data([1.0, 0.0, 1.0], &device);
    let scaled = cloze_kernels::scale_queries(qkv.clone(), 2, scales);
    let after = |x: Tensor<2>| values(attention(x, heads, &Visibility::Bidirectional, Dropout::OFF));
    let (before, after) = (after(qkv.clone()), after(scaled));
    assert_eq!((&before[..2], &before[4..]), (&after[..2], &after[4..]));
    // Scores of 0 are the mean of the values.
    let mean = values(qkv.slice([0..3, 4..6]).mean_dim(0));
    assert_near(&[after[2..4].to_vec()], &[mean], 1e-6);
}

#[test]
fn the_entropy_of_attention_is_that_of_what_each_row_looks_at() {
    let heads = Heads {
        batch: 2,
        length: 3,
        heads: 1,
    };
    // Queries and keys of one number each; the values do not matter.
    let (queries, keys) = ([0.0, 1.0, 2.0, 0.0, -1.0, 30.0], [0.5, -1.0, 2.0, 0.0, 10.0, -3.0]);
    let rows = queries.iter().zip(&keys).flat_map(|(query, key)| [*query, *key, 7.0]);
    let qkv = Tensor::<2>::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [6, 3]), &Device::flex());
    let nobody = Ranks::new(vec![0; 6]).strict().into();
    for visibility in [Visibility::Bidirectional, Visibility::Causal, nobody] {
        let found = reference::attention_entropy(qkv.clone(), None, heads, &visibility);
        assert_eq!(found.dims(), [6, 1]);
        let found: Vec<f64> = found.into_data().iter::<f64>().collect();
        for row in 0..6 {
            let seen = (row / 3 * 3..row / 3 * 3 + 3).filter(|key| visibility.sees(3, row, *key));
            let weights: Vec<f64> = seen.map(|key| f64::from(queries[row] * keys[key]).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let entropy: f64 = weights.iter().map(|weight| -weight / sum * (weight / sum).ln()).sum();
            assert!(
                (found[row] - entropy).abs() < 1e-5,
                "{visibility:?}, row {row}: {} is not {entropy}",
                found[row]
            );
        }
    }
}
