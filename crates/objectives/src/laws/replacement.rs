//! What takes the place of a selected token: `[MASK]`, the token itself, or a random one.

use super::Rate;
use cloze_corpus::Vocabulary;
use cloze_foundation::{Fault, Result, Stream};
use cloze_options::options;

options! {
    /// Shares of the selected tokens; the rest is kept. Devlin et al. 2019: 80 % `[MASK]`, 10 % random, 10 % kept.
    #[derive(Copy)]
    pub struct Replacement {
        /// The share that becomes [MASK].
        pub mask: Rate = Rate::Fixed(0.8), from(0).to(1);
        /// The share that becomes a random token.
        pub random: Rate = Rate::Fixed(0.1), from(0).to(1);
    }
    check Self::something_and_not_more
}

/// The shares of a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fates {
    /// What becomes `[MASK]`.
    pub mask: f64,
    /// What becomes a random token.
    pub random: f64,
}

/// What happens to a selected token, or to all tokens of a selected word or span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// `[MASK]` takes its place.
    Mask,
    /// A random token takes its place; a new one for every token of a word or span.
    Random,
    /// It stays, and is predicted all the same.
    Keep,
}

/// Where random tokens come from.
#[derive(Clone, Copy, Debug)]
pub enum Pool<'a> {
    /// Uniformly from these ids.
    Ids(&'a [u32]),
    /// Uniformly from all V ids, special ones included.
    Everything(&'a Vocabulary),
}

impl Replacement {
    fn something_and_not_more(&self) -> Result<()> {
        let moments = Rate::moments([&self.mask, &self.random]);
        let of = |progress: &f64| self.at(*progress);
        if moments
            .iter()
            .map(of)
            .all(|Fates { mask, random }| mask + random == 0.0)
        {
            return Err(
                Fault::usage("every token would stay as it is and be predicted where it stands")
                    .allowed(["shares with a sum above 0; the rest is kept"]),
            );
        }
        let is_more = |progress: &&f64| of(progress).mask + of(progress).random > 1.0 + 1e-9;
        let Some(progress) = moments.iter().find(is_more) else {
            return Ok(());
        };
        let Fates { mask, random } = of(progress);
        let when = match self.changes() {
            true => format!(" when {:.1} % of the budget is used", progress * 100.0),
            false => String::new(),
        };
        let what = format!("mask = {mask} and random = {random} are more than everything{when}");
        Err(Fault::usage(what).allowed(["shares with a sum of at most 1; the rest is kept"]))
    }

    /// Whether the shares are not the same all along.
    pub fn changes(&self) -> bool {
        self.mask.changes() || self.random.changes()
    }

    /// The shares when `progress` of the budget is used.
    pub fn at(&self, progress: f64) -> Fates {
        Fates {
            mask: self.mask.at(progress),
            random: self.random.at(progress),
        }
    }
}

impl Fates {
    /// Draws a fate.
    pub fn fate(&self, stream: &mut Stream) -> Fate {
        let point = stream.unit();
        if point < self.mask {
            Fate::Mask
        } else if point < self.mask + self.random {
            Fate::Random
        } else {
            Fate::Keep
        }
    }
}

impl Pool<'_> {
    /// Draws an id; an empty pool gives `original` back.
    pub(crate) fn draw(&self, original: u32, stream: &mut Stream) -> u32 {
        match self {
            Self::Ids([]) => original,
            Self::Ids(ids) => ids[stream.below(ids.len())],
            Self::Everything(vocabulary) => stream.below(vocabulary.size.max(1)) as u32,
        }
    }

    /// Draws an id that is not `original`, as likely as any other; `original` where there is none.
    pub(crate) fn draw_another(&self, original: u32, stream: &mut Stream) -> u32 {
        // The last id stands in for the original, and is not drawn for itself.
        let Some(last) = self.len().checked_sub(1).filter(|last| *last > 0) else {
            return original;
        };
        match self.at(stream.below(last)) {
            id if id == original => self.at(last),
            id => id,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.len(),
            Self::Everything(vocabulary) => vocabulary.size,
        }
    }

    fn at(&self, place: usize) -> u32 {
        match self {
            Self::Ids(ids) => ids[place],
            Self::Everything(_) => place as u32,
        }
    }
}

impl Fate {
    /// Lets the tokens at `positions` meet this fate.
    pub fn befall(
        self,
        inputs: &mut [u32],
        positions: impl IntoIterator<Item = usize>,
        mask: u32,
        pool: Pool,
        stream: &mut Stream,
    ) {
        for position in positions {
            match self {
                Self::Mask => inputs[position] = mask,
                Self::Random => inputs[position] = pool.draw(inputs[position], stream),
                Self::Keep => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{assert_equally_likely, assert_shares};
    use cloze_foundation::Draw;

    #[test]
    fn fates_have_their_shares() {
        let law = Fates { mask: 0.5, random: 0.2 };
        let mut stream = Draw::new(3, "fates").stream();
        let (mut shares, draws) = ([0.0; 3], 100_000.0);
        for _ in 0..draws as usize {
            let place = match law.fate(&mut stream) {
                Fate::Mask => 0,
                Fate::Random => 1,
                Fate::Keep => 2,
            };
            shares[place] += 1.0 / draws;
        }
        assert_shares(&shares, &[0.5, 0.2, 0.3], draws, 0.0);
    }

    #[test]
    fn another_token_is_any_other_one_equally_often() {
        let vocabulary = Vocabulary::new(6, cloze_corpus::SpecialTokens::FIRST);
        for (pool, original, others) in [
            (Pool::Ids(&[5, 7, 9, 11]), 7, 3),
            (Pool::Ids(&[5, 7, 9, 11]), 11, 3),
            (Pool::Everything(&vocabulary), 0, 5),
        ] {
            let mut stream = Draw::new(3, "others").stream();
            let (mut counts, draws) = (std::collections::BTreeMap::new(), 30_000);
            for _ in 0..draws {
                *counts.entry(pool.draw_another(original, &mut stream)).or_insert(0) += 1;
            }
            assert!(counts.len() == others && !counts.contains_key(&original), "{counts:?}");
            let counts: Vec<f64> = counts.into_values().map(f64::from).collect();
            assert_equally_likely(&counts, 1.0);
        }
        let mut stream = Draw::new(3, "others").stream();
        assert_eq!(Pool::Ids(&[7]).draw_another(7, &mut stream), 7);
        assert_eq!(Pool::Ids(&[]).draw_another(7, &mut stream), 7);
    }

    #[test]
    fn an_empty_pool_keeps_the_token() {
        let mut inputs = [7];
        Fate::Random.befall(&mut inputs, [0], 4, Pool::Ids(&[]), &mut Draw::new(1, "pool").stream());
        assert_eq!(inputs, [7]);
    }
}
