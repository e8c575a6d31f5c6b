//! Every fused operation against its reference on the same device: values and gradients at odd shapes.

use crate::common::{assert_near, numbers, run, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{
    Activation, AdamW, Affine, CrossEntropy, Dropout, Heads, Positions, Precision, Rotary, Softmax, Visibility,
    reference,
};
use proptest::prelude::*;

fn row<const R: usize>(x: &Tensor<R>) -> Tensor<1> {
    x.clone().flatten(0, R - 1)
}

fn ids(name: &str, count: usize, bound: usize) -> Tensor<1, Int> {
    let mut stream = Draw::new(3, name).stream();
    let ids: Vec<i64> = (0..count).map(|_| stream.below(bound) as i64).collect();
    Tensor::from_data(TensorData::new(ids, [count]), &Device::flex().autodiff())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linear_agrees(rows in 1usize..600, inner in 1usize..70, columns in 1usize..300, biased: bool) {
        let shapes = [[rows, inner], [inner, columns], [1, columns]];
        let shapes = &shapes[..if biased { 3 } else { 2 }];
        let bias = |x: &[Tensor<2>]| x.get(2).map(row);
        assert_near(
            &run(shapes, |x| cloze_kernels::linear(x[0].clone(), Affine::new(x[1].clone(), bias(x)))),
            &run(shapes, |x| reference::linear(x[0].clone(), Affine::new(x[1].clone(), bias(x)))),
            1e-5,
        );
    }

    #[test]
    fn feed_forward_agrees(rows in 1usize..300, width in 1usize..20, hidden in 1usize..40, outputs in 1usize..20, biased: bool, gated: bool) {
        let (activation, columns) = if gated { (Activation::Geglu, 2 * hidden) } else { (Activation::Gelu, hidden) };
        let shapes = [[rows, width], [width, columns], [hidden, outputs], [1, columns], [1, outputs]];
        let shapes = &shapes[..if biased { 5 } else { 3 }];
        let affine = |x: &[Tensor<2>], which: usize| Affine::new(x[which].clone(), x.get(which + 2).map(row));
        let run_with = |f: fn(Tensor<2>, Affine, Activation, Affine) -> Tensor<2>| run(shapes, |x| f(x[0].clone(), affine(x, 1), activation, affine(x, 2)));
        assert_near(&run_with(cloze_kernels::feed_forward), &run_with(reference::feed_forward), 1e-4);
    }

    #[test]
    fn residuals_agree(rows in 1usize..150, width in 1usize..40, biased: bool, rate in prop_oneof![Just(0.0), Just(0.1), Just(0.5)]) {
        let dropout = Dropout { rate, seed: 13 };
        let shapes = [[rows, width], [rows, width], [1, width], [1, width]];
        assert_near(
            &run(&shapes[..2], |x| cloze_kernels::residual(x[0].clone(), x[1].clone(), dropout)),
            &run(&shapes[..2], |x| reference::residual(x[0].clone(), x[1].clone(), dropout)),
            1e-6,
        );
        let shapes = &shapes[..if biased { 4 } else { 3 }];
        let run_with = |f: fn(Tensor<2>, Tensor<2>, Dropout, Tensor<1>, Option<Tensor<1>>, f64) -> Tensor<2>| {
            run(shapes, |x| f(x[0].clone(), x[1].clone(), dropout, row(&x[2]), x.get(3).map(row), 1e-3))
        };
        assert_near(&run_with(cloze_kernels::residual_norm), &run_with(reference::residual_norm), 1e-4);
    }

    #[test]
    fn layer_norm_agrees(rows in 1usize..150, width in 1usize..40, biased: bool) {
        let shapes = [[rows, width], [1, width], [1, width]];
        let shapes = &shapes[..if biased { 3 } else { 2 }];
        let bias = |x: &[Tensor<2>]| x.get(2).map(row);
        assert_near(
            &run(shapes, |x| cloze_kernels::layer_norm(x[0].clone(), row(&x[1]), bias(x), 1e-3)),
            &run(shapes, |x| reference::layer_norm(x[0].clone(), row(&x[1]), bias(x), 1e-3)),
            1e-4,
        );
    }

    #[test]
    fn activations_agree(rows in 1usize..80, width in 1usize..40) {
        assert_near(&run(&[[rows, width]], |x| cloze_kernels::gelu(x[0].clone() * 3.0)), &run(&[[rows, width]], |x| reference::gelu(x[0].clone() * 3.0)), 2e-6);
        let shape = [[rows, 2 * width]];
        assert_near(&run(&shape, |x| cloze_kernels::geglu(x[0].clone() * 2.0)), &run(&shape, |x| reference::geglu(x[0].clone() * 2.0)), 2e-6);
    }

    #[test]
    fn rotary_agrees(batch in 1usize..4, length in 1usize..20, heads in 1usize..4, half in 0usize..9) {
        // Heads of one column have nothing to turn.
        let width = heads * (2 * half).max(2);
        let shape = [[batch * length, 3 * width]];
        let given: Vec<u32> = ids("positions", batch * length, 30).into_data().iter::<u32>().collect();
        for (positions, columns) in [(Positions::Counted(length), 2 * width), (Positions::Given(given.into()), 3 * width)] {
            let how = Rotary { base: 1e4, head_width: width / heads, columns, positions };
            assert_near(&run(&shape, |x| cloze_kernels::rotary(x[0].clone(), &how)), &run(&shape, |x| reference::rotary(x[0].clone(), &how)), 1e-6);
        }
    }

    #[test]
    fn attention_agrees(batch in 1usize..4, length in 1usize..80, heads in 1usize..4, head_width in 1usize..9, causal: bool, rate in prop_oneof![Just(0.0), Just(0.1), Just(0.5)]) {
        let shape = [[batch * length, 3 * heads * head_width]];
        let heads = Heads { batch, length, heads };
        let pattern = if causal { &Visibility::Causal } else { &Visibility::Bidirectional };
        let dropout = Dropout { rate, seed: 11 };
        assert_near(
            &run(&shape, |x| cloze_kernels::attention(x[0].clone(), heads, pattern, dropout)),
            &run(&shape, |x| reference::attention(x[0].clone(), heads, pattern, dropout)),
            5e-5,
        );
    }

    #[test]
    fn attention_at_some_queries_agrees(batch in 1usize..4, length in 1usize..40, heads in 1usize..4, head_width in 1usize..9, causal: bool, rate in prop_oneof![Just(0.0), Just(0.3)], count in 0usize..30, sorted: bool) {
        let shape = [[batch * length, 3 * heads * head_width]];
        let heads = Heads { batch, length, heads };
        let pattern = if causal { &Visibility::Causal } else { &Visibility::Bidirectional };
        let dropout = Dropout { rate, seed: 12 };
        let mut rows = ids("rows", count, batch * length);
        if sorted {
            rows = rows.sort(0);
        }
        assert_near(
            &run(&shape, |x| cloze_kernels::attention_at(x[0].clone(), heads, pattern, dropout, rows.clone())),
            &run(&shape, |x| reference::attention(x[0].clone(), heads, pattern, dropout).select(0, rows.clone())),
            5e-5,
        );
    }

    #[test]
    fn dropout_is_the_same_to_the_bit(rows in 1usize..300, width in 1usize..90, rate in 0.0f64..0.99, seed: u64) {
        let dropout = Dropout { rate, seed };
        let shape = [[rows, width]];
        prop_assert_eq!(run(&shape, |x| cloze_kernels::dropout(x[0].clone(), dropout)), run(&shape, |x| reference::dropout(x[0].clone(), dropout)));
    }

    #[test]
    fn cross_entropy_agrees(rows in 1usize..600, width in 1usize..20, entries in 1usize..60, biased: bool, cap in prop_oneof![Just(None), Just(Some(2.0)), Just(Some(15.0))], beside: bool) {
        let shapes = [[rows, width], [entries, width], [1, entries]];
        let shapes = &shapes[..if biased { 3 } else { 2 }];
        let targets = ids("targets", rows, entries);
        let [weights, normalisers] = ["weights", "normalisers"].map(|name| row(&numbers(name, [1, rows], &Device::flex().autodiff())));
        let softmax = Softmax { cap, normalisers: beside.then(|| normalisers * 0.1) };
        let each = std::cell::RefCell::new(Vec::new());
        let run_with = |f: fn(Tensor<2>, Affine, Tensor<1, Int>, Tensor<1>, Softmax) -> CrossEntropy| {
            run(shapes, |x| {
                let loss = f(x[0].clone(), Affine::new(x[1].clone(), x.get(2).map(row)), targets.clone(), weights.clone(), softmax.clone());
                each.borrow_mut().push(values(loss.each));
                // The gradient that comes in is not 1.
                loss.sum.unsqueeze::<2>() * -2.5
            })
        };
        let (found, expected) = (run_with(cloze_kernels::vocabulary_cross_entropy), run_with(reference::vocabulary_cross_entropy));
        assert_near(&found[1..], &expected[1..], 5e-5);
        // The sum is one number that may be a small difference of large ones.
        prop_assert!((found[0][0] - expected[0][0]).abs() < 1e-4 * rows as f32);
        let each = each.into_inner();
        assert_near(&each[..1], &each[1..], 1e-5);
    }

    #[test]
    fn soft_cap_agrees(rows in 1usize..80, width in 1usize..40, cap in 0.3f64..50.0) {
        let shape = [[rows, width]];
        assert_near(&run(&shape, |x| cloze_kernels::soft_cap(x[0].clone() * 3.0, cap)), &run(&shape, |x| reference::soft_cap(x[0].clone() * 3.0, cap)), 2e-6);
    }

    #[test]
    fn the_norm_agrees(rows in 1usize..300, width in 1usize..90) {
        let x = numbers("x", [rows, width], &Device::flex());
        let (found, expected) = (cloze_kernels::squared_norm(&x), reference::squared_norm(&x));
        prop_assert!((found - expected).abs() < 1e-12 * expected);
    }

    #[test]
    fn orthogonalise_agrees(rows in 1usize..200, columns in 1usize..200, iterations in 1usize..6) {
        let x = numbers("x", [rows, columns], &Device::flex());
        let found = cloze_kernels::orthogonalise(x.clone(), iterations);
        assert_near(&[values(found)], &[values(reference::orthogonalise(x, iterations))], 1e-3);
    }

    #[test]
    fn adamw_agrees(rows in 1usize..300, width in 1usize..90, step in 1u64..1000) {
        let device = Device::flex();
        let settings = AdamW { learning_rate: 1e-2, beta_1: 0.9, beta_2: 0.98, epsilon: 1e-6, weight_decay: 0.1, step, gradient_scale: 0.7 };
        let [parameter, gradient, first, second] = ["parameter", "gradient", "first", "second"].map(|name| numbers(name, [rows, width], &device));
        let second = second.square();
        // Nobody may see the old values change.
        let before = values(parameter.clone());
        let found = cloze_kernels::adamw(parameter.clone(), gradient.clone(), first.clone(), second.clone(), &settings);
        prop_assert_eq!(before, values(parameter.clone()));
        let expected = reference::adamw(parameter, gradient, first, second, &settings);
        assert_near(&[values(found.0), values(found.1), values(found.2)], &[values(expected.0), values(expected.1), values(expected.2)], 1e-6);
    }

    #[test]
    fn samples_agree_except_at_the_edges(rows in 1usize..40, columns in 1usize..300, seed: u64) {
        let logits = numbers("logits", [rows, columns], &Device::flex()) * 2.0;
        let draw = |x: Tensor<1, Int>| x.into_data().iter::<i64>().collect::<Vec<_>>();
        let (found, expected) = (draw(cloze_kernels::sample(logits.clone(), seed)), draw(reference::sample(logits, seed)));
        prop_assert!(found.iter().all(|id| (0..columns as i64).contains(id)));
        let apart = found.iter().zip(&expected).filter(|(found, expected)| found != expected).count();
        prop_assert!(apart <= 1, "{} of {} rows differ", apart, rows);
    }
}

/// What is asked for and makes no difference costs no bit: a cap far above the logits, and a z-loss of 0.
#[test]
fn a_cap_out_of_reach_and_a_z_loss_of_nothing_are_none_to_the_bit() {
    let with = |softmax: Softmax| {
        let each = std::cell::RefCell::new(Vec::new());
        let found = run(&[[50, 8], [30, 8], [1, 30]], |x| {
            let (targets, weights) = (ids("targets", 50, 30), Tensor::ones([50], &x[0].device()) * 0.7);
            let table = Affine::new(x[1].clone(), Some(row(&x[2])));
            let loss = cloze_kernels::vocabulary_cross_entropy(x[0].clone(), table, targets, weights, softmax.clone());
            each.replace(values(loss.each));
            loss.sum.unsqueeze()
        });
        (found, each.into_inner())
    };
    let plain = with(Softmax::default());
    let nothing = Softmax {
        cap: Some(1e7),
        normalisers: Some(Tensor::zeros([50], &Device::flex().autodiff())),
    };
    assert!(plain == with(nothing.clone()));
    for asked in [
        Softmax {
            cap: Some(5.0),
            ..nothing.clone()
        },
        Softmax {
            normalisers: Some(Tensor::ones([50], &Device::flex().autodiff())),
            ..nothing
        },
    ] {
        assert!(plain != with(asked));
    }
}

#[test]
fn views_that_are_not_contiguous_are_read_right() {
    let shapes = [[9, 33], [9, 1], [40, 33]];
    let f = |op: fn(Tensor<2>, Tensor<1>, Option<Tensor<1>>, f64) -> Tensor<2>| {
        run(&shapes, |x| {
            op(x[0].clone().transpose(), row(&x[1]), None, 1e-5).matmul(x[2].clone().slice([3..12, 1..20]))
        })
    };
    assert_near(&f(cloze_kernels::layer_norm), &f(reference::layer_norm), 1e-4);
    for (precision, tolerance) in [(Precision::Float32, 1e-5), (Precision::Bfloat16, 1e-2)] {
        let f = |op: fn(Tensor<2>, Affine) -> Tensor<2>| {
            run(&[[33, 20], [17, 9], [1, 12]], |x| {
                let x_view = x[0].clone().slice([3..12, 1..20]).transpose();
                let weight = x[1].clone().slice([1..13, 0..9]).transpose();
                let bias = Some(row(&x[2]));
                op(
                    x_view,
                    Affine {
                        weight,
                        bias,
                        precision,
                    },
                )
            })
        };
        assert_near(&f(cloze_kernels::linear), &f(reference::linear), tolerance);
    }
    let f = |op: fn(Tensor<2>, Tensor<2>, Dropout) -> Tensor<2>| {
        run(&[[9, 33]], |x| {
            // One tensor twice, so that no buffer is an operation's own.
            op(x[0].clone().transpose(), x[0].clone().transpose(), Dropout::OFF)
        })
    };
    assert_near(&f(cloze_kernels::residual), &f(reference::residual), 1e-6);
    let heads = Heads {
        batch: 2,
        length: 5,
        heads: 2,
    };
    let f = |op: fn(Tensor<2>, Heads, &Visibility, Dropout) -> Tensor<2>| {
        run(&[[30, 14]], |x| {
            op(
                x[0].clone().slice([2..26, 3..13]).transpose(),
                heads,
                &Visibility::Causal,
                Dropout::OFF,
            )
        })
    };
    assert_near(&f(cloze_kernels::attention), &f(reference::attention), 1e-5);
}

#[test]
fn a_gradient_that_nobody_wants_is_not_needed() {
    let device = Device::flex().autodiff();
    let [x, weight, frozen] =
        [("x", [5, 7]), ("weight", [7, 3]), ("frozen", [3, 2])].map(|(name, shape)| numbers(name, shape, &device));
    let weight = weight.require_grad();
    // x is constant on the autodiff device, `frozen` is on the plain one.
    let y = cloze_kernels::linear(
        cloze_kernels::linear(x.clone(), Affine::new(weight.clone(), None)),
        Affine::new(frozen.inner(), None),
    );
    let gradients = y.sum().backward();
    assert!(weight.grad(&gradients).is_some() && x.grad(&gradients).is_none());
    let y = cloze_kernels::gelu(x.clone());
    assert!(y.is_autodiff() && !y.is_tracked());
    assert!(!cloze_kernels::gelu(x.inner()).is_autodiff());
}

#[test]
fn nothing_is_an_input_too() {
    let device = Device::flex().autodiff();
    let empty = || numbers("empty", [0, 6], &device).require_grad();
    let vector = |length: usize| row(&numbers("vector", [1, length], &device)).require_grad();
    let affine = |rows: usize, columns: usize| {
        let weight = numbers("weight", [rows, columns], &device).require_grad();
        Affine::new(weight, Some(vector(columns)))
    };
    let heads = Heads {
        batch: 0,
        length: 4,
        heads: 1,
    };
    let turned = Rotary {
        base: 1e4,
        head_width: 2,
        columns: 4,
        positions: Positions::Counted(4),
    };
    let weight = numbers("weight", [6, 5], &device).require_grad();
    for y in [
        cloze_kernels::layer_norm(empty(), vector(6), Some(vector(6)), 1e-5),
        cloze_kernels::gelu(empty()),
        cloze_kernels::geglu(empty()),
        cloze_kernels::linear(empty(), Affine::new(weight.clone(), Some(vector(5)))),
        cloze_kernels::feed_forward(empty(), affine(6, 4), Activation::Geglu, affine(2, 5)),
        cloze_kernels::residual(empty(), empty(), Dropout::OFF),
        cloze_kernels::residual_norm(empty(), empty(), Dropout { rate: 0.5, seed: 1 }, vector(6), None, 1e-5),
        cloze_kernels::rotary(empty(), &turned),
        cloze_kernels::attention(empty(), heads, &Visibility::Bidirectional, Dropout::OFF),
        cloze_kernels::dropout(empty(), Dropout { rate: 0.5, seed: 1 }),
    ] {
        assert_eq!(y.dims()[0], 0);
        y.sum().backward();
    }
    let none = Tensor::<1, Int>::from_data(TensorData::new(Vec::<i64>::new(), [0]), &device);
    let weight = weight.transpose();
    let loss = cloze_kernels::vocabulary_cross_entropy(
        empty(),
        Affine::new(weight, Some(vector(5))),
        none,
        Tensor::zeros([0], &device),
        Softmax {
            cap: Some(15.0),
            normalisers: Some(Tensor::zeros([0], &device)),
        },
    );
    assert_eq!(values(loss.sum.clone()), [0.0]);
    assert_eq!(loss.each.dims(), [0]);
    loss.sum.backward();
    assert_eq!(cloze_kernels::sample(empty().inner(), 1).dims(), [0]);
    assert_eq!(cloze_kernels::squared_norm(&empty()), 0.0);
}

#[test]
fn a_number_that_is_not_one_is_seen() {
    let device = Device::flex();
    let mut bad = values(numbers("bad", [4, 12], &device));
    bad[17] = f32::NAN;
    let bad = Tensor::<2>::from_data(TensorData::new(bad, [4, 12]), &device);
    let heads = Heads {
        batch: 1,
        length: 4,
        heads: 2,
    };
    let ones = Tensor::<1>::ones([12], &device);
    let affine = |rows: usize, columns: usize| Affine::new(numbers("weight", [rows, columns], &device), None);
    let targets = Tensor::<1, Int>::zeros([4], &device);
    let weights = Tensor::<1>::ones([4], &device);
    let cross_entropy = |softmax| {
        let (targets, weights) = (targets.clone(), weights.clone());
        let loss = cloze_kernels::vocabulary_cross_entropy(bad.clone(), affine(5, 12), targets, weights, softmax);
        loss.sum.unsqueeze()
    };
    for y in [
        cloze_kernels::gelu(bad.clone()),
        cloze_kernels::geglu(bad.clone()),
        cloze_kernels::layer_norm(bad.clone(), ones.clone(), None, 1e-5),
        cloze_kernels::linear(bad.clone(), affine(12, 3)),
        cloze_kernels::feed_forward(bad.clone(), affine(12, 6), Activation::Gelu, affine(6, 2)),
        cloze_kernels::residual(
            numbers("x", [4, 12], &device),
            bad.clone(),
            Dropout { rate: 0.9, seed: 3 },
        ),
        cloze_kernels::residual_norm(
            bad.clone(),
            numbers("y", [4, 12], &device),
            Dropout::OFF,
            ones,
            None,
            1e-5,
        ),
        cloze_kernels::attention(
            bad.clone(),
            heads,
            &Visibility::Bidirectional,
            Dropout { rate: 0.9, seed: 3 },
        ),
        cloze_kernels::dropout(bad.clone(), Dropout { rate: 0.9, seed: 3 }),
        cloze_kernels::soft_cap(bad.clone(), 15.0),
        cross_entropy(Softmax::default()),
        cross_entropy(Softmax {
            cap: Some(15.0),
            normalisers: None,
        }),
    ] {
        assert!(values(y).iter().any(|value| value.is_nan()));
    }
    assert!(cloze_kernels::squared_norm(&bad).is_nan());
}
