//! What a person sees of a sweep: bars on a terminal, plain lines elsewhere. All of it goes to stderr.

use cloze_plan::{PlannedRun, title};
use cloze_runner::Progress;
use cloze_runner::store::Marker;
use cloze_trainer::Tick;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bars if stderr is a terminal, plain lines otherwise.
pub fn for_stderr() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bars::default())
    } else {
        Box::new(Lines::default())
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One line when a run starts, one for each tenth of its budget, one when it ends.
#[derive(Default)]
pub struct Lines {
    tenths: Mutex<HashMap<String, u32>>,
    count: Mutex<(usize, usize)>,
}

impl Progress for Lines {
    fn say(&self, line: &str) {
        eprintln!("{line}");
    }

    fn begin(&self, total: usize) {
        *guard(&self.count) = (0, total);
    }

    fn started(&self, run: &PlannedRun) {
        eprintln!("{}: started", title(run));
    }

    fn ticked(&self, run: &PlannedRun, tick: &Tick) {
        let tenth = (tick.share * 10.0) as u32;
        let before = guard(&self.tenths).insert(run.id.clone(), tenth).unwrap_or(0);
        if tenth > before && tenth < 10 {
            let (name, share, speed) = (title(run), tick.share * 100.0, tick.tokens_per_second / 1000.0);
            eprintln!("{name}: {share:.0} %, loss {:.3}, {speed:.1} k tokens/s", tick.loss);
        }
    }

    fn ended(&self, run: &PlannedRun, marker: &Marker) {
        let mut count = guard(&self.count);
        count.0 += 1;
        eprintln!("[{}/{}] {}: {}", count.0, count.1, title(run), marker);
    }
}

/// A bar for the sweep and one for each run that is being trained.
#[derive(Default)]
pub struct Bars {
    screen: MultiProgress,
    whole: Mutex<Option<ProgressBar>>,
    runs: Mutex<HashMap<String, ProgressBar>>,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Bars {
    fn line(&self, line: &str) {
        // A terminal that went away is no reason to stop training.
        let _ = self.screen.println(line);
    }
}

impl Progress for Bars {
    fn say(&self, line: &str) {
        self.line(line);
    }

    fn begin(&self, total: usize) {
        let bar = self.screen.add(ProgressBar::new(total as u64));
        bar.set_style(style("{bar:24} {pos}/{len} runs, {elapsed} elapsed"));
        *guard(&self.whole) = Some(bar);
    }

    fn started(&self, run: &PlannedRun) {
        let bar = self.screen.insert(0, ProgressBar::new(1000));
        bar.set_style(style("{bar:24} {percent:>3} % {prefix} {msg}"));
        bar.set_prefix(title(run));
        guard(&self.runs).insert(run.id.clone(), bar);
    }

    fn ticked(&self, run: &PlannedRun, tick: &Tick) {
        if let Some(bar) = guard(&self.runs).get(&run.id) {
            bar.set_position((tick.share * 1000.0) as u64);
            bar.set_message(format!(
                "loss {:.3}, {:.1} k tokens/s",
                tick.loss,
                tick.tokens_per_second / 1000.0
            ));
        }
    }

    fn ended(&self, run: &PlannedRun, marker: &Marker) {
        if let Some(bar) = guard(&self.runs).remove(&run.id) {
            bar.finish_and_clear();
        }
        self.line(&format!("{}: {}", title(run), marker));
        if let Some(bar) = &*guard(&self.whole) {
            bar.inc(1);
        }
    }
}
