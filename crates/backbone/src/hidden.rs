//! The matrices between hidden states: the weights of the blocks, and neither tables nor heads.

use crate::{EncoderConfig, Parameters};
use std::collections::BTreeMap;

/// A weight of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HiddenMatrix {
    /// Its rows.
    pub inputs: usize,
    /// Its columns.
    pub outputs: usize,
    /// How many maps stand in it side by side: queries, keys and values, queries and keys of positions, or gate and up.
    pub parts: usize,
}

impl HiddenMatrix {
    /// Those of an encoder, block by block; layers that share a block share its matrices.
    pub fn of(config: &EncoderConfig) -> Vec<Self> {
        let (width, hidden, columns) = (config.width, config.feed_forward, config.feed_forward_columns());
        let matrix = |inputs, outputs, parts| Self { inputs, outputs, parts };
        let own = config.disentangled.filter(|disentangled| !disentangled.shared_keys);
        let relative = own.map(|_| matrix(width, 2 * width, 2));
        let block = [
            matrix(width, 3 * width, 3),
            matrix(width, width, 1),
            matrix(width, columns, columns / hidden.max(1)),
            matrix(hidden, width, 1),
        ];
        let block: Vec<Self> = block.into_iter().chain(relative).collect();
        block.repeat(config.blocks())
    }

    /// Those of a model by path, whatever encoders it has.
    pub fn all(model: &dyn Parameters) -> BTreeMap<String, Self> {
        let mut shapes = BTreeMap::new();
        model.each_parameter(&mut |path, parameter| {
            if let ([inputs, outputs], Some(_)) = (&parameter.shape()[..], block_and_name(path)) {
                shapes.insert(path.to_owned(), [*inputs, *outputs]);
            }
        });
        let parts = |path: &str, [inputs, outputs]: [usize; 2]| match block_and_name(path)? {
            (_, "qkv" | "relative") => Some(outputs / inputs),
            (block, "up") => Some(outputs / shapes.get(&format!("{block}.down.weight"))?[0]),
            _ => None,
        };
        let matrix = |(path, shape): (&String, &[usize; 2])| {
            let [inputs, outputs] = *shape;
            let parts = parts(path, *shape).unwrap_or(1);
            (path.clone(), Self { inputs, outputs, parts })
        };
        shapes.iter().map(matrix).collect()
    }
}

/// `generator.blocks.0` and `qkv` of `generator.blocks.0.qkv.weight`.
fn block_and_name(path: &str) -> Option<(&str, &str)> {
    let (block, name) = path.strip_suffix(".weight")?.rsplit_once('.')?;
    let (blocks, layer) = block.rsplit_once('.')?;
    let is_block = blocks == "blocks" || blocks.ends_with(".blocks");
    (is_block && layer.parse::<usize>().is_ok()).then_some((block, name))
}
