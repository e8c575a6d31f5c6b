//! The definition of every operation in plain burn operations, for every backend, and the oracle of the kernels' tests.

use crate::{Activation, AdamW, Affine, CrossEntropy, Dropout, Heads, Pattern, Precision};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, activation};

/// See [`crate::embedding`].
pub fn embedding(weight: Tensor<2>, ids: Tensor<1, Int>) -> Tensor<2> {
    weight.select(0, ids)
}

/// See [`crate::linear`].
pub fn linear(x: Tensor<2>, layer: Affine) -> Tensor<2> {
    let operand = |x: Tensor<2>| match layer.precision {
        Precision::Float32 => x,
        Precision::Bfloat16 => bfloat16(x),
    };
    let y = operand(x).matmul(operand(layer.weight));
    match layer.bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    }
}

/// The nearest numbers of 8 significant bits, by what is lost when 16 more are added above them (Dekker 1971). The
/// gradient passes as it is: here the products of the backward pass have their other operand in 32 bits.
fn bfloat16(x: Tensor<2>) -> Tensor<2> {
    let far = x.clone() * 65_537.0;
    far.clone() - (far - x)
}

/// See [`crate::layer_norm`].
pub fn layer_norm(x: Tensor<2>, gain: Tensor<1>, bias: Option<Tensor<1>>, epsilon: f64) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().square().mean_dim(1);
    let y = centred / (variance + epsilon).sqrt() * gain.unsqueeze();
    match bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    }
}

/// See [`crate::gelu`].
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    activation::gelu(x)
}

/// See [`crate::geglu`].
pub fn geglu(x: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let gate = x.clone().slice([0..rows, 0..columns / 2]);
    activation::gelu(gate) * x.slice([0..rows, columns / 2..columns])
}

/// See [`crate::feed_forward`].
pub fn feed_forward(x: Tensor<2>, up: Affine, activation: Activation, down: Affine) -> Tensor<2> {
    let before = linear(x, up);
    let after = match activation {
        Activation::Gelu => gelu(before),
        Activation::Geglu => geglu(before),
    };
    linear(after, down)
}

/// See [`crate::residual`].
pub fn residual(x: Tensor<2>, y: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    x + self::dropout(y, dropout)
}

/// See [`crate::residual_norm`].
pub fn residual_norm(
    x: Tensor<2>,
    y: Tensor<2>,
    dropout: Dropout,
    gain: Tensor<1>,
    bias: Option<Tensor<1>>,
    epsilon: f64,
) -> Tensor<2> {
    layer_norm(residual(x, y, dropout), gain, bias, epsilon)
}

/// cos and sin of position · base^(-2j/E), each `[L, E/2]` row-major, for head width E.
pub fn rotary_tables(length: usize, head_width: usize, base: f64) -> (Vec<f32>, Vec<f32>) {
    let half = head_width / 2;
    let frequencies: Vec<f64> = (0..half)
        .map(|j| base.powf(-2.0 * j as f64 / head_width as f64))
        .collect();
    let angles = (0..length).flat_map(|position| frequencies.iter().map(move |frequency| position as f64 * frequency));
    angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip()
}

/// See [`crate::rotary`].
pub fn rotary(qkv: Tensor<2>, heads: Heads, base: f64) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let (width, Heads { batch, length, heads }) = (columns / 3, heads);
    let (head_width, half) = (width / heads, width / heads / 2);
    let device = qkv.device();
    let (cos, sin) = rotary_tables(length, head_width, base);
    let table = |values: Vec<f32>| Tensor::<5>::from_data(TensorData::new(values, [1, length, 1, 1, half]), &device);
    let (cos, sin) = (table(cos), table(sin));
    let turned = qkv
        .clone()
        .slice([0..rows, 0..2 * width])
        .reshape([batch, length, 2, heads, head_width]);
    let first = turned.clone().slice([0..batch, 0..length, 0..2, 0..heads, 0..half]);
    let second = turned.slice([0..batch, 0..length, 0..2, 0..heads, half..head_width]);
    let left = first.clone() * cos.clone() - second.clone() * sin.clone();
    let right = second * cos + first * sin;
    let turned = Tensor::cat(vec![left, right], 4).reshape([rows, 2 * width]);
    Tensor::cat(vec![turned, qkv.slice([0..rows, 2 * width..columns])], 1)
}

/// See [`crate::attention`].
pub fn attention(qkv: Tensor<2>, heads: Heads, pattern: Pattern, dropout: Dropout) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let (width, Heads { batch, length, heads }) = (columns / 3, heads);
    let head_width = width / heads;
    let device = qkv.device();
    let part = |index: usize| {
        qkv.clone()
            .slice([0..rows, index * width..(index + 1) * width])
            .reshape([batch, length, heads, head_width])
            .swap_dims(1, 2)
    };
    let scores = part(0).matmul(part(1).transpose()) / (head_width as f64).sqrt();
    let scores = match pattern {
        Pattern::Bidirectional => scores,
        Pattern::Causal => {
            // true = may not be looked at: every position after the query's own.
            let hidden: Vec<bool> = (0..length)
                .flat_map(|query| (0..length).map(move |key| key > query))
                .collect();
            let hidden = Tensor::<4, Bool>::from_data(TensorData::new(hidden, [1, 1, length, length]), &device);
            scores.mask_fill(hidden.expand([batch, heads, length, length]), f32::NEG_INFINITY)
        }
    };
    let probabilities = activation::softmax(scores, 3).reshape([batch * heads * length, length]);
    let probabilities = self::dropout(probabilities, dropout).reshape([batch, heads, length, length]);
    probabilities.matmul(part(2)).swap_dims(1, 2).reshape([rows, width])
}

/// The 64 bits of element `index` under a seed: SplitMix64 (Steele, Lea & Flood 2014), read at a counter.
#[inline(always)]
pub(crate) fn hash(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Whether element `index` is kept by a dropout: its 32 bits, one half of the 64 that two neighbours share, are below
/// the share that is kept.
pub fn keeps(dropout: Dropout, index: u64) -> bool {
    let bits = (hash(dropout.seed, index / 2) >> (32 * (index % 2))) as u32;
    bits < kept_below(dropout)
}

/// The share that a dropout keeps, as a bound on 32 random bits.
pub(crate) fn kept_below(dropout: Dropout) -> u32 {
    ((1.0 - dropout.rate) * 4_294_967_296.0) as u32
}

/// See [`crate::dropout`].
pub fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.rate == 0.0 {
        return x;
    }
    let [rows, columns] = x.dims();
    let scale = (1.0 / (1.0 - dropout.rate)) as f32;
    let mask: Vec<f32> = (0..(rows * columns) as u64)
        .map(|index| if keeps(dropout, index) { scale } else { 0.0 })
        .collect();
    let mask = Tensor::<2>::from_data(TensorData::new(mask, [rows, columns]), &x.device());
    x * mask
}

/// See [`crate::vocabulary_cross_entropy`].
pub fn vocabulary_cross_entropy(
    hidden: Tensor<2>,
    table: Affine,
    targets: Tensor<1, Int>,
    weights: Tensor<1>,
) -> CrossEntropy {
    let logits = linear(hidden, table.transposed());
    let chosen = activation::log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1));
    let each = chosen.squeeze_dim::<1>(1).neg();
    CrossEntropy {
        sum: (each.clone() * weights).sum(),
        each: each.inner(),
    }
}

/// The uniform number of a row.
pub fn uniform(seed: u64, row: u64) -> f64 {
    (hash(seed, row) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// See [`crate::sample`].
pub fn sample(logits: Tensor<2>, seed: u64) -> Tensor<1, Int> {
    let [rows, columns] = logits.dims();
    let device: Device = logits.device();
    let cumulative = activation::softmax(logits, 1).cumsum(1);
    let total = cumulative.clone().slice([0..rows, columns - 1..columns]);
    let draws: Vec<f32> = (0..rows as u64).map(|row| uniform(seed, row) as f32).collect();
    let draws = Tensor::<2>::from_data(TensorData::new(draws, [rows, 1]), &device) * total;
    cumulative
        .lower_equal(draws.expand([rows, columns]))
        .int()
        .sum_dim(1)
        .squeeze_dim::<1>(1)
        .clamp_max(columns as i64 - 1)
}

/// See [`crate::squared_norm`].
pub fn squared_norm<const R: usize>(x: &Tensor<R>) -> f64 {
    let values = x.to_data().convert::<f32>();
    values
        .as_slice::<f32>()
        .map(|values| values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum())
        .unwrap_or(f64::NAN)
}

/// See [`crate::adamw`].
pub fn adamw<const R: usize>(
    parameter: Tensor<R>,
    gradient: Tensor<R>,
    first: Tensor<R>,
    second: Tensor<R>,
    settings: &AdamW,
) -> (Tensor<R>, Tensor<R>, Tensor<R>) {
    let gradient = gradient * settings.gradient_scale;
    let first = first * settings.beta_1 + gradient.clone() * (1.0 - settings.beta_1);
    let second = second * settings.beta_2 + gradient.square() * (1.0 - settings.beta_2);
    let step = settings.step as f64;
    let corrected = first.clone() / (1.0 - settings.beta_1.powf(step));
    let root = (second.clone() / (1.0 - settings.beta_2.powf(step))).sqrt() + settings.epsilon;
    let decayed = parameter * (1.0 - settings.learning_rate * settings.weight_decay);
    (decayed - corrected / root * settings.learning_rate, first, second)
}
