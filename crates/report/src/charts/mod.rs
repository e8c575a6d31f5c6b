//! The charts, each in a file of its own.

mod budgets;
mod forest;
mod held_out_loss;
mod ladder;
mod layers;
mod learning_curves;
mod onset;
mod phenomena;
mod phenomena_along_training;
mod profile;
mod ratio;
mod series;

use crate::document::Topic;
use crate::figure::{Figure, Scale, Scene, png, svg};
use crate::study::{MIXED, SURVIVORS, Study};
use cloze_foundation::Result;
use cloze_foundation::files::remove;
use cloze_schema::chart::CHARTS;
use cloze_schema::{Axis, ChartKind};
use std::path::{Path, PathBuf};

/// The formats of a chart's file.
const FORMATS: [&str; 2] = ["svg", "png"];

/// A figure, or why there is none.
type Sketch = std::result::Result<Figure, String>;
/// How a chart is made.
type Draw = fn(&Study) -> Result<Sketch>;

/// How each chart is drawn, and which section of the page it stands in. A new chart is its file, its line in the
/// schema's table, and its line here.
fn drawing(kind: ChartKind) -> (Draw, Topic) {
    match kind {
        ChartKind::Forest => (forest::draw, Topic::Score),
        ChartKind::LearningCurves => (learning_curves::draw, Topic::Score),
        ChartKind::HeldOutLoss => (held_out_loss::draw, Topic::OwnLoss),
        ChartKind::Onset => (onset::draw, Topic::Onset),
        ChartKind::Phenomena => (phenomena::draw, Topic::Parts),
        ChartKind::PhenomenaAlongTraining => (phenomena_along_training::draw, Topic::Learnt),
        ChartKind::Layers => (layers::draw, Topic::Parts),
        ChartKind::Ratio => (ratio::draw, Topic::Score),
        ChartKind::Ladder => (ladder::draw, Topic::Ladder),
        ChartKind::Budgets => (budgets::draw, Topic::Score),
    }
}

/// A drawn chart.
#[derive(Debug)]
pub(crate) struct Chart {
    pub kind: ChartKind,
    /// Which section of the page it stands in.
    pub topic: Topic,
    /// The drawing as it stands on the page, without words below.
    pub inline: String,
    /// What its marks mean.
    pub words: String,
    /// The whole SVG document.
    svg: String,
    picture: Scene,
}

impl Chart {
    /// None where nothing is drawn.
    fn new(kind: ChartKind, topic: Topic, figure: &Figure) -> Result<Option<Self>> {
        let (Some(scene), Some(inline), Some(picture)) = (figure.scene(), figure.inline(), figure.picture()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            kind,
            topic,
            inline: svg(&inline)?,
            words: figure.words(),
            svg: svg(&scene)?,
            picture,
        }))
    }

    /// Its files within the report, with their content.
    ///
    /// # Errors
    /// What the encoder says.
    pub(crate) fn files(&self) -> Result<[(String, Vec<u8>); 2]> {
        let [svg, png_file] = FORMATS.map(|format| format!("charts/{}.{format}", self.kind));
        Ok([(svg, self.svg.clone().into_bytes()), (png_file, png(&self.picture)?)])
    }
}

/// A figure as an SVG document and as a PNG file; none where nothing is drawn in it.
///
/// # Errors
/// What plotters and the encoder say.
pub(crate) fn files_of(figure: &Figure) -> Result<Option<[Vec<u8>; 2]>> {
    let (Some(scene), Some(picture)) = (figure.scene(), figure.picture()) else {
        return Ok(None);
    };
    Ok(Some([svg(&scene)?.into_bytes(), png(&picture)?]))
}

/// Every chart that the experiment asks for and the data allow, and a sentence for every other one.
///
/// # Errors
/// Scores that statistics refuse; what plotters says.
pub(crate) fn all(study: &Study) -> Result<(Vec<Chart>, Vec<String>)> {
    let (mut charts, mut undrawn): (Vec<Chart>, Vec<String>) = (Vec::new(), Vec::new());
    for facts in CHARTS
        .iter()
        .filter(|facts| study.view.plan.report.charts.contains(&facts.kind))
    {
        let (draw, topic) = drawing(facts.kind);
        let chart = match draw(study)? {
            Ok(mut figure) => {
                survivors(study)
                    .into_iter()
                    .chain(mixtures(study))
                    .for_each(|words| figure.say(words));
                Chart::new(facts.kind, topic, &figure)?.ok_or_else(|| "nothing was measured for it".to_owned())
            }
            Err(why) => Err(why),
        };
        match chart {
            Ok(chart) => charts.push(chart),
            Err(why) => undrawn.push(format!("The chart {} is not drawn: {why}.", facts.word)),
        }
    }
    Ok((charts, undrawn))
}

/// What the mark of survivors is, where a chart has one.
fn survivors(study: &Study) -> Option<String> {
    let is_marked = |arm: &usize| study.marked(*arm).contains(SURVIVORS);
    let any = study.shown.iter().any(is_marked);
    any.then(|| format!("{SURVIVORS} Some seeds diverged: the means are over those that are left."))
}

/// What the mark of a mixture is, where a chart has one.
fn mixtures(study: &Study) -> Option<String> {
    let any = study.shown.iter().any(|arm| study.is_mixed(*arm));
    any.then(|| {
        format!("{MIXED} Some seeds have left the plateau of word frequencies and others not: intervals are over both.")
    })
}

/// Removes charts of an earlier report that this one does not have.
///
/// # Errors
/// What the system says.
pub(crate) fn remove_stale(folder: &Path, fresh: &[PathBuf]) -> Result<()> {
    for facts in CHARTS {
        for path in FORMATS.map(|format| folder.join(format!("{}.{format}", facts.word))) {
            if !fresh.contains(&path) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// The axis of what was used along training, on which judgements lie as the experiment spaced them.
fn along(study: &Study) -> Scale {
    let label = Axis::Tokens.facts().label;
    if study.view.is_log() {
        Scale::log(label)
    } else {
        Scale::from_zero(label)
    }
}
