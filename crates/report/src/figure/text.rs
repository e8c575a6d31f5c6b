//! Texts and the room that they take.

use plotters::style::{FontStyle, IntoFont, register_font};
use std::sync::Once;

/// The family that every viewer of an SVG has; PNGs use the font registered under this name.
pub(super) const FAMILY: &str = "sans-serif";
/// plotters divides a size by this to get the em that SVG knows.
pub(super) const EM: f64 = 1.24;

/// Gives plotters the font that PNGs use and texts are measured by.
pub(super) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // The crate carries a valid font; were it not, the first text drawn would say so as an error.
        let _ = register_font(FAMILY, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
}

/// Texts are measured this many times larger than they are: plotters measures in whole pixels.
const FINE: f64 = 4.0;

/// The width of a text in pixels of the scene. The fonts of other viewers are a little wider than ours.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    register();
    let fine = (FAMILY, size * EM * FINE).into_font().box_size(text);
    1.05 * fine.map_or(0.6 * size * text.chars().count() as f64, |(width, _)| {
        f64::from(width) / FINE
    })
}

/// `text`, or its beginning with an ellipsis, so that it is no wider than `width`.
pub(super) fn fit(text: &str, size: f64, width: f64) -> String {
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
pub(super) fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
