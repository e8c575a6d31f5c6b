//! What the frozen states of every layer tell: linear probes, and how short a code of the labels they give.

mod code;
mod files;
mod judge;
mod lbfgs;
mod properties;
mod regression;
mod sentences;
mod states;
mod trees;

use crate::finetune::{BUILT_IN_WORDS, Files, TrainAndTest, hashed, no_options_of_files, without_places};
use crate::{Asks, Chance, Entry, Evaluation, Finding, Ground, Judgement, Subject, WINDOW, When, Work, asked};
use cloze_corpus::sets::{Column, ColumnsAsked};
use cloze_foundation::{Fault, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, MAJORITY};
pub(crate) use judge::{Probed, Questions, probed, untrained};
use properties::properties;
pub(crate) use properties::{Answer, Place, Property};
use sentences::{Sentence, of_the_language, pieces};
pub(crate) use sentences::{sampled, whole_texts};
pub(crate) use states::States;
use std::path::Path;

/// Linear probes.
pub static ENTRY: Entry = Entry {
    name: "probing",
    version: 1,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Probes of frozen states",
    title_of: |_| None,
    citation: "Alain & Bengio 2017, Understanding intermediate layers using linear classifier probes; Voita & Titov 2020, \
               Information-Theoretic Probing with Minimum Description Length",
    summary: "Accuracy of a linear probe (logistic regression) of the layer whose online code of the labels is the shortest; the \
              mean over the properties of words and sentences. Beside it stand every layer's accuracy and code length, those of an encoder of the same \
              shape with initial values in place of trained ones, and the accuracy of the most frequent label. CoNLL-U, files of \
              columns with a tag for each word, or the built-in language; of trees also pairs of words, of which one is the \
              other's head or not.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::Unknown,
    asks: Asks::States,
    mean_over: None,
    parts: || None,
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work,
    check: |options, data_root| read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| {
        let sentences = read(&Settings::from_toml(options)?, ground.data_root)?;
        Ok(Box::new(Probes::of(&sentences, ground)?))
    },
};

/// Endings of files of trees, where a folder or a glob is named.
const TREES: &[&str] = &[".conllu"];
/// The same of files of tags: they have many.
const ANY: &[&str] = &[];

options! {
    /// Options of the probes.
    struct Settings {
        with files: TrainAndTest;
        /// Sentences to learn from; probes are asked about as many others.
        sentences: usize = 400, from(50).to(50_000);
        /// The column of tags, of entities or of any classes of words, in CoNLL-U or columns, from 1, or from the end if it is negative;
        /// then nothing else of the words is probed for.
        column: Option<Column> = None => "none: the trees of CoNLL-U";
        /// The column of the words.
        word: Option<Column> = None => "the form of CoNLL-U; the first one of other files";
    }
}

impl Settings {
    /// Endings of the files that a folder or a glob stands for.
    fn endings(&self) -> &'static [&'static str] {
        if self.column.is_some() { ANY } else { TREES }
    }
}

/// What is learnt from, and what is asked about.
fn read(settings: &Settings, data_root: Option<&Path>) -> Result<[Vec<Sentence>; 2]> {
    match Files::of(settings.files.named(), data_root, settings.endings())? {
        Some(files) => {
            let columns = ColumnsAsked {
                word: settings.word.clone(),
                tag: settings.column.clone(),
            };
            files::of_files(&files, &columns, settings.sentences)
        }
        None => {
            no_options_of_files(&[("column", settings.column.is_some()), ("word", settings.word.is_some())])?;
            Ok(of_the_language(settings.sentences))
        }
    }
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let settings = Settings::from_toml(options)?;
    let read = hashed(settings.files.named(), data_root, settings.endings())?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

/// Words of a sentence of the built-in language with its punctuation, each of which is asked about.
const WORDS: f64 = 8.3;
/// What fitting takes for each question of a word and each number of a state, in floating-point operations: classes, two
/// products of a multiplication and an addition, steps, and twice that for the code. Properties of sentences are few beside.
const FITTING: f64 = 2.0 * 12.0 * 4.0 * 100.0 * 2.0;

fn work(options: &toml::Table) -> Option<Work> {
    let settings = Settings::from_toml(options).ok()?;
    // How long the sentences of files are, only they say.
    if settings.files.train.is_some() {
        return None;
    }
    let count = 2.0 * settings.sentences as f64;
    Some(Work::States {
        count: 2.0 * count,
        words: BUILT_IN_WORDS,
        each: FITTING * WORDS * count,
    })
}

/// What is asked, and what a person should know of it.
struct Probes {
    questions: Questions,
    told: Vec<String>,
}

impl Probes {
    fn of(parts: &[Vec<Sentence>; 2], ground: &Ground) -> Result<Self> {
        let tokenizer = &ground.corpus.tokenizer;
        let pieces = parts.each_ref().map(|part| {
            let part = part.iter();
            part.map(|sentence| pieces(sentence, tokenizer, ground.window))
                .collect::<Vec<_>>()
        });
        let known = pieces
            .each_ref()
            .map(|part| part.iter().map(Vec::len).collect::<Vec<_>>());
        let cut = (parts.iter().flatten())
            .zip(known.iter().flatten())
            .filter(|(sentence, known)| sentence.words.len() > **known);
        let (cut, all) = (cut.count(), parts.iter().map(Vec::len).sum::<usize>());
        let properties = properties([&parts[0], &parts[1]], [&known[0], &known[1]]);
        // Arcs are the one property that is not of a word or a sentence.
        if properties.iter().all(Property::is_of_two) {
            return Err(
                Fault::usage("there is nothing to probe for: no property has two labels")
                    .at(WINDOW)
                    .remedy("take more sentences, or make encoder.window longer"),
            );
        }
        let task = ground.task;
        let told = format!(
            "{task}: {cut} of {all} sentences are longer than the window; what stands behind its end is not asked about"
        );
        let mut told: Vec<String> = (cut > 0).then_some(told).into_iter().collect();
        told.extend(properties.iter().filter_map(|property| property.told(task)));
        Ok(Self {
            questions: Questions { properties, pieces },
            told,
        })
    }
}

impl Evaluation for Probes {
    fn warnings(&self) -> Vec<String> {
        self.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let Probed {
            findings,
            encoders,
            majorities,
        } = probed(&self.questions, subject);
        let mut judgement = Judgement {
            findings,
            ..Judgement::default()
        };
        // Pairs of words, half of which are made up, are no part of a mean over what is asked of words and sentences.
        let properties = &self.questions.properties;
        let mean = |values: &[f64]| {
            let single = properties
                .iter()
                .zip(values)
                .filter(|(property, _)| !property.is_of_two());
            let single: Vec<f64> = single.map(|(_, value)| *value).collect();
            single.iter().sum::<f64>() / single.len() as f64
        };
        let mut told = |metric: String, value: f64| {
            judgement.findings.push(Finding {
                task: subject.ground.task.to_owned(),
                metric,
                value,
            });
        };
        for (brackets, best) in encoders {
            let accuracies: Vec<f64> = best.iter().map(|best| best.accuracy).collect();
            told(format!("{ACCURACY}{brackets}"), mean(&accuracies));
        }
        told(MAJORITY.to_owned(), mean(&majorities));
        Ok(judgement)
    }
}
