//! What tests of an encoder's parts share.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::{Encoder, Forward, QueryStream};
use cloze_kernels::{Ranks, Visibility};

/// Two windows of three positions.
pub const TOKENS: [i64; 6] = [3, 1, 4, 1, 5, 2];

pub fn ids(ids: &[i64], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(ids.to_vec(), [ids.len()]), device)
}

pub fn values<const R: usize>(tensor: &Tensor<R>) -> Vec<f32> {
    tensor.to_data().convert::<f32>().try_to_vec().unwrap()
}

pub fn near(one: &[f32], other: &[f32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-4)
}

/// Layer by layer, at some rows, as queries and among copies an encoder reads its tokens as it does in one go. `at` says which encoder.
pub fn assert_every_way_reads_alike(encoder: &Encoder, device: &Device, at: &str) {
    let input = ids(&TOKENS, device);
    let law: Visibility = Ranks::new(vec![2, 0, 1, 1, 0, 2]).into();
    let how = Forward {
        visibility: law.clone(),
        ..Forward::new(2, 3)
    };
    let all = encoder.forward(input.clone(), &how);
    assert_eq!(
        values(&all),
        values(encoder.layers(input.clone(), &how).last().unwrap())
    );
    let places = ids(&[5, 0, 3], device);
    let wanted = values(&all.select(0, places.clone()));
    assert!(
        near(
            &values(&encoder.forward_at(input.clone(), &how, places.clone())),
            &wanted
        ),
        "{at}"
    );
    // Queries that know the tokens and see themselves are the content, whose values they read.
    let stream = QueryStream {
        embedded: encoder.tokens.val().select(0, input.clone().select(0, places)),
        rows: vec![5, 0, 3],
        visibility: law,
    };
    assert!(
        near(&values(&encoder.forward_queries(input.clone(), &how, &stream)), &wanted),
        "{at}"
    );
    // Copies of one sentence, of which what is alike is computed once.
    let copies: Vec<i64> = TOKENS.repeat(4);
    let (many, rows) = (Forward::new(8, 3), ids(&[1, 22], device));
    let found = encoder.forward_at(ids(&copies, device), &many, rows.clone());
    let each = encoder.forward(ids(&copies, device), &many).select(0, rows);
    assert!(near(&values(&found), &values(&each)), "{at}");
}
