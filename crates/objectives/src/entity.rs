//! Entity masking: hide all of a name together (Sun et al. 2019, ERNIE; Joshi et al. 2020, SpanBERT's named entities; Guu et al.
//! 2020, REALM's salient spans).

use crate::Entry;
use crate::laws::{Mode, Phrases, Rate, Replacement, SpanLaw, deal, hide_words, runs, toss, with_words, words};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_corpus::annotations::ENTITIES;
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Result, Stream};
use cloze_options::{Options, options};
use std::ops::Range;

/// Entity masking.
pub static ENTRY: Entry = Entry {
    name: "entity",
    version: 1,
    title: "Entity masking",
    citation: "Sun et al. 2019, ERNIE: Enhanced Representation through Knowledge Integration; Joshi et al. 2020, SpanBERT; Guu et \
               al. 2020, REALM: Retrieval-Augmented Language Model Pre-Training",
    summary: "Hides named entities whole, and words beside them or spans of words, and predicts every piece of them.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| {
        Ok(Box::new(Hiding(Entity {
            settings: Settings::read(written)?,
            names: Phrases::default(),
        })))
    },
};

/// SpanBERT's law of the spans beside entities (facebookresearch/SpanBERT, `pretraining/README.md`).
const SPANS: SpanLaw = SpanLaw { stop: 0.2, longest: 10 };

options! {
    /// Options of entity masking.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes the place of an entity, a word or a span, drawn once for all of it; for ERNIE's units in `reference` for every token.
        replace: Replacement = Replacement::default();
        /// How often an entity is chosen rather than a span of words: 0.5 is SpanBERT's, 1 hides entities only, as salient spans are.
        entities: Option<Rate> = None, from(0).to(1) => "every entity as often as every other word";
    }
}

struct Entity {
    settings: Settings,
    /// None before [`prepare`](Units::prepare).
    names: Phrases,
}

impl Entity {
    /// The entities of a window: those that its source annotated, if it did, or the names that are known.
    fn entities(&self, window: &Window, words: &[Range<usize>], stream: &mut Stream) -> Vec<Range<usize>> {
        let annotated = window.annotations.spans(ENTITIES);
        if annotated.is_empty() {
            return self.names.find(window, words, stream);
        }
        // A word that an entity has a part of belongs to it whole, and special tokens end it.
        let mut found: Vec<Range<usize>> = Vec::new();
        for entity in annotated {
            let from = found.last().map_or(0, |last| last.end);
            let is_inside =
                |word: &&Range<usize>| word.start >= from && word.start < entity.end && word.end > entity.start;
            let mut whole: Option<Range<usize>> = None;
            for word in words.iter().filter(is_inside) {
                match &mut whole {
                    None => whole = Some(word.clone()),
                    Some(whole) if whole.end == word.start => whole.end = word.end,
                    Some(_) => break,
                }
            }
            found.extend(whole);
        }
        found
    }

    /// An entity with this probability while there are any, otherwise a span of words from a random one on. Each entity and each
    /// word is tried once, and what would overshoot the budget is not hidden.
    fn or_spans(
        &self,
        share: f64,
        mut entities: Vec<Range<usize>>,
        words: &[Range<usize>],
        budget: usize,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let mut left = budget;
        let mut chosen: Vec<Range<usize>> = Vec::new();
        let mut anchors: Vec<usize> = (0..words.len()).collect();
        let (mut entity, mut slot) = (0, 0);
        let is_hidden = |chosen: &[Range<usize>], of: &Range<usize>| {
            chosen.iter().any(|unit| unit.start < of.end && of.start < unit.end)
        };
        while left > 0 {
            let no_more_spans = slot == anchors.len() || share >= 1.0;
            if entity < entities.len() && (stream.chance(share) || slot == anchors.len()) {
                deal(&mut entities, entity, stream);
                let next = entities[entity].clone();
                entity += 1;
                if next.len() <= left && !is_hidden(&chosen, &next) {
                    left -= next.len();
                    chosen.push(next);
                }
            } else if !no_more_spans {
                deal(&mut anchors, slot, stream);
                let anchor = anchors[slot];
                slot += 1;
                let start = words[anchor].start;
                let mut end = start;
                for word in words[anchor..].iter().take(SPANS.draw(stream)) {
                    if word.start != end || word.end - start > left || is_hidden(&chosen, word) {
                        break;
                    }
                    end = word.end;
                }
                if end > start {
                    left -= end - start;
                    chosen.push(start..end);
                }
            } else if entity == entities.len() {
                break;
            }
        }
        chosen.sort_unstable_by_key(|unit| unit.start);
        chosen
    }
}

/// The same in facebookresearch/SpanBERT, `data/masking.py`: an entity may be chosen again, spans begin at the word of a random
/// token, and the last of either is cut where the budget ends. What touches is one unit.
fn as_spanbert(
    share: f64,
    entities: &[Range<usize>],
    words: &[Range<usize>],
    budget: usize,
    stream: &mut Stream,
) -> Vec<Range<usize>> {
    let mut hidden = vec![false; words.last().map_or(0, |word| word.end)];
    let mut word_of: Vec<usize> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        word_of.extend(std::iter::repeat_n(index, word.len()));
    }
    let mut left = budget;
    while left > 0 {
        // The published loop goes on for ever where no entity is left and nothing else is chosen.
        let is_left = |entity: &Range<usize>| hidden[entity.clone()].contains(&false);
        if share >= 1.0 && !entities.iter().any(is_left) {
            break;
        }
        if stream.chance(share) {
            if !entities.is_empty() {
                let entity = entities[stream.below(entities.len())].clone();
                left = hide_words(&[entity], 1, left, &mut hidden);
            }
            continue;
        }
        let length = SPANS.draw(stream);
        let word = word_of[stream.below(word_of.len())];
        // A token that is hidden is drawn again; a span that begins before it may reach over it.
        if !hidden[words[word].start] {
            left = hide_words(&words[word..], length, left, &mut hidden);
        }
    }
    runs(&hidden)
}

impl Units for Entity {
    fn options(&self) -> toml::Table {
        self.settings.write()
    }

    fn masking(&self) -> Masking {
        let own = &self.settings;
        Masking::plain(own.mode, own.rate, own.replace)
    }

    fn needs(&self) -> Vec<Statistic> {
        vec![Statistic::Names]
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        self.names = statistics.names()?.iter().cloned().collect();
        if self.names.is_empty() && !statistics.annotated() {
            return Err(
                Fault::usage("entity masking needs entities, and none are known of this text").remedy(
                    "say where they stand beside the text as `corpus.entities`, or name a file of names and phrases, one a line, as \
                     `corpus.gazetteer` (of what is named already none occurs in the training text); or hide units that can be told \
                     from any text, as `whole-word`, `n-gram` and `pmi` do",
                ),
            );
        }
        Ok(())
    }

    /// ERNIE draws for every token, SpanBERT for a span.
    fn draws_for_pieces(&self) -> bool {
        self.settings.mode == Mode::Reference && self.settings.entities.is_none()
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let masking = self.masking();
        let words = words(window, vocabulary, masking.mode);
        let entities = self.entities(window, &words, stream);
        let share = self.settings.entities.map(|share| share.at(progress));
        match (share, masking.mode) {
            (Some(share), Mode::Reference) => {
                let tokens: usize = words.iter().map(ExactSizeIterator::len).sum();
                let budget = (masking.rate.at(progress) * tokens as f64).ceil() as usize;
                as_spanbert(share, &entities, &words, budget.min(tokens), stream)
            }
            (Some(share), Mode::Corrected) => {
                let tokens = words.iter().map(ExactSizeIterator::len).sum();
                let budget = masking.budget(window, tokens, progress);
                let mut chosen = self.or_spans(share, entities, &words, budget, stream);
                if chosen.is_empty() && share < 1.0 {
                    // A window without a prediction would teach nothing; one without an entity has none to hide.
                    chosen.extend(words.into_iter().min_by_key(|word| word.len()));
                }
                chosen
            }
            (None, Mode::Corrected) => masking.within_budget(with_words(entities, words), window, progress, stream),
            // PaddlePaddle/ERNIE, `ERNIE/batching.py`: a coin for each unit, and no budget of tokens.
            (None, Mode::Reference) => toss(with_words(entities, words), masking.rate.at(progress), stream),
        }
    }

    /// ERNIE's rate is of what may be hidden.
    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        let masking = self.masking();
        masking.rate.at(progress) * masking.candidates(window, vocabulary).len() as f64
    }

    /// Where nothing but entities is hidden, there may be fewer than the rate asks for.
    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        let asked = self.asked(window, vocabulary, progress);
        if self.settings.entities.map(|share| share.at(progress)) != Some(1.0) {
            return asked;
        }
        let words = words(window, vocabulary, self.masking().mode);
        // Names that overlap are found in a random order; how many tokens they have hardly depends on it.
        let mut stream = Draw::new(0, "entities").stream();
        let entities = self.entities(window, &words, &mut stream);
        asked.min(entities.iter().map(|entity| entity.len() as f64).sum())
    }
}

#[cfg(test)]
mod tests;
