//! An objective may ask what the training text is like, once and before training.

use crate::common::{configured, every_objective, plain, vocabulary};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::annotations::ENTITIES;
use cloze_corpus::sets::Column;
use cloze_corpus::{CorpusConfig, Statistic, Statistics, TokenizerConfig, Vocabulary, Window, prepare};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Example, Heads, Objective, Sizes, prepared};

/// Hides the rarest token of a window.
struct Rarest {
    counts: Vec<u64>,
}

impl Objective for Rarest {
    fn options(&self) -> toml::Table {
        toml::Table::new()
    }

    fn needs(&self) -> Vec<Statistic> {
        vec![Statistic::Unigrams]
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        self.counts = statistics.unigrams()?.to_vec();
        if self.counts.iter().all(|count| *count == 0) {
            return Err(Fault::usage("the text has no token"));
        }
        Ok(())
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _: f64, _: Draw) -> Example {
        let count = |position: &u32| {
            self.counts
                .get(window.ids[*position as usize] as usize)
                .copied()
                .unwrap_or(0)
        };
        let rarest = window.candidates(vocabulary).into_iter().min_by_key(count);
        Example::predicting(window, rarest.into_iter().collect())
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        configured("mlm", "").heads(encoder, vocabulary, init)
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        configured("mlm", "").flops(encoder, vocabulary, sizes)
    }
}

#[test]
fn statistics_decide_what_is_hidden_and_their_absence_stops_nothing() {
    let window = Window::new(vec![2, 7, 8, 9, 7], vec![true; 5]);
    let mut objective = Rarest { counts: Vec::new() };
    let hidden = |objective: &Rarest| {
        objective
            .corrupt(&window, &vocabulary(60), 0.0, Draw::new(1, "x"))
            .positions
    };
    assert_eq!(hidden(&objective), [1], "all are equally rare");
    let mut counts = vec![5; 60];
    counts[9] = 1;
    objective.prepare(&Statistics::from_unigrams(counts)).unwrap();
    assert_eq!(hidden(&objective), [3]);
    assert!(
        objective
            .prepare(&Statistics::default())
            .unwrap_err()
            .what
            .contains("unigrams")
    );
    assert!(objective.prepare(&Statistics::from_unigrams(vec![0; 60])).is_err());
}

#[test]
fn an_objective_is_ready_for_its_corpus() {
    let cache = tempfile::tempdir().unwrap();
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::wordpiece(300),
        held_out: 0.2,
        words: 2000,
        ..CorpusConfig::default()
    };
    let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
    let mut rarest = Rarest { counts: Vec::new() };
    rarest.prepare(&Statistics::of(&corpus, &rarest.needs())).unwrap();
    assert_eq!(rarest.counts.iter().sum::<u64>(), corpus.train.tokens() as u64);

    let (window, draw) = (plain(64, 1), Draw::new(1, "corruption"));
    for (entry, mode, objective) in every_objective() {
        let ready = prepared(entry.name, &objective.options(), &corpus).unwrap();
        assert_eq!(ready.options(), objective.options());
        if objective.needs().is_empty() {
            let examples = [&ready, &objective].map(|o| o.corrupt(&window, &vocabulary(1000), 0.5, draw));
            assert_eq!(examples[0], examples[1], "{} ({mode})", entry.name);
        }
    }
    let fault = prepared("mlm", &"rate = 2".parse().unwrap(), &corpus).err().unwrap();
    assert_eq!(fault.place().as_deref(), Some("rate"));
}

#[test]
fn entities_that_stand_beside_the_text_are_hidden_whole() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("text.conll");
    let sentence = "Ada I-PER\nLovelace I-PER\nwrote O\nto O\nCharles B-PER\nBabbage I-PER\nthat O\nsummer O\n\n";
    std::fs::write(&source, sentence.repeat(200)).unwrap();
    let config = |entities| CorpusConfig {
        source: source.to_string_lossy().into_owned(),
        entities: Some(Column::Number(entities)),
        tokenizer: TokenizerConfig::wordpiece(120),
        held_out: 0.2,
        ..CorpusConfig::default()
    };
    let corpus = prepare(&config(-1), None, &folder.path().join("cache"), &mut |_| ()).unwrap();
    let only = "rate = 0.3\nentities = 1\nreplace = { mask = 1, random = 0 }"
        .parse()
        .unwrap();
    let objective = prepared("entity", &only, &corpus).unwrap();
    let vocabulary = corpus.tokenizer.vocabulary();
    let mut hidden = 0;
    for index in 0..corpus.train.windows(64) {
        let window = corpus.train.window(index, 64, vocabulary);
        let example = objective.corrupt(&window, vocabulary, 0.0, Draw::new(1, "x").example(index));
        let is_hidden = |place: usize| example.positions.binary_search(&(place as u32)).is_ok();
        for entity in window.annotations.spans(ENTITIES) {
            let count = entity.clone().filter(|place| is_hidden(*place)).count();
            assert!(count == 0 || count == entity.len(), "{entity:?} in part");
            hidden += count;
        }
        let in_entities = |place: &u32| {
            let spans = window.annotations.spans(ENTITIES);
            spans.iter().any(|entity| entity.contains(&(*place as usize)))
        };
        assert!(example.positions.iter().all(in_entities), "nothing else is hidden");
    }
    assert!(hidden > 300, "{hidden}");
    // A text whose tags say that nothing is an entity has none to hide.
    std::fs::write(&source, "Ada O\nwrote O\nthat O\nsummer O\n\n".repeat(400)).unwrap();
    let without = prepare(&config(-1), None, &folder.path().join("cache"), &mut |_| ()).unwrap();
    let fault = prepared("entity", &only, &without).err().unwrap();
    assert_eq!(fault.place().as_deref(), Some("objective"));
    assert!(fault.remedy.unwrap().contains("corpus.entities"));
    // In a mixture the part is at fault, at its own key where an option is.
    for (part, place) in [
        ("objective = \"entity\"", "mixture[1].objective"),
        ("objective = \"pmi\", occurrences = 1000", "mixture[1].occurrences"),
    ] {
        let parts = format!("mixture = [{{ objective = \"mlm\", share = 0.5 }}, {{ {part} }}]");
        let fault = prepared("mixture", &parts.parse().unwrap(), &without).err().unwrap();
        assert_eq!(fault.place().as_deref(), Some(place), "{fault}");
    }
}
