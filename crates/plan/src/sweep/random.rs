//! `[sweep.random]`: points drawn from ranges.

use super::{Axis, Dimension, MOST_RUNS, flatten};
use crate::experiment::node::{Node, Value};
use crate::experiment::section::{Section, wrong_kind};
use cloze_foundation::{Draw, Result};

/// `samples` points drawn from (seed, key path, sample), so that another key or more samples change none of them.
pub(super) fn read(node: &Node) -> Result<Dimension> {
    let table = node
        .table()
        .ok_or_else(|| wrong_kind(node, "sweep.random", "a table"))?;
    let keys: Vec<&str> = table.keys().map(String::as_str).collect();
    let section = Section::of(node, "sweep.random", &keys)?;
    let missing = || {
        section
            .fault("samples", "`sweep.random.samples` is missing")
            .remedy("say how many points to draw, as in samples = 20")
    };
    let samples = section.whole("samples", 1, MOST_RUNS as i64)?.ok_or_else(missing)?;
    let seed = section.whole("seed", 0, i64::MAX)?.unwrap_or(0) as u64;
    let is_range = |node: &Node| node.find("from").or(node.find("to")).is_some();
    let mut axes = Vec::new();
    for (path, entry) in flatten(table, "", &|_, node| is_range(node)) {
        if path == "samples" || path == "seed" {
            continue;
        }
        let draw = Draw::new(seed, "sweep").purpose(&path);
        let range = Interval::read(&entry.node, &format!("sweep.random.{path}"))?;
        let values = (0..samples).map(|sample| Node {
            value: range.at(draw.example(sample as u64).stream().unit()),
            place: entry.node.place.clone(),
        });
        axes.push(Axis {
            path,
            key: entry.key.clone(),
            values: values.collect(),
        });
    }
    if axes.is_empty() {
        return Err(section
            .fault("", "`sweep.random` draws nothing")
            .remedy("add \"key.path\" = { from = 1e-4, to = 1e-2, scale = \"log\" }"));
    }
    Ok(Dimension { axes })
}

/// What a random key is drawn from.
struct Interval {
    from: f64,
    to: f64,
    log: bool,
    whole: bool,
}

impl Interval {
    fn read(node: &Node, path: &str) -> Result<Self> {
        let section = Section::of(node, path, &["from", "to", "scale"])?;
        let end = |key: &str| {
            section
                .number(key, |_| true, "")?
                .ok_or_else(|| section.fault(key, format!("`{}` is missing", section.path_of(key))))
        };
        let log = section.word("scale", &["linear", "log"])? == Some("log");
        let (from, to) = (end("from")?, end("to")?);
        if from >= to || (log && from <= 0.0) {
            let allowed = if log { "0 < from < to" } else { "from < to" };
            return Err(section
                .fault("from", format!("there is nothing to draw from {from} to {to}"))
                .allowed([allowed]));
        }
        let whole = ["from", "to"].iter().all(|key| {
            section
                .get(key)
                .is_some_and(|entry| matches!(entry.node.value, Value::Integer(_)))
        });
        Ok(Self { from, to, log, whole })
    }

    /// The value at a uniform `share`; four significant digits are enough and can be read in an arm's name.
    fn at(&self, share: f64) -> Value {
        // Both ends of a range of whole numbers are drawn as often as the numbers between them.
        let (from, to) = if self.whole {
            (self.from - if self.log { 0.0 } else { 0.5 }, self.to + 0.5)
        } else {
            (self.from, self.to)
        };
        let number = if self.log {
            (from.ln() + share * (to.ln() - from.ln())).exp()
        } else {
            from + share * (to - from)
        };
        if self.whole {
            return Value::Integer(number.round().clamp(self.from, self.to) as i64);
        }
        let rounded = format!("{number:.3e}").parse().unwrap_or(number);
        Value::Float(f64::clamp(rounded, self.from, self.to))
    }
}
