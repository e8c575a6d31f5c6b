//! Counting what an objective made of a window.

use cloze_corpus::annotations::ENTITIES;
use cloze_corpus::{Vocabulary, Window};
use cloze_objectives::example::READ_IN_PLACE;
use cloze_objectives::{Example, Extra};
use cloze_schema::Audit;
use cloze_schema::audit::PARTS_OF_A_WINDOW;
use std::ops::Range;

/// How many predictions an objective means in a window.
#[derive(Clone, Copy, Debug)]
pub struct Meant {
    /// What its rate says.
    pub by_rate: f64,
    /// How many there are on average.
    pub by_law: f64,
}

/// Adds a window to what was counted; `meant` is what the objective says that it would predict there.
pub fn add(audit: &mut Audit, window: &Window, example: &Example, meant: Option<Meant>, vocabulary: &Vocabulary) {
    let (predicted, read) = (predicted(window, example), reading(window, example));
    let count = predicted.iter().filter(|predicted| **predicted).count() as u64;
    audit.fewest = if audit.windows == 0 {
        count
    } else {
        audit.fewest.min(count)
    };
    audit.most = audit.most.max(count);
    audit.windows += 1;
    audit.empty += u64::from(count == 0);
    audit.tokens += window.ids.len() as u64;
    if let Some(Meant { by_rate, by_law }) = meant {
        audit.asked = Some(audit.asked.unwrap_or(0.0) + by_rate);
        audit.expected = Some(audit.expected.unwrap_or(0.0) + by_law);
    }
    for (place, (id, predicted)) in window.ids.iter().zip(&predicted).enumerate() {
        if vocabulary.is_special(*id) {
            audit.special.count(*predicted);
        } else {
            audit.predicted.count(*predicted);
            audit.by_position[place * PARTS_OF_A_WINDOW / window.ids.len()].count(*predicted);
        }
        let read = read[place];
        if *predicted {
            audit.masked.count(read == vocabulary.special.mask);
            audit.kept.count(read == *id);
            audit.replaced.count(read != *id && read != vocabulary.special.mask);
        } else {
            audit.hidden.count(read != *id);
        }
    }
    for run in runs(&predicted) {
        *audit.runs.entry(run.len() as u64).or_default() += 1;
    }
    let whole = |span: &Range<usize>| predicted[span.clone()].iter().all(|predicted| *predicted);
    for word in window.words(vocabulary) {
        if predicted[word.clone()].contains(&true) {
            audit.words.count(whole(&word));
        }
    }
    for entity in window.annotations.spans(ENTITIES) {
        audit.entities.count(whole(entity));
    }
}

/// What the encoder reads at each position, or in its place where it is predicted.
pub fn reading(window: &Window, example: &Example) -> Vec<u32> {
    let mut read = example.inputs.clone();
    read.resize(window.ids.len(), 0);
    if let Some(Extra::Numbers(in_place)) = example.extra.get(READ_IN_PLACE) {
        for (position, id) in example.positions.iter().zip(in_place) {
            if let Some(read) = read.get_mut(*position as usize) {
                *read = *id;
            }
        }
    }
    read
}

/// Which tokens of a window are predicted, wherever they are predicted from: a causal model predicts a token from the place
/// before it.
pub fn predicted(window: &Window, example: &Example) -> Vec<bool> {
    let is_there = |shift: usize| {
        let mut predictions = example.positions.iter().zip(&example.targets);
        predictions.all(|(position, target)| window.ids.get(*position as usize + shift) == Some(target))
    };
    let shift = usize::from(!is_there(0) && is_there(1));
    let mut predicted = vec![false; window.ids.len()];
    for (position, weight) in example.positions.iter().zip(&example.weights) {
        if let Some(token) = predicted.get_mut(*position as usize + shift) {
            *token |= *weight != 0.0;
        }
    }
    predicted
}

/// The runs of neighbouring positions of which it is true.
pub fn runs(of: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for position in (0..of.len()).filter(|position| of[*position]) {
        match runs.last_mut() {
            Some(run) if run.end == position => run.end += 1,
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;
    use cloze_corpus::annotations::ENTITIES;
    use cloze_schema::Share;

    fn share(found: u64, of: u64) -> Share {
        Share { of, found }
    }

    /// `[CLS]` a-b c d [SEP] e: one word of two pieces, an entity over c and d.
    fn text() -> (Window, Vocabulary) {
        let vocabulary = Vocabulary::new(20, SpecialTokens::FIRST);
        let SpecialTokens { start, end, .. } = vocabulary.special;
        let starts = vec![true, true, false, true, true, true, true];
        let window = Window::new(vec![start, 10, 11, 12, 13, end, 14], starts);
        let entity = std::iter::once(3..5).collect();
        (window.with_spans(ENTITIES, entity).unwrap(), vocabulary)
    }

    #[test]
    fn a_window_is_counted_by_hand() {
        let (window, vocabulary) = text();
        let mut example = Example::predicting(&window, vec![1, 3, 4, 5]);
        example.inputs[1] = vocabulary.special.mask;
        example.inputs[3] = 17;
        example.inputs[6] = vocabulary.special.mask; // hidden, and not asked for
        let mut audit = Audit::default();
        let meant = Meant {
            by_rate: 2.5,
            by_law: 2.25,
        };
        add(&mut audit, &window, &example, Some(meant), &vocabulary);
        assert_eq!((audit.windows, audit.empty, audit.tokens), (1, 0, 7));
        assert_eq!((audit.asked, audit.expected), (Some(2.5), Some(2.25)));
        assert_eq!((audit.predicted, audit.special), (share(3, 5), share(1, 2)));
        assert_eq!((audit.fewest, audit.most), (4, 4));
        assert_eq!(
            [audit.masked, audit.kept, audit.replaced],
            [share(1, 4), share(2, 4), share(1, 4)]
        );
        assert_eq!(audit.hidden, share(1, 3));
        assert_eq!(audit.runs, [(1, 1), (3, 1)].into());
        assert_eq!((audit.words, audit.entities), (share(2, 3), share(1, 1)));
        assert_eq!(audit.mean_run(), Some(2.0));
        assert_eq!(audit.by_position.iter().map(|share| share.of).sum::<u64>(), 5);

        add(&mut audit, &window, &Example::of(&window), None, &vocabulary);
        assert_eq!((audit.windows, audit.empty, audit.fewest, audit.most), (2, 1, 0, 4));
        assert_eq!(audit.entities, share(1, 2));
    }

    #[test]
    fn a_token_is_counted_where_it_stands_and_not_where_it_is_predicted_from() {
        let (window, _) = text();
        let causal = Example {
            positions: vec![0, 1, 2],
            targets: vec![10, 11, 12],
            weights: vec![1.0, 1.0, 0.0],
            ..Example::of(&window)
        };
        let expected = [false, true, true, false, false, false, false];
        assert_eq!(predicted(&window, &causal), expected);
        // The inputs have the tokens, and other ids are read in their places.
        let slots = Example {
            extra: [(READ_IN_PLACE, Extra::Numbers(vec![4, 13]))].into(),
            ..Example::predicting(&window, vec![1, 4])
        };
        let expected = [false, true, false, false, true, false, false];
        assert_eq!(predicted(&window, &slots), expected);
        assert_eq!(
            reading(&window, &slots),
            [window.ids[0], 4, 11, 12, 13, window.ids[5], 14]
        );
    }
}
