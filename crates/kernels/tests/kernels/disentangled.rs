//! Attention with relative positions against its reference and against a sum by hand, under laws of who sees whom, with
//! positions that are counted and positions that are given.

use crate::common::{assert_near, numbers, run, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{
    Disentangled, Dropout, Heads, Positions, Ranks, Relative, Visibility, attention, disentangled_attention,
    disentangled_query_attention, reference,
};
use proptest::prelude::*;

fn drawn(name: &str, count: usize, bound: usize) -> Vec<u32> {
    let mut stream = Draw::new(9, name).stream();
    (0..count).map(|_| stream.below(bound) as u32).collect()
}

fn rows(count: usize, bound: usize) -> Tensor<1, Int> {
    let rows: Vec<i64> = drawn("rows", count, bound).into_iter().map(i64::from).collect();
    Tensor::from_data(TensorData::new(rows, [count]), &Device::flex().autodiff())
}

fn law(which: usize, rows: usize, length: usize) -> Visibility {
    let ranks = || Ranks::new(drawn("ranks", rows, length)).grouped(drawn("groups", rows, 2));
    match which {
        0 => Visibility::Bidirectional,
        1 => Visibility::Causal,
        2 => ranks().into(),
        _ => ranks().strict().into(),
    }
}

/// Attention of queries in a matrix of their own.
type Stream = fn(Tensor<2>, Tensor<2>, Disentangled, Heads, &Visibility, Dropout, Option<Tensor<1, Int>>) -> Tensor<2>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn attention_with_relative_positions_agrees(
        (batch, length, heads, head_width) in (1usize..4, 1usize..50, 1usize..3, 1usize..9),
        (buckets, given, which) in (4usize..40, any::<bool>(), 0usize..4),
        rate in prop_oneof![Just(0.0), Just(0.3)],
        count in 1usize..60,
    ) {
        let (n, width) = (batch * length, heads * head_width);
        let positions = match given {
            true => Positions::Given(drawn("places", n, 2 * length).into()),
            false => Positions::Counted(length),
        };
        let relative = Relative { buckets, farthest: buckets / 2 + 2 + length / 2, positions };
        let heads = Heads { batch, length, heads };
        let (law, dropout) = (&law(which, n, length), Dropout { rate, seed: 11 });
        let with = |table: &Tensor<2>| Disentangled { table: table.clone(), relative: relative.clone() };
        let shapes = [[n, 3 * width], [2 * buckets, 2 * width]];
        for rows in [None, Some(rows(count, n))] {
            assert_near(
                &run(&shapes, |x| disentangled_attention(x[0].clone(), with(&x[1]), heads, law, dropout, rows.clone())),
                &run(&shapes, |x| reference::disentangled_attention(x[0].clone(), with(&x[1]), heads, law, dropout, rows.clone())),
                5e-5,
            );
            let count = if rows.is_some() { count } else { n };
            for columns in [2 * width, 3 * width] {
                let shapes = [[count, width], [n, columns], [2 * buckets, 2 * width]];
                let stream = |f: Stream| {
                    run(&shapes, |x| f(x[0].clone(), x[1].clone(), with(&x[2]), heads, law, dropout, rows.clone()))
                };
                assert_near(&stream(disentangled_query_attention), &stream(reference::disentangled_query_attention), 5e-5);
            }
        }
    }
}

fn counted(buckets: usize, length: usize) -> Relative {
    Relative {
        buckets,
        farthest: length,
        positions: Positions::Counted(length),
    }
}

#[test]
fn scores_are_the_three_products_that_the_paper_adds() {
    // One window of three positions and one head of two columns; 4 buckets on either side.
    let (device, length, width) = (Device::flex(), 3, 2);
    let (qkv, table) = (numbers("qkv", [3, 6], &device), numbers("table", [8, 4], &device));
    let (x, t) = (values(qkv.clone()), values(table.clone()));
    let mut expected = Vec::new();
    for query in 0..length {
        let scores = (0..length).map(|key| {
            // Row 4 is that of no distance.
            let row = 4 + query - key;
            let dot = |a: &[f32], b: &[f32]| a[0] * b[0] + a[1] * b[1];
            let (q, k) = (&x[6 * query..][..width], &x[6 * key + 2..][..width]);
            let (asks, answers) = (&t[4 * row..][..width], &t[4 * row + 2..][..width]);
            ((dot(q, k) + dot(q, answers) + dot(k, asks)) / 6f32.sqrt()).exp()
        });
        let weights: Vec<f32> = scores.collect();
        let total: f32 = weights.iter().sum();
        for column in 0..width {
            let value = |key: usize| weights[key] * x[6 * key + 4 + column];
            expected.push((0..length).map(value).sum::<f32>() / total);
        }
    }
    let heads = Heads {
        batch: 1,
        length,
        heads: 1,
    };
    let relative = counted(4, length);
    let positions = Disentangled { table, relative };
    let found = disentangled_attention(qkv, positions, heads, &Visibility::Bidirectional, Dropout::OFF, None);
    assert_near(&[values(found)], &[expected], 1e-5);
}

#[test]
fn positions_that_say_nothing_leave_scores_that_are_scaled() {
    let (device, length) = (Device::flex(), 40);
    let heads = Heads {
        batch: 2,
        length,
        heads: 2,
    };
    let qkv = numbers("qkv", [80, 24], &device);
    let table = Tensor::zeros([64, 16], &device);
    let relative = counted(32, length);
    let positions = Disentangled { table, relative };
    let law = &Visibility::Causal;
    let found = disentangled_attention(qkv.clone(), positions, heads, law, Dropout::OFF, None);
    let scales = Tensor::full([80], 1.0 / 3f64.sqrt(), &device);
    let scaled = cloze_kernels::scale_queries(qkv, 8, scales);
    assert_near(
        &[values(found)],
        &[values(attention(scaled, heads, law, Dropout::OFF))],
        1e-5,
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let heads = Heads {
        batch: 5,
        length: 33,
        heads: 2,
    };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(|| {
            run(&[[165, 96], [32, 64]], |x| {
                let (table, relative) = (x[1].clone(), counted(16, 33));
                let (positions, dropout) = (Disentangled { table, relative }, Dropout { rate: 0.1, seed: 3 });
                let law = &Visibility::Bidirectional;
                disentangled_attention(x[0].clone(), positions, heads, law, dropout, None)
            })
        })
    };
    let one = with(1);
    assert!(one.iter().flatten().all(|number| number.is_finite()));
    assert!(one == with(2) && one == with(3));
}

#[test]
fn nothing_is_an_input_too() {
    let device = Device::flex().autodiff();
    for (batch, count) in [(0, 0), (2, 0)] {
        let heads = Heads {
            batch,
            length: 4,
            heads: 2,
        };
        let table = numbers("table", [8, 8], &device).require_grad();
        let qkv = numbers("qkv", [4 * batch, 12], &device).require_grad();
        let positions = || Disentangled {
            table: table.clone(),
            relative: counted(4, 4),
        };
        let law = &Visibility::Bidirectional;
        let some = rows(count, 1);
        let y = disentangled_attention(qkv.clone(), positions(), heads, law, Dropout::OFF, Some(some.clone()));
        assert_eq!(y.dims(), [0, 4]);
        let gradients = y.sum().backward();
        let of_table = table.grad(&gradients).map(values).unwrap_or_default();
        assert!(of_table.iter().all(|number| *number == 0.0));
        let queries = numbers("queries", [0, 4], &device).require_grad();
        let y = disentangled_query_attention(queries, qkv, positions(), heads, law, Dropout::OFF, Some(some));
        y.sum().backward();
    }
}
