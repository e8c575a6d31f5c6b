//! Labelled texts, or pairs of texts, for whoever classifies them: people's own tables, or sentences of the built-in language.

use crate::finetune::{Files, Named, beyond, joined, located, no_options_of_files, of_files, unknown_label};
use cloze_corpus::fragment;
use cloze_corpus::sets::{Column, Labelled, TABLES, TableAsked, read_table};
use cloze_foundation::{Fault, Place, Result};
use cloze_options::options;
use std::collections::BTreeSet;
use std::path::Path;

/// The seeds of the built-in language's training and test part: the same sentences for every run.
const SEEDS: [u64; 2] = [0x636c_6173, 0x636c_6174];
/// Classes that a set may have.
const MOST_CLASSES: usize = 1000;

options! {
    /// What stands where in a table of labelled texts.
    pub(crate) struct LabelledTexts {
        /// The column of the text, by its name or its number from 1.
        text: Option<Column> = None => "`text`; the first one where there is no header";
        /// The column of the other text, where pairs are classified.
        text_pair: Option<Column> = None => "none";
        /// The column of the label; of the built-in language `number` (of the main subject) or `topic`.
        label: Option<Column> = None => "`label`; the last one where there is no header; of the built-in language `number`";
        /// Whether the first line of a CSV or TSV names its columns.
        header: Option<bool> = None => "yes, but for a .txt and where columns are numbers";
    }
}

impl LabelledTexts {
    /// The training part, the development part and the test part. Of the built-in language there are `built` sentences to train
    /// on and to test on, and no development part.
    ///
    /// # Errors
    /// What files are not; options of files without files.
    pub(crate) fn parts(
        &self,
        named: Named<'_>,
        data_root: Option<&Path>,
        built: [usize; 2],
    ) -> Result<[Option<Vec<Labelled>>; 3]> {
        if let Some(files) = Files::of(named, data_root, TABLES)? {
            let asked = TableAsked {
                text: self.text.as_ref(),
                pair: self.text_pair.as_ref(),
                label: self.label.as_ref(),
                header: self.header,
            };
            return Ok(located(&files, |path| read_table(path, &asked))?.map(|part| part.map(joined)));
        }
        let label = self.of_the_language()?;
        let part = |part: usize| {
            let sentences = fragment::labelled(SEEDS[part], built[part]);
            Some(sentences.iter().map(|one| one_of(one, label)).collect())
        };
        Ok([part(0), None, part(1)])
    }

    fn of_the_language(&self) -> Result<OfTheLanguage> {
        no_options_of_files(&[
            ("text", self.text.is_some()),
            ("text_pair", self.text_pair.is_some()),
            ("header", self.header.is_some()),
        ])?;
        match &self.label {
            None => Ok(OfTheLanguage::Number),
            Some(Column::Name(name)) if name == "number" => Ok(OfTheLanguage::Number),
            Some(Column::Name(name)) if name == "topic" => Ok(OfTheLanguage::Topic),
            Some(label) => {
                let known = ["number", "topic"];
                let fault = of_files("label").allowed(known);
                Err(match label {
                    Column::Name(name) => fault.nearest(name, known),
                    Column::Number(_) => fault,
                })
            }
        }
    }
}

/// What the sentences of the built-in language are labelled with.
#[derive(Clone, Copy)]
enum OfTheLanguage {
    Number,
    Topic,
}

fn one_of(sentence: &fragment::Labelled, label: OfTheLanguage) -> Labelled {
    let label = match label {
        OfTheLanguage::Number if sentence.subject.plural => "plural",
        OfTheLanguage::Number => "singular",
        OfTheLanguage::Topic => sentence.topic,
    };
    Labelled {
        text: sentence.text.clone(),
        pair: None,
        label: label.to_owned(),
        place: fragment::NAME.to_owned(),
    }
}

/// The labels of some texts.
pub(crate) fn labels(rows: &[Labelled]) -> BTreeSet<String> {
    rows.iter().map(|row| row.label.clone()).collect()
}

/// The classes of what is learnt from, when the other parts, each with its key, have no others. `whole` are the labels of all of the
/// training part, of which what is learnt from may be the beginning.
///
/// # Errors
/// A single class, or too many; a label that is not learnt from, with file and line.
pub(crate) fn classes(
    learnt: &[Labelled],
    others: &[(&str, &[Labelled])],
    whole: &BTreeSet<String>,
) -> Result<Vec<String>> {
    let classes = labels(learnt);
    if !(2..=MOST_CLASSES).contains(&classes.len()) {
        let is_cut = (2..=MOST_CLASSES).contains(&whole.len());
        return Err(Fault::usage(format!("the training part has {} classes", classes.len()))
            .at(Place::key("train"))
            .allowed([format!("2 to {MOST_CLASSES}")])
            .remedy(if is_cut {
                beyond()
            } else {
                "is `label` the column of the labels?"
            }));
    }
    for (key, part) in others.iter().copied() {
        if let Some(row) = part.iter().find(|row| !classes.contains(&row.label)) {
            let known = classes.iter().map(String::as_str);
            let fault = unknown_label(key, &row.label, &row.place, known).at(Place::key(key));
            let is_cut = whole.contains(&row.label);
            return Err(if is_cut { fault.remedy(beyond()) } else { fault });
        }
    }
    Ok(classes.into_iter().collect())
}
