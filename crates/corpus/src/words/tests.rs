use super::*;

fn counts(text: &str) -> WordCounts {
    let mut counts = WordCounts::default();
    counts.add(text);
    counts
}

#[test]
fn unicode_divides_words_and_ideographs_but_no_other_letters() {
    let kinds = |word: &str| inside(word).map(|(_, kind)| kind).collect::<Vec<_>>();
    assert_eq!(kinds("don't"), []);
    assert_eq!(kinds("(low)"), [Boundary::Other; 2]);
    assert_eq!(kinds("一二a"), [Boundary::Ideograph; 2]);
    assert_eq!(kinds("かな"), [Boundary::Glued]);
    assert_eq!(kinds("ไทย"), [Boundary::Glued; 2]);
    assert_eq!(kinds("किताब"), []);
    assert_eq!(kinds("한국어"), []);
}

#[test]
fn a_text_without_spaces_has_no_words_unless_its_letters_are_words() {
    let thai = "ประเทศไทยมีภูมิอากาศแบบร้อนชื้นและมีฝนตกชุกในฤดูมรสุม";
    assert!(!can_be_told(&counts(thai)));
    // The same, with its words separated.
    let separated = "ประเทศ ไทย มี ภูมิอากาศ แบบ ร้อน ชื้น และ มี ฝน ตก ชุก ใน ฤดู มรสุม";
    assert!(can_be_told(&counts(separated)));
    for text in [
        "it's a naïve café",
        "今天天气好。我们去公园",
        "किताब घर में है",
        "私は東京に行きました。",
        "한국어 문장입니다",
        "",
    ] {
        assert!(can_be_told(&counts(text)), "{text}");
    }
    // A foreign quotation does not make a text one without words.
    assert!(can_be_told(&counts(&format!("{} {thai}", "word ".repeat(2_000)))));
}

#[test]
fn a_split_is_no_boundary_where_it_cuts_a_letter_from_its_marks() {
    let tokens = |line: &'static str, offsets: &'static [(usize, usize)], own: &'static [Option<u32>]| Tokens {
        line,
        offsets,
        own,
    };
    // x and a macron that no letter is composed with, as GPT-2 splits them: x, the mark, y.
    let marks = tokens(
        "x\u{304}y z",
        &[(0, 1), (1, 3), (3, 4), (4, 6)],
        &[Some(0), Some(1), Some(2), Some(3)],
    );
    assert_eq!(marks.word_starts(true), [true, false, false, true]);
    // A word that begins with a mark, of which the tokenizer drops some.
    let dropped = tokens("low \u{e35}\u{93f}", &[(0, 3), (7, 10)], &[Some(0), Some(1)]);
    assert_eq!(dropped.word_starts(true), [true, true]);
    // Offsets that go back stay where they were.
    let back = tokens("é a", &[(0, 2), (2, 4), (0, 0)], &[Some(0), Some(1), Some(1)]);
    assert_eq!(back.word_starts(true), [true, true, false]);
    assert_eq!(back.word_starts(false), [true, true, false]);
}

#[test]
fn a_word_of_many_letters_costs_time_in_proportion_to_them() {
    // A piece is at most so long; each of its tokens once looked at all of it.
    let line = "ที่".repeat(7_000);
    let letter = "ที่".len();
    let offsets: Vec<(usize, usize)> = (0..7_000).map(|at| (at * letter, (at + 1) * letter)).collect();
    let own: Vec<Option<u32>> = (0..7_000).map(Some).collect();
    let started = std::time::Instant::now();
    let tokens = Tokens {
        line: &line,
        offsets: &offsets,
        own: &own,
    };
    let starts = tokens.word_starts(true);
    assert_eq!(starts.iter().filter(|starts| **starts).count(), 1);
    assert!(
        started.elapsed() < std::time::Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}
