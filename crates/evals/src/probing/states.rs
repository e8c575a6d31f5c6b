//! The states of every layer at words and over sentences.

use super::properties::{Asked, Place, Property};
use burn::tensor::Tensor;
use cloze_backbone::Encoder;
use cloze_corpus::SpecialTokens;
use cloze_objectives::{Batch, Example, Model};
use std::collections::BTreeMap;

/// Tokens of a batch, about.
const TOKENS: usize = 8192;

/// The states of a part's sentences, layer by layer, the embeddings first.
pub(crate) struct States {
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
    pub(crate) fn of(model: &Model, encoder: &Encoder, sentences: &[Vec<Vec<u32>>], special: SpecialTokens) -> Self {
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

    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The mean over each sentence at a layer, one behind the other.
    ///
    /// # Shapes
    /// - result: `[n, D]` for n sentences
    pub(crate) fn wholes(&self, layer: usize) -> Vec<f32> {
        self.layers[layer].wholes.concat()
    }

    /// The rows of a layer that questions are about, one behind the other; of questions about two a row of both.
    ///
    /// # Shapes
    /// - result: `[n, D]` for n questions, `[n, 2 D]` for questions about two
    fn rows(&self, layer: usize, asked: &[Asked]) -> Vec<f32> {
        let layer = &self.layers[layer];
        let row = |place: &Place| match place.word {
            Some(word) => &layer.words[place.sentence][word * self.width..][..self.width],
            None => layer.wholes[place.sentence].as_slice(),
        };
        let places = asked
            .iter()
            .flat_map(|asked| std::iter::once(&asked.of).chain(&asked.with));
        places.flat_map(row).copied().collect()
    }

    /// What a probe of a layer reads of the questions that it learns from, and of those that it is asked, every column alike; and
    /// how many columns there are.
    ///
    /// # Shapes
    /// - results: `[n, D]`, or `[n, 4 D]` for questions about two
    pub(super) fn features(states: &[Self; 2], layer: usize, property: &Property) -> ([Vec<f32>; 2], usize) {
        let width = states[0].width;
        let [mut train, mut test] =
            [(0, &property.train), (1, &property.test)].map(|(part, asked)| states[part].rows(layer, asked));
        standardise(&mut train, &mut test, width);
        if !property.is_of_two() {
            return ([train, test], width);
        }
        let [mut train, mut test] = [train, test].map(|rows| of_two(&rows, width));
        standardise(&mut train, &mut test, 4 * width);
        ([train, test], 4 * width)
    }
}

/// What is read of two states u and v: both, how far they are apart and how alike they are in every column, |u - v| and u v
/// (Conneau et al. 2017, InferSent). A linear probe of the two alone could not tell what they have to do with each other.
///
/// # Shapes
/// - `rows`: `[n, 2 D]`, result: `[n, 4 D]`
fn of_two(rows: &[f32], width: usize) -> Vec<f32> {
    let mut found = Vec::with_capacity(2 * rows.len());
    for row in rows.chunks_exact(2 * width) {
        let (u, v) = row.split_at(width);
        found.extend_from_slice(row);
        found.extend(u.iter().zip(v).map(|(u, v)| (u - v).abs()));
        found.extend(u.iter().zip(v).map(|(u, v)| u * v));
    }
    found
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
fn standardise(train: &mut [f32], test: &mut [f32], width: usize) {
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
    fn two_states_are_read_with_what_they_have_to_do_with_each_other() {
        let rows = [1.0, 2.0, 3.0, -2.0, 0.0, 1.0, 1.0, 1.0];
        let expected = [
            1.0, 2.0, 3.0, -2.0, 2.0, 4.0, 3.0, -4.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0,
        ];
        assert_eq!(of_two(&rows, 2), expected);
    }

    #[test]
    fn a_word_is_the_mean_of_its_tokens() {
        let states = [9.0, 9.0, 1.0, 2.0, 3.0, 6.0, 5.0, 5.0];
        assert_eq!(mean(&states, 2, 1, 2), [2.0, 4.0]);
        assert_eq!(mean(&states, 2, 3, 1), [5.0, 5.0]);
        assert_eq!(mean(&states, 2, 3, 0), [0.0, 0.0]);
    }
}
