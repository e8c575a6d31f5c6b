//! Scenes as SVG and PNG, by plotters.

use super::scene::{Colour, Mark, Scene, Shape, Side, Spot};
use super::text::{EM, FAMILY, register};
use crate::escape::markup::escape;
use cloze_foundation::{Fault, Result};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, TextStyle, WHITE};

/// Pixels are drawn this many times finer than the scene's: SVG coordinates are whole numbers, and PNGs are averaged
/// down to [`PNG_SCALE`].
const FINE: u32 = 4;
/// Pixels of a PNG per pixel of the scene.
const PNG_SCALE: u32 = 2;

/// The whole SVG document.
///
/// # Errors
/// What plotters says.
pub(crate) fn svg(scene: &Scene) -> Result<String> {
    register();
    let (width, height) = size(scene, FINE);
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(scene, &root, f64::from(FINE))
            .and_then(|()| root.present())
            .map_err(|error| failed(scene, &error))?;
    }
    // Shown at the scene's size, with a name for those who cannot see it.
    let title = escape(&scene.title);
    let shown = size(scene, 1);
    let text = text.replacen(
        &format!("width=\"{width}\" height=\"{height}\""),
        &format!(
            "width=\"{}\" height=\"{}\" role=\"img\" aria-label=\"{title}\"",
            shown.0, shown.1
        ),
        1,
    );
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

/// The scene as a PNG file, at twice its size.
///
/// # Errors
/// What plotters or the encoder says.
pub(crate) fn png(scene: &Scene) -> Result<Vec<u8>> {
    register();
    let ((wide, high), (width, height)) = (size(scene, FINE), size(scene, PNG_SCALE));
    let mut fine = vec![255_u8; wide as usize * high as usize * 3];
    {
        let root = BitMapBackend::with_buffer(&mut fine, (wide, high)).into_drawing_area();
        draw(scene, &root, f64::from(FINE))
            .and_then(|()| root.present())
            .map_err(|error| failed(scene, &error))?;
    }
    let small = average(&fine, wide as usize, height as usize, width as usize);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| failed(scene, &error))?;
    let written = writer.write_image_data(&small).and_then(|()| writer.finish());
    written.map_err(|error| failed(scene, &error))?;
    Ok(file)
}

fn size(scene: &Scene, scale: u32) -> (u32, u32) {
    (scene.width.ceil() as u32 * scale, scene.height.ceil() as u32 * scale)
}

/// Means over squares of FINE / PNG_SCALE pixels.
fn average(fine: &[u8], wide: usize, height: usize, width: usize) -> Vec<u8> {
    let side = (FINE / PNG_SCALE) as usize;
    let mut small = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let pixel = |i: usize| fine[((y * side + i / side) * wide + x * side + i % side) * 3 + channel];
                let sum: usize = (0..side * side).map(|i| usize::from(pixel(i))).sum();
                small.push((sum / (side * side)) as u8);
            }
        }
    }
    small
}

fn failed(scene: &Scene, error: &dyn std::fmt::Display) -> Fault {
    Fault::run(format!("cannot draw the chart `{}`: {error}", scene.title))
}

type Drawn<E> = std::result::Result<(), DrawingAreaErrorKind<E>>;

fn draw<B: DrawingBackend>(scene: &Scene, root: &DrawingArea<B, Shift>, scale: f64) -> Drawn<B::ErrorType> {
    root.fill(&WHITE)?;
    let place = |spot: &Spot| ((spot.0 * scale).round() as i32, (spot.1 * scale).round() as i32);
    let stroke = |colour: Colour, width: f64| rgb(colour).stroke_width((width * scale).round().max(1.0) as u32);
    for mark in &scene.marks {
        match mark {
            Mark::Line {
                points,
                colour,
                width,
                dash,
            } => {
                let (points, stroke) = (points.iter().map(place).collect::<Vec<_>>(), stroke(*colour, *width));
                match dash {
                    None => root.draw(&PathElement::new(points, stroke))?,
                    Some((long, gap)) => {
                        let (long, gap) = ((long * scale) as i32, (gap * scale) as i32);
                        root.draw(&DashedPathElement::new(points, long, gap, stroke))?;
                    }
                }
            }
            Mark::Area {
                points,
                colour,
                opacity,
            } => {
                let points: Vec<_> = points.iter().map(place).collect();
                root.draw(&Polygon::new(points, rgb(*colour).mix(*opacity).filled()))?;
            }
            Mark::Symbol {
                at,
                shape,
                radius,
                colour,
                filled,
            } => {
                // An outline is a shape with a smaller white one on it: broad closed paths have open corners.
                let inside = (!filled).then_some((WHITE, (radius - 1.2).max(0.6)));
                for (colour, radius) in std::iter::once((rgb(*colour), *radius)).chain(inside) {
                    let corner = |(x, y): &Spot| place(&(at.0 + x * radius, at.1 + y * radius));
                    match corners(*shape) {
                        None => root.draw(&Circle::new(
                            place(at),
                            (radius * scale).round() as i32,
                            colour.filled(),
                        ))?,
                        Some(corners) => {
                            let outline: Vec<_> = corners.iter().map(corner).collect();
                            root.draw(&Polygon::new(outline, colour.filled()))?;
                        }
                    }
                }
            }
            Mark::Text {
                at,
                text,
                size,
                colour,
                side,
                turned,
            } => {
                let across = match side {
                    Side::Start => HPos::Left,
                    Side::Middle => HPos::Center,
                    Side::End => HPos::Right,
                };
                let turn = if *turned {
                    FontTransform::Rotate270
                } else {
                    FontTransform::None
                };
                let ink = rgb(*colour);
                let font = (FAMILY, size * EM * scale).into_font().transform(turn);
                let style = TextStyle::from(font).color(&ink).pos(Pos::new(across, VPos::Center));
                root.draw(&Text::new(text.as_str(), place(at), style))?;
            }
        }
    }
    Ok(())
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

/// Corners at radius 1, of about equal areas; a circle has none.
fn corners(shape: Shape) -> Option<Vec<Spot>> {
    match shape {
        Shape::Circle => None,
        Shape::Square => Some(vec![(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Shape::Up => Some(vec![(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)]),
        Shape::Down => Some(vec![(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)]),
        Shape::Diamond => Some(vec![(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        Shape::Star => Some(
            (0..10)
                .map(|i| {
                    let (angle, radius) = (
                        f64::from(i) * std::f64::consts::PI / 5.0,
                        if i % 2 == 0 { 1.45 } else { 0.6 },
                    );
                    (radius * angle.sin(), -radius * angle.cos())
                })
                .collect(),
        ),
    }
}
