//! Multinomial logistic regression with an L2 penalty: the linear probe. What is minimised is scikit-learn's
//! `LogisticRegression`: the sum of the losses and half of the squared weights over `C`, biases not penalised.

use super::lbfgs::minimise;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

/// scikit-learn's inverse strength of the penalty, its default.
pub(super) const C: f64 = 1.0;
/// The steepest slope of the mean loss that is left.
const TOLERANCE: f64 = 1e-5;
/// Steps at most.
const STEPS: usize = 200;

/// Rows of numbers with the class of each.
pub(super) struct Labelled {
    rows: Tensor<2>,
    turned: Tensor<2>,
    labels: Vec<u32>,
    width: usize,
    device: Device,
}

impl Labelled {
    /// # Shapes
    /// - `rows`: `[n, D]` in one run of numbers; `labels`: n
    pub(super) fn new(rows: Vec<f32>, width: usize, labels: Vec<u32>, device: &Device) -> Self {
        let rows = Tensor::<2>::from_data(TensorData::new(rows, [labels.len(), width]), device);
        let turned = rows.clone().transpose();
        Self {
            rows,
            turned,
            labels,
            width,
            device: device.clone(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Rows `from..to`.
    fn part(&self, from: usize, to: usize) -> Self {
        let rows = self.rows.clone().slice([from..to, 0..self.width]);
        Self {
            turned: rows.clone().transpose(),
            rows,
            labels: self.labels[from..to].to_vec(),
            width: self.width,
            device: self.device.clone(),
        }
    }
}

/// What tells the classes apart.
pub(super) struct Regression {
    /// Weights by column and class, then a bias for each class.
    weights: Vec<f64>,
    classes: usize,
}

impl Regression {
    /// Learns from rows `0..count`; classes are below `classes`.
    pub(super) fn fit(data: &Labelled, count: usize, classes: usize) -> Self {
        let data = data.part(0, count);
        let size = data.width * classes;
        // scikit-learn has one row of weights for two classes: in two rows that are opposite the penalty is a half of that.
        let factor = if classes == 2 { 2.0 } else { 1.0 };
        let penalty = factor / (C * count as f64);
        let hits = one_hot(&data.labels, classes, &data.device);
        let weights = minimise(vec![0.0; size + classes], TOLERANCE, STEPS, |weights| {
            let scores = Self::scores_by(weights, classes, &data);
            let logs = activation::log_softmax(scores, 1);
            let losses = losses(logs.clone(), &data.labels, &data.device);
            let off = logs.exp() - hits.clone();
            let slopes = data.turned.clone().matmul(off.clone());
            let scale = 1.0 / count as f64;
            let mut gradient: Vec<f64> = numbers(slopes.reshape([size])).map(|slope| slope * scale).collect();
            gradient.extend(numbers(off.sum_dim(0).reshape([classes])).map(|slope| slope * scale));
            let squares: f64 = weights[..size].iter().map(|weight| weight * weight).sum();
            let penalised = gradient.iter_mut().zip(&weights[..size]);
            penalised.for_each(|(slope, weight)| *slope += penalty * weight);
            (losses.sum::<f64>() * scale + 0.5 * penalty * squares, gradient)
        });
        Self { weights, classes }
    }

    /// # Shapes
    /// - result: `[n, K]`
    fn scores_by(weights: &[f64], classes: usize, data: &Labelled) -> Tensor<2> {
        let size = data.width * classes;
        let tensor = |numbers: &[f64], shape: [usize; 2]| {
            let numbers: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
            Tensor::<2>::from_data(TensorData::new(numbers, shape), &data.device)
        };
        let product = data
            .rows
            .clone()
            .matmul(tensor(&weights[..size], [data.width, classes]));
        product + tensor(&weights[size..], [1, classes])
    }

    /// What the labels of rows `from..to` cost, in bits together.
    pub(super) fn bits(&self, data: &Labelled, from: usize, to: usize) -> f64 {
        let data = data.part(from, to);
        let logs = activation::log_softmax(Self::scores_by(&self.weights, self.classes, &data), 1);
        losses(logs, &data.labels, &data.device).sum::<f64>() / std::f64::consts::LN_2
    }

    /// The class of every row.
    pub(super) fn answers(&self, data: &Labelled) -> Vec<u32> {
        let found = Self::scores_by(&self.weights, self.classes, data).argmax(1);
        found.into_data().iter::<i64>().map(|class| class as u32).collect()
    }

    /// Log-probabilities of all classes, for tests.
    #[cfg(test)]
    fn log_probabilities(&self, data: &Labelled) -> Vec<f64> {
        let logs = activation::log_softmax(Self::scores_by(&self.weights, self.classes, data), 1);
        numbers(logs.reshape([data.len() * self.classes])).collect()
    }
}

/// The loss of every row in nats, from the log-probabilities of all classes.
fn losses(logs: Tensor<2>, labels: &[u32], device: &Device) -> impl Iterator<Item = f64> {
    let count = labels.len();
    let labels: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [count, 1]), device);
    numbers(logs.gather(1, labels).reshape([count])).map(|log| -log)
}

/// 1 where a row is of a class.
fn one_hot(labels: &[u32], classes: usize, device: &Device) -> Tensor<2> {
    let mut hits = vec![0.0f32; labels.len() * classes];
    for (row, label) in labels.iter().enumerate() {
        hits[row * classes + *label as usize] = 1.0;
    }
    Tensor::from_data(TensorData::new(hits, [labels.len(), classes]), device)
}

fn numbers(tensor: Tensor<1>) -> impl Iterator<Item = f64> {
    let numbers: Vec<f32> = tensor.into_data().iter::<f32>().collect();
    numbers.into_iter().map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn list(value: &Value) -> Vec<f64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_f64().unwrap())
            .collect()
    }

    /// The numbers are scikit-learn's, by `golden.py` beside this file.
    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        let golden: Value = serde_json::from_str(include_str!("golden.json")).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let labels: Vec<u32> = list(&case["labels"]).into_iter().map(|label| label as u32).collect();
            let rows: Vec<f32> = list(&case["rows"]).into_iter().map(|number| number as f32).collect();
            let (width, classes) = (rows.len() / labels.len(), case["classes"].as_u64().unwrap() as usize);
            let data = Labelled::new(rows, width, labels, &Device::flex());
            let found = Regression::fit(&data, data.len(), classes).log_probabilities(&data);
            let expected = list(&case["log_probabilities"]);
            assert_eq!(found.len(), expected.len());
            let off = found
                .iter()
                .zip(&expected)
                .map(|(found, expected)| (found - expected).abs());
            let most = off.fold(0.0, f64::max);
            assert!(most < 2e-3, "{name}: off by {most}");
        }
    }

    #[test]
    fn a_class_that_is_not_learnt_from_still_has_a_probability() {
        // Far enough apart that the penalty leaves a slope.
        let data = Labelled::new(vec![0.0, 10.0, 1.0, 9.0], 1, vec![0, 1, 0, 2], &Device::flex());
        let fitted = Regression::fit(&data, 3, 3);
        let bits = fitted.bits(&data, 3, 4);
        assert!(bits.is_finite() && bits > 1.0, "{bits}");
        assert_eq!(fitted.answers(&data)[..3], [0, 1, 0]);
    }
}
