//! Two results folders: differences of the arms that both have, and the agreement of their orders.

use super::ground::Both;
use crate::compare::{ALPHA, tested};
use crate::curves::{BySeed, CONFIDENCE, over_seeds};
use crate::ground::read_alike;
use crate::score::{LEAST_SEEDS, Score};
use crate::study::Study;
use cloze_foundation::Result;
use cloze_stats::{Scores, agreement, holm};
use serde::Serialize;
use std::collections::BTreeSet;

/// Two folders.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub folders: [String; 2],
    /// What differs in the configurations of arms that both have, beside what is asked.
    pub settings: Vec<String>,
    pub scores: Vec<ScorePair>,
    /// What is not compared.
    pub refused: Vec<Refused>,
    /// Whether nothing says of some arms that their data are the same, so that equal configurations are taken for that.
    pub on_trust: bool,
}

/// What is not compared, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Refused {
    pub what: String,
    pub why: String,
}

/// A score that both folders have.
#[derive(Debug, Serialize)]
pub(super) struct ScorePair {
    pub task: String,
    pub metric: String,
    pub higher_is_better: bool,
    pub arms: Vec<ArmPair>,
    /// Of the order of the arms; of two and more of them.
    pub agreement: Option<Orders>,
    #[serde(skip)]
    pub score: Score,
}

/// An arm that both folders have, the second less the first.
#[derive(Debug, Serialize)]
pub(super) struct ArmPair {
    pub arm: String,
    pub seeds: [usize; 2],
    pub means: [f64; 2],
    /// Whether both hold the same runs.
    pub same_runs: bool,
    pub paired: bool,
    pub delta: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub p_exact: Option<f64>,
    pub p_t: Option<f64>,
    /// The t test's p after Holm's correction over the arms of this score.
    pub p_t_holm: Option<f64>,
    pub established: bool,
    /// Whether on a side some seeds have left the plateau of word frequencies and others not: intervals are over both.
    pub mixed: bool,
    #[serde(skip)]
    pub places: [usize; 2],
}

/// The arms in the order of their means in each folder, and Kendall's tau of the two.
#[derive(Debug, Serialize)]
pub(super) struct Orders {
    pub first: Vec<String>,
    pub second: Vec<String>,
    pub tau: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Of what the means could be as far as the seeds say, the share with one order in both.
    pub same: Option<f64>,
}

impl Pair {
    /// Compares what can be compared.
    ///
    /// # Errors
    /// Scores that statistics refuse; a view holds finite ones only.
    pub(super) fn of(studies: [&Study; 2], folders: [String; 2]) -> Result<Self> {
        let mut refused = BTreeSet::new();
        let mut shared = Vec::new();
        for (mine, arm) in studies[0].view.arms.iter().enumerate() {
            let theirs = studies[1].view.arms.iter().position(|other| other.name == arm.name);
            let Some(theirs) = theirs else { continue };
            let both = Both {
                studies,
                arms: [mine, theirs],
            };
            match both.is_another() {
                Some(why) => _ = refused.insert(refusal(&arm.name, why)),
                None => shared.push(both),
            }
        }
        if shared.is_empty() && refused.is_empty() {
            let names = |study: &Study| {
                let names = study.view.arms.iter().map(|arm| arm.name.clone());
                crate::names::some(names)
            };
            let why = format!(
                "no arm has the same name in both ({}; {})",
                names(studies[0]),
                names(studies[1])
            );
            refused.insert(refusal("arms", why));
        }
        let mut scores = Vec::new();
        let headlines = studies.map(|study| study.view.headlines());
        for score in &headlines[0] {
            match headlines[1].contains(score) {
                true => scores.extend(ScorePair::of(&shared, score, &mut refused)?),
                false => _ = refused.insert(refusal(&score.title(), "the second folder does not have it".to_owned())),
            }
        }
        for score in headlines[1].iter().filter(|score| !headlines[0].contains(score)) {
            refused.insert(refusal(&score.title(), "the first folder does not have it".to_owned()));
        }
        let settings: BTreeSet<String> = shared.iter().flat_map(Both::settings).collect();
        Ok(Self {
            folders,
            settings: settings.into_iter().collect(),
            on_trust: shared.iter().any(Both::is_taken_on_trust),
            scores,
            refused: refused.into_iter().collect(),
        })
    }
}

fn refusal(what: &str, why: String) -> Refused {
    Refused {
        what: what.to_owned(),
        why,
    }
}

impl ScorePair {
    /// None where no arm of both has it on the same ground.
    fn of(shared: &[Both], score: &Score, refused: &mut BTreeSet<Refused>) -> Result<Option<Self>> {
        let (mut arms, mut values) = (Vec::new(), Vec::new());
        for both in shared {
            let finals = [0, 1].map(|side| both.studies[side].view.final_of(score, both.arms[side]));
            let [mine, theirs] = finals;
            let (mine, theirs) = (mine?, theirs?);
            let name = both.studies[0].name(both.arms[0]);
            if mine.is_empty() && theirs.is_empty() {
                continue;
            }
            if mine.is_empty() || theirs.is_empty() {
                let which = if mine.is_empty() { "first" } else { "second" };
                let why = format!("{name} has no finished run with it in the {which} folder");
                refused.insert(refusal(&score.title(), why));
                continue;
            }
            if let Some(why) = both.is_foreign(score) {
                refused.insert(refusal(&score.title(), why));
                continue;
            }
            arms.extend(ArmPair::of(both, name, [&mine, &theirs])?);
            values.push([mine, theirs]);
        }
        if arms.is_empty() {
            return Ok(None);
        }
        let p: Vec<f64> = arms.iter().map(|one| one.p_t.unwrap_or(1.0)).collect();
        for (one, p) in arms.iter_mut().zip(holm(&p)?) {
            one.p_t_holm = one.p_t.map(|_| p);
            let is_enough = one.seeds.iter().all(|seeds| *seeds >= LEAST_SEEDS);
            one.established = is_enough && one.p_t_holm.is_some_and(|p| p < ALPHA);
        }
        Ok(Some(Self {
            task: score.task.clone(),
            metric: score.metric.clone(),
            higher_is_better: score.higher_is_better(),
            // Arms that hold the same runs agree by themselves.
            agreement: match arms.iter().any(|one| one.same_runs) {
                true => None,
                false => Orders::of(score, &arms, &values)?,
            },
            arms,
            score: score.clone(),
        }))
    }
}

impl ArmPair {
    fn of(both: &Both, name: &str, [mine, theirs]: [&BySeed; 2]) -> Result<Option<Self>> {
        let [one, other] = [0, 1].map(|side| &both.studies[side].view.arms[both.arms[side]]);
        let same_runs = both.are_the_same_runs();
        let has_common = mine.keys().any(|seed| theirs.contains_key(seed));
        let paired = has_common && read_alike(one, other);
        let means = [over_seeds(mine)?, over_seeds(theirs)?];
        let [Some(first), Some(second)] = means else {
            return Ok(None);
        };
        let Some((by, exact)) = tested(paired, theirs, mine)? else {
            return Ok(None);
        };
        let is_enough = by.n >= LEAST_SEEDS && !same_runs;
        let interval = by.interval.filter(|_| is_enough);
        Ok(Some(Self {
            arm: name.to_owned(),
            seeds: [first.n, second.n],
            means: [first.mean, second.mean],
            same_runs,
            paired,
            delta: by.delta,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            p_exact: is_enough.then_some(exact),
            p_t: by.p.filter(|_| is_enough),
            p_t_holm: None,
            established: false,
            mixed: (0..2).any(|side| both.studies[side].is_mixed(both.arms[side])),
            places: both.arms,
        }))
    }
}

impl Orders {
    /// None of fewer than two arms.
    fn of(score: &Score, arms: &[ArmPair], values: &[[BySeed; 2]]) -> Result<Option<Self>> {
        if arms.len() < 2 {
            return Ok(None);
        }
        let side = |side: usize| {
            let of_arm = |arm: &[BySeed; 2]| arm[side].values().copied().collect::<Vec<f64>>();
            let seeds = |arm: &[BySeed; 2]| arm[side].keys().copied().collect::<Vec<u64>>();
            Scores {
                arms: values.iter().map(of_arm).collect(),
                are_paired: values.iter().all(|arm| seeds(arm) == seeds(&values[0])),
            }
        };
        let found = agreement(&side(0), &side(1), CONFIDENCE)?;
        let is_enough = arms
            .iter()
            .all(|arm| arm.seeds.iter().all(|seeds| *seeds >= LEAST_SEEDS));
        let of_seeds = found.filter(|_| is_enough);
        let interval = of_seeds.and_then(|found| found.interval);
        let order = |side: usize| {
            let mut ranked: Vec<&ArmPair> = arms.iter().collect();
            ranked.sort_by(|a, b| score.order(a.means[side], b.means[side]));
            ranked.into_iter().map(|arm| arm.arm.clone()).collect()
        };
        Ok(Some(Self {
            first: order(0),
            second: order(1),
            tau: found.map(|found| found.tau),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            same: of_seeds.and_then(|found| found.same),
        }))
    }
}
