//! A weighted grammar: read from its one page, its features multiplied out, and cut into rules of one or two children.

use cloze_foundation::Stream;
use std::collections::{HashMap, HashSet};

/// A node label or a terminal. Children have smaller numbers than their parents (the grammar has no cycles).
pub type Symbol = u16;

/// `parent -> left right`, or `parent -> left`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What is expanded.
    pub parent: Symbol,
    /// Its first child.
    pub left: Symbol,
    /// Its second child, where it has one.
    pub right: Option<Symbol>,
    /// Probability given the parent.
    pub probability: f64,
}

/// The compiled grammar.
#[derive(Clone, Debug)]
pub struct Grammar {
    /// Names by symbol; `b~c` is the rest of a rule `A -> a b c`.
    pub names: Vec<String>,
    /// The symbol of a whole sentence.
    pub root: Symbol,
    rules: Vec<Rule>,
    first: Vec<u32>,
    by_left: Vec<Vec<u32>>,
    unary: Vec<u32>,
}

impl Grammar {
    /// Reads a grammar in the notation of `grammar.txt`; its first rule's parent is the root.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut features: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut lines: Vec<(f64, Vec<&str>)> = Vec::new();
        for line in text.lines().map(|line| line.split('#').next().unwrap_or("")) {
            let tokens: Vec<&str> = line.split_whitespace().collect();
            match tokens.as_slice() {
                [] => {}
                [name, "=", values @ ..] => {
                    features.insert(name, values.to_vec());
                }
                [weight, parent, "->", children @ ..] if !children.is_empty() => {
                    let weight = weight.parse::<f64>().map_err(|_| format!("no weight in `{line}`"))?;
                    lines.push((weight, [&[*parent], children].concat()));
                }
                _ => return Err(format!("neither a feature nor a rule: `{line}`")),
            }
        }
        let mut instances: Vec<(usize, f64, Vec<String>)> = Vec::new();
        for (number, (weight, tokens)) in lines.iter().enumerate() {
            instances.extend(
                instantiate(tokens, &features)
                    .into_iter()
                    .map(|tokens| (number, *weight, tokens)),
            );
        }
        drop_undefined(&mut instances);
        for (number, (_, tokens)) in lines.iter().enumerate() {
            if !instances.iter().any(|(line, ..)| *line == number) {
                return Err(format!("`{}` mentions what does not exist", tokens.join(" ")));
            }
        }
        let root = lines.first().map(|(_, tokens)| tokens[0].to_owned()).ok_or("no rule")?;
        Self::compile(&root, instances)
    }

    fn compile(root: &str, instances: Vec<(usize, f64, Vec<String>)>) -> Result<Self, String> {
        let mut totals: HashMap<String, f64> = HashMap::new();
        for (_, weight, tokens) in &instances {
            *totals.entry(tokens[0].clone()).or_default() += weight;
        }
        let mut rules: Vec<(String, Vec<String>, f64)> = Vec::new();
        let mut rests: HashSet<String> = HashSet::new();
        for (_, weight, tokens) in instances {
            let (mut parent, mut children) = (tokens[0].clone(), &tokens[1..]);
            let mut probability = weight / totals[&parent];
            while children.len() > 2 {
                let rest = children[1..].join("~");
                rules.push((parent, vec![children[0].clone(), rest.clone()], probability));
                // Rules that end alike share their ends.
                children = if rests.insert(rest.clone()) {
                    &children[1..]
                } else {
                    &[]
                };
                (parent, probability) = (rest, 1.0);
            }
            if !children.is_empty() {
                rules.push((parent, children.to_vec(), probability));
            }
        }
        let names = children_first(root, &rules)?;
        let number: HashMap<&str, Symbol> = names
            .iter()
            .enumerate()
            .map(|(symbol, name)| (name.as_str(), symbol as Symbol))
            .collect();
        let mut compiled: Vec<Rule> = rules
            .iter()
            .filter(|(parent, ..)| number.contains_key(parent.as_str()))
            .map(|(parent, children, probability)| Rule {
                parent: number[parent.as_str()],
                left: number[children[0].as_str()],
                right: children.get(1).map(|child| number[child.as_str()]),
                probability: *probability,
            })
            .collect();
        compiled.sort_by_key(|rule| rule.parent);
        let first = (0..=names.len())
            .map(|symbol| compiled.partition_point(|rule| usize::from(rule.parent) < symbol) as u32)
            .collect();
        let mut by_left = vec![Vec::new(); names.len()];
        let mut unary = Vec::new();
        for (index, rule) in compiled.iter().enumerate() {
            match rule.right {
                Some(_) => by_left[usize::from(rule.left)].push(index as u32),
                None => unary.push(index as u32),
            }
        }
        Ok(Self {
            root: number[root],
            names,
            rules: compiled,
            first,
            by_left,
            unary,
        })
    }

    /// How many symbols there are.
    pub fn symbols(&self) -> usize {
        self.names.len()
    }

    /// The symbol of this name.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.names
            .iter()
            .position(|known| known == name)
            .map(|symbol| symbol as Symbol)
    }

    /// The rules that expand `parent`; none for a terminal.
    #[inline]
    pub fn expansions(&self, parent: Symbol) -> &[Rule] {
        let parent = usize::from(parent);
        &self.rules[self.first[parent] as usize..self.first[parent + 1] as usize]
    }

    /// Draws one of the rules that expand `parent`, which is no terminal.
    #[inline]
    pub fn choose(&self, parent: Symbol, stream: &mut Stream) -> &Rule {
        let rules = self.expansions(parent);
        if rules.len() > 1 {
            let mut left = stream.unit();
            for rule in rules {
                left -= rule.probability;
                if left < 0.0 {
                    return rule;
                }
            }
        }
        &rules[rules.len() - 1]
    }

    /// The rules of two children whose first is `left`.
    pub fn starting_with(&self, left: Symbol) -> impl Iterator<Item = &Rule> {
        self.by_left[usize::from(left)]
            .iter()
            .map(|index| &self.rules[*index as usize])
    }

    /// The rules of one child, those of lower parents first.
    pub fn unary(&self) -> impl Iterator<Item = &Rule> {
        self.unary.iter().map(|index| &self.rules[*index as usize])
    }

    /// Expected number of words below each symbol, and entropy (nats) of its derivations down to terminals, in closed
    /// form: one pass suffices because children come before parents.
    pub fn expectations(&self) -> Vec<(f64, f64)> {
        let mut known: Vec<(f64, f64)> = Vec::with_capacity(self.symbols());
        for symbol in 0..self.symbols() {
            let rules = self.expansions(symbol as Symbol);
            let (mut words, mut entropy) = if rules.is_empty() { (1.0, 0.0) } else { (0.0, 0.0) };
            for rule in rules {
                let (mut below_words, mut below_entropy) = known[usize::from(rule.left)];
                if let Some(right) = rule.right {
                    below_words += known[usize::from(right)].0;
                    below_entropy += known[usize::from(right)].1;
                }
                words += rule.probability * below_words;
                entropy += rule.probability * (below_entropy - rule.probability.ln());
            }
            known.push((words, entropy));
        }
        known
    }
}

/// All the instances of a rule: its features range over their values, `X-1` is computed.
fn instantiate(tokens: &[&str], features: &HashMap<&str, Vec<&str>>) -> Vec<Vec<String>> {
    let mut used: Vec<&str> = Vec::new();
    for token in tokens {
        for part in parts(token).filter_map(|part| features.get_key_value(part.trim_end_matches("-1"))) {
            if is_open(token) && !used.contains(part.0) {
                used.push(part.0);
            }
        }
    }
    let mut instances: Vec<HashMap<&str, &str>> = vec![HashMap::new()];
    for name in used {
        instances = instances
            .iter()
            .flat_map(|bound| {
                features[name].iter().map(move |value| {
                    let mut bound = bound.clone();
                    bound.insert(name, value);
                    bound
                })
            })
            .collect();
    }
    instances
        .iter()
        .map(|bound| tokens.iter().map(|token| bind(token, bound)).collect())
        .collect()
}

/// Whether features may occur in `token`: it has brackets.
fn is_open(token: &str) -> bool {
    token.ends_with(']') || token.ends_with('>')
}

fn parts(token: &str) -> impl Iterator<Item = &str> {
    token
        .split(['[', ']', '<', '>', ',', '.'])
        .filter(|part| !part.is_empty())
}

/// Puts the values of features into one token.
pub fn bind(token: &str, bound: &HashMap<&str, &str>) -> String {
    if !is_open(token) {
        return token.to_owned();
    }
    let mut out = String::new();
    for piece in token.split_inclusive(['[', ']', '<', '>', ',', '.']) {
        let (part, mark) = match piece.char_indices().last() {
            Some((at, mark)) if "[]<>,.".contains(mark) => (&piece[..at], &piece[at..]),
            _ => (piece, ""),
        };
        match (
            bound.get(part),
            part.strip_suffix("-1").and_then(|part| bound.get(part)),
        ) {
            (Some(value), _) => out.push_str(value),
            (None, Some(value)) => match value.parse::<i32>() {
                Ok(value) => out.push_str(&(value - 1).to_string()),
                Err(_) => out.push_str(part),
            },
            (None, None) => out.push_str(part),
        }
        out.push_str(mark);
    }
    out
}

/// Removes rules with a child that no rule expands, until none is left.
fn drop_undefined(instances: &mut Vec<(usize, f64, Vec<String>)>) {
    loop {
        let before = instances.len();
        let known: HashSet<String> = instances.iter().map(|(.., tokens)| tokens[0].clone()).collect();
        instances.retain(|(.., tokens)| {
            tokens[1..]
                .iter()
                .all(|child| known.contains(child) || !child.starts_with(char::is_uppercase))
        });
        if instances.len() == before {
            return;
        }
    }
}

/// The names that can be reached from `root`, children before parents.
fn children_first(root: &str, rules: &[(String, Vec<String>, f64)]) -> Result<Vec<String>, String> {
    let mut below: HashMap<&str, Vec<&str>> = HashMap::new();
    for (parent, children, _) in rules {
        below
            .entry(parent)
            .or_default()
            .extend(children.iter().map(String::as_str));
    }
    let mut names: Vec<String> = Vec::new();
    let mut done: HashMap<&str, bool> = HashMap::new();
    let mut open: Vec<(&str, bool)> = vec![(root, false)];
    while let Some((name, expanded)) = open.pop() {
        if expanded {
            done.insert(name, true);
            names.push(name.to_owned());
            continue;
        }
        if done.contains_key(name) {
            continue;
        }
        done.insert(name, false);
        open.push((name, true));
        for child in below.get(name).into_iter().flatten() {
            match done.get(child) {
                Some(true) => {}
                Some(false) => return Err(format!("`{child}` can contain itself")),
                None => open.push((child, false)),
            }
        }
    }
    Ok(names)
}
