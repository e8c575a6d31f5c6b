//! What goes on inside an encoder on held-out text: on the plateau of word frequencies it says much the same of every position,
//! and looks at all of them alike.

use crate::Job;
use crate::held_out::spread;
use burn::tensor::Tensor;
use cloze_kernels::Visibility;
use cloze_objectives::{Batch, Model};
use cloze_schema::metric::{ATTENTION_ENTROPY, STATE_COSINE};

/// Windows of held-out text that are looked at, or all where there are fewer.
const WINDOWS: u64 = 4;

/// The windows, spread over the held-out text, whole and as the model itself reads a text.
pub(crate) struct Inside {
    texts: Vec<Vec<u32>>,
}

impl Inside {
    pub(crate) fn new(job: &Job) -> Self {
        let (text, vocabulary) = (&job.corpus.held_out, job.corpus.tokenizer.vocabulary());
        let length = job.encoder.window;
        let windows = spread(text.windows(length), WINDOWS).into_iter();
        Self {
            texts: windows
                .map(|index| text.window(index, length, vocabulary).ids)
                .collect(),
        }
    }

    /// By metric; nothing of a text without windows.
    pub(crate) fn look(&self, model: &Model) -> Vec<(&'static str, f64)> {
        if self.texts.is_empty() {
            return Vec::new();
        }
        let examples: Vec<_> = self.texts.iter().map(|ids| model.reading(ids)).collect();
        let batch = Batch::of(&examples);
        let (states, entropies) = model.last_states_with_entropy(&batch);
        let width = states.dims()[1];
        let found = [
            (STATE_COSINE, mean_cosine(&numbers(states), width)),
            (ATTENTION_ENTROPY, entropy_share(&batch, entropies)),
        ];
        let told = |(metric, value): (&'static str, Option<f64>)| Some((metric, value?));
        found.into_iter().filter_map(told).collect()
    }
}

fn numbers(x: Tensor<2>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}

/// The mean cosine of two rows, over all pairs of different ones (Ethayarajh 2019): what the square of the sum of their
/// directions has beyond each with itself. None of fewer than two rows, and of rows without a direction.
fn mean_cosine(rows: &[f64], width: usize) -> Option<f64> {
    let mut sum = vec![0.0; width];
    let mut count = 0.0;
    for row in rows.chunks_exact(width) {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let direction = row.iter().map(|x| x / norm);
        sum.iter_mut().zip(direction).for_each(|(sum, x)| *sum += x);
        count += 1.0;
    }
    let square: f64 = sum.iter().map(|x| x * x).sum();
    let cosine = (square - count) / (count * (count - 1.0));
    cosine.is_finite().then_some(cosine)
}

/// The mean entropy over that of looking at all that is seen alike, of the positions that see more than one.
fn entropy_share(batch: &Batch, entropies: Vec<Tensor<2>>) -> Option<f64> {
    let rows = batch.inputs.len();
    let seen = |row: usize| -> usize {
        let first = row / batch.length * batch.length;
        match batch.visibility {
            Visibility::Bidirectional => batch.length,
            _ => (first..first + batch.length)
                .filter(|key| batch.visibility.sees(batch.length, row, *key))
                .count(),
        }
    };
    let most: Vec<f64> = (0..rows).map(|row| (seen(row) as f64).ln()).collect();
    let (mut sum, mut count) = (0.0, 0.0);
    for layer in entropies {
        let heads = layer.dims()[1];
        for (row, most) in numbers(layer).chunks_exact(heads).zip(&most) {
            if *most > 0.0 {
                sum += row.iter().sum::<f64>() / most;
                count += heads as f64;
            }
        }
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_say_the_same_have_the_cosine_1() {
        assert_eq!(mean_cosine(&[1.0, 0.0, 2.0, 0.0, 0.5, 0.0], 2), Some(1.0));
        // Two at a right angle, and a third in between at 45 degrees from both.
        let found = mean_cosine(&[1.0, 0.0, 0.0, 3.0, 2.0, 2.0], 2).unwrap();
        assert!((found - 2.0 * 0.5_f64.sqrt() / 3.0).abs() < 1e-12, "{found}");
        assert_eq!([mean_cosine(&[1.0, 2.0], 2), mean_cosine(&[0.0; 4], 2)], [None, None]);
    }
}
