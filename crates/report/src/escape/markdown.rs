//! Text inside Markdown.

/// Names are shown as they are: no links, no emphasis, no tags, no broken cells, no headings or lists. What is harmless
/// where it stands is left alone, so that tables read well as plain text.
pub(crate) fn escape(text: &str) -> String {
    let letters: Vec<char> = super::shown(text).collect();
    let mut safe = String::with_capacity(text.len());
    let block = block(&letters);
    for (place, letter) in letters.iter().copied().enumerate() {
        let next = letters.get(place + 1).copied();
        let is_inside_word = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        let before = place.checked_sub(1).map(|before| letters[before]);
        match letter {
            _ if block == Some(place) => safe.extend(['\\', letter]),
            '|' | '*' | '`' | '\\' | '~' => safe.extend(['\\', letter]),
            // Emphasis begins and ends at the edge of a word.
            '_' if !is_inside_word(before) || !is_inside_word(next) => safe.extend(['\\', letter]),
            // A link is a bracket with its target, or its reference, right behind it.
            ']' if next.is_some_and(|next| "([:".contains(next)) => safe.extend(['\\', letter]),
            // `p < 0.001` needs no help; only what would begin a tag or a link does.
            '<' if next.is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(next)) => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// The place of the letter that makes the beginning of a line a heading, a rule or a list.
fn block(letters: &[char]) -> Option<usize> {
    let is_space = |place: usize| letters.get(place).is_none_or(|letter| letter.is_whitespace());
    let run = |letter: char| letters.iter().take_while(|next| **next == letter).count();
    let digits = letters.iter().take_while(|letter| letter.is_ascii_digit()).count();
    match letters.first()? {
        '#' if is_space(run('#')) => Some(0),
        letter @ ('-' | '+') if is_space(1) || run(*letter) > 2 => Some(0),
        '=' if is_space(run('=')) => Some(0),
        _ if digits > 0 && is_space(digits + 1) && matches!(letters.get(digits), Some('.' | ')')) => Some(digits),
        _ => None,
    }
}
