//! What is known of the language because its grammar is.

use super::language::{LANGUAGE, Language, SENTENCES, Terminal};
use super::latent::Evidence;
use super::lexicon::WordId;

/// What is known of the language because its grammar is.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Entropy of the text in nats per word.
    pub entropy_per_word: f64,
    /// Its Monte Carlo standard error (0 where the figure is exact).
    pub entropy_error: f64,
    /// Best possible accuracy of predicting one hidden word from the rest of its document.
    pub best_masked_accuracy: f64,
    /// Its Monte Carlo standard error.
    pub accuracy_error: f64,
    /// Best possible cross-entropy of one hidden word given the rest, nats.
    pub best_masked_loss: f64,
    /// Its Monte Carlo standard error.
    pub loss_error: f64,
    /// How these were computed, in a sentence or two.
    pub method: String,
}

/// The documents of the Monte Carlo sample are those of this seed.
const SEED: u64 = 0x7275_7468;

/// Computes the truth from the grammar; `documents` is the size of the Monte Carlo sample where one is needed (at least
/// 2 are used).
pub fn truth(documents: usize) -> Truth {
    let documents = documents.max(2);
    let sums: Vec<Sums> = (0..documents)
        .map(|index| judge(&LANGUAGE, &LANGUAGE.document(SEED, index as u64)))
        .collect();
    let words: f64 = sums.iter().map(|sums| sums.words).sum();
    let (entropy_per_word, entropy_error) = ratio(&sums, |sums| sums.surprisal);
    let (best_masked_accuracy, accuracy_error) = ratio(&sums, |sums| sums.accuracy);
    let (best_masked_loss, loss_error) = ratio(&sums, |sums| sums.loss);
    let (length, structure) = LANGUAGE.grammar.expectations()[usize::from(LANGUAGE.grammar.root)];
    Truth {
        entropy_per_word,
        entropy_error,
        best_masked_accuracy,
        accuracy_error,
        best_masked_loss,
        loss_error,
        method: format!(
            "Averages over {documents} sampled documents ({words} words, full stops counted); for each document the \
             probability of its text and the distribution of every hidden word given all the others are exact (inside-outside \
             over the grammar, sums over the topics and the favourite names), so that only the choice of documents is random. \
             Standard errors are those of a ratio of means over documents. In closed form: {length:.3} words a sentence, whose \
             structure (the classes and forms of its words) has at most {structure:.3} nats."
        ),
    }
}

/// Sums over the words of one document.
pub(super) struct Sums {
    pub words: f64,
    /// -log P(text).
    pub surprisal: f64,
    /// Probability that the best guess of a hidden word is right.
    pub accuracy: f64,
    /// Entropy of a hidden word.
    pub loss: f64,
}

/// Judges one document of the language.
pub(super) fn judge(language: &Language, document: &[Vec<WordId>]) -> Sums {
    let lexeme = |word: &WordId| language.lexicon.words[*word as usize].lexeme;
    let evidence = Evidence::new(language, document.iter().flatten().filter_map(lexeme));
    let mut sums = Sums {
        words: document.iter().map(Vec::len).sum::<usize>() as f64,
        surprisal: (SENTENCES.count() as f64).ln() - evidence.log_probability(),
        accuracy: 0.0,
        loss: 0.0,
    };
    for sentence in document {
        let chart = language.chart(sentence);
        sums.surprisal -= chart.probability().ln();
        for (word, terminals) in sentence.iter().zip(chart.hidden()) {
            let others = lexeme(word).map_or_else(|| evidence.clone(), |lexeme| evidence.without(lexeme));
            let distribution = hidden_word(language, &terminals, &others);
            sums.accuracy += distribution.iter().copied().fold(0.0, f64::max);
            sums.loss -= distribution
                .iter()
                .filter(|p| **p > 0.0)
                .map(|p| p * p.ln())
                .sum::<f64>();
        }
    }
    sums
}

/// The distribution of a hidden word over the vocabulary, from the weights of the terminals at its place and the
/// document's other lexemes. It is taken as known where sentences end: no two sentences of the language with a word
/// between them make one sentence (a test says so), so nothing is given away.
pub(super) fn hidden_word(language: &Language, terminals: &[f64], others: &Evidence<'_>) -> Vec<f64> {
    let total: f64 = terminals.iter().sum();
    let prediction = others.prediction();
    let mut distribution = vec![0.0; language.lexicon.words.len()];
    for (weight, terminal) in terminals.iter().zip(&language.terminals) {
        match terminal {
            Some(Terminal::Literal(word)) => distribution[*word as usize] += weight / total,
            Some(Terminal::Open { class, form }) if *weight > 0.0 => {
                for lexeme in language.lexicon.members(*class) {
                    let word = language.lexicon.lexemes[lexeme as usize].forms[*form];
                    distribution[word as usize] += weight / total * prediction.probability(lexeme);
                }
            }
            _ => {}
        }
    }
    distribution
}

/// The ratio of two means over documents, `of` to words, and its standard error by the delta method.
fn ratio(sums: &[Sums], of: impl Fn(&Sums) -> f64) -> (f64, f64) {
    let count = sums.len() as f64;
    let words = sums.iter().map(|sums| sums.words).sum::<f64>() / count;
    let ratio = sums.iter().map(&of).sum::<f64>() / count / words;
    let squares: f64 = sums.iter().map(|sums| (of(sums) - ratio * sums.words).powi(2)).sum();
    (ratio, (squares / (count * (count - 1.0))).sqrt() / words)
}
