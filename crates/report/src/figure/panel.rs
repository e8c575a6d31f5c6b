//! What a panel holds, in the units of its data and before it has a place.

use super::look::{LABEL, LABEL_LINE, Look, ROW_NAME};
use super::scene::{Colour, Dash, GREY, PALE, Shape};
use super::text::two_lines;
use crate::score::LEAST_SEEDS;
use cloze_stats::{Interval, Summary};

/// x and y.
pub(crate) type Point = (f64, f64);

/// A mean at an x, with its interval where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub x: f64,
    pub mean: f64,
    pub interval: Option<Interval>,
}

impl Estimate {
    /// What is known of the mean at `x`. Two seeds have an interval that is twelve times their spread: it says nothing, and
    /// would be all that a chart shows.
    pub(crate) fn new(x: f64, found: &Summary) -> Self {
        Self {
            x,
            mean: found.mean,
            interval: found.interval.filter(|_| found.n >= LEAST_SEEDS),
        }
    }
}

/// An axis before its numbers are known.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// With its unit.
    pub(super) label: String,
    pub(super) from_zero: bool,
    pub(super) is_log: bool,
    /// Where its ticks are; round numbers where empty.
    pub(super) ticks: Vec<f64>,
}

impl Scale {
    /// An axis around its data.
    pub(crate) fn around(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            from_zero: false,
            is_log: false,
            ticks: Vec::new(),
        }
    }

    /// An axis that begins at 0.
    pub(crate) fn from_zero(label: impl Into<String>) -> Self {
        Self {
            from_zero: true,
            ..Self::around(label)
        }
    }

    /// An axis on which equal ratios are equal ways; nothing at or below 0 is on it.
    pub(crate) fn log(label: impl Into<String>) -> Self {
        Self {
            is_log: true,
            ..Self::around(label)
        }
    }

    /// With ticks at given numbers.
    pub(crate) fn ticks(self, ticks: Vec<f64>) -> Self {
        Self { ticks, ..self }
    }
}

/// Something drawn from data. Later ones lie on top.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// An area between two lines, for intervals that belong to one another.
    Band { estimates: Vec<Estimate>, colour: Colour },
    /// A bar with ends along y, for intervals that do not; `aside`: so many pixels to the right.
    Bars {
        estimates: Vec<Estimate>,
        colour: Colour,
        aside: f64,
    },
    /// The same along x, at a height.
    Across {
        low: f64,
        high: f64,
        y: f64,
        width: f64,
        colour: Colour,
    },
    Line {
        points: Vec<Point>,
        colour: Colour,
        width: f64,
        dash: Dash,
    },
    /// `aside`: so many pixels to the right of their points.
    Symbols {
        points: Vec<Point>,
        shape: Shape,
        radius: f64,
        colour: Colour,
        filled: bool,
        aside: f64,
    },
}

/// A named level across a panel.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) level: f64,
}

/// A value in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dot {
    pub value: f64,
    pub is_filled: bool,
    pub intervals: Vec<Interval>,
    pub seeds: Vec<f64>,
}

/// Rows in place of a y axis: a name, and a slot for each arm.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) names: Vec<String>,
    pub(super) slots: usize,
}

impl Rows {
    const SLOT: f64 = 12.0;
    const BETWEEN: f64 = 14.0;

    /// Pixels of one row.
    pub(super) fn height(&self) -> f64 {
        let lines = self.names.iter().map(|name| two_lines(name, LABEL, ROW_NAME).len());
        let named = LABEL_LINE * lines.max().unwrap_or(0) as f64 + 6.0;
        named.max(Self::SLOT * self.slots as f64 + Self::BETWEEN)
    }
}

/// A pair of axes and what is drawn between them.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(super) title: String,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) rows: Option<Rows>,
    pub(super) references: Vec<Reference>,
    pub(super) layers: Vec<Layer>,
}

impl Panel {
    /// A panel with nothing in it.
    pub(crate) fn new(title: impl Into<String>, x: Scale, y: Scale) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            rows: None,
            references: Vec::new(),
            layers: Vec::new(),
        }
    }

    /// A panel of named rows along x, each with a slot for every arm: see [`Panel::dots`].
    pub(crate) fn rows(title: impl Into<String>, names: Vec<String>, slots: usize, x: Scale) -> Self {
        let rows = Some(Rows { names, slots });
        Self {
            rows,
            ..Self::new(title, x, Scale::around(""))
        }
    }

    /// Pixels of a row that has a slot for each of so many arms.
    pub(crate) fn row_height(slots: usize) -> f64 {
        let names = Vec::new();
        Rows { names, slots }.height()
    }

    /// Every text of it, to be changed.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let names = self.rows.iter_mut().flat_map(|rows| &mut rows.names);
        let references = self.references.iter_mut().map(|reference| &mut reference.name);
        [&mut self.title, &mut self.x.label, &mut self.y.label]
            .into_iter()
            .chain(names)
            .chain(references)
    }

    /// A dotted line at a level of the scores: along x, or across the rows.
    pub(crate) fn reference(&mut self, name: impl Into<String>, level: f64) {
        self.references.push(Reference {
            name: name.into(),
            level,
        });
    }

    /// A line at a level of one row alone.
    pub(crate) fn level(&mut self, row: usize, level: f64) {
        let (top, bottom) = (row as f64, row as f64 + 1.0);
        self.line(vec![(level, top), (level, bottom)], GREY, 1.2, None);
    }

    /// The level of a guesser, where there is one.
    pub(crate) fn chance(&mut self, level: Option<f64>) {
        level.into_iter().for_each(|level| self.reference("chance", level));
    }

    /// The intervals as an area; an estimate without one is left out.
    pub(crate) fn band(&mut self, look: Look, estimates: &[Estimate]) {
        self.layers.push(Layer::Band {
            estimates: estimates.to_vec(),
            colour: look.colour,
        });
    }

    /// The intervals as bars with ends, so many pixels to the right of their x; an estimate without one is left out.
    pub(crate) fn bars(&mut self, look: Look, estimates: &[Estimate], aside: f64) {
        self.layers.push(Layer::Bars {
            estimates: estimates.to_vec(),
            colour: look.colour,
            aside,
        });
    }

    /// The means as a line with a symbol at each.
    pub(crate) fn means(&mut self, look: Look, estimates: &[Estimate]) {
        self.joined(look, estimates.iter().map(|one| (one.x, one.mean)).collect());
    }

    /// Numbers without an interval, as a line with a symbol at each.
    pub(crate) fn joined(&mut self, look: Look, points: Vec<Point>) {
        self.line(points.clone(), look.colour, 2.2, look.dash);
        self.symbols(points, look.shape, 4.0, look.colour, true, 0.0);
    }

    /// A line by its corners, with filled symbols at some points and open ones at others.
    pub(crate) fn told(&mut self, look: Look, corners: Vec<Point>, filled: Vec<Point>, open: Vec<Point>) {
        self.line(corners, look.colour, 2.2, look.dash);
        self.symbols(filled, look.shape, 4.0, look.colour, true, 0.0);
        self.symbols(open, look.shape, 4.0, look.colour, false, 0.0);
    }

    /// The means of another arm, pale in the background.
    pub(crate) fn background(&mut self, estimates: &[Estimate]) {
        self.line(estimates.iter().map(|one| (one.x, one.mean)).collect(), PALE, 1.0, None);
    }

    /// One seed along x.
    pub(crate) fn seed(&mut self, look: Look, points: Vec<Point>) {
        self.line(points, look.colour, 0.5, None);
    }

    /// Single seeds, a little to the right of their mean's symbol, so that neither hides the other.
    pub(crate) fn seeds(&mut self, look: Look, points: Vec<Point>) {
        self.symbols(points, Shape::Circle, 2.4, look.colour, false, 8.0);
    }

    /// A value in an arm's slot of a row: filled or open, with its intervals, broadest line first, and its seeds.
    pub(crate) fn dots(&mut self, look: Look, (row, slot): (usize, usize), dot: &Dot) {
        let height = self.rows.as_ref().map_or(1.0, Rows::height);
        let y = row as f64 + (Rows::BETWEEN / 2.0 + Rows::SLOT * (slot as f64 + 0.5)) / height;
        for (place, interval) in dot.intervals.iter().enumerate() {
            let layer = Layer::Across {
                low: interval.low,
                high: interval.high,
                y,
                width: if place == 0 { 1.8 } else { 0.8 },
                colour: look.colour,
            };
            self.layers.push(layer);
        }
        self.symbols(vec![(dot.value, y)], look.shape, 4.6, look.colour, dot.is_filled, 0.0);
        // On top of the value, so that no seed is hidden.
        let seeds = dot.seeds.iter().map(|seed| (*seed, y)).collect();
        self.symbols(seeds, Shape::Circle, 1.9, look.colour, false, 0.0);
    }

    fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64, dash: Dash) {
        self.layers.push(Layer::Line {
            points,
            colour,
            width,
            dash,
        });
    }

    fn symbols(&mut self, points: Vec<Point>, shape: Shape, radius: f64, colour: Colour, filled: bool, aside: f64) {
        self.layers.push(Layer::Symbols {
            points,
            shape,
            radius,
            colour,
            filled,
            aside,
        });
    }

    /// Everything that its axes must have room for, references excluded.
    pub(super) fn points(&self) -> impl Iterator<Item = Point> {
        self.layers.iter().flat_map(|layer| match layer {
            Layer::Across { low, high, y, .. } => vec![(*low, *y), (*high, *y)],
            Layer::Band { estimates, .. } | Layer::Bars { estimates, .. } => {
                let ends = |one: &Estimate| one.interval.map(|found| [(one.x, found.low), (one.x, found.high)]);
                estimates.iter().filter_map(ends).flatten().collect::<Vec<_>>()
            }
            Layer::Line { points, .. } | Layer::Symbols { points, .. } => points.clone(),
        })
    }
}
