//! A chart as a list of marks in pixels, before any format.

use crate::escape::plain;

/// Red, green, blue.
pub(crate) type Colour = (u8, u8, u8);
/// x to the right, y down, in pixels.
pub(crate) type Spot = (f64, f64);

pub(crate) const INK: Colour = (26, 26, 26);
pub(crate) const GREY: Colour = (110, 110, 110);
pub(crate) const PALE: Colour = (190, 190, 190);
pub(crate) const GRID: Colour = (228, 228, 228);

/// How a line is broken: lengths of stroke and gap, or none.
pub(crate) type Dash = Option<(f64, f64)>;

/// Shapes that differ without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Star,
}

/// Which side of a text lies at its spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Start,
    Middle,
    End,
}

/// Something visible.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    Line {
        points: Vec<Spot>,
        colour: Colour,
        width: f64,
        dash: Dash,
    },
    Area {
        points: Vec<Spot>,
        colour: Colour,
        opacity: f64,
    },
    Symbol {
        at: Spot,
        shape: Shape,
        radius: f64,
        colour: Colour,
        filled: bool,
    },
    /// Vertically centred at its spot; turned texts read upwards.
    Text {
        at: Spot,
        text: String,
        size: f64,
        colour: Colour,
        side: Side,
        turned: bool,
    },
}

/// Everything visible of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub title: String,
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
}

impl Scene {
    /// A scene without marks; its height is known when they are set.
    pub(crate) fn new(title: &str, width: f64) -> Self {
        Self {
            title: title.to_owned(),
            width,
            height: 0.0,
            marks: Vec::new(),
        }
    }

    pub(crate) fn line(&mut self, points: Vec<Spot>, colour: Colour, width: f64, dash: Dash) {
        if points.len() > 1 {
            self.marks.push(Mark::Line {
                points,
                colour,
                width,
                dash,
            });
        }
    }

    pub(crate) fn area(&mut self, points: Vec<Spot>, colour: Colour, opacity: f64) {
        if points.len() > 2 {
            self.marks.push(Mark::Area {
                points,
                colour,
                opacity,
            });
        }
    }

    pub(crate) fn symbol(&mut self, at: Spot, shape: Shape, radius: f64, colour: Colour, filled: bool) {
        self.marks.push(Mark::Symbol {
            at,
            shape,
            radius,
            colour,
            filled,
        });
    }

    pub(crate) fn text(&mut self, at: Spot, text: impl Into<String>, size: f64, colour: Colour, side: Side) {
        self.marks.push(Mark::Text {
            at,
            text: plain(&text.into()),
            size,
            colour,
            side,
            turned: false,
        });
    }

    pub(crate) fn turned_text(&mut self, at: Spot, text: impl Into<String>, size: f64) {
        self.marks.push(Mark::Text {
            at,
            text: plain(&text.into()),
            size,
            colour: INK,
            side: Side::Middle,
            turned: true,
        });
    }
}
