//! Agreement of subject and verb on the built-in language, by what makes it hard, beside the best possible score.

use crate::pair_report::Groups;
use crate::pair_set::PairSet;
use crate::{Asks, Chance, Entry, Evaluation, Finding, Judgement, Subject, When, Work, asked};
use cloze_corpus::MinimalPair;
use cloze_corpus::fragment::{AGREEMENT, agreement_pairs};
use cloze_foundation::Result;
use cloze_options::{Options, options};
use cloze_schema::MeanOver;
use cloze_schema::metric::{ACCURACY, CEILING};

/// The seed of the pairs: the same ones judge every run.
const SEED: u64 = 0x6167_7265;

/// Agreement by attractors and by distance.
pub static ENTRY: Entry = Entry {
    name: "agreement",
    version: 1,
    uses_language: true,
    when: When::AtEveryPoint,
    title: "Agreement by attractors and distance",
    title_of: |_| None,
    citation: "after Linzen et al. 2016, Assessing the Ability of LSTMs to Learn Syntax-Sensitive Dependencies",
    summary: "Share of pairs in which the sentence whose main verb agrees with its subject gets the higher score, by the number of \
              nouns of the other number between the two and by the number of words between; the mean over these kinds. The \
              grammar's own score is the ceiling.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::Always(0.5),
    asks: Asks::Sentences,
    mean_over: Some(MeanOver::Phenomena),
    parts: || Some(AGREEMENT.to_vec()),
    options: Settings::fields,
    resolve: |written| {
        let mut settings = Settings::read(written)?;
        // Half of them are plural: of two numbers that mean the same pairs one is written.
        settings.pairs = settings.pairs.next_multiple_of(2);
        Ok(settings.write())
    },
    work,
    check: |_, _| Ok(()),
    data: |options, _| Ok(asked(&ENTRY, options, "")),
    open: |options, ground| {
        let settings = Settings::from_toml(options)?;
        let (pairs, ceilings): (Vec<MinimalPair>, Vec<f64>) = agreement_pairs(SEED, settings.pairs)
            .into_iter()
            .map(|found| (found.pair, found.ceiling))
            .unzip();
        let groups = Groups::new(&pairs, MeanOver::Phenomena, 1);
        Ok(Box::new(Agreement {
            set: PairSet::open(&pairs, ground, MeanOver::Phenomena, 1)?,
            ceilings: groups.metric(ground.task, CEILING, &|pair| Some(ceilings[pair])),
        }))
    },
};

options! {
    /// Options of agreement.
    #[derive(Copy)]
    struct Settings {
        /// Pairs of each kind, half of them with a plural subject; an odd number is rounded up.
        pairs: usize = 40, from(1).to(2000);
    }
}

/// Pairs of each kind that are looked at to see how long sentences are.
const LOOK: usize = 4;

fn work(options: &toml::Table) -> Option<Work> {
    let settings = Settings::from_toml(options).ok()?;
    let some = agreement_pairs(SEED, LOOK);
    let words = some
        .iter()
        .map(|found| found.pair.good.split(' ').count())
        .sum::<usize>();
    Some(Work::Sentences {
        count: (2 * AGREEMENT.len() * settings.pairs) as f64,
        words: words as f64 / some.len() as f64,
    })
}

/// The pairs, and what the grammar is right about.
struct Agreement {
    set: PairSet,
    ceilings: Vec<Finding>,
}

impl Evaluation for Agreement {
    fn warnings(&self) -> Vec<String> {
        self.set.warnings()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let mut judgement = self.set.judge(subject)?;
        judgement.findings.extend(self.ceilings.iter().cloned());
        Ok(judgement)
    }
}
