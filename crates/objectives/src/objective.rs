//! The contract of an objective.

use crate::laws::Rate;
use crate::scoring::Rule;
use crate::{Example, Heads, Model, Sizes};
use cloze_backbone::{Absolute, Encoder, EncoderConfig, HiddenMatrix, Init};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Key, Place, Result};
use cloze_options::{Field, Written};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an objective remembers of the answers that it heeded, by name: all that a resumed run has to be told of it.
pub type Memory = BTreeMap<String, Vec<f64>>;

/// What the model answered in a step, on the host: the [`Answers`](crate::Answers) of one part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// The part of the mixture that asked; 0 where there is none.
    pub part: usize,
    /// The truth, M ids.
    pub truth: Vec<u32>,
    /// How good each answer was, M numbers in [0, 1].
    pub credit: Vec<f32>,
}

/// An objective with its options filled in.
pub trait Objective: Send + Sync {
    /// The options, every default filled in: what the plan freezes and the run id hashes.
    fn options(&self) -> toml::Table;

    /// The options as they come to bear on an encoder: those that make no difference there are written alike, so that what
    /// trains alike has one run id.
    ///
    /// # Errors
    /// What cannot be built on such an encoder, at its key.
    fn fitted(&self, _encoder: &EncoderConfig) -> Result<toml::Table> {
        Ok(self.options())
    }

    /// Of several objectives on one encoder the first, which decides how the model reads a text: the name that its heads are below,
    /// which objective it is, and itself.
    fn first(&self) -> Option<(&str, &str, &dyn Objective)> {
        None
    }

    /// Whether every option can come to bear on an encoder of this size and on windows of its length.
    ///
    /// # Errors
    /// An option that asks for more than there is, at its key: it would be another run's id and no other run.
    fn reaches(&self, _encoder: &EncoderConfig) -> Result<()> {
        Ok(())
    }

    /// The option that weighs what the encoder learns of it, with its values, where there is one.
    fn weighed_by(&self) -> Option<(&'static str, Rate)> {
        None
    }

    /// Whether the encoder, which is what is judged, learns something.
    ///
    /// # Errors
    /// What it is trained with counts nothing all along, at the key of its weight.
    fn teaches(&self) -> Result<()> {
        match self.weighed_by() {
            Some((key, Rate::Fixed(0.0))) => Err(untaught(key)),
            _ => Ok(()),
        }
    }

    /// [`fitted`](Self::fitted), on an encoder whose parts are all of use, by options that all are.
    ///
    /// # Errors
    /// An enhanced mask decoder where tokens are not predicted from it, and options of logits where there are none, at their keys among
    /// the encoder's; and as `teaches`, `reaches` and `fitted`.
    fn on(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        let decoder = encoder.disentangled.map(|disentangled| disentangled.absolute) == Some(Absolute::Decoder);
        if decoder && !self.predicts_by_decoder() {
            let what = "this objective does not predict tokens from the encoder alone, so that a decoder there has nothing to do";
            return Err(Fault::usage(what)
                .at(Place::key("encoder.disentangled.absolute"))
                .remedy("choose another encoder.disentangled.absolute: \"none\" or \"embeddings\""));
        }
        let of_logits = [
            ("encoder.logit_cap", encoder.logit_cap.is_some()),
            ("encoder.z_loss", encoder.z_loss > 0.0),
        ];
        if let Some((key, _)) = of_logits.into_iter().find(|(_, is_set)| *is_set)
            && !self.has_logits()
        {
            let what = "this objective predicts no token from the vocabulary, so that there are no logits to be capped or kept small";
            let remedy = format!("leave it out, or give it to the other arms alone: set.\"{key}\" in each");
            return Err(Fault::usage(what).at(Place::key(key)).remedy(remedy));
        }
        self.teaches()?;
        self.reaches(encoder)?;
        self.fitted(encoder)
    }

    /// Whether its tokens are predicted from what an encoder's [mask decoder](Encoder::decoded_at) says of them.
    fn predicts_by_decoder(&self) -> bool {
        self.has_vocabulary_head()
    }

    /// What it wants to know of the training text as a whole.
    fn needs(&self) -> Vec<Statistic> {
        Vec::new()
    }

    /// Whether it hides whole words, and so needs a text of which it can be told where they begin.
    fn reads_words(&self) -> bool {
        false
    }

    /// Whether its windows have to come with [another one](Window::elsewhere).
    fn reads_elsewhere(&self) -> bool {
        false
    }

    /// Takes the answers, once, before training: [`needs`](Self::needs) says which. An objective that was not prepared,
    /// as when a plan is priced before there is a corpus, corrupts all the same: as if every id were equally frequent.
    ///
    /// # Errors
    /// A text that the objective can do nothing with.
    fn prepare(&mut self, _statistics: &Statistics) -> Result<()> {
        Ok(())
    }

    /// The window as it is read before anything is hidden: cut into segments, where there are two.
    fn read<'a>(&self, window: &'a Window, _vocabulary: &Vocabulary, _progress: f64, _draw: Draw) -> Cow<'a, Window> {
        Cow::Borrowed(window)
    }

    /// Hears what the model answered in a step: those that hide by what the model knows already learn it here, and nowhere
    /// else, so that between two steps [`corrupt`](Self::corrupt) is pure.
    fn heed(&mut self, _answered: &[Answered]) {}

    /// What it remembers of that.
    fn memory(&self) -> Memory {
        Memory::new()
    }

    /// Goes on with what was remembered: it corrupts then as the one that remembered it.
    ///
    /// # Errors
    /// What another objective remembered.
    fn recall(&mut self, memory: &Memory) -> Result<()> {
        crate::units::nothing_but(&[], memory)
    }

    /// Hides and chooses: pure, on the host, integers in and integers out. `progress` is the share of the budget
    /// used, in [0, 1], for rates that change along training.
    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example;

    /// How many predictions its rate means in a window, not rounded to whole tokens; `None` where no rate says how many.
    fn asked(&self, _window: &Window, _vocabulary: &Vocabulary, _progress: f64) -> Option<f64> {
        None
    }

    /// How many there are on average by its law, where that is known to be another number. What [`corrupt`](Self::corrupt) really
    /// predicts is held against it before training.
    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        self.asked(window, vocabulary, progress)
    }

    /// What this objective puts on the encoder. Initial values are drawn at the names of the parameters under `init`.
    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads>;

    /// Whether its heads are, or have, a [vocabulary head](Heads::vocabulary_head) that the parts of a mixture can share.
    fn has_vocabulary_head(&self) -> bool {
        false
    }

    /// Whether anybody, the encoder's head or a helper's, predicts tokens by a softmax over the vocabulary.
    fn has_logits(&self) -> bool {
        true
    }

    /// Tokens that a batch of these sizes has predicted from the vocabulary.
    fn predictions(&self, sizes: &Sizes) -> usize {
        sizes.predicted
    }

    /// How many kinds of segments its examples have, for the encoder's table of them.
    fn segments(&self) -> usize {
        1
    }

    /// The model to train: the shared encoder with the heads.
    fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Model {
        let encoder = EncoderConfig {
            segments: encoder.segments.max(self.segments()),
            ..encoder.clone()
        };
        let heads = self.heads(&encoder, vocabulary, init);
        Model::new(Encoder::new(&encoder, vocabulary.size, &init.at("encoder")), heads)
    }

    /// Training FLOPs of a batch (forward, and twice that for backward), heads and helpers included.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64;

    /// Encoders that it trains beside the shared one.
    fn helpers(&self, _encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        Vec::new()
    }

    /// The matrices between hidden states, of the shared encoder and of the helpers.
    fn hidden_matrices(&self, encoder: &EncoderConfig) -> Vec<HiddenMatrix> {
        let helpers = self.helpers(encoder);
        std::iter::once(encoder)
            .chain(&helpers)
            .flat_map(HiddenMatrix::of)
            .collect()
    }

    /// How its model scores sentences, headline first, where that depends on its options; `None` where the registry says it.
    fn rules(&self) -> Option<Vec<Rule>> {
        None
    }

    /// Other objectives whose laws it uses, with their options: the parts of a mixture.
    fn uses(&self) -> Vec<(&'static str, toml::Table)> {
        Vec::new()
    }
}

/// What is said of a weight of 0.
pub(crate) fn untaught(key: impl Into<Key>) -> Fault {
    Fault::usage("the encoder's layers would learn nothing: the loss that teaches them never counts")
        .at(Place::key(key))
        .allowed(["above 0, for a part of the budget at least"])
}

/// What the registry knows of an objective: everything shown to people is generated from it.
pub struct Entry {
    /// The word in `objective = ".."`.
    pub name: &'static str,
    /// The version of its laws: raised when the same options give other examples, losses or scores. 1 is no part of a
    /// run id; a higher one is part of the ids of the runs that use the objective, and of no others.
    pub version: u32,
    /// For charts and tables.
    pub title: &'static str,
    /// Paper or source.
    pub citation: &'static str,
    /// What it does, in one or two sentences.
    pub summary: &'static str,
    /// Its options, as they are declared.
    pub options: fn() -> Vec<Field>,
    /// How its model scores sentences, headline first.
    pub scores: &'static [Rule],
    /// Reads its options. Faults have their places.
    pub configure: fn(&Written<'_>) -> Result<Box<dyn Objective>>,
}

impl Entry {
    /// The objective with frozen options, which nobody wrote: places are keys alone.
    ///
    /// # Errors
    /// An unknown key, or a value outside its range.
    pub fn with(&self, options: &toml::Table) -> Result<Box<dyn Objective>> {
        (self.configure)(&Written::new(&options.into(), ""))
    }
}
