//! One row per score and arm, and one per run, numbers in full, for spreadsheets and notebooks.

use crate::chance::{Against, against};
use crate::compare::Comparison;
use crate::curves::over_seeds;
use crate::escape::csv::{number, word};
use crate::levels::Levels;
use crate::score::Score;
use crate::study::Study;
use cloze_foundation::Result;
use cloze_schema::metric::Better;
use cloze_stats::{Bootstrap, Summary};

/// What a row is made from.
struct Line<'a> {
    study: &'a Study<'a>,
    score: &'a Score,
    arm: usize,
    field: Option<&'a str>,
    found: Summary,
    /// Of arms that are told of, where chance is known.
    against: Option<Against>,
    /// Where the score leads and the arm has a baseline.
    compared: Option<&'a Comparison>,
}

impl Line<'_> {
    /// What a loss is held against.
    fn levels(&self) -> Levels {
        match self.score.unit() {
            Score::NATS => self.study.view.levels(&self.score.task, &[self.arm]),
            _ => Levels::default(),
        }
    }

    /// The cell of a comparison, empty without one.
    fn paired(&self, cell: impl Fn(&Comparison) -> Option<f64>) -> String {
        number(self.compared.and_then(cell))
    }

    /// The cell of what items say of the arm itself.
    fn items(&self, cell: impl Fn(&Bootstrap) -> f64) -> String {
        number(self.against.and_then(|one| one.items).map(|items| cell(&items)))
    }
}

/// A column: its heading and its cell.
type Column = (&'static str, fn(&Line) -> String);

const COLUMNS: &[Column] = &[
    ("task", |line| word(&line.score.task)),
    ("metric", |line| word(&line.score.metric)),
    ("arm", |line| word(line.study.name(line.arm))),
    ("chance", |line| number(line.score.chance())),
    ("higher_is_better", |line| match line.score.better() {
        Better::Neither => String::new(),
        better => (better == Better::Higher).to_string(),
    }),
    ("seeds", |line| line.found.n.to_string()),
    ("mean", |line| line.found.mean.to_string()),
    ("sd", |line| number(line.found.sd)),
    ("low", |line| number(line.found.interval.map(|found| found.low))),
    ("high", |line| number(line.found.interval.map(|found| found.high))),
    ("baseline", |line| {
        line.compared
            .map(|one| word(line.study.name(one.baseline)))
            .unwrap_or_default()
    }),
    ("pairs", |line| {
        line.compared.map(|one| one.by.n.to_string()).unwrap_or_default()
    }),
    ("delta", |line| line.paired(|one| Some(one.by.delta))),
    ("delta_low", |line| {
        line.paired(|one| one.by.interval.map(|found| found.low))
    }),
    ("delta_high", |line| {
        line.paired(|one| one.by.interval.map(|found| found.high))
    }),
    ("p_sign_flip", |line| {
        line.paired(|one| (one.by.n > 1).then_some(one.exact))
    }),
    ("p_sign_flip_holm", |line| {
        line.paired(|one| (one.by.n > 1 && one.look.is_none()).then_some(one.exact_holm))
    }),
    ("p_t", |line| line.paired(|one| one.by.p)),
    ("p_t_holm", |line| {
        line.paired(|one| one.t_holm.filter(|_| one.look.is_none()))
    }),
    ("p_better", |line| line.paired(|one| Some(one.wins))),
    ("correlation", |line| line.paired(|one| one.by.correlation)),
    ("verdict", |line| {
        line.compared
            .map(|one| format!("{:?}", one.verdict))
            .unwrap_or_default()
    }),
    // Columns are only ever added.
    ("field", |line| line.field.map(word).unwrap_or_default()),
    ("paired", |line| {
        line.compared.map(|one| one.is_paired.to_string()).unwrap_or_default()
    }),
    ("items_low", |line| line.items(|items| items.lo)),
    ("items_high", |line| line.items(|items| items.hi)),
    ("p_chance_holm", |line| number(line.against.and_then(|one| one.p))),
    ("side_of_chance", |line| {
        let side = line.against.and_then(|one| one.side);
        side.map(|side| if side.is_gt() { "above" } else { "below" }.to_owned())
            .unwrap_or_default()
    }),
    ("delta_items_low", |line| {
        line.paired(|one| one.items.map(|items| items.lo))
    }),
    ("delta_items_high", |line| {
        line.paired(|one| one.items.map(|items| items.hi))
    }),
    ("p_items_holm", |line| line.paired(|one| one.items_holm)),
    // More than the seeds where some diverged or gave no number: the mean is over those that are left.
    ("planned", |line| line.study.view.arms[line.arm].seeds.len().to_string()),
    ("unigram_loss", |line| number(line.levels().unigram)),
    ("best_loss", |line| number(line.levels().best)),
    // Fewer than the seeds where some are on the plateau of word frequencies; empty where no loss of the encoder says so.
    ("left_plateau", |line| {
        let onset = line
            .study
            .onsets
            .get(&line.arm)
            .filter(|onset| onset.answerer.is_none());
        onset.map(|onset| onset.left().to_string()).unwrap_or_default()
    }),
    // Where arms were trained until they were decided.
    ("look_seeds", |line| {
        let look = line.compared.and_then(|one| one.look);
        look.map(|look| look.standing.seeds.to_string()).unwrap_or_default()
    }),
    ("t", |line| line.paired(|one| one.look?.standing.t)),
    ("t_different", |line| {
        line.paired(|one| Some(one.look?.boundary?.different))
    }),
    ("t_equivalent", |line| {
        line.paired(|one| Some(one.look?.boundary?.equivalent))
    }),
];

/// What is held against chance together.
enum Group {
    /// All arms on a score.
    Arms(Score),
    /// Some parts of a score, each arm by itself.
    Parts(Vec<Score>),
}

/// Headlines with their comparisons, then parts, other scores and the mean over tasks.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn whole(study: &Study) -> Result<String> {
    let view = study.view;
    let mut text = joined(|(heading, _)| (*heading).to_owned());
    let headlines = view.headlines();
    // What is asked of chance together: the arms on a headline, the phenomena of one arm, its layers.
    let mut groups: Vec<Group> = headlines.iter().cloned().map(Group::Arms).collect();
    for score in &headlines {
        let (phenomena, layers) = view.parts(score).into_iter().partition(|part| part.layer().is_none());
        groups.extend([phenomena, layers].map(Group::Parts));
    }
    groups.extend(view.others().into_iter().chain(view.aggregate()).map(Group::Arms));
    for group in &groups {
        let mut sides = std::collections::BTreeMap::new();
        let scores = match group {
            Group::Arms(score) => std::slice::from_ref(score),
            Group::Parts(parts) => parts,
        };
        if let Group::Arms(score) = group {
            let found = study.against_chance(score)?;
            sides.extend(found.into_iter().map(|(arm, one)| ((score.clone(), arm), Some(one))));
        } else {
            for arm in &study.told {
                let asked: Vec<(&Score, usize)> = scores.iter().map(|score| (score, *arm)).collect();
                let found = against(view, &asked, 0)?;
                sides.extend(asked.into_iter().map(|(score, arm)| (score.clone(), arm)).zip(found));
            }
        }
        for score in scores {
            let scored = study.scores.iter().find(|scored| scored.score == *score);
            let fields = view.fields(score);
            let mut names: Vec<Option<&str>> = vec![None; view.arms.len()];
            for field in &fields {
                field.arms.iter().for_each(|arm| names[*arm] = field.name.as_deref());
            }
            for (arm, values) in view.finals(score)?.iter().enumerate() {
                let Some(found) = over_seeds(values)? else { continue };
                let line = Line {
                    study,
                    score,
                    arm,
                    field: names[arm],
                    found,
                    against: sides.get(&(score.clone(), arm)).copied().flatten(),
                    compared: scored.and_then(|scored| scored.compared.iter().find(|one| one.arm == arm)),
                };
                text += &joined(|(_, cell)| cell(&line));
            }
        }
    }
    Ok(text)
}

/// A row with one cell a column.
fn joined(cell: impl Fn(&Column) -> String) -> String {
    COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}
