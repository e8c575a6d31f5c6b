//! The heads of the objectives whose encoder reads a text in which a generator has filled in hidden tokens (Clark et al.
//! 2020): the generator, and the head that judges what the encoder makes of the text.

use crate::generator::Generator;
use crate::laws::Rate;
use crate::scoring::{Answerer, Rule};
use crate::tensors::{mean, tensor_weights};
use crate::{Batch, Heads, Loss};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, Parameter, Parameters};
use cloze_foundation::Draw;
use std::fmt::Debug;

/// What is learnt from a text with proposals in it.
pub(crate) trait Judge: Module + Debug + Sync + 'static {
    /// The mean loss; `dropout` are the draws of training, and there are none outside of it.
    ///
    /// # Shapes
    /// - `proposed`: N ids that the encoder reads, result: `[1]`
    fn loss(&self, encoder: &Encoder, proposed: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<1>;

    /// What is lost on every prediction of a batch whose inputs are read as they are.
    fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32>;

    /// See [`Heads::reader`].
    fn reader(&self, _encoder: &Encoder) -> Option<Encoder> {
        None
    }
}

/// What [`ProposedHeads`] are to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposed {
    /// The name of the judge's loss among the parts of the loss.
    pub(crate) part: &'static str,
    /// The weight of the judge's loss beside the generator's.
    pub(crate) weight: Rate,
    /// What published code adds to the denominator of the generator's loss; usually 0.
    pub(crate) denominator_added: f64,
    /// Whether the generator's sample is never the original.
    pub(crate) disallow_correct: bool,
    /// How sentences are scored: the judge's rules, and then the generator's if there is one.
    pub(crate) rules: &'static [Rule],
}

/// A generator, none where the inputs have their proposals already, and a judge.
#[derive(Clone, Debug)]
pub(crate) struct ProposedHeads<J> {
    pub(crate) generator: Option<Generator>,
    pub(crate) judge: J,
    pub(crate) how: Proposed,
}

impl<J: Judge> Parameters for ProposedHeads<J> {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        if let Some(generator) = &self.generator {
            generator.each_parameter(see);
        }
        self.judge.each_parameter(see);
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        if let Some(generator) = &mut self.generator {
            generator.change_parameters(change);
        }
        self.judge.change_parameters(change);
    }
}

impl<J: Judge> Heads for ProposedHeads<J> {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = |part: &str| training.then(|| draw.purpose(part));
        let generated = self.generator.as_ref().map(|generator| {
            let hidden = generator.hidden(encoder, batch, dropout("generator dropout"));
            let sum = generator.cross_entropy(encoder, hidden.clone(), batch, training).sum;
            let seed = draw.purpose("generator sample").seed();
            let proposed = generator.propose(encoder, hidden, batch, seed, self.how.disallow_correct);
            (mean(sum, &batch.weights, self.how.denominator_added), proposed)
        });
        let proposed = generated.as_ref().map_or(&batch.inputs, |(_, proposed)| proposed);
        let replaced = proposed
            .iter()
            .zip(&batch.originals)
            .filter(|(now, before)| now != before);
        let replaced = replaced.count() as f32 / proposed.len().max(1) as f32;
        let judged = self.judge.loss(encoder, proposed, batch, dropout("dropout"));
        let replaced = tensor_weights(&[replaced], &encoder.device());
        let weighted = judged.clone() * self.how.weight.at(batch.progress);
        let loss = match generated {
            Some((generator, _)) => Loss::new(generator.clone() + weighted).with("generator", generator),
            None => Loss::new(weighted),
        };
        loss.with(self.how.part, judged).with("replaced", replaced)
    }

    fn rules(&self) -> &[Rule] {
        self.how.rules
    }

    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32> {
        match (rule.who, &self.generator) {
            (Answerer::Generator, Some(generator)) => generator.losses(encoder, batch),
            _ => self.judge.losses(encoder, batch),
        }
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        self.generator.as_ref().map(|_| Answerer::Generator)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        let generator = self.generator.as_ref()?;
        Some(generator.losses(encoder, batch))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let generator = self.generator.as_ref()?;
        Some(generator.guesses(encoder, batch))
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        let generator = self.generator.as_ref()?;
        Some(generator.answers(encoder, batch, count))
    }

    fn reader(&self, encoder: &Encoder) -> Option<Encoder> {
        self.judge.reader(encoder)
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(Self {
            generator: self.generator.clone().map(|generator| generator.valid()),
            judge: self.judge.clone().valid(),
            how: self.how,
        })
    }
}
