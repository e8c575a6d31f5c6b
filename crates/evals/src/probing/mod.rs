//! What the frozen states of every layer tell: linear probes, and how short a code of the labels they give.

mod code;
mod lbfgs;
mod properties;
mod regression;
mod sentences;
mod states;
mod trees;

use crate::finetune::{BUILT_IN_WORDS, without_places};
use crate::{Asks, Chance, Counter, Entry, Evaluation, Finding, Ground, Judgement, Subject, WINDOW, When, Work, asked};
use cloze_backbone::{Encoder, Init};
use cloze_corpus::sets::{files, hash};
use cloze_foundation::{Draw, Fault, Place, Result};
use cloze_kernels::{at_a_time, side_by_side};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, CODE_LENGTH, COMPRESSION, LAYER, MAJORITY, UNTRAINED};
use properties::{Property, properties};
use regression::{Labelled, Regression};
use sentences::{Sentence, of_the_language, pieces};
use states::{States, standardise};
use std::path::{Path, PathBuf};
use trees::of_files;

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
              mean over the properties. Beside it stand every layer's accuracy and code length, those of an encoder of the same \
              shape with initial values in place of trained ones, and the accuracy of the most frequent label.",
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

options! {
    /// Options of the probes.
    struct Settings {
        /// Sentences to learn from; probes are asked about as many others.
        sentences: usize = 400, from(50).to(50_000);
        /// The CoNLL-U file of the sentences to learn from, under the data root.
        train: Option<PathBuf> = None => "the built-in language";
        /// The CoNLL-U file of the others.
        test: Option<PathBuf> = None => "the built-in language";
    }
    check Self::fits
}

impl Settings {
    fn fits(&self) -> Result<()> {
        let (has, needs) = match (&self.train, &self.test) {
            (Some(_), None) => ("train", "test"),
            (None, Some(_)) => ("test", "train"),
            _ => return Ok(()),
        };
        Err(Fault::usage(format!("`{has}` without `{needs}`"))
            .at(Place::key(has))
            .remedy("name both files, or neither: then the built-in language is probed for"))
    }

    /// The files of both parts, each with its key; none where the built-in language is read.
    fn files(&self, data_root: Option<&Path>) -> Result<Vec<(&'static str, Vec<PathBuf>)>> {
        let named = [("train", &self.train), ("test", &self.test)];
        let named = named.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?)));
        let find = |(key, path): (&'static str, &PathBuf)| {
            let found = files(&path.to_string_lossy(), data_root, TREES).map_err(|fault| fault.at(Place::key(key)))?;
            Ok((key, found))
        };
        named.map(find).collect()
    }
}

/// What is learnt from, and what is asked about.
fn read(settings: &Settings, data_root: Option<&Path>) -> Result<[Vec<Sentence>; 2]> {
    match settings.files(data_root)?.as_slice() {
        [train, test] => {
            let part = |(key, paths): &(&'static str, Vec<PathBuf>)| {
                of_files(paths, settings.sentences).map_err(|fault| fault.at(Place::key(*key)))
            };
            Ok([part(train)?, part(test)?])
        }
        _ => Ok(of_the_language(settings.sentences)),
    }
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let mut read = String::new();
    for (key, paths) in Settings::from_toml(options)?.files(data_root)? {
        for path in paths {
            read += &format!("{key} {}\n", hash(&path)?);
        }
    }
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
    if settings.train.is_some() {
        return None;
    }
    let count = 2.0 * settings.sentences as f64;
    Some(Work::States {
        count: 2.0 * count,
        words: BUILT_IN_WORDS,
        each: FITTING * WORDS * count,
    })
}

/// Questions, in tokens.
struct Probes {
    properties: Vec<Property>,
    /// Of either part, of each sentence the tokens of its words.
    pieces: [Vec<Vec<Vec<u32>>>; 2],
    cut: usize,
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
        let cut = cut.count();
        let properties = properties([&parts[0], &parts[1]], [&known[0], &known[1]]);
        if properties.is_empty() {
            return Err(
                Fault::usage("there is nothing to probe for: no property has two labels")
                    .at(WINDOW)
                    .remedy("take more sentences, or make encoder.window longer"),
            );
        }
        Ok(Self {
            properties,
            pieces,
            cut,
        })
    }
}

/// What a probe of a layer finds.
#[derive(Clone, Copy, Debug)]
struct Found {
    accuracy: f64,
    /// Bits for each label that is learnt from.
    code_length: f64,
}

/// Probes the states of a property's two parts at a layer.
fn probe(property: &Property, layer: usize, states: &[States; 2], subject: &Subject) -> Found {
    let (width, classes) = (subject.model.config().width, property.classes.len());
    let [mut train, mut test] =
        [(0, &property.train), (1, &property.test)].map(|(part, asked)| states[part].rows(layer, asked));
    standardise(&mut train, &mut test, width);
    let labels = |asked: &[properties::Asked]| asked.iter().map(|asked| asked.class).collect::<Vec<_>>();
    let train = Labelled::new(train, width, labels(&property.train), subject.device);
    let bits = code::online(train.len(), classes, |known, end| {
        Regression::fit(&train, known, classes).bits(&train, known, end)
    });
    let expected = labels(&property.test);
    let test = Labelled::new(test, width, vec![0; expected.len()], subject.device);
    let answers = Regression::fit(&train, train.len(), classes).answers(&test);
    let right = answers.iter().zip(&expected).filter(|(answer, class)| answer == class);
    Found {
        accuracy: right.count() as f64 / expected.len() as f64,
        code_length: bits / train.len() as f64,
    }
}

impl Evaluation for Probes {
    fn warnings(&self) -> Vec<String> {
        let all: usize = self.pieces.iter().map(Vec::len).sum();
        let told = format!(
            "probing: {} of {all} sentences are longer than the window; what stands behind its end is not asked about",
            self.cut
        );
        (self.cut > 0).then_some(told).into_iter().collect()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let (model, vocabulary) = (subject.model, subject.ground.corpus.tokenizer.vocabulary());
        let draw = Draw::new(subject.seed, "the encoder that probes are held against");
        let untrained = Encoder::new(model.config(), vocabulary.size, &Init::new(draw.seed(), subject.device));
        let trained = model.reader();
        let mut judgement = Judgement::default();
        let mut means: Vec<(String, Vec<f64>)> = Vec::new();
        let probes = 2 * self.properties.len() * (model.config().layers + 1);
        let counter = Counter::new(subject.told, probes, "probes");
        let most = at_a_time(subject.device);
        for (encoder, brackets) in [(&*trained, String::new()), (&untrained, format!("[{UNTRAINED}]"))] {
            let states = self
                .pieces
                .each_ref()
                .map(|part| States::of(model, encoder, part, vocabulary.special));
            let layers = states[0].layers();
            let asked = self
                .properties
                .iter()
                .flat_map(|property| (0..layers).map(move |layer| (property, layer)));
            let found = side_by_side(asked.collect(), most, |(property, layer)| {
                let found = probe(property, layer, &states, subject);
                counter.add(1);
                found
            });
            let mut accuracies = Vec::new();
            for (property, found) in self.properties.iter().zip(found.chunks(layers)) {
                let task = format!("{}/{}", subject.ground.task, property.name);
                let mut told = |task: &str, metric: &str, value: f64| {
                    judgement.findings.push(Finding {
                        task: task.to_owned(),
                        metric: format!("{metric}{brackets}"),
                        value,
                    });
                };
                for (layer, found) in found.iter().enumerate() {
                    let task = format!("{task}/layer-{layer}");
                    told(&task, ACCURACY, found.accuracy);
                    told(&task, CODE_LENGTH, found.code_length);
                }
                // Chosen by what is learnt from, so that the questions choose nothing.
                let shortest = |a: &(usize, &Found), b: &(usize, &Found)| a.1.code_length.total_cmp(&b.1.code_length);
                let Some((layer, best)) = found.iter().enumerate().min_by(shortest) else {
                    continue;
                };
                let guessed = code::uniform(1, property.classes.len());
                told(&task, ACCURACY, best.accuracy);
                told(&task, CODE_LENGTH, best.code_length);
                told(&task, COMPRESSION, guessed / best.code_length);
                told(&task, LAYER, layer as f64);
                accuracies.push(best.accuracy);
            }
            means.push((format!("{ACCURACY}{brackets}"), accuracies));
        }
        let majorities = self.properties.iter().map(|property| {
            let value = property.majority();
            judgement.findings.push(Finding {
                task: format!("{}/{}", subject.ground.task, property.name),
                metric: MAJORITY.to_owned(),
                value,
            });
            value
        });
        means.push((MAJORITY.to_owned(), majorities.collect()));
        let wholes = means.into_iter().map(|(metric, values)| Finding {
            task: subject.ground.task.to_owned(),
            metric,
            value: values.iter().sum::<f64>() / values.len() as f64,
        });
        judgement.findings.extend(wholes);
        Ok(judgement)
    }
}
