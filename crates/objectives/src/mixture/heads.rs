//! The heads of several objectives on one encoder.

use crate::heads::VOCABULARY_HEAD;
use crate::model::{below, untracked};
use crate::scoring::{Answerer, Rule};
use crate::tensors::tensor_weights;
use crate::{Answers, Batch, Continuation, Example, Heads, Loss, Part, Portion};
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, Parameter, Parameters};
use cloze_foundation::Draw;

/// The heads of all parts by name. The first part decides how the model reads a text for itself, and its headline rule is
/// the mixture's.
pub(super) struct MixtureHeads {
    parts: Vec<(String, Box<dyn Heads>)>,
    /// `mlm.pseudo-log-likelihood`, part by part, each with its part and its place among that part's rules.
    rules: Vec<Rule>,
    owners: Vec<(usize, usize)>,
    /// Whether all predict with the vocabulary head of the first part, which alone has it among its parameters.
    shared: bool,
}

impl MixtureHeads {
    pub(super) fn new(parts: Vec<(String, Box<dyn Heads>)>, shared: bool) -> Self {
        let (mut rules, mut owners) = (Vec::new(), Vec::new());
        for (part, (name, heads)) in parts.iter().enumerate() {
            for (place, rule) in heads.rules().iter().enumerate() {
                rules.push(rule.clone().of_part(name));
                owners.push((part, place));
            }
        }
        let mut heads = Self {
            parts,
            rules,
            owners,
            shared,
        };
        heads.share();
        heads
    }

    /// Gives every part the first one's vocabulary head, if they share it.
    fn share(&mut self) {
        let Some(((_, first), others)) = self.parts.split_first_mut().filter(|_| self.shared) else {
            return;
        };
        if let Some(head) = first.vocabulary_head() {
            others.iter_mut().for_each(|(_, part)| part.share_vocabulary_head(head));
        }
    }

    /// The part that answers about masked tokens: the first that does so from the encoder, or the first that does.
    fn of_masked(&self) -> Option<&dyn Heads> {
        self.masked().map(|(_, heads)| heads)
    }

    /// The part that goes on with a text: the one that answers about masked tokens, or the first that goes on.
    fn of_answers(&self) -> Option<&dyn Heads> {
        let goes_on = |heads: &&dyn Heads| heads.continuation().is_some();
        let first = || self.parts.iter().map(|(_, heads)| &**heads).find(goes_on);
        self.of_masked().or_else(first)
    }

    /// The part that answers about masked tokens with its name.
    fn masked(&self) -> Option<(&str, &dyn Heads)> {
        let answerers = self
            .parts
            .iter()
            .filter_map(|(name, heads)| Some((heads.masked_answerer()?, (name.as_str(), &**heads))));
        answerers.min_by_key(|(who, _)| *who).map(|(_, found)| found)
    }
}

fn is_of_vocabulary(path: &str) -> bool {
    path.strip_prefix(VOCABULARY_HEAD)
        .is_some_and(|rest| rest.starts_with('.'))
}

impl Parameters for MixtureHeads {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        for (index, (name, heads)) in self.parts.iter().enumerate() {
            heads.each_parameter(&mut |path, parameter| {
                if index == 0 || !(self.shared && is_of_vocabulary(path)) {
                    see(&below(name, path), parameter);
                }
            });
        }
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        for (index, (name, heads)) in self.parts.iter_mut().enumerate() {
            heads.change_parameters(&mut |path, parameter| {
                if index == 0 || !(self.shared && is_of_vocabulary(path)) {
                    change(&below(name, path), parameter)
                } else {
                    parameter
                }
            });
        }
        self.share();
    }
}

impl Heads for MixtureHeads {
    /// Beside every part's own loss, `<part>.loss`: the share of windows it had, `<part>.windows`, and its share of the
    /// weights, `<part>.weight`. What a part says of its loss is `<part>.<name>` where it says more than one thing.
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let whole = Part::default();
        let portions: Vec<(usize, f64, &Batch)> = match batch.portions.as_slice() {
            [] => vec![(whole.index, whole.weight, batch)],
            portions => portions
                .iter()
                .map(|Portion { part, weight, batch }| (*part, *weight, batch))
                .collect(),
        };
        let weights: f64 = portions.iter().map(|(_, weight, _)| weight).sum();
        let number = |value: f64| untracked(tensor_weights(&[value as f32], &encoder.device()));
        let mut total: Option<Tensor<1>> = None;
        let (mut parts, mut answers) = (Vec::new(), Vec::new());
        for (index, (name, heads)) in self.parts.iter().enumerate() {
            let found = portions.iter().find(|(part, ..)| *part == index);
            let (windows, weight) = found.map_or((0, 0.0), |(_, weight, own)| (own.windows, *weight));
            let mut say = |what: &str, value| parts.push((format!("{name}.{what}"), value));
            say("windows", number(windows as f64 / batch.windows.max(1) as f64));
            say("weight", number(if weights > 0.0 { weight / weights } else { 0.0 }));
            let Some((.., own)) = found else { continue };
            // The first part draws what it would draw alone.
            let draw = if index == 0 { draw } else { draw.purpose(name) };
            let loss = heads.loss(encoder, own, draw, training);
            say("loss", untracked(loss.total.clone()));
            if loss.parts.len() > 1 {
                loss.parts.into_iter().for_each(|(what, value)| say(&what, value));
            }
            answers.extend(loss.answers.into_iter().map(|own| Answers { part: index, ..own }));
            let weighted = loss.total * weight;
            total = Some(match total {
                Some(sum) => sum + weighted,
                None => weighted,
            });
        }
        let total = total.unwrap_or_else(|| encoder.tokens.val().sum() * 0.0);
        Loss { total, parts, answers }
    }

    fn reading(&self, ids: &[u32]) -> Example {
        let first = self.parts.first();
        first.map_or_else(|| Example::reading(ids), |(_, heads)| heads.reading(ids))
    }

    fn reader(&self, encoder: &Encoder) -> Option<Encoder> {
        self.parts.first().and_then(|(_, heads)| heads.reader(encoder))
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32> {
        let place = self.rules.iter().position(|own| own == rule);
        place.map_or_else(Vec::new, |place| {
            let (part, place) = self.owners[place];
            let heads = &self.parts[part].1;
            heads.losses(encoder, &heads.rules()[place], batch)
        })
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        self.of_masked().and_then(|heads| heads.masked_answerer())
    }

    fn masked_helper(&self) -> Option<String> {
        let (part, heads) = self.masked()?;
        Some(format!("{part}.{}", heads.masked_helper()?))
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        self.of_masked().and_then(|heads| heads.masked_losses(encoder, batch))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        self.of_masked().and_then(|heads| heads.masked_guesses(encoder, batch))
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        self.of_answers().and_then(|heads| heads.answers(encoder, batch, count))
    }

    fn continuation(&self) -> Option<Continuation> {
        self.of_answers().and_then(|heads| heads.continuation())
    }

    fn frozen(&self) -> Box<dyn Heads> {
        let parts = self.parts.iter();
        Box::new(Self::new(
            parts.map(|(name, heads)| (name.clone(), heads.frozen())).collect(),
            self.shared,
        ))
    }
}
