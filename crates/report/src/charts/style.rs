//! The look of an arm, and the parts that every chart has: title, legend, caption.

use super::render::text_width;
use super::scene::{Colour, Dash, GREY, INK, Scene, Shape, Side};

pub(crate) const TITLE: f64 = 17.0;
pub(crate) const PANEL_TITLE: f64 = 13.0;
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const TICK: f64 = 11.0;
/// Space around a chart.
pub(crate) const MARGIN: f64 = 20.0;
/// Width of every chart.
pub(crate) const WIDTH: f64 = 960.0;

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

/// The look of the arm at `place`: shape and dash alone tell twelve arms apart, without colour.
pub(crate) fn look(place: usize) -> Look {
    let dash = DASHES[(place + place / 12) % DASHES.len()];
    Look {
        colour: COLOURS[place % COLOURS.len()],
        dash,
        shape: SHAPES[place % SHAPES.len()],
    }
}

/// `text`, or its beginning with an ellipsis, so that it is no wider than `width`.
pub(crate) fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.len() > 1 {
        letters.pop();
        let shorter = letters.iter().collect::<String>() + "…";
        if text_width(&shorter, size) <= width {
            return shorter;
        }
    }
    letters.into_iter().collect()
}

/// Lines of at most `width`, broken at spaces that are not no-break spaces.
pub(crate) fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const SAMPLE: f64 = 34.0;
const LEGEND_ROW: f64 = 20.0;

/// Where each entry of a legend goes, and its height: entries flow in rows.
fn flow(names: &[&str], width: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::new();
    for name in names {
        let wide = SAMPLE + 8.0 + text_width(&fit(name, LABEL, width - SAMPLE - 8.0), LABEL) + 22.0;
        if x > 0.0 && x + wide > width {
            (x, y) = (0.0, y + LEGEND_ROW);
        }
        places.push((x, y));
        x += wide;
    }
    (places, if names.is_empty() { 0.0 } else { y + LEGEND_ROW })
}

/// Draws the legend of arms from `top` on; gives its height.
pub(crate) fn legend(scene: &mut Scene, top: f64, names: &[&str]) -> f64 {
    let width = WIDTH - 2.0 * MARGIN;
    let (places, height) = flow(names, width);
    for (arm, (name, (x, y))) in names.iter().zip(places).enumerate() {
        let (x, y, look) = (MARGIN + x, top + y + LEGEND_ROW / 2.0, look(arm));
        scene.line(vec![(x, y), (x + SAMPLE, y)], look.colour, 2.0, look.dash);
        scene.symbol((x + SAMPLE / 2.0, y), look.shape, 4.5, look.colour, true);
        scene.text(
            (x + SAMPLE + 8.0, y),
            fit(name, LABEL, width - SAMPLE - 8.0),
            LABEL,
            INK,
            Side::Start,
        );
    }
    height
}

/// A scene with its title; gives the y below it. Height and caption come last, with [`finish`].
pub(crate) fn begin(title: &str) -> (Scene, f64) {
    let mut scene = Scene {
        title: title.to_owned(),
        caption: String::new(),
        width: WIDTH,
        height: 0.0,
        marks: Vec::new(),
    };
    let mut y = MARGIN + 8.0;
    for line in wrap(title, TITLE, WIDTH - 2.0 * MARGIN) {
        scene.text((MARGIN, y), line, TITLE, INK, Side::Start);
        y += TITLE * 1.35;
    }
    (scene, y)
}

/// Puts the caption below `bottom` and closes the scene.
pub(crate) fn finish(mut scene: Scene, bottom: f64, caption: String) -> Scene {
    let mut y = bottom + 12.0;
    // Room for viewers whose font is wider than the one measured here.
    for line in wrap(&caption, TICK, 0.88 * (WIDTH - 2.0 * MARGIN)) {
        scene.text((MARGIN, y), line, TICK, GREY, Side::Start);
        y += TICK * 1.45;
    }
    scene.caption = caption;
    scene.height = (y + 6.0).ceil();
    scene
}
