//! The data of the runs of a plan, as they are now.

use crate::provenance::Provenance;
use crate::store::attempt::PROVENANCE;
use crate::store::{Marker, RunFolder};
use cloze_corpus::prepare::name_in_cache;
use cloze_corpus::{CorpusConfig, Prepared};
use cloze_foundation::{Result, files};
use cloze_plan::{PlannedRun, RunConfig, Start, TaskConfig};
use cloze_schema::RunData;
use std::collections::BTreeMap;
use std::path::Path;

/// What a run would be made from, with this corpus.
///
/// # Errors
/// Data that cannot be read.
pub fn of_run(config: &RunConfig, corpus: &Prepared, data_root: Option<&Path>) -> Result<RunData> {
    let mut data = of_corpus(corpus);
    for task in &config.evaluate {
        data.tasks.insert(task.name().to_owned(), of_task(task, data_root)?);
    }
    data.start = of_start(config, data_root)?;
    Ok(data)
}

/// The data of a prepared text, without any evaluation's.
pub fn of_corpus(corpus: &Prepared) -> RunData {
    let hashes = corpus.hashes();
    RunData {
        corpus: hashes.corpus,
        tokenizer: hashes.tokenizer,
        held_out: hashes.held_out,
        tasks: BTreeMap::new(),
        start: None,
    }
}

fn of_start(config: &RunConfig, data_root: Option<&Path>) -> Result<Option<String>> {
    let place = config.encoder.from.as_ref();
    place.map(|place| Start::of(place, data_root)?.hash()).transpose()
}

pub(crate) fn of_task(task: &TaskConfig, data_root: Option<&Path>) -> Result<String> {
    let entry = cloze_evals::find(&task.task)?;
    // What is not there has no data, and no hash of nothing.
    let checked = (entry.check)(&task.options, data_root);
    checked
        .and_then(|()| (entry.data)(&task.options, data_root))
        .map_err(|fault| fault.at(task.name()))
}

/// The data of many runs, each corpus and each evaluation looked at once.
pub struct Looked<'a> {
    corpora: Vec<(&'a CorpusConfig, RunData)>,
    tasks: Vec<(&'a TaskConfig, String)>,
    starts: Vec<(&'a Path, Option<String>)>,
    data_root: Option<&'a Path>,
}

impl<'a> Looked<'a> {
    /// Nothing looked at yet.
    pub fn new(data_root: Option<&'a Path>) -> Self {
        Self {
            corpora: Vec::new(),
            tasks: Vec::new(),
            starts: Vec::new(),
            data_root,
        }
    }

    /// The data of a run; `None` where `corpus`, which is asked once about each text, does not know those of its text.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn at(
        &mut self,
        run: &'a PlannedRun,
        corpus: impl FnOnce(&CorpusConfig) -> Result<Option<RunData>>,
    ) -> Result<Option<RunData>> {
        let config = &run.config;
        let known = self.corpora.iter().find(|(known, _)| *known == &config.corpus);
        let mut data = match known {
            Some((_, data)) => data.clone(),
            None => {
                let Some(data) = corpus(&config.corpus)? else {
                    return Ok(None);
                };
                self.corpora.push((&config.corpus, data.clone()));
                data
            }
        };
        for task in &config.evaluate {
            let known = self.tasks.iter().find(|(known, _)| *known == task);
            let hash = match known {
                Some((_, hash)) => hash.clone(),
                None => {
                    let hash = of_task(task, self.data_root)?;
                    self.tasks.push((task, hash.clone()));
                    hash
                }
            };
            data.tasks.insert(task.name().to_owned(), hash);
        }
        if let Some(place) = config.encoder.from.as_deref() {
            let known = self.starts.iter().find(|(known, _)| *known == place);
            data.start = match known {
                Some((_, start)) => start.clone(),
                None => {
                    let start = of_start(config, self.data_root)?;
                    self.starts.push((place, start.clone()));
                    start
                }
            };
        }
        Ok(Some(data))
    }
}

/// What can be known of a run's data without preparing anything.
#[derive(Clone, Debug, PartialEq)]
pub enum Now {
    /// The text is prepared.
    Known(RunData),
    /// It is not; this would be its name in the cache.
    Unprepared(String),
    /// It cannot be read: why.
    Unreadable(String),
}

impl Now {
    /// Of every run.
    pub fn of(runs: &[PlannedRun], data_root: Option<&Path>, cache: &Path) -> Vec<Self> {
        let mut looked = Looked::new(data_root);
        let mut names = Vec::new();
        let mut all = Vec::new();
        for run in runs {
            let now = Self::of_one(run, &mut looked, &mut names, cache);
            all.push(now.unwrap_or_else(|fault| Self::Unreadable(fault.what)));
        }
        all
    }

    fn of_one<'a>(
        run: &'a PlannedRun,
        looked: &mut Looked<'a>,
        names: &mut Vec<(&'a CorpusConfig, String)>,
        cache: &Path,
    ) -> Result<Self> {
        let config = &run.config.corpus;
        let known = names.iter().find(|(known, _)| *known == config);
        let name = match known {
            Some((_, name)) => name.clone(),
            None => {
                let name = name_in_cache(config, looked.data_root)?;
                names.push((config, name.clone()));
                name
            }
        };
        let folder = cache.join(&name);
        let data = looked.at(run, |_| {
            let is_prepared = files::is_there(&folder)?;
            is_prepared
                .then(|| Prepared::open(&folder).map(|corpus| of_corpus(&corpus)))
                .transpose()
        })?;
        Ok(data.map_or(Self::Unprepared(name), Self::Known))
    }

    /// The data, where they are known.
    pub fn data(&self) -> Option<&RunData> {
        match self {
            Self::Known(data) => Some(data),
            Self::Unprepared(_) | Self::Unreadable(_) => None,
        }
    }

    /// Whether a run that has ended was made from another text, as far as its provenance says; `None` where that is not known.
    pub fn is_other_text(&self, run: &RunFolder, marker: &Marker) -> Option<bool> {
        let Self::Unprepared(name) = self else { return None };
        let attempt = run.attempt(marker.attempt()?).join(PROVENANCE);
        let before = Provenance::read(&attempt).ok()?.corpus?;
        Some(before != *name)
    }
}
