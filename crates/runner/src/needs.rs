//! Which runs of a plan are needed, where arms are tuned first or trained until their comparisons are decided: a function of the
//! runs that have ended, and never of when.

use crate::store::{Ending, Marker, RunFolder, Store, parts};
use cloze_foundation::Result;
use cloze_plan::{Plan, PlannedRun};
use cloze_schema::{AttemptRows, Choice, Part, RunData, Trial, latest};
use cloze_stats::{End, Seed, Stage, Standing, boundaries, stage};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a run is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is.
    Now,
    /// Not yet.
    Later(Wait),
    /// It is not.
    Not(Spared),
}

/// What has to be done before it is known whether a run is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The trials of its arm.
    Trials,
    /// The looks before that after so many seeds, which it is for.
    Look(usize),
}

/// Why a run is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// The trials of its arm chose another point.
    Point,
    /// No point of its arm came to a score.
    Untuned,
    /// No arm that it is compared with is trained, and its own first look is there.
    Alone,
    /// Its arm was decided after so many seeds.
    Decided(usize),
}

/// Which runs of a plan are needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Those that are not needed now, by id.
    others: BTreeMap<String, Need>,
    /// Which point every arm takes whose trials have ended, in a line each.
    chosen: Vec<String>,
    /// Arms whose trials have ended and that take none.
    untuned: Vec<String>,
    /// What is compared, and where it stands.
    standings: Vec<([String; 2], Standing)>,
}

impl Needs {
    /// Looks at the runs of a plan that have ended. Where nothing is tuned and every seed is trained, every run is needed.
    ///
    /// # Errors
    /// A design that no plan of this cloze has.
    pub fn of(plan: &Plan, store: &Store) -> Result<Self> {
        let mut needs = Self::default();
        let choices = needs.tuned(plan, store);
        needs.decide(plan, store, &choices)?;
        Ok(needs)
    }

    /// Notes which points arms take, and what is not needed of the others.
    fn tuned(&mut self, plan: &Plan, store: &Store) -> Vec<Choice> {
        let Some(tuning) = &plan.tuning else {
            return Vec::new();
        };
        let runs: BTreeMap<&str, &PlannedRun> = plan.runs.iter().map(|run| (run.id.as_str(), run)).collect();
        let trial = |id: &str| {
            let Some(run) = runs.get(id) else { return Trial::Open };
            match ended(&store.run(id), run.data.as_ref(), &|rows| tuning.score(rows)) {
                Seed::Score(score) => Trial::Score(score),
                Seed::Lost => Trial::Lost,
                Seed::Open => Trial::Open,
            }
        };
        let choices = tuning.choices(&trial);
        let of_untuned: BTreeSet<&str> = tuning.untuned(&choices).flat_map(|arm| arm.ids()).collect();
        self.untuned = tuning.untuned(&choices).map(|arm| arm.arm.clone()).collect();
        for (id, part) in tuning.parts(&choices) {
            let need = match part {
                Part::Needed => continue,
                Part::Later => Need::Later(Wait::Trials),
                Part::Passed if of_untuned.contains(id) => Need::Not(Spared::Untuned),
                Part::Passed => Need::Not(Spared::Point),
            };
            self.others.insert(id.to_owned(), need);
        }
        for (arm, choice) in tuning.arms.iter().zip(&choices) {
            self.chosen.extend(match choice {
                Choice::Open => None,
                Choice::Nothing => Some(format!(
                    "{}: not trained, since no point has a trial that came to a score in every seed",
                    arm.arm
                )),
                Choice::Point(place) => {
                    let run = arm.points[*place].runs.first().and_then(|id| runs.get(id.as_str()));
                    let point = run.and_then(|run| run.point.as_deref());
                    point.map(|point| format!("{}: {point}, as {} trials say", arm.arm, arm.points.len()))
                }
            });
        }
        choices
    }

    /// Notes what is decided, and which runs are not needed for it.
    fn decide(&mut self, plan: &Plan, store: &Store, choices: &[Choice]) -> Result<()> {
        let Some(design) = &plan.sequential else { return Ok(()) };
        let mut arms: Vec<(&str, Vec<&PlannedRun>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for run in plan.compared(choices).into_iter().map(|place| &plan.runs[place]) {
            let place = *places.entry(&run.arm).or_insert(arms.len());
            match arms.get_mut(place) {
                Some((_, runs)) => runs.push(run),
                None => arms.push((&run.arm, vec![run])),
            }
        }
        let looks = boundaries(&design.looks, design.level_of_one())?;
        let comparisons = design.places(arms.iter().map(|(name, _)| *name));
        let seed = |run: &&PlannedRun| ended(&store.run(&run.id), run.data.as_ref(), &|rows| design.score(rows));
        // An arm that takes no point has none.
        let seeds_of = |(arm, runs): &(&str, Vec<&PlannedRun>)| -> Vec<Seed> {
            match self.untuned.iter().any(|untuned| untuned == arm) {
                true => Vec::new(),
                false => runs.iter().map(seed).collect(),
            }
        };
        let seeds: Vec<Vec<Seed>> = arms.iter().map(seeds_of).collect();
        let Stage {
            standings,
            needed,
            is_over,
            is_alone,
        } = stage(&looks, design.margin, &comparisons, &seeds);
        for (arm, (_, runs)) in arms.iter().enumerate() {
            for (place, run) in runs.iter().enumerate().skip(needed[arm]) {
                let look = design.looks.iter().find(|look| **look > place).copied();
                let need = match (is_over[arm], is_alone[arm]) {
                    (true, true) => Need::Not(Spared::Alone),
                    (true, false) => Need::Not(Spared::Decided(needed[arm])),
                    (false, _) => Need::Later(Wait::Look(look.unwrap_or(runs.len()))),
                };
                // What tuning spared stays spared.
                self.others.entry(run.id.clone()).or_insert(need);
            }
        }
        self.standings = design.comparisons.iter().cloned().zip(standings).collect();
        Ok(())
    }

    /// Whether a run is needed.
    pub fn at(&self, run: &str) -> Need {
        self.others.get(run).copied().unwrap_or(Need::Now)
    }

    /// The runs that are not needed at all.
    pub fn not_needed(&self) -> impl Iterator<Item = &str> {
        let spared = self.others.iter().filter(|(_, need)| matches!(need, Need::Not(_)));
        spared.map(|(id, _)| id.as_str())
    }

    /// The runs that are not needed because their arms were decided before.
    pub fn decided_without(&self) -> impl Iterator<Item = &str> {
        let is_decided = |need: &Need| matches!(need, Need::Not(Spared::Decided(_)));
        self.others
            .iter()
            .filter(move |(_, need)| is_decided(need))
            .map(|(id, _)| id.as_str())
    }

    /// The point that every tuned arm takes, and what became of every comparison that has ended, in a line each.
    pub fn decided(&self) -> Vec<String> {
        let line = |([arm, baseline], standing): &([String; 2], Standing)| {
            let what = match standing.end? {
                End::Different => "different",
                End::Equivalent => "equivalent",
                End::Most => "not decided, and there are no more seeds",
                End::Never => {
                    return Some(format!(
                        "{arm} against {baseline}: never decided, since one of them is not trained"
                    ));
                }
            };
            let t = standing.t.map(|t| format!(" (t = {t:.2})")).unwrap_or_default();
            Some(format!(
                "{arm} against {baseline}: {what} after {} seeds{t}",
                standing.seeds
            ))
        };
        let decided = self.standings.iter().filter_map(line);
        self.chosen.iter().cloned().chain(decided).collect()
    }

    /// Arms that are not trained, since no point of theirs came to a score.
    pub fn untuned(&self) -> impl Iterator<Item = &str> {
        self.untuned.iter().map(String::as_str)
    }

    /// What the runs that are not needed yet wait for, if any do.
    pub fn waits(&self) -> impl Iterator<Item = Wait> {
        self.others.values().filter_map(|need| match need {
            Need::Later(wait) => Some(*wait),
            _ => None,
        })
    }
}

/// What is known of a run. One that is damaged or that others may still be writing has not ended.
fn ended(folder: &RunFolder, data: Option<&RunData>, score: &dyn Fn(&[AttemptRows]) -> Option<f64>) -> Seed {
    match Ending::of(folder, data) {
        Ok(Ending::Whole(Marker::Diverged(_))) => Seed::Lost,
        Ok(Ending::Whole(marker)) => {
            rows(folder, &marker).map_or(Seed::Open, |rows| score(&rows).map_or(Seed::Lost, Seed::Score))
        }
        _ => Seed::Open,
    }
}

fn rows(folder: &RunFolder, marker: &Marker) -> Result<Vec<AttemptRows>> {
    let mut rows = Vec::new();
    for name in marker.parts().keys() {
        rows.append(&mut parts::read(&folder.metrics().join(name))?);
    }
    Ok(latest(rows))
}
