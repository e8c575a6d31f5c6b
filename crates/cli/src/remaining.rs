//! How long a sweep still takes: what is left of it, at the pace of what was done of it.

use std::collections::HashMap;

/// Seconds after which a pace means something.
const PATIENCE: f64 = 5.0;

/// The runs of a sweep, as far as they are.
#[derive(Default)]
pub struct Remaining(HashMap<String, Part>);

struct Part {
    /// What it is expected to take, in a unit that all have in common.
    work: f64,
    /// Its share when it was first heard of: a run that goes on did the rest before.
    first: Option<f64>,
    share: f64,
    has_ended: bool,
}

impl Remaining {
    /// Runs by id, with the work that each is expected to be.
    pub fn of(runs: impl IntoIterator<Item = (String, f64)>) -> Self {
        let part = |work| Part {
            work,
            first: None,
            share: 0.0,
            has_ended: false,
        };
        Self(runs.into_iter().map(|(id, work)| (id, part(work))).collect())
    }

    /// A run has come to this share of its budget.
    pub fn ticked(&mut self, id: &str, share: f64) {
        if let Some(part) = self.0.get_mut(id) {
            part.first.get_or_insert(share);
            part.share = share;
        }
    }

    /// A run has ended, however it did.
    pub fn ended(&mut self, id: &str) {
        if let Some(part) = self.0.get_mut(id) {
            part.has_ended = true;
        }
    }

    /// Seconds until the end, `elapsed` seconds after the beginning; none where nothing is known yet.
    pub fn seconds(&self, elapsed: f64) -> Option<f64> {
        let done = self
            .0
            .values()
            .filter_map(|part| Some(part.work * (part.share - part.first?)));
        let done: f64 = done.sum();
        let open = self.0.values().filter(|part| !part.has_ended);
        let left: f64 = open.map(|part| part.work * (1.0 - part.share)).sum();
        (elapsed >= PATIENCE && done > 0.0).then(|| left * elapsed / done)
    }

    /// The same in words: `, about 12 min left`, or nothing.
    pub fn words(&self, elapsed: f64) -> String {
        self.seconds(elapsed)
            .map_or_else(String::new, |seconds| format!(", about {} left", duration(seconds)))
    }
}

/// A length of time for people.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(works: &[f64]) -> Remaining {
        Remaining::of(works.iter().enumerate().map(|(id, work)| (id.to_string(), *work)))
    }

    #[test]
    fn what_is_left_is_told_at_the_pace_of_what_was_done() {
        let mut remaining = of(&[10.0, 30.0]);
        assert_eq!(remaining.seconds(100.0), None, "nothing was done yet");
        remaining.ticked("0", 0.0);
        remaining.ticked("0", 0.5);
        assert_eq!(remaining.seconds(1.0), None, "a second says little");
        // Five of forty in ten seconds.
        assert_eq!(remaining.seconds(10.0), Some(70.0));
        remaining.ticked("0", 1.0);
        remaining.ended("0");
        assert_eq!(remaining.seconds(20.0), Some(60.0));
        assert_eq!(remaining.words(20.0), ", about 60 s left");
    }

    #[test]
    fn what_was_done_before_or_elsewhere_is_no_pace() {
        let mut remaining = of(&[10.0, 10.0, 20.0]);
        // Goes on from nine tenths; the second one is another process's.
        remaining.ticked("0", 0.9);
        remaining.ticked("0", 1.0);
        remaining.ended("0");
        remaining.ended("1");
        assert!((remaining.seconds(10.0).unwrap() - 200.0).abs() < 1e-9);
        // One that failed half way is not waited for, and what it did was done.
        remaining.ticked("2", 0.0);
        remaining.ticked("2", 0.5);
        remaining.ended("2");
        assert_eq!(remaining.seconds(20.0), Some(0.0));
    }
}
