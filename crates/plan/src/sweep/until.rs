//! `seeds = { from = 1, most = 16, until = "decided", effect = 1.0 }`: seeds until it is sure.

use cloze_foundation::{Fault, Place, Result};
use cloze_options::{options, words};

/// Seeds below which nothing is said.
const LEAST: usize = 3;

options! {
    /// Seeds until it is sure.
    pub(crate) struct Until {
        /// The first seed; the others are the numbers after it.
        from: u64 = 1, from(0.0).to(1e15);
        /// How many seeds there are at most.
        pub(crate) most: usize, from(LEAST as f64).to(64.0) => "say how many seeds there may be, as in most = 16";
        /// When an arm needs no more of them.
        until: Rule = Rule::Decided;
        /// Arms that differ by less than this are equivalent: in percentage points where the judge's headline is a share, otherwise
        /// in its own unit.
        pub(crate) effect: f64, above(0.0).to(100.0) => "say which difference is none, as in effect = 1.0";
        /// After how many seeds arms are looked at; the last look is at all of them.
        looks: Option<Vec<usize>> = None => "after 4 seeds, then after every second one";
        /// The evaluation whose headline decides.
        pub(crate) judge: Option<String> = None => "the first of `evaluate.tasks`";
    }
    check Self::looks_grow
}

words! {
    /// When an arm needs no more seeds.
    pub(crate) enum Rule {
        /// Its difference from its baseline is established, or equivalence is.
        Decided = "decided",
    }
}

impl Until {
    /// All seeds that there may be.
    pub(super) fn seeds(&self) -> Vec<u64> {
        (self.from..self.from + self.most as u64).collect()
    }

    /// After how many seeds arms are looked at.
    pub(crate) fn looks(&self) -> Vec<usize> {
        let usual = || (LEAST + 1..self.most).step_by(2).chain([self.most]).collect();
        self.looks.clone().unwrap_or_else(usual)
    }

    fn looks_grow(&self) -> Result<()> {
        let Some(looks) = &self.looks else { return Ok(()) };
        let grows = looks.windows(2).all(|pair| pair[0] < pair[1]);
        if grows && looks.first().is_some_and(|first| *first >= LEAST) && looks.last() == Some(&self.most) {
            return Ok(());
        }
        Err(Fault::usage(format!("there are no such looks at {} seeds", self.most))
            .at(Place::key("looks"))
            .allowed([format!(
                "growing numbers of seeds from {LEAST} on, the last of them {}",
                self.most
            )]))
    }
}
