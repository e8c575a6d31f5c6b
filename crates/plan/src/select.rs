//! Some runs of a plan, named as people name them.

use crate::{Plan, PlannedRun, place, title};
use cloze_foundation::{Fault, Result};
use cloze_schema::PlannedModel;
use std::collections::BTreeSet;

/// What may stand before a seed.
const SEED: &str = "seed";

/// The runs that these words name, in the order of the plan: ids, arms (by name, or by what several points of a sweep are
/// called together), seeds (`seed=3`, `3`), or an arm with a seed. Arms and seeds that are named apart are crossed.
///
/// # Errors
/// A word that names nothing, with the nearest that does; words that together name no run.
pub fn select<'a>(plan: &'a Plan, words: &[String]) -> Result<Vec<&'a PlannedRun>> {
    let (mut runs, mut arms, mut seeds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for word in words {
        let word = word.trim();
        let named: Vec<&PlannedRun> = plan
            .runs
            .iter()
            .filter(|run| run.id == word || title(run) == word || seed_of_arm(run) == word)
            .collect();
        let of_arm: Vec<&str> = plan
            .runs
            .iter()
            .filter(|run| is_called(run, word))
            .map(|run| run.arm.as_str())
            .collect();
        let seed = seed(word).filter(|seed| plan.runs.iter().any(|run| run.config.seed == *seed));
        if !named.is_empty() {
            runs.extend(named.into_iter().map(|run| run.id.as_str()));
        } else if !of_arm.is_empty() {
            arms.extend(of_arm);
        } else if let Some(seed) = seed {
            seeds.insert(seed);
        } else {
            return Err(unknown(plan, word));
        }
    }
    let crossed = |run: &PlannedRun| {
        let asked = !arms.is_empty() || !seeds.is_empty();
        let arm = arms.is_empty() || arms.contains(run.arm.as_str());
        asked && arm && (seeds.is_empty() || seeds.contains(&run.config.seed))
    };
    let chosen = plan
        .runs
        .iter()
        .filter(|run| runs.contains(run.id.as_str()) || crossed(run));
    let chosen: Vec<&PlannedRun> = chosen.collect();
    if chosen.is_empty() {
        return Err(Fault::usage(format!("no run is named by `{}`", words.join("`, `"))));
    }
    Ok(chosen)
}

/// The models of others that words name, by arm or id, and the words that are left to name runs.
pub fn select_models<'a>(plan: &'a Plan, words: &[String]) -> (Vec<&'a PlannedModel>, Vec<String>) {
    let is_named = |model: &PlannedModel, word: &str| [&model.id, &model.arm].into_iter().any(|own| own == word.trim());
    let named = plan
        .models
        .iter()
        .filter(|model| words.iter().any(|word| is_named(model, word)));
    let others = words
        .iter()
        .filter(|word| !plan.models.iter().any(|model| is_named(model, word)));
    (named.collect(), others.cloned().collect())
}

/// A seed of an arm, whichever of its points it is trained at.
fn seed_of_arm(run: &PlannedRun) -> String {
    format!("{} seed={}", run.arm, run.config.seed)
}

fn is_called(run: &PlannedRun, word: &str) -> bool {
    let is = |name: &Option<String>| name.as_deref() == Some(word);
    run.arm == word || place(run) == word || is(&run.stem) || is(&run.base)
}

/// `seed=3`, `seed 3` or `3`.
fn seed(word: &str) -> Option<u64> {
    let number = word.strip_prefix(SEED).unwrap_or(word);
    number.trim_start_matches(['=', ' ']).parse().ok()
}

fn unknown(plan: &Plan, word: &str) -> Fault {
    let arms: BTreeSet<&str> = plan.runs.iter().map(|run| run.arm.as_str()).collect();
    let seeds: BTreeSet<u64> = plan.runs.iter().map(|run| run.config.seed).collect();
    let [least, most] = [seeds.first(), seeds.last()].map(|seed| seed.copied().unwrap_or_default());
    let ids = plan.runs.iter().map(|run| run.id.as_str());
    let models = plan.models.iter().map(|model| model.arm.as_str());
    let fault = Fault::usage(format!("the plan has no run, arm or seed `{word}`"));
    // A list of thousands helps nobody.
    let arms_are_few = arms.len() <= 20;
    let arms: BTreeSet<&str> = arms.into_iter().chain(models).collect();
    let known = arms.iter().filter(|_| arms_are_few).map(|arm| (*arm).to_owned());
    fault
        .allowed(known.chain([
            format!("seed={least} to seed={most}"),
            "an id that `cloze status` prints".to_owned(),
        ]))
        .nearest(word, arms.iter().copied().chain(ids))
        .remedy("`cloze status` lists runs with their ids and arms; ids change when the experiment does")
}

#[cfg(test)]
mod tests {
    use super::select;
    use crate::{Experiment, Plan, expand, title};

    fn plan() -> Plan {
        let text = "question = \"Which?\"\n[evaluate]\ntasks = []\n[sweep]\nseeds = [1, 2]\n[[arm]]\nobjective = \"mlm\"\n\
                    grid.rate = [0.15, 0.4]\n[[arm]]\nobjective = \"span\"\n[[arm]]\nname = \"7\"\nobjective = \"electra\"\n";
        expand(&Experiment::parse("x", "x.toml", text, &[]).unwrap()).unwrap()
    }

    fn chosen(words: &[&str]) -> Vec<String> {
        let (plan, words) = (plan(), words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        select(&plan, &words).unwrap().into_iter().map(title).collect()
    }

    #[test]
    fn runs_arms_and_seeds_are_named_as_people_name_them() {
        let id = plan().runs[0].id.clone();
        assert_eq!(chosen(&[&id]), ["mlm rate=0.15 seed=1"]);
        assert_eq!(
            chosen(&["mlm rate=0.4"]),
            ["mlm rate=0.4 seed=1", "mlm rate=0.4 seed=2"]
        );
        assert_eq!(chosen(&["mlm rate=0.4 seed=2"]), ["mlm rate=0.4 seed=2"]);
        assert_eq!(chosen(&["mlm"]).len(), 4, "every point of the arm");
        assert_eq!(chosen(&["seed=2"]).len(), 4);
        assert_eq!(
            chosen(&["2", "span", "mlm rate=0.4"]),
            ["mlm rate=0.4 seed=2", "span seed=2"]
        );
        // Names before numbers.
        assert_eq!(chosen(&["7", "seed 1"]), ["7 seed=1"]);
        assert_eq!(
            chosen(&[&id, "span", "seed=2"]),
            ["mlm rate=0.15 seed=1", "span seed=2"]
        );
    }

    #[test]
    fn what_names_nothing_is_refused_with_what_does() {
        let fault = |word: &str| select(&plan(), &[word.to_owned()]).unwrap_err();
        let text = fault("mlm rate=0.5").to_string();
        assert!(
            text.starts_with("the plan has no run, arm or seed `mlm rate=0.5`\n  allowed: 7, mlm rate=0.15, mlm rate=0.4, span, seed=1 to seed=2,"),
            "{text}"
        );
        assert_eq!(fault("spam").nearest.as_deref(), Some("span"));
        assert!(fault("seed=9").what.contains("`seed=9`"));
    }
}
