//! Text inside LaTeX.

use any_ascii::any_ascii_char;

/// The command that writes a letter where the engine and the font at hand have it, and its transcription elsewhere. pdfTeX
/// stops at a letter that it was not told of; XeTeX and LuaTeX, which `\Umathchar` tells apart, leave out without a word
/// what the font does not have.
pub(crate) const LETTER: &str = "\\ifdefined\\clozeletter\\else\\DeclareRobustCommand{\\clozeletter}[2]{%\n\
  \\ifdefined\\Umathchar\\iffontchar\\font\"#1 \\char\"#1 \\else#2\\fi\\else#2\\fi}\\fi\n";

/// Letters beyond ASCII that every LaTeX since 2018 writes without being told anything.
const KNOWN: &str = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ";

/// A longer word than any column of a table is sure to hold may be broken, after every so many letters.
const LONGEST: usize = 14;
const UNBROKEN: usize = 7;

/// Text that cannot become commands, and that every engine can write.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let letters: Vec<char> = super::shown(text).collect();
    let (mut word, mut inside) = (0, 0);
    for (place, letter) in letters.iter().copied().enumerate() {
        if inside == word {
            word = letters[place..]
                .iter()
                .take_while(|letter| **letter != ' ')
                .count()
                .max(1);
            inside = 0;
        }
        if word > LONGEST && inside > 0 && inside % UNBROKEN == 0 {
            safe.push_str("\\hspace{0pt}");
        }
        inside += 1;
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', letter]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '|' => safe.push_str("\\textbar{}"),
            '"' => safe.push_str("{''}"),
            '±' => safe.push_str("$\\pm$"),
            'Δ' => safe.push_str("$\\Delta$"),
            '↑' => safe.push_str("$\\uparrow$"),
            '↓' => safe.push_str("$\\downarrow$"),
            '×' => safe.push_str("$\\times$"),
            '†' => safe.push_str("$\\dagger$"),
            '‡' => safe.push_str("$\\ddagger$"),
            '§' => safe.push_str("\\S{}"),
            '–' => safe.push_str("--"),
            '“' => safe.push_str("``"),
            '”' => safe.push_str("''"),
            '\u{a0}' => safe.push('~'),
            letter if letter.is_ascii() || KNOWN.contains(letter) => safe.push(letter),
            letter => {
                let transcribed = ascii(letter);
                safe.push_str(&format!("\\clozeletter{{{:X}}}{{{transcribed}}}", u32::from(letter)));
            }
        }
    }
    safe
}

/// Whether a letter is written by [`LETTER`].
pub(crate) fn is_transcribed(letter: char) -> bool {
    !letter.is_ascii() && !KNOWN.contains(letter) && !SYMBOLS.contains(letter)
}

/// Letters that are commands of their own in [`escape`].
const SYMBOLS: &str = "±Δ↑↓×†‡§–“”\u{a0}";

/// A letter in ASCII that is harmless in LaTeX.
pub(crate) fn ascii(letter: char) -> String {
    let plain = any_ascii_char(letter);
    let harmless = |letter: &char| letter.is_ascii_alphanumeric() || " .,:;'()-+/=".contains(*letter);
    let text: String = plain.chars().filter(harmless).collect();
    if text.is_empty() { "?".to_owned() } else { text }
}
