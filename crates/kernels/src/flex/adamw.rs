//! AdamW in one pass, in place where the buffers are not shared.

use super::node::open;
use super::{BLOCK, vector::vectorised};
use crate::AdamW;
use burn::backend::Flex;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// See [`crate::adamw`].
pub(crate) fn adamw<const R: usize>(
    parameter: Tensor<R>,
    gradient: Tensor<R>,
    first: Tensor<R>,
    second: Tensor<R>,
    settings: &AdamW,
) -> (Tensor<R>, Tensor<R>, Tensor<R>) {
    let autodiff = parameter.is_autodiff();
    let [mut parameter, gradient, mut first, mut second] = [parameter, gradient, first, second].map(|x| open(x).0);
    let factors = Factors::new(settings);
    let moments = first
        .storage_mut::<f32>()
        .par_chunks_mut(BLOCK)
        .zip(second.storage_mut::<f32>().par_chunks_mut(BLOCK));
    parameter
        .storage_mut::<f32>()
        .par_chunks_mut(BLOCK)
        .zip(gradient.storage::<f32>().par_chunks(BLOCK))
        .zip(moments)
        .for_each(|((parameter, gradient), (first, second))| update(parameter, gradient, first, second, factors));
    let close = |x: FlexTensor| {
        let x = Tensor::from_primitive::<Flex>(x);
        if autodiff { x.autodiff() } else { x }
    };
    (close(parameter), close(first), close(second))
}

#[derive(Clone, Copy)]
struct Factors {
    gradient_scale: f32,
    beta_1: f32,
    rest_1: f32,
    beta_2: f32,
    rest_2: f32,
    correction_1: f32,
    correction_2: f32,
    epsilon: f32,
    keep: f32,
    learning_rate: f32,
}

impl Factors {
    fn new(settings: &AdamW) -> Self {
        let step = settings.step as f64;
        Self {
            gradient_scale: settings.gradient_scale as f32,
            beta_1: settings.beta_1 as f32,
            rest_1: (1.0 - settings.beta_1) as f32,
            beta_2: settings.beta_2 as f32,
            rest_2: (1.0 - settings.beta_2) as f32,
            correction_1: (1.0 - settings.beta_1.powf(step)) as f32,
            correction_2: (1.0 - settings.beta_2.powf(step)) as f32,
            epsilon: settings.epsilon as f32,
            keep: (1.0 - settings.learning_rate * settings.weight_decay) as f32,
            learning_rate: settings.learning_rate as f32,
        }
    }
}

vectorised! {
    fn update(parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], factors: Factors) {
        let Factors { gradient_scale, beta_1, rest_1, beta_2, rest_2, correction_1, correction_2, epsilon, keep, learning_rate } = factors;
        for (((parameter, gradient), first), second) in parameter.iter_mut().zip(gradient).zip(first).zip(second) {
            let gradient = *gradient * gradient_scale;
            *first = *first * beta_1 + gradient * rest_1;
            *second = *second * beta_2 + gradient * gradient * rest_2;
            let root = (*second / correction_2).sqrt() + epsilon;
            *parameter = *parameter * keep - *first / correction_1 / root * learning_rate;
        }
    }
}
