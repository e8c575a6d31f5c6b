//! Inflection: regular endings by spelling rules, irregular forms from a table.

/// Nouns whose plural is not regular.
const PLURALS: &[(&str, &str)] = &[
    ("child", "children"),
    ("foot", "feet"),
    ("goose", "geese"),
    ("knife", "knives"),
    ("loaf", "loaves"),
    ("mouse", "mice"),
    ("shelf", "shelves"),
    ("thief", "thieves"),
    ("tooth", "teeth"),
    ("wife", "wives"),
    ("wolf", "wolves"),
];

/// Verbs whose past or participle is not regular: base, past, participle.
const VERBS: &str = "bring brought brought, catch caught caught, choose chose chosen, draw drew drawn, drive drove driven, \
    eat ate eaten, fall fell fallen, feed fed fed, find found found, fly flew flown, \
    forget forgot forgotten, give gave given, grow grew grown, hear heard heard, hide hid hidden, \
    hold held held, kneel knelt knelt, know knew known, leave left left, lend lent lent, meet met met, \
    pay paid paid, ride rode ridden, rise rose risen, say said said, see saw seen, sell sold sold, \
    send sent sent, shake shook shaken, show showed shown, shrink shrank shrunk, sing sang sung, \
    sink sank sunk, sleep slept slept, speak spoke spoken, steal stole stolen, swim swam swum, \
    take took taken, teach taught taught, tear tore torn, think thought thought, throw threw thrown, \
    understand understood understood, weep wept wept, write wrote written";

fn is_vowel(letter: char) -> bool {
    "aeiou".contains(letter)
}

/// Ends in one consonant after one stressed vowel: the consonant is doubled before a vowel. Stress is on the last
/// syllable of words of one syllable, and of `forget`.
fn doubles(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let syllables = letters.iter().filter(|letter| is_vowel(**letter)).count();
    match letters.as_slice() {
        [.., before, vowel, last] => {
            (syllables == 1 || word == "forget")
                && is_vowel(*vowel)
                && !is_vowel(*before)
                && !is_vowel(*last)
                && !"wxy".contains(*last)
        }
        _ => false,
    }
}

fn before_y(word: &str) -> Option<&str> {
    word.strip_suffix('y').filter(|stem| !stem.ends_with(is_vowel))
}

/// The `-s` of nouns and verbs.
fn with_s(word: &str) -> String {
    if let Some(stem) = before_y(word) {
        return format!("{stem}ies");
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end));
    if hissing || word.ends_with('o') {
        format!("{word}es")
    } else {
        format!("{word}s")
    }
}

fn with_ed(word: &str) -> String {
    if let Some(stem) = before_y(word) {
        return format!("{stem}ied");
    }
    if word.ends_with('e') {
        return format!("{word}d");
    }
    if doubles(word) {
        format!("{word}{}ed", &word[word.len() - 1..])
    } else {
        format!("{word}ed")
    }
}

fn with_ing(word: &str) -> String {
    match word.strip_suffix('e') {
        Some(stem) if !stem.ends_with('e') => format!("{stem}ing"),
        _ if doubles(word) => format!("{word}{}ing", &word[word.len() - 1..]),
        _ => format!("{word}ing"),
    }
}

/// The plural of a noun.
pub fn plural(noun: &str) -> String {
    if let Some((_, plural)) = PLURALS.iter().find(|(singular, _)| *singular == noun) {
        return (*plural).to_owned();
    }
    match noun.strip_suffix("man") {
        Some(stem) => format!("{stem}men"),
        None => with_s(noun),
    }
}

/// The forms of a verb in the order of [`VERB_FORMS`].
pub fn verb(base: &str) -> Vec<String> {
    let irregular = VERBS.split(", ").find_map(|entry| {
        let mut forms = entry.split(' ');
        (forms.next() == Some(base)).then(|| (forms.next().unwrap_or(base), forms.next().unwrap_or(base)))
    });
    let (past, participle) = match irregular {
        Some((past, participle)) => (past.to_owned(), participle.to_owned()),
        None => (with_ed(base), with_ed(base)),
    };
    vec![
        with_s(base),
        base.to_owned(),
        base.to_owned(),
        past,
        participle,
        with_ing(base),
    ]
}

/// Third person singular present, other present, infinitive, past, participle, progressive.
pub const VERB_FORMS: &[&str] = &["s", "p", "base", "past", "part", "ing"];

/// The adverb of manner of an adjective.
pub fn manner(adjective: &str) -> String {
    if let Some(stem) = before_y(adjective) {
        return format!("{stem}ily");
    }
    if adjective.ends_with("ic") {
        return format!("{adjective}ally");
    }
    match adjective.strip_suffix("le") {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ly"),
        _ => format!("{adjective}ly"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_follows_english() {
        for (singular, many) in [
            ("dog", "dogs"),
            ("city", "cities"),
            ("boy", "boys"),
            ("box", "boxes"),
            ("woman", "women"),
        ] {
            assert_eq!(plural(singular), many);
        }
        for (base, forms) in [
            ("carry", "carries carry carry carried carried carrying"),
            ("bake", "bakes bake bake baked baked baking"),
            ("plan", "plans plan plan planned planned planning"),
            ("write", "writes write write wrote written writing"),
            ("free", "frees free free freed freed freeing"),
            ("forget", "forgets forget forget forgot forgotten forgetting"),
            ("visit", "visits visit visit visited visited visiting"),
        ] {
            assert_eq!(verb(base).join(" "), forms);
        }
        assert_eq!(
            [manner("happy"), manner("gentle"), manner("tragic"), manner("loud")],
            ["happily", "gently", "tragically", "loudly"]
        );
    }
}
