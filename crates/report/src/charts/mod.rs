//! Charts: pure scenes (`scene`, `panel`, `style`), one file per chart, rendered by plotters as SVG and PNG (`render`).

mod budgets;
mod curves;
mod panel;
mod phenomena;
mod profile;
mod ratio;
mod render;
mod scene;
mod style;

use crate::read::Spent;
use crate::view::View;
use cloze_foundation::{Fault, Result};
use scene::Scene;
use std::path::{Path, PathBuf};

/// A budget axis.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    /// Heading of a table's column.
    pub column: &'static str,
    /// Label of a chart's axis, with its unit.
    pub label: &'static str,
    /// The number on it.
    pub take: fn(&Spent) -> f64,
}

/// Every budget axis.
pub(crate) const AXES: [Axis; 5] = [
    Axis {
        column: "tokens seen",
        label: "tokens seen",
        take: |spent| spent.tokens,
    },
    Axis {
        column: "predictions",
        label: "tokens with a loss (predictions)",
        take: |spent| spent.predictions,
    },
    Axis {
        column: "steps",
        label: "optimizer steps",
        take: |spent| spent.steps,
    },
    Axis {
        column: "FLOPs",
        label: "training FLOPs",
        take: |spent| spent.flops,
    },
    Axis {
        column: "seconds",
        label: "training time (s)",
        take: |spent| spent.seconds,
    },
];

/// A drawn chart.
pub(crate) struct Chart {
    /// File name without extension.
    pub name: &'static str,
    /// What it shows, for the page.
    pub caption: String,
    /// The whole SVG document.
    pub svg: String,
    scene: Scene,
}

impl Chart {
    fn new(name: &'static str, scene: Scene) -> Result<Self> {
        Ok(Self {
            name,
            caption: scene.caption.clone(),
            svg: render::svg(&scene)?,
            scene,
        })
    }

    /// A PNG file of the chart at twice its size in pixels.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        render::png(&self.scene)
    }
}

/// Every chart that the experiment asks for and the data allow.
pub(crate) fn all(view: &View) -> Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for wanted in &view.plan.report.charts {
        let scenes = match wanted.as_str() {
            "learning-curves" => vec![
                ("learning-curves", curves::scores(view)?),
                ("held-out-loss", curves::own_losses(view)?),
            ],
            "phenomena" => vec![("phenomena", phenomena::scene(view)?)],
            "ratio" => vec![("ratio", ratio::scene(view)?)],
            "budgets" => vec![("budgets", budgets::scene(view)?)],
            unknown => {
                let known = ["learning-curves", "phenomena", "ratio", "budgets"];
                return Err(Fault::usage(format!("unknown chart `{unknown}`"))
                    .at("report.charts in plan.json")
                    .allowed(known)
                    .nearest(unknown, known));
            }
        };
        for (name, scene) in scenes {
            if let Some(scene) = scene
                && charts.iter().all(|chart: &Chart| chart.name != name)
            {
                charts.push(Chart::new(name, scene)?);
            }
        }
    }
    Ok(charts)
}

/// Removes charts of an earlier report that this one does not have.
pub(crate) fn remove_stale(folder: &Path, fresh: &[PathBuf]) -> Result<()> {
    for name in ["learning-curves", "held-out-loss", "phenomena", "ratio", "budgets"] {
        for path in ["svg", "png"].map(|kind| folder.join(format!("{name}.{kind}"))) {
            if !fresh.contains(&path) && path.exists() {
                std::fs::remove_file(&path).map_err(|error| Fault::file("remove", &path, &error))?;
            }
        }
    }
    Ok(())
}
