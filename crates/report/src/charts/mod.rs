//! The charts, each in a file of its own.

mod budgets;
mod held_out_loss;
mod learning_curves;
mod phenomena;
mod profile;
mod ratio;

use crate::document::Topic;
use crate::figure::{Figure, Scene, png, svg};
use crate::view::View;
use cloze_foundation::{Fault, Result};
use cloze_schema::ChartKind;
use cloze_schema::chart::CHARTS;
use std::path::{Path, PathBuf};

/// The formats of a chart's file.
const FORMATS: [&str; 2] = ["svg", "png"];

/// How a chart is made; none where the data have nothing for it.
type Draw = fn(&View) -> Result<Option<Figure>>;

/// How each chart is drawn, and which section of the page it stands in. A new chart is its file, its line in the
/// schema's table, and its line here.
fn drawing(kind: ChartKind) -> (Draw, Topic) {
    match kind {
        ChartKind::LearningCurves => (learning_curves::draw, Topic::Score),
        ChartKind::HeldOutLoss => (held_out_loss::draw, Topic::OwnLoss),
        ChartKind::Phenomena => (phenomena::draw, Topic::Parts),
        ChartKind::Ratio => (ratio::draw, Topic::Score),
        ChartKind::Budgets => (budgets::draw, Topic::Score),
    }
}

/// A drawn chart.
#[derive(Debug)]
pub(crate) struct Chart {
    pub kind: ChartKind,
    /// Which section of the page it stands in.
    pub topic: Topic,
    /// The whole SVG document.
    pub svg: String,
    scene: Scene,
}

impl Chart {
    fn new(kind: ChartKind, topic: Topic, scene: Scene) -> Result<Self> {
        let svg = svg(&scene)?;
        Ok(Self {
            kind,
            topic,
            svg,
            scene,
        })
    }

    /// Its files within the report, with their content.
    ///
    /// # Errors
    /// What the encoder says.
    pub(crate) fn files(&self) -> Result<[(String, Vec<u8>); 2]> {
        let [svg, png_file] = FORMATS.map(|format| format!("charts/{}.{format}", self.kind));
        Ok([(svg, self.svg.clone().into_bytes()), (png_file, png(&self.scene)?)])
    }
}

/// Every chart that the experiment asks for and the data allow.
///
/// # Errors
/// Scores that statistics refuse; what plotters says.
pub(crate) fn all(view: &View) -> Result<Vec<Chart>> {
    let mut charts: Vec<Chart> = Vec::new();
    for kind in &view.plan.report.charts {
        let (draw, topic) = drawing(*kind);
        if charts.iter().all(|chart| chart.kind != *kind)
            && let Some(scene) = draw(view)?.and_then(|figure| figure.scene())
        {
            charts.push(Chart::new(*kind, topic, scene)?);
        }
    }
    Ok(charts)
}

/// Removes charts of an earlier report that this one does not have.
///
/// # Errors
/// What the system says.
pub(crate) fn remove_stale(folder: &Path, fresh: &[PathBuf]) -> Result<()> {
    for facts in CHARTS {
        for path in FORMATS.map(|format| folder.join(format!("{}.{format}", facts.word))) {
            if !fresh.contains(&path) && path.exists() {
                std::fs::remove_file(&path).map_err(|error| Fault::file("remove", &path, &error))?;
            }
        }
    }
    Ok(())
}
