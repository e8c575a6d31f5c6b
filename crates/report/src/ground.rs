//! What arms have in common, and so which of them may be compared on what. All that a report says of equality and pairing
//! is found here, from configurations and hashes of data.

use crate::arm::Arm;
use crate::number;
use crate::read::{Judge, said};
use crate::score::{ALL_TASKS, Score};
use crate::view::View;
use cloze_schema::Axis;
use std::collections::{BTreeMap, BTreeSet};

/// Arms that may be compared with each other on a score: they were trained and judged on the same texts, cut into the same
/// tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// What sets it apart from other fields; nothing where there is one.
    pub name: Option<String>,
    /// In the order of the plan.
    pub arms: Vec<usize>,
}

impl Field {
    /// `text`, and on what.
    pub(crate) fn titled(&self, text: &str) -> String {
        match &self.name {
            Some(name) => format!("{text} ({name})"),
            None => text.to_owned(),
        }
    }
}

/// What decides whether two arms are of one field, by key path.
type Ground = BTreeMap<String, String>;

fn judges<'a>(arm: &'a Arm, score: &'a Score) -> impl Iterator<Item = &'a Judge> {
    let whole = score.task.split('/').next().unwrap_or_default();
    let judges = arm.settings.named.evaluate.iter();
    judges.filter(move |judge| score.task == ALL_TASKS || judge.name() == whole)
}

/// By configuration: what stands for the data where they are not known, and what names a field.
fn configured(arm: &Arm, score: &Score) -> Ground {
    let mut ground = arm.settings.leaves("corpus");
    for judge in judges(arm, score) {
        ground.insert(format!("{} of {}", "options", judge.name()), said(&judge.options));
    }
    ground.extend(window(arm, score));
    ground
}

/// A loss is over windows of text: windows of another length are another context.
fn window(arm: &Arm, score: &Score) -> Option<(String, String)> {
    let is_loss = score.unit() == Score::NATS;
    let length = arm.settings.said("encoder.window").filter(|_| is_loss)?;
    Some(("encoder.window".to_owned(), length))
}

/// By what the rows say of their data: all of them together.
fn measured(arm: &Arm, score: &Score) -> Option<Ground> {
    let mut ground = Ground::from([("data".to_owned(), arm.measured.clone()?)]);
    ground.extend(window(arm, score));
    Some(ground)
}

/// By the hashes of the planned data.
fn hashed(arm: &Arm, score: &Score) -> Option<Ground> {
    let data = arm.data.as_ref()?;
    let mut ground = Ground::from([("data".to_owned(), data.corpus.clone())]);
    for judge in judges(arm, score) {
        let hash = data.tasks.get(judge.name()).cloned().unwrap_or_default();
        ground.insert(format!("data of {}", judge.name()), hash);
    }
    ground.extend(window(arm, score));
    Some(ground)
}

impl View {
    /// The fields of a score, in the order of the plan: by the hashes of the planned data, or by what the rows say of theirs. An
    /// arm of which neither is known is taken for one of the same configuration, where all of those have the same data.
    pub(crate) fn fields(&self, score: &Score) -> Vec<Field> {
        let each = |of: fn(&Arm, &Score) -> Option<Ground>| -> Vec<Option<Ground>> {
            self.arms.iter().map(|arm| of(arm, score)).collect()
        };
        let configured: Vec<Ground> = self.arms.iter().map(|arm| configured(arm, score)).collect();
        let hashes = each(hashed);
        let known = match hashes.iter().all(Option::is_some) {
            true => hashes,
            false => each(measured),
        };
        let alike = |arm: usize, other: usize| match (&known[arm], &known[other]) {
            (Some(one), Some(other)) => one == other,
            (None, None) => configured[arm] == configured[other],
            (None, Some(_)) | (Some(_), None) => false,
        };
        let mut fields: Vec<Field> = Vec::new();
        for arm in 0..self.arms.len() {
            match fields.iter_mut().find(|field| alike(field.arms[0], arm)) {
                Some(field) => field.arms.push(arm),
                None => fields.push(Field {
                    name: None,
                    arms: vec![arm],
                }),
            }
        }
        self.join_unknown(&mut fields, &known, &configured);
        let grounds: Vec<Ground> = known
            .into_iter()
            .zip(&configured)
            .map(|(known, configured)| known.unwrap_or_else(|| configured.clone()))
            .collect();
        if fields.len() > 1 {
            let firsts: Vec<usize> = fields.iter().map(|field| field.arms[0]).collect();
            for field in &mut fields {
                let first = field.arms[0];
                let name = difference(&configured, first, &firsts);
                field.name = Some(
                    name.or_else(|| difference(&grounds, first, &firsts))
                        .unwrap_or_default(),
                );
            }
        }
        fields
    }

    /// Puts arms of unknown data to those of the same configuration, where these are of one field: which it would be cannot be
    /// said otherwise.
    fn join_unknown(&self, fields: &mut Vec<Field>, known: &[Option<Ground>], configured: &[Ground]) {
        let unknown: Vec<usize> = (0..fields.len())
            .filter(|field| known[fields[*field].arms[0]].is_none())
            .collect();
        for place in unknown.into_iter().rev() {
            let first = fields[place].arms[0];
            let is_alike = |field: &Field| {
                known[field.arms[0]].is_some() && field.arms.iter().any(|arm| configured[*arm] == configured[first])
            };
            let alike: Vec<usize> = (0..fields.len()).filter(|other| is_alike(&fields[*other])).collect();
            if let [other] = alike[..] {
                let arms = fields[place].arms.clone();
                fields[other].arms.extend(arms);
                fields[other].arms.sort_unstable();
                fields.remove(place);
            }
        }
        fields.sort_by_key(|field| field.arms[0]);
    }

    /// Whether two arms read the same text in the same order with the same seed: their seeds are pairs.
    pub(crate) fn are_pairs(&self, one: usize, other: usize) -> bool {
        read_alike(&self.arms[one], &self.arms[other])
    }

    /// What pairs are here, in a sentence or two.
    pub(crate) fn pairing(&self) -> Vec<String> {
        let all = |same: &dyn Fn(usize) -> bool| (0..self.arms.len()).all(same);
        if !all(&|arm| self.are_pairs(0, arm)) {
            return vec![
                "Arms that agree in corpus, windows and batch read the same text in the same order with the same seed, and \
                 are paired by seed. Others are not pairs: they are compared by Welch's t test and by an exact permutation \
                 test of their seeds."
                    .to_owned(),
            ];
        }
        let is_whole = matches!(self.budgets().keys().next(), Some((Axis::Tokens | Axis::Steps, _)));
        let reach = if self.budgets().len() == 1 && is_whole {
            ""
        } else {
            ", each as far as its budget reaches"
        };
        let mut told = vec![format!(
            "Arms with the same seed read the same text in the same order{reach}, and are paired by seed."
        )];
        if all(&|arm| self.arms[0].settings.at("encoder") == self.arms[arm].settings.at("encoder")) {
            told.push("They start from the same weights of the encoder.".to_owned());
        }
        told
    }

    /// The budgets of the plan: axis and amount (as bits), and who has it.
    fn budgets(&self) -> BTreeMap<(Axis, u64), Vec<usize>> {
        let mut budgets: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, arm) in self.arms.iter().enumerate() {
            let budget = &arm.settings.named.budget;
            budgets
                .entry((budget.equalise, budget.amount.to_bits()))
                .or_default()
                .push(place);
        }
        budgets
    }

    /// What was equal for the arms, and what was not.
    pub(crate) fn equalised(&self) -> String {
        let written = |(axis, bits): &(Axis, u64)| {
            let amount = number::large(f64::from_bits(*bits));
            format!("{} ({amount})", axis.facts().word)
        };
        let budgets = self.budgets();
        if let (1, Some((budget, _))) = (budgets.len(), budgets.iter().next()) {
            return format!("Equal for every arm: {}{}.", written(budget), self.reached(budget.0));
        }
        let axes: BTreeSet<Axis> = budgets.keys().map(|(axis, _)| *axis).collect();
        let each = budgets.iter().map(|(budget, arms)| {
            let names: Vec<&str> = arms.iter().take(3).map(|arm| self.arms[*arm].name.as_str()).collect();
            let more = arms.len() - names.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("{} for {}{more}", written(budget), names.join(", "))
        });
        let each = each.collect::<Vec<_>>().join("; ");
        let what = if axes.len() > 1 { "axis nor in amount" } else { "amount" };
        let nor = if axes.len() > 1 { "in neither " } else { "not equal in " };
        format!("The budgets are {nor}{what}: {each}. Differences between such arms are differences of budgets too.")
    }

    /// Where arms did not use the same amount of an axis after all: by more than a hundredth.
    fn reached(&self, axis: Axis) -> String {
        let used = self
            .arms
            .iter()
            .flat_map(|arm| arm.spent.values())
            .map(|spent| spent[axis]);
        let (low, high) = used.fold((f64::INFINITY, 0.0_f64), |(low, high), used| {
            (low.min(used), high.max(used))
        });
        if low.is_finite() && high > 1.01 * low {
            format!(", though runs used {} to {}", number::large(low), number::large(high))
        } else {
            String::new()
        }
    }
}

/// Whether a seed of one arm reads the same text in the same order as this seed of another.
pub(crate) fn read_alike(one: &Arm, other: &Arm) -> bool {
    let is_text = match (&one.data, &other.data) {
        (Some(one), Some(other)) => one.corpus == other.corpus,
        // Arms that do not share all of their data may differ in what judges them alone, but nothing says so.
        _ => match (&one.measured, &other.measured) {
            (Some(one), Some(other)) => one == other,
            _ => one.settings.at("corpus") == other.settings.at("corpus"),
        },
    };
    is_text
        && READING
            .iter()
            .all(|path| one.settings.at(path) == other.settings.at(path))
}

/// What decides, with the text, which tokens a seed reads when.
const READING: [&str; 3] = ["encoder.window", "budget.batch", "budget.stages"];

/// How the ground of `arm` differs from those of `others`, in words; none where it does not.
fn difference(grounds: &[Ground], arm: usize, others: &[usize]) -> Option<String> {
    let varies = |key: &&String| {
        others
            .iter()
            .any(|other| grounds[*other].get(*key) != grounds[arm].get(*key))
    };
    let mine = grounds[arm].keys().filter(varies).map(|key| {
        let value = &grounds[arm][key];
        // A path goes by its last part, a hash by its first digits.
        let value = value.rsplit('/').next().unwrap_or(value);
        let value = if key.starts_with("data") {
            value.get(..8).unwrap_or(value)
        } else {
            value
        };
        format!("{} {value}", key.rsplit('.').next().unwrap_or(key))
    });
    let mine: Vec<String> = mine.collect();
    (!mine.is_empty()).then(|| mine.join(", "))
}
