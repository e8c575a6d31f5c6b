//! What goes on inside an encoder is written down whenever the held-out loss is, and changes no bit of the training.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::{CorpusOptions, prepare};
use cloze_foundation::Result;
use cloze_options::Options;
use cloze_schema::metric::{ATTENTION_ENTROPY, LOSS, STATE_COSINE};
use cloze_schema::{Axis, Spent, Split};
use cloze_trainer::observer::Unjudged;
use cloze_trainer::{Budget, Job, Observer, OptimizerConfig, Spacing, Tick, train};

/// What is said of held-out text: step, metric, number.
#[derive(Default)]
struct Heard(Vec<(u64, String, f64)>);

impl Observer for Heard {
    fn row(&mut self, spent: &Spent, split: Split, _: &str, metric: &str, value: f64) {
        if split == Split::HeldOut {
            self.0.push((spent.steps(), metric.to_owned(), value));
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Tick) -> Result<()> {
        Ok(())
    }
}

#[test]
fn how_alike_states_are_and_how_even_attention_is_stand_beside_every_held_out_loss() {
    let cache = tempfile::tempdir().unwrap();
    let table = "words = 3000\ntokenizer = { kind = \"wordpiece\", vocab = 150 }"
        .parse()
        .unwrap();
    let corpus = CorpusOptions::from_toml(&table).unwrap().resolve().unwrap();
    let corpus = prepare(&corpus, None, cache.path(), &mut |_| ()).unwrap();
    let encoder = EncoderConfig::preset(Preset::Modern, 16, 2, 16);
    let device = Device::flex();
    let budget = Budget {
        equalise: Axis::Steps,
        amount: 6.0,
        batch: 4,
        stages: Vec::new(),
    };
    for objective in ["mlm", "autoregressive", "permutation", "electra"] {
        let mut heard = Heard::default();
        let job = Job {
            objective,
            options: &toml::Table::new(),
            encoder: &encoder,
            budget: &budget,
            optimizer: OptimizerConfig::default(),
            points: 3,
            spacing: Spacing::Even,
            validation_windows: 4,
            seed: 1,
            corpus: &corpus,
            device: &device,
            start: None,
        };
        train(&job, &Unjudged, &mut heard, None).unwrap();
        let of = |metric: &str| -> Vec<(u64, f64)> {
            let rows = heard.0.iter().filter(|(_, name, _)| name == metric);
            rows.map(|(step, _, value)| (*step, *value)).collect()
        };
        let (cosines, entropies) = (of(STATE_COSINE), of(ATTENTION_ENTROPY));
        let steps: Vec<u64> = of(LOSS).iter().map(|(step, _)| *step).collect();
        for found in [&cosines, &entropies] {
            assert_eq!(
                found.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
                steps,
                "{objective}"
            );
        }
        assert_eq!(steps, [2, 4, 6]);
        // An encoder that has hardly begun looks at nearly all alike.
        assert!(
            entropies.iter().all(|(_, share)| (0.8..=1.0 + 1e-5).contains(share)),
            "{objective}: {entropies:?}"
        );
        assert!(
            cosines.iter().all(|(_, cosine)| (-1.0..=1.0).contains(cosine)),
            "{objective}: {cosines:?}"
        );
        assert!(cosines[0] != cosines[2], "{objective}");
    }
}
