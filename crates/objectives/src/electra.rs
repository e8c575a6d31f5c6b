//! ELECTRA: a small masked language model proposes replacements, the encoder tells which tokens were replaced (Clark et
//! al. 2020). Files named here are those of google-research/electra.

use crate::discriminator::Discriminator;
use crate::generator::{Generator, Plan, Shares, divided, no_deeper, of_share};
use crate::laws::{Mode, Pool, Rate, Slots};
use crate::proposed::{Proposed, ProposedHeads};
use crate::scoring::{Answerer, Rule, each_masked, every_position};
use crate::tensors::FORWARD_AND_BACKWARD;
use crate::{Entry, Example, Heads, Objective, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result, Stream};
use cloze_options::{Options, options, words};

/// Replaced-token detection.
pub static ENTRY: Entry = Entry {
    name: "electra",
    // 2: the generator has the width that is asked for, in one head for every 64 columns.
    version: 2,
    title: "ELECTRA",
    citation: "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators",
    summary: "A small generator fills in hidden tokens; the encoder tells for every token whether it was replaced.",
    options: Settings::fields,
    scores: SCORES,
    configure: |written| Ok(Box::new(Electra(Settings::read(written)?))),
};

const SCORES: &[Rule] = &[
    Rule::new(
        "discriminator",
        "sum over the tokens of log(1 - p(replaced)), from one pass over the sentence as it is",
        Answerer::Discriminator,
        every_position,
    ),
    GENERATOR_SCORE,
];

/// How the generator of an objective scores.
pub(crate) const GENERATOR_SCORE: Rule = Rule::new(
    "generator",
    "pseudo-log-likelihood by the generator, each token masked in turn",
    Answerer::Generator,
    each_masked,
);

words! {
    /// Where replacements come from.
    enum Source {
        /// A masked language model that is trained beside the encoder.
        Network = "network",
        /// Any token, as likely as any other; nothing is trained beside the encoder.
        Uniform = "uniform",
    }
}

words! {
    /// What the generator has of the encoder.
    enum Tying {
        /// Embeddings and their norm.
        Embeddings = "embeddings",
        /// Nothing: it has embeddings of its own, of its own width.
        Nothing = "none",
        /// Everything but the head; it has the encoder's size.
        All = "all",
    }
}

words! {
    /// Where the discriminator learns.
    enum Verdicts {
        /// At every position.
        All = "all",
        /// At the hidden positions alone: the paper's ELECTRA 15%.
        Masked = "masked",
    }
}

// The defaults are those of the small model in `configure_pretraining.py`. The 0.85 is a constant in
// `pretrain/pretrain_helpers.py`, not one minus the rate.
options! {
    /// Options of ELECTRA.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that the generator predicts.
        rate: Rate = Rate::Fixed(0.15);
        /// The share of those that the generator sees as [MASK]; it sees the others as they are.
        masked: Rate = Rate::Fixed(0.85), above(0).to(1);
        /// Where replacements come from.
        #[since = "0.2"]
        generator: Source = Source::Network;
        /// What the generator has of the encoder; `all` needs a generator of the encoder's size.
        #[since = "0.2"]
        tying: Tying = Tying::Embeddings;
        /// The generator's width as a share of the encoder's.
        generator_width: f64 = 0.25, above(0).to(1);
        /// The generator's layers.
        #[since = "0.2"]
        generator_layers: Option<usize> = None, from(1).to(1024) => "as many as the encoder's";
        /// Whether a replacement is never the token that it replaces.
        #[since = "0.2"]
        disallow_correct: bool = false;
        /// Where the discriminator learns.
        #[since = "0.2"]
        discriminate: Verdicts = Verdicts::All;
        /// The weight of the discriminator's loss beside the generator's.
        discriminator_weight: Rate = Rate::Fixed(50.0), from(0);
    }
    check Self::possible
}

struct Electra(Settings);

impl Electra {
    fn slots(&self, progress: f64) -> Slots {
        let Settings { mode, rate, masked, .. } = self.0;
        Slots {
            mode,
            rate: rate.at(progress),
            masked: masked.at(progress),
        }
    }

    /// The generator, if there is a network.
    fn plan(&self, encoder: &EncoderConfig) -> Option<Plan> {
        let (network, shares) = match (self.0.generator, self.0.tying) {
            (Source::Uniform, _) => return None,
            (_, Tying::All) => (encoder.clone(), Shares::Everything),
            (_, Tying::Nothing) => (self.0.network(encoder), Shares::Nothing),
            (_, Tying::Embeddings) => (self.0.network(encoder), Shares::Embeddings),
        };
        Some(Plan::new(encoder, network, shares))
    }

    /// Puts any token into every slot. `run_pretraining.py` draws from a softmax of zeros, special tokens included; the
    /// integer mean stands at a position that was drawn several times, as with the network's samples.
    fn replace(&self, example: &mut Example, vocabulary: &Vocabulary, stream: &mut Stream) {
        let pool = match self.0.mode {
            Mode::Corrected => Pool::Ids(vocabulary.ordinary()),
            Mode::Reference => Pool::Everything(vocabulary),
        };
        for ((position, target), weight) in example.positions.iter().zip(&example.targets).zip(&example.weights) {
            let mut draw = || match self.0.disallow_correct {
                true => pool.draw_another(*target, stream),
                false => pool.draw(*target, stream),
            };
            let count = *weight as u64;
            let sum: u64 = (0..count).map(|_| u64::from(draw())).sum();
            if let Some(mean) = sum.checked_div(count) {
                example.inputs[*position as usize] = mean as u32;
            }
        }
    }
}

impl Settings {
    /// A network of the width and depth that are asked for.
    fn network(&self, encoder: &EncoderConfig) -> EncoderConfig {
        of_share(
            encoder,
            self.generator_width,
            self.generator_layers.unwrap_or(encoder.layers),
        )
    }

    /// The generator as large as the encoder, as sharing everything needs it.
    fn whole(&self, encoder: &EncoderConfig) -> Result<Self> {
        let fault = |key: &'static str, given: String, allowed: String| {
            Err(Fault::usage(format!(
                "a generator that shares everything has the encoder's size, and not {given}"
            ))
            .at(Place::key(key))
            .allowed([allowed]))
        };
        let (width, layers) = (self.generator_width, self.generator_layers);
        if of_share(encoder, width, encoder.layers).width != encoder.width {
            return fault("generator_width", format!("{width} of its width"), "1.0".to_owned());
        }
        match layers {
            Some(layers) if layers != encoder.layers => fault(
                "generator_layers",
                format!("{layers} layers"),
                encoder.layers.to_string(),
            ),
            _ => Ok(Self {
                generator_width: 1.0,
                generator_layers: None,
                ..*self
            }),
        }
    }
}

impl Settings {
    /// A uniform generator learns nothing itself, and is no network of which anything could be said.
    fn possible(&self) -> Result<()> {
        if self.generator == Source::Network {
            return Ok(());
        }
        let usual = Self::default();
        let said = [
            ("masked", self.masked != usual.masked),
            ("tying", self.tying != usual.tying),
            ("generator_width", self.generator_width != usual.generator_width),
            ("generator_layers", self.generator_layers != usual.generator_layers),
        ];
        if let Some((key, _)) = said.into_iter().find(|(_, is_said)| *is_said) {
            return Err(
                Fault::usage("a uniform generator is no network: nothing of it reads or is trained")
                    .at(Place::key(key))
                    .remedy(format!("leave `{key}` out, or choose generator = \"network\"")),
            );
        }
        Ok(())
    }
}

impl Objective for Electra {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    /// A generator that shares everything is the encoder, and teaches it without the discriminator.
    fn weighed_by(&self) -> Option<(&'static str, Rate)> {
        let is_encoder = self.0.generator == Source::Network && self.0.tying == Tying::All;
        (!is_encoder).then_some(("discriminator_weight", self.0.discriminator_weight))
    }

    /// A generator that shares everything says by itself which sizes it may have.
    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        match self.0.tying {
            Tying::All => Ok(()),
            Tying::Embeddings | Tying::Nothing => no_deeper(encoder, self.0.generator_layers),
        }
    }

    /// A share that gives no whole number of columns is written as the one that it is rounded to.
    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        let fitted = match (self.0.generator, self.0.tying) {
            (Source::Uniform, _) => self.0,
            (Source::Network, Tying::All) => self.0.whole(encoder)?,
            (Source::Network, Tying::Embeddings | Tying::Nothing) => Settings {
                generator_width: divided(encoder, self.0.generator_width)?,
                generator_layers: self.0.generator_layers.filter(|layers| *layers != encoder.layers),
                ..self.0
            },
        };
        Ok(fitted.write())
    }

    /// A uniform generator has none.
    fn has_logits(&self) -> bool {
        self.0.generator == Source::Network
    }

    /// A uniform generator answers nothing.
    fn rules(&self) -> Option<Vec<Rule>> {
        let own = || ENTRY.scores.iter().filter(|rule| rule.who == Answerer::Discriminator);
        (self.0.generator == Source::Uniform).then(|| own().cloned().collect())
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.slots(progress).asked(window, vocabulary))
    }

    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.slots(progress).expected(window, vocabulary))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let (slots, mut stream) = (self.slots(progress), draw.stream());
        let mut example = slots.choose(window, vocabulary, &mut stream);
        match self.0.generator {
            Source::Network => slots.hide(&mut example, vocabulary, &mut stream),
            Source::Uniform => self.replace(&mut example, vocabulary, &mut stream),
        }
        example.progress = progress;
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let plan = self.plan(encoder);
        let rules = SCORES
            .iter()
            .filter(|rule| rule.who != Answerer::Generator || plan.is_some());
        let how = Proposed {
            part: "discriminator",
            weight: self.0.discriminator_weight,
            // `run_pretraining.py`.
            denominator_added: if self.0.mode == Mode::Reference { 1e-6 } else { 0.0 },
            disallow_correct: self.0.disallow_correct,
            rules: &SCORES[..rules.count()],
        };
        Box::new(ProposedHeads {
            generator: plan.map(|plan| Generator::new(&plan, vocabulary, init)),
            judge: Discriminator::new(encoder, self.0.discriminate == Verdicts::Masked, init),
            how,
        })
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        self.plan(encoder).and_then(|plan| plan.helper()).into_iter().collect()
    }

    /// 3 × (encoder forward at all N positions, or with its last block read at the M hidden ones + 2·N·D·(D + 1) of the
    /// verdicts there, or 2·M·D·(D + 1) + the generator: 2·N·E·G of the projection of shared embeddings where its width G is not
    /// E, its own body with the last block read at M positions, 2·M·E·(G + V) of its head). A uniform generator costs nothing.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let all = sizes.windows * sizes.length;
        let (body, verdicts) = match self.0.discriminate {
            Verdicts::All => (encoder.forward_flops(sizes.windows, sizes.length, false), all),
            Verdicts::Masked => (
                encoder.forward_flops_at(sizes.windows, sizes.length, false, sizes.predicted),
                sizes.predicted,
            ),
        };
        let generator = self
            .plan(encoder)
            .map_or(0.0, |plan| plan.forward_flops(vocabulary, sizes));
        FORWARD_AND_BACKWARD * (body + generator + Discriminator::forward_flops(encoder.width, verdicts))
    }
}

#[cfg(test)]
mod tests;
