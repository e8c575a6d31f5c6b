//! Samples to look at: blanks that the model fills in, and beginnings that it goes on with.

use crate::masked_loss::spread;
use crate::{Asks, Chance, Counter, Entry, Evaluation, Ground, Judgement, Subject, WINDOW, When, Work, asked};
use cloze_corpus::vocabulary::SPECIAL_NAMES;
use cloze_corpus::{Tokenizer, Window};
use cloze_foundation::{Draw, Fault, Result};
use cloze_kernels::Visibility;
use cloze_objectives::{Batch, Continuation, Example};
use cloze_options::{Options, options};
use cloze_schema::Items;
use cloze_schema::metric::ACCURACY;

/// The seed of the blanks: the same ones for every run.
const SEED: u64 = 0x7361_6d70;
/// Tokens around a blank, and answers that are told.
const AROUND: usize = 24;
const ANSWERS: usize = 4;
/// Special tokens of a vocabulary.
const SPECIAL: usize = SPECIAL_NAMES.len();
/// Tokens of a beginning, and of what is written behind it.
const BEGINNING: usize = 8;
const WRITTEN: usize = 12;

/// Samples.
pub static ENTRY: Entry = Entry {
    name: "samples",
    version: 1,
    uses_language: false,
    when: When::AtTheEnd,
    title: "Samples",
    title_of: |_| None,
    citation: "continuations by masks after Wang & Cho 2019, BERT has a Mouth, and It Must Speak, from left to right",
    summary: "Nothing is measured: the report shows what models write. They fill in blanks of held-out text, with the most probable \
              tokens and their probabilities, and go on with its beginnings, each time with the most probable token: from left to right, or \
              into masks, the leftmost first.",
    headline: ACCURACY,
    higher_is_better: true,
    chance: Chance::Unknown,
    asks: Asks::Nothing,
    mean_over: None,
    parts: || Some(Vec::new()),
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work: |options| {
        let settings = Settings::from_toml(options).ok()?;
        Some(Work::MaskedWindows((settings.samples * (1 + WRITTEN as u64)) as f64))
    },
    check: |_, _| Ok(()),
    data: |options, _| Ok(asked(&ENTRY, options, "")),
    open: |options, ground| Ok(Box::new(Samples::open(options, ground)?)),
};

options! {
    /// Options of the samples.
    #[derive(Copy)]
    struct Settings {
        /// Blanks, and beginnings.
        samples: u64 = 5, from(1).to(50);
    }
}

/// Windows of held-out text, each with the position of its blank.
struct Samples(Vec<(Window, usize)>);

impl Samples {
    fn open(options: &toml::Table, ground: &Ground) -> Result<Self> {
        let settings = Settings::from_toml(options)?;
        let vocabulary = ground.corpus.tokenizer.vocabulary();
        let text = &ground.corpus.held_out;
        let length = ground.window.min(AROUND);
        let available = text.windows(length);
        let draw = Draw::new(SEED, "samples");
        let windows = spread(settings.samples.min(available), available).filter_map(|index| {
            let window = text.window(index, length, vocabulary);
            let places = window.candidates(vocabulary);
            let place = *places.get(draw.example(index).stream().below(places.len().max(1)))?;
            Some((window, place as usize))
        });
        let windows: Vec<(Window, usize)> = windows.collect();
        match windows.is_empty() {
            true => Err(
                Fault::usage(format!("the held-out text has not one window of {length} positions"))
                    .at(WINDOW)
                    .remedy("hold out more text or shorten encoder.window"),
            ),
            false => Ok(Self(windows)),
        }
    }
}

/// Tokens as text, on one line.
fn written(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    tokenizer.decode(ids).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One text with one question, which is about what stands at `place` behind it.
fn question(ids: Vec<u32>, place: usize, target: u32, visibility: Visibility) -> Batch {
    Batch::of(&[Example {
        positions: vec![place as u32],
        targets: vec![target],
        weights: vec![1.0],
        visibility,
        ..Example::reading(&ids)
    }])
}

impl Samples {
    fn fill(&self, subject: &Subject, counter: &Counter) -> Vec<Items> {
        let tokenizer = &subject.ground.corpus.tokenizer;
        let mask = tokenizer.vocabulary().special.mask;
        let filled = self.0.iter().enumerate().filter_map(|(which, (window, place))| {
            counter.add(1);
            let hidden = window.ids[*place];
            let mut ids = window.ids.clone();
            ids[*place] = mask;
            let question = question(ids, *place, hidden, Visibility::default());
            // No text has a special token in the place of a word, whatever a head thinks of one.
            let answers = subject.model.answers(&question, ANSWERS + SPECIAL)?;
            let told = answers
                .first()?
                .iter()
                .filter(|(id, _)| !tokenizer.vocabulary().is_special(*id));
            let told = told.take(ANSWERS).map(|(id, share)| {
                let piece = tokenizer.piece(*id).unwrap_or_default();
                format!("{piece} {:.0} %", 100.0 * share)
            });
            let [before, after] = [&window.ids[1..*place], &window.ids[place + 1..]].map(|ids| written(tokenizer, ids));
            let piece = tokenizer.piece(hidden).unwrap_or_default();
            let given = format!("{before} ____ {after} ({piece})");
            let answer = told.collect::<Vec<_>>().join(", ");
            Some(Items::sample(
                subject.ground.task,
                "fill-in",
                which + 1,
                given.trim(),
                &answer,
            ))
        });
        filled.collect()
    }

    /// Goes on with the beginnings, token by token.
    fn go_on(&self, subject: &Subject, how: Continuation, counter: &Counter) -> Vec<Items> {
        let tokenizer = &subject.ground.corpus.tokenizer;
        let special = tokenizer.vocabulary().special;
        let goes_on = |(which, (window, _)): (usize, &(Window, usize))| {
            counter.add(1);
            let begun = window.ids.len().min(1 + BEGINNING);
            let mut ids = window.ids[..begun].to_vec();
            let length = subject.ground.window.min(begun + WRITTEN);
            while ids.len() < length {
                let place = ids.len();
                let with_masks = |count: usize| [ids.as_slice(), &vec![special.mask; count]].concat();
                let question = match how {
                    Continuation::Behind => question(ids.clone(), place - 1, special.mask, Visibility::Causal),
                    Continuation::InPlace => question(with_masks(1), place, special.mask, Visibility::default()),
                    Continuation::IntoMasks => {
                        question(with_masks(length - place), place, special.mask, Visibility::default())
                    }
                };
                let answers = subject.model.answers(&question, 1 + SPECIAL)?;
                let is_text = |id: u32| id == special.end || !tokenizer.vocabulary().is_special(id);
                let next = answers.first()?.iter().map(|(id, _)| *id).find(|id| is_text(*id))?;
                if next == special.end {
                    break;
                }
                ids.push(next);
            }
            let [given, answer] = [&ids[1..begun], &ids[begun..]].map(|ids| written(tokenizer, ids));
            Some(Items::sample(
                subject.ground.task,
                "continuation",
                which + 1,
                &given,
                &answer,
            ))
        };
        self.0.iter().enumerate().filter_map(goes_on).collect()
    }
}

impl Evaluation for Samples {
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let masked = subject.model.masked_answerer().is_some();
        let goes_on = subject.model.continuation();
        let kinds = usize::from(masked) + usize::from(goes_on.is_some());
        let counter = Counter::new(subject.told, kinds * self.0.len(), "samples");
        let mut items = Vec::new();
        if masked {
            items.extend(self.fill(subject, &counter));
        }
        if let Some(how) = goes_on {
            items.extend(self.go_on(subject, how, &counter));
        }
        Ok(Judgement {
            findings: Vec::new(),
            items,
        })
    }
}
