//! A pair of axes.

use super::render::text_width;
use super::scene::{GREY, GRID, INK, Scene, Side, Spot};
use super::style::{LABEL, PANEL_TITLE, TICK, fit, wrap};
use crate::number;

/// The numbers on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// The range of `values` and a margin, never empty.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let margin = if high > low {
            0.06 * (high - low)
        } else {
            (0.1 * high.abs()).max(1e-3)
        };
        Self {
            low: low - margin,
            high: high + margin,
        }
    }

    /// From nothing to a little more than the largest of `values`.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let high = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self {
            low: 0.0,
            high: if high > 0.0 { 1.05 * high } else { 1.0 },
        }
    }

    /// Round numbers inside the range, about `wanted` of them.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .map(|size| size * power)
            .into_iter()
            .find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = (
            (self.low / step).ceil() as i64,
            (self.high / step + 1e-9).floor() as i64,
        );
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

/// Axes around the rectangle in which data are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: Range,
    pub y: Range,
}

impl Panel {
    /// The spot of a point.
    pub(crate) fn at(&self, x: f64, y: f64) -> Spot {
        let across = (x - self.x.low) / (self.x.high - self.x.low);
        let up = (y - self.y.low) / (self.y.high - self.y.low);
        (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )
    }

    /// Title, grid, axes, ticks and labels. Tick labels that would touch their neighbour are left out.
    pub(crate) fn frame(&self, scene: &mut Scene, title: &str, x_label: &str, y_label: &str, x_ticks: &[f64]) {
        let lines = wrap(title, PANEL_TITLE, self.right - self.left + 30.0);
        for (place, line) in lines.iter().take(2).rev().enumerate() {
            let line = fit(line, PANEL_TITLE, self.right - self.left + 40.0);
            let y = self.top - 12.0 - 16.0 * place as f64;
            scene.text((self.left, y), line, PANEL_TITLE, INK, Side::Start);
        }
        for tick in self.y.ticks(5) {
            let (_, y) = self.at(self.x.low, tick);
            scene.line(vec![(self.left, y), (self.right, y)], GRID, 1.0, None);
            scene.text((self.left - 6.0, y), number::tick(tick), TICK, INK, Side::End);
        }
        let mut free = f64::NEG_INFINITY;
        for tick in x_ticks {
            let (x, _) = self.at(*tick, self.y.low);
            scene.line(vec![(x, self.bottom), (x, self.bottom + 4.0)], GREY, 1.0, None);
            let text = number::tick(*tick);
            let half = text_width(&text, TICK) / 2.0;
            if x - half > free {
                scene.text((x, self.bottom + 13.0), text, TICK, INK, Side::Middle);
                free = x + half + 4.0;
            }
        }
        let corner = vec![
            (self.left, self.top),
            (self.left, self.bottom),
            (self.right, self.bottom),
        ];
        scene.line(corner, GREY, 1.0, None);
        if !x_label.is_empty() {
            let middle = (self.left + self.right) / 2.0;
            scene.text(
                (middle, self.bottom + 30.0),
                fit(x_label, LABEL, self.right - self.left + 40.0),
                LABEL,
                INK,
                Side::Middle,
            );
        }
        if !y_label.is_empty() {
            let label = fit(y_label, LABEL, self.bottom - self.top + 40.0);
            scene.turned_text((self.left - 48.0, (self.top + self.bottom) / 2.0), label, LABEL);
        }
    }

    /// The level of a guesser, named at the left end if no data begin there. `first` is the smallest x of the data.
    pub(crate) fn chance(&self, scene: &mut Scene, chance: Option<f64>, first: f64) {
        if let Some(chance) = chance {
            let ends = vec![self.at(self.x.low, chance), self.at(self.x.high, chance)];
            scene.line(ends, GREY, 1.2, Some((1.5, 3.5)));
            let (x, y) = self.at(self.x.low, chance);
            if x + 3.0 + text_width("chance", TICK - 1.0) < self.at(first, chance).0 - 6.0 {
                scene.text((x + 3.0, y - 8.0), "chance", TICK - 1.0, GREY, Side::Start);
            }
        }
    }
}

/// Rectangles of `count` panels in rows of `columns`, `height` high, from `top` on; and the y below the last row.
pub(crate) fn grid(count: usize, columns: usize, top: f64, height: f64) -> (Vec<(f64, f64, f64)>, f64) {
    let (left, right, between, above, below) = (super::style::MARGIN + 56.0, 14.0, 66.0, 44.0, 42.0);
    let columns = columns.min(count).max(1);
    let inner = super::style::WIDTH - left - right - super::style::MARGIN - between * (columns - 1) as f64;
    let wide = inner / columns as f64;
    let place = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        (
            left + column as f64 * (wide + between),
            top + above + row as f64 * (above + height + below),
            wide,
        )
    };
    (
        (0..count).map(place).collect(),
        top + count.div_ceil(columns) as f64 * (above + height + below),
    )
}
