//! How the matrices of the blocks are drawn.

use crate::common::{TOKENS, ids, near, values};
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Forward, Init, InitialValues, Parameter, Parameters, Preset};
use std::collections::BTreeMap;

const VOCABULARY: usize = 23;
const WIDTH: usize = 64;

fn encoder(preset: Preset, initial_values: InitialValues) -> Encoder {
    let config = EncoderConfig {
        dropout: 0.0,
        initial_values,
        ..EncoderConfig::preset(preset, WIDTH, 2, 8)
    };
    Encoder::new(&config, VOCABULARY, &Init::new(1, &Device::flex()).at("encoder"))
}

fn numbers(encoder: &Encoder) -> BTreeMap<String, Parameter> {
    let mut found = BTreeMap::new();
    encoder.each_parameter(&mut |path, parameter| _ = found.insert(path.to_owned(), parameter.clone()));
    found
}

#[test]
fn matrices_of_blocks_have_the_spread_of_their_law_and_all_else_is_the_same() {
    for preset in [Preset::Bert, Preset::Modern] {
        let [normal, by_inputs] =
            [InitialValues::Normal, InitialValues::FanIn].map(|law| numbers(&encoder(preset, law)));
        for (path, parameter) in &by_inputs {
            let (own, usual) = (parameter.numbers().unwrap(), normal[path].numbers().unwrap());
            let end = path.trim_end_matches(".weight").rsplit('.').next().unwrap();
            let wanted = match (path.starts_with("blocks.") && path.ends_with(".weight"), end) {
                (true, "output" | "down") => 0.0,
                (true, _) => 0.5 * (parameter.shape()[0] as f64).powf(-0.5),
                (false, _) => {
                    assert_eq!(own, usual, "{preset:?} {path}");
                    continue;
                }
            };
            let count = own.len() as f64;
            let found = (own.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>() / count).sqrt();
            // The spread of as many normal numbers lies within three of its own deviations.
            let bound = 3.0 * wanted / (2.0 * count).sqrt();
            assert!(
                (found - wanted).abs() <= bound,
                "{preset:?} {path}: {found}, not {wanted}"
            );
            assert_ne!(own, usual, "{preset:?} {path}");
        }
    }
}

#[test]
fn blocks_add_nothing_at_first() {
    let device = Device::flex();
    let how = Forward::new(2, 3);
    let states = |law| {
        let layers = encoder(Preset::Modern, law).layers(ids(&TOKENS, &device), &how);
        layers.iter().map(values).collect::<Vec<_>>()
    };
    let found = states(InitialValues::FanIn);
    assert_eq!(found[0], found[1]);
    // Behind the last block stands a norm.
    let unit = |rows: &Vec<f32>| -> Vec<f32> {
        let length = |row: &[f32]| row.iter().map(|number| number * number).sum::<f32>().sqrt();
        rows.chunks(WIDTH)
            .flat_map(|row| row.iter().map(move |number| number / length(row)))
            .collect()
    };
    assert!(near(&unit(&found[1]), &unit(&found[2])));
    let usual = states(InitialValues::Normal);
    assert_ne!(usual[0], usual[1]);
}
