//! `bert` with copied weights gives the logits of Hugging Face's `BertForMaskedLM`.
//! The golden numbers and the script that made them are in `tests/bert_parity/`.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::{Encoder, EncoderConfig, Forward, Init, Parameter, Parameters, Precision, Preset, VocabularyHead};
use serde_json::Value;
use std::collections::BTreeMap;

struct Golden {
    value: Value,
}

impl Golden {
    fn number(&self, key: &str) -> usize {
        self.value["config"][key].as_u64().unwrap() as usize
    }

    fn floats(value: &Value) -> Vec<f32> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_f64().unwrap() as f32)
            .collect()
    }

    fn vector(&self, name: &str) -> Vec<f32> {
        Self::floats(&self.value["weights"][name]["values"])
    }

    /// Hugging Face's `[out, in]` as rows of `[in, out]`.
    fn transposed(&self, name: &str) -> Vec<Vec<f32>> {
        let shape: Vec<usize> = self.value["weights"][name]["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap() as usize)
            .collect();
        let values = self.vector(name);
        (0..shape[1])
            .map(|input| (0..shape[0]).map(|output| values[output * shape[1] + input]).collect())
            .collect()
    }

    /// Our parameters by path, from Hugging Face's by name.
    fn parameters(&self) -> BTreeMap<String, Vec<f32>> {
        let mut ours = BTreeMap::new();
        let embeddings = "bert.embeddings";
        ours.insert(
            "encoder.tokens".to_owned(),
            self.vector(&format!("{embeddings}.word_embeddings.weight")),
        );
        // One segment only: its row is a constant that every position gets.
        let segment = self.vector(&format!("{embeddings}.token_type_embeddings.weight"));
        let width = self.number("width");
        let positions = self.vector(&format!("{embeddings}.position_embeddings.weight"));
        let folded = positions
            .iter()
            .enumerate()
            .map(|(index, value)| value + segment[index % width])
            .collect();
        ours.insert("encoder.positions".to_owned(), folded);
        let norm = |ours: &str, theirs: &str| {
            vec![
                (format!("{ours}.gain"), self.vector(&format!("{theirs}.weight"))),
                (format!("{ours}.bias"), self.vector(&format!("{theirs}.bias"))),
            ]
        };
        let dense = |ours: &str, theirs: &str| {
            vec![
                (
                    format!("{ours}.weight"),
                    self.transposed(&format!("{theirs}.weight")).concat(),
                ),
                (format!("{ours}.bias"), self.vector(&format!("{theirs}.bias"))),
            ]
        };
        ours.extend(norm("encoder.norm", "bert.embeddings.LayerNorm"));
        for layer in 0..self.number("layers") {
            let (block, theirs) = (format!("encoder.blocks.{layer}"), format!("bert.encoder.layer.{layer}"));
            let parts = ["query", "key", "value"].map(|part| format!("{theirs}.attention.self.{part}"));
            let [q, k, v] = parts.clone().map(|part| self.transposed(&format!("{part}.weight")));
            let rows = (0..width)
                .map(|row| [&q[row][..], &k[row], &v[row]].concat())
                .collect::<Vec<_>>();
            ours.insert(format!("{block}.qkv.weight"), rows.concat());
            ours.insert(
                format!("{block}.qkv.bias"),
                parts.map(|part| self.vector(&format!("{part}.bias"))).concat(),
            );
            ours.extend(dense(
                &format!("{block}.output"),
                &format!("{theirs}.attention.output.dense"),
            ));
            ours.extend(norm(
                &format!("{block}.attention_norm"),
                &format!("{theirs}.attention.output.LayerNorm"),
            ));
            ours.extend(dense(&format!("{block}.up"), &format!("{theirs}.intermediate.dense")));
            ours.extend(dense(&format!("{block}.down"), &format!("{theirs}.output.dense")));
            ours.extend(norm(
                &format!("{block}.feed_forward_norm"),
                &format!("{theirs}.output.LayerNorm"),
            ));
        }
        ours.extend(dense("head.dense", "cls.predictions.transform.dense"));
        ours.extend(norm("head.norm", "cls.predictions.transform.LayerNorm"));
        ours.insert("head.bias".to_owned(), self.vector("cls.predictions.bias"));
        ours
    }
}

fn copy<M: Parameters>(model: &mut M, root: &str, values: &mut BTreeMap<String, Vec<f32>>) {
    model.change_parameters(&mut |path, parameter| {
        let name = format!("{root}.{path}");
        let values = values
            .remove(&name)
            .unwrap_or_else(|| panic!("no golden values for {name}"));
        let data = TensorData::new(values, parameter.shape());
        Parameter::from_data(data, &Device::flex()).unwrap()
    });
}

#[test]
fn bert_equals_hugging_face() {
    let golden = Golden {
        value: serde_json::from_str(include_str!("bert_parity/golden.json")).unwrap(),
    };
    let vocabulary = golden.number("vocabulary");
    let config = EncoderConfig {
        preset: Preset::Bert,
        width: golden.number("width"),
        layers: golden.number("layers"),
        heads: golden.number("heads"),
        feed_forward: golden.number("feed_forward"),
        window: golden.number("window"),
        dropout: 0.0,
        segments: 1,
        precision: Precision::Float32,
    };
    let device = Device::flex();
    let init = Init::new(1, &device);
    let mut encoder = Encoder::new(&config, vocabulary, &init.at("encoder"));
    let mut head = VocabularyHead::new(config.width, config.width, vocabulary, &init.at("head"));
    let mut values = golden.parameters();
    copy(&mut encoder, "encoder", &mut values);
    copy(&mut head, "head", &mut values);
    assert!(
        values.is_empty(),
        "golden values that nothing took: {:?}",
        values.keys()
    );

    let windows = golden.value["ids"].as_array().unwrap();
    let ids: Vec<i64> = windows
        .iter()
        .flat_map(|window| window.as_array().unwrap())
        .map(|id| id.as_i64().unwrap())
        .collect();
    let how = Forward::new(windows.len(), ids.len() / windows.len());
    let rows = ids.len();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [rows]), &device);
    let logits = head.logits(encoder.forward(ids, &how), encoder.tokens.val());
    let ours = logits.to_data().convert::<f32>().try_to_vec::<f32>().unwrap();
    let theirs = Golden::floats(&golden.value["logits"]);
    assert_eq!(ours.len(), theirs.len());
    let worst = ours
        .iter()
        .zip(&theirs)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0f32, f32::max);
    let spread = theirs.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    assert!(
        worst < 1e-4 && spread > 1.0,
        "largest difference {worst}, largest logit {spread}"
    );
}
