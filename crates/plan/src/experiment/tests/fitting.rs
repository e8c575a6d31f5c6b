//! Options that do not fit the encoder, or that would leave it without a use.

use super::{MLM, fault, plan};

#[test]
fn a_decoder_that_nothing_is_predicted_by_is_refused_with_the_reason() {
    let decoder = "encoder.disentangled.absolute=\"decoder\"";
    assert_eq!(plan(MLM, &["encoder.disentangled={}"]).unwrap().runs.len(), 3);
    assert_eq!(plan(MLM, &[decoder]).unwrap().runs.len(), 3);
    for arm in [
        "objective = \"electra\"",
        "objective = \"mlm\"\npairs = \"order\"",
        "objective = \"permutation\"",
    ] {
        let said = fault(&format!("[[arm]]\n{arm}\n"), &[decoder]);
        assert!(
            said.contains("a decoder there has nothing to do") && said.contains("\"none\""),
            "{said}"
        );
        assert!(
            said.contains(&format!("--set {decoder} (encoder.disentangled.absolute)")),
            "{said}"
        );
    }
    let said = fault(
        "[encoder.disentangled]\nposition_buckets = 8\nabsolute = \"decoder\"\n[[arm]]\nname = \"replaced\"\nobjective = \"rtd\"\n",
        &[],
    );
    assert!(
        said.contains(
            "\n  at arm `replaced`: x.toml:4:12 (encoder.disentangled.absolute)\n  4 | absolute = \"decoder\"\n"
        ),
        "{said}"
    );
    let said = fault(MLM, &["encoder.disentangled.max_relative_positions=9"]);
    assert!(
        said.contains("encoder.disentangled.max_relative_positions") && said.contains("18 or more"),
        "{said}"
    );
    let said = fault(MLM, &["encoder.disentangled.position_bucket=9"]);
    assert!(said.contains("did you mean `position_buckets`?"), "{said}");
}

#[test]
fn spans_have_their_mean_length_in_the_shortest_windows_too() {
    let of = |budget: &str, arm: &str| {
        format!("[budget]\nbatch = 8\n{budget}\n[encoder]\nwindow = 128\n[[arm]]\nobjective = \"span\"\n{arm}\n")
    };
    let stages = "stages = [{ until = 0.5, window = 64 }, { until = 0.7, window = 16 }]";
    let t5 = "law = \"t5\"\nspan_mean = 9";
    // 19.2 tokens are hidden of 128, and 2.4 of 16.
    assert!(plan(&of("", t5), &[]).is_ok());
    let said = fault(&of(stages, t5), &[]);
    assert!(
        said.contains("the 2.4 that a window of 16 hides") && said.contains("x.toml:10:13 (arm[0].span_mean)"),
        "{said}"
    );
    // A longest length is one in the windows that are longer.
    assert!(plan(&of(stages, "span_words = 20"), &[]).is_ok());
    assert!(plan(&of(stages, "law = \"t5\""), &[]).is_ok());
}

#[test]
fn a_weight_that_leaves_the_encoder_untaught_is_refused_at_its_line() {
    let said = fault(
        "[[arm]]\nobjective = \"electra\"\ndiscriminator_weight = { from = 0, to = 0 }\n",
        &[],
    );
    assert!(
        said.starts_with("the encoder's layers would learn nothing")
            && said.contains("x.toml:4:24 (arm[0].discriminator_weight)"),
        "{said}"
    );
}

#[test]
fn embeddings_are_read_again_by_a_later_layer_alone() {
    for (encoder, said) in [
        ("layers = 1", "no layer comes after the first"),
        (
            "disentangled = { absolute = \"decoder\" }",
            "a decoder reads the last block's input",
        ),
    ] {
        let fault = fault(&format!("[encoder]\nembedding_residual = true\n{encoder}\n{MLM}"), &[]);
        assert!(
            fault.contains(said) && fault.contains("encoder.embedding_residual"),
            "{fault}"
        );
    }
    // No generator has a layer for it where it has one layer alone.
    let electra = "[encoder]\nembedding_residual = true\n[[arm]]\nobjective = \"electra\"\ngenerator_layers = 1\n";
    assert!(plan(electra, &[]).is_ok());
}

#[test]
fn options_of_later_layers_and_of_logits_are_refused_where_there_are_none() {
    let said = fault(&format!("[encoder]\nvalue_embeddings = true\nlayers = 1\n{MLM}"), &[]);
    assert!(
        said.contains("no layer comes after the first") && said.contains("encoder.value_embeddings"),
        "{said}"
    );
    let uniform = "[[arm]]\nobjective = \"electra\"\ngenerator = \"uniform\"\n";
    for option in ["encoder.logit_cap=15", "encoder.z_loss=1e-4"] {
        let said = fault(uniform, &[option]);
        assert!(
            said.contains("predicts no token from the vocabulary") && said.contains(&format!("--set {option}")),
            "{said}"
        );
        assert!(plan(MLM, &[option]).is_ok());
    }
    let nothing = ["encoder.z_loss=0", "encoder.value_embeddings=false"];
    assert!(plan(uniform, &nothing).is_ok());
    // Written out, the defaults are the same runs.
    let id = |set: &[&str]| plan(MLM, set).unwrap().runs[0].id.clone();
    assert_eq!(id(&nothing), id(&[]));
    for option in [
        "encoder.logit_cap=15",
        "encoder.z_loss=1e-4",
        "encoder.value_embeddings=true",
    ] {
        assert_ne!(id(&[option]), id(&[]), "{option}");
    }
}

#[test]
fn the_caret_for_heads_is_under_what_was_written() {
    for (encoder, place) in [
        (
            "width = 200",
            "\n  at x.toml:3:9 (encoder.width)\n  3 | width = 200\n    |         ^^^\n  allowed: 198, 204\n",
        ),
        (
            "width = 64\nheads = 3",
            "\n  at x.toml:4:9 (encoder.heads)\n  4 | heads = 3\n    |         ^\n  allowed: 1, 2, 4, 8, 16, 32\n",
        ),
        (
            "width = 63\nheads = 3",
            "\n  at x.toml:3:9 (encoder.width)\n  3 | width = 63\n    |         ^^\n  allowed: 60, 66\n",
        ),
    ] {
        let text = fault(&format!("[encoder]\n{encoder}\n{MLM}"), &[]);
        assert!((text.clone() + "\n").contains(place), "{text}");
    }
    let swept = fault(&format!("[sweep.grid]\n\"encoder.width\" = [64, 200]\n{MLM}"), &[]);
    assert!(
        swept.contains(
            "\n  at x.toml:3:24 (encoder.width)\n  3 | \"encoder.width\" = [64, 200]\n    |                        ^^^\n"
        ),
        "{swept}"
    );
}

#[test]
fn an_option_that_does_not_fit_the_encoder_is_shown_where_it_stands() {
    let text = fault(
        "[encoder]\nwidth = 128\n[[arm]]\nobjective = \"electra\"\ngenerator_width = 0.2578125\n",
        &[],
    );
    assert_eq!(
        text,
        "0.2578125 of a width of 128 is a generator of width 33, which does not divide into heads of an even width\n  \
         at x.toml:6:19 (arm[0].generator_width)\n  6 | generator_width = 0.2578125\n    |                   ^^^^^^^^^\n  \
         allowed: 0.25 for 32, 0.265625 for 34"
    );
    // A share of another width that comes to the same is the same run.
    let twice = "[[arm]]\nobjective = \"electra\"\n[[arm]]\nobjective = \"electra\"\ngenerator_width = 0.2501\n";
    assert!(fault(twice, &[]).contains("are the same run"));
}
