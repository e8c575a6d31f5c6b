//! Every operation, fused and by its reference, at the sizes of a small encoder:
//! `cargo bench --workspace --bench kernels`, or only some of it:
//! `cargo bench --workspace --bench kernels -- attention`.

#![allow(missing_docs)] // criterion_group! makes a public function without any

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::{
    AdamW, Affine, Disentangled, Dropout, Heads, Positions, Ranks, Relative, Rotary, Softmax, Visibility, reference,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 32;
const LENGTH: usize = 128;
const ROWS: usize = BATCH * LENGTH;
const WIDTH: usize = 128;
const HEADS: usize = 2;
const VOCABULARY: usize = 8192;
/// 15 % of the rows.
const PREDICTED: usize = ROWS * 15 / 100;

fn numbers<const R: usize>(shape: [usize; R], device: &Device) -> Tensor<R> {
    let mut stream = Draw::new(1, "bench").stream();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn matrix(columns: usize) -> Tensor<2> {
    numbers([ROWS, columns], &Device::flex().autodiff())
}

fn row(columns: usize) -> Tensor<2> {
    numbers([1, columns], &Device::flex().autodiff())
}

fn vector(row: &Tensor<2>) -> Tensor<1> {
    row.clone().flatten(0, 1)
}

/// One forward and backward pass; the output's gradient is itself, so that no operation gets a trivial one.
fn pass(inputs: &[Tensor<2>], operation: &dyn Fn(&[Tensor<2>]) -> Tensor<2>) {
    let inputs: Vec<_> = inputs
        .iter()
        .map(|input| input.clone().detach().require_grad())
        .collect();
    let output = operation(&inputs);
    let probe = output.clone().detach();
    (output * probe).sum().backward();
}

/// An operation of some inputs.
type Operation = Box<dyn Fn(&[Tensor<2>]) -> Tensor<2>>;

/// Times an operation's forward and backward pass, fused and by its reference.
fn compare(criterion: &mut Criterion, name: &str, inputs: &[Tensor<2>], fused: Operation, plain: Operation) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("fused", |bencher| bencher.iter(|| pass(inputs, &fused)));
    group.bench_function("reference", |bencher| bencher.iter(|| pass(inputs, &plain)));
    group.finish();
}

/// Two operations that differ in the module only: `both!(f = gelu in |x| f(x[0].clone()))`.
macro_rules! both {
    ($f:ident = $function:ident in |$x:ident| $body:expr) => {{
        let fused = {
            let $f = cloze_kernels::$function;
            Box::new(move |$x: &[Tensor<2>]| $body)
        };
        let $f = reference::$function;
        (fused, Box::new(move |$x: &[Tensor<2>]| $body))
    }};
}

fn rowwise(criterion: &mut Criterion) {
    let (fused, plain) = both!(f = layer_norm in |x| f(x[0].clone(), vector(&x[1]), Some(vector(&x[2])), 1e-5));
    compare(
        criterion,
        "layer_norm",
        &[matrix(WIDTH), row(WIDTH), row(WIDTH)],
        fused,
        plain,
    );
    let (fused, plain) = both!(f = gelu in |x| f(x[0].clone()));
    compare(criterion, "gelu, F = 4D", &[matrix(4 * WIDTH)], fused, plain);
    let (fused, plain) = both!(f = geglu in |x| f(x[0].clone()));
    compare(criterion, "geglu, 2F = 8D", &[matrix(8 * WIDTH)], fused, plain);
    let rate = Dropout { rate: 0.1, seed: 1 };
    let (fused, plain) = both!(f = dropout in |x| f(x[0].clone(), rate));
    compare(criterion, "dropout", &[matrix(WIDTH)], fused, plain);
}

/// Every window by the ranks of its positions.
fn ranked(rank: fn(u32) -> u32) -> Visibility {
    Ranks::new((0..ROWS as u32).map(|row| rank(row % LENGTH as u32)).collect()).into()
}

/// Two documents in every window.
fn packed() -> Visibility {
    let group = (0..ROWS).map(|row| u32::from(row % LENGTH >= LENGTH / 2)).collect();
    Ranks::new(vec![0; ROWS]).grouped(group).into()
}

fn attention(criterion: &mut Criterion) {
    let heads = Heads {
        batch: BATCH,
        length: LENGTH,
        heads: HEADS,
    };
    let turn = || Rotary {
        base: 1e4,
        head_width: WIDTH / HEADS,
        columns: 2 * WIDTH,
        positions: Positions::Counted(LENGTH),
    };
    let (fused, plain) = both!(f = rotary in |x| f(x[0].clone(), &turn()));
    compare(criterion, "rotary", &[matrix(3 * WIDTH)], fused, plain);
    for (name, law, rate) in [
        ("attention", (|| Visibility::Bidirectional) as fn() -> Visibility, 0.0),
        ("attention, dropout", || Visibility::Bidirectional, 0.1),
        ("attention, causal", || Visibility::Causal, 0.0),
        ("attention, causal by ranks", || ranked(|position| position), 0.0),
        (
            "attention, permuted",
            || ranked(|position| position * 37 % LENGTH as u32),
            0.0,
        ),
        ("attention, packed", packed, 0.0),
    ] {
        let dropout = Dropout { rate, seed: 1 };
        let (fused, plain) = both!(f = attention in |x| f(x[0].clone(), heads, &law(), dropout));
        compare(criterion, name, &[matrix(3 * WIDTH)], fused, plain);
    }
    let relative = Relative {
        buckets: LENGTH / 2,
        farthest: LENGTH,
        positions: Positions::Counted(LENGTH),
    };
    let positions = move |table: &Tensor<2>| Disentangled {
        table: table.clone(),
        relative: relative.clone(),
    };
    let table = numbers([LENGTH, 2 * WIDTH], &Device::flex().autodiff());
    let law = Visibility::Bidirectional;
    type Attention = fn(Tensor<2>, Disentangled, Heads, &Visibility, Dropout, Option<Tensor<1, Int>>) -> Tensor<2>;
    let attended = |f: Attention| {
        let (positions, law) = (positions.clone(), law.clone());
        let operation = move |x: &[Tensor<2>]| f(x[0].clone(), positions(&x[1]), heads, &law, Dropout::OFF, None);
        Box::new(operation) as Operation
    };
    let fused = attended(cloze_kernels::disentangled_attention);
    let plain = attended(reference::disentangled_attention);
    let inputs = [matrix(3 * WIDTH), table];
    compare(criterion, "attention, disentangled", &inputs, fused, plain);
}

fn linear(criterion: &mut Criterion) {
    for (name, columns) in [("linear, up", 4 * WIDTH), ("linear, qkv", 3 * WIDTH)] {
        let weight = numbers([WIDTH, columns], &Device::flex().autodiff());
        let (fused, plain) = both!(f = linear in |x| f(x[0].clone(), Affine::new(x[1].clone(), Some(vector(&x[2])))));
        compare(criterion, name, &[matrix(WIDTH), weight, row(columns)], fused, plain);
    }
}

fn vocabulary(criterion: &mut Criterion) {
    let device = Device::flex().autodiff();
    let ids: Vec<i64> = (0..ROWS as i64).map(|row| row * 31 % VOCABULARY as i64).collect();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [ROWS]), &device);
    for (name, predicted, cap, z_loss) in [
        ("cross_entropy, 15 %", PREDICTED, None, None),
        ("cross_entropy, all", ROWS, None, None),
        ("cross_entropy, 15 %, capped, z-loss", PREDICTED, Some(15.0), Some(1e-4)),
    ] {
        let inputs = [
            numbers([predicted, WIDTH], &device),
            numbers([VOCABULARY, WIDTH], &device),
            row(VOCABULARY),
        ];
        let targets = ids.clone().slice(0..predicted);
        let weights = Tensor::<1>::ones([predicted], &device);
        let operation = |f: fn(Tensor<2>, Affine, Tensor<1, Int>, Tensor<1>, Softmax) -> _| {
            let (targets, weights) = (targets.clone(), weights.clone());
            let softmax = Softmax {
                cap,
                normalisers: z_loss.map(|z_loss: f64| weights.clone() * z_loss),
            };
            Box::new(move |x: &[Tensor<2>]| {
                let table = Affine::new(x[1].clone(), Some(vector(&x[2])));
                let (targets, weights, softmax) = (targets.clone(), weights.clone(), softmax.clone());
                let loss: cloze_kernels::CrossEntropy = f(x[0].clone(), table, targets, weights, softmax);
                loss.sum.unsqueeze()
            })
        };
        let fused = operation(cloze_kernels::vocabulary_cross_entropy);
        compare(
            criterion,
            name,
            &inputs,
            fused,
            operation(reference::vocabulary_cross_entropy),
        );
    }
    let logits = numbers([PREDICTED, VOCABULARY], &Device::flex());
    let mut group = criterion.benchmark_group("sample, 15 %");
    group.bench_function("fused", |bencher| {
        bencher.iter(|| cloze_kernels::sample(logits.clone(), 1))
    });
    group.bench_function("reference", |bencher| {
        bencher.iter(|| reference::sample(logits.clone(), 1))
    });
    group.finish();
}

/// Newton-Schulz iterations, as Muon has them.
const ITERATIONS: usize = 5;

/// A parameter of a million numbers, and matrices that Muon makes orthogonal.
fn optimizer(criterion: &mut Criterion) {
    let shape = [1000, 1000];
    let device = Device::flex();
    let gradient = numbers(shape, &device);
    let mut group = criterion.benchmark_group("squared_norm");
    group.bench_function("fused", |bencher| {
        bencher.iter(|| cloze_kernels::squared_norm(&gradient))
    });
    group.bench_function("reference", |bencher| {
        bencher.iter(|| reference::squared_norm(&gradient))
    });
    group.finish();

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
    let mut group = criterion.benchmark_group("adamw");
    for (name, update) in [
        ("fused", cloze_kernels::adamw as Update),
        ("reference", reference::adamw as Update),
    ] {
        // Buffers of its own for every call, as in training, where they are unique and can be changed in place.
        let own = || [0, 1, 2].map(|_| numbers(shape, &device).abs());
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                own,
                |[parameter, first, second]| update(parameter, gradient.clone(), first, second, &settings),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();

    // Of blocks of width 64 and 256: an output projection, and queries, keys and values in one.
    for [rows, columns] in [[64, 64], [64, 192], [256, 256], [256, 768]] {
        let direction = numbers([rows, columns], &device);
        let mut group = criterion.benchmark_group(format!("orthogonalise {rows} x {columns}"));
        group.bench_function("fused", |bencher| {
            bencher.iter(|| cloze_kernels::orthogonalise(direction.clone(), ITERATIONS))
        });
        group.bench_function("reference", |bencher| {
            bencher.iter(|| reference::orthogonalise(direction.clone(), ITERATIONS))
        });
        group.finish();
    }
}

criterion_group! {
    name = kernels;
    // Few and short: a pass takes milliseconds, and all of it should take minutes.
    config = Criterion::default().sample_size(15).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = rowwise, attention, linear, vocabulary, optimizer
}
criterion_main!(kernels);
