//! What the card of a folder says of how its model was trained. Cards are prose: what stands below the first heading that is
//! about a budget or about training is quoted, cut, and never taken for a number.

use cloze_foundation::Result;
use cloze_foundation::files::head;
use cloze_schema::model::excerpt;
use std::path::Path;

/// The card of a folder of Hugging Face.
const CARD: &str = "README.md";
/// Bytes of a card that are looked at.
const MOST_READ: u64 = 1 << 18;
/// Characters that are quoted at most.
const MOST_QUOTED: usize = 300;
/// What headings speak of, the more telling word first: cards that cloze writes have a budget.
const HEADINGS: [&str; 2] = ["budget", "training"];

/// What the card in a folder says of training; `None` where there is no card, or it says nothing of that.
///
/// # Errors
/// A card that the system does not give.
pub(crate) fn of_training(folder: &Path) -> Result<Option<String>> {
    let Some((bytes, _)) = head(&folder.join(CARD), MOST_READ)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(HEADINGS.iter().find_map(|word| below(&text, word)))
}

/// The text below the first heading with a word, up to the next one, on one line.
fn below(text: &str, word: &str) -> Option<String> {
    let mut lines = without_front_matter(text).lines();
    let is_heading = |line: &str| line.starts_with('#');
    loop {
        lines.find(|line| is_heading(line) && line.to_lowercase().contains(word))?;
        let section = lines.clone().take_while(|line| !is_heading(line));
        let told: Vec<String> = section.filter(|line| !is_rule(line)).map(plain).collect();
        let words: Vec<&str> = told.iter().flat_map(|line| line.split_whitespace()).collect();
        let said: String = words.join(" ").chars().filter(|letter| !letter.is_control()).collect();
        if !said.is_empty() {
            return Some(excerpt(&said, MOST_QUOTED));
        }
    }
}

/// A row of a table as words: `steps: 20;`. Every other line is as it is.
fn plain(line: &str) -> String {
    match line.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        Some(row) => row.split('|').map(str::trim).collect::<Vec<_>>().join(": ") + ";",
        None => line.to_owned(),
    }
}

/// The line below the head of a table.
fn is_rule(line: &str) -> bool {
    let is_drawn = |letter: char| "|-: ".contains(letter);
    line.contains("--") && line.chars().all(is_drawn)
}

/// A card without the lines between `---` that the hub reads.
fn without_front_matter(text: &str) -> &str {
    let inner = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"));
    let end = inner.and_then(|inner| Some(&inner[inner.find("\n---")? + 4..]));
    end.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(card: &[u8]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CARD), card).unwrap();
        of_training(folder.path()).unwrap()
    }

    #[test]
    fn what_stands_below_a_heading_about_training_is_quoted() {
        let card = "---\nlicense: mit\n# training: no\n---\n# Tiny\n\nSmall.\n\n## Training data\n\n## Training procedure\n\nOne million\nsteps of 256\tsequences.\n\n## Limits\n\nMany.\n";
        assert_eq!(said(card.as_bytes()).unwrap(), "One million steps of 256 sequences.");
        // As cloze writes it: a table, which comes before a heading about training.
        let own = "# A\n## Training\n\nx\n## Budget\n\n| axis | used |\n| --- | --- |\n| steps | 20 |\n";
        assert_eq!(said(own.as_bytes()).unwrap(), "axis: used; steps: 20;");
    }

    #[test]
    fn a_card_that_says_nothing_is_none_and_a_long_one_is_cut() {
        for card in [
            "",
            "# Tiny\n",
            "## Training\n\n",
            "---\nno end\n## limits\n",
            "---\n---",
        ] {
            assert_eq!(said(card.as_bytes()), None, "{card:?}");
        }
        assert_eq!(of_training(Path::new("nowhere")).unwrap(), None);
        let long = format!("## Training\n\u{1b}[2J{}", "é ".repeat(1 << 20));
        let found = said(long.as_bytes()).unwrap();
        assert!(found.ends_with("é ...") && found.chars().count() <= MOST_QUOTED && !found.contains('\u{1b}'));
        assert!(said(b"## Training\n\xff\xfe bytes").unwrap().ends_with("bytes"));
    }
}
