//! Results folders beside each other: which of their scores may be compared, how arms differ that both have, and whether the
//! arms stand in one order.

mod ground;
mod pair;
mod told;

use crate::study::Study;
use crate::view::View;
use cloze_foundation::{Fault, Result};
use pair::Pair;
use serde::Serialize;
use std::path::PathBuf;

/// So many folders are compared at once: every pair of them is.
const MOST_FOLDERS: usize = 8;

/// Two results folders or more, compared in pairs.
#[derive(Debug)]
pub struct Across {
    /// As Markdown, which also reads well as plain text.
    pub text: String,
    /// The same numbers in full, as JSON.
    pub json: String,
}

/// A results folder.
#[derive(Debug, Serialize)]
struct Named {
    folder: String,
    experiment: String,
    question: String,
    arms: usize,
}

/// What the JSON holds.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    folders: &'a [Named],
    comparisons: &'a [Pair],
}

impl Across {
    /// Compares results folders (`results/<experiment>`), each later one with each earlier one.
    ///
    /// # Errors
    /// Fewer than two folders, or more than eight; a missing or damaged file, by name; two folders of which nothing is
    /// comparable, with the reasons.
    pub fn read(folders: &[PathBuf]) -> Result<Self> {
        if !(2..=MOST_FOLDERS).contains(&folders.len()) {
            return Err(
                Fault::usage(format!("{} results folders cannot be compared", folders.len()))
                    .allowed([format!("2 to {MOST_FOLDERS} folders")]),
            );
        }
        let views: Vec<View> = folders.iter().map(|folder| View::read(folder)).collect::<Result<_>>()?;
        let studies: Vec<Study> = views.iter().map(Study::new).collect::<Result<_>>()?;
        let named: Vec<Named> = folders
            .iter()
            .zip(&views)
            .map(|(folder, view)| Named {
                folder: folder.display().to_string(),
                experiment: view.plan.experiment.clone(),
                question: view.plan.question.clone(),
                arms: view.arms.len(),
            })
            .collect();
        let names = names(&named);
        let mut pairs = Vec::new();
        for later in 1..studies.len() {
            for earlier in 0..later {
                let pair = Pair::of(
                    [&studies[earlier], &studies[later]],
                    [names[earlier].clone(), names[later].clone()],
                )?;
                if pair.scores.is_empty() {
                    return Err(refused(&named[earlier], &named[later], &pair));
                }
                pairs.push(pair);
            }
        }
        let whole = Whole {
            folders: &named,
            comparisons: &pairs,
        };
        let json = serde_json::to_string_pretty(&whole).map_err(|error| Fault::run(error.to_string()))?;
        Ok(Self {
            text: told::whole(&names, &pairs, &studies),
            json: json + "\n",
        })
    }
}

/// What the folders are called: their experiments where these differ, their paths otherwise.
fn names(folders: &[Named]) -> Vec<String> {
    let is_alone = |name: &str| folders.iter().filter(|other| other.experiment == name).count() == 1;
    let all_differ = folders.iter().all(|one| is_alone(&one.experiment));
    let name = |one: &Named| if all_differ { &one.experiment } else { &one.folder }.clone();
    folders.iter().map(name).collect()
}

/// So many reasons stand in a refusal.
const MOST_REASONS: usize = 6;

fn refused(one: &Named, other: &Named, pair: &Pair) -> Fault {
    let reasons: Vec<String> = pair
        .refused
        .iter()
        .take(MOST_REASONS)
        .map(|refused| format!("{}: {}", refused.what, refused.why))
        .collect();
    let more = pair.refused.len().saturating_sub(reasons.len());
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    Fault::usage(format!(
        "`{}` and `{}` have nothing that can be compared: {}{more}",
        one.folder,
        other.folder,
        reasons.join("; ")
    ))
    .remedy("compare results whose arms of one name were trained and judged on the same data and asked the same")
}
