//! `[[arm]]` with a `model`: a folder that others trained, which is judged as it is.

use super::arms::{ArmOptions, is_an_option, shown_name};
use super::shapes;
use cloze_foundation::{Place, Result};
use cloze_options::{Options, Written};
use std::path::PathBuf;

/// The key that says that an arm is one.
pub(super) const MODEL: &str = "model";
/// What may stand beside it.
const KEYS: [&str; 2] = ["name", MODEL];

/// An arm that is not trained.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    /// Given, or that of the folder.
    pub(crate) name: String,
    /// As it is written.
    pub(crate) folder: PathBuf,
    /// Where it is written.
    pub(crate) place: Place,
}

impl Given {
    pub(super) fn read(written: &Written<'_>) -> Result<Self> {
        written.table(&KEYS).map_err(|mut fault| {
            // An option of an objective is no slip of the pen.
            let key = fault.places.first().map(|place| place.key.last().to_owned());
            if key.is_some_and(|key| is_an_option(&key)) {
                fault.nearest = None;
            }
            match fault.remedy {
                None => fault.remedy("a model of others is judged as it is: an arm that is trained has no `model`"),
                Some(_) => fault,
            }
        })?;
        let arm: ArmOptions = Options::read(written)?;
        let place = written.open(MODEL);
        let folder = arm.model.unwrap_or_default();
        let last = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(last) = last else {
            return Err(place
                .fault("it names no folder")
                .allowed(["the path of a folder with a model"]));
        };
        let name = arm.name.as_deref().unwrap_or(&last).trim();
        Ok(Self {
            name: shown_name(name, written)?,
            place: place.place(),
            folder,
        })
    }
}

/// Such an arm in the JSON Schema.
pub(super) fn schema() -> serde_json::Value {
    let mut properties = shapes::properties(&ArmOptions::fields());
    properties.retain(|key, _| KEYS.contains(&key.as_str()));
    let mut schema = shapes::table(properties, &[MODEL]);
    schema["title"] = "A model that others trained".into();
    schema
}
