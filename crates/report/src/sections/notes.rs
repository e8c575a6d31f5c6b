//! How to read all of it, and what was left out.

use crate::arm::Ending;
use crate::document::Section;
use crate::view::View;

const METHODS: [&str; 6] = [
    "The unit of replication is the pretraining seed; arms with the same seed see the same text in the same order and are paired.",
    "Intervals: Student's t over seeds, 95 %. SD: with n - 1.",
    "p exact: two-sided sign-flip test on the paired differences, all 2^n patterns up to 16 seeds, beyond that 65,535 drawn from a fixed seed. Holm: over the arms of one score.",
    "P(better): share of all pairs of seeds that the arm wins, ties one half. r: correlation of the two arms over seeds.",
    "Bold: the best mean and every arm that a paired t test against it (Holm over the arms, 5 %) does not tell apart.",
    "Better or worse: the exact test with Holm's correction is below 5 %. Ahead or behind: only the paired t test is.",
];

pub(super) fn section(view: &View) -> Section {
    let mut points: Vec<String> = METHODS.map(str::to_owned).to_vec();
    points.push(format!("Made by cloze {}.", env!("CARGO_PKG_VERSION")));
    if view.baselines().contains(&None) {
        points.push("Arms without a baseline at their place in the sweep are not compared.".to_owned());
    }
    if view.arms.iter().any(|arm| arm.count(Ending::Diverged) > 0) {
        points.push("Diverged runs are counted above and have no place in means.".to_owned());
    }
    points.extend(view.notes.iter().cloned());
    Section {
        points,
        ..Section::new("Notes")
    }
}
