use super::*;
use crate::Absolute;
use cloze_options::Options;

fn tiny(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 2,
        feed_forward: 6,
        dropout: 0.0,
        ..EncoderConfig::preset(preset, 4, 3, 8)
    }
}

#[test]
fn flops_agree_with_a_count_by_hand() {
    // B = 2, L = 5, so N = 10 rows. Per block: qkv 2·10·4·12 = 960, output 2·10·4·4 = 320,
    // scores 2·(2 windows)·5·5·4 = 400 and the same for values; bert: up and down 2·10·4·6 = 480 each.
    assert_eq!(
        tiny(Preset::Bert).forward_flops(2, 5, false),
        3.0 * (960.0 + 320.0 + 800.0 + 960.0)
    );
    assert_eq!(
        tiny(Preset::Bert).forward_flops(2, 5, true),
        3.0 * (960.0 + 320.0 + 400.0 + 960.0)
    );
    // modern: up has both gate halves, 2·10·4·12 = 960.
    assert_eq!(
        tiny(Preset::Modern).forward_flops(2, 5, false),
        3.0 * (960.0 + 320.0 + 800.0 + 1440.0)
    );
}

#[test]
fn a_factorised_embedding_counts_its_projection_and_shared_layers_count_as_layers() {
    for preset in [Preset::Bert, Preset::Modern] {
        let plain = tiny(preset).forward_flops(2, 5, false);
        let factorised = EncoderConfig {
            embedding_width: Some(3),
            ..tiny(preset)
        };
        // 10 rows from 3 to 4: 2·10·3·4.
        assert_eq!(factorised.forward_flops(2, 5, false), plain + 240.0);
        let all_but_seven = plain - tiny(preset).forward_flops_at(2, 5, false, 3);
        assert_eq!(
            factorised.forward_flops(2, 5, false) - factorised.forward_flops_at(2, 5, false, 3),
            all_but_seven
        );
        let shared = EncoderConfig {
            layer_groups: Some(1),
            ..tiny(preset)
        };
        assert_eq!(shared.forward_flops(2, 5, false), plain);
    }
}

#[test]
fn layers_on_end_share_a_block() {
    let of = |layers, groups| {
        let config = EncoderConfig {
            layers,
            layer_groups: groups,
            ..tiny(Preset::Bert)
        };
        (0..layers).map(|layer| config.block_of(layer)).collect::<Vec<_>>()
    };
    assert_eq!(of(6, None), [0, 1, 2, 3, 4, 5]);
    assert_eq!(of(6, Some(1)), [0; 6]);
    assert_eq!(of(6, Some(2)), [0, 0, 0, 1, 1, 1]);
    assert_eq!(of(6, Some(3)), [0, 0, 1, 1, 2, 2]);
}

#[test]
fn what_makes_no_difference_is_written_alike() {
    let written = |layer_groups, embedding_width| {
        let options = EncoderOptions {
            layers: 4,
            layer_groups,
            embedding_width,
            ..EncoderOptions::default()
        };
        serde_json::to_string(&options.resolve()).unwrap()
    };
    assert_eq!(written(Some(4), Some(128)), written(None, None));
    assert!(!written(None, None).contains("layer_groups") && !written(None, None).contains("embedding_width"));
    assert!(written(Some(2), Some(32)).ends_with("\"layer_groups\":2,\"embedding_width\":32}"));
}

#[test]
fn the_last_block_counts_what_it_computes() {
    // 3 of 10 rows: the last block's scores 2·3·5·4 = 120, and the same for values, output 2·3·4·4 = 96, bert's up and
    // down 2·3·4·6 = 144 each.
    assert_eq!(
        tiny(Preset::Bert).forward_flops_at(2, 5, false, 3),
        2.0 * (960.0 + 320.0 + 800.0 + 960.0) + 960.0 + 240.0 + 96.0 + 288.0
    );
    for preset in [Preset::Bert, Preset::Modern] {
        let all = tiny(preset).forward_flops(2, 5, true);
        assert_eq!(tiny(preset).forward_flops_at(2, 5, true, 10), all);
    }
}

#[test]
fn any_law_of_who_sees_whom_is_counted_by_its_pairs() {
    let queries = |rows, pairs| Queries { rows, pairs };
    for (preset, embedding_width) in [(Preset::Bert, None), (Preset::Modern, None), (Preset::Bert, Some(3))] {
        let config = EncoderConfig {
            embedding_width,
            ..tiny(preset)
        };
        // The plain law is a case of it: 10 rows see 5 keys each, 3 of them are read.
        let plain = config.forward_flops_of(5, queries(10, 50), queries(3, 15));
        assert_eq!(plain, config.forward_flops_at(2, 5, false, 3));
    }
    let config = tiny(Preset::Bert);
    // 7 pairs of 3 rows: scores 2·7·4 = 56, and the same for values.
    let read = config.forward_flops_of(5, queries(10, 50), queries(3, 7));
    let none = config.forward_flops_of(5, queries(10, 50), Queries::NONE);
    assert_eq!(read - none, 112.0 + 96.0 + 288.0);
    // A stream of 3 queries: queries 2·3·4·4 = 96 a block beside that.
    assert_eq!(
        config.query_stream_flops(5, 10, queries(3, 7)),
        3.0 * (96.0 + 112.0 + 96.0 + 288.0)
    );
}

#[test]
fn presets_have_about_the_same_blocks() {
    for width in [128, 256, 384, 768] {
        let block = |preset| {
            let two = EncoderConfig::preset(preset, width, 2, 128);
            let one = EncoderConfig {
                layers: 1,
                ..two.clone()
            };
            (two.parameters(100) - one.parameters(100)) as f64
        };
        let ratio = block(Preset::Modern) / block(Preset::Bert);
        assert!((0.97..1.05).contains(&ratio), "width {width}: {ratio}");
    }
}

#[test]
fn what_the_arithmetic_cannot_do_is_refused_with_its_key() {
    type Change = fn(&mut EncoderOptions);
    let fault = |change: Change| {
        let mut options = EncoderOptions {
            width: 4,
            ..EncoderOptions::default()
        };
        assert!(options.check().is_ok());
        change(&mut options);
        options.check().unwrap_err()
    };
    let cases: [(Change, &str); 16] = [
        (|o| o.width = 0, "width"),
        (|o| o.layers = 0, "layers"),
        (|o| o.heads = Some(0), "heads"),
        (|o| o.heads = Some(3), "heads"),
        (|o| o.heads = Some(4), "heads"),
        (|o| o.width = 5, "width"),
        (|o| (o.width, o.heads) = (5, Some(1)), "width"),
        (|o| o.width = 200, "width"),
        (|o| o.window = usize::MAX, "window"),
        (|o| (o.preset, o.window) = (Preset::Bert, 513), "window"),
        (|o| (o.layers, o.layer_groups) = (6, Some(4)), "layer_groups"),
        (|o| o.layer_groups = Some(0), "layer_groups"),
        (|o| o.embedding_width = Some(1), "embedding_width"),
        (|o| o.embedding_width = Some(129), "embedding_width"),
        (|o| o.dropout = Some(1.0), "dropout"),
        (|o| o.dropout = Some(f64::NAN), "dropout"),
    ];
    for (change, place) in cases {
        let fault = fault(change);
        assert_eq!(fault.place().as_deref(), Some(place), "{fault}");
        assert!(fault.allowed.is_some(), "{fault}");
    }
    assert_eq!(fault(|o| o.pre_norm = true).place().as_deref(), Some("pre_norm"));
    assert_eq!(fault(|o| o.heads = Some(3)).allowed.as_deref(), Some("1, 2"));
    let unwritten = fault(|o| o.width = 200);
    assert_eq!(unwritten.allowed.as_deref(), Some("198, 204"));
    assert!(unwritten.remedy.unwrap().ends_with("1, 2, 4, 5, 10, 20, 25, 50, 100"));
}

/// With S = 4 buckets: 8 rows, of which windows of 5 positions ask for the 7 of distances from -4 to 4: 2 exact ones on either
/// side, none, and one bucket beyond.
fn disentangled(preset: Preset, absolute: Absolute) -> EncoderConfig {
    EncoderConfig {
        disentangled: Some(Disentangled {
            position_buckets: 4,
            max_relative_positions: 8,
            shared_keys: true,
            absolute,
        }),
        ..tiny(preset)
    }
}

#[test]
fn disentangled_attention_counts_three_products_more_a_layer() {
    for preset in [Preset::Bert, Preset::Modern] {
        let (plain, config) = (tiny(preset), disentangled(preset, Absolute::Nowhere));
        // The table: 2·8·4·8 = 512. 10 queries with 7 rows of 4 columns, 2·10·7·4 = 560, and 10 keys with them.
        let more = 512.0 + 560.0 + 560.0;
        for causal in [false, true] {
            let (with, without) = (config.forward_flops(2, 5, causal), plain.forward_flops(2, 5, causal));
            assert_eq!(with - without, 3.0 * more, "{preset:?}");
        }
        // 3 of 10 queries in the last layer, and all keys.
        let some = config.forward_flops_at(2, 5, false, 3);
        assert_eq!(some - plain.forward_flops_at(2, 5, false, 3), 3.0 * more - 7.0 * 56.0);
        let queries = |rows, pairs| Queries { rows, pairs };
        assert_eq!(config.forward_flops_of(5, queries(10, 50), queries(3, 15)), some);
        // A stream of 3 queries through all layers over 10 keys.
        let stream = |config: &EncoderConfig| config.query_stream_flops(5, 10, queries(3, 7));
        assert_eq!(stream(&config) - stream(&plain), 3.0 * (512.0 + 3.0 * 56.0 + 560.0));
        assert_eq!(config.decoded_flops_at(2, 5, false, 3), some);
    }
}

#[test]
fn a_decoder_counts_two_streams_of_queries_through_the_last_block() {
    let config = disentangled(Preset::Bert, Absolute::Decoder);
    // Two layers of 960 + 320 + 800 + 960 and 1632 for positions, the last one's queries, keys and values; and twice 3 queries:
    // 2·3·4·4 = 96, scores and values 2·2·15·4 = 240, output 96, up and down 288, and 512 + 3·56 + 560 for positions.
    let wanted = 2.0 * (3040.0 + 1632.0) + 960.0 + 2.0 * (96.0 + 240.0 + 96.0 + 288.0 + 1240.0);
    assert_eq!(config.decoded_flops_at(2, 5, false, 3), wanted);
}

#[test]
fn what_is_left_out_of_disentangled_attention_follows_from_the_window() {
    let resolved = |position_buckets, max_relative_positions, window| {
        let options = EncoderOptions {
            window,
            disentangled: Some(DisentangledOptions {
                position_buckets,
                max_relative_positions,
                ..DisentangledOptions::default()
            }),
            ..EncoderOptions::default()
        };
        options.check().map(|()| {
            let resolved = options.resolve().disentangled.unwrap();
            (resolved.position_buckets, resolved.max_relative_positions)
        })
    };
    // The published proportion: 256 buckets for windows of 512.
    assert_eq!(resolved(None, None, 512).unwrap(), (256, 512));
    assert_eq!(resolved(None, None, 2).unwrap(), (4, 2));
    assert_eq!(resolved(Some(8), Some(20), 64).unwrap(), (8, 20));
    assert_eq!(resolved(Some(32), Some(20), 32).unwrap(), (32, 20));
    // No window of 32 has 33 distances.
    let fault = resolved(Some(33), None, 32).unwrap_err();
    assert_eq!(
        fault.place().as_deref(),
        Some("disentangled.position_buckets"),
        "{fault}"
    );
    assert_eq!(fault.allowed.as_deref(), Some("4 to 32"));
    let fault = resolved(Some(40), Some(21), 64).unwrap_err();
    assert_eq!(
        fault.place().as_deref(),
        Some("disentangled.max_relative_positions"),
        "{fault}"
    );
    assert_eq!(fault.allowed.as_deref(), Some("22 or more"));
    let projected = EncoderOptions {
        embedding_width: Some(32),
        disentangled: Some(DisentangledOptions {
            absolute: Absolute::Decoder,
            ..DisentangledOptions::default()
        }),
        ..EncoderOptions::default()
    };
    let fault = projected.check().unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("disentangled.absolute"), "{fault}");
}
