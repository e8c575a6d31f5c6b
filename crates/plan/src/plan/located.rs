//! Where what is wrong with a run was written: much is known only when its text is read, long after the file was.

use super::names;
use super::points::points;
use super::tuned::candidates;
use crate::experiment::Experiment;
use crate::experiment::arms::Arm;
use crate::experiment::resolve::{locate, resolve};
use crate::{Plan, PlannedRun};
use cloze_foundation::{Fault, Origin, Place, Result};
use cloze_options::Node;

/// A fault of a run, which people are told as `said`. Its own place is a key of the arm or of the experiment, and [`located`] finds
/// the line.
pub fn at_run(run: &PlannedRun, said: &str, fault: Fault) -> Fault {
    fault.at(Origin::Run {
        said: said.into(),
        id: run.id.as_str().into(),
    })
}

/// A fault of a run of this plan, at the line of its experiment that it is about; another fault as it is.
pub fn located(experiment: &Experiment, plan: &Plan, mut fault: Fault) -> Fault {
    let run = |place: &Place| match &place.origin {
        Origin::Run { id, .. } => plan.run(id),
        _ => None,
    };
    let mut places = fault.places.iter().enumerate();
    let Some((index, run)) = places.find_map(|(index, place)| Some((index, run(place)?))) else {
        return fault;
    };
    // What was planned can be planned again, unless a folder that it begins with is gone since.
    let Ok(Some((arm, settings))) = written(experiment, run) else {
        return fault;
    };
    let inner = fault.places.split_off(index + 1);
    let outer = std::mem::replace(&mut fault.places, inner);
    let mut fault = locate(&settings, arm, fault);
    fault.places.splice(..0, outer);
    fault
}

/// The arm of a run, and the tables of the experiment with the arm's options at the run's point.
fn written<'a>(experiment: &'a Experiment, run: &PlannedRun) -> Result<Option<(&'a Arm, Node)>> {
    for (arm, name) in experiment.arms.iter().zip(names::bases(experiment)) {
        if run.base.as_ref() != Some(&name) {
            continue;
        }
        for point in points(experiment, arm, &name)? {
            for candidate in candidates(experiment, arm, &point)? {
                let root = experiment.data_root.as_deref();
                let (config, _) = resolve(&candidate.settings, arm, &experiment.evaluate, root)?;
                // A trial has another budget and another judge, and a rate beside a point's another optimizer.
                let is_same = config.options == run.config.options
                    && config.objective == run.config.objective
                    && config.corpus == run.config.corpus
                    && config.encoder == run.config.encoder;
                if is_same {
                    return Ok(Some((arm, candidate.settings)));
                }
            }
        }
    }
    Ok(None)
}
