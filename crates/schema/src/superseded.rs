//! Which rows count: the one law of what a later attempt supersedes.

use crate::metric::{CLOCKS, RESUMED_AFTER};
use crate::{AttemptRows, Axis};
use std::collections::BTreeMap;

/// The rows that count. An attempt's first row says after which step its own rows begin; the rows that earlier attempts at
/// the same run have after that step are superseded.
pub fn latest(mut attempts: Vec<AttemptRows>) -> Vec<AttemptRows> {
    let mut starts: BTreeMap<String, BTreeMap<u32, f64>> = BTreeMap::new();
    for AttemptRows { label, rows } in &attempts {
        for start in rows.iter().filter(|row| row.metric == RESUMED_AFTER) {
            let of_run = starts.entry(label.run.clone()).or_default();
            of_run.insert(label.attempt, start.value);
        }
    }
    for AttemptRows { label, rows } in &mut attempts {
        let Some(starts) = starts.get(&label.run) else { continue };
        let later = starts.iter().filter(|(attempt, _)| **attempt > label.attempt);
        // A start that is not a number supersedes nothing.
        let end = later.map(|(_, start)| *start).fold(f64::INFINITY, f64::min);
        rows.retain(|row| row.spent[Axis::Steps] <= end);
    }
    attempts
}

/// What is the same of a run's rows wherever, whenever and in however many attempts it was trained: without what a clock
/// or the number of the attempt decides.
pub fn reproducible(attempts: Vec<AttemptRows>) -> Vec<AttemptRows> {
    let mut runs: Vec<AttemptRows> = Vec::new();
    for AttemptRows { mut label, mut rows } in attempts {
        label.attempt = 1;
        rows.retain(|row| !CLOCKS.contains(&row.metric.as_str()));
        rows.iter_mut().for_each(|row| row.spent[Axis::Seconds] = 0.0);
        match runs.last_mut().filter(|run| run.label == label) {
            Some(run) => run.rows.append(&mut rows),
            None => runs.push(AttemptRows { label, rows }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Label, Row, Spent, Split};

    fn attempt(number: u32, resumed_after: Option<f64>, steps: &[u64]) -> AttemptRows {
        let row = |step: u64, metric: &str, value: f64| {
            let mut spent = Spent::default();
            spent[Axis::Steps] = step as f64;
            spent[Axis::Seconds] = f64::from(number);
            let (split, task, metric) = (Split::Train, "pretraining".to_owned(), metric.to_owned());
            Row {
                spent,
                split,
                task,
                metric,
                value,
            }
        };
        let first = resumed_after.map(|step| row(step as u64, RESUMED_AFTER, step));
        let rest = steps.iter().map(|step| row(*step, "loss", f64::from(number)));
        let label = Label {
            run: "r".to_owned(),
            arm: "mlm".to_owned(),
            seed: 1,
            attempt: number,
            data: String::new(),
        };
        AttemptRows {
            label,
            rows: first.into_iter().chain(rest).collect(),
        }
    }

    fn steps(attempts: &[AttemptRows]) -> Vec<(u32, u64)> {
        let of = |one: &AttemptRows| {
            one.rows
                .iter()
                .map(|row| (one.label.attempt, row.spent.steps()))
                .collect::<Vec<_>>()
        };
        attempts.iter().flat_map(of).collect()
    }

    #[test]
    fn an_attempt_supersedes_what_earlier_ones_have_after_its_start() {
        let all = vec![
            attempt(1, None, &[1, 2, 3, 4]),
            attempt(2, Some(2.0), &[3, 4, 5]),
            attempt(3, Some(4.0), &[5]),
        ];
        // The third went on after step 4, the second after step 2.
        let expected = [(1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (3, 4), (3, 5)];
        assert_eq!(steps(&latest(all)), expected);
        // The third begins again: nothing before it counts.
        let again = vec![
            attempt(1, None, &[1, 2]),
            attempt(2, Some(1.0), &[2]),
            attempt(3, Some(0.0), &[1]),
        ];
        assert_eq!(steps(&latest(again)), [(3, 0), (3, 1)]);
    }

    #[test]
    fn what_is_reproducible_does_not_know_of_attempts() {
        let whole = reproducible(latest(vec![attempt(1, None, &[1, 2, 3])]));
        let mut parts = vec![attempt(1, None, &[1, 2]), attempt(2, Some(2.0), &[3])];
        parts[1].rows[1].value = 1.0;
        assert_eq!(reproducible(latest(parts)), whole);
    }
}
