//! Extractive question answering by a fine-tuned encoder.

use crate::finetune::{
    Attention, Common, Files, Material, Reads, Recipe, built_in, check_window, chosen, first, hashed, joined, located,
    of_seeds, parted, shared, tune, without_places, work,
};
use crate::passages::{Passages, answer};
use crate::{Asks, Chance, Entry, Evaluation, Ground, Judgement, Subject, When, asked, squad};
use cloze_corpus::fragment;
use cloze_corpus::sets::{Answer, QUESTIONS, Question, read_squad};
use cloze_foundation::{Place, Result};
use cloze_options::{Options, options};
use cloze_schema::metric::{EXACT_MATCH, F1};
use std::path::Path;

/// The seeds of the built-in language's training and test part.
const SEEDS: [u64; 2] = [0x7175_6573, 0x7175_6574];
/// Sentences of a text of the built-in language about which is asked.
const SENTENCES: usize = 3;

/// Questions.
pub static ENTRY: Entry = Entry {
    name: "qa",
    version: 2,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Question answering",
    title_of: |_| None,
    citation: "Rajpurkar et al. 2016, SQuAD; fine-tuning after Devlin et al. 2019",
    summary: "F1 of the words of answers and exact match on a test part, as SQuAD's script has them, after the whole encoder and a \
              fresh dense layer were tuned to point at the first and the last token of the answer; the mean over fine-tuning \
              seeds. A text that is longer than the window is read in several, a stride apart. SQuAD's JSON, or sentences of \
              the built-in language: asked is a predicate (\"who sees the boat\"), and the answer is the head of its subject.",
    headline: F1,
    higher_is_better: true,
    chance: Chance::Always(0.0),
    asks: Asks::States,
    mean_over: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| work(&Settings::from_toml(options).ok()?.common, SENTENCES + 1),
    check: |options, data_root| Parts::read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| Ok(Box::new(Questions::open(&Settings::from_toml(options)?, ground)?)),
};

options! {
    /// Options of question answering.
    struct Settings {
        with common: Common;
        /// Tokens of a long text between the beginnings of the windows in which it is read; never more than one of them holds.
        stride: usize = 32, from(1).to(8192);
    }
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let read = hashed(Settings::from_toml(options)?.common.named(), data_root, QUESTIONS)?;
    Ok(asked(&ENTRY, &without_places(options), &read))
}

/// A set of questions.
struct Parts {
    train: Vec<Question>,
    dev: Vec<Question>,
    test: Vec<Question>,
}

impl Parts {
    fn read(settings: &Settings, data_root: Option<&Path>) -> Result<Self> {
        let common = &settings.common;
        let [train, dev, test] = match Files::of(common.named(), data_root, QUESTIONS)? {
            Some(files) => located(&files, read_squad)?.map(|part| part.map(joined)),
            None => {
                let count = built_in(common);
                let part = |part: usize| Some(built(SEEDS[part], count[part]));
                [part(0), None, part(1)]
            }
        };
        let train = first(train.unwrap_or_default(), common.examples);
        let test = first(test.unwrap_or_default(), common.examples);
        let (train, dev) = match dev {
            Some(dev) => (train, dev),
            // Questions about one text stay together.
            None => parted(train, common.recipe.development, |one: &Question| &one.context[..])
                .map_err(|fault| fault.at(Place::key("train")))?,
        };
        Ok(Self { train, dev, test })
    }
}

/// Questions about sentences of the built-in language: who does what one of them says. Who reads the text knows it, for no other
/// sentence says the same.
fn built(seed: u64, count: usize) -> Vec<Question> {
    let sentences = fragment::labelled(seed, count * SENTENCES);
    let texts = sentences.chunks_exact(SENTENCES).enumerate();
    texts.filter_map(|(index, text)| asked_about(index, text)).collect()
}

fn asked_about(index: usize, text: &[fragment::Labelled]) -> Option<Question> {
    let context: Vec<&str> = text.iter().map(|sentence| sentence.text.as_str()).collect();
    let context = context.join(" ");
    // Another sentence of every text, or the next one of which it can be asked.
    (0..text.len())
        .map(|step| (index + step) % text.len())
        .find_map(|place| {
            let sentence = &text[place];
            let subject = &sentence.subject;
            // "The boy and the girl": the subject has two heads.
            if (0..subject.verb).any(|word| sentence.word(word) == "and") {
                return None;
            }
            let verb = sentence.words.get(subject.verb)?.bytes.start;
            let predicate = sentence.text.get(verb..)?.trim_end_matches('.').trim();
            if context.matches(predicate).count() != 1 {
                return None;
            }
            let before: usize = text[..place].iter().map(|sentence| sentence.text.len() + 1).sum();
            let head = sentence.words.get(subject.head)?.bytes.clone();
            Some(Question {
                question: format!("who {predicate}"),
                answers: vec![Answer {
                    text: sentence.text.get(head.clone())?.to_owned(),
                    start: before + head.start,
                }],
                context: context.as_str().into(),
                place: fragment::NAME.to_owned(),
            })
        })
}

/// A set in tokens.
struct Questions {
    task: String,
    parts: Parts,
    material: Material,
    passages: [Passages; 2],
    recipe: Recipe,
    how: (usize, Attention),
    told: Vec<String>,
}

impl Questions {
    fn open(settings: &Settings, ground: &Ground) -> Result<Self> {
        check_window(ground)?;
        let parts = Parts::read(settings, ground.data_root)?;
        let tokenizer = &ground.corpus.tokenizer;
        let read = |part: &[Question]| Passages::of(part, tokenizer, ground.window, settings.stride);
        let (train, train_exercises) = read(&parts.train);
        let (dev, dev_exercises) = read(&parts.dev);
        let (test, test_exercises) = read(&parts.test);
        drop(train);
        let texts = |part: &[Question]| part.iter().map(|one| one.context.clone()).collect::<Vec<_>>();
        let told = shared(
            ground.task,
            "texts",
            [&texts(&parts.train), &texts(&parts.dev), &texts(&parts.test)],
        );
        let mut told: Vec<String> = told.into_iter().collect();
        if test.cut > 0 {
            let (task, cut, all) = (ground.task, test.cut, parts.test.len());
            told.push(format!(
                "{task}: {cut} of {all} questions are longer than half of the window and lose their end"
            ));
        }
        Ok(Self {
            task: ground.task.to_owned(),
            material: Material {
                reads: Reads::Ends,
                outputs: 2,
                train: train_exercises,
                dev: dev_exercises,
                test: test_exercises,
                pad: tokenizer.vocabulary().special.pad,
            },
            passages: [dev, test],
            parts,
            recipe: settings.common.recipe.clone(),
            how: (settings.common.seeds, settings.common.attention),
            told,
        })
    }
}

/// Exact match and F1 of every question of a part.
fn judged(part: &[Question], passages: &Passages, scores: &[Vec<f32>]) -> [Vec<f64>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for (question, bytes) in part.iter().zip(answer(passages, scores)) {
        let answer = question.context.get(bytes).unwrap_or_default();
        let truths: Vec<String> = question.answers.iter().map(|answer| answer.text.clone()).collect();
        found[0].push(f64::from(u8::from(squad::is_exact(answer, &truths))));
        found[1].push(squad::f1(answer, &truths));
    }
    found
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl Evaluation for Questions {
    fn warnings(&self) -> Vec<String> {
        self.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let ((seeds, attention), [dev, test]) = (self.how, &self.passages);
        let tuned = tune(subject, &self.material, (&self.recipe, seeds, attention), &|scores| {
            mean(&judged(&self.parts.dev, dev, scores)[1])
        })?;
        let found: Vec<[f64; 2]> = tuned
            .answers
            .iter()
            .map(|scores| judged(&self.parts.test, test, scores).map(|values| mean(&values)))
            .collect();
        let of = |metric: &str, place: usize| {
            of_seeds(
                &self.task,
                metric,
                &found.iter().map(|found| found[place]).collect::<Vec<_>>(),
            )
        };
        let mut judgement = Judgement::default();
        judgement.findings.extend(of(F1, 1));
        judgement.findings.extend(of(EXACT_MATCH, 0));
        judgement.findings.push(chosen(&self.task, tuned.rate));
        Ok(judgement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_the_language_have_one_answer_and_it_is_the_head_of_the_subject() {
        let questions = built(SEEDS[0], 200);
        assert!(questions.len() > 190, "{}", questions.len());
        for one in &questions {
            let answer = &one.answers[0];
            assert!(one.context[answer.start..].starts_with(&answer.text));
            let predicate = one.question.strip_prefix("who ").unwrap();
            assert_eq!(one.context.matches(predicate).count(), 1);
            // It stands before the predicate, in the same sentence.
            let at = one.context.find(predicate).unwrap();
            assert!(
                answer.start < at && !one.context[answer.start..at].contains('.'),
                "{one:?}"
            );
        }
        let starts: Vec<usize> = questions.iter().map(|one| one.answers[0].start).collect();
        let at_the_front = starts.iter().filter(|start| **start < 20).count();
        assert!(at_the_front < questions.len() / 2, "not always the first sentence");
        assert_eq!(built(SEEDS[0], 200), questions);
        let test = built(SEEDS[1], 200);
        assert!(
            test.iter()
                .all(|one| questions.iter().all(|other| one.context != other.context))
        );
    }
}
