//! What an objective really predicts in a text, beside what its rate asks for: looked at before training.

use cloze_corpus::{Prepared, Shard, Vocabulary};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::Objective;

/// Windows that are looked at, or all where there are fewer.
const SAMPLE: u64 = 256;
/// How far the number of predictions may be from the one that is asked for, as a share of it. Whole words do not fill every
/// budget to the last token, and ELECTRA's `reference` mode draws some positions twice.
const MOST_OFF: f64 = 0.25;

/// What was counted over a sample of windows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Audit {
    /// Windows of the sample.
    pub windows: usize,
    /// Those in which nothing is predicted.
    pub empty: usize,
    /// Tokens that may be hidden.
    pub candidates: usize,
    /// Predictions that the rate asks for; `None` where there is no rate.
    pub asked: Option<f64>,
    /// Predictions.
    pub predicted: usize,
}

/// Looks at an objective with these options on windows of `length` positions of a corpus, and refuses one that would not do
/// there what it says.
///
/// # Errors
/// An objective that predicts nothing, or far more or less than its rate says; a text that it can do nothing with.
pub fn check(objective: &str, options: &toml::Table, length: usize, corpus: &Prepared) -> Result<Audit> {
    let objective = cloze_objectives::prepared(objective, options, corpus)?;
    let audit = Audit::of(&*objective, &corpus.train, corpus.tokenizer.vocabulary(), length);
    audit.check()?;
    Ok(audit)
}

impl Audit {
    /// Counts over windows that are spread over the text, corrupted as at moments spread over the budget.
    pub fn of(objective: &dyn Objective, text: &Shard, vocabulary: &Vocabulary, length: usize) -> Self {
        let available = text.windows(length);
        let count = available.min(SAMPLE);
        let mut audit = Self::default();
        for index in 0..count {
            let window = text.window(index * available / count, length, vocabulary);
            let progress = (index as f64 + 0.5) / count as f64;
            let draw = Draw::new(0, "audit").example(index);
            let predicted = objective.corrupt(&window, vocabulary, progress, draw).positions.len();
            audit.windows += 1;
            audit.empty += usize::from(predicted == 0);
            audit.candidates += window.candidates(vocabulary).len();
            audit.predicted += predicted;
            if let Some(asked) = objective.asked(&window, vocabulary, progress) {
                audit.asked = Some(audit.asked.unwrap_or(0.0) + asked);
            }
        }
        audit
    }

    fn check(&self) -> Result<()> {
        let Self {
            windows,
            candidates,
            predicted,
            ..
        } = *self;
        let share = |count: f64| 100.0 * count / candidates.max(1) as f64;
        if predicted == 0 && candidates == 0 {
            let what = format!(
                "it would predict nothing: no token of {windows} windows may be hidden, all are unknown or special"
            );
            return Err(Fault::usage(what).remedy(
                "choose a tokenizer that knows this text, as { kind = \"bpe\" } does every one; `cloze data describe` says how \
                 much is unknown",
            ));
        }
        if predicted == 0 {
            let what = format!("it would predict nothing: in {windows} windows no word is short enough for its rate");
            return Err(
                Fault::usage(what).remedy("raise the rate or encoder.window, or hide single tokens, as `mlm` does")
            );
        }
        match self.asked {
            Some(asked) if (predicted as f64 / asked.max(f64::MIN_POSITIVE) - 1.0).abs() > MOST_OFF => {
                let what = format!(
                    "it would predict {:.1} % of the tokens, and its rate asks for {:.1} % (over {windows} windows)",
                    share(predicted as f64),
                    share(asked)
                );
                Err(Fault::usage(what).remedy(if asked < 2.0 * windows as f64 {
                    "so few tokens of a window cannot be that share of it: choose a longer encoder.window or another rate"
                } else {
                    "words are too long for its rate here, or the tokenizer does not know where they begin: choose another \
                     tokenizer, a longer encoder.window or a higher rate, or hide single tokens, as `mlm` does"
                }))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::tokenizer::Encoded;
    use cloze_corpus::{SpecialTokens, shard};

    /// A text of such words, in pieces, as an objective sees it in windows of 64; `unknown` makes every piece an [UNK].
    fn audit(objective: &str, options: &str, pieces: usize, unknown: bool) -> Audit {
        let vocabulary = Vocabulary::new(100, SpecialTokens::FIRST);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.ids");
        let document = Encoded {
            ids: (0..5000)
                .map(|index| if unknown { 1 } else { 5 + index % 95 })
                .collect(),
            word_starts: (0..5000).map(|index| index % pieces == 0).collect(),
        };
        shard::write(&path, vocabulary.special.end, |writer| {
            writer.document(&document).unwrap();
            Ok(())
        })
        .unwrap();
        let objective = cloze_objectives::configure(objective, &options.parse().unwrap()).unwrap();
        Audit::of(&*objective, &Shard::open(&path).unwrap(), &vocabulary, 64)
    }

    #[test]
    fn every_objective_does_what_its_rate_says_on_a_usual_text() {
        for entry in cloze_objectives::OBJECTIVES {
            let found = audit(entry.name, "", 2, false);
            assert_eq!((found.check(), found.empty), (Ok(()), 0), "{}: {found:?}", entry.name);
        }
        let halved = audit("mlm", "rate = { from = 0.3, to = 0.1 }", 1, false);
        assert!(
            (halved.asked.unwrap() / halved.predicted as f64 - 1.0).abs() < 0.01,
            "{halved:?}"
        );
        let share = halved.predicted as f64 / halved.candidates as f64;
        assert!((share - 0.2).abs() < 0.01, "{share}");
    }

    #[test]
    fn words_that_are_no_words_are_refused() {
        for objective in ["whole-word", "span"] {
            // One word a document, as of a tokenizer that does not know where words begin: the shortest is the window.
            let fault = audit(objective, "", 5000, false).check().unwrap_err().to_string();
            assert!(
                fault.starts_with("it would predict 100.0 % of the tokens, and its rate asks for 15.0 %"),
                "{fault}"
            );
        }
        let fault = audit("whole-word", "mode = \"reference\"", 40, false)
            .check()
            .unwrap_err();
        assert!(fault.what.starts_with("it would predict"), "{fault}");
    }

    #[test]
    fn a_share_that_whole_tokens_cannot_make_is_refused() {
        // Of 63 tokens 0.63 would be hidden, and 1 is.
        let fault = audit("mlm", "rate = 0.01", 1, false).check().unwrap_err();
        assert!(
            fault
                .what
                .starts_with("it would predict 1.6 % of the tokens, and its rate asks for 1.0 %"),
            "{fault}"
        );
        assert!(fault.remedy.unwrap().contains("encoder.window"));
        assert_eq!(audit("mlm", "rate = 0.03", 1, false).check(), Ok(()));
    }

    #[test]
    fn nothing_to_predict_is_refused() {
        for objective in ["mlm", "whole-word", "span", "electra"] {
            let found = audit(objective, "", 1, true);
            assert_eq!((found.predicted, found.empty), (0, found.windows), "{objective}");
            assert!(
                found.check().unwrap_err().what.contains("unknown or special"),
                "{objective}"
            );
        }
        let long = audit("whole-word", "mode = \"reference\"", 5000, false);
        let fault = long.check().unwrap_err();
        assert!(fault.what.ends_with("no word is short enough for its rate"), "{fault}");
    }

    #[test]
    fn a_reference_mode_may_leave_windows_without_a_prediction() {
        // No word of 32 pieces fits into a budget of 10, but for a few that a window's ends cut.
        let found = audit("whole-word", "mode = \"reference\"", 32, false);
        assert!(found.empty > 0 && found.predicted > 0, "{found:?}");
    }
}
