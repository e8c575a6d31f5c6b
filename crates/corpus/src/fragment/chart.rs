//! Exact inference: the inside-outside algorithm (Baker 1979) over a sentence whose words are given as sets of possible
//! terminals.

use super::grammar::{Grammar, Symbol};

/// Inside probabilities of every symbol over every span of one sentence.
pub struct Chart<'g> {
    grammar: &'g Grammar,
    length: usize,
    inside: Vec<f64>,
    found: Vec<Vec<Symbol>>,
}

impl<'g> Chart<'g> {
    /// Fills the chart. `tags[i]`: the terminals that word `i` may be.
    pub fn new(grammar: &'g Grammar, tags: &[&[Symbol]]) -> Self {
        let length = tags.len();
        let spans = length * (length + 1);
        let mut chart = Self {
            grammar,
            length,
            inside: vec![0.0; spans * grammar.symbols()],
            found: vec![Vec::new(); spans],
        };
        for width in 1..=length {
            for (start, tags) in tags.iter().enumerate().take(length - width + 1) {
                chart.fill(start, start + width, tags);
            }
        }
        chart
    }

    fn span(&self, start: usize, end: usize) -> usize {
        start * (self.length + 1) + end
    }

    fn fill(&mut self, start: usize, end: usize, tags: &[Symbol]) {
        let symbols = self.grammar.symbols();
        let mut cell = vec![0.0; symbols];
        if end - start == 1 {
            tags.iter().for_each(|tag| cell[usize::from(*tag)] = 1.0);
        }
        for middle in start + 1..end {
            let left = self.span(start, middle);
            let right = &self.inside[self.span(middle, end) * symbols..][..symbols];
            for symbol in &self.found[left] {
                let probability = self.inside[left * symbols + usize::from(*symbol)];
                for rule in self.grammar.starting_with(*symbol) {
                    if let Some(second) = rule.right {
                        cell[usize::from(rule.parent)] += rule.probability * probability * right[usize::from(second)];
                    }
                }
            }
        }
        for rule in self.grammar.unary() {
            cell[usize::from(rule.parent)] += rule.probability * cell[usize::from(rule.left)];
        }
        let span = self.span(start, end);
        self.found[span] = (0..symbols as Symbol)
            .filter(|symbol| cell[usize::from(*symbol)] > 0.0)
            .collect();
        self.inside[span * symbols..][..symbols].copy_from_slice(&cell);
    }

    /// Probability that `symbol` yields the words `start..end`, up to the choice of lexemes.
    pub fn inside(&self, symbol: Symbol, start: usize, end: usize) -> f64 {
        self.inside[self.span(start, end) * self.grammar.symbols() + usize::from(symbol)]
    }

    /// Probability of the whole sentence, up to the choice of lexemes.
    pub fn probability(&self) -> f64 {
        if self.length == 0 {
            0.0
        } else {
            self.inside(self.grammar.root, 0, self.length)
        }
    }

    /// For every position, the joint probability of each terminal standing there with all the *other* words: the word
    /// itself is not looked at.
    ///
    /// # Shapes
    /// One row per word, one column per symbol; columns of non-terminals are 0.
    pub fn hidden(&self) -> Vec<Vec<f64>> {
        let symbols = self.grammar.symbols();
        let mut outside = vec![0.0; self.inside.len()];
        if self.length > 0 {
            outside[self.span(0, self.length) * symbols + usize::from(self.grammar.root)] = 1.0;
        }
        for width in (1..=self.length).rev() {
            for start in 0..=self.length - width {
                self.descend(start, start + width, &mut outside);
            }
        }
        (0..self.length)
            .map(|at| {
                let mut row = outside[self.span(at, at + 1) * symbols..][..symbols].to_vec();
                let expanded = |symbol: usize| !self.grammar.expansions(symbol as Symbol).is_empty();
                row.iter_mut()
                    .enumerate()
                    .filter(|(symbol, _)| expanded(*symbol))
                    .for_each(|(_, value)| *value = 0.0);
                row
            })
            .collect()
    }

    fn descend(&self, start: usize, end: usize, outside: &mut [f64]) {
        let symbols = self.grammar.symbols();
        let here = self.span(start, end) * symbols;
        for parent in (0..symbols).rev() {
            let above = outside[here + parent];
            if above == 0.0 {
                continue;
            }
            for rule in self.grammar.expansions(parent as Symbol) {
                let weight = above * rule.probability;
                let left = usize::from(rule.left);
                let Some(right) = rule.right.map(usize::from) else {
                    outside[here + left] += weight;
                    continue;
                };
                for middle in start + 1..end {
                    let first = self.span(start, middle) * symbols + left;
                    let second = self.span(middle, end) * symbols + right;
                    outside[first] += weight * self.inside[second];
                    outside[second] += weight * self.inside[first];
                }
            }
        }
    }
}
