//! Milliseconds of every operation, forward and backward, fused and by its reference, at the sizes of a small encoder:
//! `cargo run --release -p cloze-kernels --example times`, or only those whose name contains the word that follows.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{Activation, AdamW, Affine, Dropout, Heads, Pattern, reference};
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WIDTH: usize = 128;
const HEADS: usize = 2;
const VOCABULARY: usize = 4096;

/// The shortest time that one call takes, of at least 9 calls and half a second: other work on the machine only adds.
fn milliseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    black_box(call());
    let start = Instant::now();
    let mut shortest = f64::INFINITY;
    for calls in 0.. {
        let before = Instant::now();
        black_box(call());
        shortest = shortest.min(before.elapsed().as_secs_f64());
        if calls >= 9 && start.elapsed().as_secs_f64() > 0.5 {
            break;
        }
    }
    shortest * 1e3
}

fn numbers<const R: usize>(shape: [usize; R], device: &Device) -> Tensor<R> {
    let mut stream = Draw::new(1, "times").stream();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// One forward and backward pass; the output's gradient is itself, so that no operation gets a trivial one.
fn pass(inputs: &[Tensor<2>], f: impl Fn(&[Tensor<2>]) -> Tensor<2>) -> f64 {
    milliseconds(|| {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|input| input.clone().detach().require_grad())
            .collect();
        let output = f(&inputs);
        let probe = output.clone().detach();
        (output * probe).sum().backward()
    })
}

/// Whether the command line asks for this operation.
fn asked(name: &str) -> bool {
    std::env::args().nth(1).is_none_or(|word| name.contains(&word))
}

fn line(name: &str, fused: f64, plain: f64) {
    println!("{name:<28}{fused:>10.2}{plain:>12.2}{:>8.1}x", plain / fused);
}

fn main() {
    let device = Device::flex().autodiff();
    let row = |x: &Tensor<2>| x.clone().flatten::<1>(0, 1);
    for (batch, length) in [(16, 64), (32, 128)] {
        let rows = batch * length;
        let heads = Heads {
            batch,
            length,
            heads: HEADS,
        };
        println!(
            "\nN = {rows} (B = {batch}, L = {length}), D = {WIDTH}, H = {HEADS}, V = {VOCABULARY}, {} threads",
            rayon::current_num_threads()
        );
        println!("{:<28}{:>10}{:>12}", "ms, forward and backward", "fused", "reference");
        macro_rules! compare {
            ($name:expr, $inputs:expr, $function:ident, |$f:ident, $x:ident| $body:expr) => {
                if asked($name) {
                    let inputs = $inputs;
                    let $f = cloze_kernels::$function;
                    let fused = pass(&inputs, |$x| $body);
                    let $f = reference::$function;
                    line($name, fused, pass(&inputs, |$x| $body));
                }
            };
        }
        let matrix = |columns: usize| numbers([rows, columns], &device);
        let vector = |columns: usize| numbers([1, columns], &device);
        let inputs = [matrix(WIDTH), vector(WIDTH), vector(WIDTH)];
        compare!("layer_norm", inputs, layer_norm, |f, x| f(
            x[0].clone(),
            row(&x[1]),
            Some(row(&x[2])),
            1e-5
        ));
        let inputs = [matrix(WIDTH), matrix(WIDTH), vector(WIDTH), vector(WIDTH)];
        compare!("residual_norm, dropout", inputs, residual_norm, |f, x| f(
            x[0].clone(),
            x[1].clone(),
            Dropout { rate: 0.1, seed: 1 },
            row(&x[2]),
            Some(row(&x[3])),
            1e-5
        ));
        let inputs = [matrix(WIDTH), numbers([WIDTH, 3 * WIDTH], &device), vector(3 * WIDTH)];
        compare!("linear (D to 3D)", inputs, linear, |f, x| f(
            x[0].clone(),
            x[1].clone(),
            Some(row(&x[2]))
        ));
        let [up, down] = [[WIDTH, 4 * WIDTH], [4 * WIDTH, WIDTH]].map(|shape| numbers(shape, &device));
        let inputs = [matrix(WIDTH), up, down, vector(4 * WIDTH), vector(WIDTH)];
        compare!("feed_forward (F = 4D)", inputs, feed_forward, |f, x| {
            let affine = |which: usize| Affine {
                weight: x[which].clone(),
                bias: Some(row(&x[which + 2])),
            };
            f(x[0].clone(), affine(1), Activation::Gelu, affine(2))
        });
        compare!("gelu (F = 4D)", [matrix(4 * WIDTH)], gelu, |f, x| f(x[0].clone()));
        compare!("geglu (2F = 8D)", [matrix(8 * WIDTH)], geglu, |f, x| f(x[0].clone()));
        compare!("rotary", [matrix(3 * WIDTH)], rotary, |f, x| f(
            x[0].clone(),
            heads,
            1e4
        ));
        for (name, pattern, rate) in [
            ("attention", Pattern::Bidirectional, 0.0),
            ("attention, dropout", Pattern::Bidirectional, 0.1),
            ("attention, causal", Pattern::Causal, 0.0),
        ] {
            let dropout = Dropout { rate, seed: 1 };
            compare!(name, [matrix(3 * WIDTH)], attention, |f, x| f(
                x[0].clone(),
                heads,
                pattern,
                dropout
            ));
        }
        let rate = Dropout { rate: 0.1, seed: 1 };
        compare!("dropout", [matrix(WIDTH)], dropout, |f, x| f(x[0].clone(), rate));
        let ids: Vec<i64> = (0..rows as i64).map(|row| row * 31 % VOCABULARY as i64).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [rows]), &device);
        for (name, predicted) in [("cross entropy, 15 %", rows * 15 / 100), ("cross entropy, all", rows)] {
            let hidden = numbers([predicted, WIDTH], &device);
            let inputs = [hidden, numbers([VOCABULARY, WIDTH], &device), vector(VOCABULARY)];
            let targets = ids.clone().slice(0..predicted);
            let weights = Tensor::<1>::ones([predicted], &device);
            compare!(name, inputs, vocabulary_cross_entropy, |f, x| {
                let loss = f(
                    x[0].clone(),
                    x[1].clone(),
                    Some(row(&x[2])),
                    targets.clone(),
                    weights.clone(),
                );
                loss.sum.unsqueeze()
            });
        }
        let logits = numbers([rows * 15 / 100, VOCABULARY], &device.clone().inner());
        line(
            "sample, 15 %",
            milliseconds(|| cloze_kernels::sample(logits.clone(), 1)),
            milliseconds(|| reference::sample(logits.clone(), 1)),
        );
    }
    let shape = [1000, 1000];
    let device = device.inner();
    println!("\na parameter of one million numbers");
    let x = numbers(shape, &device);
    line(
        "squared_norm",
        milliseconds(|| cloze_kernels::squared_norm(&x)),
        milliseconds(|| reference::squared_norm(&x)),
    );
    type Update = fn(Tensor<2>, Tensor<2>, Tensor<2>, Tensor<2>, &AdamW) -> (Tensor<2>, Tensor<2>, Tensor<2>);
    let settings = AdamW {
        learning_rate: 1e-3,
        beta_1: 0.9,
        beta_2: 0.98,
        epsilon: 1e-6,
        weight_decay: 0.01,
        step: 5,
        gradient_scale: 1.0,
    };
    let update = |adamw: Update| {
        // The state goes round, as in training, so that its buffers are unique.
        let mut state = Some((
            numbers(shape, &device),
            Tensor::zeros(shape, &device),
            Tensor::zeros(shape, &device),
        ));
        milliseconds(|| {
            state = state
                .take()
                .map(|(parameter, first, second)| adamw(parameter, x.clone(), first, second, &settings));
        })
    };
    line("adamw", update(cloze_kernels::adamw), update(reference::adamw));
}
