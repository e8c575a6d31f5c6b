//! Questions whose answers stand in a text: SQuAD's JSON (Rajpurkar et al. 2016).

use super::{Bounds, MOST_BYTES, text};
use crate::reader::{BYTE_ORDER_MARK, unread, with_bytes};
use cloze_foundation::{Fault, Result};
use serde::Deserialize;
use serde_json::error::Category;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Endings of its files, which may be followed by `.gz`.
pub const QUESTIONS: &[&str] = &[".json"];
/// Answers that a question may have.
const MOST_ANSWERS: usize = 1000;

/// A question about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub question: String,
    /// The text that the answer stands in.
    pub context: Arc<str>,
    /// Answers of several people, at least one.
    pub answers: Vec<Answer>,
    /// File and the question's id.
    pub place: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// As it stands in the text.
    pub text: String,
    /// Its first byte there.
    pub start: usize,
}

#[derive(Deserialize)]
struct File {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    question: String,
    #[serde(default)]
    answers: Vec<Given>,
    #[serde(default)]
    is_impossible: bool,
}

#[derive(Deserialize)]
struct Given {
    text: String,
    /// In characters (Unicode code points), as Python counts them.
    answer_start: usize,
}

/// Reads the questions of a file in SQuAD's format, `.json` or `.json.gz`, in their order.
///
/// # Errors
/// An unreadable file, other JSON, a question without an answer, an answer that does not stand in its text where the file
/// says, an id that two questions have, a file without a question: usage faults with file and line.
pub fn read_squad(path: &Path) -> Result<Vec<Question>> {
    let json = with_bytes(path, None, |reader| {
        let mut json = String::new();
        let mut limited = reader.take(MOST_BYTES as u64 + 1);
        limited
            .read_to_string(&mut json)
            .map_err(|error| unread(path, None, &error))?;
        Ok(json)
    })?;
    let mut bounds = Bounds::of(path);
    bounds.bytes = json.len();
    let at = |line: usize| format!("{}:{line}", path.display());
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&json);
    if json.len() > MOST_BYTES {
        bounds.add(0)?;
    }
    let file: File = serde_json::from_str(json).map_err(|error| {
        Fault::usage(wrong(&error))
            .at(format!("{}:{}", at(error.line().max(1)), error.column().max(1)))
            .remedy("it is { \"data\": [{ \"paragraphs\": [{ \"context\": .., \"qas\": [{ \"id\": .., \"question\": .., \"answers\": [..] }] }] }] }")
    })?;
    let (mut questions, mut ids) = (Vec::new(), HashSet::new());
    for Paragraph { context, qas } in file.data.into_iter().flat_map(|article| article.paragraphs) {
        let context: Arc<str> = context.into();
        for asked in qas {
            let id = asked.id.clone();
            // The parser keeps no places; an id stands in the file as it is, or nearly so.
            let place = || {
                let before = json.find(&format!("\"{id}\"")).unwrap_or(0);
                let line = 1 + json.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count();
                format!("{}, question `{}`", at(line), id.escape_debug())
            };
            bounds.add(0).map_err(|fault| fault.at(place()))?;
            if !ids.insert(asked.id.clone()) {
                return Err(Fault::usage("two questions have this id").at(place()));
            }
            let place_of = format!("{}, question `{}`", path.display(), id.escape_debug());
            questions.push(question(asked, &context, place_of).map_err(|fault| fault.at(place()))?);
        }
    }
    bounds.end("question")?;
    Ok(questions)
}

/// What is wrong with a file, in our own words: a parser's are about its types.
fn wrong(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let missing = said
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'));
    match (missing, error.classify()) {
        (Some((key, _)), _) => format!("this is not SQuAD's format: there is no `{key}`"),
        (None, Category::Data) => "this is not SQuAD's format: something else stands here".to_owned(),
        (None, Category::Eof) => "the JSON ends in the middle".to_owned(),
        (None, Category::Io | Category::Syntax) => "this is not JSON".to_owned(),
    }
}

fn question(asked: Asked, context: &Arc<str>, place: String) -> Result<Question> {
    text(context, "context")?;
    if asked.is_impossible || asked.answers.is_empty() {
        return Err(Fault::usage("the question has no answer")
            .remedy("questions that cannot be answered (SQuAD 2.0) are not judged: leave them out"));
    }
    if asked.answers.len() > MOST_ANSWERS {
        return Err(
            Fault::usage(format!("the question has {} answers", asked.answers.len()))
                .allowed([format!("up to {MOST_ANSWERS}")]),
        );
    }
    let answer = |given: Given| {
        text(&given.text, "answer")?;
        let start = context.char_indices().nth(given.answer_start).map(|(byte, _)| byte);
        let start = start.filter(|start| context[*start..].starts_with(&given.text));
        start
            .map(|start| Answer {
                text: given.text.clone(),
                start,
            })
            .ok_or_else(|| {
                let shown: String = given.text.chars().take(60).collect();
                let found = context.find(&given.text).map(|byte| context[..byte].chars().count());
                let fault = Fault::usage(format!(
                    "the answer `{}` does not stand at character {} of its context",
                    shown.escape_debug(),
                    given.answer_start
                ));
                match found {
                    Some(found) => fault.remedy(format!("it stands at {found}; characters are counted from 0")),
                    None => fault.remedy("it stands nowhere in the context"),
                }
            })
    };
    Ok(Question {
        question: text(&asked.question, "question")?.to_owned(),
        context: context.clone(),
        answers: asked.answers.into_iter().map(answer).collect::<Result<_>>()?,
        place,
    })
}
