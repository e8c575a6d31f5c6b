//! The references against what can be worked out by hand, and gradients against finite differences.

use crate::common::{assert_near, numbers, run, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_kernels::{Activation, Affine, Dropout, Heads, Positions, Rotary, Softmax, Visibility, reference};

fn flex() -> Device {
    Device::flex()
}

fn ids(ids: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(ids.to_vec(), [ids.len()]), &flex())
}

#[test]
fn a_linear_map_and_a_table_are_what_they_are() {
    let weight = Tensor::from_data([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &flex());
    let y = cloze_kernels::linear(
        Tensor::from_data([[1.0, 0.0, -1.0]], &flex()),
        Affine::new(weight.clone(), Some(Tensor::from_data([10.0, 20.0], &flex()))),
    );
    assert_eq!(values(y), [6.0, 16.0]);
    assert_eq!(
        values(cloze_kernels::embedding(weight, ids(&[2, 0, 2]))),
        [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]
    );
}

#[test]
fn a_normalised_row_has_mean_0_and_variance_1() {
    let y = reference::layer_norm(
        Tensor::from_data([[1.0, 2.0, 3.0, 6.0]], &flex()),
        Tensor::ones([4], &flex()),
        None,
        0.0,
    );
    let root = 3.5f32.sqrt();
    assert_near(&[values(y)], &[vec![-2.0 / root, -1.0 / root, 0.0, 3.0 / root]], 1e-6);
}

#[test]
fn gelu_is_x_times_the_normal_distribution_function() {
    let y = reference::gelu(Tensor::from_data([[-1.0, 0.0, 2.0]], &flex()));
    assert_near(&[values(y)], &[vec![-0.158_655_25, 0.0, 1.954_499_7]], 1e-6);
    let y = reference::geglu(Tensor::from_data([[2.0, 10.0]], &flex()));
    assert_near(&[values(y)], &[vec![19.544_998]], 1e-6);
}

/// Of the queries and keys of windows of this length.
fn turned(head_width: usize, columns: usize, length: usize, base: f64) -> Rotary {
    Rotary {
        base,
        head_width,
        columns,
        positions: Positions::Counted(length),
    }
}

#[test]
fn a_rotation_keeps_lengths_and_depends_on_distance_alone() {
    let one = numbers("row", [1, 24], &flex());
    let y = reference::rotary(one.clone().repeat_dim(0, 9), &turned(8, 16, 9, 100.0));
    let y: Vec<Vec<f32>> = values(y).chunks(24).map(<[f32]>::to_vec).collect();
    let product = |query: usize, key: usize| (0..8).map(|i| y[query][i] * y[key][8 + i]).sum::<f32>();
    assert!((product(0, 3) - product(5, 8)).abs() < 1e-4 && (product(0, 3) - product(3, 0)).abs() > 1e-3);
    let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>();
    assert!((length(&y[0][..8]) - length(&y[7][..8])).abs() < 1e-4);
    assert_eq!(y[0], values(one.clone()), "position 0 is not turned");
    assert_eq!(y[8][16..], values(one)[16..], "values are not turned");
}

#[test]
fn attention_of_equal_keys_is_the_mean_of_what_is_seen() {
    let heads = Heads {
        batch: 1,
        length: 3,
        heads: 1,
    };
    let qkv = Tensor::from_data([[5.0, 0.0, 1.0], [-2.0, 0.0, 3.0], [1.0, 0.0, 8.0]], &flex());
    for attention in [reference::attention, cloze_kernels::attention] {
        assert_near(
            &[values(attention(
                qkv.clone(),
                heads,
                &Visibility::Bidirectional,
                Dropout::OFF,
            ))],
            &[vec![4.0; 3]],
            1e-6,
        );
        assert_near(
            &[values(attention(qkv.clone(), heads, &Visibility::Causal, Dropout::OFF))],
            &[vec![1.0, 2.0, 4.0]],
            1e-6,
        );
    }
}

#[test]
fn dropout_keeps_its_share_and_its_mean() {
    let y = values(reference::dropout(
        Tensor::ones([400, 500], &flex()),
        Dropout { rate: 0.3, seed: 9 },
    ));
    let zeros = y.iter().filter(|y| **y == 0.0).count() as f64 / y.len() as f64;
    // Four standard deviations of a share of 200 000.
    assert!((zeros - 0.3).abs() < 4.0 * (0.3 * 0.7 / 200_000.0f64).sqrt(), "{zeros}");
    assert!(y.iter().all(|y| *y == 0.0 || *y == (1.0f64 / 0.7) as f32));
}

#[test]
fn the_loss_of_a_flat_head_is_the_logarithm_of_the_vocabulary() {
    for loss in [
        reference::vocabulary_cross_entropy,
        cloze_kernels::vocabulary_cross_entropy,
    ] {
        let weights = Tensor::from_data([1.0, 0.0, 2.0], &flex());
        let loss = loss(
            numbers("h", [3, 4], &flex()),
            Affine::new(Tensor::zeros([50, 4], &flex()), None),
            ids(&[0, 7, 49]),
            weights,
            Softmax::default(),
        );
        assert_near(
            &[values(loss.sum), values(loss.each)],
            &[vec![3.0 * 50f32.ln()], vec![50f32.ln(); 3]],
            1e-6,
        );
    }
}

#[test]
fn samples_follow_the_softmax() {
    let logits = Tensor::<2>::from_data([[0.1f32.ln(), 0.6f32.ln(), 0.3f32.ln()]], &flex()).repeat_dim(0, 20_000);
    for sample in [reference::sample, cloze_kernels::sample] {
        let drawn = sample(logits.clone(), 4).into_data();
        for (id, probability) in [(0, 0.1), (1, 0.6), (2, 0.3)] {
            let share = drawn.iter::<i64>().filter(|drawn| *drawn == id).count() as f64 / 20_000.0;
            assert!((share - probability).abs() < 0.014, "{id}: {share}");
        }
    }
}

/// Central differences of Σ probe · f along every element of every input.
fn assert_gradients(shapes: &[[usize; 2]], f: impl Fn(&[Tensor<2>]) -> Tensor<2>) {
    let found = run(shapes, &f);
    let inputs: Vec<_> = (0..shapes.len())
        .map(|i| values(numbers(&format!("input {i}"), shapes[i], &flex())))
        .collect();
    let step = 1e-2;
    for (which, input) in inputs.iter().enumerate() {
        let differences = (0..input.len()).map(|element| {
            let at = |by: f32| {
                let mut moved = inputs.clone();
                moved[which][element] += by;
                let moved: Vec<_> = moved
                    .into_iter()
                    .zip(shapes)
                    .map(|(values, shape)| Tensor::from_data(TensorData::new(values, *shape), &flex()))
                    .collect();
                let output = f(&moved);
                let probe = values(numbers("probe", output.dims(), &flex()));
                values(output)
                    .iter()
                    .zip(probe)
                    .map(|(y, probe)| f64::from(*y) * f64::from(probe))
                    .sum::<f64>()
            };
            ((at(step) - at(-step)) / f64::from(2.0 * step)) as f32
        });
        assert_near(&[found[which + 1].clone()], &[differences.collect()], 5e-3);
    }
}

#[test]
fn gradients_are_slopes() {
    let row = |x: &Tensor<2>| x.clone().flatten::<1>(0, 1);
    let heads = Heads {
        batch: 1,
        length: 5,
        heads: 2,
    };
    assert_gradients(&[[3, 6], [1, 6], [1, 6]], |x| {
        cloze_kernels::layer_norm(x[0].clone(), row(&x[1]), Some(row(&x[2])), 1e-2)
    });
    assert_gradients(&[[3, 5], [5, 4], [1, 4]], |x| {
        cloze_kernels::linear(x[0].clone(), Affine::new(x[1].clone(), Some(row(&x[2]))))
    });
    assert_gradients(&[[3, 5], [5, 8], [4, 2], [1, 8], [1, 2]], |x| {
        let affine = |which: usize| Affine::new(x[which].clone() * 0.5, Some(row(&x[which + 2])));
        cloze_kernels::feed_forward(x[0].clone(), affine(1), Activation::Geglu, affine(2))
    });
    assert_gradients(&[[3, 6], [3, 6], [1, 6]], |x| {
        let dropout = Dropout { rate: 0.3, seed: 4 };
        cloze_kernels::residual_norm(x[0].clone(), x[1].clone(), dropout, row(&x[2]), None, 1e-2)
    });
    assert_gradients(&[[4, 3]], |x| cloze_kernels::embedding(x[0].clone(), ids(&[3, 0, 3])));
    assert_gradients(&[[3, 5]], |x| cloze_kernels::gelu(x[0].clone()));
    assert_gradients(&[[3, 6]], |x| cloze_kernels::geglu(x[0].clone()));
    assert_gradients(&[[5, 12]], |x| {
        cloze_kernels::rotary(x[0].clone(), &turned(2, 8, 5, 10.0))
    });
    assert_gradients(&[[5, 12]], |x| {
        cloze_kernels::attention(x[0].clone(), heads, &Visibility::Causal, Dropout { rate: 0.2, seed: 2 })
    });
    assert_gradients(&[[4, 3], [7, 3], [1, 7]], |x| {
        let weights = Tensor::from_data([1.0, 0.5, 0.0, 2.0], &x[0].device());
        cloze_kernels::vocabulary_cross_entropy(
            x[0].clone(),
            Affine::new(x[1].clone(), Some(row(&x[2]))),
            ids(&[0, 3, 3, 6]),
            weights,
            Softmax::default(),
        )
        .sum
        .unsqueeze()
    });
    assert_gradients(&[[3, 5]], |x| cloze_kernels::soft_cap(x[0].clone(), 0.8));
    // Weights of rows in the z-loss that are not those of their losses.
    assert_gradients(&[[4, 3], [7, 3], [1, 7]], |x| {
        let vector = |numbers: [f32; 4]| Tensor::from_data(numbers, &x[0].device());
        cloze_kernels::vocabulary_cross_entropy(
            x[0].clone(),
            Affine::new(x[1].clone(), Some(row(&x[2]))),
            ids(&[0, 3, 3, 6]),
            vector([1.0, 0.5, 0.0, 2.0]),
            Softmax {
                cap: Some(1.5),
                normalisers: Some(vector([0.3, 0.0, 0.2, 0.1])),
            },
        )
        .sum
        .unsqueeze()
    });
}

/// The loss of one row of logits by its formula, in 64 bits: the cross-entropy, and with it what is added for the normaliser.
fn by_hand(logits: &[f64], target: usize, cap: Option<f64>, z_loss: f64) -> (f64, f64) {
    let capped = |logit: &f64| cap.map_or(*logit, |cap| cap * (logit / cap).tanh());
    let logits: Vec<f64> = logits.iter().map(capped).collect();
    let normaliser = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
    let loss = normaliser - logits[target];
    (loss, loss + z_loss * normaliser * normaliser)
}

/// Two rows of three logits, which the hidden states are themselves: the table is the identity.
#[test]
fn a_cap_and_a_z_loss_are_what_their_formulas_say() {
    let logits = [[2.0, -1.0, 0.5], [4.0, 3.0, -6.0]];
    let targets = [1, 0];
    for cap in [None, Some(2.0), Some(30.0)] {
        for z_loss in [0.0, 0.1] {
            let (mut sum, mut each) = (0.0, Vec::new());
            for ((logits, target), weight) in logits.iter().zip(targets).zip([1.0, 3.0]) {
                let (loss, with) = by_hand(logits, target, cap, z_loss);
                // The z-loss is weighed as the loss here.
                sum += weight * with;
                each.push(loss as f32);
            }
            for loss in [
                reference::vocabulary_cross_entropy,
                cloze_kernels::vocabulary_cross_entropy,
            ] {
                let weights = Tensor::<1>::from_data([1.0, 3.0], &flex());
                let softmax = Softmax {
                    cap,
                    normalisers: Some(weights.clone() * z_loss),
                };
                let hidden = Tensor::from_data(logits.map(|row| row.map(|logit| logit as f32)), &flex());
                let table = Affine::new(Tensor::eye(3, &flex()), None);
                let found = loss(hidden, table, ids(&[1, 0]), weights, softmax);
                assert_near(
                    &[values(found.sum), values(found.each)],
                    &[vec![sum as f32], each.clone()],
                    1e-6,
                );
            }
        }
    }
}
