//! How to read all of it, and what was left out.

use crate::arm::Ending;
use crate::document::Section;
use crate::score::LEAST_SEEDS;
use crate::study::{MIXED, SURVIVORS, Study};

const METHODS: [&str; 6] = [
    "Intervals: Student's t over seeds, 95 %. SD: with n - 1. Over seeds and items: items are resampled within their paradigm, the same ones for every seed and arm, and what seeds add is drawn from Student's t, since a few seeds have too few resamples (after Sellam et al. 2022); from a fixed seed. Pairs that mirror each other are one item.",
    "p exact: two-sided sign-flip test on the paired differences, all 2^n patterns up to 16 seeds, beyond that 65,535 drawn from a fixed seed; for arms that are not paired a permutation test of the seeds. Holm: over the arms of one score.",
    "P(better): share of all pairs of seeds that the arm wins, ties one half. r: correlation of the two arms over seeds.",
    "Bold: the best mean and every arm that a t test against it (Holm over the arms, 5 %) does not tell apart. That arm was chosen for its mean, so this is another family of tests than that of the comparisons, and no verdict.",
    "Better or worse: the exact test with Holm's correction is below 5 %. Ahead or behind: only the t test is. Where answers were kept item by item, resampling of seeds and items has to be below 5 % too.",
    "More seeds: a range, for the middle half of the differences that these seeds allow, at the level at which Holm's correction tests the comparison.",
];

const SEQUENTIAL: &str = "Seeds until decided: boundaries are for repeated t statistics of normal paired differences, exactly; a comparison has its share of the level (Bonferroni). Better or worse: |t| has reached its boundary, and resampling of seeds and items, where they were kept, is below 5 %. Equivalent: |t| is not above its boundary, nor without any one of the seeds. Tests against chance, bold and intervals of means are as if the number of seeds had been fixed.";

pub(super) fn section(study: &Study) -> Section {
    let view = study.view;
    let mut points = Vec::new();
    let unit = "The unit of replication is the pretraining seed.";
    points.push(format!("{unit} {}", view.pairing().join(" ")));
    points.extend(METHODS.map(str::to_owned));
    if view.decisions.is_some() {
        points.push(SEQUENTIAL.to_owned());
    }
    points.push(format!("Nothing is said from fewer than {LEAST_SEEDS} seeds."));
    points.push(format!("Made by cloze {}.", env!("CARGO_PKG_VERSION")));
    let lonely = study
        .scores
        .iter()
        .any(|scored| view.baselines(&scored.score).contains(&None));
    if lonely {
        points.push(
            "Arms without a baseline at their place in the sweep, or on their texts, are not compared.".to_owned(),
        );
    }
    if view.arms.iter().any(|arm| arm.count(Ending::Diverged) > 0) {
        points.push(
            format!(
                "Diverged runs are counted above and have no place in means: what stands of an arm that is marked {SURVIVORS} is \
                 over survivors."
            ),
        );
    }
    if study.told.iter().any(|arm| study.is_mixed(*arm)) {
        points.push(format!(
            "{MIXED} marks an arm some of whose seeds have left the plateau of word frequencies and others not."
        ));
    }
    if study.untold().is_some() {
        points.push(
            "Items of arms that are not told of one by one are not resampled: their verdicts in table.csv are over seeds alone."
                .to_owned(),
        );
    }
    points.extend(view.notes.iter().cloned());
    Section {
        points,
        ..Section::new("Notes")
    }
}
