//! Tells what happens in a sweep to the thread that writes.

use crate::plain::{name, plain};
use crate::progress::Event;
use crate::terminal::{say, show};
use cloze_plan::{PlannedRun, title};
use cloze_runner::store::Marker;
use cloze_runner::{Judging, Progress};
use cloze_trainer::Tick;

/// Tells the thread that writes.
pub struct Teller;

impl Progress for Teller {
    fn say(&self, line: &str) {
        say(line);
    }

    fn begin(&self, runs: &[&PlannedRun], seconds: &[f64]) {
        let runs = runs.iter().map(|run| run.id.clone()).zip(seconds.iter().copied());
        show(Event::Begin(runs.collect()));
    }

    fn started(&self, run: &PlannedRun) {
        show(Event::Started {
            id: run.id.clone(),
            title: name(&title(run)),
        });
    }

    fn ticked(&self, run: &PlannedRun, tick: &Tick) {
        show(Event::Ticked {
            id: run.id.clone(),
            title: name(&title(run)),
            tick: tick.clone(),
        });
    }

    fn judging(&self, id: &str, title: &str, judging: &Judging) {
        show(Event::Judging {
            id: id.to_owned(),
            title: name(title),
            judging: Judging {
                task: name(&judging.task),
                ..judging.clone()
            },
        });
    }

    fn ended(&self, run: &PlannedRun, marker: &Marker) {
        show(Event::Ended {
            id: run.id.clone(),
            words: format!("{}: {}", name(&title(run)), plain(&marker.to_string())),
        });
    }
}
