//! The plans of a results folder: the present one, and every one that was ever frozen.
//!
//! A plan is the pre-registration, so it is never rewritten: an edited experiment is frozen again, as the next file of
//! `plans/`, with the time and with how many runs had ended by then.

use crate::Plan;
use crate::plan::PLAN_FILE;
use cloze_foundation::files::{list, read_text};
use cloze_foundation::{Fault, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of all plans, beside the present one.
pub const PLANS_FOLDER: &str = "plans";

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

/// Every plan that was frozen in a results folder, the first one first; the last one is the present plan. An older
/// folder has the present plan alone.
///
/// # Errors
/// A file that cannot be read or is no plan, by name. A folder without a plan has no history.
pub fn history<C: DeserializeOwned + PartialEq>(folder: &Path) -> Result<Vec<Frozen<C>>> {
    let mut plans = Vec::new();
    for path in list(&folder.join(PLANS_FOLDER))? {
        if path.extension().is_some_and(|end| end == "json") {
            plans.push(parse::<Frozen<C>>(&path)?);
        }
    }
    let present = folder.join(PLAN_FILE);
    if cloze_foundation::files::is_there(&present)? {
        let plan: Plan<C> = match parse(&present) {
            Ok(plan) => plan,
            // The last plan of the history is the present one, and `cloze run` writes it there again.
            Err(_) if !plans.is_empty() => return Ok(plans),
            Err(fault) => return Err(fault),
        };
        match plans.iter().rposition(|frozen| frozen.plan.is_same(&plan)) {
            // The present plan may know the data of more runs.
            Some(place) if place + 1 == plans.len() => plans[place].plan = plan,
            // A process that freezes a plan writes the history first.
            Some(_) => {}
            None => plans.push(Frozen {
                frozen: None,
                ended: None,
                plan,
            }),
        }
    }
    Ok(plans)
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&read_text(path)?).map_err(|error| {
        Fault::usage(format!("`{}` is not a plan: {error}", path.display()))
            .remedy(
                "put it back from a backup, or remove it: `cloze run` on the experiment then writes plan.json again, and what stood \
                 in a file of plans/ is missing in the history",
            )
    })
}
