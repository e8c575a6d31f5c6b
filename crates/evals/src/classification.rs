//! Classification of texts, or of pairs of texts, by a fine-tuned encoder.

use crate::finetune::{
    Attention, Common, Material, Reads, Recipe, best, built_in, check_window, chosen, first, guess, hashed, of_seeds,
    of_texts, parted, right_of_seeds, share_cut, shared, tune, without_places, work,
};
use crate::labelled::{LabelledTexts, classes, labels};
use crate::scores::Confusion;
use crate::{Asks, Chance, Entry, Evaluation, Ground, Judgement, Subject, When, asked};
use cloze_corpus::sets::{Labelled, TABLES};
use cloze_foundation::{Place, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{ACCURACY, MACRO_F1, MATTHEWS};
use std::path::Path;

/// Classification.
pub static ENTRY: Entry = Entry {
    name: "classification",
    version: 2,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Classification",
    title_of: |_| None,
    citation: "Devlin et al. 2019, fine-tuning; the mean over all positions in place of the first one, which says nothing in an \
               encoder that only looks back",
    summary: "Accuracy on a test part after the whole encoder and a fresh dense layer were tuned on labelled texts or pairs of \
              texts; the mean over fine-tuning seeds. A CSV, TSV, JSONL or a plain text of two columns, or the number of the \
              main subject of sentences of the built-in language (`label = \"topic\"`: their topic). Chance is the share of \
              the class that is most frequent in the training part.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::OfData(guesser),
    asks: Asks::States,
    mean_over: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| work(&Settings::from_toml(options).ok()?.common, 1),
    check: |options, data_root| Parts::read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| Ok(Box::new(Classification::open(&Settings::from_toml(options)?, ground)?)),
};

options! {
    /// Options of classification.
    struct Settings {
        with common: Common;
        with texts: LabelledTexts;
    }
}

/// Hashes of the files, and the options but for where these are.
fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let read = hashed(Settings::from_toml(options)?.common.named(), data_root, TABLES)?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

/// What a guesser gets right who answers with the class that is most frequent in the training part; `None` where the set cannot be read.
fn guesser(options: &toml::Table, data_root: Option<&Path>) -> Option<f64> {
    let parts = Parts::read(&Settings::from_toml(options).ok()?, data_root).ok()?;
    let labels = |rows: &[Labelled]| rows.iter().map(|row| row.label.clone()).collect::<Vec<_>>();
    Some(guess(&labels(&parts.train), &labels(&parts.test)))
}

/// A labelled set.
struct Parts {
    train: Vec<Labelled>,
    dev: Vec<Labelled>,
    test: Vec<Labelled>,
    classes: Vec<String>,
}

impl Parts {
    fn read(settings: &Settings, data_root: Option<&Path>) -> Result<Self> {
        let common = &settings.common;
        let parts = settings.texts.parts(common.named(), data_root, built_in(common))?;
        let [train, dev, test] = parts;
        let train = train.unwrap_or_default();
        let whole = labels(&train);
        let (train, test) = (
            first(train, common.examples),
            first(test.unwrap_or_default(), common.examples),
        );
        let others = [("dev", dev.as_deref().unwrap_or_default()), ("test", &test)];
        let classes = classes(&train, &others, &whole)?;
        let (train, dev) = match dev {
            Some(dev) => (train, dev),
            None => parted(train, common.recipe.development, |row: &Labelled| row.text.as_str())
                .map_err(|fault| fault.at(Place::key("train")))?,
        };
        Ok(Self {
            train,
            dev,
            test,
            classes,
        })
    }
}

/// A set in tokens.
struct Classification {
    task: String,
    material: Material,
    recipe: Recipe,
    how: (usize, Attention),
    classes: usize,
    truths: [Vec<u32>; 2],
    cut: usize,
    told: Vec<String>,
}

impl Classification {
    fn open(settings: &Settings, ground: &Ground) -> Result<Self> {
        check_window(ground)?;
        let parts = Parts::read(settings, ground.data_root)?;
        let tokenizer = &ground.corpus.tokenizer;
        let class = |label: &str| parts.classes.iter().position(|known| known == label).unwrap_or(0) as u32;
        let read = |rows: &[Labelled]| of_texts(rows, class, tokenizer, ground.window);
        let truths = |rows: &[Labelled]| rows.iter().map(|row| class(&row.label)).collect();
        let [(train, _), (dev, _), (test, cut)] = [read(&parts.train), read(&parts.dev), read(&parts.test)];
        let both = |rows: &[Labelled]| {
            rows.iter()
                .map(|row| (row.text.clone(), row.pair.clone()))
                .collect::<Vec<_>>()
        };
        let told = shared(
            ground.task,
            "texts",
            [&both(&parts.train), &both(&parts.dev), &both(&parts.test)],
        );
        Ok(Self {
            task: ground.task.to_owned(),
            material: Material {
                reads: Reads::Text,
                outputs: parts.classes.len(),
                train,
                dev,
                test,
                pad: tokenizer.vocabulary().special.pad,
            },
            recipe: settings.common.recipe.clone(),
            how: (settings.common.seeds, settings.common.attention),
            classes: parts.classes.len(),
            truths: [truths(&parts.dev), truths(&parts.test)],
            cut,
            told: told.into_iter().collect(),
        })
    }

    fn answers(&self, scores: &[Vec<f32>]) -> Vec<u32> {
        scores.iter().flat_map(|scores| best(scores, self.classes)).collect()
    }
}

impl Evaluation for Classification {
    fn warnings(&self) -> Vec<String> {
        let mut told = self.told.clone();
        if self.cut > 0 {
            let (task, cut, all) = (&self.task, self.cut, self.material.test.len());
            told.push(format!(
                "{task}: {cut} of {all} texts are longer than the window and lose their end"
            ));
        }
        told
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let task = &self.task;
        let [dev, test] = &self.truths;
        let (seeds, attention) = self.how;
        let tuned = tune(subject, &self.material, (&self.recipe, seeds, attention), &|scores| {
            Confusion::of(self.classes, dev, &self.answers(scores)).accuracy()
        })?;
        let answers: Vec<Vec<u32>> = tuned.answers.iter().map(|scores| self.answers(scores)).collect();
        let confusions: Vec<Confusion> = answers
            .iter()
            .map(|answers| Confusion::of(self.classes, test, answers))
            .collect();
        let of = |metric: &str, value: fn(&Confusion) -> f64| {
            of_seeds(task, metric, &confusions.iter().map(value).collect::<Vec<_>>())
        };
        let mut judgement = Judgement::default();
        judgement.findings.extend(of(ACCURACY, Confusion::accuracy));
        judgement.findings.extend(of(MACRO_F1, Confusion::macro_f1));
        judgement.findings.extend(of(MATTHEWS, Confusion::matthews));
        judgement.findings.push(chosen(task, tuned.rate));
        judgement.findings.push(share_cut(task, self.cut, test.len()));
        let right = |answers: &Vec<u32>| {
            answers
                .iter()
                .zip(test)
                .map(|(answer, truth)| answer == truth)
                .collect()
        };
        let right: Vec<Vec<bool>> = answers.iter().map(right).collect();
        judgement.items.push(right_of_seeds(task, ACCURACY, &right));
        Ok(judgement)
    }
}
