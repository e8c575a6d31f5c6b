//! Mixtures: several objectives on one encoder. Every window is given to one of them, in shares that may change over the
//! budget, so that hybrids (shares between 0 and 1), detours (linear shares) and stages (step shapes) are one thing.
//!
//! A window of weight 1 counts as a window: the loss is the sum over the parts of (their windows' weights over B) times
//! their own mean loss. A hybrid of 15 masked windows to 1 causal one gives the causal loss 1/16 of the gradient's weight
//! at weight 1, as in Charpentier & Samuel 2024, GPT or BERT: why not both?

mod heads;

use crate::laws::Rate;
use crate::objective::untaught;
use crate::registry::of_text;
use crate::scoring::Rule;
use crate::{Answered, Entry, Example, Heads, Memory, OBJECTIVES, Objective, Part, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Key, Place, Result};
use cloze_options::{Field, Kind, Options, Usual, Value, Word, Written, object, options, words};
use heads::MixtureHeads;
use std::borrow::Cow;

/// A mixture. It stands beside the registry's list, whose entries all work without options.
pub static ENTRY: Entry = Entry {
    name: MIXTURE,
    version: 1,
    title: "Mixture",
    citation: "Charpentier & Samuel 2024, GPT or BERT: why not both?",
    summary: "Gives every window to one of several objectives, in shares that may change over the budget.",
    options: Mixture::fields,
    scores: &[],
    configure: |written| Ok(Box::new(Mixture::read(written)?)),
};

/// How far the sum of shares may be from 1.
const TOLERANCE: f64 = 1e-9;
/// What it is called, and the key of the list of its parts.
pub const MIXTURE: &str = "mixture";
/// The key of an arm, and of a part, that names what it is.
pub(crate) const OBJECTIVE: &str = "objective";
/// What a list of parts looks like: a mixture whose parts have no options of their own.
pub const EXAMPLE: &str = "[{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }]";

options! {
    /// What a part says beside its objective and the objective's options.
    struct Mixing {
        /// What parameter paths and metrics call it.
        name: Option<String> = None => "the objective's";
        /// The share of the windows that it gets. One part may leave it out.
        share: Option<Rate> = None, from(0).to(1) => "what the others leave";
        /// The weight of each of its windows in the loss.
        weight: Rate = Rate::Fixed(1.0), from(0);
    }
}

options! {
    /// What concerns all parts.
    #[derive(Copy)]
    struct Together {
        /// Whether every part has a vocabulary head of its own, or all predict with the first one's.
        vocabulary_head: VocabularyHeads = VocabularyHeads::Own;
    }
}

words! {
    /// Whose head predicts tokens.
    pub enum VocabularyHeads {
        /// Every part has its own.
        Own = "own",
        /// One for all, as in GPT-BERT.
        Shared = "shared",
    }
}

/// One of the objectives.
struct Mixed {
    name: String,
    share: Option<Rate>,
    weight: Rate,
    word: &'static str,
    objective: Box<dyn Objective>,
}

impl Mixed {
    /// A table for each objective, as what may stand beside it depends on it.
    fn kind() -> Kind {
        let part = |entry: &&Entry| {
            let objective = Field {
                name: OBJECTIVE,
                meaning: entry.summary.to_owned(),
                kind: Kind::Words(vec![Word {
                    name: entry.name,
                    meaning: entry.title.to_owned(),
                }]),
                usual: Usual::Required,
                since: None,
            };
            object(&[vec![objective], Mixing::fields(), (entry.options)()].concat())
        };
        let parts: Vec<serde_json::Value> = OBJECTIVES.iter().map(part).collect();
        Kind::Other {
            said: "{ objective, its options, name, share, weight }".to_owned(),
            schema: serde_json::json!({ "oneOf": parts }),
            fields: Mixing::fields(),
        }
    }

    fn read(written: &Written<'_>) -> Result<Self> {
        let (own, mut rest) = written.split(&Mixing::names())?;
        let named = written.get(OBJECTIVE);
        let named = named.ok_or_else(|| written.missing(OBJECTIVE, "`cloze explain` lists the objectives"))?;
        let words: Vec<&str> = OBJECTIVES.iter().map(|entry| entry.name).collect();
        let word = words[named.word(&words)?];
        if let Value::Table(table) = &mut rest.value {
            table.remove(OBJECTIVE);
        }
        let Mixing { name, share, weight } = Mixing::read(&Written::new(&own, written.key().clone()))?;
        Ok(Self {
            name: name.unwrap_or_else(|| word.to_owned()),
            share,
            weight,
            word,
            objective: crate::read(word, &Written::new(&rest, written.key().clone()))?,
        })
    }

    /// The part as it is frozen, with its objective's options.
    fn write(&self, options: toml::Table) -> toml::Table {
        let mut table = toml::Table::from_iter([(OBJECTIVE.to_owned(), self.word.into())]);
        let mixing = Mixing {
            name: Some(self.name.clone()),
            share: self.share,
            weight: self.weight,
        };
        table.extend(mixing.write());
        table.extend(options);
        table
    }
}

/// Several objectives on one encoder.
pub struct Mixture {
    parts: Vec<Mixed>,
    together: Together,
}

impl Mixture {
    fn fields() -> Vec<Field> {
        let parts = Field {
            name: MIXTURE,
            meaning: "The objectives, each with its own options beside what it says of its part.".to_owned(),
            kind: Kind::List(Box::new(Mixed::kind())),
            usual: Usual::Required,
            since: None,
        };
        [vec![parts], Together::fields()].concat()
    }

    /// Reads `mixture = [{ objective = "mlm", share = 0.5, rate = 0.3 }, { objective = "autoregressive" }]`.
    ///
    /// # Errors
    /// No part, two parts with one name, shares whose sum is not 1 everywhere, or what a part's objective says.
    pub fn read(written: &Written<'_>) -> Result<Self> {
        let own = Together::names();
        written.table(&[&[MIXTURE], own.as_slice()].concat())?;
        let (own, _) = written.split(&own)?;
        let together = Together::read(&Written::new(&own, written.key().clone()))?;
        let list = written.get(MIXTURE).map(|parts| parts.list()).transpose()?;
        let parts: Vec<Mixed> = list
            .unwrap_or_default()
            .iter()
            .map(Mixed::read)
            .collect::<Result<_>>()?;
        if parts.is_empty() {
            let fault = Fault::usage("a mixture of nothing").at(Place::key(MIXTURE));
            return Err(written.locate(fault.allowed([EXAMPLE])));
        }
        let mixture = Self { parts, together };
        mixture.check_heads().map_err(|fault| written.locate(fault))?;
        mixture.check_names().map_err(|fault| written.locate(fault))?;
        mixture.check_shares().map_err(|fault| written.locate(fault))?;
        Ok(mixture)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.name.as_str())
    }

    /// Names are parts of parameter paths and of metrics.
    fn check_names(&self) -> Result<()> {
        for (index, name) in self.names().enumerate() {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            let taken = self.names().take(index).any(|earlier| earlier == name);
            let what = if taken {
                format!("two parts are called `{name}`")
            } else if name.is_empty() || name == "encoder" || !name.chars().all(plain) {
                format!("`{name}` cannot be the name of a part")
            } else {
                continue;
            };
            let fault = Fault::usage(what).allowed(["letters, digits and `-`, no name twice, and not `encoder`"]);
            let place = Place::key(Key::from(MIXTURE).index(index).join("name"));
            return Err(fault
                .remedy("give the part a name of its own: name = \"...\"")
                .at(place));
        }
        Ok(())
    }

    fn is_shared(&self) -> bool {
        self.together.vocabulary_head == VocabularyHeads::Shared
    }

    /// A head can be shared by those who have one.
    fn check_heads(&self) -> Result<()> {
        let without = self.parts.iter().find(|part| !part.objective.has_vocabulary_head());
        let Some(part) = without.filter(|_| self.is_shared()) else {
            return Ok(());
        };
        let what = format!(
            "`{}` predicts tokens otherwise than with one head on the encoder",
            part.word
        );
        Err(Fault::usage(what)
            .at(Place::key("vocabulary_head"))
            .allowed([VocabularyHeads::Own.to_string()])
            .remedy("give every part its own head, or leave that part out"))
    }

    /// The options with the parts as they are frozen.
    fn written(&self, parts: Vec<toml::Value>) -> toml::Table {
        let mut table = self.together.write();
        table.insert(MIXTURE.to_owned(), parts.into());
        table
    }

    fn check_shares(&self) -> Result<()> {
        let shares = || self.parts.iter().filter_map(|part| part.share);
        let without = self.parts.len() - shares().count();
        if without > 1 {
            let fault = Fault::usage(format!("{without} parts have no share")).at(Place::key(MIXTURE));
            return Err(fault.remedy("give all parts but one a `share`; that one takes what is left"));
        }
        let least = if without == 0 { 1.0 - TOLERANCE } else { 0.0 };
        let given: Vec<Rate> = shares().collect();
        for progress in Rate::moments(&given) {
            let sum: f64 = shares().map(|share| share.at(progress)).sum();
            if !(least..=1.0 + TOLERANCE).contains(&sum) {
                let at = (progress * 100.0).round();
                let what = format!("the shares have a sum of {sum:.6} when {at} % of the budget is used");
                return Err(Fault::usage(what)
                    .at(Place::key(MIXTURE))
                    .allowed(["1 all along"])
                    .remedy("leave one part's `share` out: it takes what is left"));
            }
        }
        // Beside others that take everything all along a part is in the id and trains nothing.
        let moments = Rate::moments(&given);
        let is_idle = |index: &usize| {
            moments
                .iter()
                .all(|progress| self.shares(*progress)[*index] <= TOLERANCE)
        };
        match (0..self.parts.len()).find(is_idle) {
            Some(index) => {
                let what = format!("`{}` never gets a window", self.parts[index].name);
                Err(of_part(index, Fault::usage(what).at(Place::key("share")))
                    .remedy("leave it out, or give it a share at some time"))
            }
            None => Ok(()),
        }
    }

    /// What every part says, by the share of the windows that it gets.
    fn by_share(&self, progress: f64, of: impl Fn(&dyn Objective) -> Option<f64>) -> Option<f64> {
        let shares = self.shares(progress);
        let parts = self.parts.iter().zip(shares);
        parts.map(|(part, share)| Some(of(&*part.objective)? * share)).sum()
    }

    /// Which part gets a window.
    fn part(&self, progress: f64, draw: Draw) -> usize {
        draw.purpose("mixture").stream().weighted(&self.shares(progress))
    }

    /// The shares of the windows at a moment; their sum is 1.
    pub fn shares(&self, progress: f64) -> Vec<f64> {
        let given = self.parts.iter().map(|part| part.share);
        let given: Vec<Option<f64>> = given.map(|share| share.map(|share| share.at(progress))).collect();
        let rest = 1.0 - given.iter().flatten().sum::<f64>();
        // A sum that is 1 but for rounding leaves nothing.
        let rest = if rest < TOLERANCE { 0.0 } else { rest };
        given.into_iter().map(|share| share.unwrap_or(rest)).collect()
    }
}

/// A part's fault, at the part's key.
fn of_part(index: usize, mut fault: Fault) -> Fault {
    let at = Key::from(MIXTURE).index(index);
    for place in &mut fault.places {
        place.key = at.joined(&place.key);
    }
    fault
}

impl Objective for Mixture {
    fn options(&self) -> toml::Table {
        let parts: Vec<toml::Value> = self
            .parts
            .iter()
            .map(|part| part.write(part.objective.options()).into())
            .collect();
        self.written(parts)
    }

    /// A mixture of one trains what its objective trains alone, and would be another run beside it.
    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        if let [only] = self.parts.as_slice() {
            return Err(
                Fault::usage(format!("a mixture of `{}` alone is that objective", only.word))
                    .at(Place::key(MIXTURE))
                    .remedy(format!(
                        "write objective = \"{}\" with its options in the arm, or add another part",
                        only.word
                    )),
            );
        }
        let mut parts = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let options = part.objective.fitted(encoder).map_err(|fault| of_part(index, fault))?;
            parts.push(part.write(options).into());
        }
        Ok(self.written(parts))
    }

    fn first(&self) -> Option<(&str, &str, &dyn Objective)> {
        let first = self.parts.first()?;
        Some((&first.name, first.word, &*first.objective))
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        let mut parts = self.parts.iter().enumerate();
        parts.try_for_each(|(index, part)| {
            let reaches = part.objective.reaches(encoder);
            reaches.map_err(|fault| of_part(index, fault))
        })
    }

    fn predicts_by_decoder(&self) -> bool {
        self.parts.iter().all(|part| part.objective.predicts_by_decoder())
    }

    fn has_logits(&self) -> bool {
        self.parts.iter().any(|part| part.objective.has_logits())
    }

    /// One of the parts does, at a moment at which it gets windows that count.
    fn teaches(&self) -> Result<()> {
        let weights = self.parts.iter().map(|part| {
            let own = part.objective.weighed_by();
            [part.weight, own.map_or(Rate::Fixed(1.0), |(_, weight)| weight)]
        });
        let weights: Vec<[Rate; 2]> = weights.collect();
        let shares = self.parts.iter().filter_map(|part| part.share);
        let rates: Vec<Rate> = shares.chain(weights.iter().flatten().copied()).collect();
        let is_taught = |progress: f64| {
            let mut parts = self.shares(progress).into_iter().zip(&weights);
            parts.any(|(share, weights)| share > TOLERANCE && weights.iter().all(|weight| weight.at(progress) > 0.0))
        };
        if Rate::moments(&rates).into_iter().any(is_taught) {
            return Ok(());
        }
        // The weight that a part gives itself is the nearer reason.
        let own = |(index, part): (usize, &Mixed)| Some(of_part(index, part.objective.teaches().err()?));
        let own = self.parts.iter().enumerate().find_map(own);
        Err(own.unwrap_or_else(|| of_part(0, untaught("weight"))))
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        self.by_share(progress, |part| part.asked(window, vocabulary, progress))
    }

    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        self.by_share(progress, |part| part.expected(window, vocabulary, progress))
    }

    fn needs(&self) -> Vec<Statistic> {
        let mut needs: Vec<Statistic> = self.parts.iter().flat_map(|part| part.objective.needs()).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    fn reads_words(&self) -> bool {
        self.parts.iter().any(|part| part.objective.reads_words())
    }

    fn reads_elsewhere(&self) -> bool {
        self.parts.iter().any(|part| part.objective.reads_elsewhere())
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        let mut parts = self.parts.iter_mut().enumerate();
        parts.try_for_each(|(index, part)| {
            let prepared = part.objective.prepare(statistics);
            prepared.map_err(|fault| of_part(index, of_text(fault)))
        })
    }

    /// Every part hears what was answered to it.
    fn heed(&mut self, answered: &[Answered]) {
        for (index, part) in self.parts.iter_mut().enumerate() {
            let own = answered.iter().filter(|answered| answered.part == index);
            let own: Vec<Answered> = own
                .map(|answered| Answered {
                    part: 0,
                    ..answered.clone()
                })
                .collect();
            part.objective.heed(&own);
        }
    }

    /// Under the parts' names.
    fn memory(&self) -> Memory {
        let of = |part: &Mixed| {
            let own = part.objective.memory().into_iter();
            own.map(|(name, numbers)| (format!("{}.{name}", part.name), numbers))
                .collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of).collect()
    }

    fn recall(&mut self, memory: &Memory) -> Result<()> {
        let owner = |name: &str| name.split_once('.').map(|(part, _)| part.to_owned());
        let is_known = |name: &String| owner(name).is_some_and(|part| self.names().any(|known| known == part));
        if let Some(name) = memory.keys().find(|name| !is_known(name)) {
            return Err(Fault::run(format!("nothing is remembered as `{name}`")));
        }
        self.parts.iter_mut().try_for_each(|part| {
            let own = |(name, numbers): (&String, &Vec<f64>)| {
                let name = name.strip_prefix(&part.name)?.strip_prefix('.')?;
                Some((name.to_owned(), numbers.clone()))
            };
            let own: Memory = memory.iter().filter_map(own).collect();
            part.objective.recall(&own)
        })
    }

    fn read<'a>(&self, window: &'a Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Cow<'a, Window> {
        let part = &self.parts[self.part(progress, draw)];
        part.objective.read(window, vocabulary, progress, draw)
    }

    fn predictions(&self, sizes: &Sizes) -> usize {
        match sizes.portions.as_slice() {
            [] => self.parts[0].objective.predictions(sizes),
            portions => portions
                .iter()
                .map(|(index, sizes)| self.parts[*index].objective.predictions(sizes))
                .sum(),
        }
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let index = self.part(progress, draw);
        let Mixed { weight, objective, .. } = &self.parts[index];
        Example {
            part: Part {
                index,
                weight: weight.at(progress),
            },
            ..objective.corrupt(window, vocabulary, progress, draw)
        }
    }

    /// Every part's heads begin as they do without the mixture, whatever else is in it.
    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let parts = self.parts.iter().map(|part| {
            let heads = part.objective.heads(encoder, vocabulary, init);
            (part.name.clone(), heads)
        });
        Box::new(MixtureHeads::new(parts.collect(), self.is_shared()))
    }

    fn segments(&self) -> usize {
        let segments = self.parts.iter().map(|part| part.objective.segments());
        segments.max().unwrap_or(1)
    }

    fn rules(&self) -> Option<Vec<Rule>> {
        let of = |part: &Mixed| {
            let own = part.objective.rules();
            let known = || crate::find(part.word).map_or(Vec::new(), |entry| entry.scores.to_vec());
            let own = own.unwrap_or_else(known).into_iter();
            own.map(|rule| rule.of_part(&part.name)).collect::<Vec<_>>()
        };
        Some(self.parts.iter().flat_map(of).collect())
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        self.parts
            .iter()
            .flat_map(|part| part.objective.helpers(encoder))
            .collect()
    }

    /// The sum over the parts of what each costs on its own windows, by its own count.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let of = |index: usize, sizes: &Sizes| self.parts[index].objective.flops(encoder, vocabulary, sizes);
        match sizes.portions.as_slice() {
            [] => of(0, sizes),
            portions => portions.iter().map(|(index, sizes)| of(*index, sizes)).sum(),
        }
    }

    fn uses(&self) -> Vec<(&'static str, toml::Table)> {
        let parts = self.parts.iter();
        parts.map(|part| (part.word, part.objective.options())).collect()
    }
}

#[cfg(test)]
mod tests;
