//! n-gram masking: hide up to n words in a row, short ones more often (Lan et al. 2020, ALBERT; He et al. 2021, DeBERTa).

use crate::Entry;
use crate::laws::{Mode, Rate, Reciprocal, Replacement, deal, within, words};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_backbone::EncoderConfig;
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Result, Stream};
use cloze_options::{Options, options, words};
use std::ops::Range;

/// n-gram masking.
pub static ENTRY: Entry = Entry {
    name: "n-gram",
    version: 1,
    title: "n-gram MLM",
    citation: "Lan et al. 2020, ALBERT: A Lite BERT for Self-supervised Learning of Language Representations; He et al. 2021, \
               DeBERTa",
    summary: "Hides runs of one to n whole words, n drawn in proportion to 1/n, and predicts every piece of them.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Hiding(Ngram(Settings::read(written)?)))),
};

words! {
    /// Where n-grams lie.
    enum Placement {
        /// Anywhere, until the share of tokens is hidden (google-research/albert, `create_pretraining_data.py`).
        Anywhere = "anywhere",
        /// One in each stretch of n / rate words, from left to right (microsoft/DeBERTa, `DeBERTa/apps/tasks/mlm_task.py`).
        Windows = "windows",
    }
}

options! {
    /// Options of n-gram masking.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes the place of an n-gram, drawn once for all of it; in `reference` for every piece.
        replace: Replacement = Replacement::default();
        /// The most words of an n-gram.
        longest: usize = 3, from(1).to(100);
        /// Where n-grams lie.
        placement: Placement = Placement::Anywhere;
    }
}

struct Ngram(Settings);

impl Ngram {
    fn law(&self) -> Reciprocal {
        Reciprocal {
            longest: self.0.longest,
        }
    }

    /// Anchors are words, each tried once in random order. An n-gram ends before a word that is hidden, that would overshoot
    /// the budget, or that does not follow.
    fn anywhere(&self, words: &[Range<usize>], budget: usize, stream: &mut Stream) -> Vec<Range<usize>> {
        let mut left = budget;
        let mut hidden = vec![false; words.len()];
        let mut chosen: Vec<Range<usize>> = Vec::new();
        let mut anchors: Vec<usize> = (0..words.len()).collect();
        for slot in 0..anchors.len() {
            if left == 0 {
                break;
            }
            deal(&mut anchors, slot, stream);
            let anchor = anchors[slot];
            let start = words[anchor].start;
            let mut end = start;
            for index in (anchor..words.len()).take(self.law().draw(stream)) {
                let word = &words[index];
                if hidden[index] || word.start != end || word.len() > left {
                    break;
                }
                hidden[index] = true;
                left -= word.len();
                end = word.end;
            }
            if end > start {
                chosen.push(start..end);
            }
        }
        chosen.sort_unstable_by_key(|ngram| ngram.start);
        chosen
    }

    /// google-research/albert, `create_pretraining_data.py`: n-grams are made of words as they are listed, whatever is between
    /// them; one that would overshoot is made shorter, word by word; one that meets a hidden word is left out whole.
    fn as_albert(&self, words: &[Range<usize>], budget: usize, stream: &mut Stream) -> Vec<Range<usize>> {
        let mut left = budget;
        let mut hidden = vec![false; words.len()];
        let mut anchors: Vec<usize> = (0..words.len()).collect();
        for slot in 0..anchors.len() {
            if left == 0 {
                break;
            }
            deal(&mut anchors, slot, stream);
            let anchor = anchors[slot];
            let tokens = |end: usize| words[anchor..end].iter().map(ExactSizeIterator::len).sum::<usize>();
            let mut end = (anchor + self.law().draw(stream)).min(words.len());
            while end > anchor + 1 && tokens(end) > left {
                end -= 1;
            }
            if tokens(end) <= left && !hidden[anchor..end].contains(&true) {
                left -= tokens(end);
                hidden[anchor..end].fill(true);
            }
        }
        words
            .iter()
            .zip(hidden)
            .filter(|(_, hidden)| *hidden)
            .map(|(word, _)| word.clone())
            .collect()
    }

    /// One n-gram in each stretch of n / rate words; a stretch that is no whole number of words has the one above as often
    /// as makes it so on average. An n-gram ends where the next word does not follow.
    fn in_windows(&self, words: &[Range<usize>], rate: f64, stream: &mut Stream) -> Vec<Range<usize>> {
        let mut chosen: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while from < words.len() {
            let n = self.law().draw(stream);
            let stretch = (n as f64 / rate + stream.unit()) as usize;
            let start = from + stream.below((stretch + 1).saturating_sub(n).max(1));
            for word in words.iter().skip(start).take(n) {
                match chosen.last_mut() {
                    // n-grams that touch are one unit.
                    Some(ngram) if ngram.end == word.start => ngram.end = word.end,
                    _ => chosen.push(word.clone()),
                }
            }
            from += stretch.max(n);
        }
        chosen
    }

    /// microsoft/DeBERTa, `DeBERTa/apps/tasks/mlm_task.py`: stretches of n words times the whole part of 1 / rate, in which an
    /// n-gram may begin anywhere and so reach over the end; and nothing any more once the budget is hidden, so that the end of a
    /// window is hardly ever. Words are single pieces if no n-gram is longer than one.
    fn as_deberta(
        &self,
        words: Vec<Range<usize>>,
        [budget, stretch]: [usize; 2],
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let words = match self.0.longest {
            1 => words.into_iter().flatten().map(|piece| piece..piece + 1).collect(),
            _ => words,
        };
        let mut marked = vec![false; words.len()];
        let mut from = 0;
        while from < words.len() {
            let n = self.law().draw(stream);
            let stretch = (n * stretch).min(words.len() - from);
            let start = from + stream.below(stretch);
            let end = (start + n).min(words.len());
            marked[start..end].fill(true);
            from = (from + stretch).max(end);
        }
        let mut hidden = 0;
        let mut chosen = Vec::new();
        for (word, _) in words.into_iter().zip(marked).filter(|(_, marked)| *marked) {
            if hidden >= budget {
                break;
            }
            hidden += word.len();
            chosen.push(word);
        }
        chosen
    }
}

impl Units for Ngram {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        within("longest", self.0.longest, Settings::default().longest, encoder.window)
    }

    fn masking(&self) -> Masking {
        let Settings {
            mode, rate, replace, ..
        } = self.0;
        Masking {
            mode,
            rate,
            replace,
            ..Masking::default()
        }
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let (masking, rate) = (self.masking(), self.0.rate.at(progress));
        let words_of = |mode| words(window, vocabulary, mode);
        let tokens = |words: &[Range<usize>]| words.iter().map(ExactSizeIterator::len).sum();
        let words = match self.0.placement {
            Placement::Anywhere => words_of(self.0.mode),
            // DeBERTa hides no unknown word.
            Placement::Windows => words_of(Mode::Corrected),
        };
        let budget = masking.budget(window, tokens(&words), progress);
        match (self.0.placement, self.0.mode) {
            (Placement::Anywhere, Mode::Reference) => self.as_albert(&words, budget, stream),
            (Placement::Windows, Mode::Reference) => self.as_deberta(words, [budget, (1.0 / rate) as usize], stream),
            (placement, Mode::Corrected) => {
                let mut chosen = match placement {
                    Placement::Anywhere => self.anywhere(&words, budget, stream),
                    Placement::Windows => self.in_windows(&words, rate, stream),
                };
                if chosen.is_empty() {
                    // A window without a prediction would teach nothing.
                    chosen.extend(words.into_iter().min_by_key(|word| word.len()));
                }
                chosen
            }
        }
    }
}

#[cfg(test)]
mod tests;
