//! How an arm looks in every chart, and the sizes that charts share.

use super::scene::{Colour, Dash, Shape};

pub(super) const TITLE: f64 = 17.0;
pub(super) const PANEL_TITLE: f64 = 14.0;
/// So many pixels a line of a panel's title may reach beyond the panel.
pub(super) const TITLE_BEYOND: f64 = 30.0;
pub(super) const LABEL: f64 = 13.0;
/// From a line of a label to the next.
pub(super) const LABEL_LINE: f64 = 15.0;
/// The widest that a line of a row's name may be.
pub(super) const ROW_NAME: f64 = 170.0;
pub(super) const TICK: f64 = 13.0;
/// Space around a chart.
pub(super) const MARGIN: f64 = 14.0;
/// Width of every chart: narrow, so that its smallest letters are still [`READABLE`] on a telephone or in a column of a paper.
pub(super) const WIDTH: f64 = 560.0;
/// Pixels of the smallest letter where a chart is shown [`NARROW`] pixels wide.
#[cfg(test)]
pub(super) const READABLE: f64 = 9.0;
#[cfg(test)]
pub(super) const NARROW: f64 = 400.0;

/// How an arm is drawn everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub colour: Colour,
    pub dash: Dash,
    pub shape: Shape,
}

/// The colours of Okabe and Ito, without the yellow that vanishes on white.
const COLOURS: [Colour; 7] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (40, 40, 40),
    (86, 180, 233),
    (190, 132, 0),
];
const SHAPES: [Shape; 6] = [
    Shape::Circle,
    Shape::Square,
    Shape::Up,
    Shape::Diamond,
    Shape::Down,
    Shape::Star,
];
const DASHES: [Dash; 4] = [None, Some((9.0, 4.0)), Some((2.5, 3.0)), Some((5.0, 2.5))];

/// The look of an arm that no other chart has.
pub(crate) const PLAIN: Look = Look {
    colour: (110, 110, 110),
    dash: None,
    shape: Shape::Circle,
};

/// The look of the arm at `place`: shape and dash alone tell twelve arms apart, without colour.
pub(crate) fn look(place: usize) -> Look {
    let dash = DASHES[(place + place / 12) % DASHES.len()];
    Look {
        colour: COLOURS[place % COLOURS.len()],
        dash,
        shape: SHAPES[place % SHAPES.len()],
    }
}
