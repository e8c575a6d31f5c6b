//! Named entities, found by a fine-tuned encoder.

use crate::finetune::{
    Common, built_in, check_window, chosen, hashed, no_options_of_files, of_seeds, unknown_label, without_places, work,
};
use crate::scores::SpanScores;
use crate::tagged::{ANY, Tagged, TaggedSet};
use crate::{Asks, Chance, Entry, Evaluation, Ground, Judgement, Subject, When, asked};
use cloze_corpus::fragment;
use cloze_corpus::sets::{Column, ColumnsAsked, OUTSIDE, Scheme, Span, TaggedSentence, check_tags, iob2, spans};
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{F1, PRECISION, RECALL};
use std::collections::BTreeSet;
use std::path::Path;

/// The seeds of the built-in language's training and test part.
const SEEDS: [u64; 2] = [0x656e_7469, 0x656e_746a];
/// Kinds of entities that a set may have.
const MOST_KINDS: usize = 500;

/// Entities.
pub static ENTRY: Entry = Entry {
    name: "tagging",
    version: 2,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Entities",
    title_of: |_| None,
    citation: "Tjong Kim Sang & De Meulder 2003, the CoNLL-2003 shared task; fine-tuning after Devlin et al. 2019",
    summary: "F1 of entities on a test part after the whole encoder and a fresh dense layer were tuned to tag words: right is an \
              entity whose words and kind are those of a true one, as conlleval.pl counts. The mean over fine-tuning seeds. \
              Columns as CoNLL's shared tasks have them, in IOB1, IOB2 or BIOES, which give the same score, or the names of \
              the built-in language. Who tags nothing gets 0.",
    headline: F1,
    higher_is_better: true,
    chance: Chance::Always(0.0),
    asks: Asks::States,
    mean_over: None,
    parts: || None,
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| work(&Settings::from_toml(options).ok()?.common, 1),
    check: |options, data_root| read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| Ok(Box::new(Entities::open(&Settings::from_toml(options)?, ground)?)),
};

options! {
    /// Options of tagging.
    struct Settings {
        with common: Common;
        /// The column of the tags, from 1, or from the end if it is negative.
        column: Option<Column> = None => "the last one";
        /// The column of the words.
        word: Option<Column> = None => "the first one";
        /// How tags say where entities begin and end; tags of another one are then refused.
        scheme: Option<Scheme> = None => "any, as conlleval.pl reads them";
    }
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let read = hashed(Settings::from_toml(options)?.common.named(), data_root, ANY)?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

fn read(settings: &Settings, data_root: Option<&Path>) -> Result<TaggedSet> {
    let common = &settings.common;
    if common.files.train.is_none() {
        no_options_of_files(&[("scheme", settings.scheme.is_some())])?;
    }
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
    let set = TaggedSet::read(common, &columns, data_root, built, |key, part, path, train| {
        for sentence in part {
            check_tags(&sentence.tags, settings.scheme)
                .map_err(|(place, fault)| fault.at(format!("{}:{}", path.display(), sentence.lines[place])))?;
        }
        let known = known_kinds(train)?;
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        for sentence in part {
            for span in spans(&sentence.tags) {
                if !known.contains(span.kind.as_str()) {
                    let place = format!("{}:{}", path.display(), sentence.lines[span.from]);
                    return Err(unknown_label(key, &span.kind, &place, known.iter().copied()));
                }
            }
        }
        Ok(())
    })?;
    known_kinds(&set.train)?;
    Ok(set)
}

/// The kinds of the entities of a training part.
///
/// # Errors
/// None, or too many.
fn known_kinds(train: &[TaggedSentence]) -> Result<Vec<String>> {
    let found = kinds(train);
    match (1..=MOST_KINDS).contains(&found.len()) {
        true => Ok(found),
        false => Err(
            Fault::usage(format!("the training part has {} kinds of entities", found.len()))
                .at(Place::key("train"))
                .allowed([format!("1 to {MOST_KINDS}")])
                .remedy("is `column` the column of the entities?"),
        ),
    }
}

/// The kinds of the entities of some sentences.
fn kinds(sentences: &[TaggedSentence]) -> Vec<String> {
    let all: BTreeSet<String> = sentences
        .iter()
        .flat_map(|sentence| spans(&sentence.tags))
        .map(|span| span.kind)
        .collect();
    all.into_iter().collect()
}

fn built(sentence: &fragment::Labelled) -> TaggedSentence {
    let of = |entity: &fragment::Entity| Span {
        from: entity.words.start,
        to: entity.words.end,
        kind: entity.kind.to_owned(),
    };
    let entities: Vec<Span> = sentence.entities.iter().map(of).collect();
    TaggedSentence {
        words: (0..sentence.words.len())
            .map(|word| sentence.word(word).to_owned())
            .collect(),
        tags: iob2(&entities, sentence.words.len()),
        lines: Vec::new(),
    }
}

/// A set in tokens.
struct Entities {
    tagged: Tagged,
    kinds: Vec<String>,
    /// Of the development part and the test part.
    truths: [Vec<Vec<Span>>; 2],
}

impl Entities {
    fn open(settings: &Settings, ground: &Ground) -> Result<Self> {
        check_window(ground)?;
        let set = read(settings, ground.data_root)?;
        // Those of the whole training part: a rare kind may be in its development part alone.
        let mut kinds = [kinds(&set.train), kinds(&set.dev)].concat();
        kinds.sort();
        kinds.dedup();
        let classes = |sentence: &TaggedSentence| {
            let tags = iob2(&spans(&sentence.tags), sentence.words.len());
            tags.iter().map(|tag| class(tag, &kinds)).collect()
        };
        let tagged = Tagged::open(&set, &settings.common, ground, 2 * kinds.len() + 1, classes);
        let truths = [&set.dev, &set.test].map(|part| part.iter().map(|one| spans(&one.tags)).collect());
        Ok(Self { tagged, kinds, truths })
    }

    /// The entities that classes of words are.
    fn entities(&self, sentences: &[Vec<u32>]) -> Vec<Vec<Span>> {
        let tag = |class: &u32| tag(*class, &self.kinds);
        let entities = |classes: &Vec<u32>| spans(&classes.iter().map(tag).collect::<Vec<_>>());
        sentences.iter().map(entities).collect()
    }
}

/// The class of a tag of IOB2: `O`, then `B-` and `I-` of each kind.
fn class(tag: &str, kinds: &[String]) -> u32 {
    let Some((letter, kind)) = tag.split_once('-') else {
        return 0;
    };
    let kind = kinds.iter().position(|known| known == kind);
    kind.map_or(0, |kind| 1 + 2 * kind as u32 + u32::from(letter == "I"))
}

fn tag(class: u32, kinds: &[String]) -> String {
    let Some(entity) = class.checked_sub(1) else {
        return OUTSIDE.to_owned();
    };
    let letter = if entity % 2 == 0 { 'B' } else { 'I' };
    let kind = kinds.get(entity as usize / 2);
    kind.map_or(OUTSIDE.to_owned(), |kind| format!("{letter}-{kind}"))
}

impl Evaluation for Entities {
    fn warnings(&self) -> Vec<String> {
        self.tagged.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let [dev, test] = &self.truths;
        let (tuned, answers) = self
            .tagged
            .tune(subject, |classes| SpanScores::of(dev, &self.entities(classes), None).f1)?;
        let answers: Vec<Vec<Vec<Span>>> = answers.iter().map(|classes| self.entities(classes)).collect();
        let task = &self.tagged.task;
        let scores = |kind: Option<&str>| -> Vec<SpanScores> {
            answers
                .iter()
                .map(|answers| SpanScores::of(test, answers, kind))
                .collect()
        };
        let each = |of: fn(&SpanScores) -> f64, scores: &[SpanScores]| scores.iter().map(of).collect::<Vec<f64>>();
        let mut judgement = Judgement::default();
        let all = scores(None);
        judgement.findings.extend(of_seeds(task, F1, &each(|one| one.f1, &all)));
        judgement
            .findings
            .extend(of_seeds(task, PRECISION, &each(|one| one.precision, &all)));
        judgement
            .findings
            .extend(of_seeds(task, RECALL, &each(|one| one.recall, &all)));
        for kind in &self.kinds {
            let own = each(|one| one.f1, &scores(Some(kind)));
            let part = format!("{task}/{}", kind.replace(['/', '[', ']'], "_"));
            judgement.findings.extend(of_seeds(&part, F1, &own).into_iter().take(1));
        }
        judgement.findings.push(chosen(task, tuned.rate));
        Ok(judgement)
    }
}
