//! Exact match and F1 of answers, as the evaluation script of SQuAD has them (Rajpurkar et al. 2016): small letters, no
//! punctuation, no articles, single blanks. Where nothing of an answer is left the script of 2.0 is followed: that of 1.1 calls
//! equal answers then an exact match of F1 0.

use std::collections::HashMap;

/// Words that are left out.
const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// An answer as it is compared.
pub(crate) fn normalised(answer: &str) -> Vec<String> {
    let small = answer.to_lowercase();
    let letters: String = small.chars().filter(|letter| !letter.is_ascii_punctuation()).collect();
    without_articles(&letters)
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// A blank in the place of every article that stands by itself, between letters and digits of no kind.
fn without_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphanumeric();
        let end = rest
            .find(|letter: char| letter.is_alphanumeric() != is_word)
            .unwrap_or(rest.len());
        let (run, left) = rest.split_at(end);
        out.push_str(if ARTICLES.contains(&run) { " " } else { run });
        rest = left;
    }
    out
}

/// Whether an answer is one of the true ones.
pub(crate) fn is_exact(answer: &str, truths: &[String]) -> bool {
    let answer = normalised(answer);
    truths.iter().any(|truth| normalised(truth) == answer)
}

/// The F1 of the words that an answer has in common with the true one that it is nearest to.
pub(crate) fn f1(answer: &str, truths: &[String]) -> f64 {
    let answer = normalised(answer);
    truths
        .iter()
        .map(|truth| overlap(&answer, &normalised(truth)))
        .fold(0.0, f64::max)
}

fn overlap(answer: &[String], truth: &[String]) -> f64 {
    if answer.is_empty() || truth.is_empty() {
        return f64::from(u8::from(answer == truth));
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    truth.iter().for_each(|word| *left.entry(word).or_default() += 1);
    let same = answer.iter().filter(|word| {
        let left = left.entry(word.as_str()).or_default();
        let has = *left > 0;
        *left -= usize::from(has);
        has
    });
    let same = same.count() as f64;
    if same == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (same / answer.len() as f64, same / truth.len() as f64);
    2.0 * precision * recall / (precision + recall)
}
