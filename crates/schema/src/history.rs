//! The plans of a results folder: the present one, and every one that was ever frozen.
//!
//! A plan is the pre-registration, so it is never rewritten: an edited experiment is frozen again, as the next file of
//! `plans/`, with the time and with how many runs had ended by then.

use crate::Plan;
use crate::plan::PLAN_FILE;
use cloze_foundation::files::{is_there, list, read};
use cloze_foundation::{Fault, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of all plans, beside the present one.
pub const PLANS_FOLDER: &str = "plans";

/// Missing files that are named one by one between two that are there.
const MOST_GAPS: usize = 100;

/// A plan as it was frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frozen<C> {
    /// Seconds since 1970 at that moment; `None` where it was not written down.
    pub frozen: Option<u64>,
    /// How many runs of this folder had ended by then; `None` where that was not written down.
    pub ended: Option<usize>,
    /// The plan.
    pub plan: Plan<C>,
}

/// The file of plan number `number`, from 1.
pub fn file(folder: &Path, number: usize) -> PathBuf {
    folder.join(PLANS_FOLDER).join(format!("{number:04}.json"))
}

/// Every plan of a results folder that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct History<C> {
    /// The first one first; the last one is the present plan.
    pub plans: Vec<Frozen<C>>,
    /// How many of them stand in files of `plans/`. The one after them, if there is one, is the present plan, whose file there is gone.
    pub kept: usize,
    /// The highest number of a file in `plans/`, readable or not; 0 where there is none.
    pub last: usize,
    /// What is missing or damaged: nobody knows what was planned and claimed there.
    pub gaps: Vec<Gap>,
}

/// A plan that was frozen and is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its number, from 1.
    pub number: usize,
    /// Whether there is no such file; otherwise it is damaged.
    pub is_missing: bool,
    /// What is the matter, with the file.
    pub why: String,
}

impl<C> History<C> {
    /// Whether the plan that was frozen first is known.
    pub fn knows_the_first(&self) -> bool {
        self.gaps.iter().all(|gap| gap.number != 1)
    }
}

/// Reads every plan that was frozen in a results folder. A folder without a plan has no history. A file of `plans/` that is missing or
/// damaged is a gap, and so is the present plan's where `plans/` has it not: whoever freezes a plan writes it there first.
///
/// # Errors
/// A system that does not give a file; a present plan that is damaged, where no other is readable.
pub fn history<C: DeserializeOwned + PartialEq>(folder: &Path) -> Result<History<C>> {
    let mut found = History {
        plans: Vec::new(),
        kept: 0,
        last: 0,
        gaps: Vec::new(),
    };
    let files = list(&folder.join(PLANS_FOLDER))?;
    for path in &files {
        let Some(number) = number(path) else { continue };
        for number in found.last + 1..number.min(found.last + MOST_GAPS) {
            let why = format!("`{}` is missing", file(folder, number).display());
            found.gaps.push(Gap {
                number,
                is_missing: true,
                why,
            });
        }
        found.last = number;
        match parse::<Frozen<C>>(path)? {
            Ok(plan) => found.plans.push(plan),
            Err(why) => found.gaps.push(Gap {
                number,
                is_missing: false,
                why,
            }),
        }
    }
    found.kept = found.plans.len();
    let plans = &mut found.plans;
    let present = folder.join(PLAN_FILE);
    if is_there(&present)? {
        let plan: Plan<C> = match parse(&present)? {
            Ok(plan) => plan,
            // The last plan of the history is the present one, and `cloze run` writes it there again.
            Err(_) if !plans.is_empty() => return Ok(found),
            Err(why) => {
                return Err(Fault::usage(why)
                    .remedy("put it back from a backup, or remove it: `cloze run` on the experiment writes it again"));
            }
        };
        match plans.iter().rposition(|frozen| frozen.plan.is_same(&plan)) {
            // The present plan may know the data of more runs.
            Some(place) if place + 1 == plans.len() => plans[place].plan = plan,
            // A process that freezes a plan writes the history first.
            Some(_) => {}
            // Somebody has frozen another one since the files were listed.
            None if list(&folder.join(PLANS_FOLDER))? != files => return history(folder),
            None => {
                plans.push(Frozen {
                    frozen: None,
                    ended: None,
                    plan,
                });
                let why = format!("`{}` is missing", file(folder, found.last + 1).display());
                found.gaps.push(Gap {
                    number: found.last + 1,
                    is_missing: true,
                    why,
                });
            }
        }
    }
    Ok(found)
}

/// The number of a file of `plans/`; other files there are not ours.
fn number(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    name.parse().ok().filter(|number| *number > 0)
}

/// What a file holds, or why it is no plan.
///
/// # Errors
/// A system that does not give it.
fn parse<T: DeserializeOwned>(path: &Path) -> Result<std::result::Result<T, String>> {
    let Some(bytes) = read(path)? else {
        return Ok(Err(format!("`{}` is missing", path.display())));
    };
    Ok(serde_json::from_slice(&bytes).map_err(|error| format!("`{}` is not a plan: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn plan(question: &str) -> Plan<Value> {
        let text = format!(r#"{{"experiment":"x","question":"{question}","runs":[],"report":{{"charts":[]}}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(folder.join(PLANS_FOLDER)).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }

    #[test]
    fn a_plan_that_is_missing_or_damaged_is_a_gap_and_hides_no_other() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let text = |question: &str| {
            let frozen = Frozen {
                frozen: Some(1),
                ended: Some(0),
                plan: plan(question),
            };
            serde_json::to_string(&frozen).unwrap()
        };
        for (number, question) in [(2, "b?"), (4, "d?")] {
            write(folder, &format!("plans/{number:04}.json"), &text(question));
        }
        write(folder, "plans/0003.json", "{");
        write(folder, "plans/notes.txt", "mine");
        write(folder, "plans/mine.json", "{}");
        let found = history::<Value>(folder).unwrap();
        let questions: Vec<&str> = found.plans.iter().map(|frozen| frozen.plan.question.as_str()).collect();
        assert_eq!(questions, ["b?", "d?"]);
        let gaps: Vec<usize> = found.gaps.iter().map(|gap| gap.number).collect();
        assert_eq!((found.kept, found.last, gaps), (2, 4, vec![1, 3]));
        assert!(!found.knows_the_first());
        assert!(found.gaps[0].why.contains("0001.json` is missing"), "{:?}", found.gaps);
        assert!(
            found.gaps[1].why.contains("0003.json` is not a plan"),
            "{:?}",
            found.gaps
        );
        // One number far away is not a million lines.
        write(folder, "plans/4000000.json", &text("e?"));
        assert!(history::<Value>(folder).unwrap().gaps.len() < 200);
    }

    #[test]
    fn a_damaged_present_plan_is_the_last_of_the_history_and_without_one_a_fault() {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), PLAN_FILE, "{");
        assert!(history::<Value>(place.path()).unwrap_err().remedy.is_some());
        let frozen = Frozen {
            frozen: None,
            ended: None,
            plan: plan("a?"),
        };
        write(
            place.path(),
            "plans/0001.json",
            &serde_json::to_string(&frozen).unwrap(),
        );
        let found = history::<Value>(place.path()).unwrap();
        assert_eq!(found.plans, [frozen]);
    }
}
