//! The definition of every operation in plain burn operations, for every backend, and the oracle of the kernels' tests.

use crate::{
    Activation, AdamW, Affine, CrossEntropy, Disentangled, Dropout, Heads, NEWTON_SCHULZ, Positions, Precision, Rotary,
    Softmax, Visibility,
};
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

/// cos and sin of position · base^(-2j/E), each `[P, E/2]` row-major, for head width E and the P positions from 0 to the
/// largest that there is.
pub fn rotary_tables(how: &Rotary) -> (Vec<f32>, Vec<f32>) {
    let count = match &how.positions {
        Positions::Counted(length) => *length,
        Positions::Given(positions) => positions.iter().max().map_or(0, |most| *most as usize + 1),
    };
    let frequencies: Vec<f64> = (0..how.head_width / 2)
        .map(|j| how.base.powf(-2.0 * j as f64 / how.head_width as f64))
        .collect();
    let angles = (0..count).flat_map(|position| frequencies.iter().map(move |frequency| position as f64 * frequency));
    angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip()
}

/// See [`crate::rotary`].
pub fn rotary(x: Tensor<2>, how: &Rotary) -> Tensor<2> {
    let rows = x.dims()[0];
    let (heads, half) = (how.columns / how.head_width, how.head_width / 2);
    if rows == 0 || half == 0 {
        return x;
    }
    let device = x.device();
    let (cos, sin) = rotary_tables(how);
    // Windows whose rows have the positions of the tables' rows, or one window of all rows.
    let (cos, sin, length) = match &how.positions {
        Positions::Counted(length) => (cos, sin, *length),
        Positions::Given(positions) => {
            let of_rows = |table: &[f32]| {
                let row = |position: &u32| &table[*position as usize * half..][..half];
                positions.iter().flat_map(row).copied().collect()
            };
            (of_rows(&cos), of_rows(&sin), rows)
        }
    };
    let batch = rows / length;
    let table = |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, [1, length, 1, half]), &device);
    let (cos, sin) = (table(cos), table(sin));
    let turned = x
        .clone()
        .slice([0..rows, 0..how.columns])
        .reshape([batch, length, heads, 2 * half]);
    let first = turned.clone().slice([0..batch, 0..length, 0..heads, 0..half]);
    let second = turned.slice([0..batch, 0..length, 0..heads, half..2 * half]);
    let left = first.clone() * cos.clone() - second.clone() * sin.clone();
    let right = second * cos + first * sin;
    before_the_others(Tensor::cat(vec![left, right], 3).reshape([rows, how.columns]), x)
}

/// See [`crate::scale_queries`].
pub fn scale_queries(x: Tensor<2>, width: usize, scales: Tensor<1>) -> Tensor<2> {
    let rows = x.dims()[0];
    let queries = x.clone().slice([0..rows, 0..width]) * scales.unsqueeze_dim(1);
    before_the_others(queries, x)
}

/// `x` with other first columns.
fn before_the_others(first: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    let ([rows, columns], [_, width]) = (x.dims(), first.dims());
    if width == columns {
        return first;
    }
    Tensor::cat(vec![first, x.slice([0..rows, width..columns])], 1)
}

/// See [`crate::attention`].
pub fn attention(qkv: Tensor<2>, heads: Heads, visibility: &Visibility, dropout: Dropout) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let queries = qkv.clone().slice([0..rows, 0..columns / 3]);
    query_attention(queries, qkv, heads, visibility, dropout, None)
}

/// See [`crate::attention_at`].
pub fn attention_at(
    qkv: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Tensor<1, Int>,
) -> Tensor<2> {
    attention(qkv, heads, visibility, dropout).select(0, rows)
}

/// See [`crate::query_attention`]. Given rows, the keys and values of a query's window are copied for every query.
pub fn query_attention(
    queries: Tensor<2>,
    content: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    attended(queries, content, None, heads, visibility, dropout, rows)
}

/// See [`crate::disentangled_attention`].
pub fn disentangled_attention(
    qkv: Tensor<2>,
    positions: Disentangled,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    let width = qkv.dims()[1] / 3;
    let queries = qkv.clone().slice_dim(1, 0..width);
    let all = attended(queries, qkv, Some(positions), heads, visibility, dropout, None);
    match rows {
        Some(rows) => all.select(0, rows),
        None => all,
    }
}

/// See [`crate::disentangled_query_attention`].
pub fn disentangled_query_attention(
    queries: Tensor<2>,
    content: Tensor<2>,
    positions: Disentangled,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    attended(queries, content, Some(positions), heads, visibility, dropout, rows)
}

fn attended(
    queries: Tensor<2>,
    content: Tensor<2>,
    relative: Option<Disentangled>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    let ([count, width], [positions, columns]) = (queries.dims(), content.dims());
    let Heads { batch, length, heads } = heads;
    if count == 0 || width == 0 {
        return queries;
    }
    let (device, head_width) = (queries.device(), width / heads);
    let rows: Option<Vec<usize>> = rows.map(|rows| rows.into_data().iter::<i64>().map(|row| row as usize).collect());
    // G groups of queries that see the keys of one window: the windows, or every query for itself.
    let groups = if rows.is_some() { count } else { batch };
    let part = |index: usize| {
        let first = columns - (2 - index) * width;
        let part = content.clone().slice([0..positions, first..first + width]);
        let part = match &rows {
            None => part,
            Some(rows) => {
                let keys = |row: &usize| (row / length * length..).take(length).map(|key| key as i64);
                let keys: Vec<i64> = rows.iter().flat_map(keys).collect();
                let keys = TensorData::new(keys, [count * length]);
                part.select(0, Tensor::<1, Int>::from_data(keys, &device))
            }
        };
        part.reshape([groups, length, heads, head_width]).swap_dims(1, 2)
    };
    let each = count / groups;
    let queries = queries.reshape([groups, each, heads, head_width]).swap_dims(1, 2);
    let probabilities = looks(queries, part(0), relative, length, visibility, rows.as_deref());
    let first = |group: usize, head: usize| match &rows {
        None => ((group * heads + head) * length) as u64,
        Some(rows) => ((rows[group] / length * heads + head) * length + rows[group] % length) as u64,
    };
    let probabilities = drop_rows(probabilities, dropout, first);
    probabilities.matmul(part(1)).swap_dims(1, 2).reshape([count, width])
}

/// How much of its attention each of a group's queries gives to each key, `[G, H, n, L]`: all of it in sum, or nothing where it
/// sees nothing. `rows`: the row of each query, where these are not all rows in their order.
fn looks(
    queries: Tensor<4>,
    keys: Tensor<4>,
    relative: Option<Disentangled>,
    length: usize,
    visibility: &Visibility,
    rows: Option<&[usize]>,
) -> Tensor<4> {
    let head_width = queries.dims()[3];
    let row_of = |query: usize| rows.map_or(query, |rows| rows[query]);
    let scores = queries.clone().matmul(keys.clone().transpose());
    let (scores, terms) = match relative {
        None => (scores, 1),
        Some(positions) => {
            let key_of = |query: usize, key: usize| row_of(query) / length * length + key;
            (scores + of_positions(queries, keys, positions, row_of, key_of), 3)
        }
    };
    let scores = scores / ((terms * head_width) as f64).sqrt();
    let (scores, blind) = match visibility {
        Visibility::Bidirectional => (scores, None),
        _ => {
            // Of a plain law all windows have one mask.
            let alike = rows.is_none() && *visibility == Visibility::Causal;
            hidden(scores, alike, |query, key| {
                let row = row_of(query);
                visibility.sees(length, row, row / length * length + key)
            })
        }
    };
    let probabilities = activation::softmax(scores, 3);
    match blind {
        Some(blind) => probabilities.mask_fill(blind, 0.0),
        None => probabilities,
    }
}

/// The entropy of every row's attention in every head, in nats: 0 where it looks at one key alone, the logarithm of their
/// number where it looks at all alike. What [`crate::attention`] looks at is in no kernel's result, so it is computed here.
///
/// # Shapes
/// - `qkv`: `[N, 3D]` with columns `[q | k | v]`, result: `[N, H]`
pub fn attention_entropy(
    qkv: Tensor<2>,
    relative: Option<Disentangled>,
    heads: Heads,
    visibility: &Visibility,
) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let width = columns / 3;
    let Heads { batch, length, heads } = heads;
    let part = |index: usize| {
        let part = qkv.clone().slice([0..rows, index * width..(index + 1) * width]);
        part.reshape([batch, length, heads, width / heads]).swap_dims(1, 2)
    };
    let looks = looks(part(0), part(1), relative, length, visibility, None);
    // p log p is 0 where p is.
    let each = looks.clone() * looks.clamp_min(f32::MIN_POSITIVE).log();
    each.sum_dim(3).neg().swap_dims(1, 2).reshape([rows, heads])
}

/// What the scores have from relative positions, where `row_of(query)` and `key_of(query, key)` are rows of the batch.
///
/// # Shapes
/// - `queries`: `[G, H, n, D/H]`, `keys`: `[G, H, L, D/H]`, result: `[G, H, n, L]`
fn of_positions(
    queries: Tensor<4>,
    keys: Tensor<4>,
    Disentangled { table, relative }: Disentangled,
    row_of: impl Fn(usize) -> usize,
    key_of: impl Fn(usize, usize) -> usize,
) -> Tensor<4> {
    let ([groups, heads, each, head_width], length) = (queries.dims(), keys.dims()[2]);
    let [count, width] = [table.dims()[0], heads * head_width];
    let part = |part: usize| {
        let part = table.clone().slice_dim(1, part * width..(part + 1) * width);
        part.reshape([1, count, heads, head_width]).swap_dims(1, 2)
    };
    let row = |query: usize, key: usize| relative.row(relative.distance(row_of(query), key_of(query, key))) as i64;
    let rows = (0..groups * each).flat_map(|query| (0..length).map(move |key| (query, key)));
    let rows: Vec<i64> = rows.map(|(query, key)| row(query, key)).collect();
    let rows = Tensor::<4, Int>::from_data(TensorData::new(rows, [groups, 1, each, length]), &queries.device());
    let rows = rows.expand([groups, heads, each, length]);
    let to_position = queries.matmul(part(1).transpose()).gather(3, rows.clone());
    let to_content = keys.matmul(part(0).transpose()).transpose().gather(2, rows);
    to_position + to_content
}

/// Scores, `[G, H, n, L]`, with -∞ where query and key, of `sees(query, key)`, do not see each other; and where a query sees
/// nothing, whose scores are left as they are, for a softmax of nothing is not a number.
/// If all groups are alike, the first one is asked.
fn hidden(scores: Tensor<4>, alike: bool, sees: impl Fn(usize, usize) -> bool) -> (Tensor<4>, Option<Tensor<4, Bool>>) {
    let [groups, heads, each, length] = scores.dims();
    let asked = if alike { 1 } else { groups };
    let (mut hidden, mut blind) = (Vec::new(), Vec::new());
    for query in 0..asked * each {
        // true = may not be looked at.
        let row: Vec<bool> = (0..length).map(|key| !sees(query, key)).collect();
        let none = row.iter().all(|hidden| *hidden);
        blind.extend(std::iter::repeat_n(none, length));
        hidden.extend(row.into_iter().map(|hidden| hidden && !none));
    }
    let any = blind.contains(&true);
    let mask = |mask: Vec<bool>| {
        let data = TensorData::new(mask, [asked, 1, each, length]);
        Tensor::<4, Bool>::from_data(data, &scores.device()).expand([groups, heads, each, length])
    };
    let (hidden, blind) = (mask(hidden), any.then(|| mask(blind)));
    (scores.mask_fill(hidden, f32::NEG_INFINITY), blind)
}

/// Dropout of `[G, H, n, L]`, whose n rows of a group and a head have the indices of the rows from `first` on.
fn drop_rows(x: Tensor<4>, dropout: Dropout, first: impl Fn(usize, usize) -> u64) -> Tensor<4> {
    if dropout.rate == 0.0 {
        return x;
    }
    let [groups, heads, each, length] = x.dims();
    let mut mask = Vec::with_capacity(groups * heads * each * length);
    for (group, head) in (0..groups).flat_map(|group| (0..heads).map(move |head| (group, head))) {
        let first = first(group, head) * length as u64;
        mask.extend((first..first + (each * length) as u64).map(|index| factor(dropout, index)));
    }
    let mask = Tensor::<4>::from_data(TensorData::new(mask, x.dims()), &x.device());
    x * mask
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

/// What a dropout multiplies element `index` by.
fn factor(dropout: Dropout, index: u64) -> f32 {
    if keeps(dropout, index) {
        (1.0 / (1.0 - dropout.rate)) as f32
    } else {
        0.0
    }
}

/// See [`crate::dropout`].
pub fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.rate == 0.0 {
        return x;
    }
    let [rows, columns] = x.dims();
    let mask: Vec<f32> = (0..(rows * columns) as u64)
        .map(|index| factor(dropout, index))
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
    softmax: Softmax,
) -> CrossEntropy {
    let logits = linear(hidden, table.transposed());
    let logits = match softmax.cap {
        Some(cap) => soft_cap(logits, cap),
        None => logits,
    };
    let targets = targets.unsqueeze_dim(1);
    let chosen = activation::log_softmax(logits.clone(), 1).gather(1, targets.clone());
    let each = chosen.squeeze_dim::<1>(1).neg();
    let sum = (each.clone() * weights).sum();
    let sum = match softmax.normalisers {
        Some(weights) => {
            let normalisers = logits.gather(1, targets).squeeze_dim::<1>(1) + each.clone();
            sum + (normalisers.square() * weights).sum()
        }
        None => sum,
    };
    CrossEntropy {
        sum,
        each: each.inner(),
    }
}

/// See [`crate::soft_cap`].
pub fn soft_cap(x: Tensor<2>, cap: f64) -> Tensor<2> {
    (x / cap).tanh() * cap
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

/// See [`crate::orthogonalise`].
pub fn orthogonalise(x: Tensor<2>, iterations: usize) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let flip = |x: Tensor<2>| if rows > columns { x.transpose() } else { x };
    let norm = squared_norm(&x).sqrt().max(1e-7);
    let [a, b, c] = NEWTON_SCHULZ;
    let mut x = flip(x / norm);
    for _ in 0..iterations {
        let gram = x.clone().matmul(x.clone().transpose());
        let polynomial = gram.clone() * b + gram.clone().matmul(gram) * c;
        x = x.clone() * a + polynomial.matmul(x);
    }
    flip(x)
}
