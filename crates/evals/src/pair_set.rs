//! A set of minimal pairs as it is judged: in tokens, within the window, and against the text that was trained on.

use crate::pair_report::{Groups, Score, Verdict};
use crate::{Counter, Evaluation, Ground, Judgement, Subject, WINDOW};
use cloze_corpus::occurrences::stand_in;
use cloze_corpus::{MinimalPair, Vocabulary};
use cloze_foundation::{Fault, Result};
use cloze_objectives::scoring::{brackets, scored_tokens};
use cloze_schema::MeanOver;
use std::collections::HashMap;

/// Pairs that are ready to be scored.
pub(crate) struct PairSet {
    task: String,
    window: usize,
    vocabulary: Vocabulary,
    /// Every sentence once, so that equal ones tie exactly.
    sentences: Vec<Vec<u32>>,
    /// The good and the bad sentence of every pair.
    pairs: Vec<[usize; 2]>,
    /// Whether a sentence of the pair stands in the training text.
    seen: Vec<bool>,
    /// How many pairs have a sentence that the window cuts.
    cut: usize,
    groups: Groups,
}

impl PairSet {
    /// Reads pairs as the corpus' tokenizer does; `together` neighbours of a paradigm were made together.
    ///
    /// # Errors
    /// A pair whose sentences differ behind the end of the window, by its place.
    pub(crate) fn open(pairs: &[MinimalPair], ground: &Ground, unit: MeanOver, together: u32) -> Result<Self> {
        let tokenizer = &ground.corpus.tokenizer;
        let texts = pairs.iter().flat_map(|pair| [pair.good.as_str(), pair.bad.as_str()]);
        let mut sentences = tokenizer.sentences(texts).into_iter();
        let mut whole: Vec<[Vec<u32>; 2]> = Vec::with_capacity(pairs.len());
        while let (Some(good), Some(bad)) = (sentences.next(), sentences.next()) {
            whole.push([good, bad]);
        }
        check_contrasts(pairs, &whole, ground.window)?;
        let seen = seen(&whole, ground);
        let mut set = Self {
            task: ground.task.to_owned(),
            window: ground.window,
            vocabulary: tokenizer.vocabulary().clone(),
            sentences: Vec::new(),
            pairs: Vec::new(),
            seen,
            cut: 0,
            groups: Groups::new(pairs, unit, together),
        };
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        for pair in whole {
            let cut = Contrast::of(&pair).within(ground.window);
            set.cut += usize::from(cut.iter().zip(&pair).any(|(cut, whole)| *cut < whole.len()));
            let mut kept = pair.into_iter().zip(cut).map(|(mut ids, cut)| {
                ids.truncate(cut);
                *known.entry(ids).or_insert_with_key(|ids| {
                    set.sentences.push(ids.clone());
                    set.sentences.len() - 1
                })
            });
            if let (Some(good), Some(bad)) = (kept.next(), kept.next()) {
                set.pairs.push([good, bad]);
            }
        }
        if set.pairs.iter().all(|[good, bad]| good == bad) {
            return Err(Fault::usage(format!(
                "no pair of `{}` can be told apart: to the tokenizer both sentences are the same",
                set.task
            ))
            .remedy("the words in which they differ are unknown to it: judge by pairs of the corpus' own language"));
        }
        Ok(set)
    }
}

impl Evaluation for PairSet {
    fn warnings(&self) -> Vec<String> {
        let (task, all) = (&self.task, self.pairs.len());
        let alike = self.pairs.iter().filter(|[good, bad]| good == bad).count();
        let mut told = Vec::new();
        if self.cut > 0 {
            told.push(format!(
                "{task}: {} of {all} pairs have a sentence that is longer than encoder.window = {} and is scored without its end",
                self.cut, self.window
            ));
        }
        if alike > 0 {
            told.push(format!(
                "{task}: {alike} of {all} pairs are the same tokens twice, and ties whatever a model knows"
            ));
        }
        told
    }

    /// By every scoring rule of the model, the headline rule's measures without brackets.
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let rules = subject.model.rules();
        let counter = Counter::new(subject.told, rules.len() * self.sentences.len(), "sentences");
        let mut judgement = Judgement::default();
        for (rule, brackets) in rules.iter().zip(brackets(rules)) {
            let scored = |more| counter.add(more);
            let sums = subject
                .model
                .score_told(rule, &self.sentences, &self.vocabulary, &scored)?;
            let score = |index: usize| Score {
                sum: sums[index],
                tokens: scored_tokens(&self.sentences[index], &self.vocabulary),
            };
            let verdicts: Vec<Verdict> = self
                .pairs
                .iter()
                .zip(&self.seen)
                .map(|(pair, seen)| Verdict::of(pair.map(score), *seen))
                .collect();
            judgement
                .findings
                .extend(self.groups.findings(&self.task, &brackets, &verdicts));
            judgement
                .items
                .extend(self.groups.items(&self.task, &brackets, &verdicts));
        }
        let cut = self.cut as f64 / self.pairs.len() as f64;
        judgement
            .findings
            .extend(self.groups.of_the_set(&self.task, &self.seen, cut));
        Ok(judgement)
    }
}

/// Where two sentences differ.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Contrast {
    /// Where the difference ends in each; 0 in equal sentences.
    ends: [usize; 2],
    /// The equal tokens behind it.
    after: usize,
}

impl Contrast {
    fn of([good, bad]: &[Vec<u32>; 2]) -> Self {
        if good == bad {
            return Self {
                ends: [0, 0],
                after: good.len(),
            };
        }
        let before = good.iter().zip(bad).take_while(|(a, b)| a == b).count();
        let behind = good.iter().rev().zip(bad.iter().rev()).take_while(|(a, b)| a == b);
        let after = behind.count().min(good.len().min(bad.len()) - before);
        Self {
            ends: [good.len() - after, bad.len() - after],
            after,
        }
    }

    /// How much of each is scored within a window: all, or as much of what both end with as there is room for in both.
    fn within(self, window: usize) -> [usize; 2] {
        let kept = self.ends.map(|end| window.saturating_sub(end).min(self.after));
        self.ends.map(|end| end + kept[0].min(kept[1]))
    }
}

/// Refuses pairs whose sentences differ, even in part, behind the end of the window.
fn check_contrasts(pairs: &[MinimalPair], whole: &[[Vec<u32>; 2]], window: usize) -> Result<()> {
    let mut out = Vec::new();
    for (pair, sentences) in pairs.iter().zip(whole) {
        let [good, bad] = Contrast::of(sentences).ends;
        let end = good.max(bad);
        if end > window {
            out.push((pair, end));
        }
    }
    let Some((first, _)) = out.first() else { return Ok(()) };
    let needed = out.iter().map(|(_, end)| *end).max().unwrap_or(window);
    let place = first
        .place
        .clone()
        .unwrap_or_else(|| format!("{}/{}", first.phenomenon, first.paradigm));
    Err(Fault::usage(format!(
        "the sentences of {} of {} pairs differ behind the end of the window; this is the first",
        out.len(),
        pairs.len()
    ))
    .at(place)
    .at(WINDOW)
    .allowed([format!(
        "sentences that differ within the {window} positions of encoder.window"
    )])
    .remedy(format!(
        "make encoder.window {needed} or more, or leave these pairs out"
    )))
}

/// Whether the tokens of one of a pair's sentences stand in the training text.
fn seen(whole: &[[Vec<u32>; 2]], ground: &Ground) -> Vec<bool> {
    let inner = |ids: &'_ [u32]| -> Vec<u32> { ids.get(1..ids.len() - 1).unwrap_or_default().to_vec() };
    let sequences: Vec<Vec<u32>> = whole.iter().flatten().map(|ids| inner(ids)).collect();
    let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let stand = stand_in(ground.corpus.train.ids(), &sequences);
    stand.chunks_exact(2).map(|pair| pair[0] || pair[1]).collect()
}

#[cfg(test)]
#[path = "pair_set_tests.rs"]
mod tests;
