//! A panel at its place: axes, and its data in pixels.

use super::look::{LABEL, LABEL_LINE, MARGIN, PANEL_TITLE, ROW_NAME, TICK, TITLE_BEYOND};
use super::panel::{Layer, Panel, Point, Rows};
use super::range::Range;
use super::scene::{Colour, Dash, GREY, GRID, INK, Scene, Side, Spot};
use super::text::{fit, text_width, two_lines, wrap};
use crate::number;

/// How the level of a reference is drawn.
const DOTTED: Dash = Some((1.5, 3.5));

/// The rectangle in which data are drawn, and what its sides stand for.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) x: Range,
    pub(super) y: Range,
}

impl Frame {
    /// The spot of a point.
    fn at(&self, (x, y): Point) -> Spot {
        let (across, up) = (self.x.along(x), self.y.along(y));
        (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )
    }

    /// The panel with its axes; `named`: whether the x axis has its label, and the y axis.
    pub(super) fn draw(&self, scene: &mut Scene, panel: &Panel, named: [bool; 2]) {
        self.title(scene, &panel.title);
        match &panel.rows {
            Some(rows) => self.row_names(scene, rows),
            None => self.y_axis(scene, if named[1] { &panel.y.label } else { "" }),
        }
        self.x_axis(scene, panel, named[0]);
        let first = panel.points().map(|point| point.0).fold(f64::INFINITY, f64::min);
        for reference in &panel.references {
            if panel.rows.is_some() {
                self.across_rows(scene, &reference.name, reference.level);
            } else {
                self.along_x(scene, &reference.name, reference.level, first);
            }
        }
        panel.layers.iter().for_each(|layer| self.layer(scene, layer));
    }

    fn title(&self, scene: &mut Scene, title: &str) {
        let lines = wrap(title, PANEL_TITLE, self.right - self.left + TITLE_BEYOND);
        for (place, line) in lines.iter().take(2).rev().enumerate() {
            let line = fit(line, PANEL_TITLE, self.right - self.left + 40.0);
            let y = self.top - 12.0 - 16.0 * place as f64;
            scene.text((self.left, y), line, PANEL_TITLE, INK, Side::Start);
        }
    }

    fn y_axis(&self, scene: &mut Scene, label: &str) {
        for tick in self.y.ticks(5) {
            let (_, y) = self.at((self.x.low, tick));
            scene.line(vec![(self.left, y), (self.right, y)], GRID, 1.0, None);
            scene.text((self.left - 6.0, y), number::tick(tick), TICK, INK, Side::End);
        }
        scene.line(vec![(self.left, self.top), (self.left, self.bottom)], GREY, 1.0, None);
        let (most, middle) = (self.bottom - self.top + 40.0, (self.top + self.bottom) / 2.0);
        let lines = wrap(label, LABEL, most);
        // One line in the middle of the room beside the ticks, or two of them.
        let places: &[f64] = if lines.len() > 1 { &[56.0, 43.0] } else { &[48.0] };
        for (line, aside) in lines.iter().zip(places) {
            scene.turned_text((self.left - aside, middle), fit(line, LABEL, most), LABEL);
        }
    }

    fn row_names(&self, scene: &mut Scene, rows: &Rows) {
        for (row, name) in rows.names.iter().enumerate() {
            let (_, middle) = self.at((self.x.low, row as f64 + 0.5));
            let (_, below) = self.at((self.x.low, row as f64 + 1.0));
            let lines = two_lines(name, LABEL, ROW_NAME);
            let first = middle - LABEL_LINE * (lines.len() as f64 - 1.0) / 2.0;
            for (place, line) in lines.into_iter().enumerate() {
                let y = first + LABEL_LINE * place as f64;
                scene.text((self.left - 10.0, y), line, LABEL, INK, Side::End);
            }
            scene.line(vec![(MARGIN, below), (self.right, below)], GRID, 1.0, None);
        }
    }

    /// Tick labels that would touch their neighbour are left out.
    fn x_axis(&self, scene: &mut Scene, panel: &Panel, named: bool) {
        let ticks = match (&panel.x.ticks[..], &panel.rows) {
            ([], None) => self.x.ticks(4),
            ([], Some(_)) => self.x.ticks(8),
            (ticks, _) => ticks.to_vec(),
        };
        let mut free = f64::NEG_INFINITY;
        for tick in ticks {
            let (x, _) = self.at((tick, self.y.low));
            if panel.rows.is_some() {
                scene.line(vec![(x, self.top), (x, self.bottom)], GRID, 1.0, None);
            }
            scene.line(vec![(x, self.bottom), (x, self.bottom + 4.0)], GREY, 1.0, None);
            let text = number::tick(tick);
            let half = text_width(&text, TICK) / 2.0;
            if x - half > free {
                scene.text((x, self.bottom + 13.0), text, TICK, INK, Side::Middle);
                free = x + half + 4.0;
            }
        }
        scene.line(
            vec![(self.left, self.bottom), (self.right, self.bottom)],
            GREY,
            1.0,
            None,
        );
        if !named {
            return;
        }
        let middle = (self.left + self.right) / 2.0;
        let lines = two_lines(&panel.x.label, LABEL, self.right - self.left + 40.0);
        for (place, line) in lines.into_iter().enumerate() {
            let y = self.bottom + 30.0 + LABEL_LINE * place as f64;
            scene.text((middle, y), line, LABEL, INK, Side::Middle);
        }
    }

    /// A level of y, named at the left end if no data begin there, and at the right end otherwise; `first` is the smallest
    /// x of the data.
    fn along_x(&self, scene: &mut Scene, name: &str, level: f64, first: f64) {
        let (x, y) = self.at((self.x.low, level));
        scene.line(vec![(x, y), (self.right, y)], GREY, 1.2, DOTTED);
        if name.is_empty() {
            return;
        }
        let above = if y - self.top < TICK { y + 9.0 } else { y - 8.0 };
        if x + 3.0 + text_width(name, TICK) < self.at((first, level)).0 - 6.0 {
            scene.text((x + 3.0, above), name, TICK, GREY, Side::Start);
        } else {
            scene.text((self.right, above), name, TICK, GREY, Side::End);
        }
    }

    /// A level of x, named above if it has a name.
    fn across_rows(&self, scene: &mut Scene, name: &str, level: f64) {
        let (x, _) = self.at((level, self.y.low));
        scene.line(vec![(x, self.top - 4.0), (x, self.bottom)], GREY, 1.4, DOTTED);
        if !name.is_empty() {
            scene.text((x, self.top - 12.0), name, TICK, GREY, Side::Middle);
        }
    }

    /// A bar with ends from one point to another.
    fn bar(&self, scene: &mut Scene, ends: [Spot; 2], width: f64, colour: Colour) {
        scene.line(ends.to_vec(), colour, width, None);
        let is_level = ends[0].1 == ends[1].1;
        for (x, y) in ends {
            let cap = if is_level {
                [(x, y - 3.0), (x, y + 3.0)]
            } else {
                [(x - 3.0, y), (x + 3.0, y)]
            };
            scene.line(cap.to_vec(), colour, width.min(1.2), None);
        }
    }

    fn layer(&self, scene: &mut Scene, layer: &Layer) {
        match layer {
            Layer::Band { estimates, colour } => {
                let edge = |high: bool| -> Vec<Spot> {
                    let end = |one: &super::panel::Estimate| {
                        let interval = one.interval?;
                        Some(self.at((one.x, if high { interval.high } else { interval.low })))
                    };
                    estimates.iter().filter_map(end).collect()
                };
                let (high, low) = (edge(true), edge(false));
                let outline = high.iter().chain(low.iter().rev()).copied().collect();
                scene.area(outline, *colour, 0.18);
                [high, low]
                    .into_iter()
                    .for_each(|edge| scene.line(edge, *colour, 0.25, None));
            }
            Layer::Bars {
                estimates,
                colour,
                aside,
            } => {
                for one in estimates {
                    let Some(interval) = one.interval else { continue };
                    let end = |y: f64| {
                        let (x, y) = self.at((one.x, y));
                        (x + aside, y)
                    };
                    self.bar(scene, [end(interval.low), end(interval.high)], 1.2, *colour);
                }
            }
            Layer::Across {
                low,
                high,
                y,
                width,
                colour,
            } => self.bar(scene, [self.at((*low, *y)), self.at((*high, *y))], *width, *colour),
            Layer::Line {
                points,
                colour,
                width,
                dash,
            } => {
                scene.line(
                    points.iter().map(|point| self.at(*point)).collect(),
                    *colour,
                    *width,
                    *dash,
                );
            }
            Layer::Symbols {
                points,
                shape,
                radius,
                colour,
                filled,
                aside,
            } => {
                for point in points {
                    let (x, y) = self.at(*point);
                    scene.symbol((x + aside, y), *shape, *radius, *colour, *filled);
                }
            }
        }
    }
}
