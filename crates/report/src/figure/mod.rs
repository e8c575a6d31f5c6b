//! Figures: panels, built in the units of their data ([`Panel`]), set on a page ([`Figure`]), drawn as SVG and PNG.
//!
//! A chart says what is in its panels. Where they stand, what their axes hold, how an arm looks, the level of a guesser,
//! the legend and the words below are made here, once for all charts.

mod builder;
mod frame;
mod look;
mod panel;
mod range;
mod render;
mod scene;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use builder::Figure;
pub(crate) use look::{PLAIN, look};
pub(crate) use panel::{Dot, Estimate, Panel, Scale};
pub(crate) use render::{png, svg};
pub(crate) use scene::Scene;
