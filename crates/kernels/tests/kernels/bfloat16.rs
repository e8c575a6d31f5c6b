//! Products of operands that are rounded to bfloat16, against the reference, which rounds them by other means. Of the
//! backward pass the reference rounds one operand in two, so that gradients agree to the precision of bfloat16 only.

use crate::common::{assert_near, numbers, run, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_kernels::{Activation, Affine, Precision, Softmax, reference};
use proptest::prelude::*;

/// Half of the distance between 1 and the next bfloat16 number.
const ROUNDING: f32 = 1.0 / 256.0;

fn layer(x: &[Tensor<2>], weight: usize, bias: usize) -> Affine {
    let bias = x.get(bias).map(|bias| bias.clone().flatten(0, 1));
    let layer = Affine::new(x[weight].clone(), bias);
    Affine {
        precision: Precision::Bfloat16,
        ..layer
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linear_agrees(rows in 1usize..600, inner in 1usize..500, columns in 1usize..300, biased: bool) {
        let shapes = [[rows, inner], [inner, columns], [1, columns]];
        let shapes = &shapes[..if biased { 3 } else { 2 }];
        let with = |f: fn(Tensor<2>, Affine) -> Tensor<2>| run(shapes, |x| f(x[0].clone(), layer(x, 1, 2)));
        let (found, expected) = (with(cloze_kernels::linear), with(reference::linear));
        assert_near(&found[..1], &expected[..1], 1e-5);
        assert_near(&found[1..], &expected[1..], 4.0 * ROUNDING);
    }

    // A gradient of very few numbers may cancel to less than what its rounding is: no tolerance is right for it.
    #[test]
    fn feed_forward_agrees(rows in 1usize..300, width in 4usize..20, hidden in 8usize..40, outputs in 4usize..20, biased: bool) {
        let shapes = [[rows, width], [width, hidden], [hidden, outputs], [1, hidden], [1, outputs]];
        let shapes = &shapes[..if biased { 5 } else { 3 }];
        let with = |f: fn(Tensor<2>, Affine, Activation, Affine) -> Tensor<2>| {
            run(shapes, |x| f(x[0].clone(), layer(x, 1, 3), Activation::Gelu, layer(x, 2, 4)))
        };
        assert_near(&with(cloze_kernels::feed_forward), &with(reference::feed_forward), 6.0 * ROUNDING);
    }

    #[test]
    fn cross_entropy_agrees(rows in 1usize..600, width in 1usize..20, entries in 1usize..60) {
        let device = Device::flex().autodiff();
        let targets: Vec<i64> = (0..rows).map(|row| (row * 7 % entries) as i64).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [rows]), &device);
        let weights = Tensor::<1>::ones([rows], &device);
        let with = |f: fn(Tensor<2>, Affine, Tensor<1, Int>, Tensor<1>, Softmax) -> cloze_kernels::CrossEntropy| {
            run(&[[rows, width], [entries, width], [1, entries]], |x| {
                f(x[0].clone(), layer(x, 1, 2), targets.clone(), weights.clone(), Softmax::default()).sum.unsqueeze()
            })
        };
        let (found, expected) = (with(cloze_kernels::vocabulary_cross_entropy), with(reference::vocabulary_cross_entropy));
        prop_assert!((found[0][0] - expected[0][0]).abs() < 1e-4 * rows as f32);
        assert_near(&found[1..], &expected[1..], 6.0 * ROUNDING);
    }
}

#[test]
fn what_is_rounded_is_seen_in_the_result() {
    let device = Device::flex();
    // 1 + 2⁻⁹ is not a bfloat16 number; 1 + 2⁻⁷ is the one above 1.
    for (number, expected) in [(1.0 + 1.0 / 512.0, 1.0), (1.0 + 1.0 / 128.0, 1.0 + 1.0 / 128.0)] {
        let x = Tensor::<2>::from_data([[number as f32]], &device);
        let one = Tensor::<2>::ones([1, 1], &device);
        let product = |precision| {
            let layer = Affine {
                precision,
                ..Affine::new(one.clone(), None)
            };
            let results = [cloze_kernels::linear, reference::linear].map(|f| values(f(x.clone(), layer.clone()))[0]);
            assert_eq!(results[0], results[1]);
            results[0]
        };
        assert_eq!(
            [product(Precision::Float32), product(Precision::Bfloat16)],
            [number as f32, expected]
        );
    }
    // Large enough to be cut in every direction, and its sums are those of 32-bit floats.
    let shapes = [("x", [700, 1100]), ("weight", [1100, 90])];
    let [x, weight] = shapes.map(|(name, shape)| numbers(name, shape, &device).mul_scalar(4.0).round());
    let product = |precision| {
        let layer = Affine {
            precision,
            ..Affine::new(weight.clone(), None)
        };
        values(cloze_kernels::linear(x.clone(), layer))
    };
    assert!(
        product(Precision::Float32) == product(Precision::Bfloat16),
        "sums of products of small integers are exact"
    );
}
