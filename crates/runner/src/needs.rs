//! Which runs of a plan are needed, where arms are trained until their comparisons are decided: a function of the runs that
//! have ended, and never of when.

use crate::store::{Ending, Marker, RunFolder, Store, parts};
use cloze_foundation::Result;
use cloze_plan::{Plan, PlannedRun};
use cloze_schema::{RunData, Sequential, latest};
use cloze_stats::{End, Seed, Stage, Standing, boundaries, stage};
use std::collections::BTreeMap;

/// Whether a run is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is.
    Now,
    /// Not before the looks so far are done: it is for the look after so many seeds.
    Later(usize),
    /// It is not: its arm was decided after so many seeds.
    Not(usize),
}

/// Which runs of a plan are needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Those that are not needed now, by id.
    others: BTreeMap<String, Need>,
    /// What is compared, and where it stands.
    standings: Vec<([String; 2], Standing)>,
}

impl Needs {
    /// Looks at the runs of a plan that have ended. Where every seed is trained, every run is needed.
    ///
    /// # Errors
    /// A design that no plan of this cloze has.
    pub fn of(plan: &Plan, store: &Store) -> Result<Self> {
        let Some(design) = &plan.sequential else {
            return Ok(Self::default());
        };
        let mut arms: Vec<(&str, Vec<&PlannedRun>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for run in &plan.runs {
            let place = *places.entry(&run.arm).or_insert(arms.len());
            match arms.get_mut(place) {
                Some((_, runs)) => runs.push(run),
                None => arms.push((&run.arm, vec![run])),
            }
        }
        let looks = boundaries(&design.looks, design.level_of_one(), design.effect)?;
        let comparisons = design.places(arms.iter().map(|(name, _)| *name));
        let seed = |run: &&PlannedRun| seed(&store.run(&run.id), run.data.as_ref(), design);
        let seeds: Vec<Vec<Seed>> = arms.iter().map(|(_, runs)| runs.iter().map(seed).collect()).collect();
        let Stage {
            standings,
            needed,
            is_over,
        } = stage(&looks, &comparisons, &seeds);
        let mut others = BTreeMap::new();
        for (((_, runs), needed), is_over) in arms.iter().zip(needed).zip(is_over) {
            for (place, run) in runs.iter().enumerate().skip(needed) {
                let look = design.looks.iter().find(|look| **look > place).copied();
                let need = match is_over {
                    true => Need::Not(needed),
                    false => Need::Later(look.unwrap_or(runs.len())),
                };
                others.insert(run.id.clone(), need);
            }
        }
        Ok(Self {
            others,
            standings: design.comparisons.iter().cloned().zip(standings).collect(),
        })
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

    /// What became of every comparison that has ended, in a line each.
    pub fn decided(&self) -> Vec<String> {
        let line = |([arm, baseline], standing): &([String; 2], Standing)| {
            let what = match standing.end? {
                End::Different => "different",
                End::Equivalent => "equivalent",
                End::Most => "not decided, and there are no more seeds",
            };
            let t = standing.t.map(|t| format!(" (t = {t:.2})")).unwrap_or_default();
            Some(format!(
                "{arm} against {baseline}: {what} after {} seeds{t}",
                standing.seeds
            ))
        };
        self.standings.iter().filter_map(line).collect()
    }
}

/// What is known of a run. One that is damaged or that others may still be writing has not ended.
fn seed(folder: &RunFolder, data: Option<&RunData>, design: &Sequential) -> Seed {
    match Ending::of(folder, data) {
        Ok(Ending::Whole(Marker::Diverged(_))) => Seed::Lost,
        Ok(Ending::Whole(marker)) => {
            score(folder, &marker, design).map_or(Seed::Open, |score| score.map_or(Seed::Lost, Seed::Score))
        }
        _ => Seed::Open,
    }
}

fn score(folder: &RunFolder, marker: &Marker, design: &Sequential) -> Result<Option<f64>> {
    let mut rows = Vec::new();
    for name in marker.parts().keys() {
        rows.append(&mut parts::read(&folder.metrics().join(name))?);
    }
    Ok(design.score(&latest(rows)))
}
