//! What was answered item by item: the second of the two things that a score is a sample of.

use crate::curves::BySeed;
use crate::read::Settings;
use crate::score::Score;
use cloze_foundation::{Fault, Result, files};
use cloze_schema::items::{ITEMS_FILE, SAMPLE, from_bytes};
use cloze_schema::{AttemptRows, Items, Label, Plan};
use cloze_stats::Judged;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The credits of a run on a paradigm, by groups of items that belong together.
#[derive(Clone, Debug)]
struct Credits {
    part: String,
    paradigm: String,
    worths: Vec<f64>,
    /// Items, of which some may belong together.
    items: usize,
}

/// What an arm is right about in a paradigm.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfParadigm {
    /// How many pairs there are.
    pub items: usize,
    /// The mean worth of one.
    pub means: BySeed,
}

/// Task, metric, part and paradigm, to arms.
pub(crate) type ByParadigm<'a> = BTreeMap<[&'a str; 4], BTreeMap<usize, OfParadigm>>;

/// By arm and seed.
type ByRun = BTreeMap<(usize, u64), Vec<Credits>>;

/// What each arm wrote with its first seed: the seed, and what was given and answered.
pub(crate) type Written = BTreeMap<usize, (u64, String)>;

/// By task, kind and number.
pub(crate) type Samples = BTreeMap<(String, String, usize), Written>;

/// Task and metric, arm and seed, to paradigms; and samples to look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(BTreeMap<(String, String), ByRun>, Samples);

/// Reads the items of a results folder; no file means that none were kept. Items of a run that was made from other data than
/// its rows in `attempts` say are not its items.
///
/// # Errors
/// A damaged file, by name.
pub(crate) fn read(folder: &Path, plan: &Plan<Settings>, attempts: &[AttemptRows]) -> Result<Answers> {
    let path = folder.join(ITEMS_FILE);
    let Some(bytes) = files::read(&path)? else {
        return Ok(Answers::default());
    };
    let runs = from_bytes(&bytes).map_err(|why| {
        Fault::usage(format!(
            "`{}` is not a file of items that cloze can read: {why}",
            path.display()
        ))
        .remedy("`cloze run` on the experiment gathers it again from the runs' own files")
    })?;
    let mut arms: Vec<&str> = Vec::new();
    let mut places = BTreeMap::new();
    for run in &plan.runs {
        let place = arms.iter().position(|arm| *arm == run.arm).unwrap_or(arms.len());
        if place == arms.len() {
            arms.push(&run.arm);
        }
        places.insert(run.id.as_str(), place);
    }
    let label = |label: &Label| (label.run.clone(), label.data.clone());
    let measured: BTreeSet<(String, String)> = attempts.iter().map(|attempt| label(&attempt.label)).collect();
    let mut answers = Answers::default();
    for run in runs.iter().filter(|run| measured.contains(&label(&run.label))) {
        // A run whose rows are left out has no seed that asks for its items.
        let Some(place) = places.get(run.label.run.as_str()) else {
            continue;
        };
        for items in &run.items {
            if items.metric == SAMPLE {
                let number = items.paradigm.parse().unwrap_or_default();
                let which = (items.task.clone(), items.part.clone(), number);
                let of = answers.1.entry(which).or_default();
                let one = (run.label.seed, items.text.clone());
                let kept = of.entry(*place).or_insert_with(|| one.clone());
                if one.0 < kept.0 {
                    *kept = one;
                }
                continue;
            }
            let worths = items
                .worths_of_groups()
                .map_err(|why| Fault::usage(why).at(path.display().to_string()))?;
            let Items {
                task,
                metric,
                part,
                paradigm,
                ..
            } = items.clone();
            let of = answers.0.entry((task, metric)).or_default();
            let of = of.entry((*place, run.label.seed)).or_default();
            of.push(Credits {
                part,
                paradigm,
                worths,
                items: items.credits.len(),
            });
        }
    }
    Ok(answers)
}

impl Answers {
    /// What arms wrote.
    pub(crate) fn samples(&self) -> &Samples {
        &self.1
    }

    /// Whether any items of a score are there.
    pub(crate) fn has(&self, score: &Score) -> bool {
        self.0.contains_key(&(whole(score).to_owned(), score.metric.clone()))
    }

    /// How many items, or groups of them that belong together, a score is over; none where none were kept.
    pub(crate) fn count(&self, score: &Score, arm: usize, seed: u64) -> Option<usize> {
        let (judged, _) = self.judged(score, arm, &[seed])?;
        Some(judged.seeds.first()?.iter().map(Vec::len).sum())
    }

    /// The accuracy on every paradigm that has a name, of all seeds of which items were kept.
    pub(crate) fn by_paradigm(&self) -> ByParadigm<'_> {
        let mut found = ByParadigm::new();
        for ((task, metric), by_run) in &self.0 {
            for ((arm, seed), paradigms) in by_run {
                for one in paradigms.iter().filter(|one| !one.paradigm.is_empty() && one.items > 0) {
                    let of = found.entry([task, metric, &one.part, &one.paradigm]).or_default();
                    let of = of.entry(*arm).or_default();
                    of.items = one.items;
                    let mean = one.worths.iter().sum::<f64>() / one.worths.len() as f64;
                    of.means.insert(*seed, mean);
                }
            }
        }
        found
    }

    /// What an arm answered with some seeds; none where a seed has no items, or others than the first.
    pub(crate) fn judged(&self, score: &Score, arm: usize, seeds: &[u64]) -> Option<(Judged, Vec<(String, String)>)> {
        let of = self.0.get(&(whole(score).to_owned(), score.metric.clone()))?;
        let mut names: Option<Vec<(String, String)>> = None;
        let mut all = Vec::new();
        for seed in seeds {
            let wanted = |credits: &&Credits| score.part().is_none_or(|part| credits.part == part);
            let mut mine: Vec<&Credits> = of.get(&(arm, *seed))?.iter().filter(wanted).collect();
            mine.sort_by(|a, b| (&a.part, &a.paradigm).cmp(&(&b.part, &b.paradigm)));
            let here = mine
                .iter()
                .map(|one| (one.part.clone(), one.paradigm.clone()))
                .collect();
            if *names.get_or_insert_with(|| Vec::clone(&here)) != here || here.is_empty() {
                return None;
            }
            all.push(mine.into_iter().map(|one| one.worths.clone()).collect());
        }
        let names = names?;
        let parts: Vec<&String> = names
            .iter()
            .map(|(part, _)| part)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let group = |(part, _): &(String, String)| match score.is_over_paradigms() {
            true => Some(0),
            false => parts.iter().position(|known| *known == part),
        };
        let groups = names.iter().filter_map(group).collect();
        Some((Judged { seeds: all, groups }, names))
    }
}

fn whole(score: &Score) -> &str {
    score.task.split('/').next().unwrap_or_default()
}
