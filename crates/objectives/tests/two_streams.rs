//! The permutation language model's two streams with copied weights are those of an independent implementation, and of XLNet in
//! transformers: the same log-probabilities or logits, the same loss, the same gradients. The golden numbers and the scripts that
//! made them are in `tests/two_streams/`.

use crate::common::{configured, vocabulary};
use burn::module::Param;
use burn::tensor::{Device, Tensor};
use cloze_backbone::{
    Encoder, EncoderConfig, Forward, Init, Parameter, Parameters, Precision, Preset, QueryStream, ids, tensors,
};
use cloze_foundation::Draw;
use cloze_kernels::{Affine, Ranks, Softmax};
use cloze_objectives::{Batch, Example, Model};
use std::collections::BTreeMap;

/// What the scripts draw.
const VOCABULARY: usize = 50;
const LENGTH: usize = 7;
/// The predicted positions of both windows in their order.
const ORDERS: [&[usize]; 2] = [&[4, 1, 5], &[0, 6]];

fn config(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 2,
        feed_forward: 24,
        dropout: 0.0,
        ..EncoderConfig::preset(preset, 16, 2, 12)
    }
}

fn batch(ids: &[f32]) -> Batch {
    let windows = ids.chunks(LENGTH).zip(ORDERS).map(|(ids, order)| {
        let ids: Vec<u32> = ids.iter().map(|id| *id as u32).collect();
        let mut ranks = vec![0; LENGTH];
        (1..).zip(order).for_each(|(rank, position)| ranks[*position] = rank);
        let positions: Vec<u32> = (0..LENGTH as u32).filter(|place| ranks[*place as usize] > 0).collect();
        Example {
            targets: positions.iter().map(|position| ids[*position as usize]).collect(),
            weights: vec![1.0; positions.len()],
            positions,
            visibility: Ranks::new(ranks).into(),
            ..Example::reading(&ids)
        }
    });
    Batch::of(&windows.collect::<Vec<_>>())
}

/// How far numbers are from the golden ones, on the scale of the largest of these.
fn distance(found: &[f32], golden: &[f32]) -> f32 {
    assert_eq!(found.len(), golden.len());
    let scale = golden.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let pairs = found.iter().zip(golden);
    pairs.fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / scale.max(1e-4)
}

fn agrees(preset: Preset, bytes: &[u8]) {
    let device = Device::flex().autodiff();
    let golden: BTreeMap<String, Parameter> = tensors::parameters(bytes, &Device::flex()).unwrap();
    let numbers = |name: &str| golden[name].numbers().unwrap();
    let (config, init) = (config(preset), Init::new(1, &device));
    let objective = configured("permutation", "");
    let mut taken = 0;
    let mut model = objective.build(&config, &vocabulary(VOCABULARY), &init);
    model.change_parameters(&mut |path, parameter| {
        let weight = golden[&format!("weight/{path}")].clone();
        assert_eq!(weight.shape(), parameter.shape(), "{path}");
        taken += 1;
        weight
    });
    let all = golden.keys().filter(|name| name.starts_with("weight/")).count();
    assert_eq!(taken, all, "{preset:?} has not all of the weights");

    // As a loss asks: what is lost on every token, were it the target.
    let asked = batch(&numbers("ids"));
    let frozen = model.frozen();
    let mut log_probabilities = vec![0.0; asked.positions.len() * VOCABULARY];
    for target in 0..VOCABULARY {
        let mut other = asked.clone();
        other.targets.fill(target as u32);
        for (row, loss) in losses(&frozen, &other).into_iter().enumerate() {
            log_probabilities[row * VOCABULARY + target] = -loss;
        }
    }
    let far = distance(&log_probabilities, &numbers("log_probabilities"));
    assert!(far < 2e-6, "{preset:?}: {far}");

    let loss = model.loss(&asked, Draw::new(1, "step"), true).total;
    let found = loss.clone().into_scalar::<f32>();
    assert!(distance(&[found], &numbers("loss")) < 2e-6, "{preset:?}: {found}");
    let gradients = loss.backward();
    model.each_parameter(&mut |path, parameter| {
        let gradient = parameter.grad(&gradients).unwrap_or_else(|| panic!("no {path}"));
        let far = distance(&gradient.numbers().unwrap(), &numbers(&format!("gradient/{path}")));
        assert!(far < 2e-5, "{preset:?} {path}: {far}");
    });
}

/// One prediction at a time, so that each loss is its own.
fn losses(model: &Model, batch: &Batch) -> Vec<f32> {
    let one = |index: usize| {
        let mut weights = vec![0.0; batch.weights.len()];
        weights[index] = 1.0;
        let alone = Batch {
            weights,
            ..batch.clone()
        };
        model
            .loss(&alone, Draw::new(1, "step"), false)
            .total
            .into_scalar::<f32>()
    };
    (0..batch.positions.len()).map(one).collect()
}

#[test]
fn on_bert_they_are_those_of_the_independent_implementation() {
    agrees(Preset::Bert, include_bytes!("two_streams/bert.safetensors"));
}

#[test]
fn on_modern_they_are_those_of_the_independent_implementation() {
    agrees(Preset::Modern, include_bytes!("two_streams/modern.safetensors"));
}

/// XLNet has no head before the table of tokens, so that the encoder's query stream is asked rather than a model.
#[test]
fn on_bert_they_are_those_of_xlnet_in_transformers() {
    let device = Device::flex().autodiff();
    let golden: BTreeMap<String, Parameter> =
        tensors::parameters(include_bytes!("two_streams/xlnet.safetensors"), &Device::flex()).unwrap();
    let numbers = |name: &str| golden[name].numbers().unwrap();
    let mut encoder = Encoder::new(&config(Preset::Bert), VOCABULARY, &Init::new(1, &device));
    encoder.change_parameters(&mut |path, parameter| {
        let weight = golden[&format!("weight/{path}")].clone();
        assert_eq!(weight.shape(), parameter.shape(), "{path}");
        weight
    });
    let (query, bias) = (numbers("weight/query"), numbers("weight/bias"));
    let query = Param::from_tensor(Tensor::<1>::from_floats(query.as_slice(), &device).unsqueeze::<2>());
    let bias = Param::from_tensor(Tensor::<1>::from_floats(bias.as_slice(), &device));

    let batch = batch(&numbers("ids"));
    let predicted = batch.positions.len();
    let how = Forward {
        visibility: batch.visibility.clone(),
        ..Forward::new(batch.windows, batch.length)
    };
    let stream = QueryStream {
        embedded: query.val().expand([predicted, 16]),
        rows: batch.positions.clone(),
        visibility: batch.visibility.strict(batch.length),
    };
    let hidden = encoder.forward_queries(ids(&batch.inputs, &device), &how, &stream);
    let head = Affine {
        weight: encoder.tokens.val(),
        bias: Some(bias.val()),
        precision: Precision::Float32,
    };
    let logits = hidden.clone().matmul(head.weight.clone().transpose()) + bias.val().unsqueeze();
    let logits: Vec<f32> = logits.to_data().iter::<f32>().collect();
    let far = distance(&logits, &numbers("logits"));
    assert!(far < 5e-6, "{far}");

    let weights = Tensor::<1>::ones([predicted], &device);
    let targets = ids(&batch.targets, &device);
    let loss = cloze_kernels::vocabulary_cross_entropy(hidden, head, targets, weights, Softmax::default());
    let loss = loss.sum / predicted as f64;
    let found = loss.clone().into_scalar::<f32>();
    assert!(distance(&[found], &numbers("loss")) < 5e-6, "{found}");
    let gradients = loss.backward();
    let mut compared = 0;
    let mut compare = |path: &str, gradient: Option<Vec<f32>>| {
        let Some(golden) = golden.get(&format!("gradient/{path}")) else {
            return;
        };
        let (gradient, golden) = (gradient.unwrap(), golden.numbers().unwrap());
        // Of the biases of queries, keys and values XLNet has the queries'.
        let far = distance(&gradient[..golden.len()], &golden);
        assert!(far < 5e-5, "{path}: {far}");
        compared += 1;
    };
    encoder.each_parameter(&mut |path, parameter| {
        compare(
            path,
            parameter.grad(&gradients).map(|gradient| gradient.numbers().unwrap()),
        );
    });
    compare(
        "query",
        query
            .grad(&gradients)
            .map(|gradient| gradient.to_data().iter().collect()),
    );
    compare(
        "bias",
        bias.grad(&gradients)
            .map(|gradient| gradient.to_data().iter().collect()),
    );
    let all = golden.keys().filter(|name| name.starts_with("gradient/")).count();
    assert_eq!(compared, all);
}
