//! The states of every layer at words and over sentences.

use super::properties::Asked;
use burn::tensor::Tensor;
use cloze_backbone::Encoder;
use cloze_corpus::SpecialTokens;
use cloze_objectives::{Batch, Example, Model};
use std::collections::BTreeMap;

/// Tokens of a batch, about.
const TOKENS: usize = 8192;

/// The states of a part's sentences, layer by layer, the embeddings first.
pub(super) struct States {
    width: usize,
    layers: Vec<Layer>,
}

/// The states of a layer: of each word the mean over its tokens, of each sentence the mean over all of them.
#[derive(Default)]
struct Layer {
    /// By sentence, its words one behind the other.
    words: Vec<Vec<f32>>,
    wholes: Vec<Vec<f32>>,
}

impl States {
    /// As the model reads the sentences of its own accord, by an encoder of its shape. Only texts of one length are read
    /// together, so that nothing is padded.
    ///
    /// # Shapes
    /// - `sentences`: of each the tokens of its words
    pub(super) fn of(model: &Model, encoder: &Encoder, sentences: &[Vec<Vec<u32>>], special: SpecialTokens) -> Self {
        let width = model.config().width;
        let mut layers: Vec<Layer> = (0..=model.config().layers).map(|_| Layer::default()).collect();
        for layer in &mut layers {
            layer.words.resize(sentences.len(), Vec::new());
            layer.wholes.resize(sentences.len(), vec![0.0; width]);
        }
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, words) in sentences.iter().enumerate() {
            by_length
                .entry(words.iter().map(Vec::len).sum())
                .or_default()
                .push(index);
        }
        for (tokens, members) in by_length {
            let length = tokens + 2;
            for members in members.chunks((TOKENS / length).max(1)) {
                let read = |index: &usize| -> Example {
                    let mut ids = vec![special.start];
                    ids.extend(sentences[*index].iter().flatten());
                    ids.push(special.end);
                    model.reading(&ids)
                };
                let batch = Batch::of(&members.iter().map(read).collect::<Vec<_>>());
                let states = model.states_by(encoder, &batch, None);
                for (layer, states) in layers.iter_mut().zip(states) {
                    layer.take(&numbers(states), width, length, members, sentences);
                }
            }
        }
        Self { width, layers }
    }

    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The rows of a layer that questions are about, one behind the other.
    ///
    /// # Shapes
    /// - result: `[n, D]` for n questions
    pub(super) fn rows(&self, layer: usize, asked: &[Asked]) -> Vec<f32> {
        let layer = &self.layers[layer];
        let row = |asked: &Asked| match asked.word {
            Some(word) => &layer.words[asked.sentence][word * self.width..][..self.width],
            None => layer.wholes[asked.sentence].as_slice(),
        };
        asked.iter().flat_map(row).copied().collect()
    }
}

impl Layer {
    /// # Shapes
    /// - `states`: `[B·L, D]` of these members, each with `[CLS]` before its tokens and `[SEP]` behind them
    fn take(&mut self, states: &[f32], width: usize, length: usize, members: &[usize], sentences: &[Vec<Vec<u32>>]) {
        for (place, member) in members.iter().enumerate() {
            let mut at = place * length + 1;
            let first = at;
            for word in &sentences[*member] {
                self.words[*member].extend(mean(states, width, at, word.len()));
                at += word.len();
            }
            self.wholes[*member] = mean(states, width, first, at - first);
        }
    }
}

/// The mean of `count` rows; of none it is 0.
fn mean(states: &[f32], width: usize, first: usize, count: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in states[first * width..].chunks_exact(width).take(count) {
        sum.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
    }
    let count = count.max(1) as f32;
    sum.iter_mut().for_each(|sum| *sum /= count);
    sum
}

fn numbers(states: Tensor<2>) -> Vec<f32> {
    states.into_data().iter::<f32>().collect()
}

/// Takes the mean and the spread of every column of `train` from both: a probe is to see every column alike. A column that is
/// everywhere the same becomes 0.
///
/// # Shapes
/// - `train`, `test`: rows of `width` numbers
pub(super) fn standardise(train: &mut [f32], test: &mut [f32], width: usize) {
    let count = (train.len() / width).max(1) as f64;
    let mut means = vec![0.0; width];
    let mut spreads = vec![0.0; width];
    let column = |sums: &mut [f64], of: &dyn Fn(usize, f64) -> f64| {
        for row in train.chunks_exact(width) {
            for (place, number) in row.iter().enumerate() {
                sums[place] += of(place, f64::from(*number)) / count;
            }
        }
    };
    column(&mut means, &|_, number| number);
    column(&mut spreads, &|place, number| (number - means[place]).powi(2));
    for rows in [train, test] {
        for row in rows.chunks_exact_mut(width) {
            for (place, number) in row.iter_mut().enumerate() {
                let spread = spreads[place].sqrt();
                let scale = if spread > 1e-6 { 1.0 / spread } else { 0.0 };
                *number = ((f64::from(*number) - means[place]) * scale) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_mean_zero_and_spread_one_by_what_is_learnt_from() {
        let mut train = [1.0, 5.0, 3.0, 5.0];
        let mut test = [2.0, 9.0];
        standardise(&mut train, &mut test, 2);
        assert_eq!((train, test), ([-1.0, 0.0, 1.0, 0.0], [0.0, 0.0]));
    }

    #[test]
    fn a_word_is_the_mean_of_its_tokens() {
        let states = [9.0, 9.0, 1.0, 2.0, 3.0, 6.0, 5.0, 5.0];
        assert_eq!(mean(&states, 2, 1, 2), [2.0, 4.0]);
        assert_eq!(mean(&states, 2, 3, 1), [5.0, 5.0]);
        assert_eq!(mean(&states, 2, 3, 0), [0.0, 0.0]);
    }
}
