//! Arms that were trained until they were decided: what every look said, by the law that also decided what was trained.

use crate::arm::{Arm, Ending};
use crate::curves::BySeed;
use crate::score::Score;
use crate::tuned::Tuned;
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::Sequential;
use cloze_stats::{Boundary, End, Seed, Stage, Standing, boundaries, stage, standing};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The decisions of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    pub design: Sequential,
    pub looks: Arc<[Boundary]>,
    /// Arm and baseline, by place.
    pub comparisons: Vec<[usize; 2]>,
    pub stage: Stage,
}

/// A comparison at its last look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub standing: Standing,
    /// Of that look; none before the first.
    pub boundary: Option<Boundary>,
}

impl Decisions {
    /// Looks at the arms of a view; none where all seeds were to be trained.
    ///
    /// # Errors
    /// A design that no plan of this cloze has.
    pub(crate) fn of(view: &View) -> Result<Option<Self>> {
        let Some(design) = view.plan.sequential.clone() else {
            return Ok(None);
        };
        let looks = boundaries(&design.looks, design.level_of_one())?;
        let comparisons = design.places(view.arms.iter().map(|arm| arm.name.as_str()));
        let finals = view.finals(&Score::new(&design.task, &design.metric, &view.plan.tasks))?;
        // An arm that takes no point is never trained.
        let untuned: BTreeSet<&str> = view.tuned.iter().flat_map(Tuned::hopeless).collect();
        let seeds_of = |(arm, finals): (&Arm, &BySeed)| match untuned.contains(arm.name.as_str()) {
            true => Vec::new(),
            false => seeds(arm, finals),
        };
        let seeds: Vec<Vec<Seed>> = view.arms.iter().zip(&finals).map(seeds_of).collect();
        Ok(Some(Self {
            stage: stage(&looks, design.margin, &comparisons, &seeds),
            design,
            looks,
            comparisons,
        }))
    }

    /// Two arms at their last look at a score, and the seeds of that look. What is equivalent is said of the score that decides
    /// alone, in whose unit it is.
    pub(crate) fn look(&self, score: &Score, arms: [&Arm; 2], finals: [&BySeed; 2]) -> (Look, Vec<u64>) {
        let decides = (&score.task, &score.metric) == (&self.design.task, &self.design.metric);
        let margin = self.design.margin.filter(|_| decides);
        let [one, other] = [0, 1].map(|side| seeds(arms[side], finals[side]));
        let standing = standing(&self.looks, margin, &one, &other);
        let boundary = standing
            .looks
            .checked_sub(1)
            .and_then(|last| self.looks.get(last))
            .copied();
        let seen = arms[0].seeds.iter().take(standing.seeds).map(|(seed, _)| *seed);
        (Look { standing, boundary }, seen.collect())
    }

    /// How many seeds there may be.
    pub(crate) fn most(&self) -> usize {
        self.looks.last().map_or(0, |look| look.seeds)
    }
}

/// What is known of every planned seed of an arm on a score.
fn seeds(arm: &Arm, finals: &BySeed) -> Vec<Seed> {
    let seed = |(seed, ending): &(u64, Ending)| match (finals.get(seed), ending) {
        (Some(score), _) => Seed::Score(*score),
        (None, Ending::Done | Ending::Diverged) => Seed::Lost,
        (None, _) => Seed::Open,
    };
    arm.seeds.iter().map(seed).collect()
}

impl Look {
    /// t and what it is held against: `|t| = 9.10, different from 8.01 on, at the look after 6 seeds`.
    pub(crate) fn words(&self) -> String {
        let Some(boundary) = self.boundary else {
            return "no look at both is complete".to_owned();
        };
        let t = match self.standing.t {
            Some(t) => format!("|t| = {:.2}", t.abs()),
            None => "no t, since nothing varies".to_owned(),
        };
        let bounds = match self.standing.end {
            Some(End::Different) => format!("different from {} on", bound(boundary.different)),
            Some(End::Equivalent) => self.within(),
            _ if self.standing.lost => "a seed is lost, so that nothing is decided".to_owned(),
            _ if self.standing.within.is_none() => format!("different from {} on", bound(boundary.different)),
            _ => format!("different from {} on; {}", bound(boundary.different), self.within()),
        };
        format!("{t}; {bounds}, at the look after {} seeds", self.standing.seeds)
    }
}

impl Look {
    /// How far within the nearer margin the difference is: `t of the margin = 2.30, equivalent from 1.90 on`.
    fn within(&self) -> String {
        let bound = self
            .boundary
            .map(|boundary| bound(boundary.equivalent))
            .unwrap_or_default();
        match self.standing.within {
            Some(t) => format!("t of the margin = {t:.2}, equivalent from {bound} on"),
            None => format!("equivalent from {bound} on"),
        }
    }
}

/// A boundary as it is shown.
pub(crate) fn bound(t: f64) -> String {
    if t.is_finite() {
        format!("{t:.2}")
    } else {
        "no t".to_owned()
    }
}
