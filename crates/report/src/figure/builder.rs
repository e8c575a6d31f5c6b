//! A figure: title, legend, panels in a grid, and the words below.

use super::frame::Frame;
use super::look::{LABEL, MARGIN, PANEL_TITLE, ROW_NAME, TICK, TITLE, TITLE_BEYOND, WIDTH, look};
use super::panel::{Panel, Scale};
use super::range::Range;
use super::scene::{GREY, INK, Scene, Side};
use super::text::{fit, text_width, transcribed, two_lines, wrap};

/// Pixels of a legend's sample.
const SAMPLE: f64 = 30.0;
const LEGEND_ROW: f64 = 22.0;
/// Room above panels for their titles, or for the names of references over rows; and for ticks and label below.
const TITLES: f64 = 46.0;
const NO_TITLES: f64 = 26.0;
const BELOW: f64 = 46.0;
/// The same where only the last panels have a label.
const CLOSE: f64 = 22.0;
/// Room between panels and at the left of the first, for labels.
const BETWEEN: f64 = 62.0;
const LEFT: f64 = MARGIN + 56.0;
/// What a chart says where it cannot write a name as it is.
const TRANSCRIBED: &str = "Names are transcribed here where this picture's font does not have their letters; the SVG and the tables have them.";

/// A chart before it has pixels.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    title: String,
    legend: Vec<String>,
    columns: usize,
    height: f64,
    shares_x: bool,
    shares_y: bool,
    is_close: bool,
    panels: Vec<Panel>,
    words: Vec<String>,
}

impl Figure {
    /// A figure of panels `height` pixels high, at most `columns` in a row.
    pub(crate) fn new(title: impl Into<String>, columns: usize, height: f64) -> Self {
        Self {
            title: title.into(),
            legend: Vec::new(),
            columns,
            height,
            shares_x: false,
            shares_y: false,
            is_close: false,
            panels: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Every panel has the same x axis.
    pub(crate) fn one_x(self) -> Self {
        Self { shares_x: true, ..self }
    }

    /// Every panel has the same y axis.
    pub(crate) fn one_y(self) -> Self {
        Self { shares_y: true, ..self }
    }

    /// Panels stand close, and the x axis has its label below the last one of each column alone.
    pub(crate) fn close(self) -> Self {
        Self { is_close: true, ..self }
    }

    /// Names for the looks 0, 1, 2, ...
    pub(crate) fn legend<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let legend = names.into_iter().map(Into::into).collect();
        Self { legend, ..self }
    }

    /// The next panel, row by row.
    pub(crate) fn panel(&mut self, panel: Panel) {
        self.panels.push(panel);
    }

    /// A sentence below the panels: what the marks mean.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.words.extend((!sentence.is_empty()).then_some(sentence));
    }

    /// What stands below the panels.
    pub(crate) fn words(&self) -> String {
        self.words.join(" ")
    }

    /// The figure in pixels, with what its marks mean below; none where nothing is drawn in it.
    pub(crate) fn scene(&self) -> Option<Scene> {
        self.drawn(&self.words())
    }

    /// The same without the words, for a page that says them itself.
    pub(crate) fn inline(&self) -> Option<Scene> {
        self.drawn("")
    }

    /// The same for a picture, whose font does not have every letter: the others are transcribed, and it says so.
    pub(crate) fn picture(&self) -> Option<Scene> {
        let mut figure = self.clone();
        let mut is_other = false;
        let texts = figure.panels.iter_mut().flat_map(Panel::texts);
        let texts = texts
            .chain(&mut figure.legend)
            .chain(&mut figure.words)
            .chain([&mut figure.title]);
        for text in texts {
            if let Some(written) = transcribed(text) {
                (*text, is_other) = (written, true);
            }
        }
        if is_other {
            figure.say(TRANSCRIBED);
        }
        figure.scene()
    }

    fn drawn(&self, words: &str) -> Option<Scene> {
        self.panels.iter().flat_map(Panel::points).next()?;
        let mut scene = Scene::new(&self.title, WIDTH);
        let mut y = MARGIN + 8.0;
        for line in wrap(&self.title, TITLE, WIDTH - 2.0 * MARGIN) {
            scene.text((MARGIN, y), line, TITLE, INK, Side::Start);
            y += TITLE * 1.35;
        }
        y += self.draw_legend(&mut scene, y);
        let (frames, bottom) = self.frames(y);
        for (place, (frame, panel)) in frames.iter().zip(&self.panels).enumerate() {
            let repeats = place % self.columns() > 0 && self.panels[place - 1].y.label == panel.y.label;
            let named = !self.is_close || place + self.columns() >= self.panels.len();
            frame.draw(&mut scene, panel, [named, !repeats]);
        }
        y = bottom + 12.0;
        // Room for viewers whose font is wider than the one measured here.
        for line in wrap(words, TICK, 0.9 * (WIDTH - 2.0 * MARGIN)) {
            scene.text((MARGIN, y), line, TICK, GREY, Side::Start);
            y += TICK * 1.45;
        }
        scene.height = (y + 6.0).ceil();
        Some(scene)
    }

    fn columns(&self) -> usize {
        self.columns.min(self.panels.len()).max(1)
    }

    /// Draws the legend from `top` on, its entries flowing in rows; gives its height.
    fn draw_legend(&self, scene: &mut Scene, top: f64) -> f64 {
        let width = WIDTH - 2.0 * MARGIN;
        let (mut x, mut y) = (0.0, LEGEND_ROW / 2.0);
        for (arm, name) in self.legend.iter().enumerate() {
            let name = fit(name, LABEL, width - SAMPLE - 8.0);
            let wide = SAMPLE + 8.0 + text_width(&name, LABEL) + 22.0;
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, y + LEGEND_ROW);
            }
            let (left, middle, look) = (MARGIN + x, top + y, look(arm));
            scene.line(
                vec![(left, middle), (left + SAMPLE, middle)],
                look.colour,
                2.0,
                look.dash,
            );
            scene.symbol((left + SAMPLE / 2.0, middle), look.shape, 4.5, look.colour, true);
            scene.text((left + SAMPLE + 8.0, middle), name, LABEL, INK, Side::Start);
            x += wide;
        }
        if self.legend.is_empty() {
            0.0
        } else {
            y + LEGEND_ROW / 2.0
        }
    }

    /// Where the panels are, from `top` on, and the y below the last one.
    fn frames(&self, top: f64) -> (Vec<Frame>, f64) {
        let columns = self.columns();
        let names = self
            .panels
            .iter()
            .filter_map(|panel| panel.rows.as_ref())
            .flat_map(|rows| &rows.names);
        let lines = names.flat_map(|name| two_lines(name, LABEL, ROW_NAME));
        let widest = lines.map(|line| text_width(&line, LABEL)).reduce(f64::max);
        let left = widest.map_or(LEFT, |widest| MARGIN + widest + 14.0);
        let inner = WIDTH - left - MARGIN - 14.0 - BETWEEN * (columns - 1) as f64;
        let wide = inner / columns as f64;
        let mut frames = Vec::new();
        let mut below = top;
        for row in self.panels.chunks(columns) {
            let height = |panel: &Panel| {
                let rows = panel.rows.as_ref();
                rows.map_or(self.height, |rows| rows.height() * rows.names.len() as f64)
            };
            let lines = |panel: &Panel| match panel.title.is_empty() {
                true => 0,
                false => wrap(&panel.title, PANEL_TITLE, wide + TITLE_BEYOND).len(),
            };
            let top = match row.iter().map(lines).max() {
                Some(0) | None => below + NO_TITLES,
                Some(1) if self.is_close => below + NO_TITLES + 4.0,
                Some(_) => below + TITLES,
            };
            let tallest = row.iter().map(height).fold(0.0, f64::max);
            for (column, panel) in row.iter().enumerate() {
                let left = left + column as f64 * (wide + BETWEEN);
                let (x, y) = self.ranges(panel);
                frames.push(Frame {
                    left,
                    top,
                    right: left + wide,
                    bottom: top + height(panel),
                    x,
                    y,
                });
            }
            below = top + tallest + if self.is_close { CLOSE } else { BELOW };
        }
        (frames, if self.is_close { below + BELOW - CLOSE } else { below })
    }

    /// What the axes of a panel hold: its own data, or those of all panels.
    fn ranges(&self, panel: &Panel) -> (Range, Range) {
        let within = |shared: bool| {
            if shared {
                &self.panels[..]
            } else {
                std::slice::from_ref(panel)
            }
        };
        let levels = |panels: &[Panel]| -> Vec<f64> {
            panels
                .iter()
                .flat_map(|panel| panel.references.iter().map(|one| one.level))
                .collect()
        };
        let range = |scale: &Scale, values: Vec<f64>| match scale {
            Scale { is_log: true, .. } => Range::log(values),
            Scale { from_zero: true, .. } => Range::from_zero(values),
            _ => Range::around(values),
        };
        let along = within(self.shares_x);
        let mut xs: Vec<f64> = along.iter().flat_map(Panel::points).map(|point| point.0).collect();
        if let Some(rows) = &panel.rows {
            xs.extend(levels(along));
            // The first row is on top.
            return (range(&panel.x, xs), Range::between(rows.names.len() as f64, 0.0));
        }
        let mut x = range(&panel.x, xs);
        if !panel.x.from_zero && !panel.x.is_log && !levels(along).is_empty() {
            // Room for the name of a reference.
            x.low -= 0.1 * (x.high - x.low);
        }
        let up = within(self.shares_y);
        let ys = up
            .iter()
            .flat_map(Panel::points)
            .map(|point| point.1)
            .chain(levels(up))
            .collect();
        (x, range(&panel.y, ys))
    }
}
