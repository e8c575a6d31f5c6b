//! What a person sees of a sweep: bars on a terminal, plain lines elsewhere. All of it goes to stderr, by the thread that
//! writes there (`terminal.rs`).

use crate::remaining::Remaining;
use cloze_runner::Judging;
use cloze_trainer::Tick;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Something that happened in a sweep, in words that are fit for a terminal.
pub enum Event {
    /// These runs will be trained, by id with the seconds that each is expected to take.
    Begin(Vec<(String, f64)>),
    /// A run has started.
    Started { id: String, title: String },
    /// A run goes on.
    Ticked { id: String, title: String, tick: Tick },
    /// A task that judges a model goes on.
    Judging {
        id: String,
        title: String,
        judging: Judging,
    },
    /// A run has ended.
    Ended { id: String, words: String },
    /// So many bytes of a data set are here, of so many.
    Downloaded { name: String, done: u64, of: u64 },
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

/// How far a judgement is, in words.
fn how_far(Judging { task, done, of, what }: &Judging) -> String {
    format!("{task}, {done} of {of} {what}")
}

/// One line when a run starts, one for each tenth of its budget, one when it ends; and some while it is judged.
#[derive(Default)]
pub struct Lines {
    tenths: HashMap<String, u32>,
    judged: HashMap<String, Heard>,
    began: Option<Instant>,
    ended: usize,
    total: usize,
    clock: Clock,
}

impl Lines {
    fn event(&mut self, event: Event) {
        match event {
            Event::Begin(runs) => {
                (self.ended, self.total) = (0, runs.len());
                self.clock = Clock::begin(runs);
            }
            Event::Started { title, .. } => line(&format!("{title}: started")),
            Event::Ticked { id, title, tick } => {
                self.clock.remaining.ticked(&id, tick.share);
                let tenth = (tick.share * 10.0) as u32;
                let before = self.tenths.insert(id, tenth).unwrap_or(0);
                if tenth > before && tenth < 10 {
                    let (share, speed) = (tick.share * 100.0, tick.tokens_per_second / 1000.0);
                    line(&format!(
                        "{title}: {share:.0} %, loss {:.3}, {speed:.1} k tokens/s{}",
                        tick.loss,
                        self.clock.of_all()
                    ));
                }
            }
            Event::Judging { id, title, judging } => {
                let now = self.began.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
                let key = format!("{id} {}", judging.task);
                if judging.done >= judging.of {
                    self.judged.remove(&key);
                } else if self.judged.entry(key).or_default().is_due(&judging, now) {
                    line(&format!("{title}: {}", how_far(&judging)));
                }
            }
            Event::Ended { id, words } => {
                self.clock.remaining.ended(&id);
                self.ended += 1;
                line(&format!("[{}/{}] {words}", self.ended, self.total));
            }
            Event::Downloaded { name, done, of } => {
                let tenth = (done.saturating_mul(10) / of.max(1)) as u32;
                let before = self.tenths.insert(name.clone(), tenth).unwrap_or(0);
                if tenth > before {
                    line(&format!("{name}: {} % of {:.2} MB", tenth * 10, of as f64 / 1e6));
                }
            }
        }
    }
}

/// What was heard of a judgement.
#[derive(Default)]
struct Heard {
    tenth: u64,
    /// Seconds, by the clock of the log.
    last: Option<f64>,
}

impl Heard {
    /// Seconds between two lines at least: most judgements are over sooner and have none.
    const PATIENCE: f64 = 5.0;

    /// Whether it is worth a line: it has come a tenth farther, and the last line was long ago.
    fn is_due(&mut self, judging: &Judging, now: f64) -> bool {
        let tenth = judging.done.saturating_mul(10) / judging.of.max(1);
        let since = now - *self.last.get_or_insert(now);
        let is_due = tenth > self.tenth && since >= Self::PATIENCE;
        if is_due {
            (self.tenth, self.last) = (tenth, Some(now));
        }
        is_due
    }
}

/// A sweep and when it began.
#[derive(Default)]
struct Clock {
    remaining: Remaining,
    began: Option<Instant>,
}

impl Clock {
    fn begin(runs: Vec<(String, f64)>) -> Self {
        Self {
            remaining: Remaining::of(runs),
            began: Some(Instant::now()),
        }
    }

    /// How long the sweep still takes, where that is known.
    fn words(&self) -> String {
        let elapsed = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        self.remaining.words(elapsed)
    }

    /// The same where it stands behind words on one run.
    fn of_all(&self) -> String {
        let words = self.words();
        if words.is_empty() { words } else { words + " of all" }
    }
}

/// A bar for the sweep and one for each run that is being trained.
#[derive(Default)]
pub struct Bars {
    screen: MultiProgress,
    whole: Option<ProgressBar>,
    clock: Clock,
    runs: HashMap<String, ProgressBar>,
    judged: HashMap<String, ProgressBar>,
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
            Event::Begin(runs) => {
                let bar = self.screen.add(ProgressBar::new(runs.len() as u64));
                bar.set_style(style("{bar:24} {pos}/{len} runs, {elapsed} elapsed{msg}"));
                self.clock = Clock::begin(runs);
                self.whole = Some(bar);
            }
            Event::Started { id, title } => {
                let bar = self.screen.insert(0, ProgressBar::new(1000));
                bar.set_style(style("{bar:24} {percent:>3} % {prefix} {msg}"));
                bar.set_prefix(title);
                self.runs.insert(id, bar);
            }
            Event::Ticked { id, tick, .. } => {
                self.clock.remaining.ticked(&id, tick.share);
                if let Some(bar) = &self.whole {
                    bar.set_message(self.clock.words());
                }
                if let Some(bar) = self.runs.get(&id) {
                    bar.set_position((tick.share * 1000.0) as u64);
                    bar.set_message(format!(
                        "loss {:.3}, {:.1} k tokens/s",
                        tick.loss,
                        tick.tokens_per_second / 1000.0
                    ));
                }
            }
            Event::Judging { id, title, judging } => {
                let words = how_far(&judging);
                if let Some(bar) = self.runs.get(&id) {
                    bar.set_message(words);
                    return;
                }
                let bar = self.judged.entry(id.clone()).or_insert_with(|| {
                    let bar = self.screen.add(ProgressBar::new(judging.of));
                    bar.set_style(style("{bar:24} {percent:>3} % {prefix}: {msg}"));
                    bar.set_prefix(title);
                    bar
                });
                bar.set_length(judging.of);
                bar.set_position(judging.done);
                bar.set_message(words);
                if judging.done >= judging.of {
                    bar.finish_and_clear();
                    self.judged.remove(&id);
                }
            }
            Event::Ended { id, words } => {
                self.clock.remaining.ended(&id);
                if let Some(bar) = self.runs.remove(&id) {
                    bar.finish_and_clear();
                }
                self.line(&words);
                if let Some(bar) = &self.whole {
                    bar.inc(1);
                }
            }
            Event::Downloaded { name, done, of } => {
                let bar = self.runs.entry(name).or_insert_with_key(|name| {
                    let bar = self.screen.add(ProgressBar::new(of));
                    bar.set_style(style(
                        "{bar:24} {percent:>3} % {prefix}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
                    ));
                    bar.set_prefix(name.clone());
                    bar
                });
                bar.set_position(done);
                if done == of {
                    bar.finish_and_clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judgement_has_a_line_for_a_tenth_and_none_too_soon_after_another() {
        let mut heard = Heard::default();
        let mut due = |done, now| {
            let judging = Judging {
                task: "blimp".to_owned(),
                done,
                of: 1000,
                what: "sentences".to_owned(),
            };
            heard.is_due(&judging, now)
        };
        // It begins; what is far but soon, or late but near, has to wait.
        assert!(!due(10, 1.0) && !due(300, 5.9) && due(300, 6.0));
        assert!(!due(350, 20.0) && due(400, 20.1));
        assert!(!due(900, 25.0) && due(900, 25.2) && !due(990, 40.0));
        let judging = Judging {
            task: "qa".to_owned(),
            done: 3,
            of: 7,
            what: "steps".to_owned(),
        };
        assert_eq!(how_far(&judging), "qa, 3 of 7 steps");
    }
}
