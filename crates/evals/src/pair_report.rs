//! What is reported of judged pairs: credits, ties, means, items.

use crate::Finding;
use cloze_corpus::MinimalPair;
use cloze_schema::metric::{ACCURACY, CUT, MARGIN, SEEN, TIES, UNKNOWN, VOTE};
use cloze_schema::{Credit, Items, MeanOver};
use std::collections::BTreeMap;

/// A sentence's score and what a length-normalised one is divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub(crate) sum: f64,
    pub(crate) tokens: usize,
}

impl Score {
    fn per_token(self) -> f64 {
        self.sum / self.tokens.max(1) as f64
    }
}

/// What is found of one pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    credit: Credit,
    per_token: Credit,
    /// By how much the good sentence is ahead, in nats: of the whole sentences, and for each token.
    margin: f64,
    margin_per_token: f64,
    /// Whether it stands in the training text.
    seen: bool,
}

impl Verdict {
    pub(crate) fn of([good, bad]: [Score; 2], seen: bool) -> Self {
        Self {
            credit: credit(good.sum, bad.sum),
            per_token: credit(good.per_token(), bad.per_token()),
            margin: good.sum - bad.sum,
            margin_per_token: good.per_token() - bad.per_token(),
            seen,
        }
    }
}

/// Right for the right order; scores that are not numbers are no merit.
fn credit(good: f64, bad: f64) -> Credit {
    match good.partial_cmp(&bad) {
        Some(std::cmp::Ordering::Greater) => Credit::Right,
        Some(std::cmp::Ordering::Equal) => Credit::Tie,
        _ => Credit::Wrong,
    }
}

/// A number of a pair, by its place in the set; some pairs have none.
pub(crate) type OfPair<'a> = &'a dyn Fn(usize) -> Option<f64>;

/// The pairs of each paradigm, and how means are made of them.
pub(crate) struct Groups {
    unit: MeanOver,
    /// How many neighbours of a paradigm belong together.
    together: u32,
    /// Phenomenon and paradigm in alphabetical order, each with its pairs in the set's order.
    phenomena: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
}

impl Groups {
    pub(crate) fn new(pairs: &[MinimalPair], unit: MeanOver, together: u32) -> Self {
        let mut phenomena: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (index, pair) in pairs.iter().enumerate() {
            let paradigms = phenomena.entry(pair.phenomenon.clone()).or_default();
            paradigms.entry(pair.paradigm.clone()).or_default().push(index);
        }
        Self {
            unit,
            together,
            phenomena,
        }
    }

    /// The mean of a number of pairs: the whole set's, and each phenomenon's (the mean over its paradigms). A pair
    /// without the number does not count, nor a paradigm or a phenomenon without such a pair.
    fn means(&self, of: OfPair) -> (Option<f64>, Vec<(&str, Option<f64>)>) {
        let (mut units, mut parts) = (Vec::new(), Vec::new());
        for (phenomenon, paradigms) in &self.phenomena {
            let of_paradigm = |pairs: &Vec<usize>| mean(pairs.iter().map(|pair| of(*pair)));
            let paradigms: Vec<Option<f64>> = paradigms.values().map(of_paradigm).collect();
            let whole = mean(paradigms.iter().copied());
            parts.push((phenomenon.as_str(), whole));
            match self.unit {
                MeanOver::Phenomena => units.push(whole),
                MeanOver::Paradigms => units.extend(paradigms),
            }
        }
        (mean(units.into_iter()), parts)
    }

    /// A metric of the task, and of its parts.
    pub(crate) fn metric(&self, task: &str, metric: &str, of: OfPair) -> Vec<Finding> {
        let (whole, parts) = self.means(of);
        let parts = parts.into_iter().map(|(part, value)| (format!("{task}/{part}"), value));
        let all = std::iter::once((task.to_owned(), whole)).chain(parts);
        let finding = |(task, value): (String, Option<f64>)| {
            value.map(|value| Finding {
                task,
                metric: metric.to_owned(),
                value,
            })
        };
        all.filter_map(finding).collect()
    }

    /// What a model's answers give.
    pub(crate) fn findings(&self, task: &str, brackets: &str, verdicts: &[Verdict]) -> Vec<Finding> {
        let worth = |pair: usize| verdicts[pair].credit.worth();
        let vote = |margin: f64| 1.0 / (1.0 + (-margin).exp());
        let metrics: [(&str, OfPair); 7] = [
            (ACCURACY, &|pair| Some(worth(pair))),
            ("accuracy.per_token", &|pair| Some(verdicts[pair].per_token.worth())),
            ("accuracy.unseen", &|pair| (!verdicts[pair].seen).then(|| worth(pair))),
            (MARGIN, &|pair| Some(verdicts[pair].margin)),
            ("margin.per_token", &|pair| Some(verdicts[pair].margin_per_token)),
            (VOTE, &|pair| Some(vote(verdicts[pair].margin))),
            (TIES, &|pair| Some(f64::from(verdicts[pair].credit == Credit::Tie))),
        ];
        let metrics = metrics.iter();
        metrics
            .flat_map(|(metric, of)| self.metric(task, &format!("{metric}{brackets}"), *of))
            .collect()
    }

    /// What is so whatever a model answers: the share of pairs that stand in the training text, of those with an unknown token,
    /// and of those that the window cuts.
    pub(crate) fn of_the_set(&self, task: &str, seen: &[bool], unknown: &[bool], cut: f64) -> Vec<Finding> {
        let mut findings = self.metric(task, SEEN, &|pair| Some(f64::from(seen[pair])));
        findings.extend(self.metric(task, UNKNOWN, &|pair| Some(f64::from(unknown[pair]))));
        findings.push(Finding {
            task: task.to_owned(),
            metric: CUT.to_owned(),
            value: cut,
        });
        findings
    }

    /// Which pairs were right.
    pub(crate) fn items(&self, task: &str, brackets: &str, verdicts: &[Verdict]) -> Vec<Items> {
        let mut items = Vec::new();
        for (phenomenon, paradigms) in &self.phenomena {
            for (paradigm, pairs) in paradigms {
                items.push(Items {
                    task: task.to_owned(),
                    metric: format!("{ACCURACY}{brackets}"),
                    part: phenomenon.clone(),
                    paradigm: paradigm.clone(),
                    credits: pairs.iter().map(|pair| verdicts[*pair].credit.letter()).collect(),
                    text: String::new(),
                    together: self.together,
                });
            }
        }
        items
    }
}

/// The mean of those that there are.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, count) = values
        .flatten()
        .fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(phenomenon: &str, paradigm: &str) -> MinimalPair {
        let [phenomenon, paradigm] = [phenomenon, paradigm].map(str::to_owned);
        MinimalPair {
            phenomenon,
            paradigm,
            good: String::new(),
            bad: String::new(),
            place: None,
        }
    }

    fn value(findings: &[Finding], task: &str, metric: &str) -> Option<f64> {
        let mut found = findings
            .iter()
            .filter(|finding| finding.task == task && finding.metric == metric);
        let finding = found.next();
        assert!(found.next().is_none(), "{task} {metric} twice");
        finding.map(|finding| finding.value)
    }

    #[test]
    fn means_are_over_the_stated_unit_and_ties_count_one_half() {
        let score = |sum: f64, tokens: usize| Score { sum, tokens };
        let pairs = [pair("a", "a1"), pair("a", "a1"), pair("a", "a2"), pair("b", "b1")];
        let verdicts = [
            Verdict::of([score(-4.0, 4), score(-5.0, 4)], true),         // right
            Verdict::of([score(-4.0, 2), score(-4.0, 4)], false),        // a tie; wrong per token
            Verdict::of([score(-6.0, 6), score(-4.0, 2)], true),         // wrong; right per token
            Verdict::of([score(f64::NAN, 3), score(f64::NAN, 3)], true), // neither right nor a tie
        ];
        let groups = Groups::new(&pairs, MeanOver::Phenomena, 2);
        let found = groups.findings("t", "", &verdicts);
        assert_eq!(value(&found, "t/a", "accuracy"), Some((0.75 + 0.0) / 2.0));
        assert_eq!(value(&found, "t/a", "accuracy.per_token"), Some((0.5 + 1.0) / 2.0));
        assert_eq!(value(&found, "t/a", "ties"), Some(0.25));
        assert_eq!(value(&found, "t/b", "accuracy"), Some(0.0));
        assert_eq!(value(&found, "t", "accuracy"), Some(0.375 / 2.0));
        // By hand: 1 and 0 in the first paradigm, -2 in the second.
        assert_eq!(value(&found, "t/a", "margin"), Some((0.5 - 2.0) / 2.0));
        assert_eq!(
            value(&found, "t/a", "margin.per_token"),
            Some((0.25 - 1.0) / 2.0 / 2.0 + 1.0 / 2.0)
        );
        let vote = |margin: f64| 1.0 / (1.0 + (-margin).exp());
        let votes = ((vote(1.0) + 0.5) / 2.0 + vote(-2.0)) / 2.0;
        assert!((value(&found, "t/a", "vote").unwrap() - votes).abs() < 1e-12);
        // What is no number is not left out of a mean: the mean is none.
        assert!(value(&found, "t/b", "margin").unwrap().is_nan());
        // One pair does not stand in the training text: the means are over its paradigm and its phenomenon alone.
        assert_eq!(value(&found, "t", "accuracy.unseen"), Some(0.5));
        assert_eq!(value(&found, "t/a", "accuracy.unseen"), Some(0.5));
        assert_eq!(value(&found, "t/b", "accuracy.unseen"), None);
        let unknown = [true, true, false, false];
        let set = groups.of_the_set("t", &verdicts.map(|verdict| verdict.seen), &unknown, 0.25);
        assert_eq!(value(&set, "t/a", "unknown"), Some(0.5));
        assert_eq!(value(&set, "t", "unknown"), Some(0.25));
        assert_eq!(value(&set, "t/a", "seen"), Some((0.5 + 1.0) / 2.0));
        assert_eq!(value(&set, "t", "seen"), Some((0.75 + 1.0) / 2.0));
        assert_eq!(value(&set, "t", "cut"), Some(0.25));

        let found = Groups::new(&pairs, MeanOver::Paradigms, 1).findings("t", "[other]", &verdicts);
        assert_eq!(value(&found, "t", "accuracy[other]"), Some(0.75 / 3.0));
        assert_eq!(value(&found, "t/a", "ties[other]"), Some(0.25));

        let items = groups.items("t", "[other]", &verdicts);
        let found: Vec<_> = items
            .iter()
            .map(|items| {
                (
                    items.metric.as_str(),
                    items.part.as_str(),
                    items.paradigm.as_str(),
                    items.credits.as_str(),
                )
            })
            .collect();
        let metric = "accuracy[other]";
        assert_eq!(
            found,
            [
                (metric, "a", "a1", "21"),
                (metric, "a", "a2", "0"),
                (metric, "b", "b1", "0")
            ]
        );
    }
}
