//! Hidden states of the lines of a text, for use elsewhere.

use crate::loaded::Loaded;
use burn::tensor::Tensor;
use cloze_foundation::{Fault, Result};
use cloze_schema::States;
use std::collections::BTreeMap;

/// Tokens of a batch, about.
const TOKENS: usize = 8192;
/// Numbers that are kept, which are 1 GiB: they are written at once.
const MOST_NUMBERS: usize = 1 << 28;

/// What becomes of the states of a line's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Their mean over all positions, `[CLS]` and `[SEP]` included, as sentence-transformers takes it.
    Mean,
    /// Each stands by itself.
    None,
}

/// Which layers: 0 are the embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// The last one.
    Last,
    /// This one.
    One(usize),
    /// All of them.
    All,
}

/// Takes the states of lines.
pub struct Features<'a> {
    loaded: &'a Loaded,
    layers: Vec<usize>,
    pool: Pool,
    states: States,
    /// Lines that are longer than the window, of which the beginning was read.
    pub cut: usize,
}

impl<'a> Features<'a> {
    /// Nothing taken yet.
    ///
    /// # Errors
    /// A layer that the model does not have.
    pub fn new(loaded: &'a Loaded, layers: Layers, pool: Pool) -> Result<Self> {
        let last = loaded.model.config().layers;
        let layers = match layers {
            Layers::Last => vec![last],
            Layers::All => (0..=last).collect(),
            Layers::One(layer) if layer <= last => vec![layer],
            Layers::One(layer) => {
                return Err(Fault::usage(format!("{} has no layer {layer}", loaded.title))
                    .at("--layer")
                    .allowed([format!("0 (the embeddings) to {last}"), "all".to_owned()]));
            }
        };
        Ok(Self {
            loaded,
            layers,
            pool,
            states: States::new(loaded.model.config().width, pool == Pool::None),
            cut: 0,
        })
    }

    /// Takes the states of some lines, numbered from 1. They do not depend on the other lines.
    ///
    /// # Errors
    /// More states than are kept.
    pub fn take(&mut self, lines: &[(u64, String)]) -> Result<()> {
        let mut read = Vec::new();
        for (_, text) in lines {
            let (sentence, is_cut) = self.loaded.sentence(text);
            self.cut += usize::from(is_cut);
            read.push(sentence.ids);
        }
        let rows: usize = match self.pool {
            Pool::Mean => lines.len(),
            Pool::None => read.iter().map(Vec::len).sum(),
        };
        let numbers = self.states.numbers.len() + rows * self.layers.len() * self.states.width;
        if numbers > MOST_NUMBERS {
            return Err(Fault::usage("the text has more than 1 GiB of states")
                .at("--text")
                .remedy("take fewer layers, pool = mean, or the text in parts"));
        }
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, ids) in read.iter().enumerate() {
            by_length.entry(ids.len()).or_default().push(place);
        }
        // By line, layer by layer.
        let mut found: Vec<Vec<Vec<f32>>> = vec![Vec::new(); lines.len()];
        for (length, places) in by_length {
            for places in places.chunks((TOKENS / length.max(1)).max(1)) {
                let texts: Vec<Vec<u32>> = places.iter().map(|place| read[*place].clone()).collect();
                let states = self.loaded.model.states(&texts);
                for layer in &self.layers {
                    let states = numbers_of(states[*layer].clone());
                    for (place, own) in places.iter().zip(states.chunks(length * self.states.width)) {
                        found[*place].push(own.to_vec());
                    }
                }
            }
        }
        for (((line, _), ids), own) in lines.iter().zip(&read).zip(found) {
            for (place, states) in own.iter().enumerate() {
                self.keep(*line, self.layers[place], ids, states);
            }
        }
        Ok(())
    }

    fn keep(&mut self, line: u64, layer: usize, ids: &[u32], states: &[f32]) {
        let width = self.states.width;
        match self.pool {
            Pool::Mean => {
                let mut sums = vec![0.0f64; width];
                for row in states.chunks(width) {
                    sums.iter_mut()
                        .zip(row)
                        .for_each(|(sum, number)| *sum += f64::from(*number));
                }
                let mean: Vec<f32> = sums.iter().map(|sum| (sum / ids.len() as f64) as f32).collect();
                self.states.push(line, layer, None, &mean);
            }
            Pool::None => {
                for ((position, id), row) in ids.iter().enumerate().zip(states.chunks(width)) {
                    self.states.push(line, layer, Some((position, *id)), row);
                }
            }
        }
    }

    /// What was taken.
    pub fn finish(self) -> States {
        self.states
    }
}

fn numbers_of(states: Tensor<2>) -> Vec<f32> {
    states.into_data().iter::<f32>().collect()
}
