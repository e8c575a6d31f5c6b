//! `cloze score`: a score for every line of a text.

use super::lines::{each_part, load};
use crate::arguments::ScoreArguments;
use crate::plain::json_line;
use crate::terminal::say;
use cloze_foundation::Result;
use cloze_runner::score::{Scored, Scorer};
use std::fmt::Write as _;

/// What is counted over all lines.
#[derive(Default)]
struct Counts {
    lines: usize,
    cut: usize,
    unknown: usize,
    same: usize,
}

/// Gives `print` a line for every line.
///
/// # Errors
/// No such model, a rule that it does not have, a text that cannot be read.
pub fn score(arguments: &ScoreArguments, print: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let ScoreArguments { asked, rule, json } = arguments;
    let loaded = load(asked)?;
    let mut scorer = Scorer::new(&loaded, rule.as_deref())?;
    say(&format!("{}: {}", scorer.rule().name, scorer.rule().meaning));
    let mut counts = Counts::default();
    if !json {
        print("score\tper_token\ttokens\ttext\n")?;
    }
    each_part(&asked.text, &mut |lines| {
        let mut text = String::new();
        for scored in scorer.score(lines)? {
            counts.lines += 1;
            counts.cut += usize::from(scored.cut);
            counts.unknown += usize::from(scored.unknown > 0);
            counts.same += usize::from(scored.same_as.is_some());
            text += &match json {
                true => json_line(&scored)?,
                false => line(&scored),
            };
        }
        print(&text)
    })?;
    let window = loaded.window();
    for (count, what) in [
        (
            counts.cut,
            format!("are longer than the window of {window} tokens and are scored without their end"),
        ),
        (
            counts.unknown,
            "have tokens that the tokenizer does not know, which are not scored".to_owned(),
        ),
        (
            counts.same,
            "are to the tokenizer the same as an earlier line, and tie with it".to_owned(),
        ),
    ] {
        if count > 0 {
            say(&format!("{count} of {} lines {what}", counts.lines));
        }
    }
    Ok(())
}

fn line(scored: &Scored) -> String {
    let mut line = format!("{:.4}\t", scored.score);
    if let Some(each) = scored.per_token {
        let _ = write!(line, "{each:.4}");
    }
    let _ = writeln!(line, "\t{}\t{}", scored.tokens, scored.text);
    line
}
