//! What a person sees of a sweep: bars on a terminal, plain lines elsewhere. All of it goes to stderr, by the thread that
//! writes there (`terminal.rs`).

use crate::terminal::{name, plain, show};
use cloze_plan::{PlannedRun, title};
use cloze_runner::Progress;
use cloze_runner::store::Marker;
use cloze_trainer::Tick;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};

/// Something that happened in a sweep, in words that are fit for a terminal.
pub enum Event {
    /// So many runs will be trained.
    Begin(usize),
    /// A run has started.
    Started { id: String, title: String },
    /// A run goes on.
    Ticked { id: String, title: String, tick: Tick },
    /// A run has ended.
    Ended { id: String, words: String },
}

/// Tells the thread that writes.
pub struct Teller;

impl Progress for Teller {
    fn say(&self, line: &str) {
        crate::terminal::say(line);
    }

    fn begin(&self, total: usize) {
        show(Event::Begin(total));
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

    fn ended(&self, run: &PlannedRun, marker: &Marker) {
        show(Event::Ended {
            id: run.id.clone(),
            words: format!("{}: {}", name(&title(run)), plain(&marker.to_string())),
        });
    }
}

/// What stderr shows.
pub enum Shown {
    /// A terminal.
    Bars(Bars),
    /// A file or a pipe.
    Lines(Lines),
}

impl Shown {
    /// Bars if stderr is a terminal, plain lines otherwise.
    pub fn on_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars(Bars::default())
        } else {
            Self::Lines(Lines::default())
        }
    }

    /// Words that are no event.
    pub fn words(&mut self, words: &str) {
        match self {
            Self::Bars(bars) => bars.line(words),
            Self::Lines(_) => line(words),
        }
    }

    /// Shows an event.
    pub fn event(&mut self, event: Event) {
        match self {
            Self::Bars(bars) => bars.event(event),
            Self::Lines(lines) => lines.event(event),
        }
    }
}

/// Nobody need listen.
fn line(words: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr
        .write_all(format!("{words}\n").as_bytes())
        .and_then(|()| stderr.flush());
}

/// One line when a run starts, one for each tenth of its budget, one when it ends.
#[derive(Default)]
pub struct Lines {
    tenths: HashMap<String, u32>,
    ended: usize,
    total: usize,
}

impl Lines {
    fn event(&mut self, event: Event) {
        match event {
            Event::Begin(total) => (self.ended, self.total) = (0, total),
            Event::Started { title, .. } => line(&format!("{title}: started")),
            Event::Ticked { id, title, tick } => {
                let tenth = (tick.share * 10.0) as u32;
                let before = self.tenths.insert(id, tenth).unwrap_or(0);
                if tenth > before && tenth < 10 {
                    let (share, speed) = (tick.share * 100.0, tick.tokens_per_second / 1000.0);
                    line(&format!(
                        "{title}: {share:.0} %, loss {:.3}, {speed:.1} k tokens/s",
                        tick.loss
                    ));
                }
            }
            Event::Ended { words, .. } => {
                self.ended += 1;
                line(&format!("[{}/{}] {words}", self.ended, self.total));
            }
        }
    }
}

/// A bar for the sweep and one for each run that is being trained.
#[derive(Default)]
pub struct Bars {
    screen: MultiProgress,
    whole: Option<ProgressBar>,
    runs: HashMap<String, ProgressBar>,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Bars {
    fn line(&self, line: &str) {
        let _ = self.screen.println(line);
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Begin(total) => {
                let bar = self.screen.add(ProgressBar::new(total as u64));
                bar.set_style(style("{bar:24} {pos}/{len} runs, {elapsed} elapsed"));
                self.whole = Some(bar);
            }
            Event::Started { id, title } => {
                let bar = self.screen.insert(0, ProgressBar::new(1000));
                bar.set_style(style("{bar:24} {percent:>3} % {prefix} {msg}"));
                bar.set_prefix(title);
                self.runs.insert(id, bar);
            }
            Event::Ticked { id, tick, .. } => {
                if let Some(bar) = self.runs.get(&id) {
                    bar.set_position((tick.share * 1000.0) as u64);
                    bar.set_message(format!(
                        "loss {:.3}, {:.1} k tokens/s",
                        tick.loss,
                        tick.tokens_per_second / 1000.0
                    ));
                }
            }
            Event::Ended { id, words } => {
                if let Some(bar) = self.runs.remove(&id) {
                    bar.finish_and_clear();
                }
                self.line(&words);
                if let Some(bar) = &self.whole {
                    bar.inc(1);
                }
            }
        }
    }
}
