//! What is reported of several fine-tuning seeds.

use crate::Finding;
use cloze_schema::metric::{CUT, LEARNING_RATE};
use cloze_schema::{Credit, Items};

/// A metric of all fine-tuning seeds: their mean under its name, and each one's behind it.
pub(crate) fn of_seeds(task: &str, metric: &str, values: &[f64]) -> Vec<Finding> {
    let finding = |metric: String, value: f64| Finding {
        task: task.to_owned(),
        metric,
        value,
    };
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut found = vec![finding(metric.to_owned(), mean)];
    if values.len() > 1 {
        let each = values.iter().enumerate();
        found.extend(each.map(|(seed, value)| finding(format!("{metric}.seed-{}", seed + 1), *value)));
    }
    found
}

/// The learning rate that was chosen.
pub(crate) fn chosen(task: &str, rate: f64) -> Finding {
    Finding {
        task: task.to_owned(),
        metric: LEARNING_RATE.to_owned(),
        value: rate,
    }
}

/// The share of the texts of the test part that the window cuts.
pub(crate) fn share_cut(task: &str, cut: usize, all: usize) -> Finding {
    Finding {
        task: task.to_owned(),
        metric: CUT.to_owned(),
        value: cut as f64 / all.max(1) as f64,
    }
}

/// Which items each seed got right: an item's seeds side by side, so that an item is what is drawn again, and not its answers.
///
/// # Shapes
/// - `right`: of every seed one truth for each item
pub(crate) fn right_of_seeds(task: &str, metric: &str, right: &[Vec<bool>]) -> Items {
    let items = right.first().map_or(0, Vec::len);
    let credit = |right: bool| if right { Credit::Right } else { Credit::Wrong };
    let credits = (0..items).flat_map(|item| right.iter().map(move |seed| credit(seed[item]).letter()));
    Items {
        task: task.to_owned(),
        metric: metric.to_owned(),
        part: "examples".to_owned(),
        paradigm: "examples".to_owned(),
        credits: credits.collect(),
        text: String::new(),
        together: right.len().max(1) as u32,
    }
}
