//! Mixtures: several objectives on one encoder. Every window is given to one of them, in shares that may change over the
//! budget, so that hybrids (shares between 0 and 1), detours (linear shares) and stages (step shapes) are one thing.
//!
//! A window of weight 1 counts as a window: the loss is the sum over the parts of (their windows' weights over B) times
//! their own mean loss. A hybrid of 15 masked windows to 1 causal one gives the causal loss 1/16 of the gradient's weight
//! at weight 1, as in Charpentier & Samuel 2024, GPT or BERT: why not both?

mod heads;

use crate::laws::Rate;
use crate::options::{self, Options};
use crate::{Entry, Example, Heads, Objective, Part, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Result};
use heads::MixtureHeads;
use serde::{Deserialize, Serialize};

/// See the registry, which does not have it yet: every entry there works without options.
pub static ENTRY: Entry = Entry {
    name: "mixture",
    version: 1,
    title: "Mixture",
    citation: "Charpentier & Samuel 2024, GPT or BERT: why not both?",
    summary: "Gives every window to one of several objectives, in shares that may change over the budget.",
    options: &[(
        "parts",
        "list of { objective, name, share, weight, and the objective's options }; `share` of the windows, 0 to 1 or a schedule (one part may leave it out: it takes what is left), `weight` of a window in the loss, 0 or more or a schedule; no default",
    )],
    scores: &[],
    configure: |table| Ok(Box::new(Mixture::read(table)?)),
};

/// How far the sum of shares may be from 1.
const TOLERANCE: f64 = 1e-9;
/// Moments at which the shares are summed: all shapes are monotone and smooth but for the step at one half.
const MOMENTS: usize = 1000;

/// What a part says beside its objective's options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Mixing {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<Rate>,
    weight: Rate,
}

impl Default for Mixing {
    fn default() -> Self {
        Self {
            name: String::new(),
            share: None,
            weight: Rate::Fixed(1.0),
        }
    }
}

impl Options for Mixing {
    fn check(&self) -> Result<()> {
        if let Some(share) = &self.share {
            share.check_in("share", |value| (0.0..=1.0).contains(&value), "0 to 1")?;
        }
        self.weight
            .check_in("weight", |value| value >= 0.0 && value.is_finite(), "0 or more")
    }
}

/// One of the objectives.
struct Mixed {
    mixing: Mixing,
    word: &'static str,
    objective: Box<dyn Objective>,
}

impl Mixed {
    const OWN_KEYS: [&str; 3] = ["name", "share", "weight"];

    fn read(value: &toml::Value) -> Result<Self> {
        let Some(table) = value.as_table() else {
            return Err(Fault::usage("a part is a table").allowed(["{ objective = \"mlm\", share = 0.5 }"]));
        };
        let Some(name) = table.get("objective").and_then(toml::Value::as_str) else {
            return Err(Fault::usage("a part without an objective")
                .at("objective")
                .remedy("`cloze explain` lists the objectives"));
        };
        let entry = crate::find(name).map_err(|fault| fault.at("objective"))?;
        let (own, mut rest): (toml::Table, toml::Table) = table
            .clone()
            .into_iter()
            .partition(|(key, _)| Self::OWN_KEYS.contains(&key.as_str()));
        rest.remove("objective");
        let mut mixing: Mixing = options::read(&own)?;
        if mixing.name.is_empty() {
            entry.name.clone_into(&mut mixing.name);
        }
        Ok(Self {
            objective: crate::configure(name, &rest)?,
            word: entry.name,
            mixing,
        })
    }

    fn write(&self) -> toml::Table {
        let mut table = toml::Table::from_iter([("objective".to_owned(), self.word.into())]);
        table.extend(options::write(&self.mixing));
        table.extend(self.objective.options());
        table
    }
}

/// Several objectives on one encoder.
pub struct Mixture {
    parts: Vec<Mixed>,
}

impl Mixture {
    /// Reads `parts = [{ objective = "mlm", share = 0.5, rate = 0.3 }, { objective = "autoregressive" }]`.
    ///
    /// # Errors
    /// No part, two parts with one name, shares whose sum is not 1 everywhere, or what a part's objective says, with the
    /// part in front of the key.
    pub fn read(table: &toml::Table) -> Result<Self> {
        if let Some(key) = table.keys().find(|key| *key != "parts") {
            let fault = Fault::usage(format!("unknown key `{key}`")).at(key.as_str());
            return Err(fault.allowed(["parts"]).nearest(key, ["parts"]));
        }
        let parts = table.get("parts").and_then(toml::Value::as_array);
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Err(Fault::usage("a mixture of nothing")
                .at("parts")
                .allowed(["[{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }]"]));
        };
        let read = |(index, part)| Mixed::read(part).map_err(|fault| inside(index, fault));
        let parts = parts.iter().enumerate().map(read).collect::<Result<Vec<Mixed>>>()?;
        let mixture = Self { parts };
        mixture.check_names()?;
        mixture.check_shares()?;
        Ok(mixture)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.mixing.name.as_str())
    }

    /// Names are parts of parameter paths and of metrics.
    fn check_names(&self) -> Result<()> {
        for (index, name) in self.names().enumerate() {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            let taken = self.names().take(index).any(|earlier| earlier == name);
            let what = if taken {
                format!("two parts are called `{name}`")
            } else if name == "encoder" || !name.chars().all(plain) {
                format!("`{name}` cannot be the name of a part")
            } else {
                continue;
            };
            let fault = Fault::usage(what).allowed(["letters, digits and `-`, no name twice, and not `encoder`"]);
            let fault = fault.remedy("give the part a `name` of its own");
            return Err(inside(index, fault.at("name")));
        }
        Ok(())
    }

    fn check_shares(&self) -> Result<()> {
        let shares = || self.parts.iter().filter_map(|part| part.mixing.share);
        let without = self.parts.len() - shares().count();
        if without > 1 {
            let fault = Fault::usage(format!("{without} parts have no share")).at("parts");
            return Err(fault.remedy("give all parts but one a `share`; that one takes what is left"));
        }
        let least = if without == 0 { 1.0 - TOLERANCE } else { 0.0 };
        let before_the_step = 0.5 - f64::EPSILON;
        let moments = (0..=MOMENTS).map(|moment| moment as f64 / MOMENTS as f64);
        for progress in moments.chain([before_the_step]) {
            let sum: f64 = shares().map(|share| share.at(progress)).sum();
            if !(least..=1.0 + TOLERANCE).contains(&sum) {
                let at = (progress * 100.0).round();
                let what = format!("the shares have a sum of {sum:.3} when {at} % of the budget is used");
                return Err(Fault::usage(what)
                    .at("parts")
                    .allowed(["1 all along"])
                    .remedy("leave one part's `share` out: it takes what is left"));
            }
        }
        Ok(())
    }

    /// The shares of the windows at a moment; their sum is 1.
    pub fn shares(&self, progress: f64) -> Vec<f64> {
        let given = self.parts.iter().map(|part| part.mixing.share);
        let given: Vec<Option<f64>> = given.map(|share| share.map(|share| share.at(progress))).collect();
        let rest = 1.0 - given.iter().flatten().sum::<f64>();
        // A sum that is 1 but for rounding leaves nothing.
        let rest = if rest < TOLERANCE { 0.0 } else { rest };
        given.into_iter().map(|share| share.unwrap_or(rest)).collect()
    }
}

/// A fault of part `index`.
fn inside(index: usize, fault: Fault) -> Fault {
    let place = match &fault.place {
        Some(key) => format!("parts[{index}].{key}"),
        None => format!("parts[{index}]"),
    };
    Fault {
        place: Some(place),
        ..fault
    }
}

impl Objective for Mixture {
    fn options(&self) -> toml::Table {
        let parts: Vec<toml::Value> = self.parts.iter().map(|part| part.write().into()).collect();
        toml::Table::from_iter([("parts".to_owned(), parts.into())])
    }

    fn needs(&self) -> Vec<Statistic> {
        let mut needs: Vec<Statistic> = self.parts.iter().flat_map(|part| part.objective.needs()).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        let mut parts = self.parts.iter_mut().enumerate();
        parts.try_for_each(|(index, part)| part.objective.prepare(statistics).map_err(|fault| inside(index, fault)))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let index = draw.purpose("mixture").stream().weighted(&self.shares(progress));
        let Mixed { mixing, objective, .. } = &self.parts[index];
        Example {
            part: Part {
                index,
                weight: mixing.weight.at(progress),
            },
            ..objective.corrupt(window, vocabulary, progress, draw)
        }
    }

    /// Every part's heads begin as they do without the mixture, whatever else is in it.
    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let parts = self.parts.iter().map(|part| {
            let heads = part.objective.heads(encoder, vocabulary, init);
            (part.mixing.name.clone(), heads)
        });
        Box::new(MixtureHeads::new(parts.collect()))
    }

    fn segments(&self) -> usize {
        let segments = self.parts.iter().map(|part| part.objective.segments());
        segments.max().unwrap_or(1)
    }

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
