//! How fast the second moment forgets: by the step, or by the tokens that steps read.

use cloze_foundation::Result;
use cloze_options::{Count, Kind, OptionType, Options, Range, Value, Written, options, range};

/// The decay of the second moment, as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forgetting {
    /// The same at every batch.
    Decay(f64),
    /// The same over as many tokens at every batch (Marek et al. 2025, Small Batch Size Training for Language Models).
    HalfLife(u64),
}

options! {
    /// A second moment that forgets by the tokens that are read, so that its decay follows the batch.
    #[derive(Copy)]
    struct Tokens {
        /// Tokens after which half of a squared gradient is forgotten.
        half_life: Count, range::from(1).to(1e12) => "say after how many tokens half is forgotten";
    }
}

impl Forgetting {
    /// beta_2 where a step reads that many tokens.
    pub fn decay(self, tokens_a_step: usize) -> f64 {
        match self {
            Self::Decay(decay) => decay,
            Self::HalfLife(tokens) => 0.5f64.powf(tokens_a_step as f64 / tokens as f64),
        }
    }
}

impl OptionType for Forgetting {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        match written.value() {
            Value::Table(_) => {
                let Tokens { half_life } = Options::read(written)?;
                Ok(Self::HalfLife(half_life.0))
            }
            Value::Float(_) | Value::Integer(_) => f64::read(written, range).map(Self::Decay),
            _ => Err(written.wrong_kind("a number, or { half_life }")),
        }
    }

    fn write(&self) -> Option<cloze_options::toml::Value> {
        match self {
            Self::Decay(decay) => OptionType::write(decay),
            Self::HalfLife(tokens) => OptionType::write(&Tokens {
                half_life: Count(*tokens),
            }),
        }
    }

    fn kind(range: Range) -> Kind {
        Kind::Either(vec![Kind::Number(range), Kind::Table(Tokens::fields())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_over_tokens_is_the_same_at_every_batch() {
        let forgetting = Forgetting::HalfLife(4096);
        assert_eq!(forgetting.decay(4096), 0.5);
        for tokens in [256, 1024, 2048] {
            let steps = (4096 / tokens) as i32;
            assert!((forgetting.decay(tokens).powi(steps) - 0.5).abs() < 1e-12, "{tokens}");
        }
        // However long it is, a decay stays below 1.
        assert!((0.0..1.0).contains(&Forgetting::HalfLife(1_000_000_000_000).decay(2)));
        assert!((0.0..1.0).contains(&Forgetting::HalfLife(1).decay(1 << 30)));
        assert_eq!(Forgetting::Decay(0.98).decay(1), Forgetting::Decay(0.98).decay(4096));
    }
}
