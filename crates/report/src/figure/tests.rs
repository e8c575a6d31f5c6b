//! A chart is a title, panels and their layers; all the rest comes with the builder.

use super::look::{LABEL, NARROW, PANEL_TITLE, READABLE, TICK, WIDTH};
use super::scene::{Mark, Shape};
use super::{Dot, Estimate, Figure, Panel, Scale, look, png, svg};
use cloze_stats::{Interval, summarise};

const SEEDS: [[f64; 3]; 2] = [[61.0, 64.0, 62.5], [71.0, 78.0, 70.0]];

/// A chart of its own: two arms over three depths, in two panels.
fn depths() -> Figure {
    let mut figure = Figure::new("Score against depth", 2, 150.0)
        .one_x()
        .one_y()
        .legend(["deep", "wide & low"]);
    for title in ["first task", "second task"] {
        let mut panel = Panel::new(
            title,
            Scale::around("layers").ticks(vec![2.0, 4.0, 8.0]),
            Scale::around("accuracy (%)"),
        );
        panel.chance(Some(50.0));
        panel.reference("ceiling", 97.0);
        for (arm, seeds) in SEEDS.iter().enumerate() {
            let at = |layers: f64| Estimate::new(layers, &summarise(seeds, 0.95).unwrap());
            let estimates = [2.0, 4.0, 8.0].map(at);
            panel.band(look(arm), &estimates);
            panel.means(look(arm), &estimates);
            panel.seeds(
                look(arm),
                [2.0, 4.0, 8.0]
                    .iter()
                    .flat_map(|x| seeds.map(|seed| (*x, seed)))
                    .collect(),
            );
        }
        figure.panel(panel);
    }
    figure.say("Dotted lines: chance and ceiling.");
    figure
}

fn texts(marks: &[Mark]) -> Vec<&str> {
    let mut found = Vec::new();
    for mark in marks {
        if let Mark::Text { text, .. } = mark {
            found.push(text.as_str());
        }
    }
    found
}

#[test]
fn a_chart_of_ones_own_has_title_legend_references_bands_and_every_seed() {
    let scene = depths().scene().unwrap();
    let words = texts(&scene.marks);
    for (word, times) in [
        ("Score against depth", 1),
        ("deep", 1),
        ("wide & low", 1),
        ("first task", 1),
        ("second task", 1),
        ("chance", 2),
        ("ceiling", 2),
        ("layers", 2),
        ("accuracy (%)", 1), // the second panel has the same axis
        ("Dotted lines: chance and ceiling.", 1),
    ] {
        assert_eq!(
            words.iter().filter(|text| **text == word).count(),
            times,
            "{word} in {words:?}"
        );
    }
    let is_seed = |mark: &&Mark| {
        matches!(
            mark,
            Mark::Symbol {
                shape: Shape::Circle,
                filled: false,
                ..
            }
        )
    };
    assert_eq!(
        scene.marks.iter().filter(is_seed).count(),
        2 * 3 * SEEDS.len() * SEEDS[0].len()
    );
    let is_band = |mark: &&Mark| matches!(mark, Mark::Area { .. });
    assert_eq!(scene.marks.iter().filter(is_band).count(), 2 * SEEDS.len());
    // Chance and ceiling in each panel; the rest of what is broken are the lines of the second arm and its legend.
    let is_dotted = |mark: &&Mark| {
        matches!(
            mark,
            Mark::Line {
                dash: Some((1.5, _)),
                ..
            }
        )
    };
    assert_eq!(scene.marks.iter().filter(is_dotted).count(), 4);
    // Everything stands on the page, and chance below every seed.
    let spots = |mark: &Mark| match mark {
        Mark::Line { points, .. } | Mark::Area { points, .. } => points.clone(),
        Mark::Symbol { at, .. } | Mark::Text { at, .. } => vec![*at],
    };
    for (x, y) in scene.marks.iter().flat_map(spots) {
        assert!(
            (0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y),
            "({x}, {y})"
        );
    }
}

#[test]
fn a_chart_of_ones_own_is_drawn_as_svg_and_png() {
    let scene = depths().scene().unwrap();
    let drawn = svg(&scene).unwrap();
    assert!(drawn.starts_with("<svg width=\"560\"") && drawn.contains("aria-label=\"Score against depth\""));
    for words in ["\nchance\n", "\nceiling\n", "\nwide &amp; low\n"] {
        assert!(drawn.contains(words), "{words:?} is not in {drawn}");
    }
    // An open circle is a circle with a white one on it.
    assert!(drawn.matches("<circle").count() >= 2 * 36);
    let file = png(&scene).unwrap();
    let info = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    assert_eq!(
        (info.info().width, f64::from(info.info().height)),
        (1120, 2.0 * scene.height)
    );
}

#[test]
fn rows_have_a_slot_for_every_arm_and_the_reference_across() {
    let names = ["anaphora", "licensing"].map(str::to_owned).to_vec();
    let mut panel = Panel::rows("", names, 2, Scale::around("accuracy (%)"));
    panel.chance(Some(50.0));
    let dot = |value: f64, spread: f64| Dot {
        value,
        is_filled: spread < 5.0,
        intervals: vec![Interval {
            low: value - 9.0,
            high: value + 9.0,
        }],
        seeds: vec![value - spread, value + spread],
    };
    for row in 0..2 {
        panel.dots(look(0), (row, 0), &dot(60.0, 2.0));
        panel.dots(look(1), (row, 1), &dot(51.0, 6.0));
    }
    let mut figure = Figure::new("By phenomenon", 1, 0.0);
    figure.panel(panel);
    let scene = figure.scene().unwrap();
    let seed = |mark: &Mark| match mark {
        Mark::Symbol { at, radius, .. } if *radius < 2.0 => Some(*at),
        _ => None,
    };
    let seeds: Vec<(f64, f64)> = scene.marks.iter().filter_map(seed).collect();
    let mut heights: Vec<f64> = seeds.iter().map(|spot| spot.1).collect();
    heights.dedup();
    assert_eq!((seeds.len(), heights.len()), (8, 4));
    assert!(heights.is_sorted(), "the first row is on top: {heights:?}");
    assert_eq!(texts(&scene.marks).iter().filter(|text| **text == "chance").count(), 1);
}

#[test]
fn letters_are_readable_where_a_chart_is_narrow() {
    for size in [TICK, LABEL, PANEL_TITLE] {
        assert!(size * NARROW / WIDTH >= READABLE, "{size} px");
    }
    let scene = depths().scene().unwrap();
    for mark in &scene.marks {
        if let Mark::Text { size, text, .. } = mark {
            assert!(size * NARROW / scene.width >= READABLE, "{text}");
        }
    }
}

#[test]
fn two_seeds_have_no_interval_in_a_chart_so_that_it_does_not_set_the_axis() {
    let two = Estimate::new(1.0, &summarise(&[0.5, 0.6], 0.95).unwrap());
    assert!(two.interval.is_none());
    let three = Estimate::new(1.0, &summarise(&[0.5, 0.6, 0.55], 0.95).unwrap());
    assert!(three.interval.is_some());
}

#[test]
fn independent_intervals_are_bars_with_ends_and_no_area() {
    let mut panel = Panel::new("", Scale::around("x"), Scale::around("y"));
    let at = |x: f64| Estimate::new(x, &summarise(&SEEDS[0], 0.95).unwrap());
    panel.bars(look(0), &[at(1.0), at(2.0)], 0.0);
    let mut figure = Figure::new("Bars", 1, 100.0);
    figure.panel(panel);
    let marks = figure.scene().unwrap().marks;
    assert!(!marks.iter().any(|mark| matches!(mark, Mark::Area { .. })));
    let ours = |mark: &&Mark| matches!(mark, Mark::Line { colour, .. } if *colour == look(0).colour);
    assert_eq!(marks.iter().filter(ours).count(), 2 * 3, "a bar and its two ends each");
}

#[test]
fn a_picture_transcribes_letters_that_its_font_lacks_and_the_drawing_keeps_them() {
    let mut panel = Panel::new("掩码语言模型", Scale::around("x"), Scale::around("y"));
    panel.seeds(look(0), vec![(1.0, 1.0)]);
    let mut figure = Figure::new("Names", 1, 100.0).legend(["עברית", "größer, β"]);
    figure.panel(panel);
    let (drawing, picture) = (figure.scene().unwrap(), figure.picture().unwrap());
    let (drawn, pictured) = (texts(&drawing.marks), texts(&picture.marks));
    assert!(drawn.contains(&"掩码语言模型") && drawn.contains(&"עברית"), "{drawn:?}");
    assert!(pictured.contains(&"YanMaYuYanMoXing"), "{pictured:?}");
    assert!(
        pictured.contains(&"größer, β") && !pictured.contains(&"עברית"),
        "{pictured:?}"
    );
    assert!(
        pictured
            .iter()
            .any(|text| text.starts_with("Names are transcribed here"))
    );
    assert!(!drawn.iter().any(|text| text.contains("transcribed")));
    assert!(svg(&drawing).unwrap().contains("掩码语言模型"));
}

#[test]
fn no_letter_makes_a_drawing_that_is_no_xml() {
    let mut panel = Panel::new("a\u{fffe}b\u{1b}c", Scale::around("x"), Scale::around("y"));
    panel.seeds(look(0), vec![(1.0, 1.0)]);
    let mut figure = Figure::new("d\u{ffff}e", 1, 100.0);
    figure.panel(panel);
    let drawn = svg(&figure.scene().unwrap()).unwrap();
    assert!(!drawn.contains(['\u{fffe}', '\u{ffff}', '\u{1b}']), "{drawn}");
    assert!(drawn.contains("a\u{fffd}b c"), "{drawn}");
}

#[test]
fn a_figure_without_data_is_none() {
    let mut figure = Figure::new("Nothing", 3, 100.0);
    assert!(figure.scene().is_none());
    let mut panel = Panel::new("", Scale::around(""), Scale::around(""));
    panel.chance(Some(50.0));
    panel.band(look(0), &[]);
    figure.panel(panel);
    assert!(figure.scene().is_none());
}

#[test]
fn what_tells_long_names_apart_is_written() {
    let names = [0.15, 0.5].map(|rate| format!("mlm rate={rate} peak_lr=0.005"));
    let label = "arm minus mlm rate=0.15 peak_lr=0.005; better to the left";
    let mut panel = Panel::rows("loss", names.to_vec(), 1, Scale::around(label));
    panel.dots(
        look(0),
        (0, 0),
        &Dot {
            value: 1.0,
            is_filled: true,
            intervals: Vec::new(),
            seeds: Vec::new(),
        },
    );
    let mut figure = Figure::new("Differences", 1, 0.0);
    figure.panel(panel);
    let scene = figure.scene().unwrap();
    let words = texts(&scene.marks);
    for word in ["mlm rate=0.15", "mlm rate=0.5", "peak_lr=0.005"] {
        assert!(words.contains(&word), "{words:?}");
    }
    assert!(words.iter().all(|word| !word.contains('…')), "{words:?}");
}
