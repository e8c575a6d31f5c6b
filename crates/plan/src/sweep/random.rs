//! `[sweep.random]`: points drawn from ranges.

use crate::experiment::dimension::{Dimension, MOST_RUNS, SweptKey, flatten};
use crate::experiment::shapes;
use cloze_foundation::{Draw, Fault, Key, Place, Result};
use cloze_options::{Kind, Node, OptionType, Options, Range, Value, Written, options, words};

options! {
    /// How points are drawn.
    struct Drawing {
        /// How many points are drawn.
        samples: usize, from(1).to(MOST_RUNS as f64) => "say how many points to draw, as in samples = 20";
        /// Decides which; more samples change none of those before.
        seed: u64 = 0;
    }
}

options! {
    /// What a random key is drawn from.
    pub(crate) struct Interval {
        /// The lower end.
        from: f64 => "say where the range begins";
        /// The upper end.
        to: f64 => "say where the range ends";
        /// Whether all numbers are equally likely, or all their logarithms.
        scale: Scale = Scale::Linear;
    }
    check Self::holds_something
}

words! {
    /// What is equally likely.
    pub(crate) enum Scale {
        /// All numbers.
        Linear = "linear",
        /// All logarithms.
        Log = "log",
    }
}

/// The drawn points, one dimension, if any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) dimension: Option<Dimension>,
}

impl OptionType for Drawn {
    /// `samples` points drawn from (seed, key path, sample), so that another key or more samples change none of them.
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let (own, keys) = written.split(&Drawing::names())?;
        let Drawing { samples, seed } = Options::read(&Written::new(&own, written.key()))?;
        let is_range = |node: &Node| node.find("from").or(node.find("to")).is_some();
        let mut axes = Vec::new();
        let keys = keys.table().map(|table| flatten(table, "", &|_, node| is_range(node)));
        for (path, member) in keys.unwrap_or_default() {
            let draw = Draw::new(seed, "sweep").purpose(&path);
            let written = Written::new(&member.node, written.key().joined(&Key::from(path.as_str())));
            let interval: Interval = Options::read(&written)?;
            let whole = ["from", "to"].iter().all(|end| {
                let end = written.get(end);
                end.is_some_and(|end| matches!(end.value(), Value::Integer(_)))
            });
            let values = (0..samples).map(|sample| Node {
                value: interval.at(draw.example(sample as u64).stream().unit(), whole),
                origin: member.node.origin.clone(),
            });
            axes.push(SweptKey {
                path,
                key: member.key.clone(),
                values: values.collect(),
            });
        }
        if axes.is_empty() {
            return Err(written
                .fault("`sweep.random` draws nothing")
                .remedy("add \"key.path\" = { from = 1e-4, to = 1e-2, scale = \"log\" }"));
        }
        Ok(Self {
            dimension: Some(Dimension { axes }),
        })
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        Kind::Other {
            said: "samples = n, seed = 0, \"key.path\" = { from, to, scale }".into(),
            schema: shapes::drawn(&Drawing::fields(), &Interval::fields()),
            fields: Drawing::fields(),
        }
    }
}

impl Interval {
    fn holds_something(&self) -> Result<()> {
        let Self { from, to, scale } = *self;
        if from < to && (scale == Scale::Linear || from > 0.0) {
            return Ok(());
        }
        let allowed = if scale == Scale::Log {
            "0 < from < to"
        } else {
            "from < to"
        };
        Err(Fault::usage(format!("there is nothing to draw from {from} to {to}"))
            .at(Place::key("from"))
            .allowed([allowed]))
    }

    /// The value at a uniform `share`; four significant digits are enough and can be read in an arm's name.
    fn at(&self, share: f64, whole: bool) -> Value {
        let log = self.scale == Scale::Log;
        // Both ends of a range of whole numbers are drawn as often as the numbers between them.
        let (from, to) = if whole {
            (self.from - if log { 0.0 } else { 0.5 }, self.to + 0.5)
        } else {
            (self.from, self.to)
        };
        let number = if log {
            (from.ln() + share * (to.ln() - from.ln())).exp()
        } else {
            from + share * (to - from)
        };
        if whole {
            return Value::Integer(number.round().clamp(self.from, self.to) as i64);
        }
        let rounded = format!("{number:.3e}").parse().unwrap_or(number);
        Value::Float(f64::clamp(rounded, self.from, self.to))
    }
}
