//! What the encoder promises whatever its size: counts, determinism, who sees whom, gradients everywhere.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::{
    Encoder, EncoderConfig, Forward, Init, Parameter, Parameters, Preset, QueryStream, VocabularyHead,
};
use cloze_foundation::Draw;
use cloze_kernels::{Ranks, Visibility};

const VOCABULARY: usize = 23;
const PRESETS: [Preset; 2] = [Preset::Bert, Preset::Modern];

fn config(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 3,
        feed_forward: 20,
        dropout: 0.1,
        ..EncoderConfig::preset(preset, 12, 2, 8)
    }
}

fn encoder(preset: Preset, seed: u64, device: &Device) -> Encoder {
    Encoder::new(&config(preset), VOCABULARY, &Init::new(seed, device).at("encoder"))
}

fn how(batch: usize, length: usize, visibility: Visibility) -> Forward {
    Forward {
        visibility,
        ..Forward::new(batch, length)
    }
}

fn ids(ids: &[i64], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(ids.to_vec(), [ids.len()]), device)
}

fn values<const R: usize>(tensor: &Tensor<R>) -> Vec<f32> {
    tensor.to_data().convert::<f32>().try_to_vec().unwrap()
}

/// Weights of the usual standard deviation make attention almost uniform; these make every part matter.
fn enlarge(encoder: &mut Encoder) {
    encoder.change_parameters(&mut |_, parameter| match parameter {
        Parameter::Matrix(matrix) => Parameter::Matrix(matrix * 20.0),
        vector => vector,
    });
}

#[test]
fn the_counted_parameters_are_those_that_exist() {
    for preset in PRESETS {
        let encoder = encoder(preset, 1, &Device::flex());
        assert_eq!(encoder.count(), config(preset).parameters(VOCABULARY), "{preset:?}");
    }
    for embedding_width in [None, Some(10)] {
        let pre_norm = EncoderConfig {
            pre_norm: true,
            embedding_width,
            ..config(Preset::Bert)
        };
        let encoder = Encoder::new(&pre_norm, VOCABULARY, &Init::new(1, &Device::flex()));
        assert_eq!(encoder.count(), pre_norm.parameters(VOCABULARY), "{embedding_width:?}");
    }
    // GPT-2 small has 124,439,808 (a window of 1024, and 50,257 tokens).
    let small = EncoderConfig {
        pre_norm: true,
        ..EncoderConfig::preset(Preset::Bert, 768, 12, 1024)
    };
    assert_eq!(small.parameters(50_257), 124_439_808);
    // BERT-base without segments and pooler: 109,482,240 as published, less 2·768 and 768·768 + 768.
    let base = EncoderConfig::preset(Preset::Bert, 768, 12, 512);
    assert_eq!(base.parameters(30_522), 109_482_240 - 2 * 768 - (768 * 768 + 768));
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let device = Device::flex();
    let draw = Draw::new(3, "dropout").step(1);
    for preset in PRESETS {
        let run = |seed: u64, dropout: Option<Draw>| {
            let how = Forward {
                dropout,
                ..how(2, 4, Visibility::Bidirectional)
            };
            values(&encoder(preset, seed, &device).forward(ids(&[1, 2, 3, 4, 5, 6, 7, 8], &device), &how))
        };
        assert_eq!(run(1, Some(draw)), run(1, Some(draw)));
        assert_ne!(run(1, None), run(2, None));
        assert_ne!(run(1, Some(draw)), run(1, None));
        assert_ne!(run(1, Some(draw)), run(1, Some(draw.step(2))));
    }
}

#[test]
fn initial_values_depend_on_the_path_and_have_the_published_deviation() {
    let device = Device::flex();
    let encoder = Encoder::new(
        &EncoderConfig::preset(Preset::Bert, 64, 2, 32),
        200,
        &Init::new(1, &device),
    );
    let mut seen: Vec<Vec<f32>> = Vec::new();
    encoder.each_parameter(&mut |path, parameter| {
        if let Parameter::Matrix(matrix) = parameter {
            let values = values(matrix);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt();
            assert!(
                (deviation - 0.02).abs() < 0.001 && mean.abs() < 0.002,
                "{path}: {mean} {deviation}"
            );
            assert!(
                seen.iter().all(|other| other[..8] != values[..8]),
                "{path} has the values of another"
            );
            seen.push(values);
        }
    });
    assert_eq!(seen.len(), 2 + 2 * 4);
}

#[test]
fn later_tokens_are_seen_in_one_pattern_and_not_in_the_other() {
    let device = Device::flex();
    let (before, after) = ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 9, 10]);
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let states = |ids_: &[i64], pattern| values(&encoder.forward(ids(ids_, &device), &how(1, 6, pattern)));
        let width = 12;
        let (a, b) = (states(&before, Visibility::Causal), states(&after, Visibility::Causal));
        assert_eq!(a[..4 * width], b[..4 * width], "{preset:?}: the future leaks");
        assert_ne!(a[4 * width..], b[4 * width..]);
        let (a, b) = (
            states(&before, Visibility::Bidirectional),
            states(&after, Visibility::Bidirectional),
        );
        let moved = |t: usize| (0..width).any(|j| (a[t * width + j] - b[t * width + j]).abs() > 1e-4);
        assert!((0..4).all(moved), "{preset:?}: a position does not see the end");
    }
}

#[test]
fn windows_of_a_batch_do_not_see_each_other() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let both = encoder.forward(ids(&[1, 2, 3, 4, 5, 6], &device), &how(2, 3, Visibility::Bidirectional));
        let second = encoder.forward(ids(&[4, 5, 6], &device), &how(1, 3, Visibility::Bidirectional));
        let difference = values(&both)[36..]
            .iter()
            .zip(values(&second))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(difference < 1e-5, "{preset:?}: {difference}");
    }
}

#[test]
fn rotated_scores_depend_on_the_distance_alone() {
    let device = Device::flex();
    let (length, width, heads) = (7, 12, 3);
    // The same query, key and value at every position.
    let mut stream = Draw::new(1, "rotary").stream();
    let row: Vec<f32> = (0..3 * width).map(|_| stream.normal() as f32).collect();
    let qkv = Tensor::<2>::from_data(TensorData::new(row.repeat(length), [length, 3 * width]), &device);
    let turned = values(&cloze_kernels::rotary(
        qkv,
        &cloze_kernels::Rotary {
            base: 10_000.0,
            head_width: width / heads,
            columns: 2 * width,
            positions: cloze_kernels::Positions::Counted(length),
        },
    ));
    let at = |t: usize, part: usize| &turned[(t * 3 + part) * width..][..width];
    for head in 0..heads {
        let score = |q: usize, k: usize| -> f32 { (head * 4..head * 4 + 4).map(|j| at(q, 0)[j] * at(k, 1)[j]).sum() };
        for (q, k) in (0..length - 1).flat_map(|q| (0..length - 1).map(move |k| (q, k))) {
            assert!((score(q, k) - score(q + 1, k + 1)).abs() < 1e-4);
        }
        assert!((score(0, 3) - score(3, 0)).abs() > 1e-3, "left and right are the same");
    }
    assert!((0..length).all(|t| at(t, 2) == &row[2 * width..]), "values were turned");
}

#[test]
fn learned_positions_know_places_and_both_presets_know_the_order() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let states = |tokens: &[i64]| {
            values(&encoder.forward(ids(tokens, &device), &how(1, tokens.len(), Visibility::Bidirectional)))
        };
        let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
        // One token repeated: only `bert` adds the place to the state.
        let repeated = states(&[7; 6]);
        let spread = distance(&repeated[..12], &repeated[5 * 12..]);
        match preset {
            Preset::Modern => assert!(spread < 1e-4, "{spread}"),
            Preset::Bert => assert!(spread > 1e-2, "{spread}"),
        }
        let moved = distance(&states(&[1, 2, 3, 4])[36..], &states(&[2, 1, 3, 4])[36..]);
        assert!(moved > 1e-3, "{preset:?}: {moved}");
    }
}

#[test]
fn a_gradient_reaches_every_parameter() {
    let device = Device::flex().autodiff();
    for preset in PRESETS {
        let init = Init::new(1, &device);
        let encoder = Encoder::new(&config(preset), VOCABULARY, &init.at("encoder"));
        let head = VocabularyHead::new(&config(preset), 12, VOCABULARY, &init.at("head"));
        let input: Vec<i64> = (0..8).collect();
        let dropout = Some(Draw::new(1, "dropout"));
        let hidden = encoder.forward(
            ids(&input, &device),
            &Forward {
                dropout,
                ..how(1, 8, Visibility::Bidirectional)
            },
        );
        let weights = Tensor::<1>::ones([8], &device);
        let loss = head
            .cross_entropy(hidden, encoder.tokens.val(), ids(&input, &device), weights, None)
            .sum;
        let gradients = loss.backward();
        let mut without = Vec::new();
        let mut check = |path: &str, parameter: &Parameter| {
            let gradient = parameter.grad(&gradients).map(|gradient| gradient.numbers().unwrap());
            if gradient.is_none_or(|values| values.iter().all(|value| *value == 0.0)) {
                without.push(path.to_owned());
            }
        };
        encoder.each_parameter(&mut check);
        head.each_parameter(&mut check);
        assert!(without.is_empty(), "{preset:?}: {without:?}");
    }
}

#[test]
fn an_empty_selection_has_no_loss_and_can_be_trained_on() {
    let device = Device::flex().autodiff();
    let head = VocabularyHead::new(&config(Preset::Bert), 12, VOCABULARY, &Init::new(1, &device));
    let (hidden, table) = (
        Tensor::<2>::zeros([0, 12], &device),
        Tensor::<2>::ones([VOCABULARY, 12], &device),
    );
    let none = Tensor::<1>::zeros([0], &device);
    let loss = head.cross_entropy(hidden, table, ids(&[], &device), none.clone(), Some(none));
    assert_eq!((values(&loss.sum), loss.each.dims()), (vec![0.0], [0]));
    assert!(head.bias.val().grad(&loss.sum.backward()).is_some());
}

#[test]
fn the_last_layer_is_what_forward_gives() {
    let device = Device::flex();
    for preset in PRESETS {
        let encoder = encoder(preset, 1, &device).valid();
        let input = ids(&[3, 1, 4, 1], &device);
        let layers = encoder.layers(input.clone(), &how(1, 4, Visibility::Causal));
        assert_eq!(layers.len(), 3);
        assert_eq!(
            values(&layers[2]),
            values(&encoder.forward(input, &how(1, 4, Visibility::Causal)))
        );
    }
}

#[test]
fn positions_that_are_given_are_those_that_are_counted() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let states = |positions: Option<Vec<u32>>| {
            let how = Forward {
                positions: positions.map(Into::into),
                ..Forward::new(2, 3)
            };
            values(&encoder.forward(ids(&[1, 2, 3, 4, 5, 6], &device), &how))
        };
        assert_eq!(states(None), states(Some(vec![0, 1, 2, 0, 1, 2])), "{preset:?}");
        let moved = states(Some(vec![0, 1, 2, 2, 0, 1]));
        assert_eq!(states(None)[..36], moved[..36], "{preset:?}");
        assert_ne!(states(None)[36..], moved[36..], "{preset:?}");
    }
}

#[test]
fn packed_documents_are_as_windows_of_their_own() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        for law in [Visibility::Bidirectional, Visibility::Causal] {
            let how_packed = Forward {
                visibility: law.within(vec![0, 0, 0, 1, 1, 1]),
                positions: Some(vec![0, 1, 2, 0, 1, 2].into()),
                ..Forward::new(1, 6)
            };
            let packed = values(&encoder.forward(ids(&[1, 2, 3, 4, 5, 6], &device), &how_packed));
            let apart = values(&encoder.forward(ids(&[1, 2, 3, 4, 5, 6], &device), &how(2, 3, law)));
            let far = packed
                .iter()
                .zip(&apart)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(far < 1e-5, "{preset:?}: {far}");
            // To the bit: no state of one document moves with a token of the other.
            let other = values(&encoder.forward(ids(&[1, 2, 3, 9, 8, 7], &device), &how_packed));
            assert_eq!(packed[..3 * 12], other[..3 * 12], "{preset:?}");
            assert_ne!(packed[3 * 12..], other[3 * 12..], "{preset:?}");
        }
    }
}

#[test]
fn segments_have_a_table_where_there_are_several() {
    let device = Device::flex().autodiff();
    for preset in PRESETS {
        let pairs = EncoderConfig {
            segments: 2,
            ..config(preset)
        };
        let init = Init::new(1, &device).at("encoder");
        let (one, two) = (encoder(preset, 1, &device), Encoder::new(&pairs, VOCABULARY, &init));
        assert_eq!(two.count(), pairs.parameters(VOCABULARY));
        assert_eq!(two.count(), one.count() + 2 * 12);
        let states = |segments: Option<Vec<u32>>| {
            let how = Forward {
                segments: segments.map(Into::into),
                ..Forward::new(1, 4)
            };
            two.forward(ids(&[1, 2, 3, 4], &device), &how)
        };
        assert_eq!(values(&states(None)), values(&states(Some(vec![0; 4]))));
        let both = states(Some(vec![0, 0, 1, 1]));
        assert_ne!(values(&both), values(&states(None)));
        let gradients = both.powf_scalar(3.0).sum().backward();
        two.each_parameter(&mut |path, parameter| {
            let gradient = parameter.grad(&gradients).map(|gradient| gradient.numbers().unwrap());
            assert!(path != "segments" || gradient.unwrap().iter().any(|number| *number != 0.0));
        });
        let written = serde_json::to_string(&config(preset)).unwrap();
        assert!(!written.contains("segments"));
        assert_eq!(serde_json::from_str::<EncoderConfig>(&written).unwrap(), config(preset));
    }
}

#[test]
fn a_scale_of_scores_changes_its_own_position_alone_in_the_first_block() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let states = |scales: Option<Vec<f32>>| {
            let how = Forward {
                scales: scales.map(Into::into),
                ..Forward::new(1, 3)
            };
            values(&encoder.layers(ids(&[1, 2, 3], &device), &how)[1])
        };
        let (usual, scaled) = (states(None), states(Some(vec![1.0, 3.0, 1.0])));
        assert_eq!(
            (&usual[..12], &usual[24..]),
            (&scaled[..12], &scaled[24..]),
            "{preset:?}"
        );
        assert_ne!(usual[12..24], scaled[12..24]);
    }
}

#[test]
fn a_query_stream_that_reads_the_tokens_and_sees_itself_is_the_content() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        let input = ids(&[3, 1, 4, 1, 5, 2], &device);
        let law: Visibility = Ranks::new(vec![2, 0, 1, 1, 0, 2]).into();
        let how = how(2, 3, law.clone());
        let rows = vec![5, 0, 3];
        let at = ids(&[5, 0, 3], &device);
        let stream = QueryStream {
            embedded: encoder.tokens.val().select(0, input.clone().select(0, at.clone())),
            rows,
            visibility: law,
        };
        let streamed = values(&encoder.forward_queries(input.clone(), &how, &stream));
        let content = values(&encoder.forward(input, &how).select(0, at));
        let far = streamed
            .iter()
            .zip(&content)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(far < 1e-5, "{preset:?}: {far}");
    }
}

#[test]
fn a_query_does_not_see_the_token_that_it_stands_for() {
    let device = Device::flex();
    for preset in PRESETS {
        let mut encoder = encoder(preset, 1, &device);
        enlarge(&mut encoder);
        // Position 1 is predicted first, then 3; the others are seen by all.
        let ranks = Ranks::new(vec![0, 1, 0, 2]);
        let how = how(1, 4, ranks.clone().into());
        let stream = QueryStream {
            embedded: Tensor::ones([2, 12], &device),
            rows: vec![1, 3],
            visibility: ranks.strict().into(),
        };
        let states = |tokens: &[i64]| values(&encoder.forward_queries(ids(tokens, &device), &how, &stream));
        let before = states(&[1, 2, 3, 4]);
        let (own, first) = (states(&[1, 2, 3, 9]), states(&[1, 8, 3, 4]));
        assert_eq!(before, own, "{preset:?}: the last target is seen");
        assert_eq!(before[..12], first[..12], "{preset:?}: the first target sees itself");
        assert_ne!(
            before[12..],
            first[12..],
            "{preset:?}: the first target is not seen by the second"
        );
    }
}

/// The hidden states at `rows`, computed there alone or picked from all, and the gradient of every parameter.
fn at_rows(preset: Preset, rows: &[i64], alone: bool, device: &Device) -> (Vec<f32>, Vec<(String, Vec<f32>)>) {
    let mut encoder = encoder(preset, 3, device);
    encoder.change_parameters(&mut |_, parameter| match parameter {
        Parameter::Matrix(matrix) => Parameter::Matrix(Tensor::from_inner(matrix.inner() * 20.0)),
        vector => vector,
    });
    let (input, rows) = (ids(&[3, 1, 4, 1, 5, 9, 2, 6, 5, 3], device), ids(rows, device));
    let how = how(2, 5, Visibility::Bidirectional);
    let states = if alone {
        encoder.forward_at(input, &how, rows)
    } else {
        encoder.forward(input, &how).select(0, rows)
    };
    let gradients = states.clone().powf_scalar(3.0).sum().backward();
    let mut all = Vec::new();
    encoder.each_parameter(&mut |path, parameter| {
        let gradient = parameter.grad(&gradients).map(|gradient| gradient.numbers().unwrap());
        all.push((path.to_owned(), gradient.unwrap_or_default()));
    });
    (values(&states), all)
}

#[test]
fn states_wanted_at_some_positions_are_those_that_all_positions_have_there() {
    let device = Device::flex().autodiff();
    let near = |a: &[f32], b: &[f32]| {
        let scale = b.iter().fold(1.0, |most: f32, x| most.max(x.abs()));
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * scale)
    };
    for preset in PRESETS {
        // In any order, one of them twice.
        for rows in [&[8, 1, 1, 5][..], &[9], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
            let (alone, alone_gradients) = at_rows(preset, rows, true, &device);
            let (picked, picked_gradients) = at_rows(preset, rows, false, &device);
            assert_eq!(alone.len(), rows.len() * 12);
            assert!(near(&alone, &picked), "{preset:?} {rows:?}");
            for ((path, alone), (_, picked)) in alone_gradients.iter().zip(&picked_gradients) {
                assert!(near(alone, picked), "{preset:?} {rows:?} {path}: {alone:?} {picked:?}");
            }
        }
        let (none, gradients) = at_rows(preset, &[], true, &device);
        assert!(none.is_empty());
        assert!(gradients.iter().all(|(_, gradient)| gradient.iter().all(|x| *x == 0.0)));
    }
}

/// What is done once for rows that are alike is what is done for each of them, to the bit: the copies of a sentence that are
/// asked together have the states that a model with gradients, which shares nothing, gives them.
#[test]
fn rows_that_are_alike_are_computed_once_and_to_the_same_bits() {
    for preset in PRESETS {
        for layers in [1, 2] {
            let states = |device: &Device, how: &Forward| {
                let config = EncoderConfig {
                    layers,
                    segments: 2,
                    width: 48,
                    ..config(preset)
                };
                let encoder = Encoder::new(&config, VOCABULARY, &Init::new(3, device).at("encoder"));
                // Copies of three sentences of six tokens, one of which is hidden in each.
                let mut tokens = Vec::new();
                for copy in 0..18 {
                    let sentence: [i64; 6] = [[2, 7, 9, 7, 11, 3], [2, 8, 8, 5, 6, 3], [2, 7, 9, 12, 11, 3]][copy % 3];
                    tokens.extend((0..6).map(|place| if place == copy / 3 { 4 } else { sentence[place] }));
                }
                let rows: Vec<i64> = (0..18).map(|copy| copy * 6 + copy / 3).collect();
                values(&encoder.forward_at(ids(&tokens, device), how, ids(&rows, device)))
            };
            let plain = how(18, 6, Visibility::Bidirectional);
            let special = Forward {
                visibility: Visibility::Causal,
                positions: Some((0..108).map(|row| (row * 5 % 7) % 8).collect()),
                segments: Some((0..108).map(|row| row / 54).collect()),
                scales: Some((0..108).map(|row| 1.0 + row as f32 / 108.0).collect()),
                ..how(18, 6, Visibility::Causal)
            };
            for how in [plain, special] {
                let shared = states(&Device::flex(), &how);
                let each = states(&Device::flex().autodiff(), &how);
                assert_eq!(shared.len(), 18 * 48);
                let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
                assert!(bits(&shared) == bits(&each), "{preset:?}, {layers} layers");
            }
        }
    }
}
