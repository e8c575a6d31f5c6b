//! Which network a generator is, beside which encoder.

use super::*;
use crate::common::training::{SIZE, batch, encoder};
use crate::common::{configured, vocabulary};
use burn::tensor::{Device, TensorData};
use cloze_backbone::{Parameter, Parameters, Preset};

#[test]
fn a_generator_is_as_deep_as_the_encoder_and_no_deeper() {
    let two = EncoderConfig {
        layers: 2,
        ..encoder(Preset::Modern)
    };
    for layers in [None, Some(1), Some(2)] {
        assert!(no_deeper(&two, layers).is_ok(), "{layers:?}");
    }
    let fault = no_deeper(&two, Some(3)).unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("generator_layers"), "{fault}");
    assert_eq!(fault.allowed.as_deref(), Some("1 to 2"), "{fault}");
}

#[test]
fn layers_share_blocks_where_they_can_be_divided_so() {
    let groups = |of: usize, layers: usize| {
        let encoder = EncoderConfig {
            layers: 12,
            layer_groups: Some(of),
            ..encoder(Preset::Modern)
        };
        of_depth(&encoder, layers).layer_groups
    };
    // Two groups of 12 layers: of 6 and of 4, and not of 3; two layers of two groups share nothing.
    assert_eq!(
        [6, 4, 3, 2, 1].map(|layers| groups(2, layers)),
        [Some(2), Some(2), None, None, None]
    );
    assert_eq!(groups(1, 3), Some(1));
}

#[test]
fn what_needs_a_layer_below_is_left_out_of_a_single_one() {
    let encoder = EncoderConfig {
        layers: 4,
        embedding_width: Some(12),
        embedding_residual: true,
        value_embeddings: true,
        logit_cap: Some(15.0),
        z_loss: 1e-4,
        ..encoder(Preset::Modern)
    };
    assert_eq!(
        [1, 2].map(|layers| of_depth(&encoder, layers).embedding_residual),
        [false, true]
    );
    // Tokens add nothing to its values, and its logits are the encoder's.
    let two = of_depth(&encoder, 2);
    assert_eq!(
        (two.value_embeddings, two.logit_cap, two.z_loss),
        (false, Some(15.0), 1e-4)
    );
    // Embeddings are projected for it.
    assert_eq!(of_depth(&encoder, 2).embedding_width, None);
}

#[test]
fn a_head_has_sixty_four_columns_and_there_is_one() {
    let encoder = EncoderConfig::preset(Preset::Bert, 768, 12, 128);
    for (share, width, heads) in [(1.0, 768, 12), (0.25, 192, 3), (1.0 / 24.0, 32, 1), (1.0 / 3.0, 256, 4)] {
        let found = of_share(&encoder, share, 12);
        assert_eq!((found.width, found.heads), (width, heads), "{share}");
        assert_eq!(found.feed_forward, 4 * width, "{share}");
    }
}

/// A token of which a generator is certain without a cap is one of many with one.
#[test]
fn samples_are_of_capped_logits() {
    const TOKEN: usize = 9;
    let batch = batch(&*configured("electra", "rate = 0.5"));
    let proposed = |logit_cap| {
        let config = EncoderConfig {
            logit_cap,
            ..encoder(Preset::Modern)
        };
        let init = Init::new(1, &Device::flex());
        let shared = Encoder::new(&config, SIZE, &init.at("encoder"));
        let plan = Plan::new(&config, of_share(&config, 0.25, 1), Shares::Embeddings);
        let mut generator = Generator::new(&plan, &vocabulary(SIZE), &init);
        generator.change_parameters(&mut |path, parameter| match parameter {
            Parameter::Vector(bias) if path == "generator_head.bias" => {
                let mut certain = vec![0.0f32; SIZE];
                certain[TOKEN] = 50.0;
                Parameter::Vector(bias + Tensor::<1>::from_data(TensorData::new(certain, [SIZE]), &Device::flex()))
            }
            parameter => parameter,
        });
        let hidden = generator.hidden(&shared, &batch, None);
        let proposed = generator.propose(&shared, hidden, &batch, 1, false);
        let is_token = |position: &&u32| proposed[**position as usize] == TOKEN as u32;
        batch.positions.iter().filter(is_token).count()
    };
    let all = batch.positions.len();
    assert!(all > 20 && proposed(None) == all);
    // With a cap of 1 its share is below e / (e + 59 / e), a ninth.
    assert!(proposed(Some(1.0)) < all / 3, "{} of {all}", proposed(Some(1.0)));
}
