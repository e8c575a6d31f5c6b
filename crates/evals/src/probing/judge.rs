//! Probes of every layer of a trained encoder, and beside them of one of the same shape with initial values.

use super::code;
use super::properties::{Asked, Property};
use super::regression::{Labelled, Regression};
use super::states::States;
use crate::{Counter, Finding, Subject};
use cloze_backbone::{Encoder, Init};
use cloze_foundation::Draw;
use cloze_kernels::{at_a_time, side_by_side};
use cloze_schema::metric::{ACCURACY, CODE_LENGTH, COMPRESSION, LAYER, MAJORITY, UNTRAINED};

/// What probes are asked.
pub(crate) struct Questions {
    pub(crate) properties: Vec<Property>,
    /// Of either part, of each sentence the tokens of its words.
    pub(crate) pieces: [Vec<Vec<Vec<u32>>>; 2],
}

/// What probes found.
pub(crate) struct Probed {
    /// By property and layer, and of each property by the layer whose code is the shortest.
    pub(crate) findings: Vec<Finding>,
    /// Of the trained encoder and of the other one: what stands behind the names of its metrics, and of every property its best
    /// layer.
    pub(crate) encoders: [(String, Vec<Found>); 2],
    /// Of every property the share of the most frequent label.
    pub(crate) majorities: Vec<f64>,
}

/// What a probe of a layer finds.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) accuracy: f64,
    /// Bits for each label that is learnt from.
    code_length: f64,
    /// The class that was answered to every question.
    pub(crate) answers: Vec<u32>,
}

/// An encoder of the shape of a subject's, with initial values.
pub(crate) fn untrained(subject: &Subject) -> Encoder {
    let draw = Draw::new(subject.seed, "the encoder that probes are held against");
    let size = subject.ground.corpus.tokenizer.vocabulary().size;
    Encoder::new(subject.model.config(), size, &Init::new(draw.seed(), subject.device))
}

/// Probes the states of a property's two parts at a layer.
fn probe(property: &Property, layer: usize, states: &[States; 2], subject: &Subject) -> Found {
    let classes = property.classes.len();
    let ([train, test], width) = States::features(states, layer, property);
    let labels = |asked: &[Asked]| asked.iter().map(|asked| asked.class).collect::<Vec<_>>();
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
        answers,
    }
}

/// Asks a subject's encoder and the untrained one.
pub(crate) fn probed(questions: &Questions, subject: &Subject) -> Probed {
    let (model, properties) = (subject.model, &questions.properties);
    let special = subject.ground.corpus.tokenizer.vocabulary().special;
    let task = |property: &Property| match property.name {
        "" => subject.ground.task.to_owned(),
        name => format!("{}/{name}", subject.ground.task),
    };
    let probes = 2 * properties.len() * (model.config().layers + 1);
    let counter = Counter::new(subject.told, probes, "probes");
    let most = at_a_time(subject.device);
    let mut findings = Vec::new();
    let mut of = |encoder: &Encoder, brackets: &str| {
        let states = questions
            .pieces
            .each_ref()
            .map(|part| States::of(model, encoder, part, special));
        let layers = states[0].layers();
        let asked = properties
            .iter()
            .flat_map(|property| (0..layers).map(move |layer| (property, layer)));
        let found = side_by_side(asked.collect(), most, |(property, layer)| {
            let found = probe(property, layer, &states, subject);
            counter.add(1);
            found
        });
        let best = properties
            .iter()
            .zip(found.chunks(layers))
            .filter_map(|(property, found)| {
                let task = task(property);
                let mut told = |task: &str, metric: &str, value: f64| {
                    findings.push(Finding {
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
                let (layer, best) = found.iter().enumerate().min_by(shortest)?;
                let guessed = code::uniform(1, property.classes.len());
                told(&task, ACCURACY, best.accuracy);
                told(&task, CODE_LENGTH, best.code_length);
                told(&task, COMPRESSION, guessed / best.code_length);
                told(&task, LAYER, layer as f64);
                Some(best.clone())
            });
        (brackets.to_owned(), best.collect())
    };
    let encoders = [
        of(&model.reader(), ""),
        of(&untrained(subject), &format!("[{UNTRAINED}]")),
    ];
    let majorities = properties.iter().map(|property| {
        let value = property.majority();
        findings.push(Finding {
            task: task(property),
            metric: MAJORITY.to_owned(),
            value,
        });
        value
    });
    let majorities = majorities.collect();
    Probed {
        findings,
        encoders,
        majorities,
    }
}
