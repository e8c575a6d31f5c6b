//! What an objective really predicts in a text, beside what its rate asks for: looked at before training.

mod count;
mod shown;

use crate::Feed;
use crate::feed::side_by_side;
use cloze_corpus::annotations::ENTITIES;
use cloze_corpus::{Prepared, Shard, Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result};
use cloze_objectives::laws::Phrases;
use cloze_objectives::{MIXTURE, Objective};
use cloze_schema::Audit;
use count::Meant;
pub use shown::Shown;

/// Windows that are looked at, or all where there are fewer.
const SAMPLE: u64 = 256;
/// How far the number of predictions may be from the one that is expected, as a share of it. Whole words do not fill every
/// budget to the last token.
const MOST_OFF: f64 = 0.25;

/// The option that says how much is predicted.
const RATE: &str = "rate";

/// Looks at an objective with these options on windows of `length` positions of a corpus, and refuses one that would not do
/// there what it says.
///
/// # Errors
/// An objective that predicts nothing, or far more or less than its rate says; a text that it can do nothing with. Places are keys of
/// the arm, or of the experiment.
pub fn check(objective: &str, options: &toml::Table, length: usize, corpus: &Prepared) -> Result<Audit> {
    let objective = cloze_objectives::prepared(objective, options, corpus)?;
    let audit = sample(&*objective, &corpus.train, corpus.tokenizer.vocabulary(), length);
    // What parts predict is counted together.
    let rate = if objective.uses().is_empty() { RATE } else { MIXTURE };
    refuse(&audit, rate)?;
    Ok(audit)
}

/// Looks at what a run will really read: windows of its own order, as it will corrupt them, spread evenly over its `steps`
/// until about `tokens` are counted. With them come `examples` windows as a person reads them.
pub fn of_run(feed: &Feed<'_>, steps: u64, tokens: u64, examples: u64, corpus: &Prepared) -> (Audit, Vec<Shown>) {
    let (tokenizer, names) = (&corpus.tokenizer, Phrases::names_of(corpus));
    let of_step = (feed.shape.windows * feed.shape.length).max(1) as u64;
    let looked = tokens.div_ceil(of_step).clamp(1, steps.max(1));
    let mut audit = Audit::default();
    let mut texts: Vec<Shown> = Vec::new();
    let windows: f64 = feed
        .shape
        .shares(feed.stages)
        .iter()
        .map(|(shape, share)| shape.windows as f64 * share)
        .sum();
    let windows = (looked as f64 * windows) as u64;
    for number in 0..looked {
        // A budget may be so large that the product needs more than 64 bits.
        let step = (u128::from(number) * u128::from(steps.max(1)) / u128::from(looked)) as u64;
        let progress = step as f64 / steps.max(1) as f64;
        let windows_of_step = feed.read(step, progress).map(|(window, draw)| (window, progress, draw));
        for (window, _, draw) in side_by_side(&*feed.objective, windows_of_step) {
            let example = feed.objective.corrupt(&window, feed.vocabulary, progress, draw);
            let meant = meant(&*feed.objective, &window, feed.vocabulary, progress);
            let window = feed
                .objective
                .read(&window, feed.vocabulary, progress, draw)
                .into_owned();
            if (texts.len() as u64) < examples && audit.windows * examples >= texts.len() as u64 * windows {
                texts.push(Shown::of(&window, &example, tokenizer));
            }
            let window = with_entities(window, &names, feed.vocabulary, draw);
            count::add(&mut audit, &window, &example, meant, feed.vocabulary);
        }
    }
    (audit, texts)
}

/// A window with the names that are known of its text, if its source annotated none.
fn with_entities(window: Window, names: &Phrases, vocabulary: &Vocabulary, draw: Draw) -> Window {
    if names.is_empty() || !window.annotations.spans(ENTITIES).is_empty() {
        return window;
    }
    let words = window.words(vocabulary);
    let spans = names.find(&window, &words, &mut draw.purpose("names").stream());
    let plain = window.clone();
    window.with_spans(ENTITIES, spans).unwrap_or(plain)
}

/// Counts over windows that are spread over the text, corrupted as at moments spread over the budget.
fn sample(objective: &dyn Objective, text: &Shard, vocabulary: &Vocabulary, length: usize) -> Audit {
    let available = text.windows(length);
    let count = available.min(SAMPLE);
    let mut audit = Audit::default();
    for index in 0..count {
        let window = text.window(index * available / count, length, vocabulary);
        let progress = (index as f64 + 0.5) / count as f64;
        let example = objective.corrupt(&window, vocabulary, progress, Draw::new(0, "audit").example(index));
        let window = objective.read(&window, vocabulary, progress, Draw::new(0, "audit").example(index));
        let meant = meant(objective, &window, vocabulary, progress);
        count::add(&mut audit, &window, &example, meant, vocabulary);
    }
    audit
}

/// What an objective means to predict in a window, where its rate says how much.
fn meant(objective: &dyn Objective, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<Meant> {
    Some(Meant {
        by_rate: objective.asked(window, vocabulary, progress)?,
        by_law: objective.expected(window, vocabulary, progress)?,
    })
}

/// Refuses what would not do what its rate says, at the key of that.
fn refuse(audit: &Audit, rate: &'static str) -> Result<()> {
    let (windows, candidates) = (audit.windows, audit.predicted.of);
    let predicted = (audit.predicted.found + audit.special.found) as f64;
    let share = |count: f64| 100.0 * count / candidates.max(1) as f64;
    if predicted == 0.0 && candidates == 0 {
        let what = format!(
            "it would predict nothing: no token of {windows} windows may be hidden, all are unknown or special"
        );
        return Err(Fault::usage(what).at(Place::key("corpus.tokenizer")).remedy(
            "choose a tokenizer that knows this text, as { kind = \"bpe\" } does every one; `cloze data describe` says how \
             much is unknown",
        ));
    }
    if predicted == 0.0 {
        let what = format!("it would predict nothing: in {windows} windows no word is short enough for its rate");
        return Err(Fault::usage(what)
            .at(Place::key(rate))
            .remedy("raise the rate or encoder.window, or hide single tokens, as `mlm` does"));
    }
    let (Some(asked), Some(expected)) = (audit.asked, audit.expected) else {
        return Ok(());
    };
    if (predicted / expected.max(f64::MIN_POSITIVE) - 1.0).abs() <= MOST_OFF {
        return Ok(());
    }
    let by_law = match (expected / asked - 1.0).abs() < 0.01 {
        true => String::new(),
        false => format!(", which by its law comes to {:.1} %", share(expected)),
    };
    let what = format!(
        "it would predict {:.1} % of the tokens, and its rate asks for {:.1} %{by_law} (over {windows} windows)",
        share(predicted),
        share(asked)
    );
    Err(Fault::usage(what).at(Place::key(rate)).remedy(if asked < 2.0 * windows as f64 {
        "so few tokens of a window cannot be that share of it: choose a longer encoder.window or another rate"
    } else {
        "words are too long for its rate here, or the tokenizer does not know where they begin: choose another tokenizer, a \
         longer encoder.window or a higher rate, or hide single tokens, as `mlm` does"
    }))
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
        sample(&*objective, &Shard::open(&path).unwrap(), &vocabulary, 64)
    }

    fn refused(audit: &Audit) -> Result<()> {
        refuse(audit, RATE)
    }

    #[test]
    fn every_objective_does_what_its_rate_says_on_a_usual_text() {
        for entry in cloze_objectives::OBJECTIVES {
            let found = audit(entry.name, "", 2, false);
            assert_eq!(refused(&found), Ok(()), "{}: {found:?}", entry.name);
            // Where no rate says how many, a window may be left alone now and then: diffusion has every rate.
            let most = if found.asked.is_some() {
                0
            } else {
                1 + found.windows / 20
            };
            assert!(found.empty <= most, "{}: {found:?}", entry.name);
        }
        let halved = audit("mlm", "rate = { from = 0.3, to = 0.1 }", 1, false);
        assert!(
            (halved.asked.unwrap() / halved.predicted.found as f64 - 1.0).abs() < 0.01,
            "{halved:?}"
        );
        let share = halved.predicted.value().unwrap();
        assert!((share - 0.2).abs() < 0.01, "{share}");
    }

    #[test]
    fn entities_that_stand_beside_the_text_are_counted() {
        let vocabulary = Vocabulary::new(100, SpecialTokens::FIRST);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.ids");
        let document = Encoded {
            ids: (0..5000).map(|index| 5 + index % 95).collect(),
            word_starts: vec![true; 5000],
        };
        // One of three words in every ten.
        let entities: Vec<_> = (0..500).map(|index| 10 * index..10 * index + 3).collect();
        shard::write(&path, vocabulary.special.end, |writer| {
            writer.piece(&document, &entities, false).unwrap();
            writer.end().unwrap();
            Ok(())
        })
        .unwrap();
        let shard = Shard::open(&path).unwrap();
        let audit = |objective: &str, options: &str| {
            let objective = cloze_objectives::configure(objective, &options.parse().unwrap()).unwrap();
            sample(&*objective, &shard, &vocabulary, 64)
        };
        let (entity, token) = (
            audit("entity", "rate = 0.15\nentities = 1"),
            audit("mlm", "rate = 0.15"),
        );
        assert_eq!(entity.entities.of, token.entities.of);
        assert!(entity.entities.of > 500, "{entity:?}");
        // Nine tokens of 63 are three entities, of some 6.3 that are whole or cut by the window.
        let share = entity.entities.value().unwrap();
        assert!((share - 9.0 / (0.3 * 63.0)).abs() < 0.03, "{share}");
        let by_chance = token.entities.value().unwrap();
        assert!(by_chance < 0.03, "{by_chance}");
    }

    #[test]
    fn words_that_are_no_words_are_refused() {
        for objective in ["whole-word", "span"] {
            // One word a document, as of a tokenizer that does not know where words begin: the shortest is the window.
            let fault = refused(&audit(objective, "", 5000, false)).unwrap_err().to_string();
            assert!(
                fault.starts_with("it would predict 100.0 % of the tokens, and its rate asks for 15.0 %"),
                "{fault}"
            );
        }
        let fault = refused(&audit("whole-word", "mode = \"reference\"", 40, false)).unwrap_err();
        assert!(fault.what.starts_with("it would predict"), "{fault}");
    }

    #[test]
    fn a_share_that_whole_tokens_cannot_make_is_refused() {
        // Of 63 tokens 0.63 would be hidden, and 1 is.
        let fault = refused(&audit("mlm", "rate = 0.01", 1, false)).unwrap_err();
        assert!(
            fault
                .what
                .starts_with("it would predict 1.6 % of the tokens, and its rate asks for 1.0 %"),
            "{fault}"
        );
        assert!(fault.remedy.unwrap().contains("encoder.window"));
        assert_eq!(refused(&audit("mlm", "rate = 0.03", 1, false)), Ok(()));
    }

    #[test]
    fn what_draws_a_position_twice_is_held_against_its_law() {
        // 44.8 draws among 63 tokens find 32.2 different ones.
        let twice = audit("electra", "mode = \"reference\"\nrate = 0.7", 1, false);
        assert_eq!(refused(&twice), Ok(()));
        let (asked, found) = (twice.asked.unwrap(), twice.predicted.found as f64);
        assert!(found < 0.74 * asked, "{twice:?}");
        assert!((twice.expected.unwrap() / found - 1.0).abs() < 0.03, "{twice:?}");
        let once = audit("electra", "rate = 0.7", 1, false);
        assert_eq!(once.expected, once.asked);
        // Its law is no leave to do anything else.
        let short = Audit {
            expected: twice.asked,
            ..twice
        };
        assert!(refused(&short).unwrap_err().what.starts_with("it would predict 5"));
        let rare = audit("electra", "mode = \"reference\"\nrate = 0.001", 1, false);
        let fault = refused(&rare).unwrap_err();
        assert!(fault.remedy.unwrap().starts_with("so few tokens"), "{rare:?}");
    }

    #[test]
    fn nothing_to_predict_is_refused() {
        for objective in ["mlm", "whole-word", "span", "electra"] {
            let found = audit(objective, "", 1, true);
            assert_eq!((found.predicted.found, found.empty), (0, found.windows), "{objective}");
            assert!(
                refused(&found).unwrap_err().what.contains("unknown or special"),
                "{objective}"
            );
        }
        let long = audit("whole-word", "mode = \"reference\"", 5000, false);
        let fault = refused(&long).unwrap_err();
        assert!(fault.what.ends_with("no word is short enough for its rate"), "{fault}");
    }

    #[test]
    fn a_reference_mode_may_leave_windows_without_a_prediction() {
        // No word of 32 pieces fits into a budget of 10, but for a few that a window's ends cut.
        let found = audit("whole-word", "mode = \"reference\"", 32, false);
        assert!(found.empty > 0 && found.predicted.found > 0, "{found:?}");
    }
}
