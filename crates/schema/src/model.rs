//! Arms that nobody trains: folders that others trained, judged beside the runs of a plan.

use crate::RunData;
use crate::data::is_same;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// A folder with a model that others trained. It is judged once, as it is: it has no seeds and no budget that anybody here
/// knows of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedModel {
    /// Hash of what is judged by what, 16 hexadecimal digits.
    pub id: String,
    /// The arm's name.
    pub arm: String,
    /// The folder, as the experiment names it.
    pub folder: PathBuf,
    /// What transformers calls the class of the model.
    pub class: String,
    /// How it scores sentences; `None` for a model that has no head to do so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What its card says of how it was trained, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// What decides what is found of it, beside the data: the text, the evaluations, the seed of what they draw.
    pub config: Value,
    /// The text in its tokens, its tokenizer, what the evaluations read, and its weights as [`RunData::start`]; `None` where the
    /// plan was made without looking at them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<RunData>,
}

impl PlannedModel {
    /// Whether it is the same model judged by the same, under the same name.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.id, &self.arm) == (&other.id, &other.arm) && is_same(self.data.as_ref(), other.data.as_ref())
    }

    /// Digits of what is judged, whatever judges it: weights, tokenizer and text. The column `data` of its metrics.
    pub fn judged(&self) -> Option<String> {
        self.data.as_ref().map(judged)
    }
}

/// [`PlannedModel::judged`] of these data.
pub fn judged(data: &RunData) -> String {
    let mut data = data.clone();
    data.tasks.clear();
    data.short()
}

/// What is left out at the end of what is said.
const MORE: &str = " ...";

/// The beginning of what is said, of at most so many characters, with dots in the place of the rest. No word is cut but one that is
/// longer than all of that.
pub fn excerpt(said: &str, characters: usize) -> String {
    if said.chars().count() <= characters {
        return said.to_owned();
    }
    let room = characters.saturating_sub(MORE.len());
    let end = said.char_indices().nth(room).map_or(said.len(), |(end, _)| end);
    let (begins, rest) = said.split_at(end);
    let whole = match rest.starts_with(char::is_whitespace) {
        true => begins,
        false => begins
            .rsplit_once(char::is_whitespace)
            .map_or(begins, |(words, _)| words),
    };
    format!("{}{MORE}", whole.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_with_a_whole_word() {
        let said = "one million steps of 256 sequences";
        assert_eq!(excerpt(said, 34), said);
        assert_eq!(excerpt(said, 33), "one million steps of 256 ...");
        assert_eq!(excerpt(said, 28), "one million steps of 256 ...");
        assert_eq!(excerpt(said, 27), "one million steps of ...");
        // Cut again it is the same, and nothing is left out of it.
        assert_eq!(excerpt(&excerpt(said, 27), 27), "one million steps of ...");
        assert_eq!(excerpt("éééééééééé éé", 9), "ééééé ...");
    }
    use std::collections::BTreeMap;

    #[test]
    fn other_weights_are_another_model_and_another_judge_is_not() {
        let data = RunData {
            start: Some("weights".to_owned()),
            tasks: BTreeMap::from([("blimp".to_owned(), "b".to_owned())]),
            ..RunData::default()
        };
        let model = PlannedModel {
            id: "1".to_owned(),
            arm: "tiny".to_owned(),
            folder: "tiny".into(),
            class: "BertModel".to_owned(),
            rule: None,
            card: None,
            config: Value::Null,
            data: Some(data.clone()),
        };
        let with = |data: RunData| PlannedModel {
            data: Some(data),
            ..model.clone()
        };
        let weights = with(RunData {
            start: Some("others".to_owned()),
            ..data.clone()
        });
        let judges = with(RunData {
            tasks: BTreeMap::new(),
            ..data
        });
        assert!(weights.judged() != model.judged() && judges.judged() == model.judged());
        assert!(!weights.is_same(&model) && !judges.is_same(&model) && model.is_same(&model));
        let unseen = PlannedModel {
            data: None,
            ..model.clone()
        };
        assert!(unseen.is_same(&model) && unseen.judged().is_none());
    }
}
