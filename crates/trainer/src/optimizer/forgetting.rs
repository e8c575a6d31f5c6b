//! How fast the second moment forgets: by the step, or by the tokens that steps read.

use cloze_foundation::{Fault, Place, Result};
use cloze_options::amount::digits;
use cloze_options::{Count, Kind, OptionType, Options, Range, Value, Written, options, range};
use std::f64::consts::LN_2;

/// Steps in the longest half-life; a longer one is lost in the rounding of 32-bit numbers.
const LONGEST: usize = 1_000_000;

/// The decay of the second moment, as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forgetting {
    /// By so much at every step, whatever it reads.
    Decay(f64),
    /// By half over so many tokens, whatever a step reads of them (Marek et al. 2025, Small Batch Size Training for Language Models).
    HalfLife(u64),
}

options! {
    /// A second moment that forgets by the tokens that are read, so that its decay follows the batch.
    #[derive(Copy)]
    struct ByTokens {
        /// Tokens after which half of a squared gradient is forgotten; from those of one step to those of a million.
        half_life: Count, range::from(1) => "say after how many tokens half is forgotten";
    }
}

impl Forgetting {
    /// beta_2 where a step reads that many tokens. What is left of 1 has six digits, so that a half-life gives the same number
    /// everywhere, and one that people can write.
    ///
    /// # Errors
    /// A half-life that is shorter than a step, or longer than a million of them.
    pub fn decay(self, tokens_a_step: usize) -> Result<f64> {
        let tokens = match self {
            Self::Decay(decay) => return Ok(decay),
            Self::HalfLife(tokens) => tokens,
        };
        let (shortest, longest) = (tokens_a_step as u64, (tokens_a_step * LONGEST) as u64);
        if !(shortest..=longest).contains(&tokens) {
            return Err(Fault::usage(format!(
                "a half-life of {tokens} tokens does not fit steps of {tokens_a_step}"
            ))
            .at(Place::key("beta_2.half_life"))
            .allowed([format!("{shortest} to {longest}")]));
        }
        let forgotten = -(-LN_2 * tokens_a_step as f64 / tokens as f64).exp_m1();
        Ok(digits(1.0 - digits(forgotten, 6), 15))
    }
}

impl OptionType for Forgetting {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        match written.value() {
            Value::Table(_) => {
                let ByTokens { half_life } = Options::read(written)?;
                Ok(Self::HalfLife(half_life.0))
            }
            Value::Float(_) | Value::Integer(_) => f64::read(written, range).map(Self::Decay),
            _ => Err(written.wrong_kind("a number, or { half_life }")),
        }
    }

    fn write(&self) -> Option<cloze_options::toml::Value> {
        match self {
            Self::Decay(decay) => OptionType::write(decay),
            Self::HalfLife(tokens) => OptionType::write(&ByTokens {
                half_life: Count(*tokens),
            }),
        }
    }

    fn kind(range: Range) -> Kind {
        Kind::Either(vec![Kind::Number(range), Kind::Table(ByTokens::fields())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_over_tokens_is_the_same_at_every_batch() {
        let of = |half_life: u64, tokens: usize| Forgetting::HalfLife(half_life).decay(tokens).unwrap();
        assert_eq!(of(4096, 4096), 0.5);
        for tokens in [256, 1024, 2048] {
            let steps = (4096 / tokens) as i32;
            assert!((of(4096, tokens).powi(steps) - 0.5).abs() < 1e-5, "{tokens}");
        }
        // Six digits of what is forgotten, and no more of it.
        assert_eq!(of(35_000, 1024), 0.9799247);
        assert_eq!(of(35_000, 256), 0.99494295);
        assert_eq!(of(1_000_000_000, 1024), 0.999999290218);
        assert_eq!(Forgetting::Decay(0.98).decay(1).unwrap(), 0.98);
    }

    #[test]
    fn a_half_life_is_at_least_a_step_and_not_lost_in_rounding() {
        for (half_life, fits) in [
            (1023, false),
            (1024, true),
            (1_024_000_000, true),
            (1_024_000_001, false),
        ] {
            let found = Forgetting::HalfLife(half_life).decay(1024);
            assert_eq!(found.is_ok(), fits, "{half_life}");
            assert!(
                found.is_err() || (0.5..1.0).contains(&(found.unwrap() as f32)),
                "{half_life}"
            );
        }
    }
}
