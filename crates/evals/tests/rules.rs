//! What a rule is decides how a model is asked to go on with a text, which scores are bits for each byte, and what is asked once.

use super::fake::{WINDOW, corpus, run, value};
use burn::module::Module;
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, fragment, prepare};
use cloze_kernels::Visibility;
use cloze_objectives::scoring::{
    PSEUDO_LOG_LIKELIHOOD, PSEUDO_LOG_LIKELIHOOD_WORD_L2R, Questions, asked_together, every_position,
};
use cloze_objectives::{Answerer, Batch, Heads, Kind, Loss, Model, Rule, configure};
use cloze_trainer::Judgement;
use std::sync::Mutex;

/// What heads of each kind were asked.
static ASKED: Mutex<Vec<(Kind, Batch)>> = Mutex::new(Vec::new());

const MEANING: &str = "nothing";
const BY_NEXT: &[Rule] = &[Rule::new("any", MEANING, Answerer::Encoder, every_position).of_kind(Kind::NextToken)];
const IN_PLACE: &[Rule] =
    &[Rule::new("left-to-right", MEANING, Answerer::Encoder, every_position).of_kind(Kind::InPlace)];
const BY_SUM: &[Rule] = &[Rule::new("left-to-right", MEANING, Answerer::Encoder, every_position)];

/// Answers always with one token, and writes down what it was asked.
#[derive(Module, Debug)]
struct Writer {
    #[module(skip)]
    kind: Kind,
}

const WRITTEN: u32 = 9;

impl Heads for Writer {
    fn loss(&self, _: &Encoder, _: &Batch, _: cloze_foundation::Draw, _: bool) -> Loss {
        unreachable!("evaluations do not train")
    }
    fn rules(&self) -> &[Rule] {
        match self.kind {
            Kind::NextToken => BY_NEXT,
            Kind::InPlace => IN_PLACE,
            _ => BY_SUM,
        }
    }
    fn losses(&self, _: &Encoder, _: &Rule, batch: &Batch) -> Vec<f32> {
        vec![1.0; batch.positions.len()]
    }
    fn masked_answerer(&self) -> Option<Answerer> {
        (self.kind != Kind::NextToken).then_some(Answerer::Encoder)
    }
    fn answers(&self, _: &Encoder, batch: &Batch, _: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        ASKED.lock().unwrap().push((self.kind, batch.clone()));
        Some(vec![vec![(WRITTEN, 1.0)]])
    }
    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone())
    }
}

/// The questions about what comes next, of the first text.
fn asked(kind: Kind, corpus: &Prepared) -> Vec<Batch> {
    let config = EncoderConfig {
        heads: 1,
        ..EncoderConfig::preset(Preset::Bert, 4, 1, WINDOW)
    };
    let encoder = Encoder::new(&config, 10, &Init::new(1, &Device::flex()));
    let model = Model::new(encoder, Box::new(Writer { kind }));
    run("samples", "samples = 1", &model, corpus, None).unwrap();
    let mut asked = std::mem::take(&mut *ASKED.lock().unwrap());
    asked.retain(|(of, _)| *of == kind);
    // Before them stands the question about the blank, of whom one is asked.
    let fills = usize::from(kind != Kind::NextToken);
    asked.split_off(fills).into_iter().map(|(_, batch)| batch).collect()
}

/// One at the position before, one at a mask behind the text, one at the first of many masks; whatever its rules are called.
#[test]
fn whoever_goes_on_with_a_text_is_asked_in_its_own_way() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mask = corpus.tokenizer.vocabulary().special.mask;
    for kind in [Kind::NextToken, Kind::InPlace, Kind::Sum] {
        let asked = asked(kind, &corpus);
        assert!(asked.len() > 4, "{kind:?}");
        for (written, batch) in asked.iter().enumerate() {
            let masks = batch.inputs.iter().rev().take_while(|id| **id == mask).count();
            let known = batch.inputs.len() - masks;
            let place = batch.positions[0] as usize;
            let at = format!("{kind:?}, token {written}: {:?}", batch.positions);
            let wanted = match kind {
                Kind::NextToken => (known - 1, 0, Visibility::Causal),
                Kind::InPlace => (known, 1, Visibility::Bidirectional),
                _ => (known, asked.len() - written, Visibility::Bidirectional),
            };
            assert_eq!((place, masks, batch.visibility.clone()), wanted, "{at}");
            let behind = &batch.inputs[known - written..known];
            assert!(behind.iter().all(|id| *id == WRITTEN), "{at}");
        }
    }
}

fn judged(task: &str, options: &str, corpus: &Prepared, mixture: &str) -> Judgement {
    let encoder = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 1, WINDOW)
    };
    let (name, options_of) = match mixture.split_once(" = ") {
        Some((name, _)) => (name, mixture),
        None => (mixture, ""),
    };
    let objective = configure(name, &options_of.parse().unwrap()).unwrap();
    let init = Init::new(1, &Device::flex().autodiff());
    let model = objective.build(&encoder, corpus.tokenizer.vocabulary(), &init).frozen();
    run(task, options, &model, corpus, None).unwrap()
}

const TWO: &str = "mixture = [{ objective = \"prefix\", share = 0.5 }, { objective = \"autoregressive\" }]";
const WITH_MASKS: &str = "mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }]";

#[test]
fn a_mixture_has_what_its_parts_have() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let names = |mixture: &str| -> Vec<String> {
        let found = judged("masked-text", "windows = 4", &corpus, mixture).findings;
        let bits = found.into_iter().filter(|finding| finding.metric.starts_with("bits"));
        bits.map(|finding| finding.metric).collect()
    };
    assert_eq!(
        names(TWO),
        ["bits_per_byte", "bits_per_byte[autoregressive.left-to-right]"]
    );
    assert_eq!(names(WITH_MASKS), ["bits_per_byte"]);
    assert_eq!(names("permutation"), ["bits_per_byte"]);
    assert_eq!(names("mlm"), [""; 0]);
    let kinds = |mixture: &str| -> Vec<String> {
        let items = judged("samples", "samples = 2", &corpus, mixture).items.into_iter();
        items.map(|items| items.part).collect()
    };
    assert_eq!(kinds(TWO), ["continuation"; 2]);
    assert_eq!(
        kinds(WITH_MASKS),
        ["fill-in", "fill-in", "continuation", "continuation"]
    );
}

/// Initial values guess every token alike, whether a bound asks or a chain.
#[test]
fn a_bound_on_a_likelihood_is_told_as_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let found = judged("masked-text", "windows = 4", &corpus, "diffusion");
    let bits = found
        .findings
        .iter()
        .filter(|finding| finding.metric.starts_with("bits"));
    assert_eq!(bits.count(), 1);
    let bound = value(&found, "mine", "bits_per_byte.upper_bound");
    let chain = judged("masked-text", "windows = 4", &corpus, "autoregressive");
    let chain = value(&chain, "mine", "bits_per_byte");
    assert!((bound / chain - 1.0).abs() < 0.1, "{bound} {chain}");
}

/// Of the quickstart's language and vocabulary: what both scores ask is asked once, so that judging by both takes little longer than by
/// one.
#[test]
fn a_second_pseudo_log_likelihood_asks_an_eighth_more_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::wordpiece(2048),
        words: 60_000,
        ..CorpusConfig::default()
    };
    let corpus = prepare(&config, None, folder.path(), &mut |_| ()).unwrap();
    let pairs = fragment::minimal_pairs(1, 4);
    let texts = pairs.iter().flat_map(|pair| [pair.good.as_str(), pair.bad.as_str()]);
    let both: [Questions; 2] = [PSEUDO_LOG_LIKELIHOOD.how, PSEUDO_LOG_LIKELIHOOD_WORD_L2R.how];
    let (mut one, mut two) = (0, 0);
    for sentence in corpus.tokenizer.sentences_with_words(texts) {
        let vocabulary = corpus.tokenizer.vocabulary();
        one += asked_together(&both[..1], &sentence, vocabulary).len();
        two += asked_together(&both, &sentence, vocabulary).len();
    }
    assert!(two > one && two * 8 <= one * 9, "{one} and {two}");
}
