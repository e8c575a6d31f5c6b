//! What trials said before arms were trained: by the law that also decided what was trained.

use crate::read::Settings;
use crate::score::Score;
use crate::view::is_diverged;
use cloze_foundation::Result;
use cloze_schema::tuning::{TunedArm, mean, number};
use cloze_schema::{AttemptRows, Choice, Part, Plan, Trial, Tuning};
use cloze_stats::{Kept, expected_best, order_kept};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// The share of pairs from which on an order mostly holds.
const MOSTLY: f64 = 0.8;

/// The trials of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Tuned {
    pub design: Tuning,
    /// What the judge gives.
    pub score: Score,
    /// By arm.
    pub choices: Vec<Choice>,
    /// By id; the others are open.
    trials: BTreeMap<String, Trial>,
    /// By arm: where in what the whole experiment sweeps it stands.
    places: Vec<String>,
}

/// One setting for all arms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shared {
    pub at: Table,
    /// What every arm comes to with it; none of those without a point of their own.
    pub scores: Vec<Option<f64>>,
    /// How much less that is than with its own.
    pub regrets: Vec<Option<f64>>,
}

/// Whether the order of arms holds beside the learning rates that were chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sensitivity {
    /// By factor: what every arm came to; none where a trial was lost, or the arm has no point.
    pub scores: Vec<Vec<Option<f64>>>,
    /// Of all pairs of arms at all other factors.
    pub kept: Kept,
}

impl Tuned {
    /// What the rows say of the trials of a plan; none where nothing is tuned.
    pub(crate) fn of(plan: &Plan<Settings>, attempts: &[AttemptRows]) -> Option<Self> {
        let design = plan.tuning.clone()?;
        let wanted = design.trials();
        let mut rows: BTreeMap<&str, Vec<AttemptRows>> = BTreeMap::new();
        for attempt in attempts
            .iter()
            .filter(|attempt| wanted.contains(attempt.label.run.as_str()))
        {
            let data = plan
                .run(&attempt.label.run)
                .and_then(|run| run.data.as_ref())
                .map(|data| data.short());
            if attempt.label.data.is_empty() || data.is_none_or(|data| data == attempt.label.data) {
                rows.entry(&attempt.label.run).or_default().push(attempt.clone());
            }
        }
        let trial = |attempts: &[AttemptRows]| match design.score(attempts) {
            _ if attempts.iter().any(|attempt| is_diverged(&attempt.rows)) => Trial::Lost,
            Some(score) => Trial::Score(score),
            None => Trial::Lost,
        };
        let trials = rows.iter().map(|(id, attempts)| ((*id).to_owned(), trial(attempts)));
        let trials: BTreeMap<String, Trial> = trials.collect();
        let places = design.arms.iter().map(|arm| {
            let first = arm.points.first().and_then(|point| plan.run(point.runs.first()?));
            let stem = first.and_then(|run| run.stem.as_deref()).unwrap_or_default();
            arm.arm.strip_prefix(stem).unwrap_or(&arm.arm).to_owned()
        });
        Some(Self {
            score: Score::new(
                &design.judge.task,
                &design.judge.headline,
                std::slice::from_ref(&design.judge),
            ),
            choices: design.choices(&|id| trials.get(id).copied().unwrap_or(Trial::Open)),
            places: places.collect(),
            trials,
            design,
        })
    }

    fn trial(&self, id: &str) -> Trial {
        self.trials.get(id).copied().unwrap_or(Trial::Open)
    }

    /// The runs of arms that have not taken a point: none of them belongs to the comparison.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = &str> {
        let arms = self.design.arms.iter().zip(&self.choices);
        let open = arms.filter(|(_, choice)| !matches!(choice, Choice::Point(_)));
        let runs = open.flat_map(|(arm, _)| arm.points.iter().flat_map(|point| &point.runs));
        runs.map(String::as_str)
    }

    /// Arms that cannot be trained, since no point of theirs has a score.
    pub(crate) fn hopeless(&self) -> impl Iterator<Item = &str> {
        self.design.untuned(&self.choices).map(|arm| arm.arm.as_str())
    }

    /// Everything at points that no arm takes, trials apart that choose them.
    pub(crate) fn passed(&self) -> BTreeSet<&str> {
        let parts = self.design.parts(&self.choices).into_iter();
        parts
            .filter(|(_, part)| *part == Part::Passed)
            .map(|(id, _)| id)
            .collect()
    }

    /// The runs for which others of their arm and seed have ended before the trials of the arm have, at whichever of its points.
    pub(crate) fn early(&self, ended: &BTreeSet<String>) -> BTreeSet<&str> {
        let arms = self.design.arms.iter().zip(&self.choices);
        let open = arms.filter(|(_, choice)| **choice == Choice::Open);
        let early = open.flat_map(|(arm, _)| {
            // An arm that has not taken a point stands with its first one.
            let standing = arm
                .points
                .first()
                .map(|point| point.runs.as_slice())
                .unwrap_or_default();
            let has_ended = |seed: usize| {
                let mut of_points = arm.points.iter().filter_map(|point| point.runs.get(seed));
                of_points.any(|id| ended.contains(id))
            };
            let seeds = standing.iter().enumerate();
            seeds
                .filter(move |(seed, _)| has_ended(*seed))
                .map(|(_, id)| id.as_str())
        });
        early.collect()
    }

    /// How many trials have ended that choose a point, and how many there are.
    pub(crate) fn ended(&self) -> (usize, usize) {
        let points = self.design.arms.iter().flat_map(|arm| &arm.points);
        let ids: BTreeSet<&String> = points.flat_map(|point| &point.trials).collect();
        let ended = ids.iter().filter(|id| self.trial(id) != Trial::Open).count();
        (ended, ids.len())
    }

    /// The scores of the points of an arm; none where a trial is open or was lost.
    pub(crate) fn scores(&self, arm: &TunedArm) -> Vec<Option<f64>> {
        let scores = arm.scores(&|id| self.trial(id));
        scores.into_iter().map(known).collect()
    }

    /// The score of the point that an arm takes.
    pub(crate) fn best(&self, arm: usize) -> Option<f64> {
        let Choice::Point(place) = self.choices[arm] else {
            return None;
        };
        self.scores(&self.design.arms[arm])[place]
    }

    /// At which ends of what was tried with an arm a point of it lies, as in `the highest peak_lr`; none where nothing that was
    /// tried has ends: values that are no numbers, or a single one.
    pub(crate) fn edges(&self, arm: &TunedArm, at: &Table) -> Option<Vec<String>> {
        let mut found = None;
        for tried in &self.design.space {
            let of_point = |point: &cloze_schema::tuning::TunedPoint| point.at.get(&tried.path).map(number);
            let numbers: Option<Vec<f64>> = arm.points.iter().filter_map(of_point).collect();
            let (Some(numbers), Some(here)) = (numbers, at.get(&tried.path).and_then(number)) else {
                continue;
            };
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if low == high {
                continue;
            }
            let found = found.get_or_insert_with(Vec::new);
            let which = match () {
                () if here == low => "lowest",
                () if here == high => "highest",
                () => continue,
            };
            found.push(format!("the {which} {}", last(&tried.path)));
        }
        found
    }

    /// The score of the point of every arm, none of one without a point; none at all where a trial is open, or no arm has one.
    fn bests(&self) -> Option<Vec<Option<f64>>> {
        let bests: Vec<Option<f64>> = (0..self.choices.len()).map(|arm| self.best(arm)).collect();
        let is_known = !self.choices.contains(&Choice::Open) && bests.iter().any(Option::is_some);
        is_known.then_some(bests)
    }

    /// The one setting that arms lose least with, on average over those that have a point; none where these have no point in
    /// common, a trial is open, or arms were judged by losses of their own, which have no average. A key that an arm has not is no
    /// part of its setting.
    pub(crate) fn shared(&self) -> Option<Shared> {
        let bests = self.bests().filter(|_| self.design.compares_arms())?;
        let with_point = || self.design.arms.iter().zip(&bests).filter(|(_, best)| best.is_some());
        let most = with_point().map(|(arm, _)| keys(arm)).max()?;
        let (widest, _) = with_point().find(|(arm, _)| keys(arm) == most)?;
        let sign = if self.design.judge.higher_is_better { 1.0 } else { -1.0 };
        let at = |setting: &Table| {
            let of_arm = |arm: &TunedArm| {
                let is_here = |point: &cloze_schema::tuning::TunedPoint| {
                    point.at.iter().all(|(path, value)| setting.get(path) == Some(value))
                };
                let place = arm.points.iter().position(is_here)?;
                self.scores(arm)[place]
            };
            let mut found = Shared {
                at: setting.clone(),
                scores: Vec::new(),
                regrets: Vec::new(),
            };
            for (arm, best) in self.design.arms.iter().zip(&bests) {
                // With a setting that an arm is lost with, not all arms have one.
                let here = best.map(|best| of_arm(arm).map(|score| (best, score)));
                let here = match here {
                    Some(None) => return None,
                    here => here.flatten(),
                };
                found.scores.push(here.map(|(_, score)| score));
                found.regrets.push(here.map(|(best, score)| sign * (best - score)));
            }
            Some(found)
        };
        let all = widest.points.iter().filter_map(|point| at(&point.at));
        all.min_by(|one, other| one.total().total_cmp(&other.total()))
    }

    /// The expected best of so many of an arm's trials. A point that was lost counts as the worst of the others.
    ///
    /// # Errors
    /// Scores that statistics refuse.
    pub(crate) fn expected(&self, arm: usize, trials: usize) -> Result<Option<f64>> {
        let scores = self.scores(&self.design.arms[arm]);
        if self.best(arm).is_none() || trials > scores.len() {
            return Ok(None);
        }
        let sign = if self.design.judge.higher_is_better { 1.0 } else { -1.0 };
        let worst = scores
            .iter()
            .flatten()
            .map(|score| sign * score)
            .fold(f64::INFINITY, f64::min);
        let oriented: Vec<f64> = scores
            .iter()
            .map(|score| score.map_or(worst, |score| sign * score))
            .collect();
        Ok(Some(sign * expected_best(&oriented, trials)?))
    }

    /// What arms came to beside the learning rates that were chosen; none where nobody asked, or a trial is open. Pairs are arms
    /// with a point that stand at one place of what the whole experiment sweeps.
    ///
    /// # Errors
    /// Scores that statistics refuse.
    pub(crate) fn sensitivity(&self) -> Result<Option<Sensitivity>> {
        let Some(bests) = self.bests().filter(|_| !self.design.factors.is_empty()) else {
            return Ok(None);
        };
        let sign = if self.design.judge.higher_is_better { 1.0 } else { -1.0 };
        let mut found = Sensitivity {
            scores: Vec::new(),
            kept: Kept::default(),
        };
        for (place, factor) in self.design.factors.iter().enumerate() {
            let mut scores = Vec::new();
            for (arm, choice) in self.design.arms.iter().zip(&self.choices) {
                let Choice::Point(point) = choice else {
                    scores.push(None);
                    continue;
                };
                let trials = arm.points[*point]
                    .beside
                    .get(place)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                match mean(trials, &|id| self.trial(id)) {
                    Trial::Open => return Ok(None),
                    trial => scores.push(known(trial)),
                }
            }
            if *factor != 1.0 {
                for of_place in self.places.iter().collect::<BTreeSet<_>>() {
                    let arms = (0..scores.len()).filter(|arm| self.places[*arm] == *of_place);
                    let pairs: Vec<[Option<f64>; 2]> = arms
                        .filter_map(|arm| Some([Some(sign * bests[arm]?), scores[arm].map(|score| sign * score)]))
                        .collect();
                    let side = |side: usize| -> Vec<Option<f64>> { pairs.iter().map(|pair| pair[side]).collect() };
                    let Kept { kept, pairs } = order_kept(&side(0), &side(1))?;
                    found.kept.kept += kept;
                    found.kept.pairs += pairs;
                }
            }
            found.scores.push(scores);
        }
        Ok(Some(found))
    }
}

impl Shared {
    fn total(&self) -> f64 {
        self.regrets.iter().flatten().sum()
    }
}

impl Sensitivity {
    /// The grade, in words; none where there are no pairs.
    pub(crate) fn grade(&self) -> Option<&'static str> {
        self.kept.share().map(|share| match share {
            1.0 => "holds",
            share if share >= MOSTLY => "mostly holds",
            _ => "does not hold",
        })
    }
}

/// How a setting is written: `peak_lr=0.002 rate=0.3`.
pub(crate) fn words(at: &Table) -> String {
    let each = at.iter().map(|(path, value)| match value {
        Value::String(word) => format!("{}={word}", last(path)),
        Value::Float(number) => format!("{}={number}", last(path)),
        value => format!("{}={value}", last(path)),
    });
    each.collect::<Vec<_>>().join(" ")
}

/// Keys that an arm was tuned in.
pub(crate) fn keys(arm: &TunedArm) -> usize {
    arm.points.first().map_or(0, |point| point.at.len())
}

fn known(trial: Trial) -> Option<f64> {
    match trial {
        Trial::Score(score) => Some(score),
        Trial::Lost | Trial::Open => None,
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_schema::TaskFacts;
    use cloze_schema::tuning::{Tried, TunedPoint};

    const RATES: [f64; 3] = [0.001, 0.002, 0.004];

    /// Two arms at three learning rates, with what each trial came to; `nan` is lost. Beside each point are half and twice its rate.
    fn tuned(scores: [[f64; 3]; 2], beside: [[f64; 2]; 2], higher_is_better: bool) -> Tuned {
        let facts = TaskFacts::named("judge", "accuracy", higher_is_better);
        let mut trials = BTreeMap::new();
        let mut put = |id: String, score: f64| {
            let trial = if score.is_nan() {
                Trial::Lost
            } else {
                Trial::Score(score)
            };
            trials.insert(id.clone(), trial);
            id
        };
        let mut arms = Vec::new();
        for (arm, scores) in scores.iter().enumerate() {
            let points = RATES.iter().zip(scores).map(|(rate, score)| TunedPoint {
                at: Table::from_iter([("optimizer.peak_lr".to_owned(), Value::Float(*rate))]),
                trials: vec![put(format!("{arm} {rate}"), *score)],
                runs: Vec::new(),
                beside: (0..2)
                    .map(|place| vec![put(format!("{arm} beside {place}"), beside[arm][place])])
                    .collect(),
            });
            arms.push(TunedArm {
                arm: format!("arm {arm}"),
                points: points.collect(),
            });
        }
        let space = vec![Tried {
            path: "optimizer.peak_lr".to_owned(),
            values: RATES.map(Value::Float).to_vec(),
        }];
        let design = Tuning {
            share: 0.3,
            judge: facts.clone(),
            space,
            drawn: None,
            factors: vec![0.5, 2.0],
            arms,
        };
        Tuned {
            score: Score::new("judge", "accuracy", &[facts]),
            choices: design.choices(&|id| trials[id]),
            places: vec![String::new(); 2],
            trials,
            design,
        }
    }

    #[test]
    fn losses_of_different_objectives_have_no_setting_for_all() {
        let mut found = tuned([[0.6, 0.7, 0.5], [0.5, 0.65, 0.8]], [[0.5; 2]; 2], false);
        assert!(found.shared().is_some());
        found.design.judge = cloze_schema::tuning::held_out_loss();
        assert!(found.shared().is_none());
    }

    #[test]
    fn one_setting_for_all_costs_each_arm_what_its_own_is_better_by() {
        let found = tuned([[0.6, 0.7, 0.5], [0.5, 0.65, 0.8]], [[0.5; 2]; 2], true);
        assert_eq!(found.choices, [Choice::Point(1), Choice::Point(2)]);
        let shared = found.shared().unwrap();
        assert_eq!(words(&shared.at), "peak_lr=0.002");
        assert_eq!(shared.scores, [Some(0.7), Some(0.65)]);
        assert!((shared.regrets[1].unwrap() - 0.15).abs() < 1e-12 && shared.regrets[0] == Some(0.0));
        let edges = |arm: usize, place: usize| {
            let held = &found.design.arms[arm];
            found.edges(held, &held.points[place].at).unwrap()
        };
        assert_eq!(
            (edges(0, 1), edges(1, 2)),
            (Vec::new(), vec!["the highest peak_lr".to_owned()])
        );
        assert_eq!(edges(1, 0), ["the lowest peak_lr"]);
        // Ends are those of the arm's own points, and one point has none.
        let mut held = found.design.arms[0].clone();
        held.points.remove(0);
        assert_eq!(found.edges(&held, &held.points[0].at).unwrap(), ["the lowest peak_lr"]);
        held.points.truncate(1);
        assert_eq!(found.edges(&held, &held.points[0].at), None);
        // The same as losses: the least is the best, and a regret is never below 0.
        let losses = tuned([[0.6, 0.7, 0.5], [0.5, 0.6, 0.8]], [[0.5; 2]; 2], false);
        assert_eq!(losses.choices, [Choice::Point(2), Choice::Point(0)]);
        let regrets = losses.shared().unwrap().regrets;
        assert!(regrets.iter().all(|regret| regret.unwrap() >= 0.0));
        // A setting with which an arm diverges is none for all.
        let lost = tuned([[0.6, f64::NAN, 0.5], [0.5, 0.6, 0.8]], [[0.5; 2]; 2], true);
        assert_eq!(words(&lost.shared().unwrap().at), "peak_lr=0.004");
    }

    #[test]
    fn an_arm_without_a_point_has_no_regret_and_leaves_the_others_theirs() {
        let nan = f64::NAN;
        let mut found = tuned([[0.6, 0.7, 0.5], [nan, nan, nan]], [[0.6, 0.65], [0.5, 0.5]], true);
        assert_eq!(found.choices, [Choice::Point(1), Choice::Nothing]);
        let shared = found.shared().unwrap();
        // Alone, the first arm loses nothing by its own point.
        assert_eq!(
            (shared.scores, shared.regrets),
            (vec![Some(0.7), None], vec![Some(0.0), None])
        );
        let beside = found.sensitivity().unwrap().unwrap();
        assert_eq!(beside.scores, [[Some(0.6), None], [Some(0.65), None]]);
        assert_eq!(beside.grade(), None, "there is no pair");
        let lost = tuned([[nan; 3]; 2], [[0.5; 2]; 2], true);
        assert!(lost.shared().is_none() && lost.sensitivity().unwrap().is_none());
        // While a trial is open, nothing is known of one setting for all.
        found.trials.remove("1 0.001");
        found.choices[1] = Choice::Open;
        assert!(found.shared().is_none() && found.sensitivity().unwrap().is_none());
    }

    #[test]
    fn what_was_trained_before_its_trials_is_early_whichever_its_point() {
        let mut found = tuned([[0.6, 0.7, 0.5], [0.5, 0.6, 0.8]], [[0.5; 2]; 2], true);
        for (arm, held) in found.design.arms.iter_mut().enumerate() {
            for (place, point) in held.points.iter_mut().enumerate() {
                point.runs = (1..=2).map(|seed| format!("{arm} at {place} seed {seed}")).collect();
            }
        }
        found.choices[0] = Choice::Open;
        let ended: BTreeSet<String> = ["0 at 2 seed 1", "1 at 0 seed 2"].map(str::to_owned).into();
        assert_eq!(found.early(&ended), BTreeSet::from(["0 at 0 seed 1"]));
        let passed = found.passed();
        assert!(
            passed.contains("1 at 0 seed 2") && !passed.contains("1 at 2 seed 2"),
            "{passed:?}"
        );
        assert!(passed.iter().all(|id| !id.starts_with('0')), "{passed:?}");
    }

    #[test]
    fn the_best_of_more_points_is_better_and_a_lost_one_is_the_worst() {
        let found = tuned([[0.6, 0.7, 0.5], [f64::NAN, 0.6, 0.8]], [[0.5; 2]; 2], true);
        let expected = |arm: usize| {
            (1..=3)
                .map(|count| found.expected(arm, count).unwrap().unwrap())
                .collect::<Vec<_>>()
        };
        let near = |found: &[f64], wanted: [f64; 3]| found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(&expected(0), [0.6, 2.0 / 3.0, 0.7]), "{:?}", expected(0));
        assert!(
            near(&expected(1), [2.0 / 3.0, (0.6 + 0.8 + 0.8) / 3.0, 0.8]),
            "{:?}",
            expected(1)
        );
        assert_eq!(found.expected(0, 4).unwrap(), None);
        let losses = tuned([[0.6, 0.7, 0.5], [0.5, 0.6, 0.8]], [[0.5; 2]; 2], false);
        assert!((losses.expected(0, 3).unwrap().unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_arms_holds_mostly_holds_or_does_not() {
        let scores = [[0.6, 0.7, 0.5], [0.5, 0.6, 0.5]];
        for (beside, higher, kept, grade) in [
            ([[0.6, 0.65], [0.5, 0.5]], true, 2.0, "holds"),
            ([[0.6, 0.5], [0.5, 0.6]], true, 1.0, "does not hold"),
            ([[0.6, 0.5], [0.5, f64::NAN]], true, 2.0, "holds"),
            ([[f64::NAN, 0.5], [0.5, 0.4]], true, 1.0, "does not hold"),
            ([[0.6, 0.6], [0.5, 0.6]], true, 1.5, "does not hold"),
        ] {
            let found = tuned(scores, beside, higher).sensitivity().unwrap().unwrap();
            assert_eq!(
                (found.kept.kept, found.kept.pairs, found.grade()),
                (kept, 2, Some(grade)),
                "{beside:?}"
            );
        }
        let mostly = Sensitivity {
            scores: Vec::new(),
            kept: Kept { kept: 8.0, pairs: 10 },
        };
        assert_eq!(mostly.grade(), Some("mostly holds"));
        // Arms that stand at other places of a sweep are no pair.
        let mut apart = tuned(scores, [[0.6; 2], [0.5; 2]], true);
        apart.places[1] = " width=128".to_owned();
        assert_eq!(apart.sensitivity().unwrap().unwrap().grade(), None);
        apart.design.factors.clear();
        assert_eq!(apart.sensitivity().unwrap(), None);
    }
}
