//! Texts and the room that they take.

use ab_glyph::{Font, FontRef};
use any_ascii::any_ascii_char;
use plotters::style::{FontStyle, IntoFont, register_font};
use std::sync::{LazyLock, Once};

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

/// The font that PNGs are drawn with.
static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).ok());

/// Whether a PNG can show a letter: its font has it, and it stands where it is read, which is not so for scripts that are
/// written from right to left. An SVG can show every letter that its viewer has a font for.
fn is_drawn(letter: char) -> bool {
    let is_leftward = matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}');
    !is_leftward && FONT.as_ref().is_none_or(|font| font.glyph_id(letter).0 != 0)
}

/// A text with letters that a PNG cannot show transcribed into such as it can; none where it can show all of them.
pub(super) fn transcribed(text: &str) -> Option<String> {
    if text.chars().all(is_drawn) {
        return None;
    }
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_drawn(letter) {
            written.push(letter);
        } else {
            // What has no transcription is still somebody's letter.
            let ascii = any_ascii_char(letter);
            written.push_str(if ascii.is_empty() { "?" } else { ascii });
        }
    }
    Some(written)
}

/// Sizes that a letter takes which our font does not have: the widest that others draw it.
const FOREIGN: f64 = 1.1;

/// The width of a text in pixels of the scene. The fonts of other viewers are a little wider than ours.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    register();
    let (ours, foreign): (String, String) = text.chars().partition(|letter| is_drawn(*letter));
    let fine = (FAMILY, size * EM * FINE).into_font().box_size(&ours);
    let drawn = fine.map_or(0.6 * size * ours.chars().count() as f64, |(width, _)| {
        f64::from(width) / FINE
    });
    1.05 * drawn + FOREIGN * size * foreign.chars().count() as f64
}

/// `text`, or its beginning and its end with an ellipsis between them, so that it is no wider than `width`: the names of a sweep's
/// arms differ in what stands last.
pub(super) fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    for kept in (1..letters.len()).rev() {
        let (start, end) = (kept.div_ceil(2), kept / 2);
        let of = |letters: &[char]| letters.iter().collect::<String>();
        let shorter = format!("{}…{}", of(&letters[..start]), of(&letters[letters.len() - end..]));
        if text_width(&shorter, size) <= width {
            return shorter;
        }
    }
    letters.into_iter().take(1).collect()
}

/// One line, or two of which the second has all that the first has no room for, each of at most `width`.
pub(super) fn two_lines(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines = wrap(text, size, width).into_iter();
    let first = lines.next();
    let rest = lines.collect::<Vec<_>>().join(" ");
    let written = first.into_iter().chain((!rest.is_empty()).then_some(rest));
    written.map(|line| fit(&line, size, width)).collect()
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
