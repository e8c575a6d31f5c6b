//! Parts of speech, or any classes of words, told by a fine-tuned encoder.

use crate::finetune::{
    Common, built_in, check_window, chosen, guess, hashed, of_seeds, unknown_label, without_places, work,
};
use crate::scores::Confusion;
use crate::tagged::{ANY, Tagged, TaggedSet};
use crate::{Asks, Chance, Entry, Evaluation, Ground, Judgement, Subject, When, asked};
use cloze_corpus::fragment;
use cloze_corpus::sets::{Column, ColumnsAsked, TaggedSentence};
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, MACRO_F1};
use std::collections::BTreeSet;
use std::path::Path;

/// The seeds of the built-in language's training and test part.
const SEEDS: [u64; 2] = [0x7370_6565, 0x7370_6566];
/// Classes that a set may have.
const MOST_CLASSES: usize = 1000;

/// Parts of speech.
pub static ENTRY: Entry = Entry {
    name: "part-of-speech",
    version: 2,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Parts of speech",
    title_of: |_| None,
    citation: "Nivre et al. 2020, Universal Dependencies v2; fine-tuning after Devlin et al. 2019",
    summary: "Share of the words of a test part whose class is told right after the whole encoder and a fresh dense layer were \
              tuned to tell it; the mean over fine-tuning seeds. CoNLL-U, or any column of a file of columns, or the words of \
              the built-in language. Chance is the share of the class that is most frequent in the training part.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::OfData(guesser),
    asks: Asks::States,
    mean_over: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| work(&Settings::from_toml(options).ok()?.common, 1),
    check: |options, data_root| read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| Ok(Box::new(PartsOfSpeech::open(&Settings::from_toml(options)?, ground)?)),
};

options! {
    /// Options of parts of speech.
    struct Settings {
        with common: Common;
        /// The column of the class, from 1, or from the end if it is negative.
        column: Option<Column> = None => "the universal part of speech of CoNLL-U; the last one of other files";
        /// The column of the words.
        word: Option<Column> = None => "the form of CoNLL-U; the first one of other files";
    }
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let read = hashed(Settings::from_toml(options)?.common.named(), data_root, ANY)?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

/// What a guesser gets right who answers with the class that is most frequent in the training part; `None` where the set cannot be read.
fn guesser(options: &toml::Table, data_root: Option<&Path>) -> Option<f64> {
    let set = read(&Settings::from_toml(options).ok()?, data_root).ok()?;
    let tags = |part: &[TaggedSentence]| part.iter().flat_map(|one| one.tags.clone()).collect::<Vec<_>>();
    Some(guess(&tags(&set.train), &tags(&set.test)))
}

fn read(settings: &Settings, data_root: Option<&Path>) -> Result<TaggedSet> {
    let common = &settings.common;
    let columns = ColumnsAsked {
        word: settings.word.clone(),
        tag: settings.column.clone(),
    };
    let built = |part: usize| {
        fragment::labelled(SEEDS[part], built_in(common)[part])
            .iter()
            .map(built)
            .collect()
    };
    TaggedSet::read(common, &columns, data_root, built, |key, part, path, train| {
        let known = classes(train);
        if !(2..=MOST_CLASSES).contains(&known.len()) {
            return Err(
                Fault::usage(format!("the training part has {} classes of words", known.len()))
                    .at(Place::key("train"))
                    .allowed([format!("2 to {MOST_CLASSES}")])
                    .remedy("is `column` the column of the classes?"),
            );
        }
        for sentence in part {
            for (tag, line) in sentence.tags.iter().zip(&sentence.lines) {
                if !known.contains(tag.as_str()) {
                    let place = format!("{}:{line}", path.display());
                    return Err(unknown_label(key, tag, &place, known.iter().copied()));
                }
            }
        }
        Ok(())
    })
}

fn classes(sentences: &[TaggedSentence]) -> BTreeSet<&str> {
    sentences
        .iter()
        .flat_map(|sentence| &sentence.tags)
        .map(String::as_str)
        .collect()
}

fn built(sentence: &fragment::Labelled) -> TaggedSentence {
    TaggedSentence {
        words: (0..sentence.words.len())
            .map(|word| sentence.word(word).to_owned())
            .collect(),
        tags: sentence
            .words
            .iter()
            .map(|word| word.part_of_speech.to_owned())
            .collect(),
        lines: Vec::new(),
    }
}

/// A set in tokens.
struct PartsOfSpeech {
    tagged: Tagged,
    classes: usize,
    /// Of the development part and the test part, word after word.
    truths: [Vec<u32>; 2],
}

impl PartsOfSpeech {
    fn open(settings: &Settings, ground: &Ground) -> Result<Self> {
        check_window(ground)?;
        let set = read(settings, ground.data_root)?;
        let all = [&set.train[..], &set.dev].concat();
        let known: Vec<&str> = classes(&all).into_iter().collect();
        let of = |sentence: &TaggedSentence| -> Vec<u32> {
            let class = |tag: &String| known.binary_search(&tag.as_str()).unwrap_or(0) as u32;
            sentence.tags.iter().map(class).collect()
        };
        Ok(Self {
            tagged: Tagged::open(&set, &settings.common, ground, known.len(), of),
            classes: known.len(),
            truths: [&set.dev, &set.test].map(|part| part.iter().flat_map(of).collect()),
        })
    }

    fn confusion(&self, truths: &[u32], answers: &[Vec<u32>]) -> Confusion {
        Confusion::of(self.classes, truths, &answers.concat())
    }
}

impl Evaluation for PartsOfSpeech {
    fn warnings(&self) -> Vec<String> {
        self.tagged.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let [dev, test] = &self.truths;
        let (tuned, answers) = self
            .tagged
            .tune(subject, |classes| self.confusion(dev, classes).accuracy())?;
        let task = &self.tagged.task;
        let confusions: Vec<Confusion> = answers.iter().map(|answers| self.confusion(test, answers)).collect();
        let of = |metric: &str, value: fn(&Confusion) -> f64| {
            of_seeds(task, metric, &confusions.iter().map(value).collect::<Vec<_>>())
        };
        let mut judgement = Judgement::default();
        judgement.findings.extend(of(ACCURACY, Confusion::accuracy));
        judgement.findings.extend(of(MACRO_F1, Confusion::macro_f1));
        judgement.findings.push(chosen(task, tuned.rate));
        Ok(judgement)
    }
}
