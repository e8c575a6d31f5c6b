//! Large sweeps are planned quickly. `benches/startup` measures the release build, where 5,000 runs should take less
//! than a second; the bound here only has to hold on any machine and in any profile.

use cloze_plan::cost::ASSUMED_FLOPS_PER_SECOND;
use cloze_plan::{Experiment, cost, expand};
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_secs(10);

/// Plans and costs an experiment of `seeds` times `rates` times two widths.
#[track_caller]
fn plan(seeds: u32, rates: u32) {
    let list = |count: u32, item: &dyn Fn(u32) -> String| (1..=count).map(item).collect::<Vec<_>>().join(", ");
    let text = format!(
        "question = \"Is it quick?\"\n[evaluate]\ntasks = []\n[sweep]\nseeds = [{}]\n[sweep.grid]\n\
         \"encoder.width\" = [64, 128]\n[[arm]]\nobjective = \"mlm\"\ngrid.rate = [{}]\n",
        list(seeds, &|seed| seed.to_string()),
        list(rates, &|rate| format!("{:.6}", f64::from(rate) / f64::from(rates + 1))),
    );
    let started = Instant::now();
    let plan = expand(&Experiment::parse("x", "x.toml", &text, &[]).unwrap()).unwrap();
    let cost = cost(&plan, None, ASSUMED_FLOPS_PER_SECOND).unwrap();
    let taken = started.elapsed();
    assert_eq!((plan.runs.len(), cost.runs), (5000, 5000));
    assert!(taken < BOUND, "{taken:?}");
}

#[test]
fn five_thousand_runs_of_few_arms() {
    plan(50, 50);
}

#[test]
fn five_thousand_arms() {
    plan(1, 2500);
}
