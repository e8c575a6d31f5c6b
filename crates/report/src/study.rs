//! What is computed once for all tables, charts and sentences.

use crate::arm::Ending;
use crate::chance::{Against, against};
use crate::compare::{Comparison, against_baselines, not_distinguishable_from_best};
use crate::curves::{BySeed, last, over_seeds};
use crate::ground::Field;
use crate::onset::Onset;
use crate::plateau::{Place, Plateau};
use crate::score::{ALL_TASKS, Score};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::metric::TIES;
use std::collections::{BTreeMap, BTreeSet};

/// So many arms are drawn, or stand side by side in a table; of more, the best ones.
const MOST_SHOWN: usize = 12;
/// So many arms are tested item by item and told of one by one; of more, the best ones.
const MOST_TOLD: usize = 40;

/// A leading score of every arm.
pub(crate) struct Scored {
    pub score: Score,
    pub finals: Vec<BySeed>,
    /// Mean over seeds, per arm.
    pub means: Vec<Option<f64>>,
    pub fields: Vec<Field>,
    /// Arms that are bold in their field.
    pub bold: Vec<usize>,
    /// Against baselines.
    pub compared: Vec<Comparison>,
}

impl Scored {
    fn new(view: &View, score: Score) -> Result<Self> {
        let finals = view.finals(&score)?;
        let mut means = Vec::new();
        for values in &finals {
            means.push(over_seeds(values)?.map(|found| found.mean));
        }
        Ok(Self {
            fields: view.fields(&score),
            finals,
            means,
            bold: Vec::new(),
            compared: Vec::new(),
            score,
        })
    }

    /// Whether not all arms are compared with the same one.
    pub(crate) fn has_several_baselines(&self) -> bool {
        let mut baselines = self.compared.iter().map(|one| one.baseline);
        baselines
            .next()
            .is_some_and(|first| baselines.any(|other| other != first))
    }

    /// The arms of a field that have the score, best mean first.
    pub(crate) fn ranked(&self, field: &Field) -> Vec<usize> {
        let mut ranked: Vec<(usize, f64)> = field
            .arms
            .iter()
            .filter_map(|arm| Some((*arm, self.means[*arm]?)))
            .collect();
        ranked.sort_by(|a, b| self.score.order(a.1, b.1));
        ranked.into_iter().map(|(arm, _)| arm).collect()
    }
}

/// The mark of an arm whose means are over survivors.
pub(crate) const SURVIVORS: &str = "†";
/// The mark of an arm some of whose seeds have left the plateau of word frequencies and others not.
pub(crate) const MIXED: &str = "‡";

/// A view and what follows from it.
pub(crate) struct Study<'a> {
    pub view: &'a View,
    /// The headline of every task, then the mean over tasks where there is one.
    pub scores: Vec<Scored>,
    /// The arms that are drawn or stand side by side, in the order of the plan: some of those that are told of.
    pub shown: Vec<usize>,
    /// The arms that are tested item by item and told of one by one, in the order of the plan.
    pub told: Vec<usize>,
    /// The arms that are not shown to be off the plateau of word frequencies.
    pub plateaus: Vec<Plateau>,
    /// When seeds left it, by arm, where a loss says so.
    pub onsets: BTreeMap<usize, Onset>,
    /// Their looks: an arm's place among those that are shown.
    places: BTreeMap<usize, usize>,
}

impl<'a> Study<'a> {
    /// Computes it.
    ///
    /// # Errors
    /// Scores that statistics refuse; a view holds finite ones only.
    pub(crate) fn new(view: &'a View) -> Result<Self> {
        let mut scores = Vec::new();
        for score in view.headlines().into_iter().chain(view.aggregate()) {
            scores.push(Scored::new(view, score)?);
        }
        let [shown, told] = [MOST_SHOWN, MOST_TOLD].map(|most| best(view, scores.first(), most));
        for scored in &mut scores {
            for field in &scored.fields {
                let bold = not_distinguishable_from_best(view, &scored.finals, &scored.score, &field.arms)?;
                scored.bold.extend(bold);
            }
            scored.compared = against_baselines(view, &scored.score, &scored.finals, &told)?;
        }
        Ok(Self {
            view,
            scores,
            places: shown.iter().enumerate().map(|(place, arm)| (*arm, place)).collect(),
            shown,
            told,
            plateaus: view.plateaus()?,
            onsets: (0..view.arms.len())
                .filter_map(|arm| Some((arm, view.onset(arm)?)))
                .collect(),
        })
    }

    /// The name of an arm.
    pub(crate) fn name(&self, arm: usize) -> &str {
        &self.view.arms[arm].name
    }

    /// What an arm is called where the field is known: without what the whole experiment sweeps.
    pub(crate) fn called(&self, arm: usize) -> String {
        let arm = &self.view.arms[arm];
        let name = arm.stem.as_ref().or(arm.base.as_ref());
        name.unwrap_or(&arm.name).clone()
    }

    /// How an arm's sentences are scored, as the plan says it of its runs or of its objective.
    pub(crate) fn rule(&self, arm: usize) -> Option<String> {
        let crate::arm::Arm { rule, settings, .. } = &self.view.arms[arm];
        if rule.is_some() {
            return rule.clone();
        }
        let objective = &settings.named.objective;
        let facts = self
            .view
            .plan
            .objectives
            .iter()
            .find(|facts| facts.objective == *objective)?;
        facts.rule.clone()
    }

    /// The arms of a field that are shown.
    pub(crate) fn shown_of(&self, field: &Field) -> Vec<usize> {
        self.shown
            .iter()
            .copied()
            .filter(|arm| field.arms.contains(arm))
            .collect()
    }

    /// The arms of a field that are told of.
    pub(crate) fn told_of(&self, field: &Field) -> Vec<usize> {
        let is_here = |arm: &usize| field.arms.contains(arm);
        self.told.iter().copied().filter(is_here).collect()
    }

    /// The layers that some arms have a score of, in their order.
    ///
    /// # Errors
    /// Scores that statistics refuse; a view holds finite ones only.
    pub(crate) fn layers(&self, whole: &Score, arms: &[usize]) -> Result<Vec<Score>> {
        let mut layers = Vec::new();
        for part in self.view.parts(whole).into_iter().filter(|part| part.layer().is_some()) {
            for arm in arms {
                if !layers.contains(&part) && over_seeds(&self.view.final_of(&part, *arm)?)?.is_some() {
                    layers.push(part.clone());
                }
            }
        }
        layers.sort_by(|a, b| a.layer().cmp(&b.layer()));
        Ok(layers)
    }

    /// The parts of a score that some arms have, the easiest first: by the mean over the arms. Layers are none.
    ///
    /// # Errors
    /// Scores that statistics refuse; a view holds finite ones only.
    pub(crate) fn by_difficulty(&self, whole: &Score, arms: &[usize]) -> Result<Vec<Score>> {
        let mut parts = Vec::new();
        for part in self.view.parts(whole).into_iter().filter(|part| part.layer().is_none()) {
            let mut means = Vec::new();
            for arm in arms {
                means.extend(over_seeds(&self.view.final_of(&part, *arm)?)?.map(|found| found.mean));
            }
            if !means.is_empty() {
                parts.push((means.iter().sum::<f64>() / means.len() as f64, part));
            }
        }
        parts.sort_by(|a, b| whole.order(a.0, b.0).then_with(|| a.1.cmp(&b.1)));
        Ok(parts.into_iter().map(|(_, part)| part).collect())
    }

    /// Whether an arm is drawn.
    pub(crate) fn is_shown(&self, arm: usize) -> bool {
        self.places.contains_key(&arm)
    }

    /// Whether an arm is told of.
    pub(crate) fn is_told(&self, arm: usize) -> bool {
        self.told.contains(&arm)
    }

    /// The place of an arm among those that are drawn, its look in every chart; the first place for others.
    pub(crate) fn place(&self, arm: usize) -> usize {
        self.places.get(&arm).copied().unwrap_or_default()
    }

    /// Whether an arm's encoder has learnt no more than word frequencies.
    pub(crate) fn is_on_plateau(&self, arm: usize) -> bool {
        self.plateaus.iter().any(|one| one.arm == arm && one.is_of_encoder())
    }

    /// Whether word frequencies are all that is seen of what an arm has learnt: by its encoder, or by the network of it that answers for
    /// masked tokens.
    pub(crate) fn is_seen_on_plateau(&self, arm: usize) -> bool {
        self.plateaus
            .iter()
            .any(|one| one.arm == arm && one.place != Place::Open)
    }

    /// Whether sentences are scored by a rule in what a score is of: then two of them may tie. Where a head is trained on the encoder,
    /// or masked tokens are asked for, no rule has a part in it.
    pub(crate) fn is_scored(&self, score: &Score) -> bool {
        let has_ties = |task: &str| {
            let ties = Score::new(task, TIES, &self.view.plan.tasks);
            self.view.curves(&ties).iter().any(|curves| !curves.is_empty())
        };
        match score.task == ALL_TASKS {
            true => self.view.averaged().any(|(score, _)| has_ties(&score.task)),
            false => has_ties(score.task.split('/').next().unwrap_or_default()),
        }
    }

    /// What a score is by length-normalised scores, where sentences are scored and it was told.
    pub(crate) fn per_token(&self, score: &Score) -> Option<Score> {
        let each = score.per_token();
        let is_told = self.view.curves(&each).iter().any(|curves| !curves.is_empty());
        is_told.then_some(each)
    }

    /// How the sentences of a score are scored by these arms and how pairs are decided, where one is of pairs.
    pub(crate) fn policy(&self, score: &Score, arms: &[usize]) -> Option<String> {
        if score.task == ALL_TASKS || !self.is_scored(score) {
            return None;
        }
        let rules: BTreeSet<String> = arms.iter().filter_map(|arm| self.rule(*arm)).collect();
        let rules: Vec<String> = rules.into_iter().collect();
        let rules = match rules.is_empty() {
            true => "the first rule of its objective".to_owned(),
            false => format!("the first rule of its objective ({})", rules.join(", ")),
        };
        let beside = self.per_token(score).map_or(
            "",
            |_| "; beside it (per token) the sum divided by their number decides",
        );
        Some(format!(
            "One policy for all: an arm is scored by {rules}, of a pair the higher sum over the tokens decides{beside}; equal scores are \
             ties and count one half; special tokens, unknown ones included, are not scored."
        ))
    }

    /// Where arms that are compared are scored by different rules: that the rule is part of what differs.
    pub(crate) fn rules_differ(&self, Scored { score, compared, .. }: &Scored) -> Option<String> {
        let differ = |one: &Comparison| match (self.rule(one.arm), self.rule(one.baseline)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        (self.is_scored(score) && compared.iter().any(differ)).then(|| {
            "Sentences are scored by another rule in some of these arms (\u{201c}scored by\u{201d}), as their objectives have \
             it: the rule is part of what differs."
                .to_owned()
        })
    }

    /// Arms that gave the same numbers in every seed, wherever they were judged: on this text they do the same, and nothing was
    /// compared.
    pub(crate) fn the_same(&self) -> Option<String> {
        let pairs = self.scores.iter().flat_map(|scored| &scored.compared);
        let pairs: BTreeSet<[usize; 2]> = pairs.map(|one| [one.baseline, one.arm]).collect();
        let equal = |[one, other]: &[usize; 2]| {
            let own = &self.view.own_loss;
            let finals = self
                .scores
                .iter()
                .all(|scored| scored.finals[*one] == scored.finals[*other]);
            finals && !own[*one].is_empty() && last(&own[*one]) == last(&own[*other])
        };
        let named = |[one, other]: &[usize; 2]| format!("{} and {}", self.name(*one), self.name(*other));
        let same: Vec<String> = pairs.iter().filter(|pair| equal(pair)).map(named).collect();
        (!same.is_empty()).then(|| {
            format!(
                "The same numbers in every seed: {}. On this text they train the same model, and nothing is compared.",
                same.join("; ")
            )
        })
    }

    /// The arms that are told of, each against a score's chance level, with a correction over all arms that have the score.
    ///
    /// # Errors
    /// Scores that statistics refuse; a view holds finite ones only.
    pub(crate) fn against_chance(&self, score: &Score) -> Result<BTreeMap<usize, Against>> {
        let finals = self.view.finals(score)?;
        let is_untold = |arm: &usize| !self.is_told(*arm) && !finals[*arm].is_empty();
        let untold = (0..finals.len()).filter(is_untold).count();
        let asked: Vec<(&Score, usize)> = self.told.iter().map(|arm| (score, *arm)).collect();
        let found = against(self.view, &asked, untold)?;
        let arms = self.told.iter().copied().zip(found);
        Ok(arms.filter_map(|(arm, one)| Some((arm, one?))).collect())
    }

    /// An arm's name with marks where its means are over seeds that are left, since others diverged, and where they are over
    /// seeds on the plateau of word frequencies and off it.
    pub(crate) fn marked(&self, arm: usize) -> String {
        let held = &self.view.arms[arm];
        let is_left = held.count(Ending::Diverged) > 0 && held.count(Ending::Done) > 0;
        let marks = [(is_left, SURVIVORS), (self.is_mixed(arm), MIXED)];
        let marks = marks.into_iter().filter(|(is_marked, _)| *is_marked);
        marks.fold(self.name(arm).to_owned(), |name, (_, mark)| name + mark)
    }

    /// Whether some seeds of an arm have left the plateau of word frequencies and others not.
    pub(crate) fn is_mixed(&self, arm: usize) -> bool {
        self.onsets.get(&arm).is_some_and(Onset::is_mixed)
    }

    /// Of which arms intervals and t tests are over a mixture of seeds, where they are.
    pub(crate) fn mixtures(&self, arms: impl IntoIterator<Item = usize>) -> Option<String> {
        let mixed: BTreeSet<usize> = arms.into_iter().filter(|arm| self.is_mixed(*arm)).collect();
        let named = |arm: &usize| format!("{} ({})", self.name(*arm), self.onsets[arm].share());
        let names: Vec<String> = mixed.iter().map(named).collect();
        (!names.is_empty()).then(|| {
            format!(
                "Over a mixture of seeds that have left the plateau of word frequencies and seeds that have not ({MIXED}; so many have \
                 left): {}. Student's t takes seeds to be of one kind, so that intervals and t tests say less of these than they seem \
                 to.",
                crate::names::some(names)
            )
        })
    }

    /// Which arms are drawn or stand side by side, where some do not.
    pub(crate) fn of_shown(&self) -> Option<String> {
        self.some("are shown", &self.shown)
    }

    /// Which arms are told of one by one, where some are not.
    pub(crate) fn of_told(&self) -> Option<String> {
        self.some("are told of one by one", &self.told)
    }

    fn some(&self, what: &str, arms: &[usize]) -> Option<String> {
        let (some, all) = (arms.len(), self.view.arms.len());
        let left = all - some;
        (left > 0).then(|| {
            let by = self.chosen_by();
            format!("{some} of {all} arms {what}, whatever the table or chart is about: {by}. What is known of the other {left} is in table.csv.")
        })
    }

    /// How arms are chosen where there are too many.
    pub(crate) fn chosen_by(&self) -> String {
        let Some(scored) = self.scores.first() else {
            return "the first ones of the plan".to_owned();
        };
        let each = match (scored.fields.len() > 1, scored.has_several_baselines()) {
            (true, _) => ", as many in every field",
            (_, true) => ", as many of every baseline",
            _ => "",
        };
        format!(
            "those with the best means of {}{each}, and their baselines",
            scored.score.title()
        )
    }

    /// Whether there are more arms than are drawn: then tables have the best first, or leave out what is whole.
    pub(crate) fn is_many(&self) -> bool {
        self.shown.len() < self.view.arms.len()
    }

    /// How many arms are not told of, where there are any.
    pub(crate) fn untold(&self) -> Option<usize> {
        Some(self.view.arms.len() - self.told.len()).filter(|untold| *untold > 0)
    }
}

/// All of a few arms; of many the best ones on the first score, each with its baseline: of every field and baseline as many, as far as there is
/// room for them and there are so many.
fn best(view: &View, first: Option<&Scored>, most: usize) -> Vec<usize> {
    let count = view.arms.len();
    if count <= most {
        return (0..count).collect();
    }
    let mut best: Vec<usize> = Vec::new();
    if let Some(scored) = first {
        let baselines = view.baselines(&scored.score);
        // Of arms with one baseline in one field, the place of the first one in its field, and all of them.
        let mut groups: Vec<(usize, Option<usize>, Vec<usize>)> = Vec::new();
        for field in &scored.fields {
            let from = groups.len();
            // What is its own baseline comes with those that are compared with it.
            let (own, compared): (Vec<_>, Vec<_>) = scored
                .ranked(field)
                .into_iter()
                .enumerate()
                .partition(|(_, arm)| baselines[*arm] == Some(*arm));
            for (rank, arm) in compared.into_iter().chain(own) {
                match groups[from..]
                    .iter_mut()
                    .find(|(_, baseline, _)| *baseline == baselines[arm])
                {
                    Some((_, _, arms)) => arms.push(arm),
                    None => groups.push((rank, baselines[arm], vec![arm])),
                }
            }
        }
        groups.sort_by_key(|(rank, _, _)| *rank);
        for place in 0..count {
            for (_, baseline, arms) in &groups {
                let Some(arm) = arms.get(place) else { continue };
                let mut both: Vec<usize> = baseline.iter().chain([arm]).copied().collect();
                both.dedup();
                both.retain(|arm| !best.contains(arm));
                if best.len() + both.len() <= most {
                    best.extend(both);
                }
            }
        }
    }
    let rest: Vec<usize> = (0..count).filter(|arm| !best.contains(arm)).collect();
    best.extend(rest.into_iter().take(most - best.len()));
    best.sort_unstable();
    best
}
