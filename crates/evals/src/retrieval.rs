//! Retrieval of paraphrases: is the text that says the same the nearest one?

use crate::finetune::no_options_of_files;
use crate::probing::{States, sampled, untrained, whole_texts};
use crate::{Asks, Chance, Counter, Entry, Evaluation, Finding, Ground, Judgement, Subject, When, Work, asked};
use cloze_corpus::fragment;
use cloze_corpus::sets::{Column, TABLES, TableAsked, TextPair, files, hash, read_text_pairs};
use cloze_foundation::{Fault, Place, Result};
use cloze_kernels::{at_a_time, side_by_side};
use cloze_options::{Options, options};
use cloze_schema::metric::{RECALL_AT_1, RECIPROCAL_RANK, UNTRAINED};
use cloze_schema::{Credit, Items};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The seed of the pairs of the built-in language: the same ones for every run.
const SEED: u64 = 0x7061_7261;
/// Words of a sentence of these on average, between blanks.
const WORDS: f64 = 6.75;
/// The label of pairs that say the same in MRPC, QQP and PAWS.
const SAME: &str = "1";

/// Retrieval of paraphrases.
pub static ENTRY: Entry = Entry {
    name: "retrieval",
    version: 1,
    uses_language: true,
    when: When::AtTheEnd,
    title: "Retrieval of paraphrases",
    title_of: |_| None,
    citation: "after Artetxe & Schwenk 2019 (Tatoeba) and Muennighoff et al. 2023, MTEB; pairs of the same words after Zhang et al. \
               2019, PAWS",
    summary: "How often the nearest text, by the cosine of mean-pooled frozen states of the last layer, is the one that says the same; \
              beside it the mean reciprocal rank of that one, every layer, and an encoder of the same shape with initial values. \
              Pairs of a CSV, TSV, JSONL or text, or of the built-in language: there every pair stands beside one of the same \
              words that says something else, so that whoever counts words is right about half. Chance is one in as many texts \
              as there are.",
    headline: RECALL_AT_1,
    higher_is_better: true,
    chance: Chance::OfData(chance),
    asks: Asks::States,
    mean_over: None,
    parts: || None,
    options: Settings::fields,
    resolve: |written| Ok(Settings::read(written)?.write()),
    work,
    check: |options, data_root| read(&Settings::from_toml(options)?, data_root).map(drop),
    data,
    open: |options, ground| {
        let pairs = read(&Settings::from_toml(options)?, ground.data_root)?;
        Ok(Box::new(Retrieval::of(&pairs, ground)))
    },
};

options! {
    /// Options of retrieval.
    struct Settings {
        /// At most so many pairs, whatever their order; of the built-in language just as many.
        pairs: usize = 400, from(2).to(10_000);
        /// The file of the pairs, a folder or a glob, under the data root or from here.
        path: Option<PathBuf> = None => "the built-in language";
        /// The column of the text that is asked with, by its name or its number from 1.
        text: Option<Column> = None => "`text`; the first one where there is no header";
        /// The column of the text that is to be found.
        text_pair: Option<Column> = None => "`text_pair`; the second one where there is no header";
        /// The column of a label that says whether they say the same.
        label: Option<Column> = None => "none: all of them do";
        /// The label of those that do.
        same: Option<String> = None => "`1`, as in MRPC, QQP and PAWS";
        /// Whether the first line of a CSV or TSV names its columns.
        header: Option<bool> = None => "yes, but for a .txt and where columns are numbers";
    }
    check Self::fits
}

impl Settings {
    fn fits(&self) -> Result<()> {
        match (&self.same, &self.label) {
            (Some(_), None) => Err(Fault::usage("`same` without `label`")
                .at(Place::key("same"))
                .remedy("name the column of the labels, or leave it out: without labels all pairs say the same")),
            _ => Ok(()),
        }
    }

    fn files(&self, data_root: Option<&Path>) -> Result<Option<Vec<PathBuf>>> {
        let find = |path: &PathBuf| {
            files(&path.to_string_lossy(), data_root, TABLES).map_err(|fault| fault.at(Place::key("path")))
        };
        self.path.as_ref().map(find).transpose()
    }
}

/// The pairs that say the same.
fn read(settings: &Settings, data_root: Option<&Path>) -> Result<Vec<TextPair>> {
    let Some(paths) = settings.files(data_root)? else {
        no_options_of_files(&[
            ("text", settings.text.is_some()),
            ("text_pair", settings.text_pair.is_some()),
            ("label", settings.label.is_some()),
            ("header", settings.header.is_some()),
        ])
        .map_err(|fault| fault.remedy("name `path`, or leave it out: the pairs are of the built-in language"))?;
        return Ok(built(settings.pairs));
    };
    let asked = TableAsked {
        text: settings.text.as_ref(),
        pair: settings.text_pair.as_ref(),
        label: settings.label.as_ref(),
        header: settings.header,
    };
    let mut pairs = Vec::new();
    for path in &paths {
        pairs.extend(read_text_pairs(path, &asked).map_err(|fault| fault.at(Place::key("path")))?);
    }
    let labels: BTreeSet<String> = pairs.iter().filter_map(|pair| pair.label.clone()).collect();
    let same = settings.same.as_deref().unwrap_or(SAME);
    pairs.retain(|pair| pair.label.as_deref().is_none_or(|label| label == same));
    let seconds: BTreeSet<&str> = pairs.iter().map(|pair| pair.second.as_str()).collect();
    if seconds.len() < 2 {
        let fault = Fault::usage(format!(
            "{} texts can be found, and one of them is to be",
            seconds.len()
        ));
        return Err(match labels.is_empty() {
            true => fault.at(Place::key("path")).allowed(["2 pairs or more"]),
            false => fault
                .at(Place::key("same"))
                .allowed(labels.iter().take(SHOWN))
                .remedy(format!(
                    "`same` is the label of the pairs that say the same; it is taken to be `{same}`"
                )),
        });
    }
    let text = |pair: &TextPair| format!("{}\n{}", pair.first, pair.second);
    Ok(sampled(pairs, settings.pairs, text))
}

/// Labels that a fault lists.
const SHOWN: usize = 20;

fn built(count: usize) -> Vec<TextPair> {
    let pairs = fragment::paraphrases(SEED, count).into_iter();
    let pair = |pair: fragment::Paraphrase| TextPair {
        first: pair.first,
        second: pair.second,
        label: None,
        place: fragment::NAME.to_owned(),
    };
    pairs.map(pair).collect()
}

fn data(options: &toml::Table, data_root: Option<&Path>) -> Result<String> {
    let mut read = String::new();
    for path in Settings::from_toml(options)?.files(data_root)?.unwrap_or_default() {
        read += &format!("path {}\n", hash(&path)?);
    }
    let mut options = options.clone();
    options.remove("path");
    Ok(asked(&ENTRY, &options, &read))
}

/// How often one text is the right one that is drawn from all; `None` where the pairs cannot be read.
fn chance(options: &toml::Table, data_root: Option<&Path>) -> Option<f64> {
    let pairs = read(&Settings::from_toml(options).ok()?, data_root).ok()?;
    Some(Search::of(&pairs).chance())
}

fn work(options: &toml::Table) -> Option<Work> {
    let settings = Settings::from_toml(options).ok()?;
    if settings.path.is_some() {
        return None;
    }
    let pairs = settings.pairs as f64;
    Some(Work::States {
        count: 4.0 * pairs,
        words: WORDS,
        // A product and a sum for every two texts, of both encoders.
        each: 4.0 * pairs * pairs,
    })
}

/// Who is asked with, and what is to be found.
struct Search {
    firsts: Vec<String>,
    seconds: Vec<String>,
    /// Of each of the first ones the places of those that say the same.
    right: Vec<BTreeSet<usize>>,
}

impl Search {
    /// Every text once, in the order in which they stand.
    fn of(pairs: &[TextPair]) -> Self {
        let mut search = Self {
            firsts: Vec::new(),
            seconds: Vec::new(),
            right: Vec::new(),
        };
        let mut places: [BTreeMap<&str, usize>; 2] = Default::default();
        for pair in pairs {
            let second = *places[1].entry(&pair.second).or_insert_with(|| {
                search.seconds.push(pair.second.clone());
                search.seconds.len() - 1
            });
            let first = *places[0].entry(&pair.first).or_insert_with(|| {
                search.firsts.push(pair.first.clone());
                search.right.push(BTreeSet::new());
                search.firsts.len() - 1
            });
            search.right[first].insert(second);
        }
        search
    }

    fn chance(&self) -> f64 {
        let shares = self
            .right
            .iter()
            .map(|right| right.len() as f64 / self.seconds.len() as f64);
        shares.sum::<f64>() / self.right.len() as f64
    }

    /// At which place the first right text stands for each that is asked with, from 1: behind all that are nearer, and in the middle
    /// of those that are as near but for rounding. Not a number where a state is none: what is missing must not look like a good answer.
    ///
    /// # Shapes
    /// - `firsts`, `seconds`: rows of `width` numbers
    fn ranks(&self, firsts: &[f32], seconds: &[f32], width: usize) -> Vec<f64> {
        let (firsts, seconds) = (unit(firsts, width), unit(seconds, width));
        let rank = |(first, right): (&[f32], &BTreeSet<usize>)| {
            let near: Vec<f32> = seconds.chunks_exact(width).map(|second| dot(first, second)).collect();
            let best = right.iter().map(|place| near[*place]).fold(f32::NEG_INFINITY, f32::max);
            let wrong = || near.iter().enumerate().filter(|(place, _)| !right.contains(place));
            if near.iter().any(|near| near.is_nan()) {
                return f64::NAN;
            }
            let nearer = wrong().filter(|(_, near)| **near > best + ROUNDING).count();
            let as_near = wrong().filter(|(_, near)| (**near - best).abs() <= ROUNDING).count();
            1.0 + nearer as f64 + as_near as f64 / 2.0
        };
        firsts.chunks_exact(width).zip(&self.right).map(rank).collect()
    }
}

/// How far cosines of the same numbers in another order may be apart.
const ROUNDING: f32 = 1e-6;

/// Rows of length 1; one of zeros stays what it is.
fn unit(rows: &[f32], width: usize) -> Vec<f32> {
    let mut rows = rows.to_vec();
    for row in rows.chunks_exact_mut(width) {
        let length = dot(row, row).sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|number| *number /= length);
        }
    }
    rows
}

/// In eight sums side by side, which a processor adds to at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0f32; 8];
    for (a, b) in a.zip(b) {
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum += a[place] * b[place];
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// What a rank is worth: 1 where it is the first one, one half where one other text is as near, as ties count everywhere.
fn credit(rank: f64) -> Credit {
    match rank {
        1.0 => Credit::Right,
        1.5 => Credit::Tie,
        _ => Credit::Wrong,
    }
}

/// Pairs in tokens.
struct Retrieval {
    search: Search,
    /// First those that are asked with, then those that are to be found.
    texts: Vec<Vec<Vec<u32>>>,
    told: Vec<String>,
}

impl Retrieval {
    fn of(pairs: &[TextPair], ground: &Ground) -> Self {
        let search = Search::of(pairs);
        let all = search.firsts.iter().chain(&search.seconds).map(String::as_str);
        let (texts, cut) = whole_texts(all, &ground.corpus.tokenizer, ground.window);
        let equal = pairs.iter().filter(|pair| pair.first == pair.second).count();
        let (task, all) = (ground.task, texts.len());
        let mut told = Vec::new();
        if cut > 0 {
            told.push(format!(
                "{task}: {cut} of {all} texts are longer than the window and lose their end"
            ));
        }
        if equal > 0 {
            told.push(format!(
                "{task}: {equal} of {} pairs are of a text and the same text again",
                pairs.len()
            ));
        }
        Self { search, texts, told }
    }
}

impl Evaluation for Retrieval {
    fn warnings(&self) -> Vec<String> {
        self.told.clone()
    }

    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let (model, task) = (subject.model, subject.ground.task);
        let special = subject.ground.corpus.tokenizer.vocabulary().special;
        let (width, last) = (model.config().width, model.config().layers);
        let counter = Counter::new(subject.told, 2 * (last + 1), "layers");
        let mut judgement = Judgement::default();
        for (encoder, brackets) in [
            (&*model.reader(), String::new()),
            (&untrained(subject), format!("[{UNTRAINED}]")),
        ] {
            let states = States::of(model, encoder, &self.texts, special);
            let layers: Vec<usize> = (0..states.layers()).collect();
            let ranks = side_by_side(layers, at_a_time(subject.device), |layer| {
                let states = states.wholes(layer);
                let (firsts, seconds) = states.split_at(self.search.firsts.len() * width);
                let ranks = self.search.ranks(firsts, seconds, width);
                counter.add(1);
                ranks
            });
            let mut told = |task: String, ranks: &[f64]| {
                let mean =
                    |of: &dyn Fn(f64) -> f64| ranks.iter().map(|rank| of(*rank)).sum::<f64>() / ranks.len() as f64;
                let values = [
                    (
                        RECALL_AT_1,
                        mean(&|rank| if rank.is_nan() { rank } else { credit(rank).worth() }),
                    ),
                    (RECIPROCAL_RANK, mean(&|rank| 1.0 / rank)),
                ];
                judgement.findings.extend(values.map(|(metric, value)| Finding {
                    task: task.clone(),
                    metric: format!("{metric}{brackets}"),
                    value,
                }));
            };
            for (layer, ranks) in ranks.iter().enumerate() {
                told(format!("{task}/layer-{layer}"), ranks);
            }
            let Some(ranks) = ranks.last() else { continue };
            told(task.to_owned(), ranks);
            if brackets.is_empty() && ranks.iter().all(|rank| rank.is_finite()) {
                judgement.items.push(Items {
                    task: task.to_owned(),
                    metric: RECALL_AT_1.to_owned(),
                    part: "texts".to_owned(),
                    paradigm: "texts".to_owned(),
                    credits: ranks.iter().map(|rank| credit(*rank).letter()).collect(),
                    text: String::new(),
                    together: 1,
                });
            }
        }
        Ok(judgement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: &str, second: &str) -> TextPair {
        TextPair {
            first: first.to_owned(),
            second: second.to_owned(),
            label: None,
            place: String::new(),
        }
    }

    #[test]
    fn a_rank_is_that_of_the_nearest_right_text_and_ties_share_their_places() {
        let search = Search::of(&[pair("a", "x"), pair("b", "y"), pair("c", "z"), pair("a", "y")]);
        assert_eq!((search.firsts.len(), search.seconds.len()), (3, 3));
        assert!((search.chance() - (2.0 + 1.0 + 1.0) / 9.0).abs() < 1e-12);
        // `a` may find x or y; z is as near to b as y is; y is nearer to c than z, and lengths do not matter.
        let firsts = [9.0, 0.0, 0.0, 2.0, 0.1, 5.0];
        let seconds = [7.0, 0.1, 0.0, 1.0, 0.0, 4.0];
        assert_eq!(search.ranks(&firsts, &seconds, 2), [1.0, 1.5, 1.5]);
        let seconds = [7.0, 0.1, 0.0, 1.0, 1.0, 1.0];
        assert_eq!(search.ranks(&firsts, &seconds, 2), [1.0, 1.0, 2.0]);
        // Who says the same of everything finds nothing more often than chance.
        let ranks = search.ranks(&[1.0; 6], &[1.0; 6], 2);
        assert_eq!(ranks, [1.5, 2.0, 2.0]);
        assert_eq!([1.0, 1.5, 2.0].map(|rank| credit(rank).worth()), [1.0, 0.5, 0.0]);
        assert_eq!(unit(&[0.0; 2], 2), [0.0; 2]);
        // The same numbers added up in another order are as near; what is no number finds nothing.
        let search = Search::of(&[pair("a", "x"), pair("b", "y")]);
        let near = [0.1f32 + 0.2 + 0.3, 0.3f32 + 0.2 + 0.1];
        assert_eq!(
            search.ranks(&[1.0, 0.0, 0.0, 1.0], &[near[0], 1.0, near[1], 1.0], 2)[0],
            1.5
        );
        assert!(search.ranks(&[1.0, f32::NAN], &[1.0, 2.0], 1)[1].is_nan());
    }

    #[test]
    fn pairs_of_the_language_are_as_long_as_is_planned_with() {
        let pairs = built(400);
        let words = pairs.iter().flat_map(|pair| [&pair.first, &pair.second]);
        let words: usize = words.map(|text| text.split(' ').count()).sum();
        let mean = words as f64 / (2 * pairs.len()) as f64;
        assert!(
            pairs.len() == 400 && (mean - WORDS).abs() < 0.3,
            "{mean} words in a sentence"
        );
    }

    #[test]
    fn products_of_any_length_are_whole() {
        let numbers: Vec<f32> = (1..=19).map(|number| number as f32).collect();
        assert_eq!(dot(&numbers, &numbers), 2470.0);
        assert_eq!(dot(&numbers[..3], &numbers[1..4]), 2.0 + 6.0 + 12.0);
    }
}
