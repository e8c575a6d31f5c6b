use super::ask::{LEAST, TOKENS};
use super::*;
use cloze_corpus::SpecialTokens;
use std::sync::Mutex;

const CLS: u32 = 2;
const SEP: u32 = 3;
const MASK: u32 = 4;

fn vocabulary() -> Vocabulary {
    Vocabulary::new(
        30,
        SpecialTokens {
            pad: 0,
            unknown: 1,
            start: CLS,
            end: SEP,
            mask: MASK,
        },
    )
}

/// A loss that depends on the target, its window's inputs and its place there, and on nothing else.
fn fake(batch: &Batch) -> Vec<f32> {
    assert_eq!(batch.inputs.len(), batch.windows * batch.length);
    let predictions = batch.positions.iter().zip(&batch.targets);
    predictions
        .map(|(position, target)| {
            let (window, place) = (*position as usize / batch.length, *position as usize % batch.length);
            let inputs = &batch.inputs[window * batch.length..][..batch.length];
            let context: u32 = inputs.iter().enumerate().map(|(i, id)| (i as u32 + 1) * id).sum();
            (context * 31 + *target * 7 + place as u32) as f32 / 64.0
        })
        .collect()
}

const RULES: [Questions; 6] = [
    each_masked,
    each_masked_word_l2r,
    each_masked_one_before,
    each_masked_one_before_word_l2r,
    left_to_right,
    every_position,
];

#[test]
fn a_score_does_not_depend_on_the_others_in_the_call() {
    // Enough sentences of few lengths that batches are cut in the middle of a sentence's copies.
    let sentence = |n: u32| {
        let words = (0..2 + n % 4).map(|k| 5 + (n * 7 + k * 3) % 25);
        let mut sentence = Encoded::from(std::iter::once(CLS).chain(words).chain([SEP]).collect::<Vec<u32>>());
        // Some words have two pieces.
        sentence.word_starts[2] = !n.is_multiple_of(3);
        sentence
    };
    let sentences: Vec<Encoded> = (0..12_000).map(sentence).collect();
    for how in RULES {
        let calls = Mutex::new(0);
        let told = Mutex::new(Vec::new());
        let losses = |batch: &Batch| {
            *calls.lock().unwrap() += 1;
            assert!(batch.inputs.len() <= TOKENS);
            fake(batch)
        };
        let scored = |more| told.lock().unwrap().push(more);
        let together = score(how, &sentences, &vocabulary(), &losses, usize::MAX, &scored);
        assert!(calls.into_inner().unwrap() > 4);
        // Every sentence is told once, and most of them before the end.
        let told = told.into_inner().unwrap();
        assert_eq!(told.iter().sum::<usize>(), sentences.len());
        assert!(told.len() > 4 && told[0] < sentences.len() / 2);
        for index in [0, 1, 2, 3, 6000, 8191, 11_999] {
            let alone = score(how, &sentences[index..=index], &vocabulary(), &fake, 1, &|_| ());
            assert_eq!(alone, [together[index]]);
        }
    }
}

#[test]
fn each_rule_asks_what_it_says() {
    let ids = vec![CLS, 10, 1, 11, SEP]; // 1 is [UNK]
    let sentence = Encoded::from(ids.clone());
    let asked = |how: Questions| {
        let seen = Mutex::new(Vec::new());
        let losses = |batch: &Batch| {
            seen.lock().unwrap().push(batch.clone());
            (1..=batch.positions.len()).map(|n| n as f32).collect()
        };
        let score = score(how, std::slice::from_ref(&sentence), &vocabulary(), &losses, 1, &|_| ());
        assert_eq!(score, [-3.0]);
        let [batch] = <[Batch; 1]>::try_from(seen.into_inner().unwrap()).expect("one batch");
        // Asked again and again, so that the batch has predictions enough.
        assert_eq!((batch.positions.len(), batch.inputs.len() % ids.len()), (LEAST, 0));
        (batch.inputs, batch.positions[..2].to_vec(), batch.targets[..2].to_vec())
    };
    let masked = [CLS, MASK, 1, 11, SEP, CLS, 10, 1, MASK, SEP].repeat(8);
    assert_eq!(asked(each_masked), (masked.clone(), vec![1, 8], vec![10, 11]));
    assert_eq!(asked(each_masked_one_before), (masked, vec![0, 7], vec![10, 11]));
    let whole = ids.repeat(8);
    assert_eq!(asked(left_to_right), (whole.clone(), vec![0, 2], vec![10, 11]));
    assert_eq!(asked(every_position), (whole, vec![1, 3], vec![10, 11]));
    assert_eq!(scored_tokens(&ids, &vocabulary()), 2);
}

#[test]
fn nothing_to_score_is_zero_and_a_missing_loss_is_not_a_number() {
    for how in RULES {
        let never: Losses = &|_| panic!("there is nothing to ask");
        let empty = [vec![CLS, SEP], Vec::new()].map(Encoded::from);
        assert_eq!(score(how, &empty, &vocabulary(), never, 1, &|_| ()), [0.0, 0.0]);
        let lost = score(
            how,
            &[vec![CLS, 7, SEP].into()],
            &vocabulary(),
            &|_| Vec::new(),
            1,
            &|_| (),
        );
        assert!(lost[0].is_nan());
    }
}

#[test]
fn a_prediction_counts_as_often_as_its_weight_says() {
    let weighted: Questions = |sentence, _| {
        let mut example = predicting(&sentence.ids, vec![1, 2], sentence.ids[1..3].to_vec());
        example.weights = vec![0.5, 3.0];
        vec![example.clone(), example]
    };
    let losses = |batch: &Batch| (1..=batch.positions.len()).map(|n| n as f32).collect();
    let score = score(
        weighted,
        &[vec![CLS, 7, 8, SEP].into()],
        &vocabulary(),
        &losses,
        1,
        &|_| (),
    );
    assert_eq!(score, [-(0.5 + 6.0 + 1.5 + 12.0)]);
}

/// Words of three pieces, of one and of two.
fn of_pieces() -> Encoded {
    Encoded {
        ids: vec![CLS, 10, 11, 12, 13, 14, 15, SEP],
        word_starts: vec![true, true, false, false, true, true, false, true],
    }
}

#[test]
fn what_is_behind_a_token_in_its_word_is_masked_with_it() {
    let sentence = of_pieces();
    let masked = |places: &[usize]| {
        let mut ids = sentence.ids.clone();
        places.iter().for_each(|place| ids[*place] = MASK);
        ids
    };
    let rest: [&[usize]; 6] = [&[1, 2, 3], &[2, 3], &[3], &[4], &[5, 6], &[6]];
    for (how, before) in [
        (each_masked_word_l2r as Questions, 0),
        (each_masked_one_before_word_l2r, 1),
    ] {
        let asked = how(&sentence, &vocabulary());
        assert_eq!(asked.len(), rest.len());
        for (question, rest) in asked.iter().zip(rest) {
            assert_eq!(question.inputs, masked(rest));
            let place = rest[0] as u32;
            assert_eq!(
                (&question.positions, &question.targets),
                (&vec![place - before], &vec![sentence.ids[rest[0]]])
            );
        }
    }
    // An unknown piece is not asked for, and gives no more away than another one.
    let mut unknown = of_pieces();
    unknown.ids[2] = 1;
    let asked = each_masked_word_l2r(&unknown, &vocabulary());
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[0].inputs, masked(&[1, 2, 3]));
}

/// A table of what is lost on each token by how many of the sentence's tokens are masked, and the scores by hand.
#[test]
fn both_pseudo_log_likelihoods_are_the_sums_of_a_table() {
    const LOST: [(u32, [f32; 3]); 6] = [
        (10, [1.0, 0.0, 5.5]),
        (11, [2.0, 4.25, 0.0]),
        (12, [3.0, 0.0, 0.0]),
        (13, [0.5, 0.0, 0.0]),
        (14, [0.25, 7.0, 0.0]),
        (15, [8.0, 0.0, 0.0]),
    ];
    let asked = Mutex::new(0);
    let losses = |batch: &Batch| {
        *asked.lock().unwrap() += batch.windows;
        let of = |(position, target): (&u32, &u32)| {
            let start = *position as usize / batch.length * batch.length;
            let inputs = &batch.inputs[start..start + batch.length];
            let masked = inputs.iter().filter(|id| **id == MASK).count();
            LOST.iter().find(|(id, _)| id == target).unwrap().1[masked - 1]
        };
        batch.positions.iter().zip(&batch.targets).map(of).collect()
    };
    // Four sentences, so that none is asked twice to fill a batch up.
    let sentences = vec![of_pieces(); 4];
    let rules = [each_masked as Questions, each_masked_word_l2r];
    let together = score_together(&rules, &sentences, &vocabulary(), &losses, 1, &|_| ());
    assert_eq!(together[0], [-14.75; 4]);
    assert_eq!(together[1], [-(5.5 + 4.25 + 3.0 + 0.5 + 7.0 + 8.0); 4]);
    // Six questions, and three more about tokens with others behind them in their words.
    assert_eq!(*asked.lock().unwrap(), 4 * 9);
    let alone = rules.map(|how| score(how, &sentences, &vocabulary(), &losses, 1, &|_| ()));
    assert_eq!(together, alone);
}

/// To the bit, whatever is lost; and on words of several pieces they differ.
#[test]
fn both_pseudo_log_likelihoods_agree_where_words_have_one_piece() {
    let whole = Encoded::from(of_pieces().ids);
    let both = |sentence: Encoded| {
        let rules = [each_masked as Questions, each_masked_word_l2r];
        let odd = |batch: &Batch| fake(batch).into_iter().map(|loss| (loss / 7.0).sin()).collect();
        let found = score_together(&rules, &[sentence], &vocabulary(), &odd, 1, &|_| ());
        [0, 1].map(|rule| found[rule][0].to_bits())
    };
    let [plain, word] = both(whole);
    assert_eq!(plain, word);
    let [plain, word] = both(of_pieces());
    assert_ne!(plain, word);
}
