//! Classification of texts, or of pairs of texts, by the frozen states of every layer.

use crate::finetune::{BUILT_IN_WORDS, TrainAndTest, guess, hashed, right_of_seeds, share_cut, shared, without_places};
use crate::labelled::{LabelledTexts, classes, labels};
use crate::probing::{Answer, Place, Probed, Property, Questions, probed, sampled, whole_texts};
use crate::scores::Confusion;
use crate::{Asks, Chance, Entry, Evaluation, Finding, Ground, Judgement, Subject, When, Work, asked};
use cloze_corpus::sets::{Labelled, TABLES};
use cloze_foundation::{Fault, Place as Key, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, MACRO_F1, MATTHEWS};
use std::path::Path;

/// Classification of frozen states.
pub static ENTRY: Entry = Entry {
    name: "frozen-classification",
    version: 1,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Classification of frozen states",
    title_of: |_| None,
    citation: "Conneau & Kiela 2018, SentEval; pairs after Conneau et al. 2017, InferSent; code length after Voita & Titov 2020",
    summary: "Accuracy on a test part of a logistic regression of mean-pooled states, of the layer whose online code of the labels \
              is the shortest; nothing of the encoder is tuned. Of a pair both texts are read by themselves, and the regression \
              sees u, v, |u - v| and u v. Beside it stand every layer's accuracy and code length, and those of an encoder of the same \
              shape with initial values. Sets are those of `classification`; chance is the share of the class that is most \
              frequent in the training part.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::OfData(guesser),
    asks: Asks::States,
    mean_over: None,
    parts: || None,
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work,
    check: |options, data_root| read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| {
        let parts = read(&Settings::from_toml(options)?, ground.data_root)?;
        Ok(Box::new(Frozen::of(&parts, ground)?))
    },
};

options! {
    /// Options of classification of frozen states.
    struct Settings {
        with files: TrainAndTest;
        with texts: LabelledTexts;
        /// At most so many examples of the training part and of the test part, whatever their order; of the built-in language just as many.
        examples: usize = 500, from(10).to(100_000);
    }
}

/// The training part and the test part.
fn read(settings: &Settings, data_root: Option<&Path>) -> Result<[Vec<Labelled>; 2]> {
    let built = [settings.examples; 2];
    let [train, _, test] = settings.texts.parts(settings.files.named(), data_root, built)?;
    let parts = [train, test].map(Option::unwrap_or_default);
    classes(&parts[0], &[("test", &parts[1])], &labels(&parts[0]))?;
    let text = |row: &Labelled| {
        [&row.text, row.pair.as_ref().unwrap_or(&row.text), &row.label]
            .map(String::as_str)
            .join("\n")
    };
    Ok(parts.map(|part| sampled(part, settings.examples, text)))
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let read = hashed(Settings::from_toml(options)?.files.named(), data_root, TABLES)?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

/// What a guesser gets right who answers with the class that is most frequent in the training part; `None` where the set cannot be read.
fn guesser(options: &toml::Table, data_root: Option<&Path>) -> Option<f64> {
    let parts = read(&Settings::from_toml(options).ok()?, data_root).ok()?;
    let [train, test] = parts.map(|rows| rows.into_iter().map(|row| row.label).collect::<Vec<_>>());
    Some(guess(&train, &test))
}

/// What fitting takes for each example and each number of a state, in floating-point operations: classes, two products of a
/// multiplication and an addition, steps, and twice that for the code.
const FITTING: f64 = 2.0 * 4.0 * 100.0 * 2.0;

fn work(options: &toml::Table) -> Option<Work> {
    let settings = Settings::from_toml(options).ok()?;
    if settings.files.train.is_some() {
        return None;
    }
    let examples = settings.examples as f64;
    Some(Work::States {
        count: 4.0 * examples,
        words: BUILT_IN_WORDS,
        each: 2.0 * FITTING * examples,
    })
}

/// A set in tokens.
struct Frozen {
    questions: Questions,
    /// Texts of the test part that lose their end.
    cut: usize,
    told: Vec<String>,
}

impl Frozen {
    fn of(parts: &[Vec<Labelled>; 2], ground: &Ground) -> Result<Self> {
        let texts = |rows: &[Labelled]| {
            let all = rows.iter().map(|row| row.text.as_str());
            let all = all.chain(rows.iter().filter_map(|row| row.pair.as_deref()));
            whole_texts(all, &ground.corpus.tokenizer, ground.window)
        };
        let [(train, _), (test, cut)] = parts.each_ref().map(|rows| texts(rows));
        let answers = |rows: &[Labelled]| -> Vec<Answer> {
            let answer = |(place, row): (usize, &Labelled)| Answer {
                of: Place::whole(place),
                // The other texts stand behind all the first ones.
                with: row.pair.as_ref().map(|_| Place::whole(rows.len() + place)),
                label: row.label.clone(),
            };
            rows.iter().enumerate().map(answer).collect()
        };
        let property = Property::new("", &answers(&parts[0]), &answers(&parts[1])).ok_or_else(|| {
            Fault::usage("the examples that are taken of the training part have one class")
                .at(Key::key("examples"))
                .remedy("take more of them")
        })?;
        let both = |rows: &[Labelled]| {
            rows.iter()
                .map(|row| (row.text.clone(), row.pair.clone()))
                .collect::<Vec<_>>()
        };
        let task = ground.task;
        let mut told: Vec<String> = property.told(task).into_iter().collect();
        told.extend(shared(task, "texts", [&both(&parts[0]), &[], &both(&parts[1])]));
        if cut > 0 {
            let all = test.len();
            told.push(format!(
                "{task}: {cut} of {all} texts are longer than the window and lose their end"
            ));
        }
        Ok(Self {
            questions: Questions {
                properties: vec![property],
                pieces: [train, test],
            },
            cut,
            told,
        })
    }
}

impl Evaluation for Frozen {
    fn warnings(&self) -> Vec<String> {
        self.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let Probed { findings, encoders, .. } = probed(&self.questions, subject);
        let mut judgement = Judgement {
            findings,
            ..Judgement::default()
        };
        let task = subject.ground.task;
        for property in &self.questions.properties {
            let truths: Vec<u32> = property.test.iter().map(|asked| asked.class).collect();
            for (brackets, found) in &encoders {
                for found in found {
                    // One more for what is not learnt from.
                    let confusion = Confusion::of(property.classes.len() + 1, &truths, &found.answers);
                    let told = [(MACRO_F1, confusion.macro_f1()), (MATTHEWS, confusion.matthews())];
                    judgement.findings.extend(told.map(|(metric, value)| Finding {
                        task: task.to_owned(),
                        metric: format!("{metric}{brackets}"),
                        value,
                    }));
                    if brackets.is_empty() {
                        let right = found.answers.iter().zip(&truths).map(|(answer, truth)| answer == truth);
                        judgement.items.push(right_of_seeds(task, ACCURACY, &[right.collect()]));
                    }
                }
            }
        }
        judgement
            .findings
            .push(share_cut(task, self.cut, self.questions.pieces[1].len()));
        Ok(judgement)
    }
}
