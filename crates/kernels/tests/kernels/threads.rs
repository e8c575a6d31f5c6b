//! One thread and several threads give the same bits, forward and backward.

use crate::common::{numbers, run};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_kernels::{Activation, Affine, Dropout, Heads, Positions, Precision, Ranks, Rotary, Softmax, Visibility};

fn one_block(x: &[Tensor<2>]) -> Tensor<2> {
    let device = x[0].device();
    let [rows, width] = x[0].dims();
    let heads = Heads {
        batch: 6,
        length: rows / 6,
        heads: 2,
    };
    let row = |x: &Tensor<2>| x.clone().flatten(0, 1);
    let dropout = Dropout { rate: 0.1, seed: 5 };
    let h = cloze_kernels::layer_norm(x[0].clone(), row(&x[1]), Some(row(&x[2])), 1e-5);
    let qkv = cloze_kernels::rotary(
        cloze_kernels::linear(h.clone(), Affine::new(x[3].clone(), Some(row(&x[5])))),
        &Rotary {
            base: 1e4,
            head_width: width / 2,
            columns: 2 * width,
            positions: Positions::Counted(rows / 6),
        },
    );
    let permuted: Visibility = Ranks::new((0..rows as u32).map(|row| row * 7 % 11).collect())
        .strict()
        .into();
    let attended = cloze_kernels::attention(qkv.clone(), heads, &Visibility::Causal, dropout);
    let h = h.clone()
        + cloze_kernels::dropout(attended, dropout)
        + cloze_kernels::attention(qkv.clone(), heads, &Visibility::Bidirectional, dropout)
        + cloze_kernels::attention(qkv.clone(), heads, &permuted, dropout)
        + cloze_kernels::query_attention(h, qkv, heads, &permuted, dropout, None);
    let affine = |which: usize| Affine::new(x[which].clone(), None);
    let fed = cloze_kernels::feed_forward(h.clone(), affine(7), Activation::Gelu, affine(8));
    let h = cloze_kernels::residual_norm(
        cloze_kernels::residual(h.clone(), fed, dropout),
        h,
        dropout,
        row(&x[1]),
        Some(row(&x[2])),
        1e-5,
    );
    let h = cloze_kernels::gelu(h.clone()) + cloze_kernels::geglu(Tensor::cat(vec![h.clone(), h], 1));
    let targets: Vec<i64> = (0..rows as i64).map(|row| row % x[4].dims()[0] as i64).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [rows]), &device);
    let asked = Softmax {
        cap: Some(3.0),
        normalisers: Some(Tensor::ones([rows], &device)),
    };
    let loss = [Softmax::default(), asked].map(|softmax| {
        let table = Affine::new(x[4].clone(), Some(row(&x[6])));
        let weights = Tensor::ones([rows], &device);
        cloze_kernels::vocabulary_cross_entropy(h.clone(), table, targets.clone(), weights, softmax).sum
    });
    assert_eq!(width, x[4].dims()[1]);
    let [plain, asked] = loss;
    let capped = cloze_kernels::soft_cap(h, 2.0).sum();
    (plain + asked + capped).unsqueeze()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let linear = |x: &[Tensor<2>], precision| {
        let layer = Affine::new(x[1].clone(), Some(x[2].clone().flatten(0, 1)));
        cloze_kernels::linear(x[0].clone(), Affine { precision, ..layer })
    };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started");
        pool.install(|| {
            let results = run(
                &[
                    [600, 32],
                    [1, 32],
                    [1, 32],
                    [32, 96],
                    [700, 32],
                    [1, 96],
                    [1, 700],
                    [32, 300],
                    [300, 32],
                ],
                one_block,
            );
            // Large enough for the matrix product to divide its work.
            let dense = run(&[[2048, 64], [64, 80], [1, 80]], |x| linear(x, Precision::Float32));
            let rounded = run(&[[2048, 64], [64, 80], [1, 80]], |x| linear(x, Precision::Bfloat16));
            let norm = cloze_kernels::squared_norm(&numbers("x", [333, 333], &Device::flex()));
            let orthogonal = [[700, 130], [130, 700]].map(|shape| {
                let x = cloze_kernels::orthogonalise(numbers("x", shape, &Device::flex()), 3);
                x.to_data().iter::<f32>().map(f32::to_bits).collect::<Vec<u32>>()
            });
            (results, dense, rounded, norm.to_bits(), orthogonal)
        })
    };
    let one = with(1);
    assert!(one.0.iter().flatten().all(|value| value.is_finite()));
    for threads in [2, 3] {
        assert!(one == with(threads), "{threads} threads differ from one");
    }
}
