//! Which items of an evaluation a run got right: what the last judgement says of every single one, in a file of its own.
//!
//! A row holds the items of one paradigm in the set's order, a character for each, so that a set of thousands is a few
//! kilobytes a run. docs/metrics.md describes the file for users.

use crate::Label;
use crate::parquet::{decode, encode, value};
use cloze_foundation::Result;
use polars::prelude::{Column, DataFrame, DataType, PolarsResult};

/// Version of the columns, in the metadata of every file. Columns are only ever added.
pub const ITEMS_VERSION: u32 = 1;
/// The key of the version in a file's metadata.
pub const ITEMS_KEY: &str = "cloze.items_version";
/// The file with the items of every run that is done, beside the metrics.
pub const ITEMS_FILE: &str = "items.parquet";

/// The metric of a sample: its [text](Items::text) is to be looked at, and it has no credits.
pub const SAMPLE: &str = "sample";

/// What an item is worth: 0, one half, 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// Not right.
    Wrong,
    /// As right as wrong.
    Tie,
    /// Right.
    Right,
}

impl Credit {
    const ALL: [(Self, char, f64); 3] = [(Self::Wrong, '0', 0.0), (Self::Tie, '1', 0.5), (Self::Right, '2', 1.0)];

    fn line(self) -> (Self, char, f64) {
        Self::ALL[self as usize]
    }

    /// As it stands in a file: `0`, `1` or `2`.
    pub fn letter(self) -> char {
        self.line().1
    }

    /// 0, 0.5 or 1.
    pub fn worth(self) -> f64 {
        self.line().2
    }
}

/// The items of one paradigm under one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
    /// The evaluation, by the name that the experiment gives it.
    pub task: String,
    /// The metric that is the mean of the items' worth: `accuracy`, `accuracy[left-to-right]`.
    pub metric: String,
    /// The phenomenon.
    pub part: String,
    /// The paradigm within it.
    pub paradigm: String,
    /// A letter for each item, in the set's order: `0` wrong, `1` a tie, `2` right.
    pub credits: String,
    /// What the model wrote, where the metric is [`SAMPLE`]: what it was given, a line break, its answer. Otherwise empty.
    pub text: String,
    /// How many neighbours belong together, as two pairs that mirror each other do: other items of the kind would be other
    /// such groups. 1 where each stands by itself.
    pub together: u32,
}

impl Items {
    /// A sample: which of a kind it is, what the model was given, and its answer.
    pub fn sample(task: &str, kind: &str, which: usize, given: &str, answer: &str) -> Self {
        Self {
            task: task.to_owned(),
            metric: SAMPLE.to_owned(),
            part: kind.to_owned(),
            paradigm: which.to_string(),
            credits: String::new(),
            text: format!("{}\n{answer}", given.replace('\n', " ")),
            together: 1,
        }
    }

    /// What each item is worth, in the set's order.
    ///
    /// # Errors
    /// A letter that is none of the three.
    pub fn worths(&self) -> std::result::Result<Vec<f64>, String> {
        let worth = |letter: char| {
            let known = Credit::ALL.iter().find(|(_, known, _)| *known == letter);
            known
                .map(|(.., worth)| *worth)
                .ok_or_else(|| format!("`{letter}` is no credit"))
        };
        self.credits.chars().map(worth).collect()
    }

    /// What each group of neighbours is worth, so that the mean over groups is the mean over items; a last group that is not
    /// whole counts by its size.
    ///
    /// # Errors
    /// A letter that is none of the three.
    pub fn worths_of_groups(&self) -> std::result::Result<Vec<f64>, String> {
        let worths = self.worths()?;
        let groups = worths.chunks(self.together.max(1) as usize);
        let share = groups.len() as f64 / worths.len().max(1) as f64;
        Ok(groups.map(|group| group.iter().sum::<f64>() * share).collect())
    }
}

/// The items of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunItems {
    /// Whose they are.
    pub label: Label,
    /// Paradigm by paradigm.
    pub items: Vec<Items>,
}

/// The column of [`Items::together`]. Files of before it have none: their items stand by themselves.
const TOGETHER: &str = "together";

/// The column of [`Items::text`]. Files of before it have none, and no samples.
const TEXT: &str = "text";

/// A column of words.
type Word = (&'static str, fn(&Label, &Items) -> String);

const WORDS: [Word; 8] = [
    ("run", |label, _| label.run.clone()),
    ("arm", |label, _| label.arm.clone()),
    ("data", |label, _| label.data.clone()),
    ("task", |_, items| items.task.clone()),
    ("metric", |_, items| items.metric.clone()),
    ("part", |_, items| items.part.clone()),
    ("paradigm", |_, items| items.paradigm.clone()),
    ("credits", |_, items| items.credits.clone()),
];

/// Items as a file. Equal items give equal bytes.
///
/// # Errors
/// polars' own words if it refuses.
pub fn to_bytes(runs: &[RunItems]) -> Result<Vec<u8>> {
    encode((ITEMS_KEY, ITEMS_VERSION), || frame(runs))
}

fn frame(runs: &[RunItems]) -> PolarsResult<DataFrame> {
    let rows: Vec<(&Label, &Items)> = runs
        .iter()
        .flat_map(|RunItems { label, items }| items.iter().map(move |items| (label, items)))
        .collect();
    let mut columns: Vec<Column> = WORDS
        .iter()
        .map(|(name, of)| {
            let words: Vec<String> = rows.iter().map(|(label, items)| of(label, items)).collect();
            Column::new((*name).into(), words)
        })
        .collect();
    let seeds: Vec<u64> = rows.iter().map(|(label, _)| label.seed).collect();
    let attempts: Vec<u32> = rows.iter().map(|(label, _)| label.attempt).collect();
    columns.insert(2, Column::new("seed".into(), seeds));
    columns.insert(3, Column::new("attempt".into(), attempts));
    let together: Vec<u32> = rows.iter().map(|(_, items)| items.together).collect();
    columns.push(Column::new(TOGETHER.into(), together));
    let texts: Vec<&str> = rows.iter().map(|(_, items)| items.text.as_str()).collect();
    columns.push(Column::new(TEXT.into(), texts));
    DataFrame::new(rows.len(), columns)
}

/// The items of a file.
///
/// # Errors
/// Why it cannot be read: damaged, of a later version, or not ours.
pub fn from_bytes(bytes: &[u8]) -> std::result::Result<Vec<RunItems>, String> {
    match value(bytes, ITEMS_KEY)?.map(|version| version.parse::<u32>()) {
        Some(Ok(version)) if version <= ITEMS_VERSION => {}
        Some(Ok(version)) => {
            return Err(format!(
                "items of version {version}, this cloze knows up to {ITEMS_VERSION}"
            ));
        }
        Some(Err(_)) | None => return Err(format!("no {ITEMS_KEY} in its metadata")),
    }
    runs(&decode(bytes)?)
}

fn runs(frame: &DataFrame) -> std::result::Result<Vec<RunItems>, String> {
    let column = |name: &str, kind: DataType| {
        let column = frame.column(name).map_err(|error| error.to_string())?;
        let cast = column.strict_cast(&kind);
        cast.ok()
            .filter(|cast| cast.null_count() == 0)
            .ok_or_else(|| format!("column `{name}` holds {} or empty cells", column.dtype()))
    };
    let strings = |name: &str| {
        let column = column(name, DataType::String)?;
        let texts = column.str().map_err(|error| error.to_string())?;
        Ok::<Vec<String>, String>(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    };
    let mut words = Vec::new();
    for (name, _) in &WORDS {
        words.push(strings(name)?);
    }
    let mut texts = match frame.column(TEXT) {
        Ok(_) => strings(TEXT)?,
        Err(_) => vec![String::new(); frame.height()],
    };
    let counts = |name: &str| {
        let column = column(name, DataType::UInt64)?;
        let counts = column.u64().map_err(|error| error.to_string())?;
        Ok::<Vec<u64>, String>(counts.into_no_null_iter().collect())
    };
    let (seeds, attempts) = (counts("seed")?, counts("attempt")?);
    let together = match frame.column(TOGETHER) {
        Ok(_) => counts(TOGETHER)?,
        Err(_) => vec![1; frame.height()],
    };
    let mut found: Vec<RunItems> = Vec::new();
    for row in 0..frame.height() {
        let [run, arm, data, task, metric, part, paradigm, credits] =
            std::array::from_fn(|column| std::mem::take(&mut words[column][row]));
        let attempt = u32::try_from(attempts[row]).map_err(|_| format!("attempt {}?", attempts[row]))?;
        let label = Label {
            run,
            arm,
            seed: seeds[row],
            attempt,
            data,
        };
        let items = Items {
            task,
            metric,
            part,
            paradigm,
            credits,
            text: std::mem::take(&mut texts[row]),
            together: u32::try_from(together[row]).map_err(|_| format!("{} items together?", together[row]))?,
        };
        items.worths()?;
        match found.last_mut().filter(|last| last.label == label) {
            Some(last) => last.items.push(items),
            None => found.push(RunItems {
                label,
                items: vec![items],
            }),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, seed: u64, credits: &[&str]) -> RunItems {
        let label = Label {
            run: name.to_owned(),
            arm: "mlm rate=0.4".to_owned(),
            seed,
            attempt: 2,
            data: "of seed".to_owned() + &seed.to_string(),
        };
        let items = |credits: &&str| Items {
            task: "minimal-pairs".to_owned(),
            metric: "accuracy[ärger]".to_owned(),
            part: "agreement".to_owned(),
            paradigm: format!("of {}", credits.len()),
            credits: (*credits).to_owned(),
            text: String::new(),
            together: 2,
        };
        RunItems {
            label,
            items: credits.iter().map(items).collect(),
        }
    }

    #[test]
    fn items_are_read_as_they_were_written_and_equal_ones_are_equal_bytes() {
        let runs = [
            run("a", 1, &["0120", ""]),
            run("a", u64::MAX, &["2"]),
            run("b", 1, &["0"]),
        ];
        let mut runs = runs.to_vec();
        runs[2]
            .items
            .push(Items::sample("samples", "fill-in", 1, "the ____\nsleeps", "boy 40 %"));
        assert_eq!(runs[2].items[1].text, "the ____ sleeps\nboy 40 %");
        let bytes = to_bytes(&runs).unwrap();
        assert_eq!(from_bytes(&bytes).unwrap(), runs);
        assert_eq!(to_bytes(&runs).unwrap(), bytes);
        assert_eq!(from_bytes(&to_bytes(&[]).unwrap()).unwrap(), []);
        assert_eq!(runs[0].items[0].worths().unwrap(), [0.0, 0.5, 1.0, 0.0]);
        for (credit, letter, worth) in Credit::ALL {
            assert_eq!((credit.letter(), credit.worth()), (letter, worth));
        }
    }

    #[test]
    fn neighbours_that_belong_together_are_one_and_the_mean_stays() {
        let items = |credits: &str| run("a", 1, &[credits]).items.remove(0);
        assert_eq!(items("220120").worths_of_groups().unwrap(), [1.0, 0.25, 0.5]);
        // Of five items two groups are whole.
        let worths = items("22002").worths_of_groups().unwrap();
        assert!((worths.iter().sum::<f64>() / 3.0 - 0.6).abs() < 1e-12, "{worths:?}");
        let alone = Items {
            together: 1,
            ..items("012")
        };
        assert_eq!(alone.worths_of_groups().unwrap(), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn items_without_the_column_stand_by_themselves() {
        let runs = [run("a", 1, &["0120"])];
        let old = encode((ITEMS_KEY, ITEMS_VERSION), || frame(&runs)?.drop(TOGETHER)).unwrap();
        assert_eq!(from_bytes(&old).unwrap()[0].items[0].together, 1);
        let old = encode((ITEMS_KEY, ITEMS_VERSION), || frame(&runs)?.drop(TEXT)).unwrap();
        assert_eq!(from_bytes(&old).unwrap(), runs);
    }

    #[test]
    fn a_set_of_thousands_is_small() {
        let letters = ["0", "1", "2"];
        let credits: Vec<String> = (0..26)
            .map(|paradigm: usize| {
                (0..50)
                    .map(|item| letters[(item * item * 7 + paradigm * 13) % 3])
                    .collect()
            })
            .collect();
        let credits: Vec<&str> = credits.iter().map(String::as_str).collect();
        let bytes = to_bytes(&[run("a", 1, &credits)]).unwrap();
        assert!(bytes.len() < 6000, "{} bytes", bytes.len());
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        assert!(from_bytes(b"no parquet").is_err());
        let metrics = crate::parquet::to_bytes(&[]).unwrap();
        assert!(from_bytes(&metrics).unwrap_err().contains(ITEMS_KEY));
        let foreign = to_bytes(&[run("a", 1, &["013"])]).unwrap();
        assert!(from_bytes(&foreign).unwrap_err().contains("`3` is no credit"));
        let later = encode((ITEMS_KEY, ITEMS_VERSION + 1), || frame(&[])).unwrap();
        assert!(from_bytes(&later).unwrap_err().contains("version 2"));
        let bytes = to_bytes(&[run("a", 1, &["0120"])]).unwrap();
        for cut in 0..bytes.len() {
            assert!(from_bytes(&bytes[..cut]).is_err(), "{cut} bytes");
        }
    }
}
