//! `paradigms.csv`: what every arm is right about, paradigm by paradigm.

use crate::curves::over_seeds;
use crate::escape::csv::{number, word};
use crate::score::Score;
use crate::study::Study;
use cloze_foundation::Result;

/// Numbers are shares; seeds are those that count in the tables.
const COLUMNS: &str = "task,metric,phenomenon,paradigm,arm,pairs,seeds,mean,sd,low,high\n";

/// A row for every paradigm, scoring rule and arm; none where no items were kept.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn csv(study: &Study) -> Result<Option<String>> {
    let view = study.view;
    let mut text = COLUMNS.to_owned();
    for ([task, metric, phenomenon, paradigm], arms) in view.answers.by_paradigm() {
        let score = Score::new(task, metric, &view.plan.tasks);
        for (arm, mut of) in arms {
            let counted = view.final_of(&score, arm)?;
            of.means.retain(|seed, _| counted.contains_key(seed));
            let Some(found) = over_seeds(&of.means)? else { continue };
            let names = [task, metric, phenomenon, paradigm, study.name(arm)].map(word);
            let numbers = [
                of.items.to_string(),
                found.n.to_string(),
                found.mean.to_string(),
                number(found.sd),
                number(found.interval.map(|found| found.low)),
                number(found.interval.map(|found| found.high)),
            ];
            text += &([names.as_slice(), &numbers].concat().join(",") + "\n");
        }
    }
    Ok((text != COLUMNS).then_some(text))
}
